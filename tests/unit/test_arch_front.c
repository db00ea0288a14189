/* Fronts, room and order of points, against their definitions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "polytree/arch/front.h"
#include "polytree/base/rng.h"

enum { MOST = 40 };

static double x[MOST], y[MOST], room[MOST];
static int32_t rank[MOST], order[MOST];

/* Few values, so that many points are equal in one number or in both. */
static void draw_points(int32_t n, int32_t n_value, uint32_t seed)
{
    pt_rng_t rng = {.seed = seed, .purpose = PT_RNG_DRAW};
    for (int32_t i = 0; i < n; i++) {
        x[i] = floor(n_value * pt_rng_uniform(&rng, 2 * (uint64_t)i));
        y[i] = floor(n_value * pt_rng_uniform(&rng, 2 * (uint64_t)i + 1));
    }
}

static bool beats(int32_t i, int32_t j)
{
    return x[i] <= x[j] && y[i] <= y[j] && (x[i] < x[j] || y[i] < y[j]);
}

static void fronts_are_peeled_one_after_the_other(void **state)
{
    (void)state;
    for (uint32_t seed = 0; seed < 200; seed++) {
        int32_t n = 1 + (int32_t)seed % MOST, left[MOST];
        draw_points(n, 2 + (int32_t)seed % 11, seed);
        assert_int_equal(pt_front_rank(n, x, y, rank), 0);
        for (int32_t i = 0; i < n; i++)
            left[i] = -1;
        for (int32_t front = 0, n_left = n; n_left > 0; front++) {
            for (int32_t i = 0; i < n; i++) {
                bool is_beaten = left[i] >= 0;
                for (int32_t j = 0; j < n; j++)
                    is_beaten |= (left[j] < 0 || left[j] == front) && beats(j, i);
                if (!is_beaten) {
                    left[i] = front;
                    n_left--;
                }
            }
        }
        for (int32_t i = 0; i < n; i++)
            assert_int_equal(rank[i], left[i]);
    }
}

/* The neighbours of a point in its front are those next to it in a number. */
static void room_is_the_way_between_neighbours(void **state)
{
    (void)state;
    const double a[] = {0, 1, 4, 10, 12, 3}, b[] = {20, 15, 10, 5, 0, 14};
    const int32_t front[] = {0, 0, 0, 0, 0, 1};
    assert_int_equal(pt_front_rank(6, a, b, rank), 0);
    /* (3, 14) lies between the second and the third, and none beats it. */
    assert_int_equal(rank[5], 0);
    assert_int_equal(pt_front_room(6, a, b, front, room), 0);
    assert_true(isinf(room[0]) && isinf(room[4]) && isinf(room[5]));
    assert_true(fabs(room[1] - (4.0 / 12 + 10.0 / 20)) < 1e-15);
    assert_true(fabs(room[2] - (9.0 / 12 + 10.0 / 20)) < 1e-15);
    assert_true(fabs(room[3] - (8.0 / 12 + 10.0 / 20)) < 1e-15);
}

static void who_lives_on_is_of_an_earlier_front_or_has_more_room(void **state)
{
    (void)state;
    for (uint32_t seed = 0; seed < 50; seed++) {
        bool is_there[MOST] = {false};
        draw_points(MOST, 12, 1000 + seed);
        assert_int_equal(pt_front_rank(MOST, x, y, rank), 0);
        assert_int_equal(pt_front_room(MOST, x, y, rank, room), 0);
        assert_int_equal(pt_front_order(MOST, x, y, order), 0);
        for (int32_t i = 0; i < MOST; i++) {
            int32_t p = order[i], q = i > 0 ? order[i - 1] : p;
            assert_false(is_there[p]);
            is_there[p] = true;
            assert_true(i == 0 || rank[q] < rank[p] ||
                        (rank[q] == rank[p] &&
                         (room[q] > room[p] || (room[q] == room[p] && q < p))));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fronts_are_peeled_one_after_the_other),
        cmocka_unit_test(room_is_the_way_between_neighbours),
        cmocka_unit_test(who_lives_on_is_of_an_earlier_front_or_has_more_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
