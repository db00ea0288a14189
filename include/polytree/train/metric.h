/** @file
 * Metrics of all tasks, collected over an evaluation.
 *
 * All metrics of a task's kind are collected at once: counts as integers, real quantities,
 * summed over a sample in element order in double, in exact sums, and scores that are to be
 * ordered in lists of their bits.  So nothing depends on the order of samples, on ranks, on
 * units or offsets of labels, or on how many samples there are.
 *
 *     accuracy, pixel_accuracy
 *                   share of labelled elements whose label is the first of the largest
 *                   outputs
 *
 *     balanced_accuracy
 *                   share of a class's elements that are right, mean over the classes that
 *                   are labelled somewhere
 *
 *     macro_f1      2 both / (predicted + labelled), mean over the classes that are
 *                   somewhere predicted or labelled
 *
 *     miou          mean of |both| / |either| over the classes that are somewhere predicted
 *                   or labelled, on the whole part
 *
 *     auc           area under the ROC curve: the chance that a positive's score is above a
 *                   negative's, ties half; mean over classes with both labels.  Scores are
 *                   logits, which do not saturate; of classification, class against rest:
 *                   log p - log(1 - p) with p the class's softmax
 *
 *     max_iou       at each threshold 0.20, 0.25 .. 0.90 the mean over images of the
 *                   positives' IoU (1 where both are empty), and the largest of these
 *                   (Maninis et al., ASTMT, 2019)
 *
 *     rmse, abs_error, rel_error
 *                   over all labelled values of the part: root of the mean of (z - y)^2,
 *                   mean of |z - y|, mean of |z - y| / y
 *
 *     mean_angle, median_angle, within_D
 *                   angle in degrees between output and label; the median of an even number
 *                   is the mean of the two in the middle; within: share below 11.25, 22.5,
 *                   30
 *
 *     edge_f        at each threshold i / 32, i = 1 .. 31, edges {p >= threshold} and
 *                   labelled edges are matched one to one, as many as can be, none farther
 *                   apart than tolerance times the diagonal.  F = 2 P R / (P + R) with
 *                   precision and recall counted over the whole part; the best over
 *                   thresholds (ODS).  Edges are not thinned first.
 *
 *     r2            1 - sum (z - y)^2 / sum (y - mean y)^2 of each channel, mean over those
 *                   whose labels vary
 *
 * What a part has no labels for is NaN.  AUC and median are exact for up to
 * PT_METRIC_EXACT scores of a task in the part; beyond, scores are counted in bins, which
 * are prefixes of a float's bits, and the value has a bound of its error.
 */
#ifndef PT_TRAIN_METRIC_H
#define PT_TRAIN_METRIC_H

#include <stdbool.h>
#include <stdint.h>

#include "polytree/base/real.h"
#include "polytree/par/comm.h"
#include "polytree/train/objective.h"

/** Most scores of a task that are ordered exactly: 4 bytes each, or 8 (see below), spread
 * over the ranks that evaluate it. */
#define PT_METRIC_EXACT ((int64_t)1 << 24)

/** Most classes of which a confusion matrix is kept: of a classification, of which a run
 * may have a thousand, and of a segmentation. */
#define PT_METRIC_CONFUSED 64
#define PT_METRIC_CONFUSED_MAP 256

typedef struct pt_metrics pt_metrics_t;

/**
 * Room for the metrics of all tasks, whose maps are h x w.  Borrows `objective`.
 *
 * Scores take 4 bytes each, those of classification (one for each class) and angles 8, of
 * memory that grows where it is touched.
 */
PT_MUST_CHECK pt_status_t pt_metrics_new(int32_t n_task, const pt_objective_t *objective,
                                         int64_t h, int64_t w, pt_metrics_t **out);
/** NULL is fine. */
void pt_metrics_free(pt_metrics_t *metrics);

/**
 * Begin an evaluation of nothing.
 *
 * @param[in] n_sample  [n_task] most samples of each that will be added, on all ranks
 * @param[in] exact     most scores of a task that are ordered: PT_METRIC_EXACT; the same
 *                      on all ranks
 */
PT_MUST_CHECK pt_status_t pt_metrics_begin(pt_metrics_t *metrics, const int64_t *n_sample,
                                           int64_t exact);

/**
 * Add n samples of a task.
 *
 * @param[in] output  [n, h, w, outputs], 1 x 1 of what is no map
 * @param[in] label   [n, h, w, labels]; PT_LABEL_NONE or NaN where there is none
 * @param[in] rest    of a regression what rounding has left of the labels, NaN where there
 *                    is none; NULL: nothing
 */
void pt_metrics_add(pt_metrics_t *metrics, int32_t task, int64_t n, const pt_real_t *output,
                    const pt_label_t *label, const pt_label_t *rest);

/**
 * Bring together what all ranks have added.
 *
 * @param[in] data   ranks among which the samples of a task are spread; other ranks of the
 *                   world have none of those samples.  Collective over it,
 * @param[in] world  and over this.
 */
PT_MUST_CHECK pt_status_t pt_metrics_sum(pt_metrics_t *metrics, pt_comm_t *data,
                                         pt_comm_t *world);

/** The first task with an output or label that is not finite in a sum; -1: none. */
int32_t pt_metrics_bad(const pt_metrics_t *metrics);

/**
 * One of the metrics of the task's kind; NaN where nothing is labelled.
 *
 * @param[out] bound  of its error, 0 where it is exact; NULL is fine
 */
double pt_metrics_value(const pt_metrics_t *metrics, int32_t task, pt_task_metric_t metric,
                        double *bound);

/** Elements of label i for which class j was put out, [classes][classes] of a task of
 * classes; borrowed.  NULL of other kinds and of too many classes. */
const int64_t *pt_metrics_confusion(const pt_metrics_t *metrics, int32_t task);

/** Whether less of the metric of that name is better. */
bool pt_metric_is_error(const char *name);
/** Whether a relative change of the metric of that name means something: an error, or a
 * share above 0; not r2, which passes through 0. */
bool pt_metric_is_relative(const char *name);

#endif
