/* Student's t against numbers of SciPy 1.10, Holm's levels against some worked by hand. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "study/interval.h"

/* lgamma() near 3000 has an absolute error of 1e-12, which exp() makes a relative one. */
static void assert_near(double x, double expected)
{
    assert_true(fabs(x - expected) <= 1e-9 * fabs(expected));
}

static void t_is_that_of_scipy(void **state)
{
    static const double at[] = {0.1, 1.5, 12};
    static const struct {
        int32_t freedom;
        double factor, tails[3];
    } expected[] = {
        /* t.ppf(0.975, f), 2 * t.sf(at, f) */
        {1,
         12.706204736432095,
         {0.93654896513889285, 0.3743340836219976, 0.052929352119179741}},
        {2,
         4.3026527299112747,
         {0.9294654384141402, 0.27239312489100087, 0.0068729336771584599}},
        {4,
         2.7764451051977987,
         {0.92515584093945324, 0.20799999999999982, 0.00027642854850297303}},
        {9,
         2.2621571627409915,
         {0.92253644795668122, 0.16785065605707486, 7.6998862229856446e-07}},
        {30,
         2.0422724563012373,
         {0.92100961179027108, 0.14406592912864605, 5.5801854151992606e-13}},
        {1000,
         1.9623390808264074,
         {0.92036436902360419, 0.13393003882208623, 4.3240573867745797e-31}},
    };
    (void)state;
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        assert_near(study_t_factor(expected[i].freedom), expected[i].factor);
        for (size_t j = 0; j < 3; j++) {
            assert_near(study_t_tails(at[j], expected[i].freedom), expected[i].tails[j]);
            assert_near(study_t_tails(-at[j], expected[i].freedom), expected[i].tails[j]);
        }
    }
}

static void t_has_its_ends(void **state)
{
    (void)state;
    assert_near(study_t_tails(0, 3), 1);
    assert_true(study_t_tails(INFINITY, 3) <= 0);
    assert_true(isnan(study_t_tails(1, 0)));
    assert_true(isnan(study_t_tails(NAN, 3)));
    assert_true(isnan(study_t_factor(0)));
}

/* Sorted 0.01 x 4, 0.02 x 3, then 0.025 x 2 = 0.05, which is less than the 0.06 before it,
 * and 0.7. */
static void holm_raises_levels_in_their_order(void **state)
{
    static const double p[] = {0.025, NAN, 0.01, 0.7, 0.02};
    static const double expected[] = {0.06, NAN, 0.04, 0.7, 0.06};
    double adjusted[5];
    (void)state;
    study_holm(5, p, adjusted);
    for (int i = 0; i < 5; i++)
        if (isnan(expected[i]))
            assert_true(isnan(adjusted[i]));
        else
            assert_near(adjusted[i], expected[i]);
}

/* Equal levels are raised alike, and none beyond 1. */
static void holm_keeps_ties_and_ends_at_1(void **state)
{
    static const double p[] = {0.4, 0.4, 0.4};
    double adjusted[3];
    (void)state;
    study_holm(3, p, adjusted);
    for (int i = 0; i < 3; i++)
        assert_near(adjusted[i], 1);
    study_holm(2, p, adjusted);
    for (int i = 0; i < 2; i++)
        assert_near(adjusted[i], 0.8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(t_is_that_of_scipy),
        cmocka_unit_test(t_has_its_ends),
        cmocka_unit_test(holm_raises_levels_in_their_order),
        cmocka_unit_test(holm_keeps_ties_and_ends_at_1),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
