/** @file
 * The inside of a trainer.
 */
#ifndef TRAIN_TRAINER_H
#define TRAIN_TRAINER_H

#include "polytree/graph/cut.h"
#include "polytree/graph/exec.h"
#include "polytree/par/pipe.h"
#include "polytree/train/loss.h"
#include "polytree/train/metric.h"
#include "polytree/train/trainer.h"
#include "polytree/train/weighting.h"
#include "train/fixed.h"
#include "train/shard.h"
#include "train/turn.h"

/** Most plans kept at a time; bundles beyond share slots and are compiled anew. */
#define PLAN_SLOTS 64

/** A unit at work: units stream through the stages, several at a time. */
typedef struct flight {
    int32_t unit; /**< number in the stream; -1: free */
    int32_t n_segment;
    pt_unit_t made;
    float *input;    /**< of stages that read it, and the last; else NULL */
    double *dgate;   /**< [n_bundle_task][n_choice] */
    pt_plan_t *plan; /**< of its own, where bundles share slots; else NULL */
} flight_t;

/** How units run, here and through the stages; stream.c has it. */
typedef struct pipeline {
    pt_exec_t *exec;
    pt_cut_t cut;    /**< of several stages */
    pt_pipe_t *pipe; /**< NULL: there is one stage */
    pt_link_t link;
    bool reads_input;
    int32_t n_flight;
    flight_t *flight;
} pipeline_t;

/** Plans of all passes; trainer_plan.c has them. */
typedef struct plans {
    int32_t n_slot;
    pt_plan_t **weight, **alpha; /**< [n_slot] by bundle mod slots */
    pt_plan_t *calibrate, *eval;
} plans_t;

/** What steps work in, sized once; trainer_step.c has it. */
typedef struct step_room {
    turn_t turn;
    turn_reach_t reach;
    deal_t deal;
    double *cost;        /**< [bundles of a step] of a unit */
    int32_t *unit;       /**< units of this data rank, in the deal */
    int64_t *gate_sum;   /**< [n_task][n_choice] */
    int64_t *control;    /**< see turn.h */
    double *task_loss;   /**< [n_task] */
    double *task_weight; /**< [n_task] of the step, over their common divisor */
} step_room_t;

/** What evaluations work in, sized once; trainer_evaluate.c has it. */
typedef struct score_room {
    int64_t stat_bound;  /**< doubles of one bundle's statistics */
    double *stat;        /**< [n_bundle][stat_bound] of the last one, own bundles */
    double *stat_sum;    /**< [stat_bound] */
    int64_t *stat_fixed; /**< [n_bundle][stat_bound] sums, own bundles first */
    int64_t *sum;        /**< [n_task][2] loss and count */
    pt_metrics_t *metrics;
    int64_t *n_sample; /**< [n_task] of the part */
} score_room_t;

/** Gathering for checkpoints, allocated when first needed; trainer_state.c has it. */
typedef struct gather_room {
    float *whole; /**< rank 0: value, m, v of the whole store */
    float *piece; /**< one rank's own blocks, in the order of the gather */
    double *stat;
} gather_room_t;

struct pt_trainer {
    const pt_config_t *config;
    const pt_layout_t *layout;
    pt_dataset_t *dataset;
    const pt_kernel_t *kernel;
    pt_machine_t *machine; /**< NULL: costs are counted */
    pt_feed_t *feed;
    pt_space_t *space;
    pt_objective_t *objective; /**< [n_task] */

    int32_t n_task, n_bundle, n_bundle_task; /**< most tasks in one bundle */
    int32_t *task_coord;                     /**< [n_task] task coordinate of its bundle */
    int32_t *task_slot;                      /**< [n_task] place of a task in its bundle */
    pt_label_t **label;                      /**< [n_bundle_task][microbatch * labels] */

    pipeline_t pipeline;
    plans_t plans;
    shard_t shard;
    pt_task_weights_t weights;
    step_room_t step;
    score_room_t score;
    gather_room_t gather;
    pt_trainer_time_t time;
};

PT_MUST_CHECK pt_status_t trainer_open_step(pt_trainer_t *trainer);
void trainer_close_step(pt_trainer_t *trainer);
PT_MUST_CHECK pt_status_t trainer_open_scores(pt_trainer_t *trainer);
void trainer_close_scores(pt_trainer_t *trainer);
void trainer_close_gather(pt_trainer_t *trainer);
PT_MUST_CHECK pt_status_t trainer_open_plans(pt_trainer_t *trainer);
void trainer_close_plans(pt_trainer_t *trainer);

/** Is this rank's task coordinate that of the bundle, or of the one that it is part of? */
static inline bool trainer_has(const pt_trainer_t *trainer, int32_t bundle)
{
    const pt_layout_t *layout = trainer->layout;

    return turn_has(trainer->feed, bundle, layout->extent[PT_AXIS_TASK],
                    layout->coord[PT_AXIS_TASK]);
}

/** The plan of a bundle for a step, compiled if it is not there yet. */
PT_MUST_CHECK pt_status_t trainer_plan(pt_trainer_t *trainer, const pt_subnet_t *subnet,
                                       pt_pass_t pass, int32_t bundle, pt_plan_t **plan);

/** A unit's input and labels, as far as this stage reads them; where somebody looks on, the
 * last stage has the input too. */
PT_MUST_CHECK pt_status_t trainer_fill(pt_trainer_t *trainer, const pt_draw_t *draw,
                                       const pt_unit_t *unit, bool is_watched);

/** What the loss callback reads and adds to. */
typedef struct loss_context {
    pt_trainer_t *trainer;
    double divisor;    /**< steps: task_weight[k] over this is the gradient's scale */
    int64_t *loss_sum; /**< [n_task] at quantum 2^-20 */
    bool *is_bad;      /**< a loss was not representable */
    bool collects_metric;
    double limit; /**< of an addend at quantum 2^-20 */
} loss_context_t;

/** pt_loss_fn of steps and evaluations. */
void trainer_loss(void *context, int32_t task, const pt_real_t *output, pt_real_t *doutput);

#endif
