/* Learning rates and temperatures over the steps of a stage. */
#include "polytree/train/schedule.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define NEAR(a, b) assert_true(fabs((a) - (b)) < 1e-15)

static void warmup_rises_linearly_to_lr(void **state)
{
    (void)state;
    pt_update_config_t u = {.lr = 0.4, .schedule = PT_SCHEDULE_CONSTANT, .lr_warmup = 4};
    const double expected[] = {0.1, 0.2, 0.3, 0.4, 0.4, 0.4};
    for (int s = 0; s < 6; s++)
        NEAR(pt_schedule_lr(&u, s, 6), expected[s]);
    u.lr_warmup = 0;
    NEAR(pt_schedule_lr(&u, 0, 6), 0.4);
}

/* Known points of half a cosine: 1 at 0, 3/4 at a third, 1/2 at the middle, 0 at n. */
static void cosine_falls_to_zero(void **state)
{
    (void)state;
    pt_update_config_t u = {.lr = 2, .schedule = PT_SCHEDULE_COSINE};
    NEAR(pt_schedule_lr(&u, 0, 12), 2.0);
    NEAR(pt_schedule_lr(&u, 4, 12), 1.5);
    NEAR(pt_schedule_lr(&u, 6, 12), 1.0);
    NEAR(pt_schedule_lr(&u, 12, 12), 0.0);
    for (int s = 1; s < 12; s++)
        assert_true(pt_schedule_lr(&u, s, 12) < pt_schedule_lr(&u, s - 1, 12));
}

static void poly_is_a_power_of_what_is_left(void **state)
{
    (void)state;
    pt_update_config_t u = {.lr = 3, .schedule = PT_SCHEDULE_POLY, .poly_power = 2};
    NEAR(pt_schedule_lr(&u, 0, 4), 3.0);
    NEAR(pt_schedule_lr(&u, 1, 4), 3.0 * 9 / 16);
    NEAR(pt_schedule_lr(&u, 3, 4), 3.0 / 16);
}

static void warmup_multiplies_the_schedule(void **state)
{
    (void)state;
    pt_update_config_t u = {
        .lr = 1, .schedule = PT_SCHEDULE_POLY, .poly_power = 1, .lr_warmup = 2};
    NEAR(pt_schedule_lr(&u, 0, 4), 0.5);
    NEAR(pt_schedule_lr(&u, 1, 4), 0.75);
    NEAR(pt_schedule_lr(&u, 2, 4), 0.5);
}

/* Both ends are met exactly, also where differences round. */
static void linear_meets_both_ends(void **state)
{
    (void)state;
    assert_true(pt_schedule_linear(5.0, 0.1, 0, 7) == 5.0);
    assert_true(pt_schedule_linear(5.0, 0.1, 6, 7) == 0.1);
    NEAR(pt_schedule_linear(1.0, 3.0, 1, 5), 1.5);
    assert_true(pt_schedule_linear(5.0, 0.1, 0, 1) == 5.0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(warmup_rises_linearly_to_lr),
        cmocka_unit_test(cosine_falls_to_zero),
        cmocka_unit_test(poly_is_a_power_of_what_is_left),
        cmocka_unit_test(warmup_multiplies_the_schedule),
        cmocka_unit_test(linear_meets_both_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
