/** @file
 * What several operations share: checks of attributes, windows and their averages, biases.
 */
#ifndef PT_OP_CHECK_H
#define PT_OP_CHECK_H

#include "polytree/op/op.h"

/** 0 means `if_zero`; then it must lie in [min, max]. */
PT_MUST_CHECK pt_status_t pt_op_attr_resolve(const pt_op_inst_t *inst, const char *name,
                                             int32_t if_zero, int32_t min, int32_t max,
                                             int32_t *value);

/** Elements of `shape` as bytes of pt_real_t. */
size_t pt_op_bytes(pt_shape_t shape);

/** The pooling of `inst`, whose kernel and stride are resolved. */
pt_pool_shape_t pt_op_pool_shape(const pt_op_inst_t *inst);

/** Shape function of both poolings. */
PT_MUST_CHECK pt_status_t pt_op_pool_resolve(pt_op_inst_t *inst);

/** Averages over windows: all that pool_avg and global_pool do. */
void pt_op_pool_avg_forward(const pt_op_inst_t *inst, const pt_op_args_t *args);
void pt_op_pool_avg_backward(const pt_op_inst_t *inst, const pt_op_args_t *args);

/** y[rows, c] += bias[c] */
void pt_op_bias_add(int64_t rows, int64_t c, const pt_real_t *bias, pt_real_t *y);

/** dbias[c] = sums over the rows of dy; work: c doubles. */
void pt_op_bias_backward(int64_t rows, int64_t c, const pt_real_t *dy, pt_real_t *dbias,
                         double *work);

#endif
