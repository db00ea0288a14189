/** @file
 * Depthwise convolution of the vector code.  Weights of a block of channels are turned
 * to [tap][channel], so that the inner loops run over channels.
 */
#ifndef PT_KERNEL_VECTOR_DEPTHWISE_H
#define PT_KERNEL_VECTOR_DEPTHWISE_H

#include <string.h>

#include "kernel/backend.h"
#include "kernel/vector_pool.h"

#define DEPTHWISE_BLOCK 64

/** Pixel of x that tap `t` reads for output (oy, ox); false where it lies outside. */
static inline bool tap_pixel(const pt_conv_shape_t *s, int32_t t, int64_t oy, int64_t ox,
                             int64_t *pixel)
{
    int64_t iy = oy * s->stride + (int64_t)(t / s->kw) * s->dilation - s->pad_top;
    int64_t ix = ox * s->stride + (int64_t)(t % s->kw) * s->dilation - s->pad_left;
    *pixel = iy * s->w + ix;
    return iy >= 0 && iy < s->h && ix >= 0 && ix < s->w;
}

static void turn_weights(const pt_conv_shape_t *s, int64_t c0, int64_t n, const float *w,
                         float wt[][DEPTHWISE_BLOCK])
{
    int32_t n_tap = s->kh * s->kw;
    for (int32_t t = 0; t < n_tap; t++)
        for (int64_t l = 0; l < n; l++)
            wt[t][l] = w[(c0 + l) * n_tap + t];
}

static void depthwise_forward(const pt_conv_shape_t *s, const float *x, const float *w,
                              float *y)
{
    float wt[PT_DEPTHWISE_TAPS][DEPTHWISE_BLOCK];
    for (int64_t c0 = 0; c0 < s->c; c0 += DEPTHWISE_BLOCK) {
        int64_t n = block_size(s->c, c0, DEPTHWISE_BLOCK), pixel;
        turn_weights(s, c0, n, w, wt);
        for (int64_t o = 0; o < s->n * s->oh * s->ow; o++) {
            int64_t image = o / (s->oh * s->ow), at = o % (s->oh * s->ow);
            const float *base = x + image * s->h * s->w * s->c + c0;
            float sum[DEPTHWISE_BLOCK] = {0};
            for (int32_t t = 0; t < s->kh * s->kw; t++) {
                if (!tap_pixel(s, t, at / s->ow, at % s->ow, &pixel))
                    continue;
                const float *px = base + pixel * s->c;
                for (int64_t l = 0; l < n; l++)
                    sum[l] += px[l] * wt[t][l];
            }
            memcpy(y + o * s->c + c0, sum, (size_t)n * sizeof *sum);
        }
    }
}

static void depthwise_backward_data(const pt_conv_shape_t *s, const float *dy,
                                    const float *w, float *dx)
{
    float wt[PT_DEPTHWISE_TAPS][DEPTHWISE_BLOCK];
    memset(dx, 0, (size_t)(s->n * s->h * s->w * s->c) * sizeof *dx);
    for (int64_t c0 = 0; c0 < s->c; c0 += DEPTHWISE_BLOCK) {
        int64_t n = block_size(s->c, c0, DEPTHWISE_BLOCK), pixel;
        turn_weights(s, c0, n, w, wt);
        for (int64_t o = 0; o < s->n * s->oh * s->ow; o++) {
            int64_t image = o / (s->oh * s->ow), at = o % (s->oh * s->ow);
            float *base = dx + image * s->h * s->w * s->c + c0;
            const float *restrict pdy = dy + o * s->c + c0;
            for (int32_t t = 0; t < s->kh * s->kw; t++) {
                if (!tap_pixel(s, t, at / s->ow, at % s->ow, &pixel))
                    continue;
                float *restrict pdx = base + pixel * s->c;
                for (int64_t l = 0; l < n; l++)
                    pdx[l] += pdy[l] * wt[t][l];
            }
        }
    }
}

/** Sums of one output row in float, of the rows in double. */
static void depthwise_backward_weights(const pt_conv_shape_t *s, const float *x,
                                       const float *dy, float *dw)
{
    double sum[PT_DEPTHWISE_TAPS][DEPTHWISE_BLOCK];
    int32_t n_tap = s->kh * s->kw;
    for (int64_t c0 = 0; c0 < s->c; c0 += DEPTHWISE_BLOCK) {
        int64_t n = block_size(s->c, c0, DEPTHWISE_BLOCK), pixel;
        memset(sum, 0, sizeof sum);
        for (int64_t row = 0; row < s->n * s->oh; row++) {
            const float *base = x + row / s->oh * s->h * s->w * s->c + c0;
            const float *pdy = dy + row * s->ow * s->c + c0;
            for (int32_t t = 0; t < n_tap; t++) {
                float part[DEPTHWISE_BLOCK] = {0};
                for (int64_t ox = 0; ox < s->ow; ox++) {
                    if (!tap_pixel(s, t, row % s->oh, ox, &pixel))
                        continue;
                    for (int64_t l = 0; l < n; l++)
                        part[l] += base[pixel * s->c + l] * pdy[ox * s->c + l];
                }
                for (int64_t l = 0; l < n; l++)
                    sum[t][l] += (double)part[l];
            }
        }
        for (int64_t l = 0; l < n; l++)
            for (int32_t t = 0; t < n_tap; t++)
                dw[(c0 + l) * n_tap + t] = (float)sum[t][l];
    }
}

#endif
