/** @file
 * Branch spaces built by hand for the tests of arch: a stem, L layers of B copies and a
 * head for each task, each candidate with one operation and one tensor.
 */
#ifndef PT_TEST_BRANCH_SPACE_H
#define PT_TEST_BRANCH_SPACE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "polytree/base/bitset.h"
#include "polytree/base/rng.h"
#include "polytree/graph/space.h"

#define MAX_LAYER 20
#define MAX_COPY 8
#define MAX_TASK 50
#define MAX_CANDIDATE (1 + MAX_LAYER * MAX_COPY + MAX_TASK)

#define STEM_MADDS 7
#define HEAD_MADDS 1000000 /**< times task + 1 */

typedef struct branch_space {
    pt_space_t space;
    pt_node_t node[2 + MAX_LAYER + MAX_TASK];
    pt_candidate_t candidate[MAX_CANDIDATE];
    pt_space_op_t op[MAX_CANDIDATE];
    pt_group_t group[MAX_CANDIDATE];
    pt_param_t param[MAX_CANDIDATE];
    pt_choice_t choice[MAX_LAYER * MAX_COPY];
    int32_t layer_choice[MAX_LAYER + 1];
} branch_space_t;

/** A number in (0, 1) that depends on `stream` and `index`. */
static inline double draw(uint32_t stream, int64_t index)
{
    pt_rng_t rng = {.seed = 7, .purpose = PT_RNG_DRAW, .step = stream};
    return pt_rng_uniform(&rng, (uint64_t)index);
}

/** Multiply-adds of layer l, of all sizes; half as many parameters as that. */
static inline int64_t layer_madds(int32_t l)
{
    return 10 + (l * 37) % 50;
}

static inline pt_candidate_t *add_operation(branch_space_t *b, int32_t src, int32_t dst,
                                            int32_t task, int64_t madds)
{
    int32_t n = b->space.n_candidate++;
    b->candidate[n] = (pt_candidate_t){.src = src,
                                       .dst = dst,
                                       .skip = -1,
                                       .choice = -1,
                                       .task = task,
                                       .group = n,
                                       .first_op = n,
                                       .n_op = 1};
    b->op[n].inst = (pt_op_inst_t){.madds = madds, .out = {2, 1, 1, madds}};
    b->group[n] = (pt_group_t){.first_param = n, .n_param = 1};
    b->param[n].count = madds / 2;
    b->space.n_op = b->space.n_candidate;
    return &b->candidate[n];
}

static inline const pt_space_t *make_branch_space(branch_space_t *b, int32_t n_layer,
                                                  int32_t n_copy, int32_t n_task)
{
    memset(b, 0, sizeof *b);
    b->space = (pt_space_t){.kind = PT_SPACE_BRANCH,
                            .n_task = n_task,
                            .microbatch = 2,
                            .n_layer = n_layer,
                            .layer_choice = b->layer_choice,
                            .n_node = 2 + n_layer + n_task,
                            .node = b->node,
                            .candidate = b->candidate,
                            .op = b->op,
                            .choice = b->choice,
                            .store = {.group = b->group, .param = b->param}};
    strcpy(add_operation(b, 0, 1, -1, STEM_MADDS)->name, "stem");
    for (int32_t l = 0; l < n_layer; l++) {
        for (int32_t c = 0; c < n_copy; c++) {
            pt_candidate_t *new = add_operation(b, 1 + l, 2 + l, -1, layer_madds(l));
            snprintf(new->name, sizeof new->name, "l%02d_copy%d", (int)l + 1, (int)c);
            new->choice = b->space.n_choice;
            b->choice[b->space.n_choice++] =
                (pt_choice_t){.kind = PT_CHOICE_COPY,
                              .i = l + 1,
                              .j = c,
                              .candidate = b->space.n_candidate - 1};
        }
        b->layer_choice[l + 1] = b->space.n_choice;
    }
    for (int32_t k = 0; k < n_task; k++)
        snprintf(
            add_operation(b, 1 + n_layer, 2 + n_layer + k, k, HEAD_MADDS * (k + 1))->name,
            40, "head_%d", (int)k);
    return &b->space;
}

#endif
