/** @file
 * Wall time.  Never enters the numerics.
 */
#ifndef PT_BASE_CLOCK_H
#define PT_BASE_CLOCK_H

/** Monotonic seconds. */
double pt_clock(void);

#endif
