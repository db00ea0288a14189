/** @file
 * Charts of numbers with their standard errors, drawn by gnuplot as SVG.
 */
#ifndef PT_PICTURE_CHART_H
#define PT_PICTURE_CHART_H

#include <stdbool.h>
#include <stdint.h>

#include "polytree/base/status.h"

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

/**
 * Draw the rows one below the other, the first on top.  Not collective.
 *
 * @param[in]  title     of the axis
 * @param[out] is_drawn  false where gnuplot is not installed
 */
PT_MUST_CHECK pt_status_t pt_chart_rows(const char *title, int32_t n,
                                        const pt_chart_row_t *row, const char *path,
                                        bool *is_drawn);

/** Draw points by two numbers, `title` of the x and the y axis; as above. */
PT_MUST_CHECK pt_status_t pt_chart_points(const char *const title[2], int32_t n,
                                          const pt_chart_point_t *point, const char *path,
                                          bool *is_drawn);

#endif
