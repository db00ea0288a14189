/** @file
 * One forward, one backward: the order in which a stage takes its sections
 * (polytree/graph/exec.h).
 */
#ifndef TRAIN_ALTERNATE_H
#define TRAIN_ALTERNATE_H

#include <stdbool.h>
#include <stdint.h>

/** Is a forward section next, after so many of either kind?  `n_flight`: segments that the
 * stage holds at a time; there are forwards left. */
static inline bool alternate_goes_forward(int64_t n_forward, int64_t n_backward,
                                          int32_t n_flight)
{
    return n_forward < n_backward + n_flight;
}

#endif
