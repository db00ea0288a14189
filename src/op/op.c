/* Making an operation ready to run on inputs of given shapes. */
#include <string.h>

#include "polytree/op/op.h"

static pt_status_t check_inputs(const pt_op_t *op, const pt_shape_t *in, int32_t n_in)
{
    char text[64];
    if (n_in < op->n_in_min || n_in > op->n_in_max)
        PT_FAIL(SHAPE, "%s wants %d to %d inputs, got %d", op->name, (int)op->n_in_min,
                (int)op->n_in_max, (int)n_in);
    for (int32_t i = 0; i < n_in; i++)
        if (in[i].n < 1 || in[i].h < 1 || in[i].w < 1 || in[i].c < 1)
            PT_FAIL(SHAPE, "%s: input %d has an empty shape, %s", op->name, (int)i,
                    pt_shape_text(in[i], text));
    return PT_OK;
}

pt_status_t pt_op_prepare(const char *name, const pt_kernel_t *kernel,
                          const pt_op_attr_t *attr, const pt_shape_t *in, int32_t n_in,
                          pt_op_inst_t *inst)
{
    const pt_op_t *op = pt_op_find(name);
    if (!op)
        PT_FAIL(MISSING, "there is no operation named '%s'", name);
    PT_TRY(check_inputs(op, in, n_in));
    pt_op_inst_t made = {
        .op = op, .kernel = kernel, .attr = *attr, .n_in = n_in, .flags = op->flags};
    for (int32_t i = 0; i < n_in; i++)
        made.in[i] = in[i];
    PT_TRY(op->shape(&made));
    if (kernel && op->prepare)
        PT_TRY(op->prepare(&made));
    *inst = made;
    return PT_OK;
}

void pt_op_release(pt_op_inst_t *inst)
{
    if (inst && inst->op && inst->op->release && inst->state)
        inst->op->release(inst);
    if (inst)
        memset(inst, 0, sizeof *inst);
}

const char *pt_op_kernel_name(const pt_op_inst_t *inst)
{
    return inst->op->kernel_name && inst->kernel ? inst->op->kernel_name(inst) : NULL;
}
