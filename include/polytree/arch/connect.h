/** @file
 * Connections: paths from stem to head with at least min_depth edges of E.
 */
#ifndef PT_ARCH_CONNECT_H
#define PT_ARCH_CONNECT_H

#include <stdbool.h>
#include <stdint.h>

#include "polytree/base/status.h"
#include "polytree/graph/space.h"

/** Largest N that the dag space allows, and the choices of N nodes without restriction. */
#define PT_DAG_MAX_NODE 64
#define PT_DAG_MAX_CHOICE (PT_DAG_MAX_NODE * (PT_DAG_MAX_NODE + 3) / 2)
#define PT_DAG_MAX_WORD ((PT_DAG_MAX_CHOICE + 63) / 64)

/**
 * Lengths of the paths from stem to head: bit d is set where one of exactly d edges of E
 * exists (at most N - 1 = 63), be it a connection or not.
 */
uint64_t pt_path_lengths(const pt_space_t *space, const uint64_t *bits);

/** Has the set of choices `bits` a connection? */
bool pt_connected(const pt_space_t *space, const uint64_t *bits);

/**
 * Open a connection in `bits` where there is none: of all connections, that whose closed
 * gates have the largest sum of logits, by a dynamic programme over (node, depth up to
 * min_depth); ties: the lexicographically lowest node sequence.  Sums are formed in
 * double from the head towards the stem.  Where min_depth >= N nothing is opened.
 */
void pt_repair(const pt_space_t *space, const double *logit, uint64_t *bits);

/** Switch off every choice that lies on no connection. */
void pt_prune(const pt_space_t *space, uint64_t *bits);

#endif
