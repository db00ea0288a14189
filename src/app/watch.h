/** @file
 * No rank waits for ever for one that failed alone.
 */
#ifndef APP_WATCH_H
#define APP_WATCH_H

#include "polytree/base/status.h"

/**
 * Where `status` is a failure: this rank's error is printed (rank 0), or will be should
 * the others not fail too within some seconds; then all ranks end.  Call it before
 * anything collective that follows a failure.  Safe to call again.
 */
void pt_watch_failure(pt_status_t status);

/** All ranks come together at the end of a command: the exit code; rank 0's `code`, if
 * nobody failed. */
int pt_watch_finish(pt_status_t status, int code);

/** "polytree: ..." on stderr; the trace too where POLYTREE_TRACE is set. */
void pt_print_failure(void);

#endif
