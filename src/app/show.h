/** @file
 * What `polytree show` prints of a branch space.
 */
#ifndef APP_SHOW_H
#define APP_SHOW_H

#include "polytree/base/status.h"
#include "polytree/graph/space.h"
#include "polytree/graph/subnet.h"

/**
 * Print layers, branching, heads and their cost; of one task alone its part of that.
 *
 * @param[in] subnet   hard, or NULL: nothing is chosen yet
 * @param[in] task     -1: all
 */
PT_MUST_CHECK pt_status_t pt_show_branch(const pt_space_t *space, const pt_subnet_t *subnet,
                                         int32_t task);

#endif
