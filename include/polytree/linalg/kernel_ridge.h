/** @file
 * Ridge regression on how much alike things are: an additive model of features that nobody
 * has to write out.
 */
#ifndef PT_LINALG_KERNEL_RIDGE_H
#define PT_LINALG_KERNEL_RIDGE_H

#include <stdint.h>

#include "polytree/base/status.h"

/**
 * What ridge regression on features x, fitted to y of some of n things, says of all:
 *
 *     min  sum_i (y_i - b - w^T x_i)^2 + lambda |w|^2,  i in known
 *
 * Features are known by their inner products only, and scaled by the mean square of their
 * distance from the mean.  Lambda, of a fixed grid, has the least error where each y is
 * left out in turn; the largest of equals.  On one rank; sums have one order.
 *
 * @param[in]  n_known  at least 1
 * @param[in]  known    [n_known] numbers of things below n
 * @param[in]  product  [n][n_known] x_i^T x_known[j], any scale
 * @param[in]  y        [n_known]
 * @param[out] out      [n]
 * @return PT_E_NUMERIC where the products are of no features
 */
PT_MUST_CHECK pt_status_t pt_kernel_ridge(int64_t n, int32_t n_known, const int32_t *known,
                                          const double *product, const double *y,
                                          double *out);

#endif
