/** @file
 * Connections: paths from stem to head with at least min_depth edges of E.
 */
#ifndef PT_ARCH_CONNECT_H
#define PT_ARCH_CONNECT_H

#include <stdbool.h>
#include <stdint.h>

#include "polytree/base/status.h"
#include "polytree/graph/space.h"

/** Largest N that the dag space allows. */
#define PT_DAG_MAX_NODE 64

/** Has the set of choices `bits` a connection? */
bool pt_connected(const pt_space_t *space, const uint64_t *bits);

/**
 * Open a connection in `bits` where there is none: of all connections, that whose closed
 * gates have the largest sum of logits, by a dynamic programme over (node, depth up to
 * min_depth); ties: the lexicographically lowest node sequence.
 */
void pt_repair(const pt_space_t *space, const double *logit, uint64_t *bits);

/** Switch off every choice that lies on no connection. */
void pt_prune(const pt_space_t *space, uint64_t *bits);

#endif
