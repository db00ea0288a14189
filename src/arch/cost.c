#include "polytree/arch/cost.h"

#include "arch/uses.h"
#include "polytree/base/memory.h"

static bool is_edge(const pt_space_t *space, int32_t candidate)
{
    int32_t choice = space->candidate[candidate].choice;
    return choice >= 0 && space->choice[choice].kind == PT_CHOICE_EDGE;
}

static pt_status_t add_tasks(const pt_space_t *space, const pt_subnet_t *subnet,
                             int32_t first, int32_t n_task, pt_cost_t *cost)
{
    int32_t *uses;
    pt_cost_t sum = {0};
    pt_status_t status;
    PT_TRY(pt_alloc(&uses, (size_t)space->n_candidate, sizeof *uses));
    PT_TRY_OR(done, uses_count(space, subnet, first, n_task, uses));
    for (int32_t c = 0; c < space->n_candidate; c++) {
        int64_t madds = uses[c] * candidate_madds(space, c);
        if (uses[c] == 0)
            continue;
        sum.madds += madds;
        sum.encoder_madds += candidate_is_head(space, c) ? 0 : madds;
        sum.parameters += candidate_parameters(space, c);
        sum.edges += is_edge(space, c) ? uses[c] : 0;
        sum.distinct_edges += is_edge(space, c);
    }
    *cost = sum;
done:
    pt_free(uses);
    return status;
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

int64_t pt_cost_full(const pt_space_t *space)
{
    int64_t sum = candidate_madds(space, 0);
    for (int32_t l = 0; l < space->n_layer; l++)
        sum += space->n_task *
               candidate_madds(space, space->choice[space->layer_choice[l]].candidate);
    return sum;
}
