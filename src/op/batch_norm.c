/* Batch norm per channel with an activation behind it (Ioffe & Szegedy 2015), over the
 * m = n h w elements of a channel in the microbatch:
 *
 *     r = 1 / sqrt(var + eps)    u = (x - mean) r    z = scale u + shift    y = act(z)
 *     dz = act'(z) dy            dshift = sum dz     dscale = sum dz u
 *     dx = scale r (dz - dshift / m - u dscale / m)
 *
 * Outside training mean and var are given, and dx = scale r dz.  saved: mean[c], var[c].
 */
#include <math.h>

#include "op/check.h"
#include "op/registry.h"

static pt_status_t shape(pt_op_inst_t *inst)
{
    pt_op_attr_t *a = &inst->attr;
    if (a->eps < 0)
        PT_FAIL(RANGE, "batch_norm: eps must be positive, got %g", a->eps);
    if (a->eps == 0)
        a->eps = 1e-5;
    if (a->act > PT_ACT_RELU6)
        PT_FAIL(RANGE, "batch_norm: there is no activation number %d", (int)a->act);
    inst->out = inst->in[0];
    int64_t c = inst->out.c;
    inst->n_param = a->no_affine ? 0 : 2;
    if (!a->no_affine) {
        inst->param[0] = (pt_op_param_t){
            .name = "scale", .dim = {c, 1, 1, 1}, .n_dim = 1, .role = PT_ROLE_NORM_SCALE};
        inst->param[1] = (pt_op_param_t){
            .name = "shift", .dim = {c, 1, 1, 1}, .n_dim = 1, .role = PT_ROLE_NORM_SHIFT};
    }
    return PT_OK;
}

static pt_status_t prepare(pt_op_inst_t *inst)
{
    inst->saved_bytes = (size_t)(2 * inst->out.c) * sizeof(double);
    inst->work_bytes = (size_t)(4 * inst->out.c) * sizeof(double);
    return PT_OK;
}

static int64_t n_row(const pt_op_inst_t *inst)
{
    return inst->out.n * inst->out.h * inst->out.w;
}

static void forward(const pt_op_inst_t *inst, const pt_op_args_t *args)
{
    const pt_kernel_t *k = inst->kernel;
    int64_t rows = n_row(inst), c = inst->out.c;
    const double *mean = args->stat;
    if (args->mode != PT_MODE_EVAL) {
        double *saved = args->saved;
        k->bn_stats(rows, c, args->x[0], saved, saved + c);
        mean = saved;
    }
    for (int64_t i = 0; i < c && args->mode == PT_MODE_CALIBRATE; i++) {
        args->unit_stat[i] = mean[i];
        args->unit_stat[i + c] = mean[i + c] * (double)rows;
    }
    k->bn_apply(rows, c, args->x[0], mean, mean + c, inst->attr.eps, args->param[0],
                args->param[1], (int)inst->attr.act, args->y);
}

static void backward(const pt_op_inst_t *inst, const pt_op_args_t *args)
{
    int64_t c = inst->out.c, rows = n_row(inst);
    bool is_given = args->mode == PT_MODE_EVAL;
    const double *mean = is_given ? args->stat : args->saved;
    inst->kernel->bn_backward(rows, c, args->x[0], args->dy, mean, mean + c,
                              is_given ? (double)INFINITY : (double)rows, inst->attr.eps,
                              args->param[0], args->param[1], (int)inst->attr.act,
                              args->dx[0], args->dparam[0], args->dparam[1], args->work);
}

const pt_op_t pt_op_batch_norm = {.name = "batch_norm",
                                  .flags = PT_OP_NEEDS_X | PT_OP_HAS_STAT,
                                  .n_in_min = 1,
                                  .n_in_max = 1,
                                  .shape = shape,
                                  .prepare = prepare,
                                  .forward = forward,
                                  .backward = backward};
