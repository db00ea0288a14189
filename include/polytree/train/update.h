/** @file
 * Optimisers on plain arrays: SGD (momentum, Nesterov) and Adam, as PyTorch defines them.
 *
 *     SGD   g += decay w;  m = momentum m + g (first step: m = g);
 *           w -= lr (nesterov ? g + momentum m : m)
 *     Adam  g += decay w;  m = beta1 m + (1-beta1) g;  v = beta2 v + (1-beta2) g^2;
 *           w -= lr / (1-beta1^t) m / (sqrt(v / (1-beta2^t)) + epsilon)
 *
 * and a running average of the weights, a += c (w - a), c = max(fresh, 1/t): the mean over
 * the first 1/fresh updates, so that no share of what they began with is left.
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
    double fresh; /**< share of new weights in their average; 0: it stays as it is */
} pt_update_t;

/** Fill from a config section; lr as given, count = 1, decay as configured. */
pt_update_t pt_update_make(const pt_update_config_t *config, double lr);

/** Update n weights in float; m and v (v: Adam only) are the moments. */
void pt_update_f32(const pt_update_t *update, int64_t n, const float *grad, float *weight,
                   float *m, float *v);

/** The same in double, for architecture parameters. */
void pt_update_f64(const pt_update_t *update, int64_t n, const double *grad, double *weight,
                   double *m, double *v);

/** Let the average of n updated weights follow them. */
void pt_update_average(const pt_update_t *update, int64_t n, const float *weight,
                       float *average);

#endif
