/** @file
 * Quanta of gradient sums: of each parameter group a power of two that follows its
 * gradient.
 *
 * A contribution x to the sum of a group stands in it as round(x scale), where
 *
 *     scale = 2^e,   largest 2^e < 2^(62 - HEADROOM) / addends,
 *
 * by the largest single contribution of the last step that used the group: contributions
 * may grow by 2^HEADROOM from one such step to the next, and what is 2^40 times smaller
 * still counts.  A group's first step goes by the group before it that has had one, or else
 * by the first that has: neighbours in the table are layers of a kind, copies or heads.
 * Where a contribution grows more, or a first one is not within 2^HEADROOM of what was
 * expected, the step is formed again, by what was found in it; so is the first of all.
 * Whether it is depends on single contributions alone, never on partial sums, which are
 * another on every layout; and since all of it is powers of two, a loss times 2^k has its
 * gradient times 2^k, to the bit.
 */
#ifndef TRAIN_QUANTA_H
#define TRAIN_QUANTA_H

#include <stdbool.h>
#include <stdint.h>

#include "polytree/base/status.h"
#include "polytree/tensor/store.h"

typedef struct quanta {
    pt_store_t *store; /**< borrowed */
    float *last;       /**< [n_group] largest contribution of its last step; 0: none yet */
    float *expected;   /**< [n_group] what a used group's quantum goes by; 0: nothing */
    int32_t n_used;
    int32_t *used; /**< groups that the step uses, ascending */
    double limit;  /**< of a contribution in its sum */
} quanta_t;

PT_MUST_CHECK pt_status_t quanta_init(pt_store_t *store, quanta_t *quanta);
void quanta_release(quanta_t *quanta);
/** As before the first step. */
void quanta_reset(quanta_t *quanta);

/**
 * Choose the quanta of a step's sums, which are zero.
 *
 * @param[in] is_used  [n_group]
 * @param[in] addends  most contributions to one element, over all ranks
 */
void quanta_choose(quanta_t *quanta, const bool *is_used, int64_t addends);

/** Largest contribution of every used group so far, [n_used] bits of floats, of which the
 * largest over the ranks is wanted. */
void quanta_offer(const quanta_t *quanta, int64_t *largest);

/** What became of a step's sums. */
typedef enum quanta_verdict {
    QUANTA_GOOD,
    QUANTA_AGAIN, /**< to be formed again, from zero */
    QUANTA_DIVERGED
} quanta_verdict_t;

/** Judge a step by the largest contributions over all ranks, and learn from them. */
quanta_verdict_t quanta_judge(quanta_t *quanta, const int64_t *largest);

#endif
