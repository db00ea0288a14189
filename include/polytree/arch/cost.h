/** @file
 * What subnets cost: multiply-adds and parameters.
 */
#ifndef PT_ARCH_COST_H
#define PT_ARCH_COST_H

#include <stdint.h>

#include "polytree/base/status.h"
#include "polytree/graph/space.h"
#include "polytree/graph/subnet.h"

typedef struct pt_cost {
    int64_t madds;          /**< multiply-adds per sample, forward */
    int64_t encoder_madds;  /**< ... of everything but the heads */
    int64_t parameters;     /**< trained numbers, each counted once */
    int32_t edges;          /**< edges of E */
    int32_t distinct_edges; /**< each counted once, whoever uses it */
} pt_cost_t;

/** What one candidate adds wherever it runs; no edge is counted. */
pt_cost_t pt_cost_candidate(const pt_space_t *space, int32_t candidate);

/** Cost of one task's graph: alive candidates, head included. */
PT_MUST_CHECK pt_status_t pt_cost_task(const pt_space_t *space, const pt_subnet_t *subnet,
                                       int32_t task, pt_cost_t *cost);

/**
 * All tasks: parameters of the union; dag: madds and edges summed over tasks; branch:
 * madds of one sample that all tasks see, where what they share runs once, as in the plan
 * of a bundle.
 */
PT_MUST_CHECK pt_status_t pt_cost_all(const pt_space_t *space, const pt_subnet_t *subnet,
                                      pt_cost_t *cost);

/** Multiply-adds of the encoder of a branch space, per sample that all tasks see: where all
 * tasks share all layers, and where each is alone in all of them. */
int64_t pt_cost_shared(const pt_space_t *space);
int64_t pt_cost_full(const pt_space_t *space);

#endif
