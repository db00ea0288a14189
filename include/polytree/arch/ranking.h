/** @file
 * How a search ranks all branchings, and how well that agrees with what they come to when
 * they are trained.
 */
#ifndef PT_ARCH_RANKING_H
#define PT_ARCH_RANKING_H

#include <stdint.h>

#include "polytree/base/status.h"
#include "polytree/graph/branching.h"

/**
 * Log-probability that a sampled choice of copies is branching b, task k using copy c of
 * layer l with probability p_l^k(c) = softmax(logit), tasks and layers independently:
 *
 *     P(b) = prod_l prod_g sum_u prod_i prod_{k in h_i} p_l^k(u_i)
 *
 * over the groups g of the layer before (all tasks before the first), the groups h_1..h_r
 * that g parts into, and the ways u to give them distinct copies.  It is the sum over all
 * B^(K L) choices that are this branching, without going through them: 2^r r B steps.
 *
 * @param[in]  logit  [n_task][first[n_layer]]
 * @param[in]  first  [n_layer + 1]: the copies of layer l are the columns first[l] ..
 *                    first[l + 1] - 1 of logit; first[0] is 0
 * @param[out] log_p  -INFINITY where a layer has too few copies
 * @return PT_E_RANGE where a group parts into more than 20
 */
PT_MUST_CHECK pt_status_t pt_ranking_log_p(const double *logit, const int32_t *first,
                                           const pt_branching_t *b, double *log_p);

/**
 * Spearman's rank correlation: that of the ranks, equal values sharing the mean of theirs.
 * Pairs with a NaN are left out; infinities are values like others.
 *
 * @param[out] rho  NaN where there are fewer than two pairs, or all x or all y are equal
 */
PT_MUST_CHECK pt_status_t pt_ranking_correlation(int32_t n, const double *x,
                                                 const double *y, double *rho);

#endif
