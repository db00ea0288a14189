/* Mean over the m(o) pixels of each window that lie inside the image.
 *
 *     y[o] = 1 / m(o) sum_{i in window(o)} x[i]    dx[i] = sum_{o : i in window(o)} dy[o] /
 * m(o)
 *
 * Outputs are ceil(h / stride) rows.
 */
#include "op/check.h"
#include "op/registry.h"

static pt_status_t prepare(pt_op_inst_t *inst)
{
    (void)inst;
    return PT_OK;
}

static void forward(const pt_op_inst_t *inst, const pt_op_args_t *args)
{
    pt_pool_shape_t s = pt_op_pool_shape(inst);
    inst->kernel->pool_avg(&s, args->x[0], args->y);
}

static void backward(const pt_op_inst_t *inst, const pt_op_args_t *args)
{
    pt_pool_shape_t s = pt_op_pool_shape(inst);
    if (args->dx[0])
        inst->kernel->pool_avg_backward(&s, args->dy, args->dx[0]);
}

const pt_op_t pt_op_pool_avg = {.name = "pool_avg",
                                .n_in_min = 1,
                                .n_in_max = 1,
                                .shape = pt_op_pool_resolve,
                                .prepare = prepare,
                                .forward = forward,
                                .backward = backward};
