/* Linear layer over all h w c inputs of a sample, weights w [channels, h w c]:
 *
 *     y = x w^T + b    dx = dy w    dw = dy^T x    db = sum over the samples of dy
 */
#include "op/check.h"
#include "op/registry.h"

static int64_t n_input(const pt_op_inst_t *inst)
{
    return inst->in[0].h * inst->in[0].w * inst->in[0].c;
}

static pt_status_t shape(pt_op_inst_t *inst)
{
    pt_op_attr_t *a = &inst->attr;
    PT_TRY(pt_op_attr_resolve(inst, "channels", 0, 1, 1 << 24, &a->channels));
    int64_t n = n_input(inst);
    inst->out = (pt_shape_t){.n = inst->in[0].n, .h = 1, .w = 1, .c = a->channels};
    inst->param[0] = (pt_op_param_t){.name = "weight",
                                     .dim = {a->channels, n, 1, 1},
                                     .n_dim = 2,
                                     .role = PT_ROLE_LINEAR,
                                     .fan_in = n};
    inst->n_param = 1;
    if (!a->no_bias)
        inst->param[inst->n_param++] = (pt_op_param_t){.name = "bias",
                                                       .dim = {a->channels, 1, 1, 1},
                                                       .n_dim = 1,
                                                       .role = PT_ROLE_BIAS,
                                                       .fan_in = n};
    inst->madds = n * a->channels;
    return PT_OK;
}

static pt_status_t prepare(pt_op_inst_t *inst)
{
    inst->work_bytes = inst->attr.no_bias ? 0 : (size_t)inst->out.c * sizeof(double);
    return PT_OK;
}

static void forward(const pt_op_inst_t *inst, const pt_op_args_t *args)
{
    inst->kernel->gemm(inst->kernel, false, true, inst->out.n, inst->out.c, n_input(inst),
                       args->x[0], args->param[0], args->y);
    if (!inst->attr.no_bias)
        pt_op_bias_add(inst->out.n, inst->out.c, args->param[1], args->y);
}

static void backward(const pt_op_inst_t *inst, const pt_op_args_t *args)
{
    const pt_kernel_t *k = inst->kernel;
    int64_t rows = inst->out.n, c = inst->out.c, n = n_input(inst);
    if (args->dx[0])
        k->gemm(k, false, false, rows, n, c, args->dy, args->param[0], args->dx[0]);
    if (args->dparam[0])
        k->gemm(k, true, false, c, n, rows, args->dy, args->x[0], args->dparam[0]);
    if (!inst->attr.no_bias && args->dparam[1])
        pt_op_bias_backward(rows, c, args->dy, args->dparam[1], args->work);
}

const pt_op_t pt_op_linear = {.name = "linear",
                              .flags = PT_OP_NEEDS_X,
                              .n_in_min = 1,
                              .n_in_max = 1,
                              .shape = shape,
                              .prepare = prepare,
                              .forward = forward,
                              .backward = backward};
