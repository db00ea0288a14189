/** @file
 * Dense matrices spread over the ranks of a grid, and what ScaLAPACK does with them.
 *
 * A grid numbers ranks row by row.  A matrix lies on it block-cyclically: block (i, j) of
 * row_block x col_block elements is that of rank (i mod rows, j mod columns).  Ranks may
 * own nothing.  Results are right to rounding, not to the bit: their last bits depend on
 * the grid (docs/architecture.md, rule 2), so they go to files and never into a run.
 *
 * All functions but the two that find an element are collective over the grid's ranks, and
 * return the same on all of them.
 */
#ifndef PT_LINALG_MATRIX_H
#define PT_LINALG_MATRIX_H

#include <stdbool.h>
#include <stdint.h>

#include "polytree/base/status.h"
#include "polytree/par/comm.h"

typedef struct pt_grid pt_grid_t;

/** Whether this build has ScaLAPACK. */
bool pt_grid_is_there(void);

/**
 * A grid of all ranks of `comm`, which it borrows: one row of them, or as square as their
 * number can be had.
 *
 * @return PT_E_MISSING in a build without ScaLAPACK
 */
PT_MUST_CHECK pt_status_t pt_grid_new(pt_comm_t *comm, bool is_row, pt_grid_t **out);
/** NULL is fine. */
void pt_grid_free(pt_grid_t *grid);

typedef struct pt_matrix {
    const pt_grid_t *grid;
    bool is_double; /**< else float32 */
    int64_t n_row, n_col, row_block, col_block;
    int64_t own_row, own_col; /**< of this rank */
    void *data;               /**< column after column, own_row elements each */
    int description[9];       /**< as ScaLAPACK wants it */
} pt_matrix_t;

/** Zero everywhere.  Borrows the grid. */
PT_MUST_CHECK pt_status_t pt_matrix_init(pt_matrix_t *m, const pt_grid_t *grid,
                                         bool is_double, int64_t n_row, int64_t n_col,
                                         int64_t row_block, int64_t col_block);
void pt_matrix_release(pt_matrix_t *m);
/** Where this rank has a row or a column, or -1.  Not collective. */
int64_t pt_matrix_own_row(const pt_matrix_t *m, int64_t row);
int64_t pt_matrix_own_col(const pt_matrix_t *m, int64_t col);

/** Copy `src` to columns col .. col + src->n_col - 1 of `dst`, which has as many rows and
 * the same type and may lie otherwise, on another grid of the same ranks. */
PT_MUST_CHECK pt_status_t pt_matrix_copy(const pt_matrix_t *src, pt_matrix_t *dst,
                                         int64_t col);
/** All elements of a matrix in double on all ranks, [n_col][n_row]. */
PT_MUST_CHECK pt_status_t pt_matrix_whole(const pt_matrix_t *m, double *out);

/** c = a^T a + beta c, on and above the diagonal; what lies below is left alone. */
PT_MUST_CHECK pt_status_t pt_matrix_gram(const pt_matrix_t *a, double beta, pt_matrix_t *c);

/**
 * The `n` largest eigenvalues of a symmetric matrix in double, of which what is on and
 * above the diagonal is read, ascending, and eigenvectors, by pdsyevr.
 *
 * What comes of it is checked: no element of A v - lambda v is beyond 1e-12 n max |a|, none
 * of V^T V - I beyond 1e-10.
 *
 * @param[out] value   [n], on all ranks
 * @param[out] vector  of the shape of `a`, its first n columns; to be released
 * @return PT_E_NUMERIC with both figures where they are
 */
PT_MUST_CHECK pt_status_t pt_matrix_eigen(const pt_matrix_t *a, int64_t n, double *value,
                                          pt_matrix_t *vector);

#endif
