/** @file
 * layout.mode = auto: which arrangement of ranks is the fastest that fits their memory.
 */
#ifndef APP_ARRANGE_H
#define APP_ARRANGE_H

#include <stddef.h>
#include <stdint.h>

#include "polytree/config/config.h"
#include "polytree/train/predict.h"

/** By how much faster an arrangement of more stages or fewer ranks, or another than one at
 * work, must be: what is measured is never quite so. */
#define PT_ARRANGE_WORTH_IT 1.05

/** An arrangement, and what is predicted of it. */
typedef struct pt_outlook {
    pt_arrangement_t arrangement;
    pt_prediction_t weight, alpha; /**< steps */
    pt_rank_memory_t memory;       /**< of the fullest rank */
    double seconds; /**< of a weight step and an alpha step, if there are any */
} pt_outlook_t;

/** What there is to be arranged. */
typedef struct pt_resources {
    int32_t n_rank, ranks_per_node; /**< 0: all on one */
    size_t held;                    /**< bytes that every rank has already */
} pt_resources_t;

/** Where layout.cost is a table: warn in one line of what it lacks, and say what stands in.
 * Not collective. */
PT_MUST_CHECK pt_status_t pt_arrange_check_costs(const pt_config_t *config,
                                                 pt_predictor_t *predictor,
                                                 const pt_machine_t *machine);

/** All that is predicted of an arrangement.  Not collective. */
PT_MUST_CHECK pt_status_t pt_arrange_look(pt_predictor_t *predictor,
                                          const pt_arrangement_t *arrangement,
                                          pt_outlook_t *out);

/**
 * Choose extents for n_rank ranks.  Mode auto: of the arrangements within layout.memory the
 * fastest, with layout.stage stages unless that is 0; more stages, or fewer ranks, only
 * where they are needed or faster by a twentieth; among equals the one with fewest ranks
 * along the tasks, for those along the data share a node's memory best.  Mode manual: as
 * pt_layout_init() has it.  Not collective.
 *
 * @return PT_E_CONFIG where there are too few ranks, or no arrangement fits, saying what
 * the smallest takes
 */
PT_MUST_CHECK pt_status_t pt_arrange(const pt_config_t *config, pt_predictor_t *predictor,
                                     const pt_resources_t *resources, pt_outlook_t *out);

#endif
