/** @file
 * Cuts: which stage of ranks has which part of a space.
 *
 * A stage has a contiguous block of the candidates, which stand in canonical order; the
 * heads stay together on the last one, with the losses.  A cut never enters the numerics.
 */
#ifndef PT_GRAPH_CUT_H
#define PT_GRAPH_CUT_H

#include <stdbool.h>
#include <stdint.h>

#include "polytree/base/status.h"
#include "polytree/graph/plan.h"
#include "polytree/graph/space.h"

/** Stage s has the candidates first[s] .. first[s + 1] - 1. */
typedef struct pt_cut {
    int32_t n_stage;
    int32_t *first; /**< [n_stage + 1] */
    int32_t *stage; /**< [n_candidate] of each candidate */
} pt_cut_t;

/**
 * Cut n pieces into n_stage blocks, none empty, so that the slowest is fastest.  A block
 * takes the costs of its pieces and of the transfers at both its ends.  Exact; among equal
 * cuts the one whose blocks begin earliest, from the last block on.
 *
 * @param[in]  cost      [n] of each piece
 * @param[in]  transfer  [n] transfer[i]: of what crosses a cut right before piece i
 * @param[in]  n_free    blocks begin at pieces below n_free (those behind stay together)
 * @param[out] first     [n_stage + 1] where each block begins; last n
 * @param[out] slowest   cost of the slowest block
 * @return PT_E_CONFIG where there are fewer places to cut than stages want, PT_E_MEMORY
 */
PT_MUST_CHECK pt_status_t pt_cut_balance(int32_t n, const double *cost,
                                         const double *transfer, int32_t n_free,
                                         int32_t n_stage, int32_t *first, double *slowest);

/**
 * Segments that a stage runs forward ahead of backward, and units that it can have in
 * flight: as many as there are stages from it on, and one more, in which messages to the
 * next stage and back may take their time.
 */
static inline int32_t pt_cut_ahead(int32_t n_stage, int32_t stage)
{
    return n_stage - stage + (stage < n_stage - 1);
}

/** Most stages that a space can be cut into. */
int32_t pt_cut_most(const pt_space_t *space);

/**
 * Cut a space; heads stay together.
 *
 * @param[in] load  of what is to run, in any unit: cost per candidate, transfer before it
 */
PT_MUST_CHECK pt_status_t pt_cut_init(pt_cut_t *cut, const pt_space_t *space,
                                      int32_t n_stage, const pt_load_t *load);
void pt_cut_release(pt_cut_t *cut);

/** Does a stage read the network's input? */
bool pt_cut_reads_input(const pt_cut_t *cut, const pt_space_t *space, int32_t stage);

/** Blocks of the store that a stage's weights take: [begin, end). */
void pt_cut_blocks(const pt_cut_t *cut, const pt_space_t *space, int32_t stage,
                   int64_t *begin, int64_t *end);

#endif
