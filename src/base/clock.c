/* Wall time in seconds. */
#include "polytree/base/clock.h"

#include <time.h>

double pt_clock(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}
