/* Candidates of a branch space: branchings on canonical copies. */
#include "arch/breed.h"

#include <math.h>
#include <string.h>

#include "arch/draw.h"
#include "polytree/arch/copies.h"

static double cost(pt_breeder_t *b, const pt_subnet_t *subnet)
{
    pt_copies_of_subnet(b->space, subnet, b->merger.copy);
    merger_update(&b->merger);
    return b->model->fixed + merger_cost(&b->merger);
}

/* Whether the group of a task, the first in it, has a copy to itself among those that its
 * group of the layer before has parted into; the groups before it have theirs. */
static bool find_copy(const pt_breeder_t *b, int32_t layer, int32_t task, int32_t *copy)
{
    const pt_branching_t *t = &b->merger.tree;
    int32_t n_task = t->n_task;
    int32_t n = b->space->layer_choice[layer + 1] - b->space->layer_choice[layer];
    const int32_t *first = b->merger.first + layer * n_task;
    const int32_t *above = layer > 0 ? t->group + (layer - 1) * n_task : NULL;
    int32_t group = t->group[layer * n_task + task];
    for (int32_t i = 0; i < n; i++) {
        int32_t c = (task + i) % n, g = 0;
        while (g < group &&
               (copy[first[g]] != c || (above != NULL && above[first[g]] != above[task])))
            g++;
        if (g == group) {
            copy[task] = c;
            return true;
        }
    }
    return false;
}

/* The subnet of the merger's tree, if it is a candidate. */
static bool build(pt_breeder_t *b, pt_subnet_t *subnet)
{
    merger_t *m = &b->merger;
    int32_t n_task = m->tree.n_task;
    if (b->model->fixed + merger_cost(m) > b->model->budget)
        return false;
    for (int32_t l = 0; l < m->tree.n_layer; l++) {
        const int32_t *group = m->tree.group + l * n_task, *first = m->first + l * n_task;
        int32_t *copy = m->copy + l * n_task;
        for (int32_t k = 0; k < n_task; k++) {
            if (first[group[k]] == k && !find_copy(b, l, k, copy))
                return false;
            copy[k] = copy[first[group[k]]];
        }
    }
    pt_copies_switch(b->space, m->copy, subnet);
    return true;
}

static bool accept(pt_breeder_t *b, pt_subnet_t *subnet)
{
    (void)cost(b, subnet);
    return build(b, subnet);
}

bool pt_breeder_branching(pt_breeder_t *b, const pt_branching_t *branching,
                          pt_subnet_t *subnet)
{
    size_t n = (size_t)branching->n_layer * (size_t)branching->n_task;
    subnet->is_soft = false;
    memcpy(b->merger.copy, branching->group, n * sizeof *branching->group);
    merger_update(&b->merger);
    return build(b, subnet);
}

static void one(pt_breeder_t *b, pt_subnet_t *subnet)
{
    size_t n = (size_t)b->space->n_layer * (size_t)b->space->n_task;
    memset(b->merger.copy, 0, n * sizeof *b->merger.copy);
    merger_update(&b->merger);
    pt_copies_switch(b->space, b->merger.copy, subnet);
}

static bool apart(pt_breeder_t *b, pt_subnet_t *subnet)
{
    int32_t n_task = b->space->n_task;
    for (int32_t i = 0; i < b->space->n_layer * n_task; i++)
        b->merger.copy[i] = i % n_task;
    merger_update(&b->merger);
    return build(b, subnet);
}

/* A branching that costs less than the least of what is wanted is rather not had. */
static void draw(pt_breeder_t *b, breed_dice_t *dice, double most, bool is_one,
                 pt_subnet_t *subnet)
{
    const double least = b->model->least;
    (void)is_one;
    for (int32_t i = 0; i < 3; i++) {
        double low = i == 0 ? least + 0.8 * (most - least) : least;
        dice->key.task = (uint16_t)i;
        draw_copies(b->space, b->model->fixed, low, most, &dice->key, &b->merger,
                    b->before);
        if (b->model->fixed + merger_cost(&b->merger) <= most && build(b, subnet))
            return;
    }
    one(b, subnet);
}

/* The tasks that share `layer` with `task`, or it alone, take the copies of `onto` up to
 * there; what they had below keeps them apart from others. */
static void graft(int32_t *label, const pt_branching_t *t, int32_t layer, int32_t task,
                  int32_t onto, bool is_alone)
{
    int32_t n = t->n_task;
    const int32_t *group = t->group + layer * n;
    for (int32_t k = 0; k < n; k++)
        for (int32_t l = 0; l <= layer; l++)
            if (is_alone ? k == task : group[k] == group[task])
                label[l * n + k] = t->group[l * n + onto];
}

/* Some of the tasks that share `layer` with `task`, never it, go on by themselves. */
static void part(int32_t *label, const pt_branching_t *t, int32_t layer, int32_t task,
                 breed_dice_t *dice)
{
    int32_t n = t->n_task;
    const int32_t *group = t->group + layer * n;
    for (int32_t k = 0; k < n; k++)
        if (k != task && group[k] == group[task] && dice_uniform(dice) < 0.5)
            label[layer * n + k] += n;
}

static bool move(pt_breeder_t *b, breed_dice_t *dice, pt_subnet_t *subnet)
{
    merger_t *m = &b->merger;
    int32_t n_task = b->space->n_task;
    size_t n = (size_t)b->space->n_layer * (size_t)n_task;
    int32_t kind = dice_below(dice, 4), layer = dice_below(dice, b->space->n_layer);
    int32_t task = dice_below(dice, n_task), onto = dice_below(dice, n_task);
    (void)cost(b, subnet);
    memcpy(m->copy, m->tree.group, n * sizeof *m->copy);
    if (kind < 2)
        part(m->copy, &m->tree, layer, task, dice);
    else
        graft(m->copy, &m->tree, layer, task, onto, kind == 2);
    merger_update(m);
    return build(b, subnet);
}

const breeding_t breeding_branch = {
    .cost = cost,
    .accept = accept,
    .one = one,
    .apart = apart,
    .draw = draw,
    .move = move,
};
