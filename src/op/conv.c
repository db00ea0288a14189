/* Convolution with windows centred as in "same" padding, p = dilation (kernel - 1) / 2.
 * Output (o, u) reads row i(o,a) = o s + a d - p and column j(u,e) = u s + e d - p; with
 * g = k / (channels / groups) the group of output channel k:
 *
 *     y[n,o,u,k]   = b[k] + sum_{a,e,c} w[k,a,e,c] x[n, i(o,a), j(u,e), g C + c]
 *     dx[n,i,j,c]  = sum over the (o,u,k,a,e) that read it of w[k,a,e,c] dy[n,o,u,k]
 *     dw[k,a,e,c]  = sum_{n,o,u} x[n, i(o,a), j(u,e), g C + c] dy[n,o,u,k]
 *     db[k]        = sum_{n,o,u} dy[n,o,u,k]
 *
 * Outputs are (h + 2 p - d (kernel - 1) - 1) / s + 1 = ceil(h / s) rows.
 */
#include "op/check.h"
#include "op/registry.h"

static pt_status_t shape(pt_op_inst_t *inst)
{
    pt_op_attr_t *a = &inst->attr;
    pt_shape_t in = inst->in[0];
    PT_TRY(pt_op_attr_resolve(inst, "channels", 0, 1, 1 << 20, &a->channels));
    PT_TRY(pt_op_attr_resolve(inst, "kernel", 1, 1, 255, &a->kernel));
    PT_TRY(pt_op_attr_resolve(inst, "stride", 1, 1, 255, &a->stride));
    PT_TRY(pt_op_attr_resolve(inst, "dilation", 1, 1, 255, &a->dilation));
    PT_TRY(pt_op_attr_resolve(inst, "groups", 1, 1, 1 << 20, &a->groups));
    if (a->kernel % 2 == 0)
        PT_FAIL(RANGE, "conv: kernel must be odd, got %d", (int)a->kernel);
    if (in.c % a->groups || a->channels % a->groups)
        PT_FAIL(SHAPE, "conv: %d groups must divide %lld input and %d output channels",
                (int)a->groups, (long long)in.c, (int)a->channels);

    inst->out = (pt_shape_t){.n = in.n,
                             .h = (in.h - 1) / a->stride + 1,
                             .w = (in.w - 1) / a->stride + 1,
                             .c = a->channels};
    int64_t fan_in = a->kernel * a->kernel * (in.c / a->groups);
    inst->param[0] =
        (pt_op_param_t){.name = "weight",
                        .dim = {a->channels, a->kernel, a->kernel, in.c / a->groups},
                        .n_dim = 4,
                        .role = PT_ROLE_WEIGHT,
                        .fan_in = fan_in};
    inst->n_param = 1;
    if (a->bias)
        inst->param[inst->n_param++] = (pt_op_param_t){.name = "bias",
                                                       .dim = {a->channels, 1, 1, 1},
                                                       .n_dim = 1,
                                                       .role = PT_ROLE_BIAS,
                                                       .fan_in = fan_in};
    inst->madds = fan_in * inst->out.h * inst->out.w * inst->out.c;
    return PT_OK;
}

static pt_status_t prepare(pt_op_inst_t *inst)
{
    const pt_op_attr_t *a = &inst->attr;
    pt_shape_t in = inst->in[0], out = inst->out;
    int32_t pad = a->dilation * (a->kernel - 1) / 2;
    pt_conv_shape_t s = {.n = in.n,
                         .h = in.h,
                         .w = in.w,
                         .c = in.c,
                         .oh = out.h,
                         .ow = out.w,
                         .k = out.c,
                         .kh = a->kernel,
                         .kw = a->kernel,
                         .stride = a->stride,
                         .dilation = a->dilation,
                         .groups = a->groups,
                         .pad_top = pad,
                         .pad_left = pad,
                         .pad_bottom = pad,
                         .pad_right = pad};
    pt_conv_t *conv = NULL;
    PT_TRY(inst->kernel->conv_new(inst->kernel, &s, &conv));
    inst->state = conv;
    inst->work_bytes = inst->kernel->conv_work_bytes(conv);
    size_t bias_bytes = a->bias ? (size_t)out.c * sizeof(double) : 0;
    if (inst->work_bytes < bias_bytes)
        inst->work_bytes = bias_bytes;
    return PT_OK;
}

static void forward(const pt_op_inst_t *inst, const pt_op_args_t *args)
{
    inst->kernel->conv_forward(inst->state, args->x[0], args->param[0], args->param_version,
                               args->y, args->work);
    if (inst->attr.bias)
        pt_op_bias_add(inst->out.n * inst->out.h * inst->out.w, inst->out.c, args->param[1],
                       args->y);
}

static void backward(const pt_op_inst_t *inst, const pt_op_args_t *args)
{
    const pt_kernel_t *k = inst->kernel;
    if (args->dx[0])
        k->conv_backward_data(inst->state, args->dy, args->param[0], args->param_version,
                              args->dx[0], args->work);
    if (args->dparam[0])
        k->conv_backward_weights(inst->state, args->x[0], args->dy, args->dparam[0],
                                 args->work);
    if (inst->attr.bias && args->dparam[1])
        pt_op_bias_backward(inst->out.n * inst->out.h * inst->out.w, inst->out.c, args->dy,
                            args->dparam[1], args->work);
}

static void release(pt_op_inst_t *inst)
{
    inst->kernel->conv_free(inst->state);
}

static const char *kernel_name(const pt_op_inst_t *inst)
{
    return inst->kernel->conv_name(inst->state);
}

const pt_op_t pt_op_conv = {.name = "conv",
                            .flags = PT_OP_NEEDS_X,
                            .n_in_min = 1,
                            .n_in_max = 1,
                            .shape = shape,
                            .prepare = prepare,
                            .forward = forward,
                            .backward = backward,
                            .release = release,
                            .kernel_name = kernel_name};
