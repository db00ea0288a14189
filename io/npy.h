/** @file
 * NumPy's .npy files: one array of numbers.
 */
#ifndef IO_NPY_H
#define IO_NPY_H

#include <stdint.h>

#include <stdbool.h>
#include <stddef.h>

#include "polytree/base/status.h"
#include "io/number.h"

/** The longest header, with what stands before it, that is looked at. */
enum { PT_NPY_MAX_DIM = 4, PT_NPY_MAX_HEADER = 1 << 16 };

/** What the header of a file says. */
typedef struct pt_npy_header {
    pt_number_t number;
    bool is_bool, is_fortran;
    int32_t n_dim;
    int64_t dim[PT_NPY_MAX_DIM];
    int64_t count;
    size_t bytes; /**< up to the first value */
} pt_npy_header_t;

/** Read the header of a file whose first bytes, PT_NPY_MAX_HEADER or all, are in memory. */
PT_MUST_CHECK pt_status_t pt_npy_read_header(const char *path, const char *text,
                                             size_t bytes, pt_npy_header_t *header);

typedef struct pt_npy {
    int32_t n_dim;
    int64_t dim[PT_NPY_MAX_DIM];
    int64_t count;
    double *value; /**< in C order */
} pt_npy_t;

/**
 * Read a file of format 1 to 3 with booleans, floats of 2 to 8 bytes or integers of 1 to 8,
 * in either byte order, C or Fortran order.  Release with pt_npy_release().
 */
PT_MUST_CHECK pt_status_t pt_npy_read(const char *path, pt_npy_t *npy);
void pt_npy_release(pt_npy_t *npy);

#endif
