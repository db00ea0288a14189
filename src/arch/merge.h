/** @file
 * Merging branches: from copies to copies of which more are shared.
 */
#ifndef ARCH_MERGE_H
#define ARCH_MERGE_H

#include "polytree/base/rng.h"
#include "polytree/graph/branching.h"
#include "polytree/graph/space.h"

/** The tasks that share `layer` with `task` take the copies of task `onto` up to there. */
typedef struct change {
    int32_t task, onto, layer;
    double saved; /**< cost */
    double lost;  /**< log-probability */
} change_t;

typedef struct merger {
    const pt_space_t *space;  /**< borrowed */
    const double *layer_cost; /**< [n_layer] of one copy; borrowed */
    const pt_rng_t *rng;      /**< key of the lots where changes are alike; borrowed */
    int32_t *copy;            /**< [n_layer][n_task]: the caller fills it in */
    pt_branching_t tree;      /**< of these copies: merger_update() */
    int32_t *first, *size;    /**< [n_layer][n_task] first task and tasks of a group */
    int32_t *child, *sibling; /**< [n_task] scratch: the groups that one has parted into */
    /* Scratch of merger_find(). */
    double *below;      /**< [n_layer][n_task][n_task] saved below two groups made one */
    double *lost, *sum; /**< [n_task][n_task] of tasks, of groups */
    int32_t *met;       /**< [n_task][n_task] layers that two tasks share */
    int32_t *since;     /**< [n_task] first layer in which a group has no task more */
    double *above;      /**< [n_layer + 1] cost of one copy of each layer up to there */
} merger_t;

PT_MUST_CHECK pt_status_t merger_init(merger_t *m, const pt_space_t *space,
                                      const double *layer_cost, const pt_rng_t *rng);
void merger_release(merger_t *m);

/** After a change of `copy`. */
void merger_update(merger_t *m);

/** sum_l cost_l G_l. */
double merger_cost(const merger_t *m);

/**
 * The change with the least log-probability lost per cost saved; ties by lot (each
 * group stands for its first task).  Only changes that save anything.
 *
 * @param[in]  logp  [n_task][n_choice]
 * @return whether there is one; there always is where layers that cost are not all shared
 */
bool merger_find(merger_t *m, const double *logp, change_t *change);

void merger_apply(merger_t *m, const change_t *change);

#endif
