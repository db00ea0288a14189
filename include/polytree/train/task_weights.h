/** @file
 * Weights of the tasks in a step's loss.
 *
 * Task k has weight w_k / W in a step, where W is the sum of the fixed weights a_j
 * ([task.NAME] weight), over the tasks j that have a label in the step; of dwa, of
 * a_j lambda_j.  The others have no say in it.
 *
 *     fixed        w_k = a_k
 *
 *     uncertainty  w_k = a_k c_k exp(-s_k), c_k = 1 for cross entropies and 1/2 for losses
 *                  of real numbers; s_k, the log of the task's variance, is learned on
 *                  sum_k a_k / W (c_k exp(-s_k) L_k + s_k / 2), from 0, by Adam (0.9,
 *                  0.999, 1e-8) at train.weighting_lr, once in each weight step that has
 *                  the task and a label of it (Kendall, Gal, Cipolla, CVPR 2018, eq. 10)
 *
 *     dwa          w_k = a_k lambda_k, lambda_k ~ exp(r_k / T), r_k the ratio of the
 *                  task's mean losses over the steps of the last two epochs that had it,
 *                  1 until there are two; T = train.dwa_temperature (Liu, Johns, Davison,
 *                  CVPR 2019, eq. 7)
 *
 * Weights come from exact sums of losses, alike on every rank; alpha steps use them and
 * leave them as they are.  Every phase begins anew.
 */
#ifndef PT_TRAIN_TASK_WEIGHTS_H
#define PT_TRAIN_TASK_WEIGHTS_H

#include <stdint.h>

#include "polytree/base/status.h"
#include "polytree/config/config.h"
#include "polytree/io/checkpoint.h"
#include "polytree/train/objective.h"

typedef struct pt_task_weights {
    pt_weighting_t kind;
    double lr, temperature;
    int32_t n_task;
    double *fixed; /**< [n_task] a_k */
    double *half;  /**< [n_task] c_k */
    /** [n_task] each.  uncertainty: s and its moments; dwa: mean losses of the last epoch
     * and of the one before, 0 = none yet, and the sum of this one's. */
    double *real[3];
    /** [n_task] uncertainty: updates of s; dwa: steps of this epoch that had the task. */
    int64_t *count;
} pt_task_weights_t;

PT_MUST_CHECK pt_status_t pt_task_weights_init(const pt_config_t *config, int32_t n_task,
                                               const pt_objective_t *objective,
                                               pt_task_weights_t *weights);
void pt_task_weights_release(pt_task_weights_t *weights);

/** As at the beginning of a phase. */
void pt_task_weights_reset(pt_task_weights_t *weights);

/**
 * Weights of a step's tasks, before they are divided by their common divisor.
 *
 * @param[out] weight  [n_task] w_k; of the tasks in the step
 * @return W, or 1 where all weights are 0
 */
double pt_task_weights_of(const pt_task_weights_t *weights, const int32_t *task, int32_t n,
                          double *weight);

/**
 * Learn from a weight step.
 *
 * @param[in] loss         [n_task] of the tasks in the step
 * @param[in] is_last      whether an epoch ends with this step
 */
void pt_task_weights_learn(pt_task_weights_t *weights, const int32_t *task, int32_t n,
                           const double *loss, bool is_last);

/** Add the state to a checkpoint's payload, nothing for fixed weights; borrowed. */
PT_MUST_CHECK pt_status_t pt_task_weights_save(const pt_task_weights_t *weights,
                                               pt_checkpoint_t *checkpoint);
PT_MUST_CHECK pt_status_t pt_task_weights_load(pt_task_weights_t *weights,
                                               const pt_checkpoint_t *checkpoint);

#endif
