/** @file
 * The trainer: one network on one data set over all ranks; steps and evaluations.
 *
 * It owns the space with its weights, the sharded moments, the plans and the arena.  What
 * is drawn, when, and with which learning rate is its caller's to say; nothing here
 * depends on the layout but speed.  All functions are collective over the layout's active
 * ranks unless they say otherwise; surplus ranks have no trainer.
 */
#ifndef PT_TRAIN_TRAINER_H
#define PT_TRAIN_TRAINER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "polytree/base/status.h"
#include "polytree/config/config.h"
#include "polytree/graph/machine.h"
#include "polytree/graph/plan.h"
#include "polytree/io/checkpoint.h"
#include "polytree/io/dataset.h"
#include "polytree/par/layout.h"
#include "polytree/train/form.h"
#include "polytree/train/objective.h"
#include "polytree/train/scores.h"
#include "polytree/train/update.h"
#include "polytree/train/step.h"

typedef struct pt_trainer pt_trainer_t;

/**
 * Build feed, space (initial weights by seed), moments (zero), plans and arena, in
 * pt_form_first().  Borrows everything it is given.
 *
 * @param[in,out] machine  the same on all ranks: by it a space is cut into stages, and what
 * it does not know is measured then, where layout.cost says so; NULL: as counted
 */
PT_MUST_CHECK pt_status_t pt_trainer_new(const pt_config_t *config,
                                         const pt_layout_t *layout, pt_dataset_t *dataset,
                                         const pt_kernel_t *kernel, pt_machine_t *machine,
                                         pt_trainer_t **out);
void pt_trainer_free(pt_trainer_t *trainer);

/** Another one of the same network, as it first was but in another form, on a layout that
 * may be of other ranks.  Collective over these. */
PT_MUST_CHECK pt_status_t pt_trainer_like(const pt_trainer_t *trainer,
                                          const pt_layout_t *layout, const pt_form_t *form,
                                          pt_trainer_t **out);

/**
 * Build all of it anew in another form.  What pt_trainer_space() and the like have given
 * before is gone; clocks go on.  After a failure the trainer can only be freed.
 */
PT_MUST_CHECK pt_status_t pt_trainer_reform(pt_trainer_t *trainer, const pt_form_t *form);

/* Not collective: what it is made of. */
pt_space_t *pt_trainer_space(const pt_trainer_t *trainer);
const pt_feed_t *pt_trainer_feed(const pt_trainer_t *trainer);
const pt_layout_t *pt_trainer_layout(const pt_trainer_t *trainer);
pt_dataset_t *pt_trainer_dataset(const pt_trainer_t *trainer);
/** What the last evaluation was scored by. */
const pt_metrics_t *pt_trainer_metrics(const pt_trainer_t *trainer);
const pt_objective_t *pt_trainer_objective(const pt_trainer_t *trainer, int32_t task);
/** See pt_have_common_metric(). */
bool pt_trainer_has_common_metric(const pt_trainer_t *trainer);

/**
 * Tasks of a step, ascending; not collective.
 *
 * @param[out] task  room for all tasks
 */
void pt_trainer_turn(const pt_trainer_t *trainer, const pt_step_t *step, int32_t *task,
                     int32_t *n_task);

typedef struct pt_step_result {
    double loss;      /**< sum_k w_k L_k; NaN where the step has no label at all */
    double divisor;   /**< of the tasks' weights: w_k is what it was over this */
    double grad_norm; /**< before clipping; weight steps with clip_norm only, else 0 */
    int64_t samples;  /**< of all ranks */
    unsigned request; /**< what rank 0 asked for: the same on all ranks */
    int32_t n_task;
    const int32_t *task; /**< [n_task] in the step, ascending; borrowed as the following */
    /** Per task of the space: the mean over all labelled elements of the step; NaN where it
     * has none, or is not in the step. */
    const double *task_loss;
    const double *task_weight; /**< w_k, likewise */
} pt_step_result_t;

/**
 * One update of the weights that some subnet of the step's tasks uses.
 *
 * @param[in] subnet  gates of (at least) the step's tasks, the same on all ranks
 * @param[in] update  lr and the rest; count is taken per tensor from the trainer; `fresh`
 * with retrain.ema only
 * @return PT_E_NUMERIC, naming the tensor, where a loss or gradient is not representable
 */
PT_MUST_CHECK pt_status_t pt_trainer_weight_step(pt_trainer_t *trainer,
                                                 const pt_step_t *step,
                                                 const pt_subnet_t *subnet,
                                                 const pt_update_t *update,
                                                 pt_step_result_t *result);

/**
 * The gradient of the step's loss by every gate of the step's tasks: exact sum over all
 * units of all ranks, the same bits on every rank.  Weights do not change.
 *
 * @param[out] dgate  [n_task of the space][n_choice]; rows of the step's tasks are written
 */
PT_MUST_CHECK pt_status_t pt_trainer_alpha_step(pt_trainer_t *trainer,
                                                const pt_step_t *step,
                                                const pt_subnet_t *subnet, double *dgate,
                                                pt_step_result_t *result);

/**
 * Find the parts that warmup.freeze names, which steps with has_frozen leave as they are.
 * Its words are what names of parameter groups are, or begin with, each followed by the
 * end, '.' or '_'; that of a task's own network may stand without its "taskN_".  "all": all
 * but heads.  Not collective.
 *
 * @return PT_E_CONFIG where a word is no part's, naming one that is
 */
PT_MUST_CHECK pt_status_t pt_trainer_find_frozen(pt_trainer_t *trainer);

/**
 * Take the statistics of the space's frozen candidates, as pt_trainer_save_stats() calls
 * them, from rank 0's checkpoint (the others' ignored): steps and evaluations of the subnet
 * run on these from then on.  Collective.
 *
 * @return PT_E_FORMAT, naming what the checkpoint lacks
 */
PT_MUST_CHECK pt_status_t pt_trainer_take_stats(pt_trainer_t *trainer,
                                                const pt_subnet_t *subnet,
                                                const pt_checkpoint_t *checkpoint);

/** Reset moments and Adam counts (entering a phase); averages of weights begin with these.
 */
void pt_trainer_reset_moments(pt_trainer_t *trainer);
/** Let the weights change places with their averages, which are there with retrain.ema. */
PT_MUST_CHECK pt_status_t pt_trainer_swap_average(pt_trainer_t *trainer);
/** Let the weights of the tasks begin anew (entering a phase). */
void pt_trainer_reset_weights(pt_trainer_t *trainer);

/** Begin anew with the initial weights of a seed, as if there had been no step.  Not
 * collective, but for all ranks alike. */
void pt_trainer_restart(pt_trainer_t *trainer, uint64_t seed);

/** What an evaluation makes of a microbatch for one task. */
typedef struct pt_observation {
    int32_t bundle, task;
    int32_t slot;       /**< of the task in its bundle: they come in order */
    int64_t first, n;   /**< samples first .. first + n - 1 of the bundle's in the part */
    const float *input; /**< [n, h, w, c], as the space's first node */
    const pt_real_t *output; /**< [n, h, w, outputs]; 1 x 1 of what is no map */
    const pt_label_t *label; /**< [n, h, w, labels], as pt_loss() */
} pt_observation_t;

/** Somebody who looks on at an evaluation, on every rank at the microbatches that it runs;
 * a failure ends the evaluation of all. */
typedef struct pt_observer {
    pt_status_t (*see)(void *context, const pt_observation_t *observation);
    void *context;
} pt_observer_t;

/**
 * Loss and metrics of every task on a part: batch-norm statistics are estimated with the
 * weights as they are from the first bn.calibrate microbatches of permutation 0 of the
 * bundle's training samples, then the part is evaluated, padding masked.
 *
 * @param[in]  observer  NULL: nobody looks on
 * @param[out] score     [n_task], the same on all ranks
 */
PT_MUST_CHECK pt_status_t pt_trainer_evaluate(pt_trainer_t *trainer,
                                              const pt_subnet_t *subnet, pt_part_t part,
                                              const pt_observer_t *observer,
                                              pt_task_score_t *score);

/**
 * Add weights, moments, averages, counts and the state of the task weights to a checkpoint,
 * gathered on rank 0 (other ranks add nothing).  The records borrow from the trainer until
 * the next call.
 */
PT_MUST_CHECK pt_status_t pt_trainer_save(pt_trainer_t *trainer,
                                          pt_checkpoint_t *checkpoint);

/** Take them back from a checkpoint that rank 0 holds (ignored on the others). */
PT_MUST_CHECK pt_status_t pt_trainer_load(pt_trainer_t *trainer,
                                          const pt_checkpoint_t *checkpoint);

/**
 * Copy all weights, as "weight/NAME", into a checkpoint of rank 0 that owns them (others
 * add nothing): they outlive pt_trainer_reform().
 */
PT_MUST_CHECK pt_status_t pt_trainer_keep_weights(pt_trainer_t *trainer,
                                                  pt_checkpoint_t *kept);

/**
 * Set weights from records of rank 0; the others' `source` is ignored.
 *
 * @param[in] source  [n_param of the store] float32 records of as many elements, or NULL
 * for tensors that stay as they are
 */
PT_MUST_CHECK pt_status_t pt_trainer_take_weights(pt_trainer_t *trainer,
                                                  const pt_record_t *const *source);

/**
 * Add the batch-norm statistics of the last evaluation, of `subnet`, to a checkpoint (rank
 * 0): "statistics/OPERATION/FIRST TASK", mean and variance.
 */
PT_MUST_CHECK pt_status_t pt_trainer_save_stats(pt_trainer_t *trainer,
                                                const pt_subnet_t *subnet,
                                                pt_checkpoint_t *checkpoint);

/** Where this rank's time went since the start, in seconds. */
typedef struct pt_trainer_time {
    double step; /**< whole steps; the rest are parts of it */
    double ops;  /**< operation kernels */
    double loss;
    double feed;     /**< reading and augmenting */
    double compile;  /**< plans */
    double reduce;   /**< sums over ranks, waiting included */
    double transfer; /**< messages between stages, waiting included */
    double update;   /**< optimiser */
    double evaluate; /**< outside steps */
} pt_trainer_time_t;
pt_trainer_time_t pt_trainer_time(const pt_trainer_t *trainer);
/** Let the time of one be counted as another's. */
void pt_trainer_pass_time(pt_trainer_t *from, pt_trainer_t *to);

#endif
