/* Inner products of networks, without writing their features out: of pairs of tasks there
 * are too many. */
#include "polytree/arch/likeness.h"

#include <math.h>
#include <string.h>

#include "polytree/arch/copies.h"
#include "polytree/base/bitset.h"
#include "polytree/base/memory.h"

/* Of each subnet the groups of all layers, or of each choice how many tasks have it. */
typedef struct likeness {
    const pt_space_t *space;
    bool is_branch;
    int64_t n_number; /* of a subnet */
    int32_t *number;  /* [n][n_number] */
    int32_t *pair;    /* [n_task][n_task] scratch, 0: tasks in a group of each */
    pt_subnet_t subnet;
    pt_branching_t tree;
} likeness_t;

static pt_status_t fill(likeness_t *l, int64_t i, const uint64_t *bits)
{
    const pt_space_t *s = l->space;
    int32_t *number = l->number + i * l->n_number;
    memcpy(l->subnet.bits, bits, (size_t)s->n_task * l->subnet.words * sizeof *bits);
    if (l->is_branch) {
        PT_TRY(pt_copies_branching(s, &l->subnet, &l->tree));
        memcpy(number, l->tree.group, (size_t)l->n_number * sizeof *number);
        return PT_OK;
    }
    for (int32_t k = 0; k < s->n_task; k++)
        for (int32_t c = 0; c < s->n_choice; c++)
            number[c] += pt_bitset_get(pt_subnet_bits(&l->subnet, k), c);
    return PT_OK;
}

/* Pairs of tasks that share a layer in both. */
static double of_layer(likeness_t *l, const int32_t *a, const int32_t *b)
{
    int32_t n = l->space->n_task;
    double sum = 0;
    for (int32_t k = 0; k < n; k++)
        sum += l->pair[a[k] * n + b[k]]++;
    for (int32_t k = 0; k < n; k++)
        l->pair[a[k] * n + b[k]] = 0;
    return sum;
}

static double of_graphs(const likeness_t *l, const uint64_t *a, const uint64_t *b,
                        const int32_t *count_a, const int32_t *count_b)
{
    size_t n_word = (size_t)l->space->n_task * l->subnet.words;
    double sum = 0, common = 0;
    for (size_t w = 0; w < n_word; w++)
        sum += __builtin_popcountll(a[w] & b[w]);
    for (int64_t c = 0; c < l->n_number; c++)
        common += (double)count_a[c] * count_b[c];
    return sum + common / l->space->n_task;
}

static double of_two(likeness_t *l, const uint64_t *bits, int64_t i, int64_t j)
{
    size_t n_word = (size_t)l->space->n_task * l->subnet.words;
    const int32_t *a = l->number + i * l->n_number, *b = l->number + j * l->n_number;
    double sum = 0;
    if (!l->is_branch)
        return of_graphs(l, bits + (size_t)i * n_word, bits + (size_t)j * n_word, a, b);
    for (int64_t at = 0; at < l->n_number; at += l->space->n_task)
        sum += of_layer(l, a + at, b + at);
    return sum;
}

/* What a network that has everything has in common with itself. */
static double everything(const likeness_t *l)
{
    double n_task = l->space->n_task;
    return l->is_branch ? l->space->n_layer * n_task * (n_task - 1) / 2
                        : 2 * n_task * l->space->n_choice;
}

static pt_status_t allocate(likeness_t *l, int64_t n)
{
    const pt_space_t *s = l->space;
    size_t n_task = (size_t)s->n_task;
    PT_TRY(pt_alloc(&l->number, (size_t)(n * l->n_number), sizeof *l->number));
    PT_TRY(pt_subnet_init(&l->subnet, s->n_task, s->n_choice));
    if (!l->is_branch)
        return PT_OK;
    PT_TRY(pt_alloc(&l->pair, n_task * n_task, sizeof *l->pair));
    return pt_branching_init(&l->tree, s->n_layer, s->n_task);
}

pt_status_t pt_likeness(const pt_space_t *space, int64_t n, const uint64_t *bits,
                        const double *widening, int32_t n_known, const int32_t *known,
                        double *product)
{
    likeness_t l = {.space = space, .is_branch = space->kind == PT_SPACE_BRANCH};
    l.n_number =
        l.is_branch ? (int64_t)space->n_layer * space->n_task : (int64_t)space->n_choice;
    pt_status_t status;
    PT_TRY_OR(done, allocate(&l, n));
    for (int64_t i = 0; i < n; i++)
        PT_TRY_OR(done,
                  fill(&l, i, bits + (size_t)i * (size_t)space->n_task * l.subnet.words));
    for (int64_t i = 0; i < n; i++)
        for (int32_t j = 0; j < n_known; j++)
            product[i * n_known + j] =
                of_two(&l, bits, i, known[j]) +
                everything(&l) * log2(widening[i]) * log2(widening[known[j]]);
done:
    pt_free(l.number);
    pt_free(l.pair);
    pt_subnet_release(&l.subnet);
    pt_branching_release(&l.tree);
    return status;
}
