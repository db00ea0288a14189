/* Dealing out units: nothing is lost, and the load is as even as the dearest-first rule
 * promises (Graham 1969: at most 4/3 of the best). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "polytree/train/deal.h"

/* Equal units on a rank count that divides them: equal shares. */
static void test_equal_units(void **state)
{
    double cost[8] = {2, 2, 2, 2, 2, 2, 2, 2}, work[4];
    int32_t rank[8];

    (void)state;
    pt_deal_units(8, cost, 4, rank, work);
    for (int32_t r = 0; r < 4; r++)
        assert_true(work[r] == 4);
}

/* Unequal units: pairs of dear and cheap, where taking turns would give 18 and 16. */
static void test_unequal_units(void **state)
{
    double cost[4] = {10, 9, 8, 7}, work[2];
    int32_t rank[4];

    (void)state;
    pt_deal_units(4, cost, 2, rank, work);
    assert_true(work[0] == 17 && work[1] == 17);
    assert_int_equal(rank[0], rank[3]);
    assert_int_equal(rank[1], rank[2]);
}

/* Fewer units than ranks: one each, the rest idle. */
static void test_idle_ranks(void **state)
{
    double cost[2] = {1, 5}, work[3];
    int32_t rank[2];

    (void)state;
    pt_deal_units(2, cost, 3, rank, work);
    assert_int_equal(rank[1], 0);
    assert_int_equal(rank[0], 1);
    assert_true(work[0] == 5 && work[1] == 1 && work[2] == 0);
}

/* The dearest come first, of equal ones the first, however they lie among others: with a
 * rank for each the ranks are the order. */
static void equal_units_keep_their_order(void **state)
{
    const double cost[] = {3, 1, 3, 2, 1, 3, 2};
    const int32_t order[] = {0, 5, 1, 3, 6, 2, 4};
    int32_t rank[7];
    double work[7];
    (void)state;

    pt_deal_units(7, cost, 7, rank, work);
    assert_memory_equal(rank, order, sizeof order);
}

/* The rule in its own words: of the units left the dearest, to the rank with the least. */
static void all_go_by_the_rule(void **state)
{
    enum { N = 300, MOST = 9 };
    double cost[N], work[MOST], expected[MOST];
    int32_t rank[N], to[N];
    (void)state;

    for (int32_t n_rank = 1; n_rank <= MOST; n_rank++) {
        for (int32_t i = 0; i < N; i++) {
            cost[i] = 1 + (i * 37 % 101) % (n_rank + 1);
            to[i] = -1;
        }
        memset(expected, 0, sizeof expected);
        for (int32_t done = 0; done < N; done++) {
            int32_t unit = -1, least = 0;
            for (int32_t i = 0; i < N; i++)
                if (to[i] < 0 && (unit < 0 || cost[i] > cost[unit]))
                    unit = i;
            for (int32_t r = 1; r < n_rank; r++)
                if (expected[r] < expected[least])
                    least = r;
            to[unit] = least;
            expected[least] += cost[unit];
        }
        pt_deal_units(N, cost, n_rank, rank, work);
        assert_memory_equal(rank, to, sizeof rank);
        assert_memory_equal(work, expected, (size_t)n_rank * sizeof *work);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_equal_units),
        cmocka_unit_test(test_unequal_units),
        cmocka_unit_test(test_idle_ranks),
        cmocka_unit_test(equal_units_keep_their_order),
        cmocka_unit_test(all_go_by_the_rule),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
