/** @file
 * The networks that a run has judged, by cost and score.
 */
#ifndef PT_PICTURE_CHOICE_H
#define PT_PICTURE_CHOICE_H

#include <stdbool.h>
#include <stdint.h>

#include "polytree/base/status.h"
#include "polytree/base/text.h"
#include "polytree/record/candidates.h"

/** Whether some are wider or narrower than their space. */
bool pt_candidates_have_widths(int64_t n, const pt_candidate_entry_t *entry);

/** Add a chart of all of them by cost, in `unit`, and score. */
PT_MUST_CHECK pt_status_t pt_candidates_draw(const char *unit, int64_t n,
                                             const pt_candidate_entry_t *entry,
                                             pt_text_t *svg);

/**
 * Write PT_FILE_FRONT: a line for each candidate that is on the front, hand-made, final
 * or chosen, by ascending cost.  Draw all of them in PT_FILE_FRONT_PLOT.  Not collective.
 *
 * @param[in] unit  of the costs
 */
PT_MUST_CHECK pt_status_t pt_picture_candidates(const char *run, const char *unit,
                                                int64_t n,
                                                const pt_candidate_entry_t *entry);

#endif
