/* Random numbers and permutations that depend on their key and counter alone (Philox). */
#include "polytree/base/rng.h"

#include <math.h>
#include <Random123/philox.h>

void pt_rng_words(const pt_rng_t *rng, uint64_t index, uint32_t out[4])
{
    philox4x32_key_t key = {{(uint32_t)rng->seed, (uint32_t)(rng->seed >> 32)}};
    philox4x32_ctr_t counter = {{
        (uint32_t)rng->purpose << 24 | (uint32_t)rng->phase << 16 | rng->task,
        rng->step,
        (uint32_t)index,
        (uint32_t)(index >> 32),
    }};
    philox4x32_ctr_t words = philox4x32(counter, key);
    for (int i = 0; i < 4; i++) {
        out[i] = words.v[i];
    }
}

void pt_rng_uniform4(const pt_rng_t *rng, uint64_t index, double out[4])
{
    uint32_t words[4];
    pt_rng_words(rng, index, words);
    for (int i = 0; i < 4; i++) {
        out[i] = ((double)words[i] + 0.5) * 0x1p-32;
    }
}

/* 52 random bits and a half: an odd multiple of 2^-53, so neither 0 nor 1 by rounding. */
static double uniform_from(uint32_t high, uint32_t low)
{
    uint64_t bits = ((uint64_t)high << 32 | low) >> 12;
    return ((double)bits + 0.5) * 0x1p-52;
}

double pt_rng_uniform(const pt_rng_t *rng, uint64_t index)
{
    uint32_t words[4];
    pt_rng_words(rng, index, words);
    return uniform_from(words[0], words[1]);
}

double pt_rng_normal(const pt_rng_t *rng, uint64_t index)
{
    uint32_t words[4];
    pt_rng_words(rng, index, words);
    double radius = sqrt(-2.0 * log(uniform_from(words[0], words[1])));
    return radius * cos(2.0 * 3.14159265358979323846 * uniform_from(words[2], words[3]));
}

/* The finaliser of MurmurHash3: every output bit depends on every input bit. */
static uint64_t mix(uint64_t x)
{
    x = (x ^ (x >> 33)) * UINT64_C(0xff51afd7ed558ccd);
    x = (x ^ (x >> 33)) * UINT64_C(0xc4ceb9fe1a85ec53);
    return x ^ (x >> 33);
}

pt_permutation_t pt_permutation(const pt_rng_t *rng, int64_t n)
{
    pt_permutation_t p = {.n = n, .half = 2};
    pt_rng_words(rng, 0, p.key);
    pt_rng_words(rng, 1, p.key + 4);
    while (p.half < 32 && ((uint64_t)1 << (2 * p.half)) < (uint64_t)n) {
        p.half++;
    }
    return p;
}

int64_t pt_permutation_at(const pt_permutation_t *p, int64_t i)
{
    uint64_t mask = ((uint64_t)1 << p->half) - 1;
    uint64_t x = (uint64_t)i;
    do {
        uint64_t left = x >> p->half;
        uint64_t right = x & mask;
        for (int r = 0; r < PT_PERMUTATION_ROUNDS; r++) {
            uint64_t next = left ^ (mix((uint64_t)p->key[r] << 32 | right) & mask);
            left = right;
            right = next;
        }
        x = left << p->half | right;
    } while (x >= (uint64_t)p->n);
    return (int64_t)x;
}

int64_t pt_permute(const pt_rng_t *rng, int64_t n, int64_t i)
{
    pt_permutation_t p = pt_permutation(rng, n);
    return pt_permutation_at(&p, i);
}
