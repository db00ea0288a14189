/** @file
 * What a run leaves for people: report.txt and curves.svg.
 */
#ifndef APP_REPORT_H
#define APP_REPORT_H

#include <stdint.h>

#include "app/arrange.h"
#include "polytree/par/reduce.h"
#include "polytree/search/search.h"
#include "polytree/train/trainer.h"

/** What one rank did in this job. */
typedef struct pt_rank_cost {
    pt_trainer_time_t time;
    pt_traffic_stat_t traffic[PT_N_TRAFFIC];
} pt_rank_cost_t;

/** A job that brought a run to its end. */
typedef struct pt_job {
    const pt_run_result_t *result;
    const pt_outlook_t *outlook; /**< NULL: nothing was predicted */
    int32_t n_rank;
    const pt_rank_cost_t *rank; /**< [n_rank] */
    bool is_of_sweep;           /**< which names its baselines at its own end */
} pt_job_t;

/** Traffic so far; a process may hold one run after the other. */
void pt_rank_cost_begin(pt_rank_cost_t *cost);

/** What came on top since; `all` gets every rank's, by rank.  Collective over the layout's
 * active ranks. */
PT_MUST_CHECK pt_status_t pt_rank_cost_gather(const pt_trainer_t *trainer,
                                              const pt_rank_cost_t *begin,
                                              pt_rank_cost_t *all);

/** Warn of runs in section [report] that cannot stand in the report of a run on the data
 * set of digest `data` as they are now.  Not collective. */
void pt_report_check(const pt_config_t *config, const char *data);

/**
 * Write RUN/report.txt: the tasks' metrics beside those of the runs that section [report]
 * names, Delta_m, cost, losses and other metrics, and where the time went.  Prints its
 * heading lines.  Where this job made no steps, what an earlier report said of time is
 * kept.  Rank 0.
 */
PT_MUST_CHECK pt_status_t pt_report_write(const pt_config_t *config, const char *run,
                                          const pt_job_t *job);

/** Write the report of a finished run anew, beside the runs that `config` names now; what
 * it said of time is kept.  Not collective. */
PT_MUST_CHECK pt_status_t pt_report_rewrite(const pt_config_t *config, const char *run);

/** Draw RUN/curves.svg: losses, metric on val (of tasks with unlike metrics:
 * each its own) and expected edges or cost over the weight steps.
 * `*is_drawn` is false where gnuplot is not installed.  Not collective. */
PT_MUST_CHECK pt_status_t pt_report_curves(const char *run, bool *is_drawn);

#endif
