/** @file
 * Candidates by two numbers that are both to be small: which no other beats, and the order
 * in which the others follow (NSGA-II, Deb et al. 2002).
 */
#ifndef PT_ARCH_FRONT_H
#define PT_ARCH_FRONT_H

#include <stdint.h>

#include "polytree/base/status.h"

/**
 * The front that each of n points is in.  A point beats another where it is smaller in one
 * number and not larger in the other; front 0 is beaten by none, front r + 1 by none but
 * those of fronts 0 .. r.
 *
 * @param[in]  x, y  finite
 * @param[out] rank  [n]
 */
PT_MUST_CHECK pt_status_t pt_front_rank(int32_t n, const double *x, const double *y,
                                        int32_t *rank);

/**
 * How much room a point has in its front: the sum over both numbers of the distance between
 * its neighbours, over the front's whole extent; infinite at the ends.
 *
 * @param[out] room  [n]
 */
PT_MUST_CHECK pt_status_t pt_front_room(int32_t n, const double *x, const double *y,
                                        const int32_t *rank, double *room);

/**
 * The points in the order in which they live on: by front, then those with more room, then
 * by number.
 *
 * @param[out] order  [n]
 */
PT_MUST_CHECK pt_status_t pt_front_order(int32_t n, const double *x, const double *y,
                                         int32_t *order);

#endif
