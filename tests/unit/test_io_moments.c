/* Means and deviations at any offset and scale, against sums in long double in two passes.
 */
#include "io/moments.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "polytree/base/memory.h"
#include "polytree/base/rng.h"

enum { N = 3000, CHANNELS = 3 };

static void any_offset_and_scale_is_measured(void **state)
{
    static const double offset[] = {0, 1e6, -3e4, 0, 1.7e9},
                        scale[] = {1, 1, 1e-3, 1e30, 1e-6};
    static double x[N];
    const pt_rng_t rng = {.seed = 4};
    (void)state;
    for (int k = 0; k < 5; k++) {
        pt_moments_t m;
        pt_standard_t standard[CHANNELS];
        for (int i = 0; i < N; i++)
            x[i] = i % 70 == 5 ? (double)NAN
                               : offset[k] + scale[k] * (i % CHANNELS + 1) *
                                                 pt_rng_normal(&rng, (uint64_t)i);
        assert_int_equal(pt_moments_init(&m, CHANNELS), PT_OK);
        pt_moments_add(&m, x, N / 2);
        pt_moments_add(&m, x + N / 2, N / 2);
        pt_moments_standards(&m, standard);
        for (int c = 0; c < CHANNELS; c++) {
            long double sum = 0, square = 0, n = 0, least = INFINITY;
            for (int i = c; i < N; i += CHANNELS)
                if (!isnan(x[i])) {
                    sum += (long double)x[i] - offset[k];
                    n++;
                    least = x[i] < least ? x[i] : least;
                }
            for (int i = c; i < N; i += CHANNELS)
                if (!isnan(x[i]))
                    square += powl((long double)x[i] - offset[k] - sum / n, 2);
            double deviation = (double)sqrtl(square / n);
            assert_true(m.channel[c].n == (int64_t)n &&
                        m.channel[c].least == (double)least);
            assert_true(fabs(standard[c].mean - (double)(offset[k] + sum / n)) <=
                        1e-12 * deviation + 1e-15 * fabs(offset[k]));
            assert_true(fabs(standard[c].deviation / deviation - 1) < 1e-9);
        }
        pt_moments_release(&m);
    }
}

static void what_is_constant_keeps_its_scale(void **state)
{
    const double x[4] = {7, 7, 7, (double)NAN};
    pt_standard_t standard;
    pt_moments_t m;
    (void)state;
    assert_int_equal(pt_moments_init(&m, 1), PT_OK);
    pt_moments_standards(&m, &standard); /* of nothing */
    assert_true(standard.mean == 0 && standard.deviation == 1);
    pt_moments_add(&m, x, 4);
    pt_moments_standards(&m, &standard);
    assert_true(standard.mean == 7 && standard.deviation == 1);
    pt_moments_release(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_offset_and_scale_is_measured),
        cmocka_unit_test(what_is_constant_keeps_its_scale),
    };
    int n_failed = cmocka_run_group_tests(tests, NULL, NULL);
    return n_failed || pt_memory_bytes() != 0; /* all that was taken was given back */
}
