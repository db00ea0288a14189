/* A random order in which the pieces of a dag are taken. */
#include "arch/draw.h"

#include <string.h>

#include "polytree/arch/connect.h"
#include "polytree/arch/cost.h"
#include "polytree/base/bitset.h"

static void take_bits(pt_subnet_t *subnet, int32_t task, const uint64_t *bits)
{
    memcpy(pt_subnet_bits(subnet, task), bits, subnet->words * sizeof *bits);
    pt_subnet_harden(subnet, task);
}

/* Every choice that lies on a connection. */
static pt_status_t open_all(const pt_space_t *space, pt_subnet_t *subnet, int64_t *madds)
{
    uint64_t bits[PT_DAG_MAX_WORD];
    pt_cost_t cost;
    for (int32_t k = 0; k < space->n_task; k++) {
        memset(bits, 0, sizeof bits);
        for (int32_t c = 0; c < space->n_choice; c++)
            pt_bitset_set(bits, c, true);
        pt_prune(space, bits);
        take_bits(subnet, k, bits);
    }
    PT_TRY(pt_cost_all(space, subnet, &cost));
    *madds = cost.madds;
    return PT_OK;
}

/* Remove one piece of one task, if its last connection does not need it: whatever is
 * needed now will be needed later, so that every piece is tried once. */
static pt_status_t try_piece(const pt_space_t *space, int32_t task, int32_t choice,
                             pt_subnet_t *subnet, int64_t *madds)
{
    uint64_t bits[PT_DAG_MAX_WORD] = {0};
    pt_cost_t before, after;
    memcpy(bits, pt_subnet_bits(subnet, task), subnet->words * sizeof *bits);
    if (!pt_bitset_get(bits, choice))
        return PT_OK;
    pt_bitset_set(bits, choice, false);
    if (!pt_connected(space, bits))
        return PT_OK;
    pt_prune(space, bits);
    PT_TRY(pt_cost_task(space, subnet, task, &before));
    take_bits(subnet, task, bits);
    PT_TRY(pt_cost_task(space, subnet, task, &after));
    *madds += after.madds - before.madds;
    return PT_OK;
}

pt_status_t draw_dag(const pt_space_t *space, int64_t low, int64_t high, bool is_one,
                     const pt_rng_t *rng, pt_subnet_t *subnet, int64_t *madds)
{
    (void)low;
    int64_t n = (int64_t)(is_one ? 1 : space->n_task) * space->n_choice;
    PT_TRY(open_all(space, subnet, madds));
    for (int64_t i = 0; *madds > high && i < n; i++) {
        int64_t piece = pt_permute(rng, n, i);
        int32_t first = (int32_t)(piece / space->n_choice);
        for (int32_t k = first; k < (is_one ? space->n_task : first + 1); k++)
            PT_TRY(try_piece(space, k, (int32_t)(piece % space->n_choice), subnet, madds));
    }
    return PT_OK;
}
