/* Sums over ranks: exact, and the same however the addends are spread. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "par/comm_private.h"
#include "polytree/base/memory.h"
#include "polytree/base/rng.h"
#include "polytree/par/reduce.h"
#include "tests/mpi/main.h"

enum { N = 1003, N_ADDEND = 37, N_RANK = 16 };

/* What addend a brings to element i: up to 2^52 either way, so that doubles would round. */
static int64_t addend(int32_t a, int32_t i)
{
    const pt_rng_t rng = {.seed = 9, .purpose = PT_RNG_DRAW, .step = (uint32_t)a};
    uint32_t w[4];
    pt_rng_words(&rng, (uint64_t)i, w);
    return (int64_t)((uint64_t)w[0] << 32 | w[1]) >> 11;
}

/* This rank's share of the addends, spread by `stride` over the ranks. */
static void bring(pt_comm_t *comm, int32_t stride, int64_t *sum)
{
    for (int32_t i = 0; i < N; i++) {
        sum[i] = 0;
        for (int32_t a = 0; a < N_ADDEND; a++)
            if (a / stride % pt_comm_size(comm) == pt_comm_rank(comm))
                sum[i] += addend(a, i);
    }
}

static int64_t expected[N];

static int expect(void **state)
{
    (void)state;
    for (int32_t i = 0; i < N; i++)
        for (int32_t a = 0; a < N_ADDEND; a++)
            expected[i] += addend(a, i);
    return 0;
}

/* One set of addends gives one sum, on every rank, however it is spread and cut. */
static void sums_do_not_depend_on_ranks(void **state)
{
    static int64_t sum[N];
    static const int64_t chunk[] = {100, (int64_t)1 << 28};
    pt_comm_t *world = pt_comm_world();
    int64_t usual = pt_comm_chunk;
    (void)state;
    for (int32_t stride = 1; stride < 6; stride += 2) {
        for (int32_t c = 0; c < 2; c++) {
            pt_comm_chunk = chunk[c];
            bring(world, stride, sum);
            assert_int_equal(pt_sum_i64(world, PT_TRAFFIC_CONTROL, sum, N), PT_OK);
            assert_memory_equal(sum, expected, sizeof sum);
        }
    }
    pt_comm_chunk = usual;
}

/* Segment lengths of the k-th trial: even, uneven, with zeros, all on one rank. */
static void cut(int32_t trial, int32_t size, int64_t *count)
{
    int64_t left = N;
    for (int32_t r = 0; r < size; r++) {
        int64_t share = trial == 0   ? N / size
                        : trial == 1 ? left / 3
                        : trial == 2 ? (r % 2 == 0 ? left / 2 : 0)
                                     : 0;
        count[r] = r == size - 1 ? left : share;
        left -= count[r];
    }
    if (trial == 4) {
        count[0] = count[size - 1];
        count[size - 1] = size > 1 ? 0 : count[0];
    }
}

/* Scatter, change nothing, gather: the same as summing everywhere. */
static void scatter_then_gather_is_a_sum(void **state)
{
    static int64_t all[N], mine[N];
    static float rounded[N];
    pt_comm_t *world = pt_comm_world();
    int32_t rank = pt_comm_rank(world), size = pt_comm_size(world);
    int64_t usual = pt_comm_chunk;
    (void)state;
    for (int32_t trial = 0; trial < 10; trial++) {
        int64_t count[N_RANK], begin = 0;
        pt_comm_chunk = trial < 5 ? usual : 50;
        cut(trial % 5, size, count);
        for (int32_t r = 0; r < rank; r++)
            begin += count[r];
        bring(world, 1, all);
        memset(mine, 0, sizeof mine);
        assert_int_equal(pt_sum_scatter_i64(world, PT_TRAFFIC_GRADIENT, all, count, mine),
                         PT_OK);
        for (int64_t i = 0; i < count[rank]; i++)
            assert_int_equal(mine[i], expected[begin + i]);

        for (int64_t i = 0; i < N; i++)
            rounded[i] = -1.0f;
        for (int64_t i = 0; i < count[rank]; i++)
            rounded[begin + i] = (float)mine[i];
        assert_int_equal(pt_gather_f32(world, PT_TRAFFIC_WEIGHT, rounded, count), PT_OK);
        for (int64_t i = 0; i < N; i++)
            assert_true(rounded[i] == (float)expected[i]);
    }
    pt_comm_chunk = usual;
}

/* The float sum is exact where every partial sum is a small integer. */
static void float_sums_add(void **state)
{
    float sum[5];
    pt_comm_t *world = pt_comm_world();
    int32_t rank = pt_comm_rank(world), size = pt_comm_size(world);
    (void)state;
    for (int32_t i = 0; i < 5; i++)
        sum[i] = (float)((rank + 1) * i);
    assert_int_equal(pt_sum_f32(world, PT_TRAFFIC_GRADIENT, sum, 5), PT_OK);
    for (int32_t i = 0; i < 5; i++)
        assert_true(sum[i] == (float)(size * (size + 1) / 2 * i));
}

/* Each kind counts its own calls and bytes; one rank alone has no traffic. */
static void traffic_is_counted_by_kind(void **state)
{
    pt_comm_t *world = pt_comm_world();
    pt_traffic_stat_t before = *pt_traffic_stats(PT_TRAFFIC_EVALUATE), after;
    int64_t other = pt_traffic_stats(PT_TRAFFIC_ALPHA)->calls, sum[3] = {0};
    bool is_alone = pt_comm_size(world) == 1;
    (void)state;
    assert_int_equal(pt_sum_i64(world, PT_TRAFFIC_EVALUATE, sum, 3), PT_OK);
    after = *pt_traffic_stats(PT_TRAFFIC_EVALUATE);
    assert_int_equal(after.calls - before.calls, is_alone ? 0 : 1);
    assert_int_equal(after.bytes - before.bytes, is_alone ? 0 : 24);
    assert_true(is_alone ? after.seconds == 0.0 : after.seconds > before.seconds);
    assert_int_equal(pt_traffic_stats(PT_TRAFFIC_ALPHA)->calls, other);
    for (int32_t a = 0; a < PT_N_TRAFFIC; a++)
        for (int32_t b = 0; b < a; b++)
            assert_string_not_equal(pt_traffic_name((pt_traffic_t)a),
                                    pt_traffic_name((pt_traffic_t)b));
}

/* Reducing is done every step: it must not allocate. */
static void nothing_is_allocated(void **state)
{
    static int64_t all[N], mine[N];
    static float value[N];
    pt_comm_t *world = pt_comm_world();
    int64_t count[N_RANK];
    uint64_t before = pt_memory_n_alloc();
    (void)state;
    cut(1, pt_comm_size(world), count);
    assert_int_equal(pt_sum_i64(world, PT_TRAFFIC_CONTROL, all, N), PT_OK);
    assert_int_equal(pt_sum_scatter_i64(world, PT_TRAFFIC_GRADIENT, all, count, mine),
                     PT_OK);
    assert_int_equal(pt_gather_f32(world, PT_TRAFFIC_WEIGHT, value, count), PT_OK);
    assert_int_equal(pt_comm_agree(world, PT_OK), PT_OK);
    assert_int_equal(pt_memory_n_alloc(), before);
}

/* A segment of negative length is refused, not sent. */
static void negative_counts_are_refused(void **state)
{
    float value[1] = {0};
    int64_t count[N_RANK] = {-1};
    (void)state;
    if (pt_comm_size(pt_comm_world()) == 1) {
        print_message("needs two ranks\n");
        skip();
    }
    assert_int_equal(pt_gather_f32(pt_comm_world(), PT_TRAFFIC_WEIGHT, value, count),
                     PT_E_RANGE);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sums_do_not_depend_on_ranks),
        cmocka_unit_test(scatter_then_gather_is_a_sum),
        cmocka_unit_test(float_sums_add),
        cmocka_unit_test(traffic_is_counted_by_kind),
        cmocka_unit_test(nothing_is_allocated),
        cmocka_unit_test(negative_counts_are_refused),
    };
    return run_on_ranks(argc, argv, tests, expect, NULL);
}
