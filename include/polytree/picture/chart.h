/** @file
 * Charts of numbers with their standard errors, as SVG.
 */
#ifndef PT_PICTURE_CHART_H
#define PT_PICTURE_CHART_H

#include <stdbool.h>
#include <stdint.h>

#include "polytree/base/status.h"
#include "polytree/base/text.h"

typedef struct pt_chart_row {
    const char *name;
    double value; /**< NaN: there is none */
    double error; /**< 0: not known */
} pt_chart_row_t;

typedef struct pt_chart_point {
    const char *name;   /**< in the legend; NULL: one of a crowd, small and grey */
    const char *colour; /**< "#1f77b4" */
    double x, y, error;
    bool is_on_curve; /**< a line joins these, from left to right */
} pt_chart_point_t;

/** Add a chart of the rows, one below the other, the first on top; `title` of the axis. */
void pt_chart_rows(const char *title, int32_t n, const pt_chart_row_t *row, pt_text_t *svg);

/** Add one of points by two numbers, `title` of the x and the y axis. */
void pt_chart_points(const char *const title[2], int32_t n, const pt_chart_point_t *point,
                     pt_text_t *svg);

/** Write a chart as a file of its own.  The text is released, also after a failure. */
PT_MUST_CHECK pt_status_t pt_chart_write(const char *path, pt_text_t *svg);

#endif
