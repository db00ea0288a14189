/* Architecture parameters: logits of every task's choices, and gates drawn by them. */
#include "arch/alpha.h"

#include "polytree/base/memory.h"

static const relaxation_t *const relaxations[] = {
    [PT_SPACE_DAG] = &relaxation_dag,
    [PT_SPACE_BRANCH] = &relaxation_branch,
};

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

void pt_alpha_p(const pt_space_t *space, const pt_alpha_t *alpha, int32_t task, double *p)
{
    relaxations[space->kind]->p(space, alpha_logits(alpha, task), p);
}

static pt_rng_t key_of(const pt_rng_t *rng, int32_t task)
{
    pt_rng_t key = *rng;
    key.task = (uint16_t)task;
    return key;
}

void pt_alpha_sample(const pt_space_t *space, const pt_alpha_t *alpha, int32_t task,
                     const pt_rng_t *rng, double tau, bool hard, pt_subnet_t *subnet,
                     double *g)
{
    pt_rng_t key = key_of(rng, task);
    relaxations[space->kind]->sample(space, alpha_logits(alpha, task), &key, tau, hard,
                                     subnet, g);
}

void pt_alpha_warmup(const pt_space_t *space, const pt_alpha_t *alpha, int32_t task,
                     const pt_rng_t *rng, double tau, bool hard, pt_subnet_t *subnet,
                     double *g)
{
    pt_rng_t key = key_of(rng, task);
    relaxations[space->kind]->warmup(space, alpha_logits(alpha, task), &key, tau, hard,
                                     subnet, g);
}

void pt_alpha_expect(const pt_space_t *space, const pt_alpha_t *alpha, int32_t task,
                     bool hard, pt_subnet_t *subnet)
{
    relaxations[space->kind]->expect(space, alpha_logits(alpha, task), task, hard, subnet);
}

void pt_alpha_pool(int32_t n_task, int32_t n_choice, double pooling, double *dlogit,
                   double *sum)
{
    for (int32_t c = 0; c < n_choice; c++) {
        sum[c] = 0;
        for (int32_t k = 0; k < n_task; k++)
            sum[c] += dlogit[(size_t)k * (size_t)n_choice + (size_t)c];
    }
    for (int32_t k = 0; k < n_task; k++)
        for (int32_t c = 0; c < n_choice; c++) {
            double *d = dlogit + (size_t)k * (size_t)n_choice + c;
            *d = (1 - pooling) * *d + pooling * sum[c];
        }
}

void pt_alpha_chain(const pt_space_t *space, const double *g, double tau,
                    const double *dgate, double *dlogit)
{
    relaxations[space->kind]->chain(space, g, tau, dgate, dlogit);
}
