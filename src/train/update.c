/* One step of an optimiser, SGD or Adam, and of an average, on plain arrays.
 *
 * At -O2 gcc leaves loops of unknown length scalar; vectors do not change a bit here.
 */
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("O3")
#endif

#include "polytree/train/update.h"

#include <math.h>

pt_update_t pt_update_make(const pt_update_config_t *config, double lr)
{
    return (pt_update_t){
        .optimizer = config->optimizer,
        .lr = lr,
        .momentum = config->momentum,
        .beta1 = config->beta1,
        .beta2 = config->beta2,
        .epsilon = config->epsilon,
        .decay = config->decay,
        .nesterov = config->nesterov,
        .count = 1,
    };
}

/* lr / (1 - beta1^t), and 1 / sqrt(1 - beta2^t), which is taken out of the root. */
static void bias_corrections(const pt_update_t *update, double *step_size,
                             double *root_scale)
{
    double t = (double)update->count;
    *step_size = update->lr / (1.0 - pow(update->beta1, t));
    *root_scale = 1.0 / sqrt(1.0 - pow(update->beta2, t));
}

static void sgd_f32(const pt_update_t *update, int64_t n, const float *restrict grad,
                    float *restrict weight, float *restrict m)
{
    const float lr = (float)update->lr, decay = (float)update->decay;
    const float momentum = (float)update->momentum;
    /* Both variants as m_factor m + g_factor g, with factors of 0 or 1 where exact. */
    const float m_factor = update->nesterov ? momentum : 1.0f;
    const float g_factor = update->nesterov ? 1.0f : 0.0f;
    for (int64_t i = 0; i < n; i++) {
        float g = grad[i] + decay * weight[i];
        float mi = momentum * m[i] + g;
        m[i] = mi;
        weight[i] -= lr * (g_factor * g + m_factor * mi);
    }
}

static void sgd_f64(const pt_update_t *update, int64_t n, const double *restrict grad,
                    double *restrict weight, double *restrict m)
{
    const double m_factor = update->nesterov ? update->momentum : 1.0;
    const double g_factor = update->nesterov ? 1.0 : 0.0;
    for (int64_t i = 0; i < n; i++) {
        double g = grad[i] + update->decay * weight[i];
        double mi = update->momentum * m[i] + g;
        m[i] = mi;
        weight[i] -= update->lr * (g_factor * g + m_factor * mi);
    }
}

static void adam_f32(const pt_update_t *update, int64_t n, const float *restrict grad,
                     float *restrict weight, float *restrict m, float *restrict v)
{
    double step_size, root_scale;
    bias_corrections(update, &step_size, &root_scale);
    const float lr = (float)step_size, scale = (float)root_scale;
    const float decay = (float)update->decay, epsilon = (float)update->epsilon;
    const float beta1 = (float)update->beta1, rest1 = (float)(1.0 - update->beta1);
    const float beta2 = (float)update->beta2, rest2 = (float)(1.0 - update->beta2);
    for (int64_t i = 0; i < n; i++) {
        float g = grad[i] + decay * weight[i];
        float mi = beta1 * m[i] + rest1 * g;
        float vi = beta2 * v[i] + rest2 * (g * g);
        m[i] = mi;
        v[i] = vi;
        weight[i] -= lr * (mi / (sqrtf(vi) * scale + epsilon));
    }
}

static void adam_f64(const pt_update_t *update, int64_t n, const double *restrict grad,
                     double *restrict weight, double *restrict m, double *restrict v)
{
    double step_size, root_scale;
    bias_corrections(update, &step_size, &root_scale);
    const double beta1 = update->beta1, beta2 = update->beta2;
    for (int64_t i = 0; i < n; i++) {
        double g = grad[i] + update->decay * weight[i];
        double mi = beta1 * m[i] + (1.0 - beta1) * g;
        double vi = beta2 * v[i] + (1.0 - beta2) * (g * g);
        m[i] = mi;
        v[i] = vi;
        weight[i] -= step_size * (mi / (sqrt(vi) * root_scale + update->epsilon));
    }
}

void pt_update_f32(const pt_update_t *update, int64_t n, const float *grad, float *weight,
                   float *m, float *v)
{
    if (update->optimizer == PT_OPTIMIZER_ADAM)
        adam_f32(update, n, grad, weight, m, v);
    else
        sgd_f32(update, n, grad, weight, m);
}

void pt_update_f64(const pt_update_t *update, int64_t n, const double *grad, double *weight,
                   double *m, double *v)
{
    if (update->optimizer == PT_OPTIMIZER_ADAM)
        adam_f64(update, n, grad, weight, m, v);
    else
        sgd_f64(update, n, grad, weight, m);
}

void pt_update_average(const pt_update_t *update, int64_t n, const float *restrict weight,
                       float *restrict average)
{
    const float share = (float)fmax(update->fresh, 1.0 / (double)update->count);
    const float rest = 1.0f - share;
    for (int64_t i = 0; i < n; i++)
        average[i] = rest * average[i] + share * weight[i];
}
