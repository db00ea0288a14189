/** @file
 * Images and label maps at another size.
 *
 * Both are mapped by their extent: the middle of pixel i of n' lies at m = (i + 1/2) n / n'
 * of n pixels.  Images are weighted by a triangle (as PyTorch does with antialias):
 *
 *     y_i = sum_k w(k + 1/2 - m) x_k / sum_k w(k + 1/2 - m)
 *     w(d) = max(0, 1 - |d| / r),  r = max(1, n / n')
 *
 * bilinear where it enlarges, without aliasing where it shrinks.  Maps take the pixel that
 * m lies in.
 */
#ifndef TRAIN_RESCALE_H
#define TRAIN_RESCALE_H

#include <stdint.h>

#include "polytree/base/status.h"

/** One axis: output i reads inputs first[i] to first[i] + taps - 1. */
typedef struct rescale_axis {
    int64_t n_in, n_out, taps;
    int64_t *first; /**< [n_out] */
    float *weight;  /**< [n_out][taps] */
} rescale_axis_t;

typedef struct rescale {
    int64_t channels;
    rescale_axis_t y, x;
    float *row; /**< [width, channels] */
} rescale_t;

/** From `in` to `out`, height and width; *rescale is zeroed.  Releasable after a failure.
 */
PT_MUST_CHECK pt_status_t rescale_init(const int64_t in[2], const int64_t out[2],
                                       int64_t channels, rescale_t *rescale);
void rescale_release(rescale_t *rescale);

/** Pixel of n_in that the middle of pixel i of n_out lies in. */
static inline int64_t rescale_nearest(int64_t n_in, int64_t n_out, int64_t i)
{
    return (2 * i + 1) * n_in / (2 * n_out);
}

/** One image, [h, w, channels] each. */
void rescale_image(rescale_t *rescale, const float *src, float *dst);

#endif
