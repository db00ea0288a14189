/* Weights of tasks: fixed ones, random ones, and those that follow the losses. */
#include "polytree/train/task_weights.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "polytree/base/memory.h"
#include "polytree/train/update.h"

enum { VALUE, MOMENT1, MOMENT2, N_REAL };
enum { LAST, BEFORE, SUM };

/* What losses are at least, where one divides by them. */
#define LEAST 1e-8

/* The state in checkpoints; a kind without a name has none. */
static const char *const state_names[PT_N_WEIGHTING][N_REAL + 1] = {
    [PT_WEIGHTING_UNCERTAINTY] = {"log_variance", "moment1", "moment2", "updates"},
    [PT_WEIGHTING_DWA] = {"loss_last", "loss_before", "loss_sum", "steps"},
    [PT_WEIGHTING_FAMO] = {"logit", "moment1", "moment2", "updates"},
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
                             .lr = config->train.weighting == PT_WEIGHTING_FAMO
                                       ? config->train.famo_lr
                                       : config->train.weighting_lr,
                             .decay = config->train.famo_decay,
                             .temperature = config->train.dwa_temperature,
                             .n_task = n_task};
    PT_TRY(pt_alloc(&w->fixed, n, sizeof *w->fixed));
    PT_TRY(pt_alloc(&w->half, n, sizeof *w->half));
    for (int i = 0; i < N_REAL; i++)
        PT_TRY(pt_alloc(&w->real[i], n, sizeof *w->real[i]));
    PT_TRY(pt_alloc(&w->count, n, sizeof *w->count));
    PT_TRY(pt_alloc(&w->slope, n, sizeof *w->slope));
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
    pt_free(w->slope);
    *w = (pt_task_weights_t){0};
}

void pt_task_weights_reset(pt_task_weights_t *w)
{
    for (int i = 0; i < N_REAL; i++)
        memset(w->real[i], 0, (size_t)w->n_task * sizeof *w->real[i]);
    memset(w->count, 0, (size_t)w->n_task * sizeof *w->count);
}

bool pt_weighting_is_by_loss(pt_weighting_t kind)
{
    return kind == PT_WEIGHTING_GEOMETRIC || kind == PT_WEIGHTING_FAMO;
}

bool pt_weighting_looks_back(pt_weighting_t kind)
{
    return kind == PT_WEIGHTING_FAMO;
}

/* Tasks may all have weight 0. */
static double not_zero(double sum)
{
    return sum > 0 ? sum : 1;
}

static double sum_of(const double *x, const int32_t *task, int32_t n)
{
    double sum = 0;

    for (int32_t i = 0; i < n; i++)
        sum += x[task[i]];
    return sum;
}

/* exp(logit) of each task, `weight` on input, its mean 1.  Relative to the largest one, so
 * that none overflows. */
static void soften(const int32_t *task, int32_t n, double *weight)
{
    double top = -INFINITY;

    for (int32_t i = 0; i < n; i++)
        top = fmax(top, weight[task[i]]);
    for (int32_t i = 0; i < n; i++)
        weight[task[i]] = exp(weight[task[i]] - top);
    double sum = sum_of(weight, task, n);
    for (int32_t i = 0; i < n; i++)
        weight[task[i]] *= n / sum;
}

/* a_k / W, and 0 where all are. */
static void fixed_shares(const pt_task_weights_t *w, const int32_t *task, int32_t n,
                         double *share)
{
    double sum = not_zero(sum_of(w->fixed, task, n));

    for (int32_t i = 0; i < n; i++)
        share[task[i]] = w->fixed[task[i]] / sum;
}

/* z_k of famo. */
static void famo_shares(const pt_task_weights_t *w, const int32_t *task, int32_t n,
                        double *share)
{
    for (int32_t i = 0; i < n; i++)
        share[task[i]] = w->real[VALUE][task[i]];
    soften(task, n, share);
    for (int32_t i = 0; i < n; i++)
        share[task[i]] *= w->fixed[task[i]];
    double sum = not_zero(sum_of(share, task, n));
    for (int32_t i = 0; i < n; i++)
        share[task[i]] /= sum;
}

static void weigh_fixed(const pt_task_weights_t *w, const pt_task_weights_step_t *step,
                        const int32_t *task, int32_t n, double *weight)
{
    (void)step;
    for (int32_t i = 0; i < n; i++)
        weight[task[i]] = w->fixed[task[i]];
}

static void weigh_variances(const pt_task_weights_t *w, const pt_task_weights_step_t *step,
                            const int32_t *task, int32_t n, double *weight)
{
    (void)step;
    for (int32_t i = 0; i < n; i++) {
        int32_t k = task[i];
        weight[k] = w->fixed[k] * (w->half[k] * exp(-w->real[VALUE][k]));
    }
}

static void weigh_descent(const pt_task_weights_t *w, const pt_task_weights_step_t *step,
                          const int32_t *task, int32_t n, double *weight)
{
    (void)step;
    for (int32_t i = 0; i < n; i++) {
        double before = w->real[BEFORE][task[i]];
        double r = before > 0 ? w->real[LAST][task[i]] / before : 1;
        weight[task[i]] = r / w->temperature;
    }
    soften(task, n, weight);
    for (int32_t i = 0; i < n; i++)
        weight[task[i]] *= w->fixed[task[i]];
}

static void weigh_at_random(const pt_task_weights_t *w, const pt_task_weights_step_t *step,
                            const int32_t *task, int32_t n, double *weight)
{
    pt_rng_t rng = step->rng;

    for (int32_t i = 0; i < n; i++) {
        rng.task = (uint16_t)task[i];
        weight[task[i]] = pt_rng_normal(&rng, 0);
    }
    soften(task, n, weight);
    for (int32_t i = 0; i < n; i++)
        weight[task[i]] *= w->fixed[task[i]];
}

static void weigh_geometric(const pt_task_weights_t *w, const pt_task_weights_step_t *step,
                            const int32_t *task, int32_t n, double *weight)
{
    double mean = 0;

    fixed_shares(w, task, n, weight);
    for (int32_t i = 0; i < n; i++)
        mean += weight[task[i]] * log(step->loss[task[i]] + LEAST);
    for (int32_t i = 0; i < n; i++)
        weight[task[i]] = w->fixed[task[i]] * (exp(mean) / (step->loss[task[i]] + LEAST));
}

static void weigh_famo(const pt_task_weights_t *w, const pt_task_weights_step_t *step,
                       const int32_t *task, int32_t n, double *weight)
{
    double whole = sum_of(w->fixed, task, n);

    famo_shares(w, task, n, weight);
    for (int32_t i = 0; i < n; i++)
        weight[task[i]] /= step->loss[task[i]] + LEAST;
    double sum = not_zero(sum_of(weight, task, n));
    for (int32_t i = 0; i < n; i++)
        weight[task[i]] *= whole / sum;
}

static void (*const weigh[PT_N_WEIGHTING])(const pt_task_weights_t *,
                                           const pt_task_weights_step_t *, const int32_t *,
                                           int32_t, double *) = {
    [PT_WEIGHTING_FIXED] = weigh_fixed,
    [PT_WEIGHTING_UNCERTAINTY] = weigh_variances,
    [PT_WEIGHTING_DWA] = weigh_descent,
    [PT_WEIGHTING_RANDOM] = weigh_at_random,
    [PT_WEIGHTING_GEOMETRIC] = weigh_geometric,
    [PT_WEIGHTING_FAMO] = weigh_famo,
};

double pt_task_weights_of(const pt_task_weights_t *w, const pt_task_weights_step_t *step,
                          const int32_t *task, int32_t n, double *weight)
{
    bool is_own = w->kind == PT_WEIGHTING_DWA || w->kind == PT_WEIGHTING_RANDOM;

    weigh[w->kind](w, step, task, n, weight);
    return not_zero(sum_of(is_own ? weight : w->fixed, task, n));
}

/* One step of Adam. */
static void learn_value(pt_task_weights_t *w, int32_t task, double decay, double gradient)
{
    pt_update_t update = {.optimizer = PT_OPTIMIZER_ADAM,
                          .lr = w->lr,
                          .beta1 = 0.9,
                          .beta2 = 0.999,
                          .epsilon = 1e-8,
                          .decay = decay,
                          .count = ++w->count[task]};

    pt_update_f64(&update, 1, &gradient, &w->real[VALUE][task], &w->real[MOMENT1][task],
                  &w->real[MOMENT2][task]);
}

static void learn_variances(pt_task_weights_t *w, const int32_t *task, int32_t n,
                            const double *loss)
{
    fixed_shares(w, task, n, w->slope);
    for (int32_t i = 0; i < n; i++) {
        int32_t k = task[i];
        double s = w->real[VALUE][k];
        learn_value(w, k, 0, w->slope[k] * (0.5 - w->half[k] * exp(-s) * loss[k]));
    }
}

static void learn_famo(pt_task_weights_t *w, const int32_t *task, int32_t n,
                       const double *loss, const double *after)
{
    double mean = 0;

    famo_shares(w, task, n, w->slope);
    for (int32_t i = 0; i < n; i++) {
        int32_t k = task[i];
        mean += w->slope[k] * log((loss[k] + LEAST) / (after[k] + LEAST));
    }
    for (int32_t i = 0; i < n; i++) {
        int32_t k = task[i];
        double descent = log((loss[k] + LEAST) / (after[k] + LEAST));
        learn_value(w, k, w->decay, w->slope[k] * (descent - mean));
    }
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

static void learn_descent(pt_task_weights_t *w, const int32_t *task, int32_t n,
                          const double *loss, bool is_last)
{
    for (int32_t i = 0; i < n; i++) {
        w->real[SUM][task[i]] += loss[task[i]];
        w->count[task[i]]++;
    }
    if (is_last)
        end_epoch(w);
}

void pt_task_weights_learn(pt_task_weights_t *w, const int32_t *task, int32_t n,
                           const double *loss, const double *after, bool is_last)
{
    switch (w->kind) {
    case PT_WEIGHTING_UNCERTAINTY:
        learn_variances(w, task, n, loss);
        break;
    case PT_WEIGHTING_DWA:
        learn_descent(w, task, n, loss, is_last);
        break;
    case PT_WEIGHTING_FAMO:
        learn_famo(w, task, n, loss, after);
        break;
    case PT_WEIGHTING_FIXED:
    case PT_WEIGHTING_RANDOM:
    case PT_WEIGHTING_GEOMETRIC:
    case PT_N_WEIGHTING:
        break;
    }
}

static bool has_state(const pt_task_weights_t *w)
{
    return state_names[w->kind][0] != NULL;
}

static void name_state(const pt_task_weights_t *w, int i, char name[64])
{
    snprintf(name, 64, "weighting/%s", state_names[w->kind][i]);
}

pt_status_t pt_task_weights_save(const pt_task_weights_t *w, pt_checkpoint_t *checkpoint)
{
    const int64_t n = w->n_task;
    char name[64];

    if (!has_state(w))
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

    if (!has_state(w))
        return PT_OK;
    for (int i = 0; i < N_REAL; i++) {
        name_state(w, i, name);
        PT_TRY(pt_checkpoint_copy(checkpoint, name, PT_DTYPE_F64, w->n_task, w->real[i]));
    }
    name_state(w, N_REAL, name);
    return pt_checkpoint_copy(checkpoint, name, PT_DTYPE_I64, w->n_task, w->count);
}
