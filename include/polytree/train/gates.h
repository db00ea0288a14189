/** @file
 * The gates of a step: drawn by alpha, or all open where closed candidates run too.
 */
#ifndef PT_TRAIN_GATES_H
#define PT_TRAIN_GATES_H

#include <stdbool.h>
#include <stdint.h>

#include "polytree/arch/alpha.h"
#include "polytree/config/config.h"
#include "polytree/graph/subnet.h"
#include "polytree/train/step.h"

/** What the gates of a step are drawn by; all borrowed. */
typedef struct pt_gate_draw {
    const pt_config_t *config;
    const pt_space_t *space;
    const pt_alpha_t *alpha;
    const pt_step_t *step;
    double tau;
    bool is_warmup;
    uint8_t *alive_candidate, *alive_node; /**< [n_candidate], [n_node] to work in */
} pt_gate_draw_t;

/**
 * Draw the gates of n tasks into `subnet`, each from the key of its step and task alone.
 *
 * @param[out] g  [n_task of the space][n_choice] their soft values, rows of these tasks
 */
void pt_gates_draw(const pt_gate_draw_t *gates, const int32_t *task, int32_t n,
                   pt_subnet_t *subnet, double *g);

#endif
