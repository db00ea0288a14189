/** @file
 * What the parts of the checkpoint share: types, sizes, order, digest.
 */
#ifndef IO_CHECKPOINT_H
#define IO_CHECKPOINT_H

#include "polytree/io/checkpoint.h"

#define PT_CHECKPOINT_FORMAT "polytree checkpoint"

/** The type's name for people. */
const char *pt_dtype_name(pt_dtype_t dtype);

int64_t pt_record_count(const pt_record_t *record);
size_t pt_record_bytes(const pt_record_t *record);
uint64_t pt_record_checksum(const pt_record_t *record);

/** Add what was read from file `path` under `name`: its data is the checkpoint's from now
 * on, or freed where this fails. */
PT_MUST_CHECK pt_status_t pt_checkpoint_take(pt_checkpoint_t *checkpoint, const char *path,
                                             const char *name, const pt_record_t *record);

/** Sort by name and form the digest; PT_E_RANGE for a name that stands twice. */
PT_MUST_CHECK pt_status_t pt_checkpoint_seal(pt_checkpoint_t *checkpoint);

#endif
