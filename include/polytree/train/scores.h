/** @file
 * The scores of outputs against labels: loss and metrics of all tasks, over all ranks.
 */
#ifndef PT_TRAIN_SCORES_H
#define PT_TRAIN_SCORES_H

#include <stdint.h>

#include "polytree/base/status.h"
#include "polytree/par/comm.h"
#include "polytree/train/metric.h"
#include "polytree/train/objective.h"

typedef struct pt_task_score {
    double loss;
    double metric; /**< the objective's; NaN where nothing is labelled for the task */
    int64_t n;     /**< samples that have a label */
    double value[PT_KIND_METRICS]; /**< all metrics, in the order of pt_kind_metrics() */
    double bound[PT_KIND_METRICS]; /**< of their errors; 0: exact */
} pt_task_score_t;

typedef struct pt_scores pt_scores_t;

/** Room for the scores of all tasks, whose maps are h x w.  Borrows `objective`.  Not
 * collective. */
PT_MUST_CHECK pt_status_t pt_scores_new(int32_t n_task, const pt_objective_t *objective,
                                        int64_t h, int64_t w, pt_scores_t **out);
/** NULL is fine. */
void pt_scores_free(pt_scores_t *scores);

/** Begin with nothing; n_sample[k] samples of task k will be added on all ranks, at most.
 * Not collective. */
PT_MUST_CHECK pt_status_t pt_scores_begin(pt_scores_t *scores, const int64_t *n_sample);

/**
 * Add n samples of a task, without smoothing.
 *
 * @param[in] output  [n, h, w, outputs], 1 x 1 of what is no map
 * @param[in] label   [n, h, w, labels]; PT_LABEL_NONE or NaN where there is none
 * @param[in] rest    of a regression what rounding has left of the labels, NaN where there
 *                    is none; NULL: nothing
 */
void pt_scores_add(pt_scores_t *scores, int32_t task, int64_t n, const pt_real_t *output,
                   const pt_label_t *label, const pt_label_t *rest);

/** Bring together what all ranks have added; see pt_metrics_sum().  Collective. */
PT_MUST_CHECK pt_status_t pt_scores_sum(pt_scores_t *scores, pt_comm_t *data,
                                        pt_comm_t *world);

/** A task's scores; false where they are none, as outputs or labels are not finite. */
bool pt_scores_read(const pt_scores_t *scores, int32_t task, pt_task_score_t *score);

/** What they were scored by. */
const pt_metrics_t *pt_scores_metrics(const pt_scores_t *scores);

/** Whether all tasks are judged by one metric: metrics of several kinds have no mean. */
bool pt_have_common_metric(const pt_objective_t *objective, int32_t n_task);

#endif
