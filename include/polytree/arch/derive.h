/** @file
 * Deriving a network from probabilities: the reduction of a dag (docs/methods.md,
 * flow-based reduction), the likeliest copies of a branch space, both within the budget.
 */
#ifndef PT_ARCH_DERIVE_H
#define PT_ARCH_DERIVE_H

#include <stdbool.h>
#include <stdint.h>

#include "polytree/arch/alpha.h"
#include "polytree/arch/resource.h"
#include "polytree/base/rng.h"
#include "polytree/base/status.h"
#include "polytree/config/config.h"
#include "polytree/graph/space.h"
#include "polytree/graph/subnet.h"

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

/** What deriving came to. */
typedef struct pt_derived {
    double cost;      /**< in the model's unit */
    int32_t n_change; /**< made to keep the budget; 0: it kept by itself */
    bool is_cheapest; /**< the changes ended above the budget: it is the cheapest network */
} pt_derived_t;

/**
 * Derive the network of all tasks, a hard subnet of the space.
 *
 * dag: pt_derive() for each task.  While that costs more than the budget, the piece of the
 * least share of its task's flow (rule p, random: as there) per cost saved is removed with
 * what hangs loose then, never a task's last connection; who pays where pieces are alike is
 * drawn by task and choice.  Shares, so that all tasks pay alike, whatever their whole
 * flow.  Where tasks share what they pay for (parameters), a piece is removed from all of
 * them at once.  Where this ends above the budget all tasks take the cheapest connection.
 *
 * branch: each task takes the likeliest copy of each layer, ties the lowest (rule random:
 * any).  While that costs more than the budget, the tasks that share layer l with task k
 * take task j's copies up to l, such that the log-probability lost per cost saved is least;
 * ties are drawn by k, j, l.  This reaches every budget that can be kept.
 *
 * @param[in]  rng      key of the random rule and of lots; task is filled in
 * @param[out] subnet   of the sizes of `space`
 * @param[out] derived  may be NULL
 */
PT_MUST_CHECK pt_status_t pt_derive_network(const pt_config_t *config,
                                            const pt_resource_model_t *model,
                                            const pt_alpha_t *alpha, const pt_rng_t *rng,
                                            pt_subnet_t *subnet, pt_derived_t *derived);

#endif
