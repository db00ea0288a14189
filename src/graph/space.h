/** @file
 * Building a space: what the kinds of space share.
 */
#ifndef GRAPH_SPACE_H
#define GRAPH_SPACE_H

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
    char name[40];
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

/** Add all nodes, candidates and choices of the restricted DAG (DESIGN 2.1). */
PT_MUST_CHECK pt_status_t space_build_dag(space_builder_t *b, const pt_config_t *config,
                                          const pt_space_spec_t *spec);

#endif
