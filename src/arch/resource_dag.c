/* Costs of a dag: each task pays for its own pieces, or all of them once for a union. */
#include "arch/resource.h"

#include <string.h>

#include "polytree/arch/connect.h"
#include "polytree/base/bitset.h"

/* What one graph costs for every task that may have it, the stem aside. */
static double cost_for_all(const pt_resource_model_t *m, const uint64_t *bits)
{
    double sum = 0;
    for (int32_t c = 0; c < m->space->n_choice; c++)
        sum += pt_bitset_get(bits, c) ? m->choice[c] : 0;
    return m->is_union ? sum : sum * m->space->n_task;
}

static bool is_of_chain(const pt_space_t *space, const pt_choice_t *c)
{
    return (c->kind == PT_CHOICE_IN && c->j == 1) ||
           (c->kind == PT_CHOICE_EDGE && c->j == c->i + 1) ||
           (c->kind == PT_CHOICE_OUT && c->i == space->n_dag_node);
}

static pt_status_t measure(pt_resource_model_t *m)
{
    const pt_space_t *s = m->space;
    uint64_t all[PT_DAG_MAX_WORD] = {0}, chain[PT_DAG_MAX_WORD] = {0};
    uint64_t cheapest[PT_DAG_MAX_WORD] = {0};
    for (int32_t c = 0; c < s->n_choice; c++) {
        pt_bitset_set(all, c, true);
        pt_bitset_set(chain, c, is_of_chain(s, &s->choice[c]));
    }
    pt_prune(s, all);
    derive_find_cheapest(m, cheapest);
    m->full = m->fixed + cost_for_all(m, all);
    m->shared = m->fixed + cost_for_all(m, chain);
    m->least = m->fixed + cost_for_all(m, cheapest);
    return PT_OK;
}

/* sum_c m_c (1 - prod_k (1 - p_k)); a derivative is m_c times the product over the other
 * tasks: of those before k, kept there on the way up, and of those behind it. */
static double expect_union(pt_resource_model_t *m)
{
    size_t n = (size_t)m->space->n_choice;
    double sum = m->fixed;
    for (size_t c = 0; c < n; c++) {
        double none = 1, behind = 1;
        for (int32_t k = 0; k < m->space->n_task; k++) {
            m->gradient[(size_t)k * n + c] = m->choice[c] * none;
            none *= 1 - m->p[(size_t)k * n + c];
        }
        for (int32_t k = m->space->n_task - 1; k >= 0; k--) {
            m->gradient[(size_t)k * n + c] *= behind;
            behind *= 1 - m->p[(size_t)k * n + c];
        }
        sum += m->choice[c] * (1 - none);
    }
    return sum;
}

static double expect_sum(pt_resource_model_t *m)
{
    size_t n = (size_t)m->space->n_choice;
    double sum = m->fixed;
    for (size_t i = 0; i < n * (size_t)m->space->n_task; i++) {
        m->gradient[i] = m->choice[i % n];
        sum += m->p[i] * m->choice[i % n];
    }
    return sum;
}

static pt_status_t expect(pt_resource_model_t *m, double *low, double *high)
{
    *low = *high = m->is_union ? expect_union(m) : expect_sum(m);
    return PT_OK;
}

const costing_t costing_dag = {
    .measure = measure,
    .expect = expect,
    .derive = derive_dag,
};
