/** @file
 * An independent exact sum of doubles: two long binary numbers, bit by bit, one of what is
 * positive and one of what is negative; and addends of all kinds to try sums with.
 */
#ifndef TESTS_BIG_SUM_H
#define TESTS_BIG_SUM_H

#include <float.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "polytree/base/rng.h"

enum { BIG_BITS = 2300, BIG_LEAST = -1074 };

/* bit[s][i] has the value 2^(i - 1074); s = 1: negative. */
typedef struct big_sum {
    uint8_t bit[2][BIG_BITS];
} big_sum_t;

static inline void big_add(big_sum_t *sum, double x)
{
    int exponent;
    /* |x| is a whole number times 2^(exponent - 53), and of 2^-1074. */
    double fraction = frexp(fabs(x), &exponent);
    int64_t whole = (int64_t)ldexp(fraction, 53);
    int at = exponent - 53 - BIG_LEAST;
    uint8_t *bit = sum->bit[x < 0];

    for (int k = 0; k < 53; k++) {
        int i = at + k;
        if (!(whole >> k & 1))
            continue;
        for (; bit[i]; i++)
            bit[i] = 0;
        bit[i] = 1;
    }
}

/* To the nearest double, ties to even. */
static inline double big_value(const big_sum_t *sum)
{
    uint8_t rest[BIG_BITS];
    int top = BIG_BITS - 1, borrow = 0;

    while (top >= 0 && sum->bit[0][top] == sum->bit[1][top])
        top--;
    if (top < 0)
        return 0;
    int s = sum->bit[1][top];
    for (int i = 0; i < BIG_BITS; i++) {
        int d = sum->bit[s][i] - sum->bit[!s][i] - borrow;
        borrow = d < 0;
        rest[i] = (uint8_t)(d + 2 * borrow);
    }
    for (top = BIG_BITS - 1; !rest[top];)
        top--;
    int last = top > 52 ? top - 52 : 0, is_more = 0;
    double m = 0;
    for (int i = top; i >= last; i--)
        m = 2 * m + rest[i];
    for (int i = 0; i < last - 1; i++)
        is_more |= rest[i];
    if (last > 0 && rest[last - 1] && (is_more || rest[last]))
        m += 1;
    m = ldexp(m, last + BIG_LEAST);
    return s ? -m : m;
}

/* A seed that no run had before, told of, so that a failure can be repeated. */
static inline uint64_t fresh_seed(void)
{
    const char *given = getenv("POLYTREE_TEST_SEED");
    struct timespec now;

    timespec_get(&now, TIME_UTC);
    uint64_t seed = given != NULL ? strtoull(given, NULL, 10)
                                  : (uint64_t)now.tv_sec * 1000003 + (uint64_t)now.tv_nsec;
    printf("seed: repeat by POLYTREE_TEST_SEED=%llu\n", (unsigned long long)seed);
    return seed;
}

enum { ADDEND_KINDS = 7 };

/* Addend i of a kind, from a seed. */
static inline double addend_of(uint64_t seed, int kind, int64_t i)
{
    const pt_rng_t rng = {.seed = seed, .purpose = PT_RNG_DRAW, .step = (uint32_t)kind};
    uint32_t w[4];
    pt_rng_words(&rng, (uint64_t)i, w);
    double x = 1 + ldexp((double)w[0], -32) + ldexp((double)(w[1] >> 12), -52);
    int scale = (int)(w[2] % 2000) - 1000;
    x = w[3] & 1 ? x : -x;
    switch (kind) {
    case 0: /* near 1 */
        return x;
    case 1: /* 1e-301 .. 1e301 */
        return ldexp(x, scale);
    case 2: /* subnormal */
        return ldexp(x, -1022 - (int)(w[2] % 54));
    case 3: { /* what was added goes again, but for a little */
        if (i % 2 == 0)
            return ldexp(x, scale);
        double before = addend_of(seed, kind, i - 1);
        return -(w[2] & 2 ? before : nextafter(before, INFINITY));
    }
    case 4: /* ties: halves of the last place of 1 */
        return i == 0 ? 1 : ldexp(w[3] & 1 ? 1 : -1, -53 - (int)(w[2] % 3));
    case 5: /* the largest there are, so that sums pass in and out of range */
        return w[3] & 1 ? DBL_MAX : -DBL_MAX;
    default: /* too large together */
        return DBL_MAX;
    }
}

#endif
