/** @file
 * The network found, for people and other programs: architecture.json, and a picture.
 *
 * architecture.json holds the space (nodes with shapes, candidates with operations and
 * the names of their tensors) and for each task the choices in use (branch: the copy of
 * each layer), so that together with the tensors of a checkpoint the network can be rebuilt
 * elsewhere.  Of a branch space it also says what the layers are (block, stride, cost) and
 * which tasks run them together.
 */
#ifndef PT_SEARCH_ARCHITECTURE_H
#define PT_SEARCH_ARCHITECTURE_H

#include <stdint.h>
#include <stdio.h>

#include "polytree/arch/alpha.h"
#include "polytree/base/status.h"
#include "polytree/config/config.h"
#include "polytree/graph/space.h"
#include "polytree/graph/subnet.h"

/**
 * Write space and subnet (branch: a hard one) as JSON, replacing `path` at once.  Not
 * collective.
 *
 * @param[in] alpha  of this space, adds each choice's p; NULL: no probabilities
 */
PT_MUST_CHECK pt_status_t pt_architecture_write(const pt_space_t *space,
                                                const pt_subnet_t *subnet,
                                                const pt_alpha_t *alpha, const char *path);

/**
 * Build the space that a file was written of, without kernels, and read the choices of
 * every task, gates 1.  Input and tasks are those of the file, all else is as in the run's
 * `config`.  Not collective.
 *
 * @param[out] space, subnet  to be freed and released; set on success only
 * @return PT_E_FORMAT where the file is not such a file, PT_E_MISMATCH where it names a
 *         choice that the space has not
 */
PT_MUST_CHECK pt_status_t pt_architecture_open(const pt_config_t *config, const char *path,
                                               pt_space_t **space, pt_subnet_t *subnet);

/**
 * Print the graph as Graphviz dot text: what is alive for the tasks, one graph for all.
 *
 * An edge of up to three tasks has one line in the colour of each, an edge of more is
 * grey, as wide as it is shared, and says "all", "all but" whom, or how many.  Where tasks
 * are too many for boxes of their own, a table below says which have which graph.
 *
 * A branch space is a tree: a box for the layers that the same tasks run together, the
 * tasks at its leaves; where they are many, boxes stand for branches that are alike, or for
 * all that is below.
 *
 * @param[in] task  one task alone, or -1 for all
 * @return PT_E_RANGE where there is no such task
 */
PT_MUST_CHECK pt_status_t pt_architecture_dot(const pt_space_t *space,
                                              const pt_subnet_t *subnet, int32_t task,
                                              FILE *file);

/**
 * A task's graph in one line: "in 1 3 | edges 1-2 2-4 | out 4".
 *
 * @param[in] candidate  alive, as pt_subnet_reach() gives them
 */
void pt_architecture_describe(const pt_space_t *space, const uint8_t *candidate,
                              int32_t task, char *text, size_t size);

/**
 * Print which tasks run which layers of a branch space together, in one line, "stem-l06 all
 * | l07-l12 {a b} {c d e}", or with whom one task does, "stem-l06 with all | l07-l12 with
 * b"; many tasks are counted.
 *
 * @param[in] task  one task alone, or -1 for all
 */
PT_MUST_CHECK pt_status_t pt_architecture_branching(const pt_space_t *space,
                                                    const pt_subnet_t *subnet, int32_t task,
                                                    FILE *file);

#endif
