/** @file
 * Seals: sums of a file's blocks, written behind its end, that all reads are held against.
 *
 *     the file as it was | head | sum of block 0, 1, ... | head again
 *
 * A head is 40 bytes: "polytree seal 1\n", then as 64-bit little-endian integers the bytes
 * that are sealed, the bytes of a block, and the XXH3 of the 32 bytes before.  Sums are
 * XXH3 of blocks, the last of which may be shorter.  Whoever opens the file as HDF5 reads
 * what was sealed alone, and whoever writes to it by that library cuts the seal off.
 */
#ifndef IO_SEAL_H
#define IO_SEAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "polytree/base/status.h"

/** A page: no more comes from the disk than would without a seal. */
enum { PT_SEAL_BLOCK = 4096 };

typedef struct pt_seal {
    uint64_t bytes;      /**< that are sealed; 0: the file has no seal */
    uint64_t bad, n_bad; /**< bytes that were read and are other than sealed; none: 0 */
} pt_seal_t;

/** Look for the seal of a file of so many bytes that is open; it has none where it cannot
 * be read, or is not whole. */
pt_seal_t pt_seal_find(int fd, uint64_t file_bytes);

/** Whether what lies behind a file's own end is a seal that is not whole. */
bool pt_seal_is_torn(int fd, uint64_t own_bytes, uint64_t file_bytes);

/**
 * Read bytes of what is sealed, and hold the blocks that they lie in against their sums.
 *
 * @return false where reading fails, or with seal->bad set where bytes are others
 */
bool pt_seal_read(int fd, pt_seal_t *seal, uint64_t offset, size_t bytes, void *out);

/** PT_E_FORMAT where something was read that was not sealed so. */
PT_MUST_CHECK pt_status_t pt_seal_judge(const pt_seal_t *seal, const char *path);

/** Hold all of a file against its seal; a line on `report` for each run of blocks that are
 * others, counted in *n_finding.  Nothing where it has none. */
PT_MUST_CHECK pt_status_t pt_seal_verify(const char *path, FILE *report,
                                         int32_t *n_finding);

/** Write the seal of a file that has none. */
PT_MUST_CHECK pt_status_t pt_seal_append(const char *path);

/**
 * What was written to a temporary file is sealed and takes its name, or is removed.
 *
 * @param status  of the writing
 * @return that, or what went wrong since
 */
PT_MUST_CHECK pt_status_t pt_seal_publish(pt_status_t status, const char *temp,
                                          const char *path);

#endif
