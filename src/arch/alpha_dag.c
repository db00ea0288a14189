/* Independent on/off choices: p = sigmoid(logit), the binary concrete distribution; and
 * the squeeze loss (docs/methods.md, the dag space). */
#include "arch/alpha.h"

#include <math.h>

#include "polytree/arch/connect.h"
#include "polytree/base/bitset.h"

/* exp() of a negative number only: no overflow on either side. */
static double sigmoid(double x)
{
    double e = exp(-fabs(x));
    return x >= 0 ? 1 / (1 + e) : e / (1 + e);
}

static void find_p(const pt_space_t *space, const double *logit, double *p)
{
    for (int32_t c = 0; c < space->n_choice; c++)
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
    pt_repair(space, logit, pt_subnet_bits(subnet, task));
    pt_subnet_harden(subnet, task);
}

static void sample(const pt_space_t *space, const double *logit, const pt_rng_t *key,
                   double tau, bool hard, pt_subnet_t *subnet, double *g)
{
    subnet->is_soft = !hard;
    for (int32_t c = 0; c < space->n_choice; c++) {
        double u = pt_rng_uniform(key, (uint64_t)c);
        g[c] = sigmoid((logit[c] + log(u) - log1p(-u)) / tau);
        set_gate(subnet, key->task, c, g[c], hard);
    }
    if (hard)
        repair(space, logit, key->task, subnet);
}

static void expect(const pt_space_t *space, const double *logit, int32_t task, bool hard,
                   pt_subnet_t *subnet)
{
    subnet->is_soft = !hard;
    for (int32_t c = 0; c < space->n_choice; c++)
        set_gate(subnet, task, c, sigmoid(logit[c]), hard);
    if (hard)
        repair(space, logit, task, subnet);
}

static void chain(const pt_space_t *space, const double *g, double tau, const double *dgate,
                  double *dlogit)
{
    for (int32_t c = 0; c < space->n_choice; c++)
        dlogit[c] = dgate[c] * (g[c] * (1 - g[c]) / tau);
}

const relaxation_t relaxation_dag = {
    .p = find_p,
    .sample = sample,
    .warmup = sample,
    .expect = expect,
    .chain = chain,
};

double pt_alpha_expected_edges(const pt_space_t *space, const pt_alpha_t *alpha,
                               int32_t task)
{
    const double *logit = alpha_logits(alpha, task);
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
    const double *logit = alpha_logits(alpha, task);
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
