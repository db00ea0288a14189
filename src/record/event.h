/** @file
 * What writing and reading the journals agree on: the words for events and moments.
 */
#ifndef RECORD_EVENT_H
#define RECORD_EVENT_H

#include "polytree/record/journal.h"

/** A phase is a "stage" in the journals, as it has been since their beginning. */
#define EVENT_PHASE_KEY "stage"

extern const char *const event_word[PT_N_EVENT];
extern const char *const event_moment_word[PT_N_MOMENT];

#endif
