/** @file
 * What the journal of times says of all jobs that were at work on a run.
 */
#ifndef PT_RECORD_JOBS_H
#define PT_RECORD_JOBS_H

#include "polytree/record/journal.h"

/** Jobs of a run that have said something; seconds are rank 0's. */
typedef struct pt_jobs {
    int32_t n;
    int32_t n_stopped; /**< with a checkpoint */
    int32_t n_failed;
    int32_t n_open;            /**< ended neither way: done, at work, killed or crashed */
    bool is_last_open;         /**< the last is one of them */
    int64_t job;               /**< the last one: ms since 1970 at its start */
    double wall;               /**< of all of them */
    int64_t resident_peak;     /**< bytes, at most */
    pt_trainer_time_t time;    /**< of all of them */
    int64_t n_checkpoint;      /**< written by all of them ... */
    double checkpoint_seconds; /**< ... in so long */
} pt_jobs_t;

/** Read PT_FILE_TIMING of folder `run`; what is not there or cannot be read is of no jobs.
 * Not collective. */
void pt_jobs_read(const char *run, pt_jobs_t *jobs);

#endif
