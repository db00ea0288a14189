/** @file
 * One job at a time works in the folder of a run.
 */
#ifndef PT_RECORD_RUN_LOCK_H
#define PT_RECORD_RUN_LOCK_H

#include "polytree/base/status.h"

/**
 * Hold folder `run` for this job, by a lock on its lock file: PT_E_BUSY where another job
 * has it.  On a file system without locks a warning says so, and a job is held off whose
 * process is seen from here.
 */
PT_MUST_CHECK pt_status_t pt_run_lock(const char *run, int *fd);
void pt_run_unlock(const char *run, int fd);

typedef enum pt_run_hold {
    PT_RUN_FREE,
    PT_RUN_HELD,      /**< a job is at work */
    PT_RUN_ABANDONED, /**< the last job ended without unlocking: it was killed or crashed */
    PT_RUN_UNKNOWN    /**< one of both: there are no locks, and it is on another machine */
} pt_run_hold_t;

/** Look at the lock of folder `run`, without holding anybody off; `holder` gets "pid N on
 * HOST" of the last job ("" where it has unlocked). */
pt_run_hold_t pt_run_holder(const char *run, char holder[256]);

#endif
