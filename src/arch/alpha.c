#include "polytree/arch/alpha.h"

#include <math.h>

#include "polytree/arch/connect.h"
#include "polytree/base/bitset.h"
#include "polytree/base/memory.h"

pt_status_t pt_alpha_init(pt_alpha_t *alpha, int32_t n_task, int32_t n_choice)
{
    pt_alpha_t a = {.n_task = n_task, .n_choice = n_choice};
    size_t n = (size_t)n_task * (size_t)n_choice;
    pt_status_t status;
    PT_TRY_OR(failed, pt_alloc(&a.logit, n, sizeof *a.logit));
    PT_TRY_OR(failed, pt_alloc(&a.m, n, sizeof *a.m));
    PT_TRY_OR(failed, pt_alloc(&a.v, n, sizeof *a.v));
    PT_TRY_OR(failed, pt_alloc(&a.count, (size_t)n_task, sizeof *a.count));
    *alpha = a;
    return PT_OK;
failed:
    pt_alpha_release(&a);
    return status;
}

void pt_alpha_release(pt_alpha_t *alpha)
{
    pt_free(alpha->logit);
    pt_free(alpha->m);
    pt_free(alpha->v);
    pt_free(alpha->count);
    *alpha = (pt_alpha_t){0};
}

/* exp() of a negative number only: no overflow on either side. */
static double sigmoid(double x)
{
    double e = exp(-fabs(x));
    return x >= 0 ? 1 / (1 + e) : e / (1 + e);
}

static const double *task_logits(const pt_alpha_t *alpha, int32_t task)
{
    return alpha->logit + (size_t)task * (size_t)alpha->n_choice;
}

void pt_alpha_p(const pt_alpha_t *alpha, int32_t task, double *p)
{
    const double *logit = task_logits(alpha, task);
    for (int32_t c = 0; c < alpha->n_choice; c++)
        p[c] = sigmoid(logit[c]);
}

static void set_gate(pt_subnet_t *subnet, int32_t task, int32_t c, double g, bool hard)
{
    pt_subnet_switch(subnet, task, c, !hard || g > 0.5);
    if (!hard)
        pt_subnet_gates(subnet, task)[c] = (pt_real_t)g;
}

static void repair(const pt_space_t *space, const double *logit, int32_t task,
                   pt_subnet_t *subnet)
{
    uint64_t *bits = pt_subnet_bits(subnet, task);
    pt_real_t *gate = pt_subnet_gates(subnet, task);
    pt_repair(space, logit, bits);
    for (int32_t c = 0; c < subnet->n_choice; c++)
        gate[c] = pt_bitset_get(bits, c);
}

void pt_alpha_sample(const pt_space_t *space, const pt_alpha_t *alpha, int32_t task,
                     const pt_rng_t *rng, double tau, bool hard, pt_subnet_t *subnet,
                     double *g)
{
    const double *logit = task_logits(alpha, task);
    pt_rng_t key = *rng;
    key.task = (uint16_t)task;
    subnet->is_soft = !hard;
    for (int32_t c = 0; c < alpha->n_choice; c++) {
        double u = pt_rng_uniform(&key, (uint64_t)c);
        double gate = sigmoid((logit[c] + log(u) - log1p(-u)) / tau);
        set_gate(subnet, task, c, gate, hard);
        if (g)
            g[c] = gate;
    }
    if (hard)
        repair(space, logit, task, subnet);
}

void pt_alpha_expect(const pt_space_t *space, const pt_alpha_t *alpha, int32_t task,
                     bool hard, pt_subnet_t *subnet)
{
    const double *logit = task_logits(alpha, task);
    subnet->is_soft = !hard;
    for (int32_t c = 0; c < alpha->n_choice; c++)
        set_gate(subnet, task, c, sigmoid(logit[c]), hard);
    if (hard)
        repair(space, logit, task, subnet);
}

void pt_alpha_chain(int32_t n_choice, const double *g, double tau, const double *dgate,
                    double *dlogit)
{
    for (int32_t c = 0; c < n_choice; c++)
        dlogit[c] = dgate[c] * (g[c] * (1 - g[c]) / tau);
}

double pt_alpha_expected_edges(const pt_space_t *space, const pt_alpha_t *alpha,
                               int32_t task)
{
    const double *logit = task_logits(alpha, task);
    double sum = 0;
    for (int32_t c = 0; c < alpha->n_choice; c++)
        if (space->choice[c].kind == PT_CHOICE_EDGE)
            sum += sigmoid(logit[c]);
    return sum;
}

double pt_squeeze_loss(const pt_space_t *space, const pt_alpha_t *alpha, double kappa)
{
    double sum = 0;
    if (space->n_edge == 0)
        return 0;
    for (int32_t k = 0; k < alpha->n_task; k++)
        sum += fmax(0, pt_alpha_expected_edges(space, alpha, k) - kappa);
    return sum / space->n_edge / alpha->n_task;
}

void pt_squeeze_gradient(const pt_space_t *space, const pt_alpha_t *alpha, int32_t task,
                         double kappa, double weight, double *dlogit)
{
    const double *logit = task_logits(alpha, task);
    if (space->n_edge == 0 || pt_alpha_expected_edges(space, alpha, task) <= kappa)
        return;
    weight = weight / space->n_edge / alpha->n_task;
    for (int32_t c = 0; c < alpha->n_choice; c++) {
        if (space->choice[c].kind == PT_CHOICE_EDGE) {
            double p = sigmoid(logit[c]);
            dlogit[c] += weight * (p * (1 - p));
        }
    }
}
