/** @file
 * The learning curves of a run, drawn by gnuplot.
 */
#ifndef PT_PICTURE_CURVES_H
#define PT_PICTURE_CURVES_H

#include <stdbool.h>

#include "polytree/base/status.h"

/** Draw RUN/curves.svg: losses, metric on val (of tasks with unlike metrics:
 * each its own) and expected edges or cost over the weight steps.
 * `*is_drawn` is false where gnuplot is not installed.  Not collective. */
PT_MUST_CHECK pt_status_t pt_curves_write(const char *run, bool *is_drawn);

#endif
