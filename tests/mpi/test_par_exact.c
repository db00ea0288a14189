/* Exact sums over ranks: the bits of one long binary number, however addends are spread. */
#include "polytree/par/exact_sum.h"

#include "polytree/base/memory.h"
#include "tests/mpi/main.h"
#include "tests/unit/big_sum.h"

enum { N_ADDEND = 1501, N_SUM = 2 * ADDEND_KINDS };

static uint64_t seed;
static double expected[ADDEND_KINDS];

static int expect(void **state)
{
    static big_sum_t big;
    (void)state;
    if (pt_comm_rank(pt_comm_world()) == 0)
        seed = fresh_seed();
    if (pt_comm_bcast(pt_comm_world(), &seed, sizeof seed, 0) != PT_OK)
        return 1;
    for (int kind = 0; kind < ADDEND_KINDS; kind++) {
        memset(&big, 0, sizeof big);
        for (int64_t i = 0; i < N_ADDEND; i++)
            big_add(&big, addend_of(seed, kind, i));
        expected[kind] = big_value(&big);
    }
    return 0;
}

/* Which rank has addend i: in turn, in blocks, all on one, or nothing on the first. */
static int32_t owner_of(int spread, int64_t i, int32_t size)
{
    switch (spread) {
    case 0:
        return (int32_t)(i % size);
    case 1:
        return (int32_t)(i * size / N_ADDEND);
    case 2:
        return size - 1;
    default:
        return size == 1 ? 0 : 1 + (int32_t)(i * 7 % (size - 1));
    }
}

static void check_kinds(const pt_exact_t *sum, int first, int end)
{
    for (int kind = first; kind < end; kind++)
        for (int half = 0; half < 2; half++) {
            double got = pt_exact_value(sum, 2 * (kind - first) + half);
            if (memcmp(&got, &expected[kind], sizeof got) != 0)
                fail_msg("kind %d: %a, expected %a", kind, got, expected[kind]);
        }
}

/* Sums of all scales in one array, and each alone; 2 k forwards, 2 k + 1 backwards. */
static void sums_do_not_depend_on_ranks(void **state)
{
    pt_comm_t *world = pt_comm_world();
    pt_exact_t sum;
    (void)state;
    assert_int_equal(pt_exact_init(&sum, N_SUM), PT_OK);
    uint64_t before = pt_memory_n_alloc();
    for (int spread = 0; spread < 4; spread++)
        for (int first = 0; first <= ADDEND_KINDS; first++) {
            bool is_all = first == ADDEND_KINDS;
            int from = is_all ? 0 : first, end = is_all ? ADDEND_KINDS : first + 1;
            pt_exact_clear(&sum, 2 * (end - from));
            for (int64_t i = 0; i < N_ADDEND; i++)
                for (int kind = from; kind < end; kind++) {
                    int64_t back = N_ADDEND - 1 - i;
                    if (owner_of(spread, i, pt_comm_size(world)) == pt_comm_rank(world))
                        pt_exact_add(&sum, 2 * (kind - from), addend_of(seed, kind, i));
                    if (owner_of(spread, back, pt_comm_size(world)) == pt_comm_rank(world))
                        pt_exact_add(&sum, 2 * (kind - from) + 1,
                                     addend_of(seed, kind, back));
                }
            assert_int_equal(pt_exact_sum(world, PT_TRAFFIC_EVALUATE, &sum), PT_OK);
            check_kinds(&sum, from, end);
        }
    assert_int_equal(pt_memory_n_alloc(), before);
    pt_exact_release(&sum);
}

/* Only limbs in use travel: numbers near 1 take three or four of 49. */
static void little_travels(void **state)
{
    enum { N = 1000 };
    pt_comm_t *world = pt_comm_world();
    pt_exact_t sum;
    (void)state;
    assert_int_equal(pt_exact_init(&sum, N), PT_OK);
    int64_t before = pt_traffic_stats(PT_TRAFFIC_ALPHA)->bytes;
    for (int64_t i = 0; i < N; i++)
        pt_exact_add(&sum, i, addend_of(seed, 0, i));
    assert_int_equal(pt_exact_sum(world, PT_TRAFFIC_ALPHA, &sum), PT_OK);
    int64_t bytes = pt_traffic_stats(PT_TRAFFIC_ALPHA)->bytes - before;
    assert_true(bytes <= N * 4 * 8 + PT_EXACT_OFFER * 8);
    for (int64_t i = 0; i < N; i++)
        assert_true(pt_exact_value(&sum, i) == pt_comm_size(world) * addend_of(seed, 0, i));
    pt_exact_clear(&sum, N);
    assert_int_equal(pt_exact_sum(world, PT_TRAFFIC_ALPHA, &sum), PT_OK);
    assert_true(pt_exact_value(&sum, N - 1) == 0);
    pt_exact_release(&sum);
}

/* What one rank met, all know, of the sum that it belongs to. */
static void what_is_not_finite_travels(void **state)
{
    pt_comm_t *world = pt_comm_world();
    pt_exact_t sum;
    (void)state;
    assert_int_equal(pt_exact_init(&sum, 4), PT_OK);
    pt_exact_add(&sum, 0, 1);
    if (pt_comm_rank(world) == pt_comm_size(world) - 1)
        pt_exact_add(&sum, 2, NAN);
    if (pt_comm_rank(world) == 0)
        pt_exact_add(&sum, 3, -INFINITY);
    assert_int_equal(pt_exact_sum(world, PT_TRAFFIC_CONTROL, &sum), PT_OK);
    assert_int_equal(pt_exact_special(&sum), 2);
    assert_true(pt_exact_value(&sum, 0) == pt_comm_size(world));
    assert_true(pt_exact_value(&sum, 1) == 0);
    assert_true(isnan(pt_exact_value(&sum, 2)));
    assert_true(pt_exact_value(&sum, 3) == -INFINITY);
    pt_exact_release(&sum);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sums_do_not_depend_on_ranks),
        cmocka_unit_test(little_travels),
        cmocka_unit_test(what_is_not_finite_travels),
    };
    return run_on_ranks(argc, argv, tests, expect, NULL);
}
