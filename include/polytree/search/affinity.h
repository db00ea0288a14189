/** @file
 * Task affinity: how alike the features are that a trained network has for its tasks.
 *
 * Representation similarity (Dwivedi and Roig, 2019; Vandenhende et al., 2019).  A level is
 * a node of the network: the stem, a layer, a node of a dag.  There n probes have features
 * f_1 .. f_n of a task, all of a map's pixels in one vector, and d_ij = 1 - Pearson(f_i,
 * f_j).  The affinity of two tasks at that level is Spearman's correlation of their d_ij,
 * i < j, ties having their mean rank.
 *
 * Features are the same bits on any ranks; products over them are ScaLAPACK's and are not,
 * so that affinities differ in their last digits between grids (linalg/matrix.h).
 */
#ifndef PT_SEARCH_AFFINITY_H
#define PT_SEARCH_AFFINITY_H

#include <stdbool.h>
#include <stdint.h>

#include "polytree/graph/branching.h"
#include "polytree/graph/space.h"
#include "polytree/io/affinity_file.h"
#include "polytree/io/inputs.h"
#include "polytree/par/comm.h"
#include "polytree/train/inference.h"

typedef struct pt_affinity_spec {
    const pt_space_t *space;
    pt_inference_t *network;
    pt_inputs_t *inputs;
    int64_t n_probe; /**< at most as many as there are inputs: as far apart as can be */
    size_t memory;   /**< bytes that a rank may take for features and products */
    int64_t groups;  /**< that tasks are put into; 0: as many as the spectrum suggests */
    /** What is being looked at, on every rank; NULL: nobody asks. */
    void (*at)(void *context, const char *level);
    void *context;
} pt_affinity_spec_t;

/**
 * Measure the affinity of all tasks at every level, and group them there by spectral
 * clustering (Ng, Jordan and Weiss, 2002).  Collective; the same on all ranks, each of
 * which releases `out`.
 *
 * @return PT_E_CONFIG, saying how many probes would fit, where memory does not suffice;
 *         PT_E_SHAPE for fewer than 3 probes or a network without a level; PT_E_MISSING in
 *         a build without ScaLAPACK
 */
PT_MUST_CHECK pt_status_t pt_affinity_measure(pt_comm_t *comm,
                                              const pt_affinity_spec_t *spec,
                                              pt_affinity_t *out);

/**
 * Branchings that an affinity of the layers l01 .. suggests: for each layer and number of
 * groups, 2 to `most`, all tasks together up to there, and from there on in the groups of
 * that layer, or layer by layer in those of each, which part the ones before.  Each once.
 * Collective; the same on all ranks.
 *
 * @param[out] tree  [n], each to be released, and freed with pt_free()
 * @return PT_E_SHAPE where the levels are no such layers
 */
PT_MUST_CHECK pt_status_t pt_affinity_propose(pt_comm_t *comm,
                                              const pt_affinity_t *affinity, int32_t most,
                                              int64_t *n, pt_branching_t **tree);

typedef struct pt_affinity_agreement {
    double rho; /**< NaN where all pairs are together, or none is, or all are as alike */
    double p;   /**< share of orders of the tasks that agree as well or better */
    int64_t n_order;
    bool is_all; /**< all orders that there are, else drawn ones and the tasks' own */
} pt_affinity_agreement_t;

/**
 * Do tasks that are alike run a layer together?  Rank correlation over the pairs of tasks
 * between affinity and being in one group, and how often it is as large where tasks change
 * their places at random (a permutation test).  On one rank.
 *
 * @param[in] value  [n_task][n_task]
 * @param[in] group  [n_task]
 */
PT_MUST_CHECK pt_status_t pt_affinity_agree(int32_t n_task, const double *value,
                                            const int32_t *group,
                                            pt_affinity_agreement_t *out);

#endif
