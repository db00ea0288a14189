/** @file
 * Real numbers in exact sums of losses, metrics and calibration (contract rule 3).
 */
#ifndef TRAIN_FIXED_H
#define TRAIN_FIXED_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>

/** One over the quantum, 2^-20. */
#define PT_FINE_SCALE 1048576.0

/** x at quantum 2^-20; false, and 0, where |x| 2^20 >= limit or x is not finite. */
static inline bool fine_fixed(double x, double limit, int64_t *out)
{
    double scaled = x * PT_FINE_SCALE;

    *out = 0;
    if (!isfinite(x) || fabs(scaled) >= limit)
        return false;
    *out = llrint(scaled);
    return true;
}

#endif
