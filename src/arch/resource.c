/* The resource term of the loss, and the network within a budget, for any kind of space. */
#include "arch/resource.h"

#include <math.h>

#include "arch/uses.h"
#include "polytree/base/memory.h"

/* Operations of a multiply-add, in 10^9. */
#define GFLOP 2e-9

const char *pt_resource_unit(pt_resource_t kind)
{
    static const char *const unit[] = {
        [PT_RESOURCE_MADDS] = "multiply-adds",
        [PT_RESOURCE_PARAMETERS] = "parameters",
        [PT_RESOURCE_ACTIVATION] = "bytes of activations",
        [PT_RESOURCE_SECONDS] = "seconds",
    };
    return unit[kind];
}

static pt_status_t price_candidates(pt_resource_model_t *m, const pt_config_t *config)
{
    static int64_t (*const count[])(const pt_space_t *, int32_t) = {
        [PT_RESOURCE_MADDS] = candidate_madds,
        [PT_RESOURCE_PARAMETERS] = candidate_parameters,
        [PT_RESOURCE_ACTIVATION] = candidate_activation,
    };
    bool with_heads = config->resource.heads;
    if (m->kind == PT_RESOURCE_SECONDS)
        return resource_read_table(m->space, config->resource.table, with_heads,
                                   m->candidate);
    for (int32_t c = 0; c < m->space->n_candidate; c++)
        if (with_heads || !candidate_is_head(m->space, c))
            m->candidate[c] = (double)count[m->kind](m->space, c);
    return PT_OK;
}

/* A dag counts the stem once for each task that runs it. */
static void price_choices(pt_resource_model_t *m)
{
    const pt_space_t *s = m->space;
    bool is_repeated = s->kind == PT_SPACE_DAG && !m->is_union;
    for (int32_t c = 0; c < s->n_candidate; c++)
        if (s->candidate[c].choice < 0)
            m->fixed +=
                m->candidate[c] * (is_repeated && s->candidate[c].task < 0 ? s->n_task : 1);
    for (int32_t c = 0; c < s->n_choice; c++)
        m->choice[c] = m->candidate[s->choice[c].candidate];
}

static pt_status_t set_scale(pt_resource_model_t *m, const pt_config_t *config)
{
    m->scale = m->shared > 0 ? 1 / m->shared : 0;
    if (config->resource.scale != PT_RESOURCE_GFLOP)
        return PT_OK;
    if (m->kind != PT_RESOURCE_MADDS)
        PT_FAIL(CONFIG, "resource.scale = gflop wants resource.kind = madds, not %s",
                pt_resource_unit(m->kind));
    m->scale = GFLOP;
    return PT_OK;
}

static pt_status_t set_budget(pt_resource_model_t *m, const pt_config_t *config)
{
    pt_budget_t asked = config->resource.budget;
    m->budget = INFINITY;
    if (asked.amount > 0)
        m->budget = asked.is_share ? asked.amount * m->full : asked.amount;
    if (m->least > m->budget)
        PT_FAIL(RANGE,
                "resource.budget is %.6g %s, but the cheapest network costs %.6g (%.1f%% "
                "of %.6g, the most that one can cost)",
                m->budget, pt_resource_unit(m->kind), m->least, 100 * m->least / m->full,
                m->full);
    return PT_OK;
}

static pt_status_t init(pt_resource_model_t *m, const pt_config_t *config)
{
    const pt_space_t *s = m->space;
    size_t n = (size_t)s->n_task * (size_t)s->n_choice, n_layer = (size_t)s->n_layer;
    PT_TRY(pt_alloc(&m->candidate, (size_t)s->n_candidate, sizeof *m->candidate));
    PT_TRY(pt_alloc(&m->choice, (size_t)s->n_choice, sizeof *m->choice));
    PT_TRY(pt_alloc(&m->layer, n_layer, sizeof *m->layer));
    PT_TRY(pt_alloc(&m->low, n_layer, sizeof *m->low));
    PT_TRY(pt_alloc(&m->high, n_layer, sizeof *m->high));
    PT_TRY(pt_alloc(&m->p, n, sizeof *m->p));
    PT_TRY(pt_alloc(&m->gradient, n, sizeof *m->gradient));
    PT_TRY(price_candidates(m, config));
    price_choices(m);
    PT_TRY(costing_of(s)->measure(m));
    PT_TRY(set_scale(m, config));
    return set_budget(m, config);
}

pt_status_t pt_resource_init(pt_resource_model_t *model, const pt_config_t *config,
                             const pt_space_t *space)
{
    pt_resource_model_t m = {.space = space,
                             .kind = config->resource.kind,
                             .tolerance = config->resource.tolerance};
    pt_status_t status;
    m.is_union = space->kind == PT_SPACE_DAG && m.kind == PT_RESOURCE_PARAMETERS;
    PT_TRY_OR(failed, init(&m, config));
    *model = m;
    return PT_OK;
failed:
    pt_resource_release(&m);
    return status;
}

void pt_resource_release(pt_resource_model_t *model)
{
    pt_free(model->candidate);
    pt_free(model->choice);
    pt_free(model->layer);
    pt_free(model->low);
    pt_free(model->high);
    pt_free(model->p);
    pt_free(model->gradient);
    pt_expect_free(model->expect);
    *model = (pt_resource_model_t){0};
}

pt_status_t pt_resource_cost(const pt_resource_model_t *model, const pt_subnet_t *subnet,
                             double *cost)
{
    int32_t *uses;
    double sum = 0;
    pt_status_t status;
    PT_TRY(pt_alloc(&uses, (size_t)model->space->n_candidate, sizeof *uses));
    PT_TRY_OR(done, uses_count(model->space, subnet, 0, subnet->n_task, uses));
    for (int32_t c = 0; c < model->space->n_candidate; c++)
        sum += model->candidate[c] * (model->is_union ? uses[c] > 0 : uses[c]);
    *cost = sum;
done:
    pt_free(uses);
    return status;
}

pt_status_t pt_resource_expect(pt_resource_model_t *model, const pt_alpha_t *alpha,
                               double *low, double *high)
{
    size_t n = (size_t)alpha->n_choice;
    for (int32_t k = 0; k < alpha->n_task; k++)
        pt_alpha_p(model->space, alpha, k, model->p + (size_t)k * n);
    PT_TRY(costing_of(model->space)->expect(model, low, high));
    /* Probabilities are gates without noise at temperature 1. */
    for (int32_t k = 0; k < alpha->n_task; k++) {
        double *gradient = model->gradient + (size_t)k * n;
        pt_alpha_chain(model->space, model->p + (size_t)k * n, 1, gradient, gradient);
    }
    return PT_OK;
}

void pt_resource_gradient(const pt_resource_model_t *model, int32_t task, double weight,
                          double *dlogit)
{
    int32_t n = model->space->n_choice;
    const double *gradient = model->gradient + (size_t)task * (size_t)n;
    for (int32_t c = 0; c < n; c++)
        dlogit[c] += weight * model->scale * gradient[c];
}
