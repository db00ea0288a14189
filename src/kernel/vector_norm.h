/** @file
 * Batch norm of the vector code; the formulas are those of ref_norm.c.
 *
 * Around the mean rounded to float, m, so that x - m loses nothing:
 *     z = (x - m) a + b,    a = scale r,    b = shift + (m - mean) a
 * Backward forms z by the same operations, so that it masks what forward masked.
 */
#ifndef PT_KERNEL_VECTOR_NORM_H
#define PT_KERNEL_VECTOR_NORM_H

#include <math.h>
#include <string.h>

#include "kernel/act.h"
#include "kernel/backend.h"
#include "kernel/vector_panel.h"

INLINE void sums_of_row(int64_t n, const float *restrict x, const double *restrict origin,
                        double *restrict s1, double *restrict s2)
{
    for (int64_t l = 0; l < n; l++) {
        double d = (double)x[l] - origin[l];
        s1[l] += d;
        s2[l] += d * d;
    }
}

/** Rows at a distance of `stride`: less traffic to the sums. */
INLINE void sums_of_four_rows(int64_t n, const float *restrict x, int64_t stride,
                              const double *restrict origin, double *restrict s1,
                              double *restrict s2)
{
    for (int64_t l = 0; l < n; l++) {
        double o = origin[l];
        double a = (double)x[l] - o, b = (double)x[stride + l] - o;
        double c = (double)x[2 * stride + l] - o, d = (double)x[3 * stride + l] - o;
        s1[l] += (a + b) + (c + d);
        s2[l] += (a * a + b * b) + (c * c + d * d);
    }
}

static void sums_of_panel(const panel_t *p, const float *x, const double *origin,
                          double *s1, double *s2)
{
    memset(s1, 0, PT_LANES * sizeof *s1);
    memset(s2, 0, PT_LANES * sizeof *s2);
    x += p->c0;
    int64_t i = 0;
    for (; i + 4 <= p->n_row; i += 4, x += 4 * p->stride)
        sums_of_four_rows(p->width, x, p->stride, origin, s1, s2);
    for (; i < p->n_row; i++, x += p->stride)
        sums_of_row(p->width, x, origin, s1, s2);
    sums_of_row(p->tail, x, origin, s1, s2);
    panel_fold(p, s1);
    panel_fold(p, s2);
}

/** One pass, around each channel's first value: no cancellation when the mean is large. */
static void bn_stats(int64_t rows, int64_t c, const float *x, double *mean, double *var)
{
    double origin[PT_LANES], s1[PT_LANES], s2[PT_LANES], n = (double)rows;
    for (int64_t c0 = 0; c0 < c;) {
        panel_t p = panel_at(rows, c, c0);
        for (int64_t l = 0; l < p.width; l++)
            origin[l] = (double)x[c0 + l % p.n_channel];
        sums_of_panel(&p, x, origin, s1, s2);
        for (int64_t j = 0; j < p.n_channel; j++) {
            double v = (s2[j] - s1[j] * s1[j] / n) / n;
            mean[c0 + j] = origin[j] + s1[j] / n;
            var[c0 + j] = v < 0 ? 0 : v;
        }
        c0 += p.n_channel;
    }
}

/** The affine map of each lane. */
typedef struct affine {
    float m[PT_LANES], a[PT_LANES], b[PT_LANES];
} affine_t;

static void affine_of_panel(const panel_t *p, const double *mean, const double *var,
                            double eps, const float *scale, const float *shift, affine_t *f)
{
    for (int64_t j = 0; j < p->n_channel; j++) {
        int64_t c = p->c0 + j;
        double a = (scale ? (double)scale[c] : 1) / sqrt(var[c] + eps);
        f->m[j] = (float)mean[c];
        f->a[j] = (float)a;
        f->b[j] = (float)((shift ? (double)shift[c] : 0) + ((double)f->m[j] - mean[c]) * a);
    }
    panel_repeat(p, f->m);
    panel_repeat(p, f->a);
    panel_repeat(p, f->b);
}

INLINE float act_of(float z, int act)
{
    if (act == ACT_NONE)
        return z;
    float y = z < 0 ? 0 : z;
    return act == ACT_RELU6 ? (y > 6 ? 6 : y) : y;
}

INLINE float masked(float z, float dy, int act)
{
    if (act == ACT_NONE)
        return dy;
    float dz = z <= 0 ? 0 : dy;
    return act == ACT_RELU6 ? (z >= 6 ? 0 : dz) : dz;
}

INLINE void apply_row(int64_t n, const float *restrict x, const affine_t *restrict f,
                      int act, float *restrict y)
{
    for (int64_t l = 0; l < n; l++)
        y[l] = act_of((x[l] - f->m[l]) * f->a[l] + f->b[l], act);
}

INLINE void apply_panel(const panel_t *p, const float *x, const affine_t *f, int act,
                        float *y)
{
    x += p->c0;
    y += p->c0;
    for (int64_t i = 0; i < p->n_row; i++, x += p->stride, y += p->stride)
        apply_row(p->width, x, f, act, y);
    apply_row(p->tail, x, f, act, y);
}

static void bn_apply(int64_t rows, int64_t c, const float *x, const double *mean,
                     const double *var, double eps, const float *scale, const float *shift,
                     int act, float *y)
{
    affine_t f;
    for (int64_t c0 = 0; c0 < c;) {
        panel_t p = panel_at(rows, c, c0);
        affine_of_panel(&p, mean, var, eps, scale, shift, &f);
        if (act == ACT_NONE)
            apply_panel(&p, x, &f, ACT_NONE, y);
        else if (act == ACT_RELU)
            apply_panel(&p, x, &f, ACT_RELU, y);
        else
            apply_panel(&p, x, &f, ACT_RELU6, y);
        c0 += p.n_channel;
    }
}

/** s1 += dz, s2 += dz (x - m) */
INLINE void dsums_of_row(int64_t n, const float *restrict x, const float *restrict dy,
                         const affine_t *restrict f, int act, double *restrict s1,
                         double *restrict s2)
{
    for (int64_t l = 0; l < n; l++) {
        float d = x[l] - f->m[l];
        float dz = masked(d * f->a[l] + f->b[l], dy[l], act);
        s1[l] += (double)dz;
        s2[l] += (double)dz * (double)d;
    }
}

/** Rows at a distance of `stride`; what four of them add is rounded once more, as each
 * product was, and costs a quarter of the sums in double. */
INLINE void dsums_of_four_rows(int64_t n, const float *restrict x, const float *restrict dy,
                               int64_t stride, const affine_t *restrict f, int act,
                               double *restrict s1, double *restrict s2)
{
    for (int64_t l = 0; l < n; l++) {
        float m = f->m[l], a = f->a[l], b = f->b[l], d[4], dz[4];
        for (int64_t i = 0; i < 4; i++) {
            d[i] = x[i * stride + l] - m;
            dz[i] = masked(d[i] * a + b, dy[i * stride + l], act);
        }
        s1[l] += (double)((dz[0] + dz[1]) + (dz[2] + dz[3]));
        s2[l] += (double)((dz[0] * d[0] + dz[1] * d[1]) + (dz[2] * d[2] + dz[3] * d[3]));
    }
}

INLINE void dsums_of_panel(const panel_t *p, const float *x, const float *dy,
                           const affine_t *f, int act, double *s1, double *s2)
{
    memset(s1, 0, PT_LANES * sizeof *s1);
    memset(s2, 0, PT_LANES * sizeof *s2);
    x += p->c0;
    dy += p->c0;
    int64_t i = 0;
    for (; i + 4 <= p->n_row; i += 4, x += 4 * p->stride, dy += 4 * p->stride)
        dsums_of_four_rows(p->width, x, dy, p->stride, f, act, s1, s2);
    for (; i < p->n_row; i++, x += p->stride, dy += p->stride)
        dsums_of_row(p->width, x, dy, f, act, s1, s2);
    dsums_of_row(p->tail, x, dy, f, act, s1, s2);
    panel_fold(p, s1);
    panel_fold(p, s2);
}

/** dx = a dz - (k0 + k1 (x - m)) */
INLINE void dx_of_row(int64_t n, const float *restrict x, const float *restrict dy,
                      const affine_t *restrict f, int act, const float *restrict k0,
                      const float *restrict k1, float *restrict dx)
{
    for (int64_t l = 0; l < n; l++) {
        float d = x[l] - f->m[l];
        float dz = masked(d * f->a[l] + f->b[l], dy[l], act);
        dx[l] = f->a[l] * dz - (k0[l] + k1[l] * d);
    }
}

INLINE void dx_of_panel(const panel_t *p, const float *x, const float *dy,
                        const affine_t *f, int act, const float *k0, const float *k1,
                        float *dx)
{
    x += p->c0;
    dy += p->c0;
    dx += p->c0;
    for (int64_t i = 0; i < p->n_row; i++, x += p->stride, dy += p->stride, dx += p->stride)
        dx_of_row(p->width, x, dy, f, act, k0, k1, dx);
    dx_of_row(p->tail, x, dy, f, act, k0, k1, dx);
}

/** What one call of bn_backward works on. */
typedef struct backward {
    int64_t rows;
    const float *x, *dy;
    const double *mean, *var;
    double n, eps;
    float *dx, *dscale, *dshift;
} backward_t;

INLINE void backward_panel(const backward_t *w, const panel_t *p, const affine_t *f,
                           int act)
{
    double s1[PT_LANES], s2[PT_LANES];
    float k0[PT_LANES], k1[PT_LANES];
    dsums_of_panel(p, w->x, w->dy, f, act, s1, s2);
    for (int64_t j = 0; j < p->n_channel; j++) {
        int64_t c = p->c0 + j;
        double r = 1 / sqrt(w->var[c] + w->eps), offset = (double)f->m[j] - w->mean[c];
        double dot = r * (s2[j] + offset * s1[j]);
        double q = (double)f->a[j] * r * dot / w->n;
        k1[j] = (float)q;
        k0[j] = (float)((double)f->a[j] * s1[j] / w->n + q * offset);
        if (w->dscale)
            w->dscale[c] = (float)dot;
        if (w->dshift)
            w->dshift[c] = (float)s1[j];
    }
    panel_repeat(p, k0);
    panel_repeat(p, k1);
    if (w->dx)
        dx_of_panel(p, w->x, w->dy, f, act, k0, k1, w->dx);
}

static void bn_backward(int64_t rows, int64_t c, const float *x, const float *dy,
                        const double *mean, const double *var, double n, double eps,
                        const float *scale, const float *shift, int act, float *dx,
                        float *dscale, float *dshift, double *work)
{
    (void)work;
    backward_t w = {.rows = rows,
                    .x = x,
                    .dy = dy,
                    .mean = mean,
                    .var = var,
                    .n = n,
                    .eps = eps,
                    .dx = dx,
                    .dscale = dscale,
                    .dshift = dshift};
    affine_t f;
    for (int64_t c0 = 0; c0 < c;) {
        panel_t p = panel_at(rows, c, c0);
        affine_of_panel(&p, mean, var, eps, scale, shift, &f);
        if (act == ACT_NONE)
            backward_panel(&w, &p, &f, ACT_NONE);
        else if (act == ACT_RELU)
            backward_panel(&w, &p, &f, ACT_RELU);
        else
            backward_panel(&w, &p, &f, ACT_RELU6);
        c0 += p.n_channel;
    }
}

#endif
