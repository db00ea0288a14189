/* Subnets of a branch space to tables of copies and back. */
#include "polytree/arch/copies.h"

#include "polytree/base/bitset.h"
#include "polytree/base/memory.h"

void pt_copies_of_subnet(const pt_space_t *space, const pt_subnet_t *subnet, int32_t *copy)
{
    for (int32_t k = 0; k < space->n_task; k++)
        for (int32_t l = 0; l < space->n_layer; l++) {
            int32_t first = space->layer_choice[l], c = first;
            while (c < space->layer_choice[l + 1] - 1 &&
                   !pt_bitset_get(pt_subnet_bits(subnet, k), c))
                c++;
            copy[l * space->n_task + k] = c - first;
        }
}

/* Of tables whose rows have more tasks: the last of them. */
static void switch_copies(const pt_space_t *space, const int32_t *copy, int32_t n_row,
                          pt_subnet_t *subnet)
{
    int32_t n_other = n_row - space->n_task;
    subnet->is_soft = false;
    for (int32_t k = 0; k < space->n_task; k++)
        for (int32_t l = 0; l < space->n_layer; l++)
            for (int32_t c = space->layer_choice[l]; c < space->layer_choice[l + 1]; c++)
                pt_subnet_switch(subnet, k, c,
                                 c == space->layer_choice[l] +
                                          copy[l * n_row + n_other + k]);
}

void pt_copies_switch(const pt_space_t *space, const int32_t *copy, pt_subnet_t *subnet)
{
    switch_copies(space, copy, space->n_task, subnet);
}

void pt_copies_switch_groups(const pt_space_t *space, const pt_branching_t *b,
                             pt_subnet_t *subnet)
{
    switch_copies(space, b->group, b->n_task, subnet);
}

pt_status_t pt_copies_branching(const pt_space_t *space, const pt_subnet_t *subnet,
                                pt_branching_t *b)
{
    int32_t *copy;
    if (space->candidate[space->choice[0].candidate].task >= 0) {
        pt_branching_full(b);
        return PT_OK;
    }
    PT_TRY(pt_alloc(&copy, (size_t)space->n_layer * (size_t)space->n_task, sizeof *copy));
    pt_copies_of_subnet(space, subnet, copy);
    pt_branching_of_copies(copy, b);
    pt_free(copy);
    return PT_OK;
}
