/** @file
 * Dropout, many of Philox's blocks at a time; compiled once for each ISA.
 */
#ifndef KERNEL_VECTOR_DROPOUT_H
#define KERNEL_VECTOR_DROPOUT_H

#include <Random123/philox.h>

enum { PHILOX_ROUNDS = 10, DROP_BLOCKS = 16 };

/** The four words of block `index`, as pt_rng_words() gives them. */
INLINE void philox(const uint32_t key[2 * PHILOX_ROUNDS], const uint32_t head[2],
                   uint64_t index, uint32_t *restrict out)
{
    uint32_t a = head[0], b = head[1], c = (uint32_t)index, d = (uint32_t)(index >> 32);
#pragma GCC unroll 10
    for (int r = 0; r < PHILOX_ROUNDS; r++) {
        uint64_t p = (uint64_t)PHILOX_M4x32_0 * a, q = (uint64_t)PHILOX_M4x32_1 * c;
        a = (uint32_t)(q >> 32) ^ b ^ key[2 * r];
        b = (uint32_t)q;
        c = (uint32_t)(p >> 32) ^ d ^ key[2 * r + 1];
        d = (uint32_t)p;
    }
    out[0] = a;
    out[1] = b;
    out[2] = c;
    out[3] = d;
}

INLINE void drop_some(int64_t n, const uint32_t *word, uint32_t last, float factor,
                      const float *x, float *y)
{
    for (int64_t i = 0; i < n; i++)
        y[i] = word[i] > last ? x[i] * factor : 0;
}

static void drop(int64_t n, const pt_rng_t *rng, uint64_t index, double rate,
                 const float *x, float *y)
{
    const float factor = (float)(1 / (1 - rate));
    const double least = ceil(rate * 0x1p32); /* the first word that keeps its element */
    const uint32_t head[2] = {
        (uint32_t)rng->purpose << 24 | (uint32_t)rng->phase << 16 | rng->task, rng->step};
    uint32_t key[2 * PHILOX_ROUNDS], word[4 * DROP_BLOCKS];
    if (least == 0) {
        scale(n, factor, x, y);
        return;
    }
    for (uint32_t r = 0; r < PHILOX_ROUNDS; r++) {
        key[2 * r] = (uint32_t)rng->seed + r * PHILOX_W32_0;
        key[2 * r + 1] = (uint32_t)(rng->seed >> 32) + r * PHILOX_W32_1;
    }
    for (int64_t i = 0; i < n; i += 4 * DROP_BLOCKS, index += DROP_BLOCKS) {
        for (uint64_t b = 0; b < DROP_BLOCKS; b++)
            philox(key, head, index + b, word + 4 * b);
        drop_some(n - i < 4 * DROP_BLOCKS ? n - i : 4 * DROP_BLOCKS, word,
                  (uint32_t)(least - 1), factor, x + i, y + i);
    }
}

#endif
