/** @file
 * Weights of the tasks in a step's loss.
 *
 * Task k has weight w_k / W in a step.  Sums are over the tasks j that have a label in the
 * step, n of them; the others have no say in it.  W = sum_j a_j of the fixed weights
 * ([task.NAME] weight), of dwa and random sum_j w_j; L_k is the task's loss in the step, of
 * geometric and famo plus 1e-8.
 *
 *     fixed        w_k = a_k
 *
 *     uncertainty  w_k = a_k c_k exp(-s_k), c_k = 1 for cross entropies and 1/2 for losses
 *                  of real numbers; s_k, the log of the task's variance, is learned on
 *                  sum_k a_k / W (c_k exp(-s_k) L_k + s_k / 2), from 0, by Adam (0.9,
 *                  0.999, 1e-8) at train.weighting_lr, once in each weight step that has
 *                  the task and a label of it (Kendall, Gal, Cipolla, CVPR 2018, eq. 10)
 *
 *     dwa          w_k = a_k lambda_k, lambda_k = n exp(r_k / T) / sum_j exp(r_j / T), r_k
 *                  the ratio of the task's mean losses over the steps of the last two
 *                  epochs that had it, 1 until there are two; T = train.dwa_temperature
 *                  (Liu, Johns, Davison, CVPR 2019, eq. 7)
 *
 *     random       w_k = a_k lambda_k, lambda_k = n exp(x_k) / sum_j exp(x_j), x_k normal,
 *                  new in each step (RLW, Lin et al., TMLR 2022)
 *
 *     geometric    w_k = a_k L / L_k, log L = sum_j a_j log L_j / W: the gradient of L, to
 *                  which the weighted losses add up (GLS, Chennupati et al., CVPR 2019
 *                  workshops; there all a_k are 1)
 *
 *     famo         w_k = W c z_k / L_k, c = 1 / sum_j (z_j / L_j), z_k = a_k exp(x_k) /
 *                  sum_j a_j exp(x_j); x_k begins at 0.  After each weight step the
 *                  losses L'_k of its own samples are found anew, and x_k of its tasks go
 *                  down z_k (d_k - sum_j z_j d_j), d_k = log L_k - log L'_k, by Adam (0.9,
 *                  0.999, 1e-8) at train.famo_lr with train.famo_decay (Liu, Feng, Stone,
 *                  Liu, NeurIPS 2023, algorithm 2; there all a_k are 1, and all tasks in
 *                  each step)
 *
 * Weights come from exact sums of losses, alike on every rank; alpha steps use them and
 * leave them as they are.  Every phase begins anew.
 */
#ifndef PT_TRAIN_TASK_WEIGHTS_H
#define PT_TRAIN_TASK_WEIGHTS_H

#include <stdint.h>

#include "polytree/base/rng.h"
#include "polytree/base/status.h"
#include "polytree/config/config.h"
#include "polytree/io/checkpoint.h"
#include "polytree/train/objective.h"

typedef struct pt_task_weights {
    pt_weighting_t kind;
    double lr, decay, temperature;
    int32_t n_task;
    double *fixed; /**< [n_task] a_k */
    double *half;  /**< [n_task] c_k */
    /** [n_task] each.  uncertainty, famo: s or x, and its moments; dwa: mean losses of the
     * last epoch and of the one before, 0 = none yet, and the sum of this one's. */
    double *real[3];
    /** [n_task] uncertainty, famo: updates; dwa: steps of this epoch that had the task. */
    int64_t *count;
    double *slope; /**< [n_task] of a step */
} pt_task_weights_t;

/** What weights are found by, beside the tasks. */
typedef struct pt_task_weights_step {
    pt_rng_t rng;       /**< of the step, its task left open; random */
    const double *loss; /**< [n_task] of the tasks in the step; geometric, famo */
} pt_task_weights_step_t;

PT_MUST_CHECK pt_status_t pt_task_weights_init(const pt_config_t *config, int32_t n_task,
                                               const pt_objective_t *objective,
                                               pt_task_weights_t *weights);
void pt_task_weights_release(pt_task_weights_t *weights);

/** As at the beginning of a phase. */
void pt_task_weights_reset(pt_task_weights_t *weights);

/** Whether weights are found by the losses of the step; a forward pass then finds these. */
bool pt_weighting_is_by_loss(pt_weighting_t kind);
/** Whether they learn from the losses that the step's samples have after it. */
bool pt_weighting_looks_back(pt_weighting_t kind);

/**
 * Weights of a step's tasks, before they are divided by their common divisor.
 *
 * @param[out] weight  [n_task] w_k; of the tasks in the step
 * @return W, or 1 where all weights are 0
 */
double pt_task_weights_of(const pt_task_weights_t *weights,
                          const pt_task_weights_step_t *step, const int32_t *task,
                          int32_t n, double *weight);

/**
 * Learn from a weight step.
 *
 * @param[in] loss     [n_task] of the tasks in the step
 * @param[in] after    [n_task] likewise, on the same samples once the step is made; famo
 * @param[in] is_last  whether an epoch ends with this step
 */
void pt_task_weights_learn(pt_task_weights_t *weights, const int32_t *task, int32_t n,
                           const double *loss, const double *after, bool is_last);

/** Add the state to a checkpoint's payload, nothing where there is none; borrowed. */
PT_MUST_CHECK pt_status_t pt_task_weights_save(const pt_task_weights_t *weights,
                                               pt_checkpoint_t *checkpoint);
PT_MUST_CHECK pt_status_t pt_task_weights_load(pt_task_weights_t *weights,
                                               const pt_checkpoint_t *checkpoint);

#endif
