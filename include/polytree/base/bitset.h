/** @file
 * Bits in arrays of 64-bit words; the caller owns the words.
 */
#ifndef PT_BASE_BITSET_H
#define PT_BASE_BITSET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Words needed for `n` bits. */
static inline size_t pt_bitset_words(int64_t n)
{
    return ((size_t)n + 63) / 64;
}

static inline bool pt_bitset_get(const uint64_t *words, int64_t i)
{
    return (words[i >> 6] >> (i & 63)) & 1;
}

static inline void pt_bitset_set(uint64_t *words, int64_t i, bool on)
{
    uint64_t mask = (uint64_t)1 << (i & 63);
    words[i >> 6] = on ? words[i >> 6] | mask : words[i >> 6] & ~mask;
}

/** Number of bits set among the first `n`; bits past `n` must be zero. */
int64_t pt_bitset_count(const uint64_t *words, int64_t n);

#endif
