/** @file
 * What the writer of ONNX is made of: values of the graph, numbered, and its messages,
 * which are nodes with attributes, tensors, inputs and outputs.
 *
 * A function of messages adds to the text of a GraphProto, but for those of attributes,
 * which add to a list that a node then takes.
 */
#ifndef RECORD_ONNX_H
#define RECORD_ONNX_H

#include "polytree/record/onnx.h"

/** Names of values: "value/12", "statistics/CANDIDATE.OP/TASK.mean". */
enum { ONNX_NAME = 192, ONNX_MAX_IN = 5 };

typedef enum onnx_type {
    ONNX_FLOAT = 1,
    ONNX_UINT8 = 2,
    ONNX_INT64 = 7,
    ONNX_DOUBLE = 11
} onnx_type_t;

void onnx_attr_int(pt_text_t *list, const char *name, int64_t value);
void onnx_attr_ints(pt_text_t *list, const char *name, int32_t n, const int64_t *value);
void onnx_attr_float(pt_text_t *list, const char *name, float value);
void onnx_attr_text(pt_text_t *list, const char *name, const char *value);

/** A node that makes the value `out`; "" stands for an input that is left out. */
void onnx_node(pt_text_t *graph, const char *op, const char *out, int32_t n_in,
               const char *const *in, pt_text_t *list);

void onnx_floats(pt_text_t *graph, const char *name, int32_t n_dim, const int64_t *dim,
                 const float *value);
/** n numbers as floats; 0: one without dimensions. */
void onnx_rounded(pt_text_t *graph, const char *name, int64_t n, const double *value);
void onnx_doubles(pt_text_t *graph, const char *name, int64_t n, const double *value);
void onnx_integers(pt_text_t *graph, const char *name, int64_t n, const int64_t *value);

/** Any number n of samples, and of each dim[0], .. */
void onnx_input(pt_text_t *graph, const char *name, onnx_type_t type, int32_t n_dim,
                const int64_t *dim);
void onnx_output(pt_text_t *graph, const char *name, int32_t n_dim, const int64_t *dim);

/** The model of a graph, which is released. */
void onnx_model(pt_text_t *out, pt_text_t *graph, pt_text_t *properties);
/** A key and its value, for onnx_model(). */
void onnx_property(pt_text_t *properties, const char *key, const char *value);

/** A value of the graph. */
typedef struct onnx_value {
    int32_t op, in[PT_OP_MAX_IN]; /* values; PT_PLAN_INPUT: the input as fed */
    int32_t n_in;
    int32_t owner;       /* task whose statistics it has; -1: none */
    const double *stat;  /* mean, then variance */
    int32_t n_use, user; /* that read it, and the last of them */
} onnx_value_t;

typedef struct onnx_writer {
    const pt_architecture_t *found;
    const pt_space_t *space;
    const pt_inference_t *network;
    const pt_onnx_options_t *options;
    int32_t n;
    onnx_value_t *value; /* [n] */
    int32_t *table;      /* of values + 1, by what they are; 0: free */
    uint32_t mask;
    int32_t *output;  /* [n_task] */
    uint8_t *has_put; /* [n_param] tensors that stand in the graph: values may share them */
    pt_text_t graph;
    float *room; /* of a tensor as ONNX has it, and of its bias */
    float *bias;
    double *mean, *deviation; /* of channels */
    size_t n_room, n_bias, n_mean, n_deviation;
    bool has_bounds, has_pixel, has_samples; /* constants that stand in the graph */
} onnx_writer_t;

/** Give the values of all bundles numbers, what tasks share one. */
PT_MUST_CHECK pt_status_t onnx_number(onnx_writer_t *w);

#endif
