/** @file
 * Bilinear resizing of the vector code, first along rows and then across them, through
 * `work`, which holds two source rows stretched to ow pixels: source row r lies in half
 * r % 2.  Output rows ascend, and so do the source rows they read.
 */
#ifndef PT_KERNEL_VECTOR_RESIZE_H
#define PT_KERNEL_VECTOR_RESIZE_H

#include <string.h>

#include "kernel/backend.h"

/** Pixels have few channels and no multiple of a vector: the last eight may overlap those
 * before, whose values they give again. */
typedef float eight_t __attribute__((vector_size(32), aligned(4), may_alias));

static inline void blend_eight(float w_lo, const float *lo, float w_hi, const float *hi,
                               float *y)
{
    *(eight_t *)y = w_lo * *(const eight_t *)lo + w_hi * *(const eight_t *)hi;
}

static void blend(int64_t n, float w_lo, const float *lo, float w_hi, const float *hi,
                  float *restrict y)
{
    for (int64_t l = 0; l < n; l++)
        y[l] = w_lo * lo[l] + w_hi * hi[l];
}

static void stretch_row(const pt_resize_shape_t *s, const float *x, float *y)
{
    int64_t n = s->c;
    for (int64_t ox = 0; ox < s->ow; ox++, y += n) {
        const pt_resize_tap_t *u = &s->column[ox];
        const float *lo = x + u->lo * n, *hi = x + u->hi * n;
        if (n < 8) {
            for (int64_t l = 0; l < n; l++)
                y[l] = u->w_lo * lo[l] + u->w_hi * hi[l];
            continue;
        }
        for (int64_t l = 0; l + 8 < n; l += 8)
            blend_eight(u->w_lo, lo + l, u->w_hi, hi + l, y + l);
        blend_eight(u->w_lo, lo + n - 8, u->w_hi, hi + n - 8, y + n - 8);
    }
}

static void resize(const pt_resize_shape_t *s, const float *x, float *y, float *work)
{
    int64_t row = s->ow * s->c;
    for (int64_t n = 0; n < s->n; n++, x += s->h * s->w * s->c) {
        int64_t next = 0; /* rows before it are stretched, or not needed */
        for (int64_t oy = 0; oy < s->oh; oy++, y += row) {
            const pt_resize_tap_t *v = &s->row[oy];
            for (next = next > v->lo ? next : v->lo; next <= v->hi; next++)
                stretch_row(s, x + next * s->w * s->c, work + next % 2 * row);
            blend(row, v->w_lo, work + v->lo % 2 * row, v->w_hi, work + v->hi % 2 * row, y);
        }
    }
}

static void add_term(int64_t n, float w, const float *restrict dy, float *restrict dx)
{
    for (int64_t l = 0; l < n; l++)
        dx[l] += w * dy[l];
}

/** The same for one pixel; the last eight are formed before what they overlap is changed.
 */
static inline void add_pixel(int64_t n, float w, const float *dy, float *dx)
{
    if (n < 8) {
        for (int64_t l = 0; l < n; l++)
            dx[l] += w * dy[l];
        return;
    }
    eight_t last = *(eight_t *)(dx + n - 8) + w * *(const eight_t *)(dy + n - 8);
    for (int64_t l = 0; l + 8 < n; l += 8)
        *(eight_t *)(dx + l) += w * *(const eight_t *)(dy + l);
    *(eight_t *)(dx + n - 8) = last;
}

static void add_two_terms(int64_t n, const float *restrict dy, float w_lo,
                          float *restrict lo, float w_hi, float *restrict hi)
{
    for (int64_t l = 0; l < n; l++) {
        lo[l] += w_lo * dy[l];
        hi[l] += w_hi * dy[l];
    }
}

/** The transpose of stretch_row; dy is cleared for the next row. */
static void gather_row(const pt_resize_shape_t *s, float *dy, float *dx)
{
    memset(dx, 0, (size_t)(s->w * s->c) * sizeof *dx);
    for (int64_t ox = 0; ox < s->ow; ox++) {
        const pt_resize_tap_t *u = &s->column[ox];
        add_pixel(s->c, u->w_lo, dy + ox * s->c, dx + u->lo * s->c);
        if (u->hi > u->lo)
            add_pixel(s->c, u->w_hi, dy + ox * s->c, dx + u->hi * s->c);
    }
    memset(dy, 0, (size_t)(s->ow * s->c) * sizeof *dy);
}

static void resize_backward(const pt_resize_shape_t *s, const float *dy, float *dx,
                            float *work)
{
    int64_t row = s->ow * s->c;
    memset(work, 0, (size_t)(2 * row) * sizeof *work);
    for (int64_t n = 0; n < s->n; n++, dx += s->h * s->w * s->c) {
        int64_t next = 0; /* rows before it have their gradient */
        for (int64_t oy = 0; oy < s->oh; oy++, dy += row) {
            const pt_resize_tap_t *v = &s->row[oy];
            for (; next < v->lo; next++)
                gather_row(s, work + next % 2 * row, dx + next * s->w * s->c);
            float *lo = work + v->lo % 2 * row, *hi = work + v->hi % 2 * row;
            if (hi == lo)
                add_term(row, v->w_lo, dy, lo);
            else
                add_two_terms(row, dy, v->w_lo, lo, v->w_hi, hi);
        }
        for (; next < s->h; next++)
            gather_row(s, work + next % 2 * row, dx + next * s->w * s->c);
    }
}

#endif
