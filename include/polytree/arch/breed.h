/** @file
 * Candidates: hard subnets within a budget, drawn at random and changed at random.
 *
 * All are within the budget of the resource model.  dag: every task has a connection of at
 * most squeeze.kappa edges, at most so many edges, and no piece that lies on none.  branch:
 * a branching whose groups take canonical copies, that of their first task (modulo the
 * copies of the layer; a group finds the next one that none of those it parted from has),
 * so that what a copy is trained for does not change from candidate to candidate.
 */
#ifndef PT_ARCH_BREED_H
#define PT_ARCH_BREED_H

#include <stdbool.h>
#include <stdint.h>

#include "polytree/arch/resource.h"
#include "polytree/base/rng.h"
#include "polytree/base/status.h"
#include "polytree/config/config.h"
#include "polytree/graph/branching.h"
#include "polytree/graph/subnet.h"

typedef struct pt_breeder pt_breeder_t;

/** Borrows `model`; free with pt_breeder_free().  Not collective; what follows depends on
 * its arguments alone and allocates nothing. */
PT_MUST_CHECK pt_status_t pt_breeder_new(const pt_config_t *config,
                                         const pt_resource_model_t *model,
                                         pt_breeder_t **out);
void pt_breeder_free(pt_breeder_t *breeder);

/** What a hard subnet without loose pieces costs: as pt_resource_cost(). */
double pt_breeder_cost(pt_breeder_t *breeder, const pt_subnet_t *subnet);

/**
 * Whether a subnet is a candidate; one that is gets its canonical form: no loose pieces,
 * canonical copies.
 */
bool pt_breeder_accepts(pt_breeder_t *breeder, pt_subnet_t *subnet);

/**
 * One network for all tasks, a candidate always.  branch: all layers shared.  dag: the
 * chain 1 -> 2 -> .. -> N, or where that is none the cheapest connection.
 */
void pt_breeder_one(pt_breeder_t *breeder, pt_subnet_t *subnet);

/** Everything apart; false where that is no candidate (in a dag it never is: its pieces
 * belong to all). */
bool pt_breeder_apart(pt_breeder_t *breeder, pt_subnet_t *subnet);

/** The candidate that a branching is; false where it is none. */
bool pt_breeder_branching(pt_breeder_t *breeder, const pt_branching_t *branching,
                          pt_subnet_t *subnet);

/**
 * Draw a candidate of about a cost.  dag: from the full space pieces of all tasks are
 * removed in random order, never a task's last connection.  branch: from everything apart,
 * the tasks that share some layer with some task take the copies of another up to there,
 * again and again.
 *
 * @param[in] key    purpose, phase and step; task and index are taken
 * @param[in] share  of the way from the cheapest network to the most that the budget allows
 * @param[in] is_one dag: the same graph for all tasks
 */
void pt_breeder_draw(pt_breeder_t *breeder, const pt_rng_t *key, double share, bool is_one,
                     pt_subnet_t *subnet);

/**
 * Change a candidate by a move or two.  dag: a piece is switched on or off, for one task or
 * for all, connections are repaired and loose pieces dropped; or a task takes another's
 * graph.  Where that is beyond the budget other pieces go.  branch: a task, or all that
 * share a layer with it, take the copies of another up to there; or a group parts in two.
 *
 * @param[in]     key     as above
 * @param[in,out] subnet  a candidate; unchanged where no change was found
 * @return whether it is another candidate than before
 */
bool pt_breeder_change(pt_breeder_t *breeder, const pt_rng_t *key, pt_subnet_t *subnet);

#endif
