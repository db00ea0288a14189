/* One copy of each layer: p = softmax(logit) over its copies, Gumbel-Softmax
 * (docs/methods.md, the branch space).
 */
#include "arch/alpha.h"

#include <math.h>

/* In place; exp() of what is at most 0. */
static void softmax(int32_t n, double *x)
{
    double largest = x[0], sum = 0;
    for (int32_t c = 1; c < n; c++)
        largest = fmax(largest, x[c]);
    for (int32_t c = 0; c < n; c++)
        sum += x[c] = exp(x[c] - largest);
    for (int32_t c = 0; c < n; c++)
        x[c] /= sum;
}

static int32_t find_largest(int32_t n, const double *x)
{
    int32_t best = 0;
    for (int32_t c = 1; c < n; c++)
        best = x[c] > x[best] ? c : best;
    return best;
}

static void find_p(const pt_space_t *space, const double *logit, double *p)
{
    const int32_t *at = space->layer_choice;
    for (int32_t c = 0; c < space->n_choice; c++)
        p[c] = logit[c];
    for (int32_t l = 0; l < space->n_layer; l++)
        softmax(at[l + 1] - at[l], p + at[l]);
}

static void choose(const pt_space_t *space, int32_t layer, int32_t copy, int32_t task,
                   pt_subnet_t *subnet)
{
    const int32_t *at = space->layer_choice + layer;
    for (int32_t c = at[0]; c < at[1]; c++)
        pt_subnet_switch(subnet, task, c, c == at[0] + copy);
}

static void sample(const pt_space_t *space, const double *logit, const pt_rng_t *key,
                   double tau, bool hard, pt_subnet_t *subnet, double *g)
{
    subnet->is_soft = !hard;
    for (int32_t c = 0; c < space->n_choice; c++)
        g[c] = (logit[c] - log(-log(pt_rng_uniform(key, (uint64_t)c)))) / tau;
    for (int32_t l = 0; l < space->n_layer; l++) {
        int32_t first = space->layer_choice[l], n = space->layer_choice[l + 1] - first;
        int32_t chosen = find_largest(n, g + first);
        softmax(n, g + first);
        if (hard)
            choose(space, l, chosen, key->task, subnet);
    }
    for (int32_t c = 0; c < space->n_choice && !hard; c++) {
        pt_subnet_switch(subnet, key->task, c, true);
        pt_subnet_gates(subnet, key->task)[c] = (pt_real_t)g[c];
    }
}

static void warmup(const pt_space_t *space, const double *logit, const pt_rng_t *key,
                   double tau, bool hard, pt_subnet_t *subnet, double *g)
{
    (void)logit, (void)tau, (void)hard;
    subnet->is_soft = false;
    for (int32_t l = 0; l < space->n_layer; l++)
        choose(space, l, key->task % (space->layer_choice[l + 1] - space->layer_choice[l]),
               key->task, subnet);
    for (int32_t c = 0; c < space->n_choice; c++)
        g[c] = pt_subnet_gates(subnet, key->task)[c];
}

static void expect(const pt_space_t *space, const double *logit, int32_t task, bool hard,
                   pt_subnet_t *subnet)
{
    const int32_t *at = space->layer_choice;
    (void)hard;
    subnet->is_soft = false;
    for (int32_t l = 0; l < space->n_layer; l++)
        choose(space, l, find_largest(at[l + 1] - at[l], logit + at[l]), task, subnet);
}

static void chain(const pt_space_t *space, const double *g, double tau, const double *dgate,
                  double *dlogit)
{
    const int32_t *at = space->layer_choice;
    for (int32_t l = 0; l < space->n_layer; l++) {
        double mean = 0;
        for (int32_t c = at[l]; c < at[l + 1]; c++)
            mean += g[c] * dgate[c];
        for (int32_t c = at[l]; c < at[l + 1]; c++)
            dlogit[c] = g[c] * (dgate[c] - mean) / tau;
    }
}

const relaxation_t relaxation_branch = {
    .p = find_p,
    .sample = sample,
    .warmup = warmup,
    .expect = expect,
    .chain = chain,
};
