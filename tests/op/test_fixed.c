/* Fixed-point sums: exact, free of order, bounded, the same on every backend and ISA. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "cases.h"

enum { N = 1003 }; /* no multiple of a vector */

/** Floats over the whole range below 2^22 and down to where they round to nothing. */
static void fill_wide(float *x, int64_t n, uint32_t salt)
{
    pt_rng_t rng = {.seed = 5, .purpose = PT_RNG_DRAW, .step = salt};
    for (int64_t i = 0; i < n; i++) {
        uint32_t word[4];
        pt_rng_words(&rng, (uint64_t)i, word);
        double v = ldexp((double)(word[0] >> 8) / 16777216.0 + 1, (int)(word[1] % 66) - 45);
        x[i] = (float)(word[2] & 1 ? v : -v);
    }
    x[0] = 0x1.fffffep21F; /* the last below 2^22 */
    x[1] = -0x1.fffffep21F;
    x[2] = 0x1p-41F; /* halves: to even */
    x[3] = 0x3p-41F;
    x[4] = -0x1p-41F;
    x[5] = 0x1p-149F;
    x[6] = -0.0F;
    x[7] = 0x1.8p-9F + 0x1p-32F;
}

static int32_t kernels(pt_kernel_t k[4])
{
    int32_t n = 0;
    assert_int_equal(pt_kernel_init(&k[n++], PT_BACKEND_REF, PT_ISA_NATIVE, 1), PT_OK);
    for (pt_isa_t isa = PT_ISA_GENERIC; isa <= PT_ISA_AVX512; isa++)
        if (pt_kernel_init(&k[n], PT_BACKEND_BLAS, isa, 1) == PT_OK)
            n++;
    return n;
}

/* At every scale: it is a power of two, so that multiplying changes no digit. */
static void each_addend_is_rounded_to_nearest_even(void **state)
{
    (void)state;
    static const int exponents[] = {-100, -30, 0, 30, 80};
    static float x[N];
    static int64_t sum[N];
    pt_kernel_t k[4];
    int32_t n_kernel = kernels(k);
    for (int32_t i = 0; i < n_kernel; i++)
        for (size_t s = 0; s < sizeof exponents / sizeof *exponents; s++) {
            double scale = ldexp(0x1p40, exponents[s]);
            fill_wide(x, N, 1);
            for (int64_t e = 0; e < N; e++) {
                x[e] = ldexpf(x[e], -exponents[s]);
                sum[e] = e * 1000 - 7;
            }
            k[i].fixed_add(N, x, scale, sum);
            for (int64_t e = 0; e < N; e++) {
                /* 64 bits of mantissa hold the product and its nearest integer exactly */
                int64_t expected =
                    (int64_t)rintl((long double)x[e] * (long double)scale) + e * 1000 - 7;
                if (sum[e] != expected)
                    fail_msg("kernel %d: %a gave %lld, expected %lld", (int)i, (double)x[e],
                             (long long)sum[e], (long long)expected);
            }
        }
}

static void order_does_not_matter(void **state)
{
    (void)state;
    static float x[8][N];
    static int64_t up[N], down[N];
    pt_kernel_t k[4];
    int32_t n_kernel = kernels(k);
    for (uint32_t t = 0; t < 8; t++) {
        fill_wide(x[t], N, 10 + t);
        for (int64_t e = 0; e < N; e++)
            x[t][e] /= 8; /* eight addends fit */
    }
    for (int32_t i = 0; i < n_kernel; i++) {
        memset(up, 0, sizeof up);
        memset(down, 0, sizeof down);
        for (int32_t t = 0; t < 8; t++) {
            k[i].fixed_add(N, x[t], 0x1p40, up);
            k[i].fixed_add(N, x[7 - t], 0x1p40, down);
        }
        assert_memory_equal(up, down, sizeof up);
    }
}

static float float_of(int32_t bits)
{
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* Wherever it stands, and of either sign; what is not finite is larger than all else. */
static void the_largest_addend_is_told(void **state)
{
    (void)state;
    static const float large[] = {0x1p-149F, -1, 0x1p22F, -3e38F, INFINITY, -INFINITY, NAN};
    static float x[N];
    static int64_t sum[N];
    pt_kernel_t k[4];
    int32_t n_kernel = kernels(k);
    for (int32_t i = 0; i < n_kernel; i++)
        for (size_t b = 0; b < sizeof large / sizeof *large; b++)
            for (int64_t at = 0; at < N; at += 167) {
                memset(x, 0, sizeof x);
                x[at] = large[b];
                int32_t bits = k[i].fixed_add(N, x, 0x1p40, sum);
                assert_true((bits >= PT_INFINITY_BITS) == !isfinite(large[b]));
                if (isfinite(large[b]))
                    assert_true(float_of(bits) == fabsf(large[b]));
            }
    float one = 1;
    for (int32_t i = 0; i < n_kernel; i++)
        assert_int_equal(k[i].fixed_add(0, &one, 0x1p40, sum), 0);
}

static void reading_back_rounds_once(void **state)
{
    (void)state;
    static int64_t sum[N];
    static float y[N];
    pt_kernel_t k[4];
    int32_t n_kernel = kernels(k);
    pt_rng_t rng = {.seed = 9, .purpose = PT_RNG_DRAW};
    for (int64_t e = 0; e < N; e++) {
        uint32_t word[4];
        pt_rng_words(&rng, (uint64_t)e, word);
        sum[e] = (int64_t)(((uint64_t)word[0] << 32) | word[1]) >> (word[2] % 60);
    }
    /* by way of double this tie would first be rounded to even, then up */
    sum[0] = ((int64_t)1 << 60) + ((int64_t)1 << 36) - 1;
    for (int32_t i = 0; i < n_kernel; i++) {
        for (int exponent = -60; exponent <= 140; exponent += 20) {
            k[i].fixed_get(N, sum, ldexp(1, exponent), y);
            for (int64_t e = 0; e < N; e++)
                assert_true(y[e] == (float)ldexpl((long double)sum[e], -exponent));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_addend_is_rounded_to_nearest_even),
        cmocka_unit_test(order_does_not_matter),
        cmocka_unit_test(the_largest_addend_is_told),
        cmocka_unit_test(reading_back_rounds_once),
    };
    return cmocka_run_group_tests_name("fixed", tests, NULL, NULL);
}
