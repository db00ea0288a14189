/* Rectifier: y = max(x, 0), with act = relu6 y = min(max(x, 0), 6).
 *
 *     dx = dy where 0 < y (< 6), else 0
 */
#include "op/check.h"
#include "op/registry.h"

static pt_status_t shape(pt_op_inst_t *inst)
{
    if (inst->attr.act == PT_ACT_NONE)
        inst->attr.act = PT_ACT_RELU;
    if (inst->attr.act > PT_ACT_RELU6)
        PT_FAIL(RANGE, "relu: there is no activation number %d", (int)inst->attr.act);
    inst->out = inst->in[0];
    return PT_OK;
}

static void forward(const pt_op_inst_t *inst, const pt_op_args_t *args)
{
    inst->kernel->relu(pt_shape_count(inst->out), args->x[0], (int)inst->attr.act, args->y);
}

static void backward(const pt_op_inst_t *inst, const pt_op_args_t *args)
{
    if (args->dx[0])
        inst->kernel->relu_backward(pt_shape_count(inst->out), args->y, args->dy,
                                    (int)inst->attr.act, args->dx[0]);
}

const pt_op_t pt_op_relu = {.name = "relu",
                            .flags = PT_OP_NEEDS_Y | PT_OP_IN_PLACE,
                            .n_in_min = 1,
                            .n_in_max = 1,
                            .shape = shape,
                            .forward = forward,
                            .backward = backward};
