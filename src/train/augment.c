#include "polytree/train/augment.h"

#include <math.h>
#include <string.h>

bool pt_augment_is_on(const pt_config_t *config)
{
    return config->augment.rotate != 0 || config->augment.scale != 0 ||
           config->augment.shear != 0 || config->augment.shift != 0 ||
           config->augment.flip != PT_FLIP_NONE;
}

static double spread(double u, double range)
{
    return (2.0 * u - 1.0) * range;
}

pt_affine_t pt_affine_draw(const pt_config_t *config, const pt_rng_t *rng, uint64_t index,
                           int64_t height, int64_t width)
{
    const double radian = 3.14159265358979323846 / 180.0;
    double u[8];
    pt_rng_uniform4(rng, 2 * index, u);
    pt_rng_uniform4(rng, 2 * index + 1, u + 4);
    double angle = radian * spread(u[0], config->augment.rotate);
    double zoom = 1.0 + spread(u[1], config->augment.scale);
    double slant = tan(radian * spread(u[2], config->augment.shear));
    double c = cos(angle) / zoom, s = sin(angle) / zoom;
    pt_flip_t flip = config->augment.flip;
    return (pt_affine_t){
        .m = {c, c * slant - s, s, s * slant + c},
        .t = {spread(u[3], config->augment.shift) * (double)width,
              spread(u[4], config->augment.shift) * (double)height},
        .flip_x = (flip == PT_FLIP_HORIZONTAL || flip == PT_FLIP_BOTH) && u[5] < 0.5,
        .flip_y = (flip == PT_FLIP_VERTICAL || flip == PT_FLIP_BOTH) && u[6] < 0.5,
    };
}

static bool is_identity(const pt_affine_t *a)
{
    return a->m[0] == 1 && a->m[1] == 0 && a->m[2] == 0 && a->m[3] == 1 && a->t[0] == 0 &&
           a->t[1] == 0 && !a->flip_x && !a->flip_y;
}

/* The two pixels that a coordinate in (-1, size) lies between, and their weights: 0 for
 * one that is outside, whose place is then any inside. */
typedef struct pt_between {
    int64_t low, high;
    float low_weight, high_weight;
} pt_between_t;

static inline pt_between_t between(double at, int64_t size)
{
    int64_t low = (int64_t)(at + 1.0) - 1, high = low + 1;
    float part = (float)(at - (double)low);
    return (pt_between_t){
        .low = low < 0 ? 0 : low,
        .high = high < size ? high : size - 1,
        .low_weight = low < 0 ? 0.0f : 1.0f - part,
        .high_weight = high < size ? part : 0.0f,
    };
}

/* One output row, whose pixel x about the centre reads (m0 x + row_x, m2 x + row_y);
 * inlined so that c may be a constant. */
static inline void resample_row(const double m[4], double row_x, double row_y, bool flip,
                                int64_t h, int64_t w, int64_t c, const float *restrict src,
                                float *restrict dst)
{
    const double center = 0.5 * (double)(w - 1), width = (double)w, height = (double)h;
    const double sign = flip ? -1.0 : 1.0;
    for (int64_t j = 0; j < w; j++, dst += c) {
        double x = sign * ((double)j - center);
        double at_x = m[0] * x + row_x, at_y = m[2] * x + row_y;
        if (!(at_x > -1 && at_x < width && at_y > -1 && at_y < height)) {
            for (int64_t k = 0; k < c; k++)
                dst[k] = 0;
            continue;
        }
        pt_between_t bx = between(at_x, w), by = between(at_y, h);
        const float *low = src + by.low * w * c, *high = src + by.high * w * c;
        for (int64_t k = 0; k < c; k++) {
            float above =
                bx.low_weight * low[bx.low * c + k] + bx.high_weight * low[bx.high * c + k];
            float below = bx.low_weight * high[bx.low * c + k] +
                          bx.high_weight * high[bx.high * c + k];
            dst[k] = by.low_weight * above + by.high_weight * below;
        }
    }
}

void pt_affine_apply(const pt_affine_t *affine, int64_t h, int64_t w, int64_t c,
                     const float *src, float *dst)
{
    if (is_identity(affine)) {
        memcpy(dst, src, (size_t)(h * w * c) * sizeof *dst);
        return;
    }
    const double *m = affine->m;
    const double center_x = 0.5 * (double)(w - 1), center_y = 0.5 * (double)(h - 1);
    for (int64_t i = 0; i < h; i++) {
        double y = (affine->flip_y ? -1.0 : 1.0) * ((double)i - center_y);
        double row_x = m[1] * y + affine->t[0] + center_x;
        double row_y = m[3] * y + affine->t[1] + center_y;
        float *row = dst + i * w * c;
        if (c == 1)
            resample_row(m, row_x, row_y, affine->flip_x, h, w, 1, src, row);
        else
            resample_row(m, row_x, row_y, affine->flip_x, h, w, c, src, row);
    }
}
