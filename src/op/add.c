/* Sum of two values of equal shape: y = x0 + x1, dx0 = dx1 = dy. */
#include <string.h>

#include "op/check.h"
#include "op/registry.h"

static pt_status_t shape(pt_op_inst_t *inst)
{
    char text[2][64];
    if (!pt_shape_equal(inst->in[0], inst->in[1]))
        PT_FAIL(SHAPE, "add wants equal shapes, got %s and %s",
                pt_shape_text(inst->in[0], text[0]), pt_shape_text(inst->in[1], text[1]));
    inst->out = inst->in[0];
    return PT_OK;
}

static void forward(const pt_op_inst_t *inst, const pt_op_args_t *args)
{
    inst->kernel->add_scaled(pt_shape_count(inst->out), args->x[0], 1, args->x[1], args->y);
}

static void backward(const pt_op_inst_t *inst, const pt_op_args_t *args)
{
    for (int32_t i = 0; i < 2; i++)
        if (args->dx[i] && args->dx[i] != args->dy)
            memcpy(args->dx[i], args->dy, pt_op_bytes(inst->out));
}

const pt_op_t pt_op_add = {.name = "add",
                           .flags = PT_OP_IN_PLACE | PT_OP_PASS_0 | PT_OP_PASS_1,
                           .n_in_min = 2,
                           .n_in_max = 2,
                           .shape = shape,
                           .forward = forward,
                           .backward = backward};
