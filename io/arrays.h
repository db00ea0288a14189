/** @file
 * What the formats of arrays have in common.
 */
#ifndef IO_ARRAYS_H
#define IO_ARRAYS_H

#include "polytree/io/arrays.h"
#include "polytree/io/file.h"

/** How one kind of file is written. */
typedef struct arrays_format {
    const char *end; /**< of its name */
    pt_status_t (*create)(pt_arrays_t *arrays);
    pt_status_t (*put)(pt_arrays_t *arrays, int64_t n, const void *const *row);
    /** Close what create() has opened, also after a failure. */
    pt_status_t (*finish)(pt_status_t status, pt_arrays_t *arrays);
} arrays_format_t;

struct pt_arrays {
    const arrays_format_t *format;
    char path[PT_PATH_MAX], temp[PT_PATH_MAX];
    int64_t n_row, at; /**< rows in all, and put so far */
    int32_t n;
    pt_array_t *array;
    void *state; /**< the format's */
};

extern const arrays_format_t arrays_h5, arrays_npz, arrays_csv;

/** Values of a row. */
int64_t arrays_count(const pt_array_t *array);

/** PT_E_IO where a file could not be written, from errno. */
PT_MUST_CHECK pt_status_t arrays_fail(const pt_arrays_t *arrays);

#endif
