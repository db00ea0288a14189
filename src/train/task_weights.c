/* Weights of tasks: fixed ones, and those that follow the losses. */
#include "polytree/train/task_weights.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "polytree/base/memory.h"
#include "polytree/train/update.h"

enum { LOG_VARIANCE, MOMENT1, MOMENT2, N_REAL };
enum { LAST, BEFORE, SUM };

/* In checkpoints. */
static const char *const state_names[][N_REAL + 1] = {
    [PT_WEIGHTING_UNCERTAINTY] = {"log_variance", "moment1", "moment2", "updates"},
    [PT_WEIGHTING_DWA] = {"loss_last", "loss_before", "loss_sum", "steps"},
};

static bool is_of_real_numbers(pt_task_loss_t loss)
{
    return loss == PT_LOSS_L1 || loss == PT_LOSS_MSE || loss == PT_LOSS_L1_NORMALS ||
           loss == PT_LOSS_COSINE;
}

pt_status_t pt_task_weights_init(const pt_config_t *config, int32_t n_task,
                                 const pt_objective_t *objective,
                                 pt_task_weights_t *weights)
{
    size_t n = (size_t)n_task;
    pt_task_weights_t *w = weights;

    *w = (pt_task_weights_t){.kind = config->train.weighting,
                             .lr = config->train.weighting_lr,
                             .temperature = config->train.dwa_temperature,
                             .n_task = n_task};
    PT_TRY(pt_alloc(&w->fixed, n, sizeof *w->fixed));
    PT_TRY(pt_alloc(&w->half, n, sizeof *w->half));
    for (int i = 0; i < N_REAL; i++)
        PT_TRY(pt_alloc(&w->real[i], n, sizeof *w->real[i]));
    PT_TRY(pt_alloc(&w->count, n, sizeof *w->count));
    for (int32_t k = 0; k < n_task; k++) {
        w->fixed[k] = objective[k].weight;
        w->half[k] = is_of_real_numbers(objective[k].loss) ? 0.5 : 1;
    }
    return PT_OK;
}

void pt_task_weights_release(pt_task_weights_t *w)
{
    pt_free(w->fixed);
    pt_free(w->half);
    for (int i = 0; i < N_REAL; i++)
        pt_free(w->real[i]);
    pt_free(w->count);
    *w = (pt_task_weights_t){0};
}

void pt_task_weights_reset(pt_task_weights_t *w)
{
    for (int i = 0; i < N_REAL; i++)
        memset(w->real[i], 0, (size_t)w->n_task * sizeof *w->real[i]);
    memset(w->count, 0, (size_t)w->n_task * sizeof *w->count);
}

/* r_k */
static double descent(const pt_task_weights_t *w, int32_t task)
{
    double before = w->real[BEFORE][task];
    return before > 0 ? w->real[LAST][task] / before : 1;
}

/* Tasks may all have weight 0. */
static double not_zero(double sum)
{
    return sum > 0 ? sum : 1;
}

static double sum_fixed(const pt_task_weights_t *w, const int32_t *task, int32_t n)
{
    double sum = 0;

    for (int32_t i = 0; i < n; i++)
        sum += w->fixed[task[i]];
    return not_zero(sum);
}

/* Relative to the largest r, so that no exponential overflows. */
static double dwa_weights(const pt_task_weights_t *w, const int32_t *task, int32_t n,
                          double *weight)
{
    double top = 0, sum = 0;

    for (int32_t i = 0; i < n; i++)
        top = fmax(top, descent(w, task[i]));
    for (int32_t i = 0; i < n; i++) {
        double r = descent(w, task[i]);
        weight[task[i]] = w->fixed[task[i]] * exp((r - top) / w->temperature);
        sum += weight[task[i]];
    }
    return not_zero(sum);
}

double pt_task_weights_of(const pt_task_weights_t *w, const int32_t *task, int32_t n,
                          double *weight)
{
    if (w->kind == PT_WEIGHTING_DWA)
        return dwa_weights(w, task, n, weight);
    for (int32_t i = 0; i < n; i++) {
        int32_t k = task[i];
        weight[k] = w->fixed[k];
        if (w->kind == PT_WEIGHTING_UNCERTAINTY)
            weight[k] *= w->half[k] * exp(-w->real[LOG_VARIANCE][k]);
    }
    return sum_fixed(w, task, n);
}

static void learn_variance(pt_task_weights_t *w, int32_t task, double share, double loss)
{
    double *s = &w->real[LOG_VARIANCE][task];
    double gradient = share * (0.5 - w->half[task] * exp(-*s) * loss);
    pt_update_t update = {.optimizer = PT_OPTIMIZER_ADAM,
                          .lr = w->lr,
                          .beta1 = 0.9,
                          .beta2 = 0.999,
                          .epsilon = 1e-8,
                          .count = ++w->count[task]};

    pt_update_f64(&update, 1, &gradient, s, &w->real[MOMENT1][task],
                  &w->real[MOMENT2][task]);
}

static void end_epoch(pt_task_weights_t *w)
{
    for (int32_t k = 0; k < w->n_task; k++) {
        if (w->count[k] == 0)
            continue;
        w->real[BEFORE][k] = w->real[LAST][k];
        w->real[LAST][k] = w->real[SUM][k] / (double)w->count[k];
        w->real[SUM][k] = 0;
        w->count[k] = 0;
    }
}

void pt_task_weights_learn(pt_task_weights_t *w, const int32_t *task, int32_t n,
                           const double *loss, bool is_last)
{
    double sum = sum_fixed(w, task, n);

    for (int32_t i = 0; i < n && w->kind != PT_WEIGHTING_FIXED; i++) {
        int32_t k = task[i];
        if (w->kind == PT_WEIGHTING_DWA) {
            w->real[SUM][k] += loss[k];
            w->count[k]++;
        } else {
            learn_variance(w, k, w->fixed[k] / sum, loss[k]);
        }
    }
    if (is_last && w->kind == PT_WEIGHTING_DWA)
        end_epoch(w);
}

static void name_state(const pt_task_weights_t *w, int i, char name[64])
{
    snprintf(name, 64, "weighting/%s", state_names[w->kind][i]);
}

pt_status_t pt_task_weights_save(const pt_task_weights_t *w, pt_checkpoint_t *checkpoint)
{
    const int64_t n = w->n_task;
    char name[64];

    if (w->kind == PT_WEIGHTING_FIXED)
        return PT_OK;
    for (int i = 0; i < N_REAL; i++) {
        name_state(w, i, name);
        PT_TRY(pt_checkpoint_add(checkpoint, name, PT_DTYPE_F64, &n, 1, w->real[i], true));
    }
    name_state(w, N_REAL, name);
    return pt_checkpoint_add(checkpoint, name, PT_DTYPE_I64, &n, 1, w->count, true);
}

pt_status_t pt_task_weights_load(pt_task_weights_t *w, const pt_checkpoint_t *checkpoint)
{
    char name[64];

    if (w->kind == PT_WEIGHTING_FIXED)
        return PT_OK;
    for (int i = 0; i < N_REAL; i++) {
        name_state(w, i, name);
        PT_TRY(pt_checkpoint_copy(checkpoint, name, PT_DTYPE_F64, w->n_task, w->real[i]));
    }
    name_state(w, N_REAL, name);
    return pt_checkpoint_copy(checkpoint, name, PT_DTYPE_I64, w->n_task, w->count);
}
