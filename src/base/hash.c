/* Hashes of 64 bits, digests of 128 that are fed piece by piece (XXH3), and CRC-32C. */
#include "polytree/base/hash.h"

#include <stdio.h>
#include <xxhash.h>

#include "polytree/base/memory.h"

struct pt_digest {
    XXH3_state_t *state;
};

uint64_t pt_hash64(const void *data, size_t bytes, uint64_t seed)
{
    return XXH3_64bits_withSeed(data, bytes, seed);
}

/* Bit by bit, the lowest first: for what is short. */
uint32_t pt_crc32c(const void *data, size_t bytes)
{
    const uint8_t *at = data;
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < bytes; i++) {
        crc ^= at[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? UINT32_C(0x82f63b78) : 0);
    }
    return ~crc;
}

pt_status_t pt_digest_new(pt_digest_t **out)
{
    pt_digest_t *digest;
    PT_TRY(pt_alloc(&digest, 1, sizeof *digest));
    digest->state = XXH3_createState();
    if (digest->state == NULL) {
        pt_free(digest);
        PT_FAIL(MEMORY, "no memory for a digest");
    }
    XXH3_128bits_reset(digest->state);
    *out = digest;
    return PT_OK;
}

void pt_digest_free(pt_digest_t *digest)
{
    if (digest != NULL) {
        XXH3_freeState(digest->state);
        pt_free(digest);
    }
}

void pt_digest_add(pt_digest_t *digest, const void *data, size_t bytes)
{
    XXH3_128bits_update(digest->state, data, bytes);
}

void pt_digest_hex(const pt_digest_t *digest, char out[33])
{
    XXH128_hash_t hash = XXH3_128bits_digest(digest->state);
    snprintf(out, 33, "%016llx%016llx", (unsigned long long)hash.high64,
             (unsigned long long)hash.low64);
}
