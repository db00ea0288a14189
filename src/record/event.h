/** @file
 * What writing and reading the journals agree on: the words for events and moments.
 */
#ifndef RECORD_EVENT_H
#define RECORD_EVENT_H

#include "polytree/record/journal.h"

/** Key of every line's phase, and the event that one begins. */
#define EVENT_PHASE "phase"
/** What both were called once: journals of such runs are still read. */
#define EVENT_PHASE_ONCE "stage"

extern const char *const event_word[PT_N_EVENT];
extern const char *const event_moment_word[PT_N_MOMENT];

#endif
