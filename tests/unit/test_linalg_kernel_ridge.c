/* Ridge regression by inner products, against what it is the regression of. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "polytree/base/rng.h"
#include "polytree/linalg/kernel_ridge.h"

enum { N = 24, N_KNOWN = 12, N_FEATURE = 4 };

static double x[N][N_FEATURE], product[N * N_KNOWN], y[N], out[N];
static int32_t known[N_KNOWN];

static double uniform(uint32_t seed, uint64_t i)
{
    const pt_rng_t rng = {.seed = seed, .purpose = PT_RNG_DRAW};
    return pt_rng_uniform(&rng, i);
}

/* Things that have a feature or not; every other one is known. */
static void draw(uint32_t seed)
{
    for (int32_t i = 0; i < N; i++)
        for (int32_t f = 0; f < N_FEATURE; f++)
            x[i][f] = uniform(seed, (uint64_t)(i * N_FEATURE + f)) < 0.5;
    for (int32_t j = 0; j < N_KNOWN; j++)
        known[j] = 2 * j;
    for (int32_t i = 0; i < N; i++)
        for (int32_t j = 0; j < N_KNOWN; j++) {
            product[i * N_KNOWN + j] = 0;
            for (int32_t f = 0; f < N_FEATURE; f++)
                product[i * N_KNOWN + j] += x[i][f] * x[known[j]][f];
        }
}

static double truth(int32_t i)
{
    return 5 + x[i][0] - 2 * x[i][1] + 0.5 * x[i][2];
}

static void what_is_additive_is_found(void **state)
{
    (void)state;
    for (uint32_t seed = 0; seed < 20; seed++) {
        draw(seed);
        for (int32_t j = 0; j < N_KNOWN; j++)
            y[j] = truth(known[j]);
        assert_int_equal(pt_kernel_ridge(N, N_KNOWN, known, product, y, out), PT_OK);
        for (int32_t i = 0; i < N; i++)
            assert_true(fabs(out[i] - truth(i)) < 0.2);
    }
}

/* Two known ones of one feature each: u = +-1, K = [[1, -1], [-1, 1]], so that what each
 * says is mean +- 2 / (2 + lambda); leaving one out says nothing, and lambda is largest. */
static void two_are_shrunk_by_hand(void **state)
{
    static const int32_t both[2] = {0, 1};
    static const double of_two[4] = {1, 0, 0, 1}, value[2] = {4, 2};
    double said[2];
    (void)state;
    assert_int_equal(pt_kernel_ridge(2, 2, both, of_two, value, said), PT_OK);
    assert_true(fabs(said[0] - (3 + 2.0 / 5)) < 1e-12);
    assert_true(fabs(said[1] - (3 - 2.0 / 5)) < 1e-12);
}

static void one_or_none_of_a_kind_is_the_mean(void **state)
{
    static const int32_t both[2] = {0, 1};
    static const double alike[6] = {1, 1, 1, 1, 1, 1}, value[2] = {4, 2};
    double said[3];
    (void)state;
    assert_int_equal(pt_kernel_ridge(3, 1, both, alike, value, said), PT_OK);
    for (int32_t i = 0; i < 3; i++)
        assert_true(fabs(said[i] - 4) < 1e-12);
    assert_int_equal(pt_kernel_ridge(3, 2, both, alike, value, said), PT_OK);
    for (int32_t i = 0; i < 3; i++)
        assert_true(fabs(said[i] - 3) < 1e-12);
}

static void noise_is_trusted_little(void **state)
{
    double square = 0, noise = 0;
    (void)state;
    for (uint32_t seed = 0; seed < 50; seed++) {
        draw(seed);
        for (int32_t j = 0; j < N_KNOWN; j++)
            y[j] = uniform(seed + 1000, (uint64_t)j) - 0.5;
        assert_int_equal(pt_kernel_ridge(N, N_KNOWN, known, product, y, out), PT_OK);
        for (int32_t j = 0; j < N_KNOWN; j++) {
            square += out[known[j]] * out[known[j]];
            noise += y[j] * y[j];
        }
    }
    assert_true(square < 0.5 * noise);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_additive_is_found),
        cmocka_unit_test(two_are_shrunk_by_hand),
        cmocka_unit_test(one_or_none_of_a_kind_is_the_mean),
        cmocka_unit_test(noise_is_trusted_little),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
