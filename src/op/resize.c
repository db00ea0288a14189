/* Bilinear resizing to out_h x out_w pixels, as PyTorch's interpolate(mode="bilinear").
 * Output row o lies at source row
 *
 *     r(o) = o (h - 1) / (out_h - 1)               align_corners, 0 for out_h = 1
 *     r(o) = max(0, (o + 1/2) h / out_h - 1/2)     otherwise
 *
 * columns likewise, and the pixels around it are weighted by their nearness; past the last
 * row that row is taken.  y = V H x with H along rows and V across them, dx = H^T V^T dy.
 * All r(o) are fractions of small integers, so lo and the weights have no rounding to fear.
 */
#include "polytree/base/memory.h"

#include "op/check.h"
#include "op/registry.h"

enum { LARGEST = 1 << 20 };

static pt_status_t shape(pt_op_inst_t *inst)
{
    const pt_op_attr_t *a = &inst->attr;
    pt_shape_t in = inst->in[0];
    char text[64];
    if (a->out_h < 1 || a->out_h > LARGEST || a->out_w < 1 || a->out_w > LARGEST)
        PT_FAIL(RANGE, "resize: out_h and out_w must lie in 1 to %d, got %lld and %lld",
                LARGEST, (long long)a->out_h, (long long)a->out_w);
    if (in.h > LARGEST || in.w > LARGEST)
        PT_FAIL(SHAPE, "resize: images of %s are too large", pt_shape_text(in, text));
    inst->out = (pt_shape_t){.n = in.n, .h = a->out_h, .w = a->out_w, .c = in.c};
    return PT_OK;
}

static void fill_taps(int64_t n_in, int64_t n_out, bool align_corners, pt_resize_tap_t *tap)
{
    for (int64_t o = 0; o < n_out; o++) {
        int64_t above = align_corners ? o * (n_in - 1) : (2 * o + 1) * n_in - n_out;
        int64_t below = align_corners ? n_out - 1 : 2 * n_out;
        if (above < 0 || below == 0) {
            above = 0;
            below = 1;
        }
        int64_t lo = above / below;
        double w = lo + 1 < n_in ? (double)(above % below) / (double)below : 0;
        tap[o] = (pt_resize_tap_t){.lo = (int32_t)lo,
                                   .hi = (int32_t)(w > 0 ? lo + 1 : lo),
                                   .w_lo = (pt_real_t)(1 - w),
                                   .w_hi = (pt_real_t)w};
    }
}

static pt_status_t prepare(pt_op_inst_t *inst)
{
    pt_shape_t in = inst->in[0], out = inst->out;
    pt_resize_tap_t *tap = NULL;
    PT_TRY(pt_alloc(&tap, (size_t)(out.h + out.w), sizeof *tap));
    fill_taps(in.h, out.h, inst->attr.align_corners, tap);
    fill_taps(in.w, out.w, inst->attr.align_corners, tap + out.h);
    inst->state = tap;
    inst->work_bytes = (size_t)(2 * out.w * out.c) * sizeof(pt_real_t);
    return PT_OK;
}

static pt_resize_shape_t resize_shape(const pt_op_inst_t *inst)
{
    pt_shape_t in = inst->in[0], out = inst->out;
    const pt_resize_tap_t *tap = inst->state;
    return (pt_resize_shape_t){.n = in.n,
                               .h = in.h,
                               .w = in.w,
                               .c = in.c,
                               .oh = out.h,
                               .ow = out.w,
                               .row = tap,
                               .column = tap + out.h};
}

static void forward(const pt_op_inst_t *inst, const pt_op_args_t *args)
{
    pt_resize_shape_t s = resize_shape(inst);
    inst->kernel->resize(&s, args->x[0], args->y, args->work);
}

static void backward(const pt_op_inst_t *inst, const pt_op_args_t *args)
{
    pt_resize_shape_t s = resize_shape(inst);
    if (args->dx[0])
        inst->kernel->resize_backward(&s, args->dy, args->dx[0], args->work);
}

static void release(pt_op_inst_t *inst)
{
    pt_free(inst->state);
}

const pt_op_t pt_op_resize = {.name = "resize",
                              .n_in_min = 1,
                              .n_in_max = 1,
                              .shape = shape,
                              .prepare = prepare,
                              .forward = forward,
                              .backward = backward,
                              .release = release};
