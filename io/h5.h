/** @file
 * HDF5 with checks: every name, type and shape from a file is looked at before use.
 *
 * Messages name the file and the object in it.  The error stack of the library is never
 * printed; its deepest line goes into the message.
 */
#ifndef IO_H5_H
#define IO_H5_H

#include <hdf5.h>
#include <stdbool.h>
#include <stdint.h>

#include "polytree/base/status.h"
#include "io/number.h"
#include "io/seal.h"

/** An attribute has room for 64 KiB, 16 bytes a text. */
enum { PT_H5_MAX_DIM = 4, PT_H5_MAX_WHERE = 512, PT_H5_MAX_TEXTS = 4000 };

/** A data set in an open file. */
typedef struct pt_h5_array {
    hid_t id, space, stored; /**< `stored`: the type of its elements */
    H5T_class_t type;        /**< H5T_INTEGER of an enumeration too */
    size_t item_bytes;       /**< as stored */
    bool is_number;          /**< pt_h5_array_read() knows its numbers */
    pt_number_t number;
    bool is_bool; /**< an enumeration, as h5py writes booleans */
    int32_t n_dim;
    int64_t dim[PT_H5_MAX_DIM];
    int64_t count;      /**< product of dim */
    bool is_filtered;   /**< stored compressed, or otherwise than it is */
    bool is_virtual;    /**< its values are those of other data sets of the file */
    bool has_no_fill;   /**< what was never written is nothing in particular */
    int64_t chunk_rows; /**< rows that are stored together; 1 where it has no chunks */
    int64_t chunk[PT_H5_MAX_DIM]; /**< their shape; 0 where it has none */
    const pt_seal_t *seal;        /**< of its file, which must stay open */
    char where[PT_H5_MAX_WHERE];
} pt_h5_array_t;

/** The deepest line of the library's error stack, "" where it is empty. */
const char *pt_h5_cause(char text[128]);

/** The drivers that files are read and written with; they stay registered. */
hid_t pt_h5_reader(void);
hid_t pt_h5_writer(void);
/** Bytes at an offset of a file that is open for reading; false where it has not so many.
 */
bool pt_h5_read_bytes(hid_t file, uint64_t offset, size_t bytes, void *out);
/** The seal of a file that is open for reading, with what was found of it; of a negative
 * identifier that of the one opened last, which may be closed. */
const pt_seal_t *pt_h5_seal(hid_t file);
/** Whether there is half a seal behind its end. */
bool pt_h5_has_torn_seal(hid_t file);
/** PT_E_FORMAT where something was read of a file that was not sealed so, whatever came of
 * it; else `status`. */
PT_MUST_CHECK pt_status_t pt_h5_judge(pt_status_t status, hid_t file, const char *path);
/** errno of the first failure of the file that is written, or was last; 0: none. */
int pt_h5_write_error(void);

/** Whether a type is a number that can be converted, an enumeration of such included. */
bool pt_h5_type_number(hid_t type, pt_number_t *number, bool *is_bool);

/** Open for reading.  PT_E_IO where the file cannot be opened, PT_E_FORMAT: not HDF5, or
 * other than sealed. */
PT_MUST_CHECK pt_status_t pt_h5_open(const char *path, hid_t *file);
/** Begin a file; one at a time.  A write that fails is told by pt_h5_finish(). */
PT_MUST_CHECK pt_status_t pt_h5_create(const char *path, hid_t *file);
/** Close a file begun with pt_h5_create().  Returns the first failure, `status` if that is
 * one; what is on the disk is then the caller's to remove. */
PT_MUST_CHECK pt_status_t pt_h5_finish(pt_status_t status, const char *path, hid_t file);
/** Close any identifier; negative ones are fine. */
void pt_h5_close(hid_t id);

/** Whether the link `name`, a path below `parent`, leads to an object. */
bool pt_h5_has(hid_t parent, const char *name);
PT_MUST_CHECK pt_status_t pt_h5_group_open(hid_t parent, const char *path, const char *name,
                                           hid_t *group);

/**
 * Open a data set and look at its type, shape and storage.  One is refused whose values are
 * not all in this file, that is too large for what the file holds, or whose filter is not
 * there.  What was never written reads as the fill value.
 *
 * @param[in] path  of the file, for messages
 */
PT_MUST_CHECK pt_status_t pt_h5_array_open(hid_t parent, const char *path, const char *name,
                                           pt_h5_array_t *array);
/** Of an array that is being opened: its layout and filters. */
PT_MUST_CHECK pt_status_t pt_h5_check_storage(pt_h5_array_t *array, hid_t file);
void pt_h5_array_close(pt_h5_array_t *array);
/** Bytes that have to be brought, and unpacked, to read one row of it. */
double pt_h5_row_cost(const pt_h5_array_t *array);
/** Rows first..first+n-1 of the first dimension (all, for a scalar), as `cell`.  Integers
 * that do not fit it are an error that names the row.  Allocates a buffer where the file's
 * numbers are wider. */
PT_MUST_CHECK pt_status_t pt_h5_array_read(const pt_h5_array_t *array, int64_t first,
                                           int64_t n, pt_cell_t cell, void *out);
/** The same as they are stored, array->stored. */
PT_MUST_CHECK pt_status_t pt_h5_array_read_raw(const pt_h5_array_t *array, int64_t first,
                                               int64_t n, void *out);
/** The array->item_bytes of a string of fixed size; nothing where it is empty. */
PT_MUST_CHECK pt_status_t pt_h5_array_read_text(const pt_h5_array_t *array, void *out);

/** What is done with an array; `name` is its path without a slash in front. */
typedef pt_status_t (*pt_h5_visit_t)(void *context, const char *name,
                                     const pt_h5_array_t *array);
/** Open every data set below `file`, by name, as pt_h5_array_open() does, and visit it; the
 * first failure ends it. */
PT_MUST_CHECK pt_status_t pt_h5_visit_arrays(hid_t file, const char *path,
                                             pt_h5_visit_t visit, void *context);

bool pt_h5_attr_has(hid_t object, const char *name);
/** One string, fixed or variable. */
PT_MUST_CHECK pt_status_t pt_h5_attr_text(hid_t object, const char *where, const char *name,
                                          char *out, size_t bytes);
/** The n strings of an attribute, each into `bytes` of `out`, with a NUL. */
PT_MUST_CHECK pt_status_t pt_h5_attr_texts(hid_t object, const char *where,
                                           const char *name, int64_t n, char *out,
                                           size_t bytes);
/** The n strings of variable size of an open attribute that holds so many, each into
 * `bytes` of `out`; false where they cannot be read.  `*size` of the last one read, without
 * its NUL; one of `bytes` or more is not set, and ends the reading. */
bool pt_h5_attr_variable_texts(hid_t attr, int64_t n, char *out, size_t bytes,
                               size_t *size);
PT_MUST_CHECK pt_status_t pt_h5_attr_int(hid_t object, const char *where, const char *name,
                                         int64_t *out);
PT_MUST_CHECK pt_status_t pt_h5_attr_u64(hid_t object, const char *where, const char *name,
                                         uint64_t *out);
PT_MUST_CHECK pt_status_t pt_h5_attr_real(hid_t object, const char *where, const char *name,
                                          double *out);
/** Number of strings in an attribute. */
PT_MUST_CHECK pt_status_t pt_h5_attr_count(hid_t object, const char *where,
                                           const char *name, int64_t *out);

PT_MUST_CHECK pt_status_t pt_h5_put_text(hid_t object, const char *path, const char *name,
                                         const char *text);
/** At most PT_H5_MAX_TEXTS. */
PT_MUST_CHECK pt_status_t pt_h5_put_texts(hid_t object, const char *path, const char *name,
                                          const char *const *text, int64_t n);
PT_MUST_CHECK pt_status_t pt_h5_put_int(hid_t object, const char *path, const char *name,
                                        int64_t value);
PT_MUST_CHECK pt_status_t pt_h5_put_real(hid_t object, const char *path, const char *name,
                                         double value);
PT_MUST_CHECK pt_status_t pt_h5_put_u64(hid_t object, const char *path, const char *name,
                                        uint64_t value);

/** Write an array whole; groups on the way are made.  *id is open on success.
 * data == NULL: its values are to follow by pt_h5_put_rows(). */
PT_MUST_CHECK pt_status_t pt_h5_put_array(hid_t parent, const char *path, const char *name,
                                          hid_t file_type, hid_t type, int32_t n_dim,
                                          const int64_t *dim, const void *data, hid_t *id);
/** How an array is packed: in chunks of so many rows, whole ones. */
typedef struct pt_h5_packing {
    int32_t gzip; /**< 1 to 9; 0: not at all, and without chunks */
    int64_t rows;
} pt_h5_packing_t;

/** Begin an array, whose values are to follow by pt_h5_put_rows(). */
PT_MUST_CHECK pt_status_t pt_h5_put_packed(hid_t parent, const char *path, const char *name,
                                           hid_t type, int32_t n_dim, const int64_t *dim,
                                           const pt_h5_packing_t *pack, hid_t *id);
/** Write rows first..first+n-1 of an open array of that shape. */
PT_MUST_CHECK pt_status_t pt_h5_put_rows(hid_t id, const char *path, hid_t type,
                                         int32_t n_dim, const int64_t *dim, int64_t first,
                                         int64_t n, const void *data);

#endif
