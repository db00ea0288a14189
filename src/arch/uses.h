/** @file
 * Which candidates subnets run, how often, and what one of them takes.
 */
#ifndef ARCH_USES_H
#define ARCH_USES_H

#include <stdbool.h>

#include "polytree/graph/subnet.h"

/**
 * How often each candidate runs for one sample of tasks first .. first + n_task - 1.
 * dag: once for each task that has it alive.  branch, where the inputs are those of all
 * tasks: once for each value that it is run on, as plans do (graph/plan.h).
 *
 * @param[out] uses  [n_candidate]
 */
PT_MUST_CHECK pt_status_t uses_count(const pt_space_t *space, const pt_subnet_t *subnet,
                                     int32_t first, int32_t n_task, int32_t *uses);

/** Multiply-adds of a candidate per sample, forward. */
int64_t candidate_madds(const pt_space_t *space, int32_t candidate);
/** Trained numbers of a candidate. */
int64_t candidate_parameters(const pt_space_t *space, int32_t candidate);
/** Bytes per sample that a candidate's operations write, kept for backward or not. */
int64_t candidate_activation(const pt_space_t *space, int32_t candidate);
/** Whether it ends in a task's output. */
bool candidate_is_head(const pt_space_t *space, int32_t candidate);

#endif
