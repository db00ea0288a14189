/** @file
 * The inside of a predictor: the step it looks at, and what its files do for each other.
 */
#ifndef TRAIN_PREDICT_H
#define TRAIN_PREDICT_H

#include "polytree/arch/alpha.h"
#include "polytree/train/predict.h"
#include "train/deal.h"
#include "train/turn.h"

enum { KIND_WEIGHT, KIND_ALPHA, N_KIND };

/** What a unit runs in some of the steps; its gates are those of the first. */
typedef struct unit_plan {
    uint64_t key;
    int32_t kind, step, bundle;
    double times; /**< units that run it, in all steps */
    double madds; /**< executed: by these units are dealt out */
} unit_plan_t;

/** A step that is looked at. */
typedef struct outlook {
    turn_t turn;
    int32_t *plan; /**< of each of its bundles, in unit_plan[] */
} outlook_t;

struct pt_predictor {
    const pt_config_t *config;
    const pt_feed_t *feed;
    const pt_space_t *space;
    const pt_branching_t *branching; /**< NULL: as searched */
    const pt_machine_t *machine;
    int32_t n_kind;       /**< of steps: both in a search */
    int32_t n_segment;    /**< most of one bundle */
    int32_t *task_bundle; /**< [n_task] in which a task is */
    outlook_t outlook[N_KIND][PT_PREDICT_STEPS];
    int32_t n_plan;
    size_t plan_room;
    unit_plan_t *unit_plan; /**< [n_plan] by first step */

    /* Gates, as drawn last. */
    pt_subnet_t subnet;
    pt_alpha_t alpha;
    double *g; /**< [n_task][n_choice] */
    turn_reach_t reach;
    pt_plan_t *plan;

    /* The cut asked for last, and what its sections cost. */
    pt_cut_t cut;
    pt_wire_t wire;
    pt_section_t *section; /**< see predict_section() */
    size_t section_room;
    size_t *arena, *tape; /**< [n_stage] bytes: of the largest arena, and of a plan */
    size_t arena_room, tape_room;

    /* Units of a step at a task coordinate, and which data rank has them. */
    double *cost; /**< [bundles of a step] of a unit */
    deal_t deal;
    int32_t *rank_unit;  /**< units by data rank */
    int32_t *rank_first; /**< [n_data + 1] where those of a rank begin there */
    size_t first_room;
};

/** Sections of a plan on a stage: [2][n_segment], forward and backward. */
static inline pt_section_t *predict_section(const pt_predictor_t *p, int32_t plan,
                                            int32_t stage)
{
    return p->section + ((int64_t)plan * p->cut.n_stage + stage) * 2 * p->n_segment;
}

/** Draw gates and compile plan i, as p->plan is placed; p->subnet has the gates. */
PT_MUST_CHECK pt_status_t predict_compile(pt_predictor_t *p, int32_t i);

/** Values of the labels of a bundle's sample. */
int64_t predict_n_label(const pt_predictor_t *p, int32_t bundle);
/** What a machine calls a unit's input, and its labels. */
void predict_feed_name(const pt_predictor_t *p, char name[PT_MACHINE_NAME]);
void predict_label_name(const pt_predictor_t *p, int32_t bundle,
                        char name[PT_MACHINE_NAME]);
/** And of a block of the store what is done for each that is used, and for each owned. */
#define PREDICT_SUM "sum a block"
#define PREDICT_SUM_BYTES (28.0 * PT_BLOCK)
#define PREDICT_UPDATE_BYTES (20.0 * PT_BLOCK)
void predict_update_name(const pt_predictor_t *p, char name[PT_MACHINE_NAME]);

/** Seconds of a name, or of the bytes that it moves. */
double predict_known(const pt_machine_t *machine, const char *name, double bytes);

/** Cut into stages and compile everything for them, unless that is there. */
PT_MUST_CHECK pt_status_t predict_stage(pt_predictor_t *p, int32_t n_stage, pt_wire_t wire);

/** Deal out the units that a task coordinate has in a step. */
PT_MUST_CHECK pt_status_t predict_deal(pt_predictor_t *p, int32_t kind, int32_t step,
                                       int32_t n_task, int32_t task, int32_t n_data);

#endif
