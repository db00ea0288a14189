/* Learning rates and temperatures of a step. */
#include "polytree/train/schedule.h"

#include <math.h>

static double warmup_factor(const pt_update_config_t *update, int64_t step)
{
    if (step + 1 >= update->lr_warmup)
        return 1.0;
    return (double)(step + 1) / (double)update->lr_warmup;
}

static double decay_factor(const pt_update_config_t *update, int64_t step, int64_t n_step)
{
    const double pi = 3.14159265358979323846;
    double done = n_step > 0 ? fmin((double)step / (double)n_step, 1.0) : 0.0;
    switch (update->schedule) {
    case PT_SCHEDULE_COSINE:
        return 0.5 * (1.0 + cos(pi * done));
    case PT_SCHEDULE_POLY:
        return pow(1.0 - done, update->poly_power);
    case PT_SCHEDULE_CONSTANT:
    case PT_N_SCHEDULE:
        break;
    }
    return 1.0;
}

double pt_schedule_lr(const pt_update_config_t *update, int64_t step, int64_t n_step)
{
    return update->lr * warmup_factor(update, step) * decay_factor(update, step, n_step);
}

double pt_schedule_linear(double begin, double end, int64_t step, int64_t n_step)
{
    if (n_step <= 1)
        return begin;
    /* Weighting both ends makes both exact. */
    double t = (double)step / (double)(n_step - 1);
    return (1.0 - t) * begin + t * end;
}
