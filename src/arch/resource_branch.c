/* Costs of a branch space: m_l for each group of tasks that share layers 1 .. l. */
#include "arch/resource.h"

static pt_status_t measure(pt_resource_model_t *m)
{
    const pt_space_t *s = m->space;
    m->full = m->shared = m->fixed;
    for (int32_t l = 0; l < s->n_layer; l++) {
        m->layer[l] = m->choice[s->layer_choice[l]];
        m->full += m->layer[l] * s->n_task;
        m->shared += m->layer[l];
    }
    m->least = m->shared;
    return pt_expect_new(s->n_task, s->n_layer, s->layer_choice, &m->expect);
}

static pt_status_t expect(pt_resource_model_t *m, double *low, double *high)
{
    double sum_low = m->fixed, sum_high = m->fixed;
    PT_TRY(pt_expect_groups(m->expect, m->p, m->layer, m->tolerance, m->low, m->high,
                            m->gradient));
    for (int32_t l = 0; l < m->space->n_layer; l++) {
        sum_low += m->layer[l] * m->low[l];
        sum_high += m->layer[l] * m->high[l];
    }
    *low = sum_low;
    *high = sum_high;
    return PT_OK;
}

const costing_t costing_branch = {
    .measure = measure,
    .expect = expect,
    .derive = derive_branch,
};
