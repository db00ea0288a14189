/** @file
 * Bilinear resizing of the vector code, first along rows and then across them, through
 * `work`, which holds two source rows stretched to ow pixels: source row r lies in half
 * r % 2.  Output rows ascend, and so do the source rows they read.
 */
#ifndef PT_KERNEL_VECTOR_RESIZE_H
#define PT_KERNEL_VECTOR_RESIZE_H

#include <string.h>

#include "kernel/backend.h"

static void blend(int64_t n, float w_lo, const float *lo, float w_hi, const float *hi,
                  float *restrict y)
{
    for (int64_t l = 0; l < n; l++)
        y[l] = w_lo * lo[l] + w_hi * hi[l];
}

static void stretch_row(const pt_resize_shape_t *s, const float *x, float *y)
{
    for (int64_t ox = 0; ox < s->ow; ox++, y += s->c) {
        const pt_resize_tap_t *u = &s->column[ox];
        blend(s->c, u->w_lo, x + u->lo * s->c, u->w_hi, x + u->hi * s->c, y);
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

/** The transpose of stretch_row; dy is cleared for the next row. */
static void gather_row(const pt_resize_shape_t *s, float *dy, float *dx)
{
    memset(dx, 0, (size_t)(s->w * s->c) * sizeof *dx);
    for (int64_t ox = 0; ox < s->ow; ox++) {
        const pt_resize_tap_t *u = &s->column[ox];
        add_term(s->c, u->w_lo, dy + ox * s->c, dx + u->lo * s->c);
        add_term(s->c, u->w_hi, dy + ox * s->c, dx + u->hi * s->c);
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
            add_term(row, v->w_lo, dy, work + v->lo % 2 * row);
            add_term(row, v->w_hi, dy, work + v->hi % 2 * row);
        }
        for (; next < s->h; next++)
            gather_row(s, work + next % 2 * row, dx + next * s->w * s->c);
    }
}

#endif
