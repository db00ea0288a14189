/** @file
 * Optimisers on plain arrays: SGD (momentum, Nesterov) and Adam, as PyTorch defines them.
 *
 *     SGD   g += decay w;  m = momentum m + g (first step: m = g);
 *           w -= lr (nesterov ? g + momentum m : m)
 *     Adam  g += decay w;  m = beta1 m + (1-beta1) g;  v = beta2 v + (1-beta2) g^2;
 *           w -= lr / (1-beta1^t) m / (sqrt(v / (1-beta2^t)) + epsilon)
 */
#ifndef PT_TRAIN_UPDATE_H
#define PT_TRAIN_UPDATE_H

#include <stdbool.h>
#include <stdint.h>

#include "polytree/config/config.h"

/** One update's numbers; `count` is the number of updates including this one (t >= 1). */
typedef struct pt_update {
    pt_optimizer_t optimizer;
    double lr, momentum, beta1, beta2, epsilon, decay;
    bool nesterov;
    int64_t count;
} pt_update_t;

/** Fill from a config section; lr as given, count = 1, decay as configured. */
pt_update_t pt_update_make(const pt_update_config_t *config, double lr);

/** Update n weights in float; m and v (v: Adam only) are the moments. */
void pt_update_f32(const pt_update_t *update, int64_t n, const float *grad, float *weight,
                   float *m, float *v);

/** The same in double, for architecture parameters. */
void pt_update_f64(const pt_update_t *update, int64_t n, const double *grad, double *weight,
                   double *m, double *v);

#endif
