/** @file
 * The learning curves of a run.
 */
#ifndef PT_PICTURE_CURVES_H
#define PT_PICTURE_CURVES_H

#include <stdbool.h>

#include "polytree/base/status.h"
#include "polytree/base/text.h"

/** Add a chart of losses, metrics on val and expected edges or cost over the weight steps,
 * as SVG; nothing where no step was made.  Not collective. */
PT_MUST_CHECK pt_status_t pt_curves_draw(const char *run, pt_text_t *svg);

/** The same as RUN/curves.svg; `*is_drawn` is false where no step was made. */
PT_MUST_CHECK pt_status_t pt_curves_write(const char *run, bool *is_drawn);

#endif
