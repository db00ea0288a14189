/** @file
 * Exact sums of doubles, at any scale and in any order.
 *
 * A sum is an integer multiple of 2^-1074, the least double, held as 49 digits of 44 bits
 * (limbs), each in an int64_t that has room to spare (R. M. Neal, Fast exact summation
 * using small and large superaccumulators, 2015, arXiv 1505.05571).  Adding a double
 * changes two or three limbs by less than 2^44; a limb that reaches 2^62 passes a carry on,
 * so that the number of addends has no bound.  Sums of one array lie limb by limb,
 *
 *     limb[j n + i] 2^(44 j - 1074)  of sum i,  0 <= i < n,  0 <= j < 49,
 *
 * in address space of which only the limbs in use, begin <= j < end, become memory.  So
 * thousands of sums near one scale cost some 24 bytes each, adding never allocates and
 * never fails, and ranks exchange one contiguous piece (polytree/par/exact_sum.h).
 *
 * The value is that of the mathematical sum, rounded once, to the nearest, ties to even;
 * too large it is infinite.  Addends that are not finite give what IEEE arithmetic does.
 */
#ifndef PT_BASE_EXACT_H
#define PT_BASE_EXACT_H

#include <stdbool.h>
#include <stdint.h>

#include "polytree/base/status.h"

/** Limbs of a sum and bits of a digit. */
#define PT_EXACT_LIMBS 49
#define PT_EXACT_BITS 44

typedef struct pt_exact {
    int64_t most, n;    /**< sums there may be and are */
    int32_t begin, end; /**< limbs in use; begin >= end: none */
    int64_t *limb;      /**< [PT_EXACT_LIMBS][n] */
    uint8_t *special;   /**< [n] addends that were not finite: PT_EXACT_* bits */
    bool has_special;
} pt_exact_t;

enum { PT_EXACT_PLUS_INFINITY = 1, PT_EXACT_MINUS_INFINITY = 2, PT_EXACT_NAN = 4 };

/** `most` sums of nothing. */
PT_MUST_CHECK pt_status_t pt_exact_init(pt_exact_t *sum, int64_t most);
void pt_exact_release(pt_exact_t *sum);

/** Begin anew with n sums of nothing, n <= most. */
void pt_exact_clear(pt_exact_t *sum, int64_t n);

/** Add x to sum i. */
void pt_exact_add(pt_exact_t *sum, int64_t i, double x);
/** Add a b, which need not be a double, to sum i; a b must not underflow below 2^-1022. */
void pt_exact_add_product(pt_exact_t *sum, int64_t i, double a, double b);
/** Add x[j] to sum first + j, for j < n. */
void pt_exact_add_all(pt_exact_t *sum, int64_t first, int64_t n, const double *x);

/** Sum i. */
double pt_exact_value(const pt_exact_t *sum, int64_t i);
/** Sum i to twice a double's precision: the value and what rounding it has left over. */
void pt_exact_pair(const pt_exact_t *sum, int64_t i, double *value, double *rest);

/**
 * Sum of (x - mean)^2 over n numbers, of which sum `first` is that of x and sum `square`
 * that of x^2, both exact: n sum x^2 - (sum x)^2 over n, without cancellation for means of
 * up to 2^40 deviations; 0 where n is 0.
 */
double pt_exact_centred(const pt_exact_t *sum, int64_t first, int64_t square, double n);

/** The first sum with an addend that was not finite; -1: none. */
int64_t pt_exact_special(const pt_exact_t *sum);

/** Bring all digits into [-2^43, 2^43), so that up to 2^19 such sums can be added limb by
 * limb. */
void pt_exact_carry(pt_exact_t *sum);

#endif
