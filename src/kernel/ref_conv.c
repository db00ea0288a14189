/* Convolutions by their definition; sums in double, rounded once. */
#include <stdio.h>

#include "polytree/base/memory.h"

#include "kernel/backend.h"

/** Row of x that tap `a` reads for output row `o`; may lie outside. */
static int64_t tap(int64_t o, int32_t a, int32_t stride, int32_t dilation, int32_t pad)
{
    return o * stride + (int64_t)a * dilation - pad;
}

static int64_t weight_at(const pt_conv_shape_t *s, int64_t k, int32_t a, int32_t b)
{
    return ((k * s->kh + a) * s->kw + b) * (s->c / s->groups);
}

static double forward_one(const pt_conv_shape_t *s, const pt_real_t *x, const pt_real_t *w,
                          int64_t oy, int64_t ox, int64_t k)
{
    int64_t cg = s->c / s->groups, first = k / (s->k / s->groups) * cg;
    double sum = 0;
    for (int32_t a = 0; a < s->kh; a++) {
        int64_t iy = tap(oy, a, s->stride, s->dilation, s->pad_top);
        if (iy < 0 || iy >= s->h)
            continue;
        for (int32_t b = 0; b < s->kw; b++) {
            int64_t ix = tap(ox, b, s->stride, s->dilation, s->pad_left);
            if (ix < 0 || ix >= s->w)
                continue;
            const pt_real_t *px = x + (iy * s->w + ix) * s->c + first;
            const pt_real_t *pw = w + weight_at(s, k, a, b);
            for (int64_t c = 0; c < cg; c++)
                sum += (double)px[c] * (double)pw[c];
        }
    }
    return sum;
}

static void forward(const pt_conv_t *conv, const pt_real_t *x, const pt_real_t *w,
                    uint64_t version, pt_real_t *y, void *work)
{
    (void)version, (void)work;
    const pt_conv_shape_t *s = &conv->shape;
    for (int64_t n = 0; n < s->n; n++, x += s->h * s->w * s->c)
        for (int64_t oy = 0; oy < s->oh; oy++)
            for (int64_t ox = 0; ox < s->ow; ox++)
                for (int64_t k = 0; k < s->k; k++)
                    *y++ = (pt_real_t)forward_one(s, x, w, oy, ox, k);
}

/** Output row that reads input row `i` through tap `a`; -1 if none. */
static int64_t untap(int64_t i, int32_t a, int32_t stride, int32_t dilation, int32_t pad,
                     int64_t n_out)
{
    int64_t t = i + pad - (int64_t)a * dilation;
    return t >= 0 && t % stride == 0 && t / stride < n_out ? t / stride : -1;
}

static double backward_one(const pt_conv_shape_t *s, const pt_real_t *dy,
                           const pt_real_t *w, int64_t iy, int64_t ix, int64_t c)
{
    int64_t cg = s->c / s->groups, kg = s->k / s->groups, first = c / cg * kg;
    double sum = 0;
    for (int32_t a = 0; a < s->kh; a++) {
        int64_t oy = untap(iy, a, s->stride, s->dilation, s->pad_top, s->oh);
        if (oy < 0)
            continue;
        for (int32_t b = 0; b < s->kw; b++) {
            int64_t ox = untap(ix, b, s->stride, s->dilation, s->pad_left, s->ow);
            if (ox < 0)
                continue;
            const pt_real_t *pdy = dy + (oy * s->ow + ox) * s->k;
            for (int64_t k = first; k < first + kg; k++)
                sum += (double)pdy[k] * (double)w[weight_at(s, k, a, b) + c % cg];
        }
    }
    return sum;
}

static void backward_data(const pt_conv_t *conv, const pt_real_t *dy, const pt_real_t *w,
                          uint64_t version, pt_real_t *dx, void *work)
{
    (void)version, (void)work;
    const pt_conv_shape_t *s = &conv->shape;
    for (int64_t n = 0; n < s->n; n++, dy += s->oh * s->ow * s->k)
        for (int64_t iy = 0; iy < s->h; iy++)
            for (int64_t ix = 0; ix < s->w; ix++)
                for (int64_t c = 0; c < s->c; c++)
                    *dx++ = (pt_real_t)backward_one(s, dy, w, iy, ix, c);
}

static double weight_one(const pt_conv_shape_t *s, const pt_real_t *x, const pt_real_t *dy,
                         int64_t k, int32_t a, int32_t b, int64_t c)
{
    double sum = 0;
    for (int64_t n = 0; n < s->n; n++)
        for (int64_t oy = 0; oy < s->oh; oy++) {
            int64_t iy = tap(oy, a, s->stride, s->dilation, s->pad_top);
            if (iy < 0 || iy >= s->h)
                continue;
            for (int64_t ox = 0; ox < s->ow; ox++) {
                int64_t ix = tap(ox, b, s->stride, s->dilation, s->pad_left);
                if (ix < 0 || ix >= s->w)
                    continue;
                sum += (double)x[((n * s->h + iy) * s->w + ix) * s->c + c] *
                       (double)dy[((n * s->oh + oy) * s->ow + ox) * s->k + k];
            }
        }
    return sum;
}

static void backward_weights(const pt_conv_t *conv, const pt_real_t *x, const pt_real_t *dy,
                             pt_real_t *dw, void *work)
{
    (void)work;
    const pt_conv_shape_t *s = &conv->shape;
    int64_t cg = s->c / s->groups, kg = s->k / s->groups;
    for (int64_t k = 0; k < s->k; k++)
        for (int32_t a = 0; a < s->kh; a++)
            for (int32_t b = 0; b < s->kw; b++)
                for (int64_t c = 0; c < cg; c++)
                    *dw++ = (pt_real_t)weight_one(s, x, dy, k, a, b, k / kg * cg + c);
}

static void release(pt_conv_t *conv)
{
    pt_free(conv);
}

static const pt_conv_run_t conv_run = {.free = release,
                                       .forward = forward,
                                       .backward_data = backward_data,
                                       .backward_weights = backward_weights};

static pt_status_t conv_new(const pt_kernel_t *k, const pt_conv_shape_t *s, pt_conv_t **out)
{
    pt_conv_t *conv = NULL;
    PT_TRY(pt_alloc(&conv, 1, sizeof *conv));
    conv->run = &conv_run;
    conv->kernel = k;
    conv->shape = *s;
    snprintf(conv->name, sizeof conv->name, "ref");
    *out = conv;
    return PT_OK;
}

static void gemm(const pt_kernel_t *kernel, bool ta, bool tb, int64_t m, int64_t n,
                 int64_t kk, const pt_real_t *a, const pt_real_t *b, pt_real_t *c)
{
    (void)kernel;
    for (int64_t i = 0; i < m; i++)
        for (int64_t j = 0; j < n; j++) {
            double sum = 0;
            for (int64_t l = 0; l < kk; l++)
                sum += (double)a[ta ? l * m + i : i * kk + l] *
                       (double)b[tb ? j * kk + l : l * n + j];
            c[i * n + j] = (pt_real_t)sum;
        }
}

void pt_ref_fill_conv(pt_kernel_t *kernel)
{
    kernel->conv_new = conv_new;
    kernel->gemm = gemm;
}
