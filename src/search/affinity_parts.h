/** @file
 * The parts of measuring task affinity: features, ranks of dissimilarities, groups.
 */
#ifndef SEARCH_AFFINITY_PARTS_H
#define SEARCH_AFFINITY_PARTS_H

#include "polytree/linalg/matrix.h"
#include "polytree/search/affinity.h"

/** A value of the network that tasks have at a level, as pt_see_fn() is told. */
typedef struct affinity_point {
    int32_t op, candidate, task;
    int64_t n_feature;
    pt_matrix_t x; /**< [n_feature x n_probe] while it is looked at */
} affinity_point_t;

/** Columns that a rank has of matrices on the row of ranks come in blocks of a microbatch
 * of probes, which it runs itself. */
typedef struct affinity_work {
    const pt_affinity_spec_t *spec;
    pt_comm_t *comm;
    pt_grid_t *row, *square;
    int64_t n_probe, microbatch;
    int64_t n_constant; /**< probes of the level without a feature that differs */

    /* Of the level at work. */
    int32_t n_point;
    affinity_point_t *point; /**< [n_task] */
    int32_t *of_task;        /**< [n_task] its point, or -1 */

    /* Of the pass at work: points first .. first + n - 1. */
    int32_t first, n;
    int64_t own; /**< this rank's first probe of the microbatch, counted as its own */
    int64_t n_here;
    float *input;
} affinity_work_t;

/** Blocks of matrices on the square grid. */
enum { AFFINITY_BLOCK = 64 };

/** Run the network on all probes and leave the features of points first .. first + n - 1 in
 * matrices of the row grid, each probe's with mean 0 and length 1.  Collective. */
PT_MUST_CHECK pt_status_t affinity_read(affinity_work_t *w, int32_t first, int32_t n);
void affinity_forget(affinity_work_t *w, int32_t first, int32_t n);

/**
 * Spearman's correlations of the dissimilarities of all points of the level.  Collective.
 *
 * @param[out] rho  [n_point][n_point] on all ranks
 */
PT_MUST_CHECK pt_status_t affinity_correlate(affinity_work_t *w, double *rho);

/** Twice the mean ranks 1 .. n of numbers, ascending; equal ones share theirs. */
PT_MUST_CHECK pt_status_t affinity_rank(const float *x, int64_t n, uint32_t *twice);

/** Group the tasks of a level by its values.  Collective over the grid. */
PT_MUST_CHECK pt_status_t affinity_group(const pt_grid_t *grid, int32_t n_task,
                                         int64_t groups, pt_affinity_level_t *level);

#endif
