/** @file
 * A subnet drawn at random among those of a given cost.
 */
#ifndef PT_ARCH_DRAW_H
#define PT_ARCH_DRAW_H

#include <stdbool.h>
#include <stdint.h>

#include "polytree/base/rng.h"
#include "polytree/base/status.h"
#include "polytree/graph/space.h"
#include "polytree/graph/subnet.h"

/**
 * Draw a hard subnet that costs from `low` to `high` multiply-adds, as pt_cost_all()
 * counts.
 *
 * dag: from the full space, pieces of all tasks are removed in random order, each with
 * whatever is then on no connection, but never a task's last connection, until the rest
 * costs at most `high`; where it then costs less than `low` another order is tried.  With
 * `is_one` pieces go for all tasks alike, so that they have one graph.
 *
 * branch: from as many branches as the copies allow, the tasks that share some layer with
 * some task take the copies of another up to there, all three at random, unless that led
 * below `low`, until the rest costs at most `high`; where that does not come, anew.
 *
 * @param[in]  is_one  dag alone
 * @param[in]  rng     key: seed, purpose and step; task and index are taken
 * @param[out] subnet  of the sizes of `space`
 * @return PT_E_RANGE, naming what came nearest, where many orders led to no such subnet
 */
PT_MUST_CHECK pt_status_t pt_draw_subnet(const pt_space_t *space, int64_t low, int64_t high,
                                         bool is_one, const pt_rng_t *rng,
                                         pt_subnet_t *subnet);

#endif
