/** @file
 * The operations, each defined in the file of its name.
 */
#ifndef PT_OP_REGISTRY_H
#define PT_OP_REGISTRY_H

#include "polytree/op/op.h"

extern const pt_op_t pt_op_add;
extern const pt_op_t pt_op_batch_norm;
extern const pt_op_t pt_op_concat;
extern const pt_op_t pt_op_conv;
extern const pt_op_t pt_op_dropout;
extern const pt_op_t pt_op_global_pool;
extern const pt_op_t pt_op_linear;
extern const pt_op_t pt_op_mix;
extern const pt_op_t pt_op_pool_avg;
extern const pt_op_t pt_op_pool_max;
extern const pt_op_t pt_op_relu;
extern const pt_op_t pt_op_resize;

#endif
