/** @file
 * How much alike networks of a space are.
 */
#ifndef PT_ARCH_LIKENESS_H
#define PT_ARCH_LIKENESS_H

#include <stdint.h>

#include "polytree/base/status.h"
#include "polytree/graph/space.h"

/**
 * Inner products of what hard subnets have.  branch: of each layer and pair of tasks
 * whether they share it, 1 or 0.  dag: of each task and piece whether it is on, and of each
 * piece how many tasks have it, divided by the root of their number.  Beside these how wide
 * they are, by the log to base 2: twice as wide is as far as everything is from nothing.
 *
 * @param[in]  bits     [n][n_task][words of a task] as a pt_subnet_t's
 * @param[in]  widening [n] times the channels of the space
 * @param[in]  known    [n_known] numbers of subnets below n
 * @param[out] product  [n][n_known]
 */
PT_MUST_CHECK pt_status_t pt_likeness(const pt_space_t *space, int64_t n,
                                      const uint64_t *bits, const double *widening,
                                      int32_t n_known, const int32_t *known,
                                      double *product);

#endif
