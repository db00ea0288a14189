/*
 * Merging branches: which group of tasks is grafted onto which, and what that saves.
 *
 * The copies of all tasks are a tree of prefixes, whose nodes in layer l are the groups of
 * tasks that share layers 0 .. l.  Grafting a group onto another of its layer never makes
 * more nodes.  It saves
 *
 *     the nodes above it, up to where it meets the other, that had none but its tasks;
 *     the nodes below it whose copies are those of nodes below the other: they fall
 *     together, below(a, b) = sum over such children x of a, y of b (cost + below(x, y)).
 *
 * A single task that shares its layer with others saves nothing by leaving them: groups
 * are grafted whole.
 */
#include "arch/merge.h"

#include <string.h>

#include "arch/resource.h"
#include "polytree/base/memory.h"

pt_status_t merger_init(merger_t *m, const pt_space_t *space, const double *layer_cost,
                        const pt_rng_t *rng)
{
    merger_t r = {.space = space, .layer_cost = layer_cost, .rng = rng};
    size_t k = (size_t)space->n_task, l = (size_t)space->n_layer;
    pt_status_t status;
    PT_TRY_OR(failed, pt_branching_init(&r.tree, space->n_layer, space->n_task));
    PT_TRY_OR(failed, pt_alloc(&r.copy, l * k, sizeof *r.copy));
    PT_TRY_OR(failed, pt_alloc(&r.first, l * k, sizeof *r.first));
    PT_TRY_OR(failed, pt_alloc(&r.size, l * k, sizeof *r.size));
    PT_TRY_OR(failed, pt_alloc(&r.below, l * k * k, sizeof *r.below));
    PT_TRY_OR(failed, pt_alloc(&r.lost, k * k, sizeof *r.lost));
    PT_TRY_OR(failed, pt_alloc(&r.sum, k * k, sizeof *r.sum));
    PT_TRY_OR(failed, pt_alloc(&r.met, k * k, sizeof *r.met));
    PT_TRY_OR(failed, pt_alloc(&r.since, k, sizeof *r.since));
    PT_TRY_OR(failed, pt_alloc(&r.child, k, sizeof *r.child));
    PT_TRY_OR(failed, pt_alloc(&r.sibling, k, sizeof *r.sibling));
    PT_TRY_OR(failed, pt_alloc(&r.above, l + 1, sizeof *r.above));
    for (size_t i = 0; i < l; i++)
        r.above[i + 1] = r.above[i] + layer_cost[i];
    *m = r;
    return PT_OK;
failed:
    merger_release(&r);
    return status;
}

void merger_release(merger_t *m)
{
    pt_branching_release(&m->tree);
    pt_free(m->copy);
    pt_free(m->first);
    pt_free(m->size);
    pt_free(m->below);
    pt_free(m->lost);
    pt_free(m->sum);
    pt_free(m->met);
    pt_free(m->since);
    pt_free(m->child);
    pt_free(m->sibling);
    pt_free(m->above);
    *m = (merger_t){0};
}

/* As pt_branching_of_copies(), but a task looks for its group among those alone into which
 * its group of the layer before has parted. */
static void group_layer(merger_t *m, int32_t l)
{
    int32_t n = m->tree.n_task, n_group = 0;
    const int32_t *copy = m->copy + l * n;
    const int32_t *before = l > 0 ? m->tree.group + (l - 1) * n : NULL;
    int32_t *group = m->tree.group + l * n;
    int32_t *first = m->first + l * n, *size = m->size + l * n;
    memset(size, 0, (size_t)n * sizeof *size);
    for (int32_t k = 0; k < n; k++)
        m->child[k] = -1;
    for (int32_t k = 0; k < n; k++) {
        int32_t parent = before == NULL ? 0 : before[k], g = m->child[parent];
        while (g >= 0 && copy[first[g]] != copy[k])
            g = m->sibling[g];
        if (g < 0) {
            g = n_group++;
            first[g] = k;
            m->sibling[g] = m->child[parent];
            m->child[parent] = g;
        }
        group[k] = g;
        size[g]++;
    }
}

void merger_update(merger_t *m)
{
    for (int32_t l = 0; l < m->tree.n_layer; l++)
        group_layer(m, l);
}

double merger_cost(const merger_t *m)
{
    double sum = 0;
    for (int32_t l = 0; l < m->tree.n_layer; l++)
        sum += m->layer_cost[l] * pt_branching_n_group(&m->tree, l);
    return sum;
}

static double *below_in(const merger_t *m, int32_t layer)
{
    return m->below + (size_t)layer * (size_t)m->tree.n_task * (size_t)m->tree.n_task;
}

static void find_below(merger_t *m)
{
    int32_t n = m->tree.n_task;
    memset(m->below, 0, (size_t)m->tree.n_layer * (size_t)n * (size_t)n * sizeof *m->below);
    for (int32_t l = m->tree.n_layer - 1; l > 0; l--) {
        const int32_t *copy = m->copy + l * n, *first = m->first + l * n;
        const int32_t *parent = m->tree.group + (l - 1) * n;
        int32_t n_group = pt_branching_n_group(&m->tree, l);
        double *up = below_in(m, l - 1), *here = below_in(m, l);
        for (int32_t x = 0; x < n_group; x++)
            for (int32_t y = 0; y < n_group; y++) {
                int32_t a = first[x], b = first[y];
                if (x != y && copy[a] == copy[b])
                    up[parent[a] * n + parent[b]] += m->layer_cost[l] + here[x * n + y];
            }
    }
}

/* What each task, then each group, loses by taking the copies of another up to layer l. */
static void add_lost(merger_t *m, const double *logp, int32_t l)
{
    int32_t n = m->tree.n_task, n_group = pt_branching_n_group(&m->tree, l);
    const int32_t *group = m->tree.group + l * n, *copy = m->copy + l * n;
    memset(m->sum, 0, (size_t)n * (size_t)n * sizeof *m->sum);
    for (int32_t i = 0; i < n; i++) {
        const double *p =
            logp + (size_t)i * (size_t)m->space->n_choice + m->space->layer_choice[l];
        for (int32_t j = 0; j < n; j++) {
            m->lost[i * n + j] += p[copy[i]] - p[copy[j]];
            if (group[i] == group[j])
                m->met[i * n + j] = l + 1;
        }
        for (int32_t b = 0; b < n_group; b++)
            m->sum[group[i] * n + b] += m->lost[i * n + m->first[l * n + b]];
        if (l == 0 || m->size[l * n + group[i]] !=
                          m->size[(l - 1) * n + m->tree.group[(l - 1) * n + i]])
            m->since[i] = l;
    }
}

static double lot(const merger_t *m, const change_t *c)
{
    pt_rng_t key = *m->rng;
    key.task = (uint16_t)c->task;
    return pt_rng_uniform(&key,
                          ARCH_LOTS + (uint64_t)(c->onto * m->tree.n_layer + c->layer));
}

static bool is_better(const merger_t *m, const change_t *a, const change_t *b)
{
    double x = a->lost / a->saved, y = b->lost / b->saved;
    if (b->task < 0 || x < y || x > y)
        return b->task < 0 || x < y;
    return lot(m, a) < lot(m, b);
}

bool merger_find(merger_t *m, const double *logp, change_t *change)
{
    int32_t n = m->tree.n_task;
    change_t best = {.task = -1};
    find_below(m);
    memset(m->lost, 0, (size_t)n * (size_t)n * sizeof *m->lost);
    memset(m->met, 0, (size_t)n * (size_t)n * sizeof *m->met);
    for (int32_t l = 0; l < m->tree.n_layer; l++) {
        const int32_t *first = m->first + l * n;
        int32_t n_group = pt_branching_n_group(&m->tree, l);
        add_lost(m, logp, l);
        for (int32_t a = 0; a < n_group; a++)
            for (int32_t b = 0; b < n_group; b++) {
                change_t c = {.task = first[a], .onto = first[b], .layer = l};
                int32_t met = m->met[c.task * n + c.onto], since = m->since[c.task];
                c.saved = m->above[l + 1] - m->above[met > since ? met : since] +
                          below_in(m, l)[a * n + b];
                c.lost = m->sum[a * n + b];
                if (a != b && c.saved > 0 && is_better(m, &c, &best))
                    best = c;
            }
    }
    *change = best;
    return best.task >= 0;
}

void merger_apply(merger_t *m, const change_t *change)
{
    int32_t n = m->tree.n_task;
    const int32_t *group = m->tree.group + change->layer * n;
    for (int32_t k = 0; k < n; k++)
        for (int32_t l = 0; l <= change->layer && group[k] == group[change->task]; l++)
            m->copy[l * n + k] = m->copy[l * n + change->onto];
    merger_update(m);
}
