/** @file
 * How a run or a sweep stands, also while it is at work.
 */
#ifndef PT_STUDY_STANDING_H
#define PT_STUDY_STANDING_H

#include "polytree/base/text.h"

/**
 * Say for people how the run or the sweep in `folder` stands: at work and for how much
 * longer, stopped, killed or finished, with the last of what its journals say; of a sweep
 * how many runs are done or have failed, and the same of the one at work.  Only reads.  Not
 * collective.
 *
 * @return PT_E_IO where there is no such folder, or it is of no run
 */
PT_MUST_CHECK pt_status_t pt_standing_describe(const char *folder, pt_text_t *out);

#endif
