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

static void put_rows(const char *title, int32_t n, const pt_chart_row_t *row,
                     pt_text_t *out)
{
    axis_range_t range = nothing;
    for (int32_t i = 0; i < n; i++)
        if (isfinite(row[i].value))
            widen(&range, row[i].value, row[i].error);
    pad(&range, 0.05);
    pt_text_add(out,
                TERMINAL "set grid x\nunset key\nset xrange [%.9g:%.9g]\n"
                         "set yrange [-0.5:%d.5]\nset xlabel ",
                WIDTH, 90 + ROW_HEIGHT * (int)n, range.low, range.high, (int)n - 1);
    pt_quote_gnuplot(title, out);
    pt_text_add(out, " noenhanced\nset ytics (");
    for (int32_t i = 0; i < n; i++) {
        pt_text_add(out, "%s", i > 0 ? ", " : "");
        pt_quote_gnuplot(row[i].name, out);
        pt_text_add(out, " %d", (int)(n - 1 - i));
    }
    pt_text_add(
        out, ") noenhanced\nplot '-' using 1:2:3 with xerrorbars pt 7 ps 0.8 lw 1.5 lc rgb "
             "'#1f77b4'\n");
    for (int32_t i = 0; i < n; i++)
        if (isfinite(row[i].value))
            pt_text_add(out, "%.9g %d %.9g\n", row[i].value, (int)(n - 1 - i),
                        row[i].error);
    pt_text_add(out, "e\n");
}

pt_status_t pt_chart_rows(const char *title, int32_t n, const pt_chart_row_t *row,
                          const char *path, bool *is_drawn)
{
    pt_text_t script = {0};
    put_rows(title, n, row, &script);
    pt_status_t status = pt_program_plot(&script, path, is_drawn);
    pt_text_release(&script);
    return status;
}

static void put_axes(const char *const title[2], int32_t n, const pt_chart_point_t *point,
                     pt_text_t *out)
{
    axis_range_t x = nothing, y = nothing;
    int32_t n_named = 0;
    for (int32_t i = 0; i < n; i++) {
        widen(&x, point[i].x, 0);
        widen(&y, point[i].y, point[i].error);
        n_named += point[i].name != NULL;
    }
    double room = x.high > x.low ? 0.08 * (x.high - x.low) : 0.1 * fabs(x.high);
    pad(&y, 0.08);
    pt_text_add(out,
                TERMINAL
                "set grid\nset key below vertical maxcols 1 Left reverse noenhanced "
                "title ' '\n"
                "set xrange [%.9g:%.9g]\nset yrange [%.9g:%.9g]\nset xlabel ",
                WIDTH, HEIGHT + KEY_HEIGHT * (int)(n_named + 1), fmax(0, x.low - room),
                x.high + room, y.low, y.high);
    pt_quote_gnuplot(title[0], out);
    pt_text_add(out, " noenhanced\nset ylabel ");
    pt_quote_gnuplot(title[1], out);
    pt_text_add(out, " noenhanced\n");
}

/* Each point as a block of data, p0, p1, ..., and the curve, whose colour is returned;
 * NULL: there is none. */
static const char *put_blocks(int32_t n, const pt_chart_point_t *point, pt_text_t *out)
{
    const char *colour = NULL;
    for (int32_t i = 0; i < n; i++)
        pt_text_add(out, "$p%d << EOD\n%.9g %.9g %.9g\nEOD\n", (int)i, point[i].x,
                    point[i].y, point[i].error);
    pt_text_add(out, "$curve << EOD\n");
    for (int32_t i = 0; i < n; i++)
        if (point[i].is_on_curve) {
            pt_text_add(out, "%.9g %.9g\n", point[i].x, point[i].y);
            colour = point[i].colour;
        }
    pt_text_add(out, "EOD\n");
    return colour;
}

static void put_points(int32_t n, const pt_chart_point_t *point, pt_text_t *out)
{
    /* The filled ones: circle, square, two triangles, diamond, pentagon. */
    static const int shape[] = {7, 5, 9, 11, 13, 15};
    int32_t n_named = 0;
    const char *colour = put_blocks(n, point, out);
    pt_text_add(out, "plot ");
    for (int32_t i = 0; i < n; i++)
        if (point[i].name == NULL)
            pt_text_add(out, "$p%d using 1:2 with points pt 7 ps 0.4 lc rgb '%s' notitle, ",
                        (int)i, point[i].colour);
    if (colour != NULL)
        pt_text_add(
            out,
            "$curve using 1:2 smooth unique with lines lw 1 dt 2 lc rgb '%s' notitle, ",
            colour);
    for (int32_t i = 0; i < n; i++) {
        if (point[i].name == NULL)
            continue;
        pt_text_add(
            out, "$p%d using 1:2:3 with yerrorbars pt %d ps 0.8 lw 1.5 lc rgb '%s' title ",
            (int)i, shape[n_named++ % (int32_t)(sizeof shape / sizeof shape[0])],
            point[i].colour);
        pt_quote_gnuplot(point[i].name, out);
        pt_text_add(out, ", ");
    }
    pt_text_add(out, "NaN notitle\n");
}

pt_status_t pt_chart_points(const char *const title[2], int32_t n,
                            const pt_chart_point_t *point, const char *path, bool *is_drawn)
{
    pt_text_t script = {0};
    put_axes(title, n, point, &script);
    put_points(n, point, &script);
    pt_status_t status = pt_program_plot(&script, path, is_drawn);
    pt_text_release(&script);
    return status;
}
