/** @file
 * Runs that a sweep has given up, each with a file that says why.
 */
#ifndef STUDY_SWEEP_FAILURE_H
#define STUDY_SWEEP_FAILURE_H

#include <stdbool.h>

#include "polytree/study/sweep.h"

/** Why a sweep has given up the run in `folder`; false where it has not. */
bool sweep_failure(const char *folder, char why[PT_SWEEP_WHY]);

/** Is it given up for good?  One that was refused before it began is tried again. */
bool sweep_failure_stands(const char *folder);

/** Give the run up; NULL: no longer. */
PT_MUST_CHECK pt_status_t sweep_failure_write(const char *folder, const char *why);

/** The run that one of this config cannot do without, and which has not come so far; NULL
 * where there is none. */
const char *sweep_missing_need(const pt_config_t *config);

#endif
