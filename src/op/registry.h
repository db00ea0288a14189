/** @file
 * The operations, each defined in the file of its name.
 */
#ifndef PT_OP_REGISTRY_H
#define PT_OP_REGISTRY_H

#include "polytree/op/op.h"

/** An operation is its file and its line here. */
#define PT_OP_LIST(X)                                                                      \
    X(conv)                                                                                \
    X(batch_norm)                                                                          \
    X(relu)                                                                                \
    X(add)                                                                                 \
    X(mix)                                                                                 \
    X(pool_max)                                                                            \
    X(pool_avg)                                                                            \
    X(global_pool)                                                                         \
    X(resize)                                                                              \
    X(concat)                                                                              \
    X(linear)                                                                              \
    X(dropout)

#define PT_OP_DECLARE(name) extern const pt_op_t pt_op_##name;
PT_OP_LIST(PT_OP_DECLARE)
#undef PT_OP_DECLARE

#endif
