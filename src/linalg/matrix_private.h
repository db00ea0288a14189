/** @file
 * The inside of a grid of ranks.
 */
#ifndef LINALG_MATRIX_PRIVATE_H
#define LINALG_MATRIX_PRIVATE_H

#include "polytree/linalg/matrix.h"

#if PT_WITH_SCALAPACK
#include "linalg/scalapack.h"

struct pt_grid {
    pt_comm_t *comm;
    int context; /**< BLACS's number of it */
    int n_row, n_col, row, col;
};
#endif

#endif
