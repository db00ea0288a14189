/** @file
 * Turns: what a step has, for those who run it and those who predict it.
 *
 * Its bundles and tasks, the parameter groups that they use, and the numbers of its control
 * block.
 */
#ifndef TRAIN_TURN_H
#define TRAIN_TURN_H

#include <stdbool.h>
#include <stdint.h>

#include "polytree/base/status.h"
#include "polytree/config/config.h"
#include "polytree/graph/space.h"
#include "polytree/graph/subnet.h"
#include "polytree/par/exact_sum.h"
#include "polytree/train/feed.h"
#include "polytree/train/step.h"

typedef struct turn {
    int32_t n_bundle, n_task;
    int32_t *bundle; /**< in the order in which they are dealt out */
    int32_t *task;   /**< ascending */
    int64_t first;   /**< number of every bundle's first draw */
    bool *is_used;   /**< [n_group] by some subnet of the tasks marked last */
} turn_t;

PT_MUST_CHECK pt_status_t turn_init(const pt_config_t *config, const pt_space_t *space,
                                    turn_t *turn);
void turn_release(turn_t *turn);

/** Tasks of the n bundles, ascending; their number. */
int32_t turn_tasks(const pt_feed_t *feed, const int32_t *bundle, int32_t n, int32_t *task);

/** Bundles, tasks and first draw of a step. */
void turn_take(turn_t *turn, const pt_config_t *config, const pt_feed_t *feed,
               const pt_step_t *step);

/** Room in which a subnet's reach is found. */
typedef struct turn_reach {
    uint8_t *candidate, *node;
} turn_reach_t;

PT_MUST_CHECK pt_status_t turn_reach_init(const pt_space_t *space, turn_reach_t *reach);
void turn_reach_release(turn_reach_t *reach);

/** Groups that n of the turn's tasks use. */
void turn_mark_groups(turn_t *turn, const pt_space_t *space, const pt_subnet_t *subnet,
                      const int32_t *task, int32_t n, turn_reach_t *reach);

/**
 * The sums of a step.  Before its units run, the labels of each of its tasks are counted,
 * all of them and positives, and ranks that failed to read them.  When they are done, the
 * largest over the ranks is taken of the control block: requests of rank 0, whether a rank
 * failed, the limbs in use of losses and of gates' gradients (polytree/par/exact_sum.h),
 * and of weight steps the largest contribution to each group in use.  Then limbs are added.
 */
enum {
    CONTROL_REQUEST,
    CONTROL_FAILED,
    CONTROL_LOSS,
    CONTROL_GATE = CONTROL_LOSS + PT_EXACT_OFFER,
    CONTROL_LARGEST = CONTROL_GATE + PT_EXACT_OFFER
};

/** Numbers that are counted for n tasks. */
static inline int64_t turn_counts(int32_t n_task)
{
    return 2 * (int64_t)n_task + 1;
}

/** Microbatches per bundle and step. */
static inline int32_t turn_units(const pt_config_t *config)
{
    return (int32_t)(config->train.batch / config->train.microbatch);
}

/** Does a task coordinate have the bundle, or the one that it is part of? */
bool turn_has(const pt_feed_t *feed, int32_t bundle, int32_t n_coord, int32_t coord);

#endif
