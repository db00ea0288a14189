/** @file
 * Metrics.
 *
 * All metrics of a task's kind are collected at once, as integers, so that they add up
 * exactly over samples and ranks in any order.  Real quantities are summed over a sample in
 * element order in double and added at quantum 2^-20.
 *
 *     accuracy, pixel_accuracy   share of labelled elements whose label is the
 *                     first of the largest outputs
 *     auc             area under the ROC curve from histograms of sigmoid(z) with bins of
 *                     2^-12, ties half; mean over classes with both labels
 *     miou            mean of |both| / |either| over the classes that are somewhere
 *                     predicted or labelled, on the whole part
 *     max_iou         at each threshold 0.20, 0.25 .. 0.90 the mean over images of the
 *                     positives' IoU (1 where both are empty), and the largest of these
 *                     (Maninis et al., ASTMT, 2019)
 *     rmse, abs_error, rel_error   over all labelled values of the part: root of the mean
 *                     of (z - y)^2, mean of |z - y|, mean of |z - y| / y
 *     mean_angle, median_angle, within_D   angle in degrees between output and label; the
 *                     median is the middle of its bin of 2^-6 degrees; within: share below
 *                     11.25, 22.5, 30
 *     edge_f          at each threshold i / 32, i = 1 .. 31, edges {p >= threshold} are
 *                     matched one to one with labelled edges: nearest pairs first (by
 *                     squared distance, then row, then column of the offset), none farther
 *                     apart than tolerance times the diagonal.  F = 2 P R / (P + R) with
 *                     precision and recall counted over the whole part; the best over
 *                     thresholds (ODS).  Edges are not thinned first.
 *     r2              1 - sum (z - y)^2 / sum (y - mean y)^2 of each channel, mean over
 *                     those whose labels vary (variance above 2^-20)
 *
 * What a part has no labels for is NaN.
 */
#ifndef PT_TRAIN_METRIC_H
#define PT_TRAIN_METRIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "polytree/base/real.h"
#include "polytree/train/objective.h"

/** Bins of the score histograms of ROC-AUC: sigmoid(z) in steps of 2^-12. */
#define PT_AUC_BINS 4096

/** Integers that a task's metrics collect. */
int64_t pt_metric_count(const pt_objective_t *objective);

/** Bytes that pt_metric_add() works in, for samples of h x w; 0 for most kinds. */
size_t pt_metric_scratch(const pt_objective_t *objective, int64_t h, int64_t w);

/**
 * Add n samples to `sum` (pt_metric_count() integers).
 *
 * @param[in] limit    of an addend at quantum 2^-20: 2^62 / samples that are added in all
 * @param     scratch  pt_metric_scratch() bytes, aligned as for a uint64_t
 * @return whether everything was finite and below the limit; if not, `sum` is of no use
 */
bool pt_metric_add(const pt_objective_t *objective, int64_t n, int64_t h, int64_t w,
                   const pt_real_t *output, const pt_label_t *label, double limit,
                   void *scratch, int64_t *sum);

/** One of the metrics of the task's kind; NaN where nothing is labelled. */
double pt_metric_value(const pt_objective_t *objective, pt_task_metric_t metric,
                       const int64_t *sum);

/** Whether less of the metric of that name is better. */
bool pt_metric_is_error(const char *name);

#endif
