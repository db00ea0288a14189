/* Adding a term through a gate g; the term is the last input.
 *
 *     one input:   y = g x0         dx0 = g dy              dg = <dy, x0>
 *     two inputs:  y = x0 + g x1    dx0 = dy, dx1 = g dy    dg = <dy, x1>
 */
#include <string.h>

#include "op/check.h"
#include "op/registry.h"

static pt_status_t shape(pt_op_inst_t *inst)
{
    char text[2][64];
    if (inst->n_in == 2) {
        if (!pt_shape_equal(inst->in[0], inst->in[1]))
            PT_FAIL(SHAPE, "mix wants equal shapes, got %s and %s",
                    pt_shape_text(inst->in[0], text[0]),
                    pt_shape_text(inst->in[1], text[1]));
        inst->flags |= PT_OP_PASS_0;
    }
    inst->out = inst->in[0];
    return PT_OK;
}

static void forward(const pt_op_inst_t *inst, const pt_op_args_t *args)
{
    int64_t n = pt_shape_count(inst->out);
    if (inst->n_in == 1)
        inst->kernel->scale(n, args->gate, args->x[0], args->y);
    else
        inst->kernel->add_scaled(n, args->x[0], args->gate, args->x[1], args->y);
}

static void backward(const pt_op_inst_t *inst, const pt_op_args_t *args)
{
    int64_t n = pt_shape_count(inst->out);
    int32_t term = inst->n_in - 1;
    if (args->dgate)
        *args->dgate = inst->kernel->dot(n, args->dy, args->x[term]);
    if (args->dx[term])
        inst->kernel->scale(n, args->gate, args->dy, args->dx[term]);
    if (term == 1 && args->dx[0] && args->dx[0] != args->dy)
        memcpy(args->dx[0], args->dy, pt_op_bytes(inst->out));
}

const pt_op_t pt_op_mix = {.name = "mix",
                           .flags = PT_OP_NEEDS_X | PT_OP_IN_PLACE | PT_OP_HAS_GATE,
                           .n_in_min = 1,
                           .n_in_max = 2,
                           .shape = shape,
                           .forward = forward,
                           .backward = backward};
