/** @file
 * Arrays of NumPy's, read row by row: of a .npz by name, or the one of a .npy.
 */
#ifndef IO_NPZ_H
#define IO_NPZ_H

#include <stdbool.h>

#include "io/npy.h"
#include "io/number.h"

/** An array that is being read from its first row to its last. */
typedef struct pt_npz pt_npz_t;

/** What is called with the name of each array of a .npz, without ".npy". */
typedef pt_status_t (*pt_npz_visit_t)(void *context, const char *name);

/** Name the arrays of a .npz, in its order; a .npy has one, of the name "". */
PT_MUST_CHECK pt_status_t pt_npz_list(const char *path, pt_npz_visit_t visit,
                                      void *context);

/**
 * Open an array of numbers in C order; of one dimension in either.  `path` and `name` must
 * outlive it.
 *
 * @param[in] name  of an array in a .npz; "" for a .npy
 * @return PT_E_USAGE where there is no such array, PT_E_FORMAT where it is none of numbers
 */
PT_MUST_CHECK pt_status_t pt_npz_open(const char *path, const char *name, pt_npz_t **out);
void pt_npz_close(pt_npz_t *npz);

/** Its dimensions: `n_dim` of `dim`, rows first; at most PT_NPY_MAX_DIM, at least 1. */
int32_t pt_npz_shape(const pt_npz_t *npz, int64_t dim[PT_NPY_MAX_DIM]);
/** The numbers as stored, and whether they are booleans. */
pt_number_t pt_npz_number(const pt_npz_t *npz, bool *is_bool);
/** Values of a row. */
int64_t pt_npz_width(const pt_npz_t *npz);
/** Rows that were read. */
int64_t pt_npz_row(const pt_npz_t *npz);
/** "FILE: array 'x'", for messages. */
const char *pt_npz_where(const pt_npz_t *npz);

/**
 * Read the next row as `cell`: pt_npz_width() values.
 *
 * @return PT_E_FORMAT where the file ends early, or an integer cell cannot hold a value,
 *         naming the row
 */
PT_MUST_CHECK pt_status_t pt_npz_next(pt_npz_t *npz, pt_cell_t cell, void *out);

#endif
