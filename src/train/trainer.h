/** @file
 * The inside of a trainer.
 */
#ifndef TRAIN_TRAINER_H
#define TRAIN_TRAINER_H

#include "polytree/graph/cut.h"
#include "polytree/graph/exec.h"
#include "polytree/par/pipe.h"
#include "polytree/train/deal.h"
#include "polytree/train/loss.h"
#include "polytree/train/metric.h"
#include "polytree/train/trainer.h"
#include "polytree/train/weighting.h"
#include "train/fixed.h"
#include "train/shard.h"

/** Most plans kept at a time; bundles beyond share slots and are compiled anew. */
#define PLAN_SLOTS 64

/** One (bundle, microbatch) of a step. */
typedef struct unit_id {
    int32_t bundle;
    int32_t index; /**< microbatch within the bundle's batch */
} unit_id_t;

/** A unit at work: units stream through the stages, several at a time. */
typedef struct flight {
    int32_t unit; /**< number in the stream; -1: free */
    int32_t n_segment;
    pt_unit_t made;
    float *input;    /**< of stages that read it, and the last; else NULL */
    double *dgate;   /**< [n_bundle_task][n_choice] */
    pt_plan_t *plan; /**< of its own, where bundles share slots; else NULL */
} flight_t;

struct pt_trainer {
    const pt_config_t *config;
    const pt_layout_t *layout;
    pt_dataset_t *dataset;
    const pt_kernel_t *kernel;
    pt_machine_t *machine; /**< NULL: costs are counted */
    pt_feed_t *feed;
    pt_space_t *space;
    pt_exec_t *exec;
    pt_cut_t cut;    /**< of several stages */
    pt_pipe_t *pipe; /**< NULL: there is one stage */
    pt_link_t link;
    bool reads_input;
    int32_t n_flight;
    flight_t *flight;
    shard_t shard;
    pt_objective_t *objective; /**< [n_task] */
    pt_task_weights_t weights;

    int32_t n_task, n_bundle, n_bundle_task; /**< most tasks in one bundle */
    int32_t units;                           /**< microbatches per bundle and step */
    int32_t *task_coord;                     /**< [n_task] task coordinate of its bundle */

    int32_t n_plan_slot;
    pt_plan_t **weight_plan, **alpha_plan; /**< [n_plan_slot] by bundle mod slots */
    pt_plan_t *calibrate_plan, *eval_plan;

    /* Per step; sized once. */
    unit_id_t *unit; /**< of this task coordinate, in canonical order */
    double *unit_cost;
    int32_t *unit_rank; /**< data rank that runs it */
    double *data_work;  /**< [data ranks] */
    int32_t *bundle;    /**< of the step */
    int32_t *task;      /**< of the step, ascending */
    bool *is_used;      /**< [n_group] */
    uint8_t *alive_candidate, *alive_node;
    pt_label_t **label;  /**< [n_bundle_task][microbatch * labels] */
    int64_t *gate_sum;   /**< [n_task][n_choice] */
    int64_t *control;    /**< see trainer_step.c */
    double *task_loss;   /**< [n_task] */
    double *task_weight; /**< [n_task] of the step, over their common divisor */
    int32_t *task_slot;  /**< [n_task] place of a task in its bundle */

    /* Evaluation. */
    int64_t stat_bound;  /**< doubles of one bundle's statistics */
    double *stat;        /**< [n_bundle][stat_bound] of the last evaluation, own bundles */
    double *stat_sum;    /**< [stat_bound] */
    int64_t *stat_fixed; /**< [n_bundle][stat_bound] sums, own bundles first */
    int64_t *score_sum;  /**< per task: loss, count, metric */
    int64_t *score_offset; /**< [n_task + 1] */
    uint64_t *scratch;     /**< of metrics */

    /* Gathering for checkpoints, rank 0. */
    float *gathered; /**< value, m, v of the whole store */
    float *piece;    /**< one rank's own blocks, in the order of the gather */
    double *saved_stat;

    pt_trainer_time_t time;
};

/** Is this rank's task coordinate that of the bundle, or of the one that it is part of? */
static inline bool trainer_has(const pt_trainer_t *trainer, int32_t bundle)
{
    const pt_layout_t *layout = trainer->layout;
    int32_t home = pt_feed_bundle(trainer->feed, bundle)->home;

    return pt_deal_bundle(home, layout->extent[PT_AXIS_TASK]) ==
           layout->coord[PT_AXIS_TASK];
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
