/* Resizing images and label maps before they are fed. */
#include "train/rescale.h"

#include <math.h>
#include <string.h>

#include "polytree/base/memory.h"

static int64_t clamp(int64_t x, int64_t low, int64_t high)
{
    return x < low ? low : x > high ? high : x;
}

static pt_status_t init_axis(int64_t n_in, int64_t n_out, rescale_axis_t *axis)
{
    const double scale = (double)n_in / (double)n_out, radius = scale > 1 ? scale : 1;
    axis->n_in = n_in;
    axis->n_out = n_out;
    /* No interval of 2 radius holds more middles of pixels. */
    axis->taps = clamp((int64_t)ceil(2 * radius), 1, n_in);
    PT_TRY(pt_alloc(&axis->first, (size_t)n_out, sizeof *axis->first));
    PT_TRY(pt_alloc(&axis->weight, (size_t)(n_out * axis->taps), sizeof *axis->weight));
    for (int64_t i = 0; i < n_out; i++) {
        double middle = ((double)i + 0.5) * scale, sum = 0;
        int64_t first = clamp((int64_t)ceil(middle - radius - 0.5), 0, n_in - axis->taps);
        float *weight = axis->weight + i * axis->taps;
        for (int pass = 0; pass < 2; pass++)
            for (int64_t k = 0; k < axis->taps; k++) {
                double d = fabs((double)(first + k) + 0.5 - middle) / radius;
                double w = d < 1 ? 1 - d : 0;
                if (pass == 0)
                    sum += w;
                else
                    weight[k] = (float)(w / sum);
            }
        axis->first[i] = first;
    }
    return PT_OK;
}

pt_status_t rescale_init(const int64_t in[2], const int64_t out[2], int64_t channels,
                         rescale_t *rescale)
{
    rescale->channels = channels;
    PT_TRY(init_axis(in[0], out[0], &rescale->y));
    PT_TRY(init_axis(in[1], out[1], &rescale->x));
    return pt_alloc(&rescale->row, (size_t)(in[1] * channels), sizeof *rescale->row);
}

static void release_axis(rescale_axis_t *axis)
{
    pt_free(axis->first);
    pt_free(axis->weight);
}

void rescale_release(rescale_t *rescale)
{
    release_axis(&rescale->y);
    release_axis(&rescale->x);
    pt_free(rescale->row);
    memset(rescale, 0, sizeof *rescale);
}

/* The weighted sum of `taps` rows of n values. */
static void mix_rows(int64_t taps, const float *restrict weight, int64_t n,
                     const float *restrict src, float *restrict dst)
{
    for (int64_t i = 0; i < n; i++)
        dst[i] = weight[0] * src[i];
    for (int64_t k = 1; k < taps; k++)
        for (int64_t i = 0; i < n; i++)
            dst[i] += weight[k] * src[k * n + i];
}

/* Inlined so that c may be a constant. */
static inline void mix_columns(const rescale_axis_t *x, int64_t c,
                               const float *restrict src, float *restrict dst)
{
    const float *weight = x->weight;
    for (int64_t j = 0; j < x->n_out; j++, weight += x->taps, dst += c) {
        const float *from = src + x->first[j] * c;
        for (int64_t k = 0; k < c; k++) {
            float sum = 0;
            for (int64_t t = 0; t < x->taps; t++)
                sum += weight[t] * from[t * c + k];
            dst[k] = sum;
        }
    }
}

void rescale_image(rescale_t *r, const float *src, float *dst)
{
    const int64_t c = r->channels, n = r->x.n_in * c;
    for (int64_t i = 0; i < r->y.n_out; i++, dst += r->x.n_out * c) {
        mix_rows(r->y.taps, r->y.weight + i * r->y.taps, n, src + r->y.first[i] * n,
                 r->row);
        if (c == 3)
            mix_columns(&r->x, 3, r->row, dst);
        else
            mix_columns(&r->x, c, r->row, dst);
    }
}
