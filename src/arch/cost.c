#include "polytree/arch/cost.h"

#include <stdbool.h>

#include "polytree/base/memory.h"

static bool is_edge(const pt_space_t *space, const pt_candidate_t *candidate)
{
    return candidate->choice >= 0 &&
           space->choice[candidate->choice].kind == PT_CHOICE_EDGE;
}

static void add_candidate(const pt_space_t *space, const pt_candidate_t *candidate,
                          uint8_t *group_seen, pt_cost_t *cost)
{
    for (int32_t o = 0; o < candidate->n_op; o++)
        cost->madds += space->op[candidate->first_op + o].inst.madds;
    cost->edges += is_edge(space, candidate);
    if (candidate->group >= 0 && !group_seen[candidate->group]) {
        const pt_group_t *group = &space->store.group[candidate->group];
        group_seen[candidate->group] = 1;
        for (int32_t t = 0; t < group->n_param; t++)
            cost->parameters += space->store.param[group->first_param + t].count;
    }
}

static pt_status_t add_tasks(const pt_space_t *space, const pt_subnet_t *subnet,
                             int32_t first, int32_t n_task, pt_cost_t *cost)
{
    size_t n_candidate = (size_t)space->n_candidate, n_node = (size_t)space->n_node;
    uint8_t *alive, *seen;
    pt_cost_t sum = {0};
    PT_TRY(pt_alloc(&alive, 2 * n_candidate + n_node + (size_t)space->store.n_group, 1));
    seen = alive + n_candidate + n_node + (size_t)space->store.n_group;
    for (int32_t k = first; k < first + n_task; k++) {
        pt_subnet_reach(space, subnet, k, alive, alive + n_candidate);
        for (int32_t c = 0; c < space->n_candidate; c++)
            if (alive[c]) {
                add_candidate(space, &space->candidate[c], alive + n_candidate + n_node,
                              &sum);
                sum.distinct_edges += !seen[c] && is_edge(space, &space->candidate[c]);
                seen[c] = 1;
            }
    }
    pt_free(alive);
    *cost = sum;
    return PT_OK;
}

pt_status_t pt_cost_task(const pt_space_t *space, const pt_subnet_t *subnet, int32_t task,
                         pt_cost_t *cost)
{
    return add_tasks(space, subnet, task, 1, cost);
}

pt_status_t pt_cost_all(const pt_space_t *space, const pt_subnet_t *subnet, pt_cost_t *cost)
{
    return add_tasks(space, subnet, 0, subnet->n_task, cost);
}
