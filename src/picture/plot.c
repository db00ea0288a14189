/* Charts as SVG. */
#include "picture/plot.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "polytree/base/quote.h"
#include "polytree/io/file.h"

const plot_range_t plot_nothing = {INFINITY, -INFINITY};

void plot_widen(plot_range_t *range, double x, double error)
{
    if (!isfinite(x) || !isfinite(error))
        return;
    range->low = fmin(range->low, x - error);
    range->high = fmax(range->high, x + error);
}

void plot_pad(plot_range_t *r, double part)
{
    double room = r->high > r->low ? part * (r->high - r->low) : 0.01;
    double least = r->low >= 0 ? 0 : -INFINITY, most = r->high <= 1 ? 1 : INFINITY;
    r->low = fmax(r->low - room, least);
    r->high = fmin(r->high + room, most);
}

void plot_begin(double width, double height, const char *about, pt_text_t *out)
{
    pt_text_add(out,
                "<svg viewBox=\"0 0 %.0f %.0f\" width=\"%.0f\" height=\"%.0f\" "
                "font-family=\"system-ui, sans-serif\" font-size=\"12\" "
                "fill=\"currentColor\" role=\"img\" aria-label=\"",
                width, height, width, height);
    pt_quote_html(about, out);
    pt_text_add(out, "\">\n");
}

void plot_end(pt_text_t *out)
{
    pt_text_add(out, "</svg>\n");
}

double plot_x(const plot_t *p, double x)
{
    return p->left + p->width * (x - p->x.low) / (p->x.high - p->x.low);
}

double plot_y(const plot_t *p, double y)
{
    return p->top + p->height * (p->y.high - y) / (p->y.high - p->y.low);
}

/* 1, 2 or 5 times a power of ten, so that `n` of them or more make up the range. */
static double step_of(plot_range_t r, int n)
{
    double rough = (r.high - r.low) / n, power = pow(10, floor(log10(rough)));
    double times = rough / power;
    return power * (times >= 5 ? 5 : times >= 2 ? 2 : 1);
}

/* Where an axis has numbers: at the multiples `first` to `last` of a step, all in one unit,
 * with the digits behind the point that the step wants. */
typedef struct ticks {
    double step, first, last;
    const char *unit;
    double scale;
    int digits;
} ticks_t;

static ticks_t ticks_of(plot_range_t r, int n)
{
    ticks_t t = {.step = step_of(r, n), .unit = "", .scale = 1};
    double most = fmax(fabs(r.low), fabs(r.high));
    t.first = ceil(r.low / t.step - 1e-9);
    t.last = floor(r.high / t.step + 1e-9);
    if (most >= 1e5)
        t.unit = pt_unit(most, &t.scale);
    t.digits = (int)fmin(9, fmax(0, ceil(-log10(t.step / t.scale) - 1e-9)));
    return t;
}

/* No "-0". */
static void put_number(const ticks_t *t, double x, char text[32])
{
    snprintf(text, 32, "%.*f%s%s", t->digits, x / t->scale + 0.0, *t->unit ? " " : "",
             t->unit);
}

static void put_line(double x1, double y1, double x2, double y2, const char *opacity,
                     pt_text_t *out)
{
    pt_text_add(out,
                "<path d=\"M%.1f %.1fL%.1f %.1f\" stroke=\"currentColor\" "
                "stroke-opacity=\"%s\"/>\n",
                x1, y1, x2, y2, opacity);
}

void plot_x_axis(const plot_t *p, const char *title, pt_text_t *out)
{
    const ticks_t ticks = ticks_of(p->x, 5);
    const double bottom = p->top + p->height;
    char text[32];
    for (double i = ticks.first; i <= ticks.last; i++) {
        double x = plot_x(p, i * ticks.step);
        put_number(&ticks, i * ticks.step, text);
        put_line(x, p->top, x, bottom, "0.15", out);
        plot_text(x, bottom + 16, "middle", text, out);
    }
    put_line(p->left, bottom, p->left + p->width, bottom, "0.6", out);
    plot_text(p->left + p->width / 2, bottom + 34, "middle", title, out);
}

void plot_y_axis(const plot_t *p, const char *title, pt_text_t *out)
{
    const ticks_t ticks = ticks_of(p->y, 3);
    char text[32];
    for (double i = ticks.first; i <= ticks.last; i++) {
        double y = plot_y(p, i * ticks.step);
        put_number(&ticks, i * ticks.step, text);
        put_line(p->left, y, p->left + p->width, y, "0.15", out);
        plot_text(p->left - 8, y + 4, "end", text, out);
    }
    put_line(p->left, p->top, p->left, p->top + p->height, "0.6", out);
    plot_text(8, p->top - 10, "start", title, out);
}

/* What falls on one column of half a unit: where it begins, ends, and how far it goes. */
typedef struct column {
    double at, first, last, low, high;
} plot_column_t;

static void put_column(const plot_column_t *c, bool is_begin, pt_text_t *out)
{
    pt_text_add(out, "%s%.1f %.1f", is_begin ? "M" : "L", c->at, c->first);
    if (c->low < c->high)
        pt_text_add(out, "L%.1f %.1fL%.1f %.1fL%.1f %.1f", c->at, c->low, c->at, c->high,
                    c->at, c->last);
}

void plot_curve(const plot_t *p, const char *colour, size_t n, const double *x,
                const double *y, pt_text_t *out)
{
    bool is_begin = true, is_any = false;
    plot_column_t column = {.at = 0};
    pt_text_add(out,
                "<path fill=\"none\" stroke=\"%s\" stroke-width=\"1.5\" "
                "stroke-linejoin=\"round\" d=\"",
                colour);
    for (size_t i = 0; i < n; i++) {
        double at = floor(2 * plot_x(p, x[i])) / 2, height = plot_y(p, y[i]);
        if (is_any && at <= column.at) {
            column.last = height;
            column.low = fmin(column.low, height);
            column.high = fmax(column.high, height);
            continue;
        }
        if (is_any)
            put_column(&column, is_begin, out);
        is_begin &= !is_any;
        is_any = true;
        column = (plot_column_t){at, height, height, height, height};
    }
    if (is_any)
        put_column(&column, is_begin, out);
    pt_text_add(out, "\"/>\n");
}

/* Corners of the shapes, by how far they are from the middle. */
static const char *const shape_path[] = {NULL, "M-1-1H1V1H-1z", "M0-1.2L1.2 .9H-1.2z",
                                         "M0 1.2L1.2-.9H-1.2z",
                                         "M0-1.3L1.2 0L0 1.3L-1.2 0z"};

static void begin_mark(int32_t shape, const char *colour, double x, double y, double radius,
                       pt_text_t *out)
{
    const char *path =
        shape_path[shape % (int32_t)(sizeof shape_path / sizeof *shape_path)];
    if (path == NULL)
        pt_text_add(out, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"%.1f\" fill=\"%s\">", x, y,
                    radius, colour);
    else
        pt_text_add(out,
                    "<path transform=\"translate(%.1f %.1f) scale(%.1f)\" d=\"%s\" "
                    "fill=\"%s\">",
                    x, y, radius, path, colour);
}

static void end_mark(int32_t shape, pt_text_t *out)
{
    bool is_circle =
        shape_path[shape % (int32_t)(sizeof shape_path / sizeof *shape_path)] == NULL;
    pt_text_add(out, "</%s>\n", is_circle ? "circle" : "path");
}

void plot_mark(int32_t shape, const char *colour, double x, double y, double radius,
               pt_text_t *out)
{
    begin_mark(shape, colour, x, y, radius, out);
    end_mark(shape, out);
}

static void put_error(double x1, double y1, double x2, double y2, const char *colour,
                      pt_text_t *out)
{
    pt_text_add(out,
                "<path d=\"M%.1f %.1fL%.1f %.1f\" stroke=\"%s\" stroke-width=\"1.5\"/>\n",
                x1, y1, x2, y2, colour);
}

void plot_point(const plot_t *p, int32_t shape, const char *colour, double x, double y,
                double error, const char *about, pt_text_t *out)
{
    double radius = about != NULL ? 4.5 : 2.2;
    if (error > 0)
        put_error(plot_x(p, x), plot_y(p, y - error), plot_x(p, x), plot_y(p, y + error),
                  colour, out);
    begin_mark(shape, colour, plot_x(p, x), plot_y(p, y), radius, out);
    if (about != NULL) {
        pt_text_add(out, "<title>");
        pt_quote_html(about, out);
        pt_text_add(out, "</title>");
    }
    end_mark(shape, out);
}

void plot_bar(const plot_t *p, const char *colour, double x, double y, double error,
              pt_text_t *out)
{
    if (error > 0)
        put_error(plot_x(p, x - error), plot_y(p, y), plot_x(p, x + error), plot_y(p, y),
                  colour, out);
}

void plot_text(double x, double y, const char *anchor, const char *text, pt_text_t *out)
{
    pt_text_add(out, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">", x, y, anchor);
    pt_quote_html(text, out);
    pt_text_add(out, "</text>\n");
}

double plot_text_width(const char *text)
{
    return 7 * pt_columns(text);
}

pt_status_t plot_write(const char *path, pt_text_t *svg)
{
    static const char tag[] = "<svg ";
    const size_t skip = sizeof tag - 1;
    pt_text_t file = {0};
    if (svg->status == PT_OK && svg->n > skip) {
        pt_text_add(&file,
                    "%sxmlns=\"http://www.w3.org/2000/svg\" style=\"background:#fff\" ",
                    tag);
        pt_text_add_bytes(&file, svg->data + skip, svg->n - skip);
    }
    pt_status_t status = svg->status;
    pt_text_release(svg);
    if (status == PT_OK)
        return pt_file_write_text(path, &file);
    pt_text_release(&file);
    return status;
}
