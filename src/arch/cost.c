/* Multiplications and parameters of subnets, of one task, of all, and what is shared. */
#include "polytree/arch/cost.h"

#include "arch/uses.h"
#include "polytree/base/memory.h"

pt_cost_t pt_cost_candidate(const pt_space_t *space, int32_t candidate)
{
    int64_t madds = candidate_madds(space, candidate);
    return (pt_cost_t){.madds = madds,
                       .encoder_madds = candidate_is_head(space, candidate) ? 0 : madds,
                       .parameters = candidate_parameters(space, candidate)};
}

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
        if (uses[c] == 0)
            continue;
        pt_cost_t once = pt_cost_candidate(space, c);
        sum.madds += uses[c] * once.madds;
        sum.encoder_madds += uses[c] * once.encoder_madds;
        sum.parameters += once.parameters;
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

static int64_t encoder_madds(const pt_space_t *space, int64_t copies)
{
    int64_t sum = candidate_madds(space, 0);
    for (int32_t l = 0; l < space->n_layer; l++)
        sum += copies *
               candidate_madds(space, space->choice[space->layer_choice[l]].candidate);
    return sum;
}

int64_t pt_cost_shared(const pt_space_t *space)
{
    return encoder_madds(space, 1);
}

int64_t pt_cost_full(const pt_space_t *space)
{
    return encoder_madds(space, space->n_task);
}
