/* Charts of numbers with their standard errors. */
#include "polytree/picture/chart.h"

#include <math.h>
#include <stdio.h>

#include "picture/plot.h"

enum { HEIGHT = 380, ROW_HEIGHT = 26, MOST_LABEL = 420 };

/* Of the labels of rows. */
static double label_width(int32_t n, const pt_chart_row_t *row)
{
    double width = 60;
    for (int32_t i = 0; i < n; i++)
        width = fmax(width, plot_text_width(row[i].name));
    return fmin(width, MOST_LABEL);
}

void pt_chart_rows(const char *title, int32_t n, const pt_chart_row_t *row, pt_text_t *svg)
{
    double left = 16 + label_width(n, row), height = ROW_HEIGHT * n;
    plot_t p = {.left = left,
                .top = 12,
                .width = PLOT_WIDTH - PLOT_RIGHT - PLOT_LEFT,
                .height = height,
                .x = plot_nothing,
                .y = {0, n}};
    for (int32_t i = 0; i < n; i++)
        plot_widen(&p.x, row[i].value, row[i].error);
    plot_pad(&p.x, 0.05);
    plot_begin(left + p.width + PLOT_RIGHT + 8, height + 58, title, svg);
    if (p.x.low < p.x.high)
        plot_x_axis(&p, title, svg);
    for (int32_t i = 0; i < n; i++) {
        double y = n - i - 0.5;
        char about[64];
        plot_text(left - 8, plot_y(&p, y) + 4, "end", row[i].name, svg);
        if (!isfinite(row[i].value))
            continue;
        snprintf(about, sizeof about, row[i].error > 0 ? "%.6g +- %.2g" : "%.6g",
                 row[i].value, row[i].error);
        plot_bar(&p, "#1f77b4", row[i].value, y, row[i].error, svg);
        plot_point(&p, 0, "#1f77b4", row[i].value, y, 0, about, svg);
    }
    plot_end(svg);
}

static void put_curve(const plot_t *p, int32_t n, const pt_chart_point_t *point,
                      pt_text_t *svg)
{
    bool is_begun = false;
    double reached = -INFINITY;
    for (;;) {
        int32_t next = -1;
        for (int32_t i = 0; i < n; i++)
            if (point[i].is_on_curve && point[i].x > reached &&
                (next < 0 || point[i].x < point[next].x))
                next = i;
        if (next < 0)
            break;
        if (!is_begun)
            pt_text_add(svg,
                        "<path fill=\"none\" stroke-dasharray=\"5 4\" stroke=\"%s\" "
                        "d=\"M",
                        point[next].colour);
        pt_text_add(svg, "%s%.1f %.1f", is_begun ? "L" : "", plot_x(p, point[next].x),
                    plot_y(p, point[next].y));
        reached = point[next].x;
        is_begun = true;
    }
    if (is_begun)
        pt_text_add(svg, "\"/>\n");
}

static void put_points(const plot_t *p, int32_t n, const pt_chart_point_t *point,
                       pt_text_t *svg)
{
    int32_t n_named = 0;
    for (int32_t i = 0; i < n; i++)
        if (point[i].name == NULL)
            plot_point(p, 0, point[i].colour, point[i].x, point[i].y, 0, NULL, svg);
    put_curve(p, n, point, svg);
    for (int32_t i = 0; i < n; i++)
        if (point[i].name != NULL)
            plot_point(p, n_named++, point[i].colour, point[i].x, point[i].y,
                       point[i].error, point[i].name, svg);
}

static void put_legend(double top, int32_t n, const pt_chart_point_t *point, pt_text_t *svg)
{
    int32_t n_named = 0;
    for (int32_t i = 0; i < n; i++)
        if (point[i].name != NULL) {
            double y = top + PLOT_LINE * n_named;
            plot_mark(n_named, point[i].colour, PLOT_LEFT, y - 4, 4.5, svg);
            plot_text(PLOT_LEFT + 14, y, "start", point[i].name, svg);
            n_named++;
        }
}

void pt_chart_points(const char *const title[2], int32_t n, const pt_chart_point_t *point,
                     pt_text_t *svg)
{
    plot_t p = {.left = PLOT_LEFT,
                .top = 36,
                .width = PLOT_WIDTH - PLOT_LEFT - PLOT_RIGHT,
                .height = HEIGHT,
                .x = plot_nothing,
                .y = plot_nothing};
    int32_t n_named = 0;
    for (int32_t i = 0; i < n; i++) {
        plot_widen(&p.x, point[i].x, 0);
        plot_widen(&p.y, point[i].y, point[i].error);
        n_named += point[i].name != NULL;
    }
    double room = p.x.high > p.x.low ? 0.08 * (p.x.high - p.x.low) : 0.1 * fabs(p.x.high);
    p.x = (plot_range_t){fmax(0, p.x.low - room), p.x.high + room};
    plot_pad(&p.y, 0.08);
    double bottom = p.top + p.height + 60;
    plot_begin(PLOT_WIDTH, bottom + PLOT_LINE * n_named, title[1], svg);
    if (p.x.low < p.x.high && p.y.low < p.y.high) {
        plot_x_axis(&p, title[0], svg);
        plot_y_axis(&p, title[1], svg);
        put_points(&p, n, point, svg);
        put_legend(bottom, n, point, svg);
    }
    plot_end(svg);
}

pt_status_t pt_chart_write(const char *path, pt_text_t *svg)
{
    return plot_write(path, svg);
}
