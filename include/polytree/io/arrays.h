/** @file
 * Results as arrays of as many rows, in a file that other programs read: HDF5, NumPy's npz
 * or CSV, by the end of its name.
 *
 * Rows come in order, a few at a time, so that no array is ever in memory.  The same rows
 * are the same bytes.
 */
#ifndef PT_IO_ARRAYS_H
#define PT_IO_ARRAYS_H

#include <stdbool.h>
#include <stdint.h>

#include "polytree/base/status.h"
#include "polytree/io/dataset.h"

typedef enum pt_array_type {
    PT_ARRAY_I32,
    PT_ARRAY_F32,
    PT_ARRAY_F64,
    PT_ARRAY_TEXT
} pt_array_type_t;

enum { PT_ARRAY_MAX_DIM = 3, PT_ARRAY_NAME = 128 };

/** One array, [n_row] or [n_row, dim[0], ..]. */
typedef struct pt_array {
    char name[PT_ARRAY_NAME];   /**< "shape/class": a path of HDF5, a name in an npz */
    char column[PT_ARRAY_NAME]; /**< what CSV calls it */
    pt_array_type_t type;
    int32_t n_dim; /**< of a row: 0 is one value */
    int64_t dim[PT_ARRAY_MAX_DIM];
    int64_t text_bytes; /**< of a text, padded with NUL */
    /** Names of the values 0, 1, .. of integers, or of the floats of a row; NULL: none.
     * Borrowed. */
    const pt_class_name_t *class_name;
    int64_t n_class_name;
} pt_array_t;

/** Bytes of a row. */
size_t pt_array_row_bytes(const pt_array_t *array);

typedef struct pt_arrays pt_arrays_t;

/**
 * Whether a file of that name can hold the arrays: PT_E_USAGE where its end is none of .h5,
 * .npz and .csv, PT_E_SHAPE where CSV has no place for one, whose rows have two dimensions
 * or more.
 */
PT_MUST_CHECK pt_status_t pt_arrays_check(const char *path, int32_t n,
                                          const pt_array_t *array);

/** Begin a file of n arrays (copied) under a temporary name.  One at a time. */
PT_MUST_CHECK pt_status_t pt_arrays_create(const char *path, int64_t n_row, int32_t n,
                                           const pt_array_t *array, pt_arrays_t **out);
/** The next n rows of every array, one after the other in memory. */
PT_MUST_CHECK pt_status_t pt_arrays_put(pt_arrays_t *arrays, int64_t n,
                                        const void *const *row);
/** End the file: it gets its name if `status` and what is left to do are PT_OK, else it is
 * removed.  Returns the first failure.  NULL is fine. */
PT_MUST_CHECK pt_status_t pt_arrays_finish(pt_status_t status, pt_arrays_t *arrays);

#endif
