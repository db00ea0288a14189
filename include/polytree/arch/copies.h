/** @file
 * Subnets of a branch space as tables of copies, copy[l * n_task + k] for layer l.
 */
#ifndef PT_ARCH_COPIES_H
#define PT_ARCH_COPIES_H

#include <stdint.h>

#include "polytree/base/status.h"
#include "polytree/graph/branching.h"
#include "polytree/graph/space.h"
#include "polytree/graph/subnet.h"

/** The copy that each task has of each layer in a hard subnet. */
void pt_copies_of_subnet(const pt_space_t *space, const pt_subnet_t *subnet, int32_t *copy);

/** The hard subnet of these copies. */
void pt_copies_switch(const pt_space_t *space, const int32_t *copy, pt_subnet_t *subnet);

/** The hard subnet of the groups of a branching in the space of it, whose tasks may be the
 * last of the branching's alone. */
void pt_copies_switch_groups(const pt_space_t *space, const pt_branching_t *b,
                             pt_subnet_t *subnet);

/**
 * Which tasks run which layer together in a hard subnet; where every task has candidates of
 * its own (search.method = single) all are alone.
 *
 * @param[in,out] b  of the sizes of `space`, overwritten
 */
PT_MUST_CHECK pt_status_t pt_copies_branching(const pt_space_t *space,
                                              const pt_subnet_t *subnet, pt_branching_t *b);

#endif
