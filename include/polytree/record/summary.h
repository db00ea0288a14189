/** @file
 * What a run has come to, read from its folder: from its journal and its architecture.
 */
#ifndef PT_RECORD_SUMMARY_H
#define PT_RECORD_SUMMARY_H

#include <stdbool.h>
#include <stdint.h>

#include "polytree/arch/cost.h"
#include "polytree/base/status.h"

enum { PT_SUMMARY_OTHER = 8, PT_SUMMARY_WHY = 192 };

typedef struct pt_summary_metric {
    char name[32];
    double value; /**< NaN where there were no labels */
    double bound; /**< of its error; 0: exact */
} pt_summary_metric_t;

typedef struct pt_summary_task {
    char name[64];
    char metric_name[32];
    int64_t n;   /**< samples with labels */
    double loss; /**< NaN where there were none */
    int32_t n_other;
    pt_summary_metric_t other[PT_SUMMARY_OTHER]; /**< metrics beside `metric` */
    double metric;                               /**< NaN where there were no labels */
    double bound;                                /**< of its error; 0: exact */
    int32_t n_class;    /**< of the confusion matrix; 0: there is none */
    int64_t *confusion; /**< [n_class][n_class] elements of a label put out as a class */
    double val;    /**< the same of the last evaluation on val; NaN where there was none */
    bool is_error; /**< less is better */
    struct {
        char name[32]; /**< empty: no metric of the task has a relative change */
        double value, val;
        bool is_error;
    } judged;       /**< by Delta_m: `metric`, but of r2 the rmse that stands beside it */
    pt_cost_t cost; /**< encoder_madds is 0 where that was not written */
} pt_summary_task_t;

typedef struct pt_summary {
    bool is_done;  /**< has final scores; without them only cost and val are set */
    bool has_cost; /**< has a network */
    char part[8];  /**< the final scores are of: "test", "val" or "train" */
    int64_t kept; /**< step of the weights that were kept as the best; -1: the last one's */
    double mean;  /**< of the tasks' metrics; NaN before */
    double val;   /**< mean of the last evaluation on val; NaN where there was none */
    pt_cost_t cost;
    struct {
        int64_t n; /**< candidates that it was chosen of; 0: none were judged */
        int64_t number, n_final, n_tied;
        char origin[16], judge[32];
        double score, error, worst, spent, supernet_samples, training_samples;
    } choice;                   /**< pt_event_choice_t */
    double searching, training; /**< samples (pt_event_samples_t); NaN where not told */
    int32_t n_task;
    pt_summary_task_t *task; /**< in the order of the run */
} pt_summary_t;

/**
 * Read what folder `run` says.  A last line that is only half written is left out.  Not
 * collective; release it, also after a failure.
 *
 * @return PT_E_IO where there is no such run, PT_E_FORMAT where its files are damaged
 */
PT_MUST_CHECK pt_status_t pt_summary_read(const char *run, pt_summary_t *summary);
void pt_summary_release(pt_summary_t *summary);

/** Digest of the data set that a run is of, as its checkpoint says; "" where it has none.
 * Not collective. */
void pt_summary_data(const char *run, char digest[33]);

/** The same of the version of polytree that wrote the checkpoint. */
void pt_summary_version(const char *run, char version[32]);

/** The task of that name, or NULL. */
const pt_summary_task_t *pt_summary_find(const pt_summary_t *summary, const char *name);

/**
 * Gain over another run, mean over the tasks, which are found by name:
 *
 *     Delta_m = (1/K) sum_k (-1)^{lower is better} (M_k - S_k) / |S_k|
 *
 * (Maninis et al. 2019), M_k and S_k the tasks' `judged`: errors, or shares above 0.  NaN
 * where a task is missing or has no such number in either, or S_k is 0.
 *
 * @param[out] why  room for PT_SUMMARY_WHY bytes: where it is NaN, for which task and
 *                  reason, else ""; may be NULL
 */
double pt_summary_delta(const pt_summary_t *run, const pt_summary_t *single, char *why);

/** The same of the last evaluations on val. */
double pt_summary_delta_val(const pt_summary_t *run, const pt_summary_t *single);

#endif
