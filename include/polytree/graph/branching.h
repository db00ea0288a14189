/** @file
 * Branchings: which tasks run which layer of an encoder together.
 */
#ifndef PT_GRAPH_BRANCHING_H
#define PT_GRAPH_BRANCHING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "polytree/base/status.h"

/**
 * Partitions of the tasks, one a layer, each refining the one before.  group[l * n_task +
 * k] is the group of task k in layer l; a layer's groups are numbered from 0 by their first
 * task, so that equal branchings have equal numbers.
 */
typedef struct pt_branching {
    int32_t n_layer, n_task;
    int32_t *group;
} pt_branching_t;

/** All tasks together in every layer. */
PT_MUST_CHECK pt_status_t pt_branching_init(pt_branching_t *b, int32_t n_layer,
                                            int32_t n_task);
void pt_branching_release(pt_branching_t *b);

/** Copy the groups; the sizes must agree. */
void pt_branching_copy(pt_branching_t *dst, const pt_branching_t *src);

/** Make every task alone in every layer. */
void pt_branching_full(pt_branching_t *b);

/**
 * The branching that a choice of copies is: two tasks share layer l exactly when they chose
 * the same copies in all layers up to l (docs/methods.md, the branch space).
 *
 * @param[in]     copy  [n_layer][n_task], any numbers
 * @param[in,out] b     of these sizes, overwritten
 */
void pt_branching_of_copies(const int32_t *copy, pt_branching_t *b);

/** Whether the groups are numbered as they must be, each layer refining the one before. */
bool pt_branching_is_valid(const pt_branching_t *b);

int32_t pt_branching_n_group(const pt_branching_t *b, int32_t layer);
bool pt_branching_equal(const pt_branching_t *a, const pt_branching_t *b);

/**
 * Print as "00000/00112": the tasks' groups, layer after layer; beyond 10 tasks with dots,
 * "0.0.1/0.1.2".  As snprintf(): cut to `size` bytes with the NUL, and the length that the
 * whole has is returned.
 */
size_t pt_branching_text(const pt_branching_t *b, char *out, size_t size);

/** Where there are more branchings than this they are not enumerated. */
#define PT_BRANCHING_MAX 1000000

/**
 * Number of all branchings that `n_copy` copies of each layer can make: those where no
 * group parts into more than n_copy groups of the next layer, all tasks being the group
 * before the first.  n_copy = 0: as many as there are tasks, which makes every branching.
 *
 * @return PT_E_RANGE where there are more than PT_BRANCHING_MAX, or a size is not positive
 */
PT_MUST_CHECK pt_status_t pt_branching_count(int32_t n_layer, int32_t n_task,
                                             int32_t n_copy, int64_t *count);

/**
 * Go on to the next of them, in lexicographic order of the groups: that of their text where
 * no number in it has two digits.  The first has all tasks together in every layer, the
 * last as many groups as the copies allow: with n_copy = 0 every task is alone.
 *
 * @return false at the last one, which stays
 */
bool pt_branching_next(int32_t n_copy, pt_branching_t *b);

/**
 * The one numbered `index` = 0 .. count - 1 in that order.
 *
 * @param[in,out] b  of these sizes, overwritten
 * @return PT_E_RANGE, naming the count, where there is none; as pt_branching_count()
 */
PT_MUST_CHECK pt_status_t pt_branching_nth(int64_t index, int32_t n_copy,
                                           pt_branching_t *b);

#endif
