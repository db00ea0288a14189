/** @file
 * A space under construction: what is added to it, node by node and candidate by candidate.
 */
#ifndef GRAPH_SPACE_BUILDER_H
#define GRAPH_SPACE_BUILDER_H

#include "polytree/graph/block.h"
#include "polytree/graph/space.h"

/** A space under construction. */
typedef struct space_builder {
    pt_space_t *space;
    const pt_kernel_t *kernel;
    size_t node_capacity, candidate_capacity, choice_capacity;
} space_builder_t;

/** What to add; name must be unique, it becomes the name of the parameter group. */
typedef struct candidate_spec {
    char name[PT_GROUP_NAME];
    int32_t src, dst;
    int32_t skip;              /**< -1: none */
    int32_t task;              /**< -1: all */
    const pt_choice_t *choice; /**< NULL: always on; its candidate is filled in */
} candidate_spec_t;

PT_MUST_CHECK pt_status_t space_add_node(space_builder_t *b, const char *name,
                                         pt_shape_t shape);

/** Add a candidate that runs `block`; its output must have the shape of dst. */
PT_MUST_CHECK pt_status_t space_add_candidate(space_builder_t *b,
                                              const candidate_spec_t *spec,
                                              const pt_block_t *block);

/** For all tasks; in search.method = single once for each. */
PT_MUST_CHECK pt_status_t space_add_copies(space_builder_t *b, const pt_config_t *config,
                                           candidate_spec_t spec, const pt_block_t *block);

/** Channels times space.width, the space's widening and, for the chains, baseline.width; of
 * a branch space as wide as space.width rounded to a multiple of 8 that is at least 90 % of
 * that (Howard et al. 2017). */
int64_t space_widened(const space_builder_t *b, const pt_config_t *config,
                      int64_t channels);

/** Shape behind a stride, as every operation with 'same' padding makes it. */
pt_shape_t space_strided(pt_shape_t s, int64_t stride, int64_t channels);

#endif
