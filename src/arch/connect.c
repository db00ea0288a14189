/* Paths through a dag: whether there is one, opening the best one, closing dead ends. */
#include "polytree/arch/connect.h"

#include <math.h>

#include "polytree/base/bitset.h"

/*
 * Choices stand in canonical order, per node j: read-in, edges (i, j), read-out.  One
 * pass upwards therefore meets everything that enters a node before anything that leaves
 * it, one pass downwards the reverse.
 */

#define MAX_DEPTH PT_DAG_MAX_NODE /**< a path has at most N - 1 edges */

uint64_t pt_path_lengths(const pt_space_t *space, const uint64_t *bits)
{
    uint64_t reach[PT_DAG_MAX_NODE + 1] = {0}; /* bit d: reached over d edges */
    uint64_t found = 0;
    for (int32_t c = 0; c < space->n_choice; c++) {
        const pt_choice_t *choice = &space->choice[c];
        if (!pt_bitset_get(bits, c))
            continue;
        if (choice->kind == PT_CHOICE_IN)
            reach[choice->j] |= 1;
        else if (choice->kind == PT_CHOICE_EDGE)
            reach[choice->j] |= reach[choice->i] << 1;
        else
            found |= reach[choice->i];
    }
    return found;
}

bool pt_connected(const pt_space_t *space, const uint64_t *bits)
{
    return space->min_depth < MAX_DEPTH &&
           pt_path_lengths(space, bits) >> space->min_depth != 0;
}

/** The best way on from each node with at least r more edges to come. */
typedef struct rest {
    double sum[PT_DAG_MAX_NODE + 1][MAX_DEPTH];
    int32_t next[PT_DAG_MAX_NODE + 1][MAX_DEPTH]; /**< choice to take; -1: no way on */
} rest_t;

/* Called in descending order, so that >= lets the lowest sequence win. */
static void offer(double sum, int32_t choice, double *best, int32_t *next)
{
    if (*next < 0 || sum >= *best) {
        *best = sum;
        *next = choice;
    }
}

/** Fill `rest`; returns the read-in of the best connection, or -1. */
static int32_t find_best(const pt_space_t *space, const double *logit, const uint64_t *bits,
                         rest_t *rest)
{
    int32_t depth = space->min_depth, first = -1;
    double best = -INFINITY;
    for (int32_t j = 0; j <= space->n_dag_node; j++)
        for (int32_t r = 0; r <= depth; r++)
            rest->next[j][r] = -1;

    for (int32_t c = space->n_choice - 1; c >= 0; c--) {
        int32_t i = space->choice[c].i, j = space->choice[c].j;
        double add = pt_bitset_get(bits, c) ? 0 : logit[c];
        switch (space->choice[c].kind) {
        case PT_CHOICE_OUT:
            offer(add, c, &rest->sum[i][0], &rest->next[i][0]);
            break;
        case PT_CHOICE_EDGE:
            for (int32_t r = 0; r <= depth; r++) {
                int32_t left = r > 0 ? r - 1 : 0;
                if (rest->next[j][left] >= 0)
                    offer(add + rest->sum[j][left], c, &rest->sum[i][r], &rest->next[i][r]);
            }
            break;
        case PT_CHOICE_IN:
            if (rest->next[j][depth] >= 0)
                offer(add + rest->sum[j][depth], c, &best, &first);
            break;
        case PT_CHOICE_COPY: /* of branch spaces alone */
            break;
        }
    }
    return first;
}

void pt_repair(const pt_space_t *space, const double *logit, uint64_t *bits)
{
    rest_t rest;
    int32_t c, left = space->min_depth;
    if (left >= space->n_dag_node || pt_connected(space, bits))
        return;
    c = find_best(space, logit, bits, &rest);
    while (c >= 0) {
        const pt_choice_t *choice = &space->choice[c];
        pt_bitset_set(bits, c, true);
        if (choice->kind == PT_CHOICE_OUT)
            break;
        if (choice->kind == PT_CHOICE_EDGE && left > 0)
            left--;
        c = rest.next[choice->j][left];
    }
}

static void raise_to(int32_t *longest, int32_t length)
{
    if (length > *longest)
        *longest = length;
}

/** Edges of the longest path from the stem to each node and on to the head; -1: none. */
static void find_longest(const pt_space_t *space, const uint64_t *bits, int32_t *in,
                         int32_t *out)
{
    for (int32_t j = 0; j <= space->n_dag_node; j++)
        in[j] = out[j] = -1;
    for (int32_t c = 0; c < space->n_choice; c++) {
        const pt_choice_t *choice = &space->choice[c];
        if (!pt_bitset_get(bits, c))
            continue;
        if (choice->kind == PT_CHOICE_IN)
            raise_to(&in[choice->j], 0);
        else if (choice->kind == PT_CHOICE_EDGE && in[choice->i] >= 0)
            raise_to(&in[choice->j], in[choice->i] + 1);
    }
    for (int32_t c = space->n_choice - 1; c >= 0; c--) {
        const pt_choice_t *choice = &space->choice[c];
        if (!pt_bitset_get(bits, c))
            continue;
        if (choice->kind == PT_CHOICE_OUT)
            raise_to(&out[choice->i], 0);
        else if (choice->kind == PT_CHOICE_EDGE && out[choice->j] >= 0)
            raise_to(&out[choice->i], out[choice->j] + 1);
    }
}

void pt_prune(const pt_space_t *space, uint64_t *bits)
{
    int32_t in[PT_DAG_MAX_NODE + 1], out[PT_DAG_MAX_NODE + 1];
    find_longest(space, bits, in, out);
    for (int32_t c = 0; c < space->n_choice; c++) {
        int32_t i = space->choice[c].i, j = space->choice[c].j, longest = -1;
        if (!pt_bitset_get(bits, c))
            continue;
        if (space->choice[c].kind == PT_CHOICE_IN)
            longest = out[j];
        else if (space->choice[c].kind == PT_CHOICE_OUT)
            longest = in[i];
        else if (in[i] >= 0 && out[j] >= 0)
            longest = in[i] + 1 + out[j];
        if (longest < 0 || longest < space->min_depth)
            pt_bitset_set(bits, c, false);
    }
}
