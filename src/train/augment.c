#include "polytree/train/augment.h"

#include <math.h>
#include <string.h>

bool pt_augment_is_on(const pt_config_t *config)
{
    return config->augment.rotate != 0 || config->augment.scale != 0 ||
           config->augment.shear != 0 || config->augment.shift != 0 ||
           config->augment.flip != PT_FLIP_NONE;
}

pt_status_t pt_augment_check(const pt_config_t *config, const pt_task_info_t *task)
{
    bool is_rigid = task->kind == PT_TASK_DEPTH || task->kind == PT_TASK_NORMALS;
    if (is_rigid && config->augment.shear != 0)
        PT_FAIL(CONFIG,
                "augment.shear = %g: the labels of task %s (%s) cannot follow a shear, "
                "expected 0",
                config->augment.shear, task->name, pt_task_kind_name(task->kind));
    return PT_OK;
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
    double cosine = cos(angle), sine = sin(angle), c = cosine / zoom, s = sine / zoom;
    pt_flip_t flip = config->augment.flip;
    bool flip_x = (flip == PT_FLIP_HORIZONTAL || flip == PT_FLIP_BOTH) && u[5] < 0.5;
    bool flip_y = (flip == PT_FLIP_VERTICAL || flip == PT_FLIP_BOTH) && u[6] < 0.5;
    pt_affine_t affine = {
        .m = {c, c * slant - s, s, s * slant + c},
        .t = {spread(u[3], config->augment.shift) * (double)width,
              spread(u[4], config->augment.shift) * (double)height},
        .flip_x = flip_x,
        .flip_y = flip_y,
        .zoom = zoom,
        .turn = {flip_x ? -cosine : cosine, flip_x ? -sine : sine, flip_y ? sine : -sine,
                 flip_y ? -cosine : cosine},
    };
    if (config->augment.crop) {
        /* A block of its own, so that the rest is drawn as without. */
        pt_rng_t place = *rng;
        place.step++;
        pt_rng_uniform4(&place, index, u);
        affine.t[0] += spread(u[0], 0.5 * (1 - 1 / zoom)) * (double)(width - 1);
        affine.t[1] += spread(u[1], 0.5 * (1 - 1 / zoom)) * (double)(height - 1);
    }
    return affine;
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

/* Where output row i begins to read: the input's place at x = 0. */
typedef struct pt_start {
    double x, y;
} pt_start_t;

static pt_start_t start_of_row(const pt_affine_t *a, int64_t h, int64_t w, int64_t i)
{
    double y = (a->flip_y ? -1.0 : 1.0) * ((double)i - 0.5 * (double)(h - 1));
    return (pt_start_t){a->m[1] * y + a->t[0] + 0.5 * (double)(w - 1),
                        a->m[3] * y + a->t[1] + 0.5 * (double)(h - 1)};
}

/* One output row, whose pixel x about the centre reads (m0 x, m2 x) + start; inlined so
 * that c may be a constant. */
static inline void resample_row(const double m[4], pt_start_t start, bool flip, int64_t h,
                                int64_t w, int64_t c, const float *restrict src,
                                float *restrict dst)
{
    const double center = 0.5 * (double)(w - 1), width = (double)w, height = (double)h;
    const double sign = flip ? -1.0 : 1.0;
    for (int64_t j = 0; j < w; j++, dst += c) {
        double x = sign * ((double)j - center);
        double at_x = m[0] * x + start.x, at_y = m[2] * x + start.y;
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
    for (int64_t i = 0; i < h; i++) {
        pt_start_t at = start_of_row(affine, h, w, i);
        float *row = dst + i * w * c;
        if (c == 1)
            resample_row(affine->m, at, affine->flip_x, h, w, 1, src, row);
        else if (c == 3)
            resample_row(affine->m, at, affine->flip_x, h, w, 3, src, row);
        else
            resample_row(affine->m, at, affine->flip_x, h, w, c, src, row);
    }
}

void pt_affine_pixels(const pt_affine_t *affine, int64_t h, int64_t w, const int32_t *row,
                      const int32_t *column, int32_t *pixel)
{
    const double center = 0.5 * (double)(w - 1), sign = affine->flip_x ? -1.0 : 1.0;
    const double right = (double)w - 0.5, bottom = (double)h - 0.5;
    for (int64_t i = 0; i < h; i++) {
        pt_start_t at = start_of_row(affine, h, w, i);
        for (int64_t j = 0; j < w; j++) {
            double x = sign * ((double)j - center);
            double at_x = affine->m[0] * x + at.x, at_y = affine->m[2] * x + at.y;
            bool is_inside = at_x >= -0.5 && at_x < right && at_y >= -0.5 && at_y < bottom;
            *pixel++ =
                is_inside ? row[(int32_t)(at_y + 0.5)] + column[(int32_t)(at_x + 0.5)] : -1;
        }
    }
}

static void scale_depth(double zoom, bool is_inverse, int64_t n, pt_label_t *label)
{
    for (int64_t i = 0; i < n; i++)
        label[i].f = is_inverse ? label[i].f * (float)zoom : label[i].f / (float)zoom;
}

void pt_affine_labels(const pt_affine_t *affine, const pt_task_info_t *task, int64_t n,
                      pt_label_t *label)
{
    if (task->kind == PT_TASK_DEPTH && affine->zoom != 1)
        scale_depth(affine->zoom, task->is_inverse, n, label);
    if (task->kind != PT_TASK_NORMALS)
        return;
    const float turn[4] = {(float)affine->turn[0], (float)affine->turn[1],
                           (float)affine->turn[2], (float)affine->turn[3]};
    for (int64_t i = 0; i < n; i++) {
        float x = label[3 * i].f, y = label[3 * i + 1].f;
        label[3 * i].f = turn[0] * x + turn[1] * y;
        label[3 * i + 1].f = turn[2] * x + turn[3] * y;
    }
}
