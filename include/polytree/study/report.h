/** @file
 * What a finished run leaves for people to read: its scores beside those of other runs,
 * what it costs, and where the time went.
 */
#ifndef PT_STUDY_REPORT_H
#define PT_STUDY_REPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "polytree/base/text.h"
#include "polytree/config/config.h"
#include "polytree/par/reduce.h"
#include "polytree/search/search.h"
#include "polytree/study/kept.h"
#include "polytree/train/trainer.h"

/** What one rank did in this job. */
typedef struct pt_rank_cost {
    pt_trainer_time_t time;
    pt_traffic_stat_t traffic[PT_N_TRAFFIC];
} pt_rank_cost_t;

/** Seconds that a step was to take. */
typedef struct pt_step_seconds {
    double weight, alpha;
} pt_step_seconds_t;

/** A job that brought a run to its end. */
typedef struct pt_job {
    const pt_run_result_t *result;
    const pt_step_seconds_t *predicted; /**< NULL: nothing was */
    int32_t n_rank;
    const pt_rank_cost_t *rank; /**< [n_rank] */
    bool is_of_sweep;           /**< which names its baselines at its own end */
    const pt_kept_t *kept;      /**< tasks that were there before; NULL: none */
} pt_job_t;

/** Traffic so far; a process may hold one run after the other. */
void pt_rank_cost_begin(pt_rank_cost_t *cost);

/** What came on top since; `all` gets every rank's, by rank.  Collective over the layout's
 * active ranks. */
PT_MUST_CHECK pt_status_t pt_rank_cost_gather(const pt_trainer_t *trainer,
                                              const pt_rank_cost_t *begin,
                                              pt_rank_cost_t *all);

/** Log a warning of each run in section [report] that cannot stand in the report of a run
 * on the data set of digest `data` as it is now; once while nothing changes.  Not
 * collective. */
void pt_report_check(const pt_config_t *config, const char *data);

/**
 * Write RUN/report.txt: the tasks' metrics beside those of the runs that section [report]
 * names, Delta_m, cost, losses and other metrics, and where the time went.  Of a run that
 * is not finished nothing is written.  Not collective.
 *
 * @param[in]  job  which brought the run to its end; NULL: an earlier one did.  Where it
 *                  made no steps, what an earlier report said of time is kept
 * @param[out] out  gets the report's main lines, and where it is; unused without a job
 */
PT_MUST_CHECK pt_status_t pt_report_write(const pt_config_t *config, const char *run,
                                          const pt_job_t *job, pt_text_t *out);

#endif
