/* A random order in which the branches of a branch space are merged. */
#include "arch/draw.h"

#include <string.h>

#include "arch/merge.h"
#include "arch/uses.h"
#include "polytree/arch/copies.h"
#include "polytree/base/memory.h"

/* Random changes tried per task and layer. */
enum { CHANGES = 8 };

/* A task's place, in an order of its own, is written in digits of the layers' numbers of
 * copies, the lowest for the first layer, again and again: no choice has more groups in any
 * layer, nor do tasks fall together below a layer where they are made one. */
static void branch_most(const pt_space_t *space, const pt_rng_t *key, int32_t *copy)
{
    for (int32_t k = 0; k < space->n_task; k++) {
        int32_t place = (int32_t)pt_permute(key, space->n_task, k), base = 1;
        for (int32_t l = 0; l < space->n_layer; l++) {
            int32_t n = space->layer_choice[l + 1] - space->layer_choice[l];
            copy[l * space->n_task + k] = place / base % n;
            base = base * n < space->n_task ? base * n : 1;
        }
    }
}

static change_t draw_change(const pt_space_t *space, const pt_rng_t *key, int64_t index)
{
    double u[4];
    pt_rng_uniform4(key, (uint64_t)index, u);
    return (change_t){.task = (int32_t)(u[0] * space->n_task),
                      .onto = (int32_t)(u[1] * space->n_task),
                      .layer = (int32_t)(u[2] * space->n_layer)};
}

void draw_copies(const pt_space_t *space, double fixed, double low, double high,
                 const pt_rng_t *key, merger_t *m, int32_t *before)
{
    size_t bytes = (size_t)space->n_layer * (size_t)space->n_task * sizeof *before;
    int64_t n = (int64_t)CHANGES * space->n_layer * space->n_task;
    branch_most(space, key, m->copy);
    merger_update(m);
    /* Blocks 0 and 1 of the key are those of the permutation. */
    for (int64_t i = 2; i < n + 2 && fixed + merger_cost(m) > high; i++) {
        change_t change = draw_change(space, key, i);
        memcpy(before, m->copy, bytes);
        merger_apply(m, &change);
        if (fixed + merger_cost(m) >= low)
            continue;
        memcpy(m->copy, before, bytes);
        merger_update(m);
    }
}

pt_status_t draw_branch(const pt_space_t *space, int64_t low, int64_t high, bool is_one,
                        const pt_rng_t *key, pt_subnet_t *subnet, int64_t *madds)
{
    (void)is_one;
    size_t n = (size_t)space->n_layer * (size_t)space->n_task;
    merger_t m = {0};
    double *layer = NULL, fixed = 0;
    int32_t *before = NULL;
    pt_status_t status;
    PT_TRY_OR(done, pt_alloc(&layer, (size_t)space->n_layer, sizeof *layer));
    PT_TRY_OR(done, pt_alloc(&before, n, sizeof *before));
    for (int32_t c = 0; c < space->n_candidate; c++)
        if (space->candidate[c].choice < 0)
            fixed += (double)candidate_madds(space, c);
    for (int32_t l = 0; l < space->n_layer; l++)
        layer[l] =
            (double)candidate_madds(space, space->choice[space->layer_choice[l]].candidate);
    PT_TRY_OR(done, merger_init(&m, space, layer, NULL));
    draw_copies(space, fixed, (double)low, (double)high, key, &m, before);
    pt_copies_switch(space, m.copy, subnet);
    *madds = (int64_t)(fixed + merger_cost(&m));
done:
    merger_release(&m);
    pt_free(before);
    pt_free(layer);
    return status;
}
