/** @file
 * layout.mode = auto: which arrangement of ranks is the fastest.
 */
#ifndef APP_ARRANGE_H
#define APP_ARRANGE_H

#include <stdint.h>

#include "polytree/config/config.h"
#include "polytree/graph/space.h"
#include "polytree/par/layout.h"
#include "polytree/train/feed.h"

typedef struct pt_arrangement {
    int32_t extent[PT_N_AXIS];
    double balance; /**< work of a step / (ranks * work of the slowest), mean; surplus
                         ranks count */
    double speedup; /**< against one rank, by work alone */
} pt_arrangement_t;

/**
 * Choose extents of the task and data axes for `n_rank` ranks.
 *
 * The first weight steps of the run are dealt out to the ranks as the trainer does it, a
 * unit costing the multiply-adds of its plan with every candidate on; the arrangement
 * with the least mean over the steps of the slowest rank's work wins; among equals the
 * one with most ranks along the data, for these share a node's memory best, then the one
 * with fewest surplus ranks.  Same result on every rank.  Not collective.
 *
 * @param[in] space  for counting; may lack kernels
 */
PT_MUST_CHECK pt_status_t pt_arrange(const pt_config_t *config, const pt_feed_t *feed,
                                     const pt_space_t *space, int32_t n_rank,
                                     pt_arrangement_t *out);

/** Balance and speedup of given extents. */
PT_MUST_CHECK pt_status_t pt_arrange_judge(const pt_config_t *config, const pt_feed_t *feed,
                                           const pt_space_t *space, int32_t n_rank,
                                           pt_arrangement_t *inout);

#endif
