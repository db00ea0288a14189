/* Charts of numbers with their standard errors, as scripts for gnuplot. */
#include "polytree/picture/chart.h"

#include <math.h>
#include <stdio.h>

#include "polytree/base/quote.h"
#include "polytree/picture/program.h"

enum { WIDTH = 760, HEIGHT = 470, ROW_HEIGHT = 26, KEY_HEIGHT = 18 };

#define TERMINAL                                                                           \
    "set terminal svg size %d,%d dynamic background '#ffffff' font 'sans-serif,12'\n"

typedef struct axis_range {
    double low, high;
} axis_range_t;

static const axis_range_t nothing = {INFINITY, -INFINITY};

static void widen(axis_range_t *range, double x, double error)
{
    range->low = fmin(range->low, x - error);
    range->high = fmax(range->high, x + error);
}

/* Room at both ends of an axis of values, but none where a metric of 0 to 1 has no values.
 */
static void pad(axis_range_t *r, double part)
{
    double room = r->high > r->low ? part * (r->high - r->low) : 0.01;
    double least = r->low >= 0 ? 0 : -INFINITY, most = r->high <= 1 ? 1 : INFINITY;
    r->low = fmax(r->low - room, least);
    r->high = fmin(r->high + room, most);
}

typedef struct rows {
    const char *title;
    int32_t n;
    const pt_chart_row_t *row;
} rows_t;

static pt_status_t print_rows(const void *context, FILE *file)
{
    const rows_t *c = context;
    axis_range_t range = nothing;
    for (int32_t i = 0; i < c->n; i++)
        if (isfinite(c->row[i].value))
            widen(&range, c->row[i].value, c->row[i].error);
    pad(&range, 0.05);
    fprintf(file,
            TERMINAL "set grid x\nunset key\nset xrange [%.9g:%.9g]\n"
                     "set yrange [-0.5:%d.5]\nset xlabel ",
            WIDTH, 90 + ROW_HEIGHT * (int)c->n, range.low, range.high, (int)c->n - 1);
    pt_quote_gnuplot(file, c->title);
    fputs(" noenhanced\nset ytics (", file);
    for (int32_t i = 0; i < c->n; i++) {
        fputs(i > 0 ? ", " : "", file);
        pt_quote_gnuplot(file, c->row[i].name);
        fprintf(file, " %d", (int)(c->n - 1 - i));
    }
    fputs(") noenhanced\nplot '-' using 1:2:3 with xerrorbars pt 7 ps 0.8 lw 1.5 lc rgb "
          "'#1f77b4'\n",
          file);
    for (int32_t i = 0; i < c->n; i++)
        if (isfinite(c->row[i].value))
            fprintf(file, "%.9g %d %.9g\n", c->row[i].value, (int)(c->n - 1 - i),
                    c->row[i].error);
    fputs("e\n", file);
    return PT_OK;
}

pt_status_t pt_chart_rows(const char *title, int32_t n, const pt_chart_row_t *row,
                          const char *path, bool *is_drawn)
{
    const rows_t rows = {title, n, row};
    return pt_program_plot(print_rows, &rows, path, is_drawn);
}

typedef struct points {
    const char *const *title;
    int32_t n;
    const pt_chart_point_t *point;
} points_t;

static void put_axes(const points_t *c, FILE *file)
{
    axis_range_t x = nothing, y = nothing;
    int32_t n_named = 0;
    for (int32_t i = 0; i < c->n; i++) {
        widen(&x, c->point[i].x, 0);
        widen(&y, c->point[i].y, c->point[i].error);
        n_named += c->point[i].name != NULL;
    }
    double room = x.high > x.low ? 0.08 * (x.high - x.low) : 0.1 * fabs(x.high);
    pad(&y, 0.08);
    fprintf(file,
            TERMINAL "set grid\nset key below vertical maxcols 1 Left reverse noenhanced "
                     "title ' '\n"
                     "set xrange [%.9g:%.9g]\nset yrange [%.9g:%.9g]\nset xlabel ",
            WIDTH, HEIGHT + KEY_HEIGHT * (int)(n_named + 1), fmax(0, x.low - room),
            x.high + room, y.low, y.high);
    pt_quote_gnuplot(file, c->title[0]);
    fputs(" noenhanced\nset ylabel ", file);
    pt_quote_gnuplot(file, c->title[1]);
    fputs(" noenhanced\n", file);
}

/* Each point as a block of data, p0, p1, ..., and the curve, whose colour is returned;
 * NULL: there is none. */
static const char *put_blocks(const points_t *c, FILE *file)
{
    const char *colour = NULL;
    for (int32_t i = 0; i < c->n; i++)
        fprintf(file, "$p%d << EOD\n%.9g %.9g %.9g\nEOD\n", (int)i, c->point[i].x,
                c->point[i].y, c->point[i].error);
    fputs("$curve << EOD\n", file);
    for (int32_t i = 0; i < c->n; i++)
        if (c->point[i].is_on_curve) {
            fprintf(file, "%.9g %.9g\n", c->point[i].x, c->point[i].y);
            colour = c->point[i].colour;
        }
    fputs("EOD\n", file);
    return colour;
}

static pt_status_t print_points(const void *context, FILE *file)
{
    /* The filled ones: circle, square, two triangles, diamond, pentagon. */
    static const int shape[] = {7, 5, 9, 11, 13, 15};
    const points_t *c = context;
    int32_t n_named = 0;
    put_axes(c, file);
    const char *colour = put_blocks(c, file);
    fputs("plot ", file);
    for (int32_t i = 0; i < c->n; i++)
        if (c->point[i].name == NULL)
            fprintf(file, "$p%d using 1:2 with points pt 7 ps 0.4 lc rgb '%s' notitle, ",
                    (int)i, c->point[i].colour);
    if (colour != NULL)
        fprintf(file,
                "$curve using 1:2 smooth unique with lines lw 1 dt 2 lc rgb '%s' notitle, ",
                colour);
    for (int32_t i = 0; i < c->n; i++) {
        if (c->point[i].name == NULL)
            continue;
        fprintf(file,
                "$p%d using 1:2:3 with yerrorbars pt %d ps 0.8 lw 1.5 lc rgb '%s' title ",
                (int)i, shape[n_named++ % (int32_t)(sizeof shape / sizeof shape[0])],
                c->point[i].colour);
        pt_quote_gnuplot(file, c->point[i].name);
        fputs(", ", file);
    }
    fputs("NaN notitle\n", file);
    return PT_OK;
}

pt_status_t pt_chart_points(const char *const title[2], int32_t n,
                            const pt_chart_point_t *point, const char *path, bool *is_drawn)
{
    const points_t points = {title, n, point};
    return pt_program_plot(print_points, &points, path, is_drawn);
}
