/** @file
 * The inside of a predictor.
 */
#ifndef TRAIN_PREDICT_H
#define TRAIN_PREDICT_H

#include "polytree/arch/alpha.h"
#include "polytree/train/predict.h"

enum { KIND_WEIGHT, KIND_ALPHA, N_KIND };

/** Bundles of a step. */
typedef struct turn {
    int32_t n;
    int32_t *bundle; /**< [per_step] */
    double *madds;   /**< [per_step] executed for one unit: by these units are dealt out */
    bool *is_used;   /**< [n_group] by some task of the step */
} turn_t;

struct pt_predictor {
    const pt_config_t *config;
    const pt_feed_t *feed;
    const pt_space_t *space;
    const pt_branching_t *branching; /**< NULL: as searched */
    const pt_machine_t *machine;
    int32_t n_kind;          /**< of steps: both in a search */
    int32_t per_step, units; /**< bundles a step, units of each */
    int32_t n_segment;       /**< most of one bundle */
    int32_t *task_bundle;    /**< [n_task] in which a task is */
    turn_t turn[N_KIND][PT_PREDICT_STEPS];

    /* Gates, as drawn last. */
    pt_subnet_t subnet;
    pt_alpha_t alpha;
    double *g;
    uint8_t *alive_candidate, *alive_node;
    pt_plan_t *plan;

    /* The cut asked for last, and what its sections cost. */
    pt_cut_t cut;
    pt_wire_t wire;
    pt_section_t *section; /**< see predict_section() */
    size_t section_room;

    /* Units of a step at a task coordinate, and which data rank has them. */
    int32_t n_unit;
    int32_t *unit_turn; /**< which of the step's bundles */
    double *unit_cost;
    int32_t *unit_rank;
    double *rank_work;
    size_t rank_room;
};

/** Sections of the step's bundle i on a stage: [2][n_segment], forward and backward. */
static inline pt_section_t *predict_section(const pt_predictor_t *p, int32_t kind,
                                            int32_t step, int32_t i, int32_t stage)
{
    int64_t row = ((int64_t)kind * PT_PREDICT_STEPS + step) * p->per_step + i;

    return p->section + (row * p->cut.n_stage + stage) * 2 * p->n_segment;
}

/** Cut into stages and compile everything for them, unless that is there. */
PT_MUST_CHECK pt_status_t predict_stage(pt_predictor_t *p, int32_t n_stage, pt_wire_t wire);

/** Deal out the units that a task coordinate has in a step. */
PT_MUST_CHECK pt_status_t predict_deal(pt_predictor_t *p, int32_t kind, int32_t step,
                                       int32_t n_task, int32_t task, int32_t n_data);

#endif
