/* Pooling over windows clipped to the image. */
#include <math.h>
#include <string.h>

#include "kernel/backend.h"

typedef struct window {
    int64_t y0, y1, x0, x1; /* the part inside */
    int64_t top, left;      /* of the whole window */
} window_t;

static int64_t at_least(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static int64_t at_most(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static window_t window_of(const pt_pool_shape_t *s, int64_t oy, int64_t ox)
{
    int64_t top = oy * s->stride - s->pad_top, left = ox * s->stride - s->pad_left;
    return (window_t){.y0 = at_least(top, 0),
                      .y1 = at_most(top + s->kernel, s->h),
                      .x0 = at_least(left, 0),
                      .x1 = at_most(left + s->kernel, s->w),
                      .top = top,
                      .left = left};
}

static void max_of_window(const pt_pool_shape_t *s, const pt_real_t *x, window_t in,
                          pt_real_t *y, uint8_t *index)
{
    for (int64_t c = 0; c < s->c; c++) {
        bool is_first = true;
        for (int64_t iy = in.y0; iy < in.y1; iy++)
            for (int64_t ix = in.x0; ix < in.x1; ix++) {
                pt_real_t v = x[(iy * s->w + ix) * s->c + c];
                if (is_first || v > y[c] || isnan(v)) {
                    y[c] = v;
                    index[c] = (uint8_t)((iy - in.top) * s->kernel + ix - in.left);
                }
                is_first = false;
            }
    }
}

static void pool_max(const pt_pool_shape_t *s, const pt_real_t *x, pt_real_t *y,
                     uint8_t *index)
{
    for (int64_t n = 0; n < s->n; n++, x += s->h * s->w * s->c)
        for (int64_t oy = 0; oy < s->oh; oy++)
            for (int64_t ox = 0; ox < s->ow; ox++, y += s->c, index += s->c)
                max_of_window(s, x, window_of(s, oy, ox), y, index);
}

static void pool_max_backward(const pt_pool_shape_t *s, const pt_real_t *dy,
                              const uint8_t *index, pt_real_t *dx)
{
    memset(dx, 0, (size_t)(s->n * s->h * s->w * s->c) * sizeof *dx);
    for (int64_t n = 0; n < s->n; n++, dx += s->h * s->w * s->c)
        for (int64_t oy = 0; oy < s->oh; oy++)
            for (int64_t ox = 0; ox < s->ow; ox++, dy += s->c, index += s->c)
                for (int64_t c = 0; c < s->c; c++) {
                    int64_t iy = oy * s->stride - s->pad_top + index[c] / s->kernel;
                    int64_t ix = ox * s->stride - s->pad_left + index[c] % s->kernel;
                    dx[(iy * s->w + ix) * s->c + c] += dy[c];
                }
}

static void pool_avg(const pt_pool_shape_t *s, const pt_real_t *x, pt_real_t *y)
{
    for (int64_t n = 0; n < s->n; n++, x += s->h * s->w * s->c)
        for (int64_t oy = 0; oy < s->oh; oy++)
            for (int64_t ox = 0; ox < s->ow; ox++, y += s->c) {
                window_t in = window_of(s, oy, ox);
                double count = (double)((in.y1 - in.y0) * (in.x1 - in.x0));
                for (int64_t c = 0; c < s->c; c++) {
                    double sum = 0;
                    for (int64_t iy = in.y0; iy < in.y1; iy++)
                        for (int64_t ix = in.x0; ix < in.x1; ix++)
                            sum += (double)x[(iy * s->w + ix) * s->c + c];
                    y[c] = (pt_real_t)(sum / count);
                }
            }
}

static void pool_avg_backward(const pt_pool_shape_t *s, const pt_real_t *dy, pt_real_t *dx)
{
    memset(dx, 0, (size_t)(s->n * s->h * s->w * s->c) * sizeof *dx);
    for (int64_t n = 0; n < s->n; n++, dx += s->h * s->w * s->c)
        for (int64_t oy = 0; oy < s->oh; oy++)
            for (int64_t ox = 0; ox < s->ow; ox++, dy += s->c) {
                window_t in = window_of(s, oy, ox);
                pt_real_t share =
                    (pt_real_t)(1 / (double)((in.y1 - in.y0) * (in.x1 - in.x0)));
                for (int64_t iy = in.y0; iy < in.y1; iy++)
                    for (int64_t ix = in.x0; ix < in.x1; ix++)
                        for (int64_t c = 0; c < s->c; c++)
                            dx[(iy * s->w + ix) * s->c + c] += dy[c] * share;
            }
}

void pt_ref_fill_pool(pt_kernel_t *kernel)
{
    kernel->pool_max = pool_max;
    kernel->pool_max_backward = pool_max_backward;
    kernel->pool_avg = pool_avg;
    kernel->pool_avg_backward = pool_avg_backward;
}
