/** @file
 * Flow-based reduction: from probabilities to the graph of one task (DESIGN 2.1).
 */
#ifndef PT_ARCH_DERIVE_H
#define PT_ARCH_DERIVE_H

#include <stdint.h>

#include "polytree/base/rng.h"
#include "polytree/base/status.h"
#include "polytree/config/config.h"
#include "polytree/graph/space.h"

/**
 * Flow through every choice that is on, counting only connections:
 *     F_in(j) = a_j + sum_i F_in(i) g_ij      F_out(i) = b_i + sum_j g_ij F_out(j)
 * with both indexed by path length up to min_depth.  flow[c] = 0 where off.  Returns the
 * whole flow from stem to head.
 */
double pt_flow(const pt_space_t *space, const double *p, const uint64_t *bits,
               double *flow);

/**
 * Reduce the full space to the graph of one task: drop what is on no connection; then
 * remove the piece of least flow (rule p: least p; random: by rng), recomputing each
 * time, never cutting the last connection, first until at most kappa edges are left, then
 * for as long as the fraction `keep` of the flow at the end of that phase remains.
 *
 * Only connections of at most kappa edges count as the last one where there are any (else
 * those of the fewest edges): so the graph left has at most max(kappa, min_depth) edges.
 * Ties go to the lowest (kind, i, j).  Nothing is left where min_depth >= N.
 *
 * @param[in]  p     [n_choice] of the task
 * @param[in]  rng   key of the random rule, number c for choice c; else unused
 * @param[out] bits  the choices left, others zero
 */
void pt_derive(const pt_space_t *space, const double *p, pt_rule_t rule, double kappa,
               double keep, const pt_rng_t *rng, uint64_t *bits);

#endif
