/* Drawing random warps, and applying them to images and label maps. */
#include "polytree/train/augment.h"

#include <math.h>
#include <string.h>

bool pt_augment_is_on(const pt_config_t *config)
{
    return config->augment.rotate != 0 || config->augment.scale != 0 ||
           config->augment.shear != 0 || config->augment.shift != 0 ||
           config->augment.elastic != 0 || config->augment.cutout != 0 ||
           config->augment.flip != PT_FLIP_NONE;
}

pt_status_t pt_augment_check(const pt_config_t *config, const pt_task_info_t *task)
{
    const struct {
        const char *what;
        double value;
    } free[] = {{"shear", config->augment.shear}, {"elastic", config->augment.elastic}};
    if (task->kind != PT_TASK_DEPTH && task->kind != PT_TASK_NORMALS)
        return PT_OK;
    for (int i = 0; i < 2; i++)
        if (free[i].value != 0)
            PT_FAIL(CONFIG,
                    "augment.%s = %g: the labels of task %s (%s) cannot follow, expected 0",
                    free[i].what, free[i].value, task->name, pt_task_kind_name(task->kind));
    return PT_OK;
}

static double spread(double u, double range)
{
    return (2.0 * u - 1.0) * range;
}

/* A block of its own, so that the rest is drawn as without. */
static void draw_bend(const pt_config_t *config, const pt_rng_t *rng, uint64_t index,
                      int64_t height, int64_t width, pt_warp_t *warp)
{
    enum { N = PT_WARP_POINTS * PT_WARP_POINTS, N_BLOCK = (2 * N + 3) / 4 };
    const double range[2] = {config->augment.elastic * (double)width,
                             config->augment.elastic * (double)height};
    pt_rng_t key = *rng;
    double u[4];
    key.purpose = PT_RNG_ELASTIC;
    warp->is_bent = true;
    for (int i = 0; i < 2 * N; i++) {
        if (i % 4 == 0)
            pt_rng_uniform4(&key, N_BLOCK * index + (uint64_t)i / 4, u);
        warp->bend[i / N][i % N / PT_WARP_POINTS][i % PT_WARP_POINTS] =
            spread(u[i % 4], range[i / N]);
    }
}

/* The pixels of one axis that a hole of n of them about `middle` has. */
static void cut(int64_t middle, int64_t n, int64_t size, int64_t hole[2])
{
    int64_t begin = middle - n / 2, end = begin + n;
    hole[0] = begin > 0 ? begin : 0;
    hole[1] = end < size ? end : size;
}

/* Its middle is any pixel: part of it may be outside. */
static void draw_hole(const pt_config_t *config, const pt_rng_t *rng, uint64_t index,
                      int64_t height, int64_t width, pt_warp_t *warp)
{
    double side = (double)(height < width ? height : width);
    int64_t n = (int64_t)(config->augment.cutout * side + 0.5);
    pt_rng_t key = *rng;
    double u[4];
    key.purpose = PT_RNG_CUTOUT;
    pt_rng_uniform4(&key, index, u);
    cut((int64_t)(u[0] * (double)height), n, height, warp->hole[0]);
    cut((int64_t)(u[1] * (double)width), n, width, warp->hole[1]);
}

pt_warp_t pt_warp_draw(const pt_config_t *config, const pt_rng_t *rng, uint64_t index,
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
    pt_warp_t warp = {
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
        warp.t[0] += spread(u[0], 0.5 * (1 - 1 / zoom)) * (double)(width - 1);
        warp.t[1] += spread(u[1], 0.5 * (1 - 1 / zoom)) * (double)(height - 1);
    }
    if (config->augment.elastic != 0)
        draw_bend(config, rng, index, height, width, &warp);
    if (config->augment.cutout != 0)
        draw_hole(config, rng, index, height, width, &warp);
    return warp;
}

static bool is_identity(const pt_warp_t *a)
{
    return a->m[0] == 1 && a->m[1] == 0 && a->m[2] == 0 && a->m[3] == 1 && a->t[0] == 0 &&
           a->t[1] == 0 && !a->flip_x && !a->flip_y && !a->is_bent;
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

/* Where the pixels of an output row read: (m0, m2) (x + bend) + (m1, m3) bend + start, in
 * pixels of the input, bend a spline over the row. */
typedef struct row_reader {
    const pt_warp_t *warp;
    double start_x, start_y, center, sign, cells_per_pixel;
    double bend[2][PT_WARP_POINTS];
} row_reader_t;

/* The cubic B-splines that are not zero at `at` cells from a border, in this order from
 * the number that is given back. */
static inline int spline(double at, double weight[4])
{
    int cell = (int)at;
    double t = at - cell, s = 1.0 - t;
    weight[0] = s * s * s / 6.0;
    weight[3] = t * t * t / 6.0;
    weight[1] = (4.0 + 3.0 * t * t * (t - 2.0)) / 6.0;
    weight[2] = (4.0 + 3.0 * s * s * (s - 2.0)) / 6.0;
    return cell;
}

static row_reader_t read_row(const pt_warp_t *a, int64_t h, int64_t w, int64_t i)
{
    const double n_cell = PT_WARP_POINTS - 3;
    double y = (a->flip_y ? -1.0 : 1.0) * ((double)i - 0.5 * (double)(h - 1)), weight[4];
    row_reader_t r = {.warp = a,
                      .start_x = a->m[1] * y + a->t[0] + 0.5 * (double)(w - 1),
                      .start_y = a->m[3] * y + a->t[1] + 0.5 * (double)(h - 1),
                      .center = 0.5 * (double)(w - 1),
                      .sign = a->flip_x ? -1.0 : 1.0,
                      .cells_per_pixel = n_cell / (double)w};
    if (!a->is_bent)
        return r;
    int first = spline(((double)i + 0.5) * n_cell / (double)h, weight);
    for (int axis = 0; axis < 2; axis++)
        for (int p = 0; p < PT_WARP_POINTS; p++)
            for (int k = 0; k < 4; k++)
                r.bend[axis][p] += weight[k] * a->bend[axis][first + k][p];
    return r;
}

static inline void read_at(const row_reader_t *r, int64_t j, double *at_x, double *at_y)
{
    const double *m = r->warp->m;
    double x = r->sign * ((double)j - r->center), weight[4], bend[2] = {0, 0};
    *at_x = m[0] * x + r->start_x;
    *at_y = m[2] * x + r->start_y;
    if (!r->warp->is_bent)
        return;
    int first = spline(((double)j + 0.5) * r->cells_per_pixel, weight);
    for (int axis = 0; axis < 2; axis++)
        for (int k = 0; k < 4; k++)
            bend[axis] += weight[k] * r->bend[axis][first + k];
    *at_x += m[0] * bend[0] + m[1] * bend[1];
    *at_y += m[2] * bend[0] + m[3] * bend[1];
}

/* One output row; inlined so that c may be a constant. */
static inline void resample_row(const row_reader_t *r, int64_t h, int64_t w, int64_t c,
                                const float *restrict src, float *restrict dst)
{
    const double width = (double)w, height = (double)h;
    for (int64_t j = 0; j < w; j++, dst += c) {
        double at_x, at_y;
        read_at(r, j, &at_x, &at_y);
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

static void resample(const pt_warp_t *warp, int64_t h, int64_t w, int64_t c,
                     const float *src, float *dst)
{
    for (int64_t i = 0; i < h; i++) {
        row_reader_t reader = read_row(warp, h, w, i);
        float *row = dst + i * w * c;
        if (c == 1)
            resample_row(&reader, h, w, 1, src, row);
        else if (c == 3)
            resample_row(&reader, h, w, 3, src, row);
        else
            resample_row(&reader, h, w, c, src, row);
    }
}

void pt_warp_apply(const pt_warp_t *warp, int64_t h, int64_t w, int64_t c, const float *src,
                   float *dst)
{
    const int64_t *row = warp->hole[0], *column = warp->hole[1];
    size_t cut_bytes = (size_t)((column[1] - column[0]) * c) * sizeof *dst;

    if (is_identity(warp))
        memcpy(dst, src, (size_t)(h * w * c) * sizeof *dst);
    else
        resample(warp, h, w, c, src, dst);
    for (int64_t i = row[0]; i < row[1]; i++)
        memset(dst + (i * w + column[0]) * c, 0, cut_bytes);
}

void pt_warp_pixels(const pt_warp_t *warp, int64_t h, int64_t w, const int32_t *row,
                    const int32_t *column, int32_t *pixel)
{
    const double right = (double)w - 0.5, bottom = (double)h - 0.5;
    for (int64_t i = 0; i < h; i++) {
        row_reader_t reader = read_row(warp, h, w, i);
        for (int64_t j = 0; j < w; j++) {
            double at_x, at_y;
            read_at(&reader, j, &at_x, &at_y);
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

void pt_warp_labels(const pt_warp_t *warp, const pt_task_info_t *task, int64_t n,
                    pt_label_t *label)
{
    if (task->kind == PT_TASK_DEPTH && warp->zoom != 1)
        scale_depth(warp->zoom, task->is_inverse, n, label);
    if (task->kind != PT_TASK_NORMALS)
        return;
    const float turn[4] = {(float)warp->turn[0], (float)warp->turn[1], (float)warp->turn[2],
                           (float)warp->turn[3]};
    for (int64_t i = 0; i < n; i++) {
        float x = label[3 * i].f, y = label[3 * i + 1].f;
        label[3 * i].f = turn[0] * x + turn[1] * y;
        label[3 * i + 1].f = turn[2] * x + turn[3] * y;
    }
}
