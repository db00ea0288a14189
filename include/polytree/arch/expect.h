/** @file
 * The expected number of groups that a sampled branching has in every layer.
 *
 * Task k uses copy c of layer l with probability p_l^k(c), tasks and layers independently.
 * A group of layer l is a distinct prefix (c_1..c_l) over the tasks, so that
 *
 *     E[G_l]  = sum_{u in B^l} ( 1 - prod_k (1 - q_k(u)) )
 *     q_k(u)  = prod_{m<=l} p_m^k(u_m)
 *
 * (docs/methods.md, resource loss).  The tree of prefixes is walked from the root; below a
 * prefix where few tasks meet, Bonferroni's inequalities bound what is left, and the sums
 * that they need have a closed form.
 */
#ifndef PT_ARCH_EXPECT_H
#define PT_ARCH_EXPECT_H

#include <stdint.h>

#include "polytree/base/status.h"

typedef struct pt_expect pt_expect_t;

/**
 * Make the scratch for `n_task` tasks and `n_layer` layers: some
 * 8 * 4 * n_layer * n_task^2 bytes.  It is all that pt_expect_groups() needs.
 *
 * @param[in]  first  [n_layer + 1], copied: the copies of layer l are the columns
 *                    first[l] .. first[l + 1] - 1 of p; first[0] is 0
 * @param[out] expect set on success only; free with pt_expect_free()
 * @return PT_E_RANGE without tasks or layers, or for a layer without copies
 */
PT_MUST_CHECK pt_status_t pt_expect_new(int32_t n_task, int32_t n_layer,
                                        const int32_t *first, pt_expect_t **expect);
void pt_expect_free(pt_expect_t *expect);

/**
 * Bound E[G_l] of every layer: low[l] <= E[G_l] <= high[l], and
 *
 *     sum_l f_l (high_l - low_l) <= tolerance * sum_l f_l low_l.
 *
 * A tolerance below 1e-13 is taken as that: rounding adds as much.  Time grows as
 * 1 / sqrt(tolerance) at worst, and is polynomial in everything else.  Layers with f_l = 0
 * have bounds too, but loose ones.
 *
 * @param[in]  p         [n_task][first[n_layer]]; each task's over the copies of a layer
 *                       sum to 1
 * @param[in]  f         [n_layer] what one group costs; not negative
 * @param[out] low, high [n_layer]
 * @param[out] dp        as p, or NULL: the gradient of sum_l f_l low_l by p, with the
 *                       pieces of the tree that were left out held fixed; up to a number
 *                       per task and layer that is the same for all copies, which a
 *                       softmax's backward removes
 * @return PT_E_NUMERIC when f or p is not as said above, PT_E_RANGE when the tolerance is
 *         negative; nothing is set then
 */
PT_MUST_CHECK pt_status_t pt_expect_groups(pt_expect_t *expect, const double *p,
                                           const double *f, double tolerance, double *low,
                                           double *high, double *dp);

/** Prefixes that the last pt_expect_groups() visited. */
int64_t pt_expect_n_visited(const pt_expect_t *expect);

#endif
