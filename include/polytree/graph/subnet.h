/** @file
 * A subnet: for each task which choices are on, and the gates of those.
 */
#ifndef PT_GRAPH_SUBNET_H
#define PT_GRAPH_SUBNET_H

#include <stdbool.h>
#include <stdint.h>

#include "polytree/base/bitset.h"
#include "polytree/base/real.h"
#include "polytree/base/status.h"
#include "polytree/graph/space.h"

typedef struct pt_subnet {
    int32_t n_task, n_choice;
    size_t words; /**< per task */
    bool is_soft; /**< gates are numbers of their own; else every gate that is on is 1 */
    bool is_active_only; /**< alpha plans meet open gates only, closed ones have gradient 0
                          */
    uint64_t *bits;      /**< [n_task][words] */
    pt_real_t *gate;     /**< [n_task][n_choice]; 0 where off */
} pt_subnet_t;

PT_MUST_CHECK pt_status_t pt_subnet_init(pt_subnet_t *subnet, int32_t n_task,
                                         int32_t n_choice);
void pt_subnet_release(pt_subnet_t *subnet);

static inline uint64_t *pt_subnet_bits(const pt_subnet_t *s, int32_t task)
{
    return s->bits + (size_t)task * s->words;
}

static inline pt_real_t *pt_subnet_gates(const pt_subnet_t *s, int32_t task)
{
    return s->gate + (size_t)task * (size_t)s->n_choice;
}

/** Switch a choice of a task on with gate 1, or off with gate 0. */
void pt_subnet_switch(pt_subnet_t *subnet, int32_t task, int32_t choice, bool on);

/** Make the gates of a task what its bits say: 1 where they are on, else 0. */
void pt_subnet_harden(pt_subnet_t *subnet, int32_t task);

/** Copy bits and gates; the sizes must agree. */
void pt_subnet_copy(pt_subnet_t *dst, const pt_subnet_t *src);

/** Key of the plan of these tasks: depends on their numbers, bits and both flags. */
uint64_t pt_subnet_key(const pt_subnet_t *subnet, const int32_t *task, int32_t n_task);

/**
 * What is alive for a task: candidates that are on, whose sources have values and whose
 * destination the head needs.  Whatever hangs loose is not run: a node without any
 * incoming candidate has no value, and no candidate leaves it.
 *
 * @param[out] candidate  [n_candidate] 1 where alive, else 0
 * @param[out] node       [n_node] bit 0: has a value, bit 1: the head needs that value
 */
void pt_subnet_reach(const pt_space_t *space, const pt_subnet_t *subnet, int32_t task,
                     uint8_t *candidate, uint8_t *node);

#endif
