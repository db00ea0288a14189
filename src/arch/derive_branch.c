/* The network of a branch space: the likeliest copies, merged down to the budget. */
#include "arch/resource.h"

#include <math.h>

#include "arch/merge.h"
#include "polytree/arch/copies.h"
#include "polytree/base/memory.h"

/* Of what softmax() makes, without its underflow. */
static void find_log_p(const pt_space_t *space, const pt_alpha_t *alpha, double *logp)
{
    const int32_t *at = space->layer_choice;
    for (int32_t k = 0; k < space->n_task; k++)
        for (int32_t l = 0; l < space->n_layer; l++) {
            size_t first = (size_t)k * (size_t)space->n_choice + (size_t)at[l];
            int32_t n = at[l + 1] - at[l];
            const double *logit = alpha->logit + first;
            double largest = logit[0], sum = 0;
            for (int32_t c = 1; c < n; c++)
                largest = fmax(largest, logit[c]);
            for (int32_t c = 0; c < n; c++)
                sum += exp(logit[c] - largest);
            for (int32_t c = 0; c < n; c++)
                logp[first + (size_t)c] = logit[c] - largest - log(sum);
        }
}

static void choose_at_random(const pt_space_t *space, const pt_rng_t *rng, int32_t *copy)
{
    pt_rng_t key = *rng;
    for (int32_t k = 0; k < space->n_task; k++)
        for (int32_t l = 0; l < space->n_layer; l++) {
            int32_t n = space->layer_choice[l + 1] - space->layer_choice[l];
            key.task = (uint16_t)k;
            copy[l * space->n_task + k] = (int32_t)(pt_rng_uniform(&key, (uint64_t)l) * n);
        }
}

pt_status_t derive_branch(const pt_config_t *config, const pt_resource_model_t *model,
                          const pt_alpha_t *alpha, const pt_rng_t *rng, pt_subnet_t *subnet,
                          pt_derived_t *derived)
{
    const pt_space_t *s = model->space;
    merger_t m = {0};
    change_t change;
    double *logp = NULL;
    pt_status_t status;
    PT_TRY_OR(done, merger_init(&m, s, model->layer, rng));
    PT_TRY_OR(done, pt_alloc(&logp, (size_t)s->n_task * (size_t)s->n_choice, sizeof *logp));
    find_log_p(s, alpha, logp);
    for (int32_t k = 0; k < s->n_task; k++)
        pt_alpha_expect(s, alpha, k, true, subnet);
    pt_copies_of_subnet(s, subnet, m.copy);
    if (pt_config_rule(config) == PT_RULE_RANDOM)
        choose_at_random(s, rng, m.copy);
    merger_update(&m);
    while ((derived->cost = model->fixed + merger_cost(&m)) > model->budget &&
           merger_find(&m, logp, &change)) {
        merger_apply(&m, &change);
        derived->n_change++;
    }
    pt_copies_switch(s, m.copy, subnet);
done:
    pt_free(logp);
    merger_release(&m);
    return status;
}
