/* What several operations share: attributes, windows and their averages, biases. */
#include <string.h>

#include "op/check.h"
#include "op/registry.h"

pt_status_t pt_op_attr_resolve(const pt_op_inst_t *inst, const char *name, int32_t if_zero,
                               int32_t min, int32_t max, int32_t *value)
{
    int32_t v = *value ? *value : if_zero;
    if (v < min || v > max)
        PT_FAIL(RANGE, "%s: %s must lie in %d to %d, got %d", inst->op->name, name,
                (int)min, (int)max, (int)v);
    *value = v;
    return PT_OK;
}

size_t pt_op_bytes(pt_shape_t shape)
{
    return (size_t)pt_shape_count(shape) * sizeof(pt_real_t);
}

/** A window larger than its step is centred as a convolution's would be. */
static int32_t pad_before(int32_t kernel, int32_t stride)
{
    return kernel > stride ? (kernel - 1) / 2 : 0;
}

pt_pool_shape_t pt_op_pool_shape(const pt_op_inst_t *inst)
{
    pt_shape_t in = inst->in[0], out = inst->out;
    int32_t pad = pad_before(inst->attr.kernel, inst->attr.stride);
    return (pt_pool_shape_t){.n = in.n,
                             .h = in.h,
                             .w = in.w,
                             .c = in.c,
                             .oh = out.h,
                             .ow = out.w,
                             .kernel = inst->attr.kernel,
                             .stride = inst->attr.stride,
                             .pad_top = pad,
                             .pad_left = pad};
}

/** Past the last pixel of n, by n_out windows. */
static int64_t pad_behind(const pt_op_attr_t *a, int64_t n, int64_t n_out, int64_t before)
{
    int64_t dilation = a->dilation > 1 ? a->dilation : 1;
    int64_t end = (n_out - 1) * a->stride + dilation * (a->kernel - 1) + 1 - before;
    return end > n ? end - n : 0;
}

bool pt_op_pads(const pt_op_inst_t *inst, pt_op_pads_t *pads)
{
    const pt_op_attr_t *a = &inst->attr;
    bool is_conv = inst->op == &pt_op_conv;
    if (!is_conv && inst->op != &pt_op_pool_max && inst->op != &pt_op_pool_avg)
        return false;
    int64_t before =
        is_conv ? a->dilation * (a->kernel - 1) / 2 : pad_before(a->kernel, a->stride);
    *pads =
        (pt_op_pads_t){before, before, pad_behind(a, inst->in[0].h, inst->out.h, before),
                       pad_behind(a, inst->in[0].w, inst->out.w, before)};
    return true;
}

pt_status_t pt_op_pool_resolve(pt_op_inst_t *inst)
{
    pt_op_attr_t *a = &inst->attr;
    PT_TRY(pt_op_attr_resolve(inst, "stride", 1, 1, 1 << 20, &a->stride));
    PT_TRY(pt_op_attr_resolve(inst, "kernel", a->stride, 1, 1 << 20, &a->kernel));
    pt_shape_t in = inst->in[0];
    inst->out = (pt_shape_t){.n = in.n,
                             .h = (in.h + a->stride - 1) / a->stride,
                             .w = (in.w + a->stride - 1) / a->stride,
                             .c = in.c};
    return PT_OK;
}

void pt_op_pool_avg_forward(const pt_op_inst_t *inst, const pt_op_args_t *args)
{
    pt_pool_shape_t s = pt_op_pool_shape(inst);
    inst->kernel->pool_avg(&s, args->x[0], args->y);
}

void pt_op_pool_avg_backward(const pt_op_inst_t *inst, const pt_op_args_t *args)
{
    pt_pool_shape_t s = pt_op_pool_shape(inst);
    if (args->dx[0])
        inst->kernel->pool_avg_backward(&s, args->dy, args->dx[0]);
}

void pt_op_bias_add(int64_t rows, int64_t c, const pt_real_t *bias, pt_real_t *y)
{
    for (int64_t i = 0; i < rows; i++)
        for (int64_t j = 0; j < c; j++)
            y[i * c + j] += bias[j];
}

void pt_op_bias_backward(int64_t rows, int64_t c, const pt_real_t *dy, pt_real_t *dbias,
                         double *work)
{
    memset(work, 0, (size_t)c * sizeof *work);
    for (int64_t i = 0; i < rows; i++)
        for (int64_t j = 0; j < c; j++)
            work[j] += (double)dy[i * c + j];
    for (int64_t j = 0; j < c; j++)
        dbias[j] = (pt_real_t)work[j];
}
