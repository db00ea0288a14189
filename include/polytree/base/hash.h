/** @file
 * Hashes for fingerprints, digests and plan keys (XXH3), and a checksum of other formats.
 */
#ifndef PT_BASE_HASH_H
#define PT_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

#include "polytree/base/status.h"

uint64_t pt_hash64(const void *data, size_t bytes, uint64_t seed);

/** CRC-32C (Castagnoli's polynomial, as of RFC 3720): 0xe3069283 of "123456789". */
uint32_t pt_crc32c(const void *data, size_t bytes);

/** A running 128-bit digest over many pieces. */
typedef struct pt_digest pt_digest_t;

PT_MUST_CHECK pt_status_t pt_digest_new(pt_digest_t **out);
void pt_digest_free(pt_digest_t *digest);
void pt_digest_add(pt_digest_t *digest, const void *data, size_t bytes);

/** The digest so far as 32 hex digits and a NUL. */
void pt_digest_hex(const pt_digest_t *digest, char out[33]);

#endif
