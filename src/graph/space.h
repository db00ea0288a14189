/** @file
 * The parts of which a space is built: its encoder by its kind, and the heads of all tasks.
 */
#ifndef GRAPH_SPACE_H
#define GRAPH_SPACE_H

#include "graph/space_builder.h"

/** A node for every task's outputs: the last ones of the space. */
PT_MUST_CHECK pt_status_t space_add_output_nodes(space_builder_t *b);

/** Every task's head: from node `src`, deeplab's low-level features from `skip` (-1: none).
 */
PT_MUST_CHECK pt_status_t space_add_heads(space_builder_t *b, const pt_config_t *config,
                                          int32_t src, int32_t skip);

/** Every task's head in a space of linear models: nothing but a linear operation on node
 * `src`. */
PT_MUST_CHECK pt_status_t space_add_linear_heads(space_builder_t *b, int32_t src);

/** Add all nodes, candidates and choices of the space of linear models. */
PT_MUST_CHECK pt_status_t space_build_linear(space_builder_t *b,
                                             const pt_space_spec_t *spec);

/** Add all nodes, candidates and choices of the restricted DAG (docs/methods.md, the dag
 * space). */
PT_MUST_CHECK pt_status_t space_build_dag(space_builder_t *b, const pt_config_t *config,
                                          const pt_space_spec_t *spec);

/** Add all nodes, candidates and choices of an encoder in copies (docs/methods.md, the
 * branch space). */
PT_MUST_CHECK pt_status_t space_build_branch(space_builder_t *b, const pt_config_t *config,
                                             const pt_space_spec_t *spec);

#endif
