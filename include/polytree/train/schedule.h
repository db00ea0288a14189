/** @file
 * Learning rates and temperatures as functions of the step: no state.
 */
#ifndef PT_TRAIN_SCHEDULE_H
#define PT_TRAIN_SCHEDULE_H

#include <stdint.h>

#include "polytree/config/config.h"

/**
 * Learning rate of step `step` in 0..n_step-1: linear warm-up over lr_warmup steps (first
 * step lr/lr_warmup), times constant, cosine (to 0 at n_step) or poly (1 - s/n)^poly_power.
 */
double pt_schedule_lr(const pt_update_config_t *update, int64_t step, int64_t n_step);

/** Linear from begin (step 0) to end (step n_step - 1). */
double pt_schedule_linear(double begin, double end, int64_t step, int64_t n_step);

#endif
