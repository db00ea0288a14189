/* The time from one checkpoint to the next. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "search/run.h"

static double interval(double every, int64_t n, double cost, int32_t n_lost, double hours)
{
    const pt_jobs_t jobs = {.n_checkpoint = n,
                            .checkpoint_seconds = (double)n * cost,
                            .n = n_lost + 3,
                            .n_stopped = 3,
                            .n_failed = n_lost / 3,
                            .n_open = n_lost - n_lost / 3,
                            .wall = 3600 * hours};
    return run_checkpoint_interval(every, &jobs);
}

static void the_first_comes_soon(void **state)
{
    (void)state;
    assert_true(interval(PT_TIME_AUTO, 0, 0, 0, 0) == 10);
    assert_true(interval(600, 0, 0, 0, 0) == 10);
    assert_true(interval(0.5, 0, 0, 0, 0) == 0.5);
    assert_true(isinf(interval(0, 0, 0, 0, 0)));
}

static void what_is_set_is_kept(void **state)
{
    (void)state;
    assert_true(interval(600, 3, 30, 9, 1) == 600);
    assert_true(interval(0.5, 3, 30, 9, 1) == 0.5);
    assert_true(isinf(interval(0, 3, 30, 9, 1)));
}

static void the_best_interval_is_found(void **state)
{
    (void)state;
    assert_true(fabs(interval(PT_TIME_AUTO, 4, 0.1, 0, 0) - sqrt(2 * 0.1 * 86400)) < 1e-9);
    assert_true(fabs(interval(PT_TIME_AUTO, 4, 0.1, 9, 26) - sqrt(2 * 0.1 * 18000)) < 1e-9);
}

static void it_takes_one_percent_at_most(void **state)
{
    (void)state;
    for (double cost = 1e-4; cost < 1e4; cost *= 3)
        for (int32_t n_lost = 0; n_lost < 1000; n_lost = 3 * n_lost + 1) {
            double every = interval(PT_TIME_AUTO, 2, cost, n_lost, 100);
            assert_true(cost <= 0.01 * (every + cost) * (1 + 1e-12));
        }
    assert_true(interval(PT_TIME_AUTO, 2, 30, 100, 1) == 99 * 30);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_comes_soon),
        cmocka_unit_test(what_is_set_is_kept),
        cmocka_unit_test(the_best_interval_is_found),
        cmocka_unit_test(it_takes_one_percent_at_most),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
