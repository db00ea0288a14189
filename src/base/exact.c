/* Exact sums of doubles, in limbs. */
#include "polytree/base/exact.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "polytree/base/memory.h"

#define LIMBS PT_EXACT_LIMBS
#define BITS PT_EXACT_BITS
#define DIGIT ((int64_t)1 << BITS)
#define MASK ((uint64_t)DIGIT - 1)
/* Of a limb, before it passes a carry on; an addend is far below what is then left. */
#define FULL ((int64_t)1 << 62)
/* Exponents of the least double and of the precision of all. */
enum { LEAST = -1074, PRECISION = 53 };

pt_status_t pt_exact_init(pt_exact_t *sum, int64_t most)
{
    pt_exact_t e = {.most = most, .n = most, .begin = LIMBS};
    size_t bytes = (size_t)most * LIMBS * sizeof *e.limb;
    void *limb;

    PT_TRY(pt_alloc(&e.special, (size_t)most, sizeof *e.special));
    pt_status_t status = pt_reserve(bytes, &limb);
    if (status != PT_OK) {
        pt_free(e.special);
        return status;
    }
    e.limb = limb;
    *sum = e;
    return PT_OK;
}

void pt_exact_release(pt_exact_t *sum)
{
    if (sum->limb != NULL)
        pt_reserve_release(sum->limb, (size_t)sum->most * LIMBS * sizeof *sum->limb);
    pt_free(sum->special);
    *sum = (pt_exact_t){0};
}

void pt_exact_clear(pt_exact_t *sum, int64_t n)
{
    if (sum->begin < sum->end)
        memset(sum->limb + sum->begin * sum->n, 0,
               (size_t)((sum->end - sum->begin) * sum->n) * sizeof *sum->limb);
    if (sum->has_special)
        memset(sum->special, 0, (size_t)sum->n * sizeof *sum->special);
    sum->has_special = false;
    sum->n = n;
    sum->begin = LIMBS;
    sum->end = 0;
}

static void use(pt_exact_t *e, int32_t begin, int32_t end)
{
    e->begin = begin < e->begin ? begin : e->begin;
    e->end = end > e->end ? end : e->end;
}

/* The part of a limb that belongs into the next one, such that -2^43 <= rest < 2^43. */
static int64_t carry_of(int64_t limb)
{
    int64_t low = (int64_t)((uint64_t)limb & MASK);

    return (limb - low) / DIGIT + (low >= DIGIT / 2);
}

/* Pass on what fills limbs from `at` on. */
static void pass_carry(pt_exact_t *e, int64_t i, int32_t at)
{
    for (int64_t *limb = e->limb + at * e->n + i; at < LIMBS - 1; at++, limb += e->n) {
        if (*limb > -FULL && *limb < FULL)
            continue;
        int64_t carry = carry_of(*limb);
        *limb -= carry * DIGIT;
        limb[e->n] += carry;
        use(e, at, at + 2);
    }
}

static void add_special(pt_exact_t *e, int64_t i, double x)
{
    e->special[i] |= (uint8_t)(isnan(x) ? PT_EXACT_NAN
                               : x > 0  ? PT_EXACT_PLUS_INFINITY
                                        : PT_EXACT_MINUS_INFINITY);
    e->has_special = true;
}

/* |x| = m 2^(p - 1074) with m < 2^53 is m 2^s at limb `first`, p = 44 first + s. */
void pt_exact_add(pt_exact_t *sum, int64_t i, double x)
{
    uint64_t bits;

    memcpy(&bits, &x, sizeof bits);
    int32_t exponent = (int32_t)(bits >> (PRECISION - 1) & 0x7ff);
    uint64_t m = bits & (((uint64_t)1 << (PRECISION - 1)) - 1);
    if (exponent == 0x7ff) {
        add_special(sum, i, x);
        return;
    }
    if (exponent > 0)
        m |= (uint64_t)1 << (PRECISION - 1);
    if (m == 0)
        return;
    int32_t p = exponent > 0 ? exponent - 1 : 0, first = p / BITS, s = p % BITS;
    bool is_long = s + PRECISION > 2 * BITS;
    int64_t n = sum->n, sign = bits >> 63 ? -1 : 1, *limb = sum->limb + first * n + i;
    use(sum, first, first + (is_long ? 3 : 2));
    limb[0] += sign * (int64_t)(m << s & MASK);
    limb[n] += sign * (int64_t)(m >> (BITS - s) & MASK);
    if (is_long)
        limb[2 * n] += sign * (int64_t)(m >> (2 * BITS - s));
    if (llabs(limb[0]) >= FULL || llabs(limb[n]) >= FULL)
        pass_carry(sum, i, first);
}

void pt_exact_add_product(pt_exact_t *sum, int64_t i, double a, double b)
{
    double product = a * b;

    pt_exact_add(sum, i, product);
    if (isfinite(product))
        pt_exact_add(sum, i, fma(a, b, -product));
}

void pt_exact_add_all(pt_exact_t *sum, int64_t first, int64_t n, const double *x)
{
    for (int64_t j = 0; j < n; j++)
        pt_exact_add(sum, first + j, x[j]);
}

/* Carries out of limb j; whether there were any. */
static bool carry_limb(pt_exact_t *e, int32_t j)
{
    int64_t *limb = e->limb + j * e->n, *next = limb + e->n;
    bool has_carry = false;

    for (int64_t i = 0; i < e->n; i++) {
        int64_t carry = carry_of(limb[i]);
        if (carry == 0)
            continue;
        limb[i] -= carry * DIGIT;
        next[i] += carry;
        has_carry = true;
    }
    return has_carry;
}

void pt_exact_carry(pt_exact_t *sum)
{
    for (int32_t j = sum->begin; j < sum->end && j < LIMBS - 1; j++)
        if (carry_limb(sum, j))
            use(sum, j, j + 2);
}

/* Bits `last` to `bit`, 53 at most, of the number of these digits, none of which is
 * negative. */
static uint64_t read_bits(const int64_t *digit, int32_t bit, int32_t last)
{
    uint64_t m = 0;

    for (int32_t j = bit / BITS; j >= last / BITS; j--) {
        int32_t below = last - BITS * j; /* bits of this digit that are not wanted */
        m = below > 0 ? m << (BITS - below) | (uint64_t)digit[j] >> below
                      : m << BITS | (uint64_t)digit[j];
    }
    return m;
}

/* The double nearest to the number of these digits, whose place may be any and of which
 * only those from `begin` to before `end` are not 0: a carry is passed on first, then the
 * sign is taken off, then no digit is negative. */
static double round_digits(int64_t digit[LIMBS + 1], int32_t begin, int32_t end)
{
    int32_t top = end;

    for (int32_t j = begin; j < end; j++) {
        int64_t carry = carry_of(digit[j]);
        digit[j] -= carry * DIGIT;
        digit[j + 1] += carry;
    }
    while (top >= begin && digit[top] == 0)
        top--;
    if (top < begin)
        return 0;
    int64_t sign = digit[top] < 0 ? -1 : 1;
    for (int32_t j = begin; j <= top; j++)
        digit[j] *= sign;
    for (int32_t j = begin; j < top; j++)
        if (digit[j] < 0) {
            digit[j] += DIGIT;
            digit[j + 1]--;
        }
    while (digit[top] == 0)
        top--;

    /* 53 bits from the highest on, the next one, and whether there is any behind it. */
    int32_t bit = BITS * top + 63 - __builtin_clzll((unsigned long long)digit[top]);
    int32_t last = bit < PRECISION ? 0 : bit - (PRECISION - 1);
    uint64_t m = read_bits(digit, bit, last);
    if (last > 0) {
        int32_t half = last - 1;
        bool is_half = (uint64_t)digit[half / BITS] >> half % BITS & 1;
        bool is_more = digit[half / BITS] & (((int64_t)1 << half % BITS) - 1);
        for (int32_t j = begin; j < half / BITS; j++)
            is_more |= digit[j] != 0;
        m += is_half && (is_more || m % 2 == 1);
    }
    return (double)sign * ldexp((double)m, last + LEAST);
}

int64_t pt_exact_special(const pt_exact_t *sum)
{
    for (int64_t i = 0; i < sum->n && sum->has_special; i++)
        if (sum->special[i] != 0)
            return i;
    return -1;
}

static double special_value(uint8_t special)
{
    return special == PT_EXACT_PLUS_INFINITY    ? INFINITY
           : special == PT_EXACT_MINUS_INFINITY ? -INFINITY
                                                : (double)NAN;
}

static void read_digits(const pt_exact_t *sum, int64_t i, int64_t digit[LIMBS + 1])
{
    memset(digit, 0, (LIMBS + 1) * sizeof *digit);
    for (int32_t j = sum->begin; j < sum->end; j++)
        digit[j] = sum->limb[j * sum->n + i];
}

double pt_exact_value(const pt_exact_t *sum, int64_t i)
{
    int64_t digit[LIMBS + 1];

    if (sum->special[i] != 0)
        return special_value(sum->special[i]);
    read_digits(sum, i, digit);
    return round_digits(digit, sum->begin, sum->end);
}

void pt_exact_pair(const pt_exact_t *sum, int64_t i, double *value, double *rest)
{
    int64_t digit[LIMBS + 1];
    uint8_t special = 0;

    *value = pt_exact_value(sum, i);
    *rest = 0;
    if (!isfinite(*value))
        return;
    read_digits(sum, i, digit);
    pt_exact_t one = {
        .most = 1, .n = 1, .begin = LIMBS, .limb = digit, .special = &special};
    pt_exact_add(&one, 0, -*value);
    use(&one, sum->begin, sum->end);
    *rest = round_digits(digit, one.begin, one.end);
}

/* In pairs: (s + t) - (a + b)^2 / n, whose own error is about 2^-100 of s. */
double pt_exact_centred(const pt_exact_t *sum, int64_t first, int64_t square, double n)
{
    double a, b, s, t;

    if (!(n > 0))
        return 0;
    pt_exact_pair(sum, first, &a, &b);
    pt_exact_pair(sum, square, &s, &t);
    if (!isfinite(a) || !isfinite(s))
        return NAN;
    double mean = a / n;                   /* q = mean + m */
    double m = (fma(-mean, n, a) + b) / n; /* q = sum / n */
    double product = a * mean, p = fma(a, mean, -product);
    p += a * m + b * mean; /* sum q = product + p */
    double difference = s - product, d = s - difference - product;
    double centred = difference + (d + (t - p));
    return centred > 0 ? centred : 0;
}
