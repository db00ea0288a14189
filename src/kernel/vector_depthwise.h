/** @file
 * Depthwise convolution of the vector code, in blocks of up to eight vectors of channels:
 * what a block sums lies in registers while the taps are walked, and weights are turned to
 * [tap][channel].  All passes gather: an element of y adds its taps in order, one of dx its
 * outputs, so that each is written once.
 */
#ifndef PT_KERNEL_VECTOR_DEPTHWISE_H
#define PT_KERNEL_VECTOR_DEPTHWISE_H

#include <string.h>

#include "kernel/backend.h"
#include "kernel/vector_panel.h"

#if defined(__AVX512F__)
enum { LANES = 16 };
#elif defined(__AVX__)
enum { LANES = 8 };
#else
enum { LANES = 4 };
#endif
enum { MOST_VECTORS = 8, DEPTHWISE_BLOCK = LANES * MOST_VECTORS };

typedef float lanes_t __attribute__((vector_size(LANES * sizeof(float)), may_alias));

/** Channels c0 .. c0 + n_vector n - 1; n is LANES if n_vector is not 1. */
typedef struct block {
    int64_t c0, n_vector, n;
} block_t;

static inline block_t block_at(int64_t c, int64_t c0)
{
    int64_t left = c - c0, n_vector = MOST_VECTORS;
    while (n_vector > 1 && left < n_vector * LANES)
        n_vector /= 2;
    return (block_t){.c0 = c0, .n_vector = n_vector, .n = left < LANES ? left : LANES};
}

/** Steps 0 .. n - 1 at which first + i step lies in [0, size). */
typedef struct tap_range {
    int64_t begin, end;
} tap_range_t;

static inline tap_range_t steps_inside(int64_t first, int64_t step, int64_t n, int64_t size)
{
    if (first >= 0 && first + (n - 1) * step < size)
        return (tap_range_t){0, n};
    int64_t begin = first < 0 ? (-first + step - 1) / step : 0;
    int64_t end = first < size ? (size - first + step - 1) / step : 0;
    return (tap_range_t){begin, end < n ? end : n};
}

/** The weights of a block as [tap][channel]. */
static void turn_weights(const pt_conv_shape_t *s, const block_t *b, const float *w,
                         float wt[][DEPTHWISE_BLOCK])
{
    int32_t n_tap = s->kh * s->kw;
    for (int32_t t = 0; t < n_tap; t++)
        for (int64_t l = 0; l < b->n_vector * b->n; l++)
            wt[t][l] = w[(b->c0 + l) * n_tap + t];
}

/* Vector by vector, or gcc leaves the sums in memory. */
INLINE void clear_sums(int64_t n_vector, lanes_t *sum)
{
    for (int64_t v = 0; v < n_vector; v++)
        sum[v] = (lanes_t){0};
}

INLINE void store_sums(int64_t n_vector, int64_t n, const lanes_t *sum, float *to)
{
    for (int64_t v = 0; v < n_vector; v++)
        memcpy(to + v * LANES, &sum[v], (size_t)n * sizeof *to);
}

/** sum += a b, for n_vector vectors of n numbers; constants but for a last few channels. */
INLINE void add_products(int64_t n_vector, int64_t n, const float *a, const float *b,
                         lanes_t *sum)
{
    for (int64_t v = 0; v < n_vector; v++) {
        lanes_t p = {0}, q = {0};
        memcpy(&p, a + v * LANES, (size_t)n * sizeof *a);
        memcpy(&q, b + v * LANES, (size_t)n * sizeof *b);
        sum[v] += p * q;
    }
}

INLINE void forward_block(const pt_conv_shape_t *s, const block_t *b, int64_t n_vector,
                          int64_t n, const float *x, const float *w, float *y)
{
    float wt[PT_DEPTHWISE_TAPS][DEPTHWISE_BLOCK];
    turn_weights(s, b, w, wt);
    y += b->c0;
    for (int64_t row = 0; row < s->n * s->oh; row++) {
        const float *image = x + row / s->oh * s->h * s->w * s->c + b->c0;
        int64_t top = row % s->oh * s->stride - s->pad_top;
        tap_range_t down = steps_inside(top, s->dilation, s->kh, s->h);
        for (int64_t ox = 0; ox < s->ow; ox++, y += s->c) {
            int64_t left = ox * s->stride - s->pad_left;
            tap_range_t along = steps_inside(left, s->dilation, s->kw, s->w);
            lanes_t sum[MOST_VECTORS];
            clear_sums(n_vector, sum);
            for (int64_t i = down.begin; i < down.end; i++)
                for (int64_t j = along.begin; j < along.end; j++) {
                    int64_t pixel = (top + i * s->dilation) * s->w + left + j * s->dilation;
                    add_products(n_vector, n, image + pixel * s->c, wt[i * s->kw + j], sum);
                }
            store_sums(n_vector, n, sum, y);
        }
    }
}

static void depthwise_forward(const pt_conv_shape_t *s, const float *x, const float *w,
                              float *y)
{
    for (int64_t c0 = 0; c0 < s->c;) {
        block_t b = block_at(s->c, c0);
        if (b.n_vector == 8)
            forward_block(s, &b, 8, LANES, x, w, y);
        else if (b.n_vector == 4)
            forward_block(s, &b, 4, LANES, x, w, y);
        else if (b.n_vector == 2)
            forward_block(s, &b, 2, LANES, x, w, y);
        else if (b.n == LANES)
            forward_block(s, &b, 1, LANES, x, w, y);
        else
            forward_block(s, &b, 1, b.n, x, w, y);
        c0 += b.n_vector * b.n;
    }
}

/** The taps that read one row or column of dx, and for which outputs, these ascending. */
typedef struct readers {
    int32_t n, tap[PT_DEPTHWISE_TAPS], at[PT_DEPTHWISE_TAPS];
} readers_t;

static void find_readers(int64_t i, int64_t stride, int64_t dilation, int64_t pad,
                         int32_t n_tap, int64_t n_out, readers_t *r)
{
    r->n = 0;
    for (int32_t tap = n_tap - 1; tap >= 0; tap--) {
        int64_t first = i + pad - tap * dilation;
        if (first < 0 || first % stride || first / stride >= n_out)
            continue;
        r->tap[r->n] = tap;
        r->at[r->n++] = (int32_t)(first / stride);
    }
}

enum { STRIP = 32 }; /* columns whose readers are found together, for all rows */

INLINE void backward_data_strip(const pt_conv_shape_t *s, int64_t n_vector, int64_t n,
                                int64_t width, const readers_t *along, const float *dy,
                                float wt[][DEPTHWISE_BLOCK], float *dx)
{
    readers_t down;
    for (int64_t row = 0; row < s->n * s->h; row++) {
        const float *image = dy + row / s->h * s->oh * s->ow * s->c;
        float *to = dx + row * s->w * s->c;
        find_readers(row % s->h, s->stride, s->dilation, s->pad_top, s->kh, s->oh, &down);
        for (const readers_t *r = along; r < along + width; r++, to += s->c) {
            lanes_t sum[MOST_VECTORS];
            clear_sums(n_vector, sum);
            for (int32_t i = 0; i < down.n; i++)
                for (int32_t j = 0; j < r->n; j++)
                    add_products(n_vector, n,
                                 image + (down.at[i] * s->ow + r->at[j]) * s->c,
                                 wt[down.tap[i] * s->kw + r->tap[j]], sum);
            store_sums(n_vector, n, sum, to);
        }
    }
}

INLINE void backward_data_block(const pt_conv_shape_t *s, const block_t *b,
                                int64_t n_vector, int64_t n, const float *dy,
                                const float *w, float *dx)
{
    float wt[PT_DEPTHWISE_TAPS][DEPTHWISE_BLOCK];
    readers_t along[STRIP];
    turn_weights(s, b, w, wt);
    for (int64_t x0 = 0; x0 < s->w; x0 += STRIP) {
        int64_t width = s->w - x0 < STRIP ? s->w - x0 : STRIP;
        for (int64_t i = 0; i < width; i++)
            find_readers(x0 + i, s->stride, s->dilation, s->pad_left, s->kw, s->ow,
                         &along[i]);
        backward_data_strip(s, n_vector, n, width, along, dy + b->c0, wt,
                            dx + x0 * s->c + b->c0);
    }
}

static void depthwise_backward_data(const pt_conv_shape_t *s, const float *dy,
                                    const float *w, float *dx)
{
    for (int64_t c0 = 0; c0 < s->c;) {
        block_t b = block_at(s->c, c0);
        if (b.n_vector == 8)
            backward_data_block(s, &b, 8, LANES, dy, w, dx);
        else if (b.n_vector == 4)
            backward_data_block(s, &b, 4, LANES, dy, w, dx);
        else if (b.n_vector == 2)
            backward_data_block(s, &b, 2, LANES, dy, w, dx);
        else if (b.n == LANES)
            backward_data_block(s, &b, 1, LANES, dy, w, dx);
        else
            backward_data_block(s, &b, 1, b.n, dy, w, dx);
        c0 += b.n_vector * b.n;
    }
}

/** Sums of one output row in float, of the rows in double. */
INLINE void backward_weights_block(const pt_conv_shape_t *s, const block_t *b,
                                   int64_t n_vector, int64_t n, const float *x,
                                   const float *dy, float *dw)
{
    double sum[PT_DEPTHWISE_TAPS][DEPTHWISE_BLOCK];
    int32_t n_tap = s->kh * s->kw;
    memset(sum, 0, (size_t)n_tap * sizeof *sum);
    for (int64_t row = 0; row < s->n * s->oh; row++) {
        const float *image = x + row / s->oh * s->h * s->w * s->c + b->c0;
        const float *pdy = dy + row * s->ow * s->c + b->c0;
        int64_t top = row % s->oh * s->stride - s->pad_top;
        tap_range_t down = steps_inside(top, s->dilation, s->kh, s->h);
        for (int64_t t = down.begin * s->kw; t < down.end * s->kw; t++) {
            int64_t iy = top + t / s->kw * s->dilation;
            int64_t left = t % s->kw * s->dilation - s->pad_left;
            tap_range_t along = steps_inside(left, s->stride, s->ow, s->w);
            lanes_t part[MOST_VECTORS];
            clear_sums(n_vector, part);
            for (int64_t ox = along.begin; ox < along.end; ox++)
                add_products(n_vector, n,
                             image + (iy * s->w + left + ox * s->stride) * s->c,
                             pdy + ox * s->c, part);
            for (int64_t v = 0; v < n_vector; v++)
                for (int64_t l = 0; l < n; l++)
                    sum[t][v * LANES + l] += (double)part[v][l];
        }
    }
    for (int64_t l = 0; l < n_vector * n; l++)
        for (int32_t t = 0; t < n_tap; t++)
            dw[(b->c0 + l) * n_tap + t] = (float)sum[t][l];
}

static void depthwise_backward_weights(const pt_conv_shape_t *s, const float *x,
                                       const float *dy, float *dw)
{
    for (int64_t c0 = 0; c0 < s->c;) {
        block_t b = block_at(s->c, c0);
        if (b.n_vector == 8)
            backward_weights_block(s, &b, 8, LANES, x, dy, dw);
        else if (b.n_vector == 4)
            backward_weights_block(s, &b, 4, LANES, x, dy, dw);
        else if (b.n_vector == 2)
            backward_weights_block(s, &b, 2, LANES, x, dy, dw);
        else if (b.n == LANES)
            backward_weights_block(s, &b, 1, LANES, x, dy, dw);
        else
            backward_weights_block(s, &b, 1, b.n, x, dy, dw);
        c0 += b.n_vector * b.n;
    }
}

#endif
