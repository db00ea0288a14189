/** @file
 * The inside of a trainer: its struct, and what the files trainer_*.c do for each other.
 */
#ifndef TRAIN_TRAINER_H
#define TRAIN_TRAINER_H

#include "polytree/graph/cut.h"
#include "polytree/graph/exec.h"
#include "polytree/par/exact_sum.h"
#include "polytree/par/pipe.h"
#include "polytree/train/loss.h"
#include "polytree/train/metric.h"
#include "polytree/train/task_weights.h"
#include "polytree/train/trainer.h"
#include "train/deal.h"
#include "train/quanta.h"
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
    /** [n_slot] by bundle mod slots; NULL where no step wants such a pass. */
    pt_plan_t **weight, **alpha, **loss;
    pt_plan_t *calibrate, *eval;
} plans_t;

/** Labels of the units of a step that this rank has, read before the first of them runs and
 * kept until the last is done; of an evaluation, those of the unit at work.
 * trainer_label.c has them. */
typedef struct label_room {
    int64_t stride;    /**< labels of the largest unit */
    pt_label_t *value; /**< [n_unit][stride], memory as far as there are units */
    size_t bytes;
    pt_label_t **at; /**< [n_unit][n_bundle_task] of each task, by its slot */
    /** What rounding has left of those that are scored, in the same places; NULL without a
     * regression. */
    pt_label_t *rest;
} label_room_t;

/** One task in a step. */
typedef struct step_task {
    pt_label_count_t count; /**< over all ranks */
    pt_loss_terms_t weight; /**< of its loss's terms */
    double scale;           /**< of the gradient of a unit's sum */
    double loss;            /**< NaN where the step has no label of it */
    double share;           /**< w_k, likewise */
} step_task_t;

/** What the loss of a unit of a step is told. */
typedef struct unit_loss {
    pt_trainer_t *t;
    int32_t unit; /**< of this rank */
} unit_loss_t;

/** What steps work in, sized once; trainer_step.c has it. */
typedef struct step_room {
    turn_t turn;
    turn_reach_t reach;
    deal_t deal;
    quanta_t quanta;
    bool *is_frozen, *in_vain; /**< [n_group]; in_vain: of the step */
    bool knows_frozen, has_frozen;
    double *cost;      /**< [bundles of a step] of a unit */
    int32_t *unit;     /**< units of this data rank, in the deal */
    step_task_t *task; /**< [n_task] */
    int32_t *place;    /**< [n_task] of each task of the step among these */
    int32_t *labelled; /**< tasks of the step that have a label in it, ascending */
    int32_t n_labelled;
    pt_exact_t loss;                 /**< of each task of the step */
    pt_exact_t gate;                 /**< [tasks of the step][n_choice] */
    int64_t *control;                /**< see turn.h */
    unit_loss_t *unit_loss;          /**< [units of this rank] */
    double *task_loss, *task_weight; /**< [n_task] as results have them */
    double *loss_after;              /**< [n_task] of the same samples after the step */
    int32_t *bad;                    /**< [n_task] tasks that diverged, and their losses */
    double *bad_loss;
} step_room_t;

/** What evaluations work in, sized once; trainer_evaluate.c has it. */
typedef struct score_room {
    int64_t stat_bound; /**< doubles of one bundle's statistics */
    double *stat;       /**< [n_bundle][stat_bound] of the last one, own bundles */
    double *unit_stat;  /**< [stat_bound] */
    /** [bundles at a time][3][stat_bound / 2] of units' means, their squares, centred
     * squares. */
    pt_exact_t calibration;
    int64_t *n_sample; /**< [n_task] of the part */
    pt_scores_t *scores;
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
    int64_t **class_weight;    /**< [n_task] of the objectives */

    int32_t n_task, n_bundle, n_bundle_task; /**< most tasks in one bundle */
    int32_t *task_coord;                     /**< [n_task] task coordinate of its bundle */
    int32_t *task_slot;                      /**< [n_task] place of a task in its bundle */

    label_room_t label;
    pipeline_t pipeline;
    plans_t plans;
    shard_t shard;
    pt_task_weights_t weights;
    step_room_t step;
    score_room_t score;
    gather_room_t gather;
    pt_trainer_time_t time;
};

/** Leave frozen parts out of the groups that a step updates; what the step has summed for
 * them is zeroed. */
PT_MUST_CHECK pt_status_t trainer_leave_frozen(pt_trainer_t *t, bool *is_used);

PT_MUST_CHECK pt_status_t trainer_open_step(pt_trainer_t *trainer);
void trainer_close_step(pt_trainer_t *trainer);
PT_MUST_CHECK pt_status_t trainer_open_scores(pt_trainer_t *trainer);
void trainer_close_scores(pt_trainer_t *trainer);
void trainer_close_gather(pt_trainer_t *trainer);
/** Statistics of a bundle's last evaluation, and of its frozen candidates, as
 * pt_plan_stat() places them; NULL of a task by itself, whose plan is another. */
static inline double *trainer_statistics(const pt_trainer_t *trainer, int32_t bundle)
{
    return bundle < trainer->n_bundle
               ? trainer->score.stat + bundle * trainer->score.stat_bound
               : NULL;
}
static inline bool trainer_is_frozen(const pt_trainer_t *trainer, int32_t op)
{
    const pt_space_t *s = trainer->space;

    return s->candidate[s->op[op].candidate].is_frozen;
}

PT_MUST_CHECK pt_status_t trainer_open_labels(pt_trainer_t *trainer);
void trainer_close_labels(pt_trainer_t *trainer);
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

/** Read the labels of a microbatch into the place of unit `at` of this rank, where this
 * stage reads labels. */
PT_MUST_CHECK pt_status_t trainer_read_labels(pt_trainer_t *trainer, const pt_draw_t *draw,
                                              int32_t at);
/** What rounding has left of the labels that are in the place of unit 0, where they are a
 * regression's. */
PT_MUST_CHECK pt_status_t trainer_read_rests(pt_trainer_t *trainer, const pt_draw_t *draw);
/** A unit's input, if this stage reads it; where somebody looks on, the last has it too. */
PT_MUST_CHECK pt_status_t trainer_read_input(pt_trainer_t *trainer, const pt_draw_t *draw,
                                             const pt_unit_t *unit, bool is_watched);

/** Labels of a task in the place of unit `at`. */
static inline const pt_label_t *trainer_label(const pt_trainer_t *trainer, int32_t at,
                                              int32_t task)
{
    return trainer->label.at[at * trainer->n_bundle_task + trainer->task_slot[task]];
}

/** What rounding has left of them in the place of unit 0; NULL of what is no regression. */
static inline pt_label_t *trainer_rest(const pt_trainer_t *trainer, int32_t task)
{
    bool is_real = trainer->objective[task].info->kind == PT_TASK_REGRESSION;

    return is_real ? trainer->label.rest +
                         (trainer_label(trainer, 0, task) - trainer->label.value)
                   : NULL;
}

/** Samples, height and width of what a task puts out for a unit. */
static inline pt_shape_t trainer_output(const pt_trainer_t *trainer, int32_t task)
{
    pt_shape_t input = trainer->space->node[0].shape;
    bool is_map = trainer->space->task[task].is_map;

    return (pt_shape_t){.n = trainer->config->train.microbatch,
                        .h = is_map ? input.h : 1,
                        .w = is_map ? input.w : 1};
}

/**
 * The error of n tasks whose losses are not finite in a step or evaluation: names the one
 * with the largest labels, its loss and their scale, as far as they are in the places of
 * this rank's units.  Collective over the layout's active ranks, which all come with the
 * same.
 *
 * @param[in] where  as "step 7"
 */
PT_MUST_CHECK pt_status_t trainer_diverged(pt_trainer_t *trainer, const int32_t *task,
                                           int32_t n, const double *loss, int32_t n_unit,
                                           const char *where);

#endif
