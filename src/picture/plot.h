/** @file
 * Charts as SVG: panels with their axes, and what is drawn in them.
 *
 * Texts, axes and grids have the colour of what is around (currentColor), so that a chart
 * can stand on a page of any; nothing of it is a style, which a page may forbid.
 */
#ifndef PICTURE_PLOT_H
#define PICTURE_PLOT_H

#include <stddef.h>
#include <stdint.h>

#include "polytree/base/text.h"

enum {
    PLOT_WIDTH = 760,
    PLOT_LINE = 18, /**< height of a line of text */
    PLOT_LEFT = 72, /**< of a panel, for the numbers of its y axis */
    PLOT_RIGHT = 16
};

typedef struct plot_range {
    double low, high;
} plot_range_t;

/** Where a panel is, and what its axes stand for. */
typedef struct plot {
    double left, top, width, height;
    plot_range_t x, y;
} plot_t;

extern const plot_range_t plot_nothing;

/** Take in a number with what it may be off by; one that is not finite is left out. */
void plot_widen(plot_range_t *range, double x, double error);

/** Leave room at both ends, but none below 0 or above 1 where no number is. */
void plot_pad(plot_range_t *range, double part);

void plot_begin(double width, double height, const char *about, pt_text_t *out);
void plot_end(pt_text_t *out);

/** Grid, numbers and title of an axis; the title of a y axis stands above it. */
void plot_x_axis(const plot_t *p, const char *title, pt_text_t *out);
void plot_y_axis(const plot_t *p, const char *title, pt_text_t *out);

/** A number on the axis as a length in the chart. */
double plot_x(const plot_t *p, double x);
double plot_y(const plot_t *p, double y);

/** Points joined from left to right; of many that fall together the outermost are drawn. */
void plot_curve(const plot_t *p, const char *colour, size_t n, const double *x,
                const double *y, pt_text_t *out);

/** A point with the bar of its error (0: none); `shape` counts up, and says what it is to
 * who asks. */
void plot_point(const plot_t *p, int32_t shape, const char *colour, double x, double y,
                double error, const char *about, pt_text_t *out);

/** The bar of an error along the x axis. */
void plot_bar(const plot_t *p, const char *colour, double x, double y, double error,
              pt_text_t *out);

/** The mark of a shape, of a radius, in lengths of the chart. */
void plot_mark(int32_t shape, const char *colour, double x, double y, double radius,
               pt_text_t *out);

/** A text in lengths of the chart; `anchor` is "start", "middle" or "end". */
void plot_text(double x, double y, const char *anchor, const char *text, pt_text_t *out);

/** What a text takes in width, about. */
double plot_text_width(const char *text);

/** Write a chart as a file of its own, on white.  Takes the text. */
PT_MUST_CHECK pt_status_t plot_write(const char *path, pt_text_t *svg);

#endif
