/** @file
 * Activations of one number.  A value that is not a number stays so, to be seen.
 */
#ifndef PT_KERNEL_ACT_H
#define PT_KERNEL_ACT_H

#include <stdbool.h>

/* The values of pt_act_t, which lives above this module. */
enum { ACT_NONE, ACT_RELU, ACT_RELU6 };

static inline double pt_act_apply(double x, int act)
{
    if (act == ACT_NONE)
        return x;
    double y = x < 0 ? 0 : x;
    return act == ACT_RELU6 && y > 6 ? 6 : y;
}

/** Whether the derivative at x is 1; else it is 0. */
static inline bool pt_act_is_open(double x, int act)
{
    return act == ACT_NONE || (!(x <= 0) && !(act == ACT_RELU6 && x >= 6));
}

#endif
