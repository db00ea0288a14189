/** @file
 * Pooling of the vector code: pixel by pixel, inner loops over blocks of channels.
 */
#ifndef PT_KERNEL_VECTOR_POOL_H
#define PT_KERNEL_VECTOR_POOL_H

#include <string.h>

#include "kernel/backend.h"
#include "kernel/vector_panel.h"

/** The part of a window that lies inside the image. */
typedef struct vector_window {
    int64_t y0, y1, x0, x1, top, left;
} vector_window_t;

static inline vector_window_t window_of(const pt_pool_shape_t *s, int64_t oy, int64_t ox)
{
    int64_t top = oy * s->stride - s->pad_top, left = ox * s->stride - s->pad_left;
    return (vector_window_t){.y0 = top > 0 ? top : 0,
                             .y1 = top + s->kernel < s->h ? top + s->kernel : s->h,
                             .x0 = left > 0 ? left : 0,
                             .x1 = left + s->kernel < s->w ? left + s->kernel : s->w,
                             .top = top,
                             .left = left};
}

static inline int64_t block_size(int64_t c, int64_t c0, int64_t most)
{
    return c - c0 < most ? c - c0 : most;
}

static void max_of_window(const pt_pool_shape_t *s, const float *x,
                          const vector_window_t *in, int64_t c0, float *restrict y,
                          uint8_t *restrict index)
{
    int64_t n = block_size(s->c, c0, PT_LANES);
    int32_t winner[PT_LANES];
    for (int64_t l = 0; l < n; l++) {
        y[l] = x[(in->y0 * s->w + in->x0) * s->c + c0 + l];
        winner[l] = (int32_t)((in->y0 - in->top) * s->kernel + in->x0 - in->left);
    }
    for (int64_t iy = in->y0; iy < in->y1; iy++)
        for (int64_t ix = in->x0; ix < in->x1; ix++) {
            const float *restrict px = x + (iy * s->w + ix) * s->c + c0;
            int32_t at = (int32_t)((iy - in->top) * s->kernel + ix - in->left);
            for (int64_t l = 0; l < n; l++) {
                int32_t is_more = (px[l] > y[l]) | (px[l] != px[l]);
                y[l] = is_more ? px[l] : y[l];
                winner[l] = is_more ? at : winner[l];
            }
        }
    for (int64_t l = 0; l < n; l++)
        index[l] = (uint8_t)winner[l];
}

static void pool_max(const pt_pool_shape_t *s, const float *x, float *y, uint8_t *index)
{
    for (int64_t n = 0; n < s->n; n++, x += s->h * s->w * s->c)
        for (int64_t oy = 0; oy < s->oh; oy++)
            for (int64_t ox = 0; ox < s->ow; ox++, y += s->c, index += s->c) {
                vector_window_t in = window_of(s, oy, ox);
                for (int64_t c0 = 0; c0 < s->c; c0 += PT_LANES)
                    max_of_window(s, x, &in, c0, y + c0, index + c0);
            }
}

/** Adding +0 where a pixel lost leaves its sum as it is. */
static void spread_max(const pt_pool_shape_t *s, const vector_window_t *in, int64_t c0,
                       const float *restrict dy, const uint8_t *restrict index, float *dx)
{
    int64_t n = block_size(s->c, c0, PT_LANES);
    int32_t winner[PT_LANES];
    for (int64_t l = 0; l < n; l++)
        winner[l] = index[l];
    for (int64_t iy = in->y0; iy < in->y1; iy++)
        for (int64_t ix = in->x0; ix < in->x1; ix++) {
            float *restrict pdx = dx + (iy * s->w + ix) * s->c + c0;
            int32_t at = (int32_t)((iy - in->top) * s->kernel + ix - in->left);
            for (int64_t l = 0; l < n; l++)
                pdx[l] += winner[l] == at ? dy[l] : 0;
        }
}

static void pool_max_backward(const pt_pool_shape_t *s, const float *dy,
                              const uint8_t *index, float *dx)
{
    memset(dx, 0, (size_t)(s->n * s->h * s->w * s->c) * sizeof *dx);
    for (int64_t n = 0; n < s->n; n++, dx += s->h * s->w * s->c)
        for (int64_t oy = 0; oy < s->oh; oy++)
            for (int64_t ox = 0; ox < s->ow; ox++, dy += s->c, index += s->c) {
                vector_window_t in = window_of(s, oy, ox);
                for (int64_t c0 = 0; c0 < s->c; c0 += PT_LANES)
                    spread_max(s, &in, c0, dy + c0, index + c0, dx);
            }
}

static void mean_of_window(const pt_pool_shape_t *s, const float *x,
                           const vector_window_t *in, int64_t c0, float *restrict y)
{
    int64_t n = block_size(s->c, c0, PT_LANES);
    double sum[PT_LANES], count = (double)((in->y1 - in->y0) * (in->x1 - in->x0));
    memset(sum, 0, (size_t)n * sizeof *sum);
    for (int64_t iy = in->y0; iy < in->y1; iy++)
        for (int64_t ix = in->x0; ix < in->x1; ix++) {
            const float *restrict px = x + (iy * s->w + ix) * s->c + c0;
            for (int64_t l = 0; l < n; l++)
                sum[l] += (double)px[l];
        }
    for (int64_t l = 0; l < n; l++)
        y[l] = (float)(sum[l] / count);
}

static void pool_avg(const pt_pool_shape_t *s, const float *x, float *y)
{
    for (int64_t n = 0; n < s->n; n++, x += s->h * s->w * s->c)
        for (int64_t oy = 0; oy < s->oh; oy++)
            for (int64_t ox = 0; ox < s->ow; ox++, y += s->c) {
                vector_window_t in = window_of(s, oy, ox);
                for (int64_t c0 = 0; c0 < s->c; c0 += PT_LANES)
                    mean_of_window(s, x, &in, c0, y + c0);
            }
}

static void pool_avg_backward(const pt_pool_shape_t *s, const float *dy, float *dx)
{
    memset(dx, 0, (size_t)(s->n * s->h * s->w * s->c) * sizeof *dx);
    for (int64_t n = 0; n < s->n; n++, dx += s->h * s->w * s->c)
        for (int64_t oy = 0; oy < s->oh; oy++)
            for (int64_t ox = 0; ox < s->ow; ox++, dy += s->c) {
                vector_window_t in = window_of(s, oy, ox);
                float share = (float)(1 / (double)((in.y1 - in.y0) * (in.x1 - in.x0)));
                for (int64_t iy = in.y0; iy < in.y1; iy++)
                    for (int64_t ix = in.x0; ix < in.x1; ix++) {
                        float *restrict pdx = dx + (iy * s->w + ix) * s->c;
                        const float *restrict pdy = dy;
                        for (int64_t c = 0; c < s->c; c++)
                            pdx[c] += pdy[c] * share;
                    }
            }
}

#endif
