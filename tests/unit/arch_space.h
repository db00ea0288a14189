/** @file
 * Dag spaces built by hand for the tests of arch: nodes, candidates and choices in
 * canonical order, no operations, and every connection of small ones by enumeration.
 */
#ifndef PT_TEST_ARCH_SPACE_H
#define PT_TEST_ARCH_SPACE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "polytree/arch/connect.h"
#include "polytree/base/bitset.h"
#include "polytree/base/rng.h"
#include "polytree/graph/space.h"

#define MAX_TASK 4
#define MAX_PATH 32 /**< of five nodes: nonempty subsets */
#define MAX_PIECE 8

typedef struct test_space {
    pt_space_t space;
    pt_node_t node[PT_DAG_MAX_NODE + 3 + MAX_TASK];
    pt_candidate_t candidate[1 + PT_DAG_MAX_CHOICE + MAX_TASK];
    pt_choice_t choice[PT_DAG_MAX_CHOICE];
} test_space_t;

/** Candidate src -> dst; kind is a pt_choice_kind_t, or -1 where nothing is chosen. */
static inline void add_candidate(test_space_t *t, int32_t src, int32_t dst, int kind,
                                 int32_t i, int32_t j, int32_t task)
{
    pt_space_t *s = &t->space;
    t->candidate[s->n_candidate] = (pt_candidate_t){
        .src = src, .dst = dst, .skip = -1, .choice = -1, .task = task, .group = -1};
    if (kind >= 0) {
        t->candidate[s->n_candidate].choice = s->n_choice;
        t->choice[s->n_choice++] = (pt_choice_t){
            .kind = (pt_choice_kind_t)kind, .i = i, .j = j, .candidate = s->n_candidate};
        s->n_edge += kind == PT_CHOICE_EDGE;
    }
    s->n_candidate++;
}

static inline const pt_space_t *make_space(test_space_t *t, int32_t n, int32_t flow,
                                           int32_t min_depth, int32_t n_task)
{
    memset(t, 0, sizeof *t);
    t->space = (pt_space_t){.kind = PT_SPACE_DAG,
                            .n_task = n_task,
                            .n_dag_node = n,
                            .min_depth = min_depth,
                            .n_node = n + 3 + n_task,
                            .node = t->node,
                            .candidate = t->candidate,
                            .choice = t->choice};
    add_candidate(t, 0, 1, -1, 0, 0, -1);
    for (int32_t j = 1; j <= n; j++) {
        add_candidate(t, 1, 1 + j, PT_CHOICE_IN, 0, j, -1);
        for (int32_t i = j > flow ? j - flow : 1; i < j; i++)
            add_candidate(t, 1 + i, 1 + j, PT_CHOICE_EDGE, i, j, -1);
        add_candidate(t, 1 + j, n + 2, PT_CHOICE_OUT, j, 0, -1);
    }
    for (int32_t k = 0; k < n_task; k++)
        add_candidate(t, n + 2, n + 3 + k, -1, 0, 0, k);
    return &t->space;
}

static inline int32_t find_choice(const pt_space_t *s, pt_choice_kind_t kind, int32_t i,
                                  int32_t j)
{
    for (int32_t c = 0; c < s->n_choice; c++)
        if (s->choice[c].kind == kind && s->choice[c].i == i && s->choice[c].j == j)
            return c;
    return -1;
}

/** Every path from stem to head of a small space, in ascending order of node sequence. */
typedef struct paths {
    int32_t n;
    struct {
        uint64_t bits;
        int32_t n_edge, n_piece;
        int32_t piece[MAX_PIECE]; /**< choices from stem to head */
    } path[MAX_PATH];
} paths_t;

static inline void extend_path(const pt_space_t *s, paths_t *all, const int32_t *piece,
                               int32_t n_piece, int32_t node)
{
    int32_t longer[MAX_PIECE];
    memcpy(longer, piece, (size_t)n_piece * sizeof *piece);
    longer[n_piece] = find_choice(s, PT_CHOICE_OUT, node, 0);
    memcpy(all->path[all->n].piece, longer, sizeof longer);
    all->path[all->n].n_piece = n_piece + 1;
    all->path[all->n].n_edge = n_piece - 1;
    for (int32_t p = 0; p <= n_piece; p++)
        all->path[all->n].bits |= (uint64_t)1 << longer[p];
    all->n++;
    for (int32_t j = node + 1; j <= s->n_dag_node; j++) {
        longer[n_piece] = find_choice(s, PT_CHOICE_EDGE, node, j);
        if (longer[n_piece] >= 0)
            extend_path(s, all, longer, n_piece + 1, j);
    }
}

static inline void list_paths(const pt_space_t *s, paths_t *all)
{
    memset(all, 0, sizeof *all);
    for (int32_t j = 1; j <= s->n_dag_node; j++) {
        int32_t in = find_choice(s, PT_CHOICE_IN, 0, j);
        extend_path(s, all, &in, 1, j);
    }
}

/** A number in (0, 1) that depends on `stream` and `index`. */
static inline double draw(uint32_t stream, int64_t index)
{
    pt_rng_t rng = {.seed = 7, .purpose = PT_RNG_DRAW, .step = stream};
    return pt_rng_uniform(&rng, (uint64_t)index);
}

#endif
