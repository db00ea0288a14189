/* The table of operations, by which they are found. */
#include <string.h>

#include "op/registry.h"

const pt_op_t *const pt_op_registry[] = {
#define OP_AT(name) &pt_op_##name,
    PT_OP_LIST(OP_AT) NULL};

const pt_op_t *pt_op_find(const char *name)
{
    for (const pt_op_t *const *op = pt_op_registry; *op; op++)
        if (!strcmp((*op)->name, name))
            return *op;
    return NULL;
}
