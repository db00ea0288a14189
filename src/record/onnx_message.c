/* Messages of ONNX (onnx.proto, IR version 8) in the wire format of Protocol Buffers. */
#include <string.h>

#include "polytree/base/protobuf.h"
#include "record/onnx.h"

enum { IR_VERSION = 8, OPSET = 13 };

/* Fields by their numbers in onnx.proto. */
enum { MODEL_IR = 1, MODEL_PRODUCER = 2, MODEL_PRODUCER_VERSION = 3, MODEL_GRAPH = 7 };
enum { MODEL_OPSET = 8, MODEL_PROPERTY = 14, OPSET_VERSION = 2 };
enum { PROPERTY_KEY = 1, PROPERTY_VALUE = 2 };
enum { GRAPH_NODE = 1, GRAPH_NAME = 2, GRAPH_TENSOR = 5, GRAPH_INPUT = 11 };
enum { GRAPH_OUTPUT = 12 };
enum { NODE_INPUT = 1, NODE_OUTPUT = 2, NODE_NAME = 3, NODE_OP = 4, NODE_ATTRIBUTE = 5 };
enum { ATTR_NAME = 1, ATTR_FLOAT = 2, ATTR_INT = 3, ATTR_TEXT = 4, ATTR_INTS = 8 };
enum { ATTR_TYPE = 20, IS_FLOAT = 1, IS_INT = 2, IS_TEXT = 3, IS_INTS = 7 };
enum { TENSOR_DIM = 1, TENSOR_TYPE = 2, TENSOR_NAME = 8, TENSOR_RAW = 9 };
enum { VALUE_NAME = 1, VALUE_TYPE = 2, TYPE_TENSOR = 1, TENSOR_ELEMENT = 1 };
enum { TENSOR_SHAPE = 2, SHAPE_DIM = 1, DIM_VALUE = 1, DIM_NAME = 2 };

static pt_text_t begin_attr(const char *name, int type)
{
    pt_text_t attr = {0};
    pt_protobuf_text(&attr, ATTR_NAME, name);
    pt_protobuf_int(&attr, ATTR_TYPE, type);
    return attr;
}

void onnx_attr_int(pt_text_t *list, const char *name, int64_t value)
{
    onnx_attr_ints(list, name, -1, &value);
}

/* n = -1: one integer that is no list. */
void onnx_attr_ints(pt_text_t *list, const char *name, int32_t n, const int64_t *value)
{
    pt_text_t attr = begin_attr(name, n < 0 ? IS_INT : IS_INTS);
    if (n < 0)
        pt_protobuf_int(&attr, ATTR_INT, *value);
    for (int32_t i = 0; i < n; i++)
        pt_protobuf_int(&attr, ATTR_INTS, value[i]);
    pt_protobuf_message(list, NODE_ATTRIBUTE, &attr);
}

void onnx_attr_float(pt_text_t *list, const char *name, float value)
{
    pt_text_t attr = begin_attr(name, IS_FLOAT);
    pt_protobuf_float(&attr, ATTR_FLOAT, value);
    pt_protobuf_message(list, NODE_ATTRIBUTE, &attr);
}

void onnx_attr_text(pt_text_t *list, const char *name, const char *value)
{
    pt_text_t attr = begin_attr(name, IS_TEXT);
    pt_protobuf_text(&attr, ATTR_TEXT, value);
    pt_protobuf_message(list, NODE_ATTRIBUTE, &attr);
}

void onnx_node(pt_text_t *graph, const char *op, const char *out, int32_t n_in,
               const char *const *in, pt_text_t *list)
{
    pt_text_t node = {0};
    for (int32_t i = 0; i < n_in; i++)
        pt_protobuf_text(&node, NODE_INPUT, in[i]);
    pt_protobuf_text(&node, NODE_OUTPUT, out);
    pt_protobuf_text(&node, NODE_NAME, out); /* a runtime wants them to differ */
    pt_protobuf_text(&node, NODE_OP, op);
    if (list != NULL) {
        pt_text_add_bytes(&node, pt_text_get(list), list->n);
        if (graph->status == PT_OK)
            graph->status = list->status;
        pt_text_release(list);
    }
    pt_protobuf_message(graph, GRAPH_NODE, &node);
}

static void put_tensor(pt_text_t *graph, const char *name, onnx_type_t type, int32_t n_dim,
                       const int64_t *dim, const void *value, size_t bytes)
{
    pt_text_t tensor = {0};
    for (int32_t d = 0; d < n_dim; d++)
        pt_protobuf_int(&tensor, TENSOR_DIM, dim[d]);
    pt_protobuf_int(&tensor, TENSOR_TYPE, type);
    pt_protobuf_text(&tensor, TENSOR_NAME, name);
    pt_protobuf_bytes(&tensor, TENSOR_RAW, value, bytes);
    pt_protobuf_message(graph, GRAPH_TENSOR, &tensor);
}

void onnx_floats(pt_text_t *graph, const char *name, int32_t n_dim, const int64_t *dim,
                 const float *value)
{
    size_t n = 1;
    for (int32_t d = 0; d < n_dim; d++)
        n *= (size_t)dim[d];
    put_tensor(graph, name, ONNX_FLOAT, n_dim, dim, value, n * sizeof *value);
}

void onnx_rounded(pt_text_t *graph, const char *name, int64_t n, const double *value)
{
    pt_text_t bytes = {0};
    for (int64_t i = 0; i < (n > 0 ? n : 1); i++) {
        float rounded = (float)value[i];
        pt_text_add_bytes(&bytes, &rounded, sizeof rounded);
    }
    put_tensor(graph, name, ONNX_FLOAT, n > 0, &n, pt_text_get(&bytes), bytes.n);
    if (graph->status == PT_OK)
        graph->status = bytes.status;
    pt_text_release(&bytes);
}

void onnx_doubles(pt_text_t *graph, const char *name, int64_t n, const double *value)
{
    put_tensor(graph, name, ONNX_DOUBLE, 1, &n, value, (size_t)n * sizeof *value);
}

void onnx_integers(pt_text_t *graph, const char *name, int64_t n, const int64_t *value)
{
    put_tensor(graph, name, ONNX_INT64, 1, &n, value, (size_t)n * sizeof *value);
}

static void put_value(pt_text_t *graph, int field, const char *name, onnx_type_t type,
                      int32_t n_dim, const int64_t *dim)
{
    pt_text_t shape = {0}, size = {0}, tensor = {0}, kind = {0}, value = {0};
    pt_protobuf_text(&size, DIM_NAME, "n");
    pt_protobuf_message(&shape, SHAPE_DIM, &size);
    for (int32_t d = 0; d < n_dim; d++) {
        pt_protobuf_int(&size, DIM_VALUE, dim[d]);
        pt_protobuf_message(&shape, SHAPE_DIM, &size);
    }
    pt_protobuf_int(&tensor, TENSOR_ELEMENT, type);
    pt_protobuf_message(&tensor, TENSOR_SHAPE, &shape);
    pt_protobuf_message(&kind, TYPE_TENSOR, &tensor);
    pt_protobuf_text(&value, VALUE_NAME, name);
    pt_protobuf_message(&value, VALUE_TYPE, &kind);
    pt_protobuf_message(graph, field, &value);
}

void onnx_input(pt_text_t *graph, const char *name, onnx_type_t type, int32_t n_dim,
                const int64_t *dim)
{
    put_value(graph, GRAPH_INPUT, name, type, n_dim, dim);
}

void onnx_output(pt_text_t *graph, const char *name, int32_t n_dim, const int64_t *dim)
{
    put_value(graph, GRAPH_OUTPUT, name, ONNX_FLOAT, n_dim, dim);
}

void onnx_property(pt_text_t *properties, const char *key, const char *value)
{
    pt_text_t property = {0};
    pt_protobuf_text(&property, PROPERTY_KEY, key);
    pt_protobuf_text(&property, PROPERTY_VALUE, value);
    pt_protobuf_message(properties, MODEL_PROPERTY, &property);
}

void onnx_model(pt_text_t *out, pt_text_t *graph, pt_text_t *properties)
{
    pt_text_t opset = {0};
    pt_protobuf_text(graph, GRAPH_NAME, "polytree");
    pt_protobuf_int(out, MODEL_IR, IR_VERSION);
    pt_protobuf_text(out, MODEL_PRODUCER, "polytree");
    pt_protobuf_text(out, MODEL_PRODUCER_VERSION, PT_VERSION);
    pt_protobuf_int(&opset, OPSET_VERSION, OPSET);
    pt_protobuf_message(out, MODEL_OPSET, &opset);
    pt_text_add_bytes(out, pt_text_get(properties), properties->n);
    if (out->status == PT_OK)
        out->status = properties->status;
    pt_text_release(properties);
    pt_protobuf_message(out, MODEL_GRAPH, graph);
}
