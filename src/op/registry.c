#include <string.h>

#include "op/registry.h"

const pt_op_t *const pt_op_registry[] = {
    &pt_op_conv,   &pt_op_batch_norm, &pt_op_relu,     &pt_op_add,
    &pt_op_mix,    &pt_op_pool_max,   &pt_op_pool_avg, &pt_op_global_pool,
    &pt_op_resize, &pt_op_concat,     &pt_op_linear,   &pt_op_dropout,
    NULL,
};

const pt_op_t *pt_op_find(const char *name)
{
    for (const pt_op_t *const *op = pt_op_registry; *op; op++)
        if (!strcmp((*op)->name, name))
            return *op;
    return NULL;
}
