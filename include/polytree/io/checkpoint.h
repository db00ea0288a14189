/** @file
 * Checkpoints: named arrays and attributes in one HDF5 file, replaced safely.
 *
 * The file knows nothing of ranks.  Rank 0 writes (the caller has gathered); writing is
 *   PATH.tmp.HOST.PID -> flush, fsync -> unlink PREV, hard-link PATH to it -> rename over
 * PATH
 *   -> fsync the folder.
 * At every instant a loadable checkpoint stands under one of the two names.
 */
#ifndef PT_IO_CHECKPOINT_H
#define PT_IO_CHECKPOINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "polytree/base/status.h"
#include "polytree/par/comm.h"

/** Longest name of a record, with its NUL. */
#define PT_RECORD_NAME 160

typedef enum pt_dtype {
    PT_DTYPE_F32,
    PT_DTYPE_F64,
    PT_DTYPE_I64,
    PT_DTYPE_U64,
    PT_DTYPE_TEXT
} pt_dtype_t;

/** One array.  Names are paths: "weight/edge_1_2.weight". TEXT: dim[0] bytes, no NUL. */
typedef struct pt_record {
    char name[PT_RECORD_NAME];
    pt_dtype_t dtype;
    int32_t n_dim;
    int64_t dim[4];
    void *data;      /**< borrowed when writing, owned by the checkpoint when read */
    bool in_payload; /**< enters the digest: the result, not the circumstances */
} pt_record_t;

typedef struct pt_checkpoint {
    pt_record_t *record; /**< sorted by name once read or written */
    int32_t n_record;
    size_t capacity;
    bool owns_data;
    bool is_sorted;  /**< then names are found by bisection */
    char digest[33]; /**< of names, types, shapes and bytes of the payload */
} pt_checkpoint_t;

void pt_checkpoint_init(pt_checkpoint_t *checkpoint);
void pt_checkpoint_release(pt_checkpoint_t *checkpoint);

/** Add a record; `data` is borrowed until the checkpoint is written or released. */
PT_MUST_CHECK pt_status_t pt_checkpoint_add(pt_checkpoint_t *checkpoint, const char *name,
                                            pt_dtype_t dtype, const int64_t *dim,
                                            int32_t n_dim, const void *data,
                                            bool in_payload);

/** Add a copy of a record under another name (NULL: its own) to a checkpoint that owns its
 * data. */
PT_MUST_CHECK pt_status_t pt_checkpoint_keep(pt_checkpoint_t *checkpoint,
                                             const pt_record_t *record, const char *name);

/** The record of that name, type and element count; PT_E_FORMAT where there is none. */
PT_MUST_CHECK pt_status_t pt_checkpoint_get(const pt_checkpoint_t *checkpoint,
                                            const char *name, pt_dtype_t dtype,
                                            int64_t count, const void **data);
/** Copy that record's elements to `out`; not of texts. */
PT_MUST_CHECK pt_status_t pt_checkpoint_copy(const pt_checkpoint_t *checkpoint,
                                             const char *name, pt_dtype_t dtype,
                                             int64_t count, void *out);
/** A copy of a text, with its NUL; free with pt_free(). */
PT_MUST_CHECK pt_status_t pt_checkpoint_text(const pt_checkpoint_t *checkpoint,
                                             const char *name, char **out);
/** Add copies of the records whose names begin so, without the first `cut` characters of
 * these, to a checkpoint that owns what it has, or is empty. */
PT_MUST_CHECK pt_status_t pt_checkpoint_copy_all(const pt_checkpoint_t *from,
                                                 const char *begin, size_t cut,
                                                 pt_checkpoint_t *to);
/** NULL where there is none; valid until a record is added. */
const pt_record_t *pt_checkpoint_find(const pt_checkpoint_t *checkpoint, const char *name);

/** Write as described above; what stood at `path` becomes `prev`.  Each array gets a
 * checksum. */
PT_MUST_CHECK pt_status_t pt_checkpoint_write(pt_checkpoint_t *checkpoint, const char *path,
                                              const char *prev);

/** Read one file, checking every checksum and the digest. */
PT_MUST_CHECK pt_status_t pt_checkpoint_read(pt_checkpoint_t *checkpoint, const char *path);

/** Read one text of a file and nothing else; `*text` is to be released by pt_free(). */
PT_MUST_CHECK pt_status_t pt_checkpoint_read_text(const char *path, const char *name,
                                                  char **text);

/** All ranks get copies of rank 0's records in place of what they have, and own them; rank
 * 0 keeps its own.  Collective. */
PT_MUST_CHECK pt_status_t pt_checkpoint_bcast(pt_checkpoint_t *checkpoint, pt_comm_t *comm);

/** Add copies of all ranks' records, rank after rank, to `all` of rank 0, which is empty
 * or owns what it has.  Collective. */
PT_MUST_CHECK pt_status_t pt_checkpoint_gather(const pt_checkpoint_t *mine, pt_comm_t *comm,
                                               pt_checkpoint_t *all);

/** Print names, shapes, checksums, counters and the payload digest. */
PT_MUST_CHECK pt_status_t pt_checkpoint_inspect(const char *path, FILE *out);

#endif
