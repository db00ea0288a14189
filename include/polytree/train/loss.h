/** @file
 * Losses and metrics by task kind.
 *
 * A task's loss in a unit is the mean over the unit's labelled elements, 0 if there are
 * none.  All sums run in element order in double.
 */
#ifndef PT_TRAIN_LOSS_H
#define PT_TRAIN_LOSS_H

#include <stdbool.h>
#include <stdint.h>

#include "polytree/base/real.h"
#include "polytree/base/status.h"
#include "polytree/io/dataset.h"

/** Width of a task's last layer. */
int32_t pt_loss_outputs(const pt_task_info_t *task);
/** Labels per sample: 1, or `classes` for multilabel. */
int32_t pt_loss_labels(const pt_task_info_t *task);

/**
 * Loss of n samples and, unless `doutput` is NULL, scale * dloss/doutput.
 *
 * classification: cross entropy of softmax, label smoothing eps as in PyTorch (target
 * (1-eps) one-hot + eps/classes).  multilabel: binary cross entropy of sigmoid, mean over
 * labelled elements, with the same smoothing towards 1/2.
 *
 * @param[in] output  [n, outputs] logits
 * @param[in] label   [n, labels]; PT_LABEL_NONE where masked
 */
double pt_loss(const pt_task_info_t *task, double smoothing, int64_t n,
               const pt_real_t *output, const int32_t *label, double scale,
               pt_real_t *doutput);

/* Metrics are collected as integers, so that they add up exactly over ranks. */

/** Bins of the score histograms of ROC-AUC: sigmoid(logit) in steps of 2^-12. */
#define PT_AUC_BINS 4096

/** Integers that a task's metric collects. */
int64_t pt_metric_count(const pt_task_info_t *task);
/** Add n samples to `sum` (pt_metric_count() integers). */
void pt_metric_add(const pt_task_info_t *task, int64_t n, const pt_real_t *output,
                   const int32_t *label, int64_t *sum);
/** The metric: accuracy, or mean ROC-AUC over classes that have both labels; NaN if none.
 */
double pt_metric_value(const pt_task_info_t *task, const int64_t *sum);
const char *pt_metric_name(const pt_task_info_t *task);
/** Whether less of the metric of that name is better. */
bool pt_metric_is_error(const char *name);

#endif
