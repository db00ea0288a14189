/** @file
 * Messages of ONNX: nodes with attributes, tensors, inputs and outputs of a graph.
 *
 * Each function adds to the text of a GraphProto, but for those of attributes, which add to
 * a list that a node then takes.
 */
#ifndef RECORD_ONNX_H
#define RECORD_ONNX_H

#include "polytree/record/onnx.h"

/** Names of values: "value/12", "statistics/CANDIDATE.OP/TASK.mean". */
enum { ONNX_NAME = 192, ONNX_MAX_IN = 5 };

typedef enum onnx_type { ONNX_FLOAT = 1, ONNX_UINT8 = 2, ONNX_INT64 = 7 } onnx_type_t;

void onnx_attr_int(pt_text_t *list, const char *name, int64_t value);
void onnx_attr_ints(pt_text_t *list, const char *name, int32_t n, const int64_t *value);
void onnx_attr_float(pt_text_t *list, const char *name, float value);
void onnx_attr_text(pt_text_t *list, const char *name, const char *value);

/** A node that makes the value `out`; "" stands for an input that is left out. */
void onnx_node(pt_text_t *graph, const char *op, const char *out, int32_t n_in,
               const char *const *in, pt_text_t *list);

void onnx_floats(pt_text_t *graph, const char *name, int32_t n_dim, const int64_t *dim,
                 const float *value);
void onnx_integers(pt_text_t *graph, const char *name, int64_t n, const int64_t *value);

/** Any number n of samples, and of each dim[0], .. */
void onnx_input(pt_text_t *graph, const char *name, onnx_type_t type, int32_t n_dim,
                const int64_t *dim);
void onnx_output(pt_text_t *graph, const char *name, int32_t n_dim, const int64_t *dim);

/** The model of a graph, which is released. */
void onnx_model(pt_text_t *out, pt_text_t *graph, pt_text_t *properties);
/** A key and its value, for onnx_model(). */
void onnx_property(pt_text_t *properties, const char *key, const char *value);

#endif
