/* Exact sums against long binary numbers: any scale, any order, any split. */
#include "polytree/base/exact.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "polytree/base/memory.h"
#include "tests/unit/big_sum.h"

enum { N_ADDEND = 4001, N_SUM = 5 };

static uint64_t seed;

static double oracle(int kind, int64_t n)
{
    static big_sum_t big;

    memset(&big, 0, sizeof big);
    for (int64_t i = 0; i < n; i++)
        big_add(&big, addend_of(seed, kind, i));
    return big_value(&big);
}

static void equals(double got, double want, int kind, int64_t n)
{
    if (memcmp(&got, &want, sizeof got) != 0)
        fail_msg("kind %d, %lld addends: %a, expected %a", kind, (long long)n, got, want);
}

static void sums_equal_long_numbers_in_any_order(void **state)
{
    static const int64_t count[] = {0, 1, 2, 3, 50, N_ADDEND};
    pt_exact_t sum;
    (void)state;

    assert_int_equal(pt_exact_init(&sum, N_SUM), PT_OK);
    for (int kind = 0; kind < ADDEND_KINDS; kind++)
        for (int c = 0; c < 6; c++) {
            int64_t n = count[c];
            double want = oracle(kind, n);
            pt_exact_clear(&sum, 1 + c % N_SUM);
            for (int64_t i = 0; i < n; i++) {
                pt_exact_add(&sum, 0, addend_of(seed, kind, i));
                /* 1999 has no divisor in common with any n here */
                pt_exact_add(&sum, c % N_SUM, addend_of(seed, kind, i * 1999 % n));
            }
            if (c % N_SUM != 0)
                equals(pt_exact_value(&sum, 0), want, kind, n);
            equals(pt_exact_value(&sum, c % N_SUM),
                   c % N_SUM != 0 ? want
                   : n == 0       ? 0
                                  : pt_exact_value(&sum, 0),
                   kind, n);
            pt_exact_carry(&sum);
            if (c % N_SUM != 0)
                equals(pt_exact_value(&sum, 0), want, kind, n);
        }
    pt_exact_release(&sum);
}

/* Limbs of partial sums are added as ranks add them. */
static void parts_add_up_limb_by_limb(void **state)
{
    (void)state;
    for (int kind = 0; kind < ADDEND_KINDS; kind++)
        for (int parts = 1; parts <= 8; parts++) {
            pt_exact_t all, part;
            assert_int_equal(pt_exact_init(&all, 1), PT_OK);
            assert_int_equal(pt_exact_init(&part, 1), PT_OK);
            all.begin = 0;
            all.end = PT_EXACT_LIMBS;
            for (int p = 0; p < parts; p++) {
                pt_exact_clear(&part, 1);
                for (int64_t i = p; i < N_ADDEND; i += parts)
                    pt_exact_add(&part, 0, addend_of(seed, kind, i));
                pt_exact_carry(&part);
                for (int j = 0; j < PT_EXACT_LIMBS; j++) {
                    assert_true(j == PT_EXACT_LIMBS - 1 ||
                                llabs(part.limb[j]) <= (int64_t)1 << (PT_EXACT_BITS - 1));
                    assert_true(part.limb[j] == 0 || (j >= part.begin && j < part.end));
                    all.limb[j] += part.limb[j];
                }
            }
            equals(pt_exact_value(&all, 0), oracle(kind, N_ADDEND), kind, N_ADDEND);
            pt_exact_release(&all);
            pt_exact_release(&part);
        }
}

/* A limb that many addends fill passes carries on by itself: here each addend is as large
 * as a digit can be, and a limb begins close to full. */
static void full_limbs_carry(void **state)
{
    pt_exact_t sum;
    (void)state;
    for (int sign = -1; sign <= 1; sign += 2) {
        assert_int_equal(pt_exact_init(&sum, 2), PT_OK);
        pt_exact_add(&sum, 1, 1.0);
        int32_t j = sum.begin;
        int64_t near = ((int64_t)1 << 62) - ((int64_t)1 << 44);
        sum.limb[j * 2 + 1] = sign * near;
        sum.limb[j * 2 + 3] = sign * near;
        double before = pt_exact_value(&sum, 1);
        for (int i = 0; i < 100000; i++)
            pt_exact_add(&sum, 1, sign * (2.0 - 0x1p-52));
        double after = before + sign * 100000 * (2.0 - 0x1p-52);
        assert_true(pt_exact_value(&sum, 1) == after);
        assert_true(llabs(sum.limb[j * 2 + 1]) < ((int64_t)1 << 62));
        assert_true(pt_exact_value(&sum, 0) == 0);
        pt_exact_release(&sum);
    }
}

static void what_is_not_finite_is_kept(void **state)
{
    pt_exact_t sum;
    (void)state;
    assert_int_equal(pt_exact_init(&sum, 4), PT_OK);
    assert_int_equal(pt_exact_special(&sum), -1);
    const double x[] = {1, INFINITY, -INFINITY, NAN};
    pt_exact_add_all(&sum, 0, 4, x);
    assert_int_equal(pt_exact_special(&sum), 1);
    assert_true(pt_exact_value(&sum, 0) == 1);
    assert_true(pt_exact_value(&sum, 1) == INFINITY);
    assert_true(pt_exact_value(&sum, 2) == -INFINITY);
    assert_true(isnan(pt_exact_value(&sum, 3)));
    pt_exact_add(&sum, 1, -INFINITY);
    assert_true(isnan(pt_exact_value(&sum, 1)));
    pt_exact_clear(&sum, 4);
    assert_int_equal(pt_exact_special(&sum), -1);
    for (int i = 0; i < 4; i++)
        assert_true(pt_exact_value(&sum, i) == 0 && !signbit(pt_exact_value(&sum, i)));
    pt_exact_release(&sum);
}

/* Twice the precision: the rest is what is lacking to the sum. */
static void pairs_hold_what_rounding_drops(void **state)
{
    pt_exact_t sum;
    double value, rest;
    (void)state;
    assert_int_equal(pt_exact_init(&sum, 1), PT_OK);
    pt_exact_add(&sum, 0, 1);
    pt_exact_add(&sum, 0, 0x1p-60);
    pt_exact_add(&sum, 0, -0x1p-90);
    pt_exact_pair(&sum, 0, &value, &rest);
    assert_true(value == 1 && rest == 0x1p-60 - 0x1p-90);
    pt_exact_release(&sum);
}

/* x = offset + s, s whole numbers that add up to 0: the sum of squares is known. */
static void squares_about_the_mean_do_not_cancel(void **state)
{
    static const double offset[] = {0, 1, 1e5, -1e8, 0x1p40 + 1};
    pt_exact_t sum;
    (void)state;
    for (int o = 0; o < 5; o++) {
        assert_int_equal(pt_exact_init(&sum, 2), PT_OK);
        for (int i = -500; i <= 500; i++) {
            double x = offset[o] + i;
            pt_exact_add(&sum, 0, x);
            pt_exact_add_product(&sum, 1, x, x);
        }
        double got = pt_exact_centred(&sum, 0, 1, 1001), want = 500.0 * 501 * 1001 / 3;
        assert_true(fabs(got - want) <= 1e-15 * want);
        pt_exact_clear(&sum, 2);
        for (int i = 0; i < 1001; i++) {
            pt_exact_add(&sum, 0, offset[o] + 0.1);
            pt_exact_add_product(&sum, 1, offset[o] + 0.1, offset[o] + 0.1);
        }
        got = pt_exact_centred(&sum, 0, 1, 1001);
        assert_true(got <= 1e-24 * 1001 * (1 + offset[o] * offset[o]));
        pt_exact_release(&sum);
    }
}

static void adding_does_not_allocate(void **state)
{
    pt_exact_t sum;
    (void)state;
    assert_int_equal(pt_exact_init(&sum, 3), PT_OK);
    uint64_t before = pt_memory_n_alloc();
    for (int64_t i = 0; i < 1000; i++)
        pt_exact_add(&sum, i % 3, addend_of(seed, 1, i));
    pt_exact_carry(&sum);
    assert_int_equal(pt_memory_n_alloc(), before);
    pt_exact_release(&sum);
    assert_int_equal(pt_memory_bytes(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sums_equal_long_numbers_in_any_order),
        cmocka_unit_test(parts_add_up_limb_by_limb),
        cmocka_unit_test(full_limbs_carry),
        cmocka_unit_test(what_is_not_finite_is_kept),
        cmocka_unit_test(pairs_hold_what_rounding_drops),
        cmocka_unit_test(squares_about_the_mean_do_not_cancel),
        cmocka_unit_test(adding_does_not_allocate),
    };
    seed = fresh_seed();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
