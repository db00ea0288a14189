/** @file
 * How sure a mean over a few seeds is: Student's t, and Holm's correction for several.
 */
#ifndef STUDY_INTERVAL_H
#define STUDY_INTERVAL_H

#include <stdint.h>

/** Chance that Student's t of so many degrees of freedom is farther from 0 than t, on
 * either side; NaN without a degree of freedom. */
double study_t_tails(double t, int32_t freedom);

/** What a standard error is multiplied by for the half width of a 95 % interval; NaN
 * without a degree of freedom. */
double study_t_factor(int32_t freedom);

/**
 * Holm (1979): levels of n comparisons made at once, each raised so that the chance of any
 * false alarm among them is below what it says.  NaN are no comparisons, and stay.
 */
void study_holm(int32_t n, const double *p, double *adjusted);

#endif
