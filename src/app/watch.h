/** @file
 * No rank waits for ever for one that failed alone, is gone, does not run or stands still.
 */
#ifndef APP_WATCH_H
#define APP_WATCH_H

#include <stdbool.h>

#include "polytree/base/status.h"

/**
 * Watch over the ranks of this node until pt_watch_finish(): where one is gone or does not
 * run for some seconds (POLYTREE_PATIENCE in the environment; 0: for ever), all ranks end
 * with one line on stderr.  Collective over all ranks.
 */
PT_MUST_CHECK pt_status_t pt_watch_begin(void);

/**
 * From now on watch over the work of this process too: where a step or an evaluation stands
 * still for `seconds` and ten times the longest step, all ranks end with one line that says
 * which rank, what it was about and for how long; 0: never.  Outside of steps and
 * evaluations, as in the writing of a checkpoint, nobody is missed.  Not collective.
 */
void pt_watch_stalls(double seconds);

/**
 * Where `status` is a failure: it is printed (rank 0), or will be should the others not
 * fail too within that time; then all ranks end.  An agreement calls it on ranks that bring
 * a failure; call it before anything else collective that follows one.  Safe to call again.
 */
void pt_watch_failure(pt_status_t status);

/**
 * From now on the command is about one of several runs, NULL: about none.  A failure that
 * does not name its folder is told with it, and on rank 0 too only at the end of the
 * command or where the others do not come.  Not collective; copies `run`.
 */
void pt_watch_about(const char *run);

/**
 * A failure that all ranks have agreed on does not end the command: nobody is waited for on
 * its account, and the next one is told.  Not collective.
 */
void pt_watch_forgive(void);

/** All ranks come together at the end of a command: the exit code; rank 0's `code`, if
 * nobody failed. */
int pt_watch_finish(pt_status_t status, int code);

/** Whether it is for this process to tell of the end: one of a node does, once.  It may be
 * asked in a signal's handler. */
bool pt_watch_may_tell(void);

/** What went wrong, for people. */
const char *pt_failure_message(void);

/** "polytree: ..." on stderr; the trace too where POLYTREE_TRACE is set. */
void pt_print_failure(void);

#endif
