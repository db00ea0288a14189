/* Maximum over windows: y[o] = max_{i in window(o)} x[i], at the first such i.
 *
 *     dx[i] = sum of dy[o] over the windows that i won
 *
 * Outputs are ceil(h / stride) rows; pixels outside never win.  saved: the winners.
 */
#include "op/check.h"
#include "op/registry.h"

static pt_status_t shape(pt_op_inst_t *inst)
{
    PT_TRY(pt_op_pool_resolve(inst));
    if (inst->attr.kernel > 16)
        PT_FAIL(RANGE, "pool_max: kernel must be at most 16, got %d",
                (int)inst->attr.kernel);
    return PT_OK;
}

static pt_status_t prepare(pt_op_inst_t *inst)
{
    inst->saved_bytes = (size_t)pt_shape_count(inst->out);
    return PT_OK;
}

static void forward(const pt_op_inst_t *inst, const pt_op_args_t *args)
{
    pt_pool_shape_t s = pt_op_pool_shape(inst);
    inst->kernel->pool_max(&s, args->x[0], args->y, args->saved);
}

static void backward(const pt_op_inst_t *inst, const pt_op_args_t *args)
{
    pt_pool_shape_t s = pt_op_pool_shape(inst);
    if (args->dx[0])
        inst->kernel->pool_max_backward(&s, args->dy, args->saved, args->dx[0]);
}

const pt_op_t pt_op_pool_max = {.name = "pool_max",
                                .n_in_min = 1,
                                .n_in_max = 1,
                                .shape = shape,
                                .prepare = prepare,
                                .forward = forward,
                                .backward = backward};
