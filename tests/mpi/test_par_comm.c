/* Agreement, exchanges and shared windows, on any number of ranks. */
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
#include "polytree/par/log.h"
#include "polytree/par/shared.h"
#include "tests/mpi/main.h"

static pt_status_t fail_here(int32_t rank)
{
    switch (rank % 3) {
    case 0:
        PT_FAIL(IO, "no disk on %d", (int)rank);
    case 1:
        PT_FAIL(SHAPE, "no shape on %d", (int)rank);
    default:
        PT_FAIL(RANGE, "no range on %d", (int)rank);
    }
}

static pt_status_t failing_caller(pt_comm_t *comm, pt_status_t status, int *passed)
{
    PT_AGREE(comm, status);
    *passed = 1;
    return PT_OK;
}

/* Whichever set of ranks fails, all ranks get the lowest one's status and words. */
static void agree_is_the_same_everywhere(void **state)
{
    pt_comm_t *world = pt_comm_world();
    int32_t rank = pt_comm_rank(world), size = pt_comm_size(world);
    (void)state;
    for (int32_t set = 0; set < 1 << size; set++) {
        char cause[64], wanted[128];
        int32_t lowest = 0;
        pt_status_t status = PT_OK, expected;
        int passed = 0;

        pt_error_clear();
        if (set >> rank & 1)
            status = fail_here(rank);
        status = failing_caller(world, status, &passed);
        if (set == 0) {
            assert_int_equal(status, PT_OK);
            assert_int_equal(passed, 1);
            continue;
        }
        assert_int_equal(passed, 0);
        while (!(set >> lowest & 1))
            lowest++;
        expected = lowest % 3 == 0 ? PT_E_IO : lowest % 3 == 1 ? PT_E_SHAPE : PT_E_RANGE;
        assert_int_equal(status, expected);
        snprintf(cause, sizeof cause, "no %s on %d",
                 lowest % 3 == 0   ? "disk"
                 : lowest % 3 == 1 ? "shape"
                                   : "range",
                 (int)lowest);
        snprintf(wanted, sizeof wanted, "rank %d: %s", (int)lowest, cause);
        assert_string_equal(pt_error_message(), size > 1 ? wanted : cause);
        assert_non_null(strstr(pt_error_trace(), "test_par_comm.c:"));
        assert_non_null(strstr(pt_error_trace(), "pt_comm_agree("));
    }
}

/* An outer agreement passes on what an inner one settled, with one prefix. */
static void agreements_nest(void **state)
{
    pt_comm_t *world = pt_comm_world(), *part = NULL;
    int32_t rank = pt_comm_rank(world), size = pt_comm_size(world);
    pt_status_t status;
    char wanted[64];
    (void)state;
    if (size == 1) {
        print_message("needs two ranks\n");
        skip();
    }
    assert_int_equal(pt_comm_split(world, rank > 0, rank, &part), PT_OK);
    status = rank == size - 1 ? fail_here(0) : PT_OK;
    status = pt_comm_agree(part, status);
    assert_int_equal(status, rank > 0 ? PT_E_IO : PT_OK);
    assert_int_equal(pt_comm_agree(world, status), PT_E_IO);
    snprintf(wanted, sizeof wanted, "rank %d: no disk on 0", (int)size - 1);
    assert_string_equal(pt_error_message(), wanted);
    pt_comm_free(part);
}

static int n_told;

static void count_failure(pt_status_t status)
{
    assert_int_equal(status, PT_E_IO);
    n_told++;
}

/* Who brings a failure to the others is told before it waits for them; they are not. */
static void failures_are_told_where_they_are(void **state)
{
    pt_comm_t *world = pt_comm_world();
    int32_t rank = pt_comm_rank(world), size = pt_comm_size(world);
    (void)state;
    n_told = 0;
    pt_comm_on_failure(count_failure);
    assert_int_equal(pt_comm_agree(world, PT_OK), PT_OK);
    assert_int_equal(n_told, 0);
    assert_int_equal(pt_comm_agree(world, rank == size - 1 ? fail_here(0) : PT_OK),
                     PT_E_IO);
    pt_comm_on_failure(NULL);
    /* One alone waits for nobody. */
    assert_int_equal(n_told, size > 1 && rank == size - 1);
    assert_int_equal(pt_comm_agree(world, fail_here(0)), PT_E_IO);
    assert_true(n_told < 2);
}

static unsigned char byte_of(int32_t rank, size_t i)
{
    return (unsigned char)((size_t)rank * 131 + i * 7 + (i >> 8));
}

static void check_piece(const unsigned char *piece, size_t bytes, int32_t rank)
{
    for (size_t i = 0; i < bytes; i++)
        assert_int_equal(piece[i], byte_of(rank, i));
}

/* Every byte arrives, whether one call suffices or many are needed. */
static void bcast_and_gathers_deliver(void **state)
{
    enum { MOST = 4000, N_RANK = 16 };
    static unsigned char mine[MOST], all[N_RANK * MOST];
    static const int64_t chunk[] = {1, 7, 1000, (int64_t)1 << 28};
    pt_comm_t *world = pt_comm_world();
    int32_t rank = pt_comm_rank(world), size = pt_comm_size(world);
    int64_t usual = pt_comm_chunk;
    (void)state;
    for (size_t i = 0; i < MOST; i++)
        mine[i] = byte_of(rank, i);
    for (size_t c = 0; c < sizeof chunk / sizeof *chunk; c++) {
        for (int32_t root = 0; root < size; root++) {
            size_t bytes[N_RANK], at = 0, n = c == 0 ? 50 : MOST;
            pt_comm_chunk = chunk[c];
            memset(all, 0, sizeof all);
            if (rank == root)
                memcpy(all, mine, n);
            assert_int_equal(pt_comm_bcast(world, all, n, root), PT_OK);
            check_piece(all, n, root);

            for (int32_t r = 0; r < size; r++)
                bytes[r] = r == 1 ? 0 : n - 9 * (size_t)r;
            memset(all, 0, sizeof all);
            assert_int_equal(
                pt_comm_gather(world, mine, rank == root ? all : NULL, bytes, root), PT_OK);
            for (int32_t r = 0; rank == root && r < size; at += bytes[r++])
                check_piece(all + at, bytes[r], r);

            memset(all, 0, sizeof all);
            assert_int_equal(pt_comm_allgather(world, mine, all, n), PT_OK);
            for (int32_t r = 0; r < size; r++)
                check_piece(all + (size_t)r * n, n, r);
        }
    }
    pt_comm_chunk = usual;
}

/* Equal bytes pass; otherwise the message names the ranks that differ, on every rank. */
static void check_equal_names_ranks(void **state)
{
    pt_comm_t *world = pt_comm_world();
    int32_t rank = pt_comm_rank(world), size = pt_comm_size(world);
    int32_t value = 5;
    (void)state;
    assert_int_equal(pt_comm_check_equal(world, "seed", &value, sizeof value), PT_OK);
    if (size == 1)
        return;
    value = rank == 1 ? 6 : 5;
    assert_int_equal(pt_comm_check_equal(world, "seed", &value, sizeof value),
                     PT_E_MISMATCH);
    assert_string_equal(pt_error_message(),
                        "seed must be equal on all ranks: rank 1 differs from rank 0");
    value = rank;
    assert_int_equal(pt_comm_check_equal(world, "seed", &value, sizeof value),
                     PT_E_MISMATCH);
    if (size == 3)
        assert_string_equal(
            pt_error_message(),
            "seed must be equal on all ranks: ranks 1, 2 differ from rank 0");
    /* The same first bytes are not enough. */
    value = 0;
    assert_int_equal(pt_comm_check_equal(world, "name", &value, rank == 0 ? 2 : 3),
                     PT_E_MISMATCH);
}

/* Colours part the ranks, keys order them, and -1 stays outside. */
static void split_parts_and_orders(void **state)
{
    pt_comm_t *world = pt_comm_world(), *part = NULL;
    int32_t rank = pt_comm_rank(world), size = pt_comm_size(world);
    (void)state;
    assert_int_equal(pt_comm_split(world, rank == 0 ? -1 : 3, -rank, &part), PT_OK);
    if (rank == 0) {
        assert_null(part);
    } else {
        assert_int_equal(pt_comm_size(part), size - 1);
        assert_int_equal(pt_comm_rank(part), size - 1 - rank);
    }
    pt_comm_free(part);
}

/* What node rank 0 writes, all ranks of the node read, twice over. */
static void shared_window_is_seen_by_all(void **state)
{
    enum { N = 100003 };
    pt_comm_t *node = NULL;
    pt_shared_t *shared = NULL;
    void *data = NULL;
    (void)state;
    assert_int_equal(pt_comm_split_node(pt_comm_world(), &node), PT_OK);
    assert_int_equal(pt_shared_new(node, N * sizeof(int32_t), &shared, &data), PT_OK);
    assert_int_equal((uintptr_t)data % PT_ALIGN, 0);
    for (int32_t round = 1; round < 3; round++) {
        int32_t *value = data, wrong = 0;
        for (int32_t i = 0; pt_comm_rank(node) == 0 && i < N; i++)
            value[i] = round * i;
        assert_int_equal(pt_shared_ready(shared), PT_OK);
        for (int32_t i = 0; i < N; i++)
            wrong += value[i] != round * i;
        assert_int_equal(wrong, 0);
        assert_int_equal(pt_comm_barrier(node), PT_OK);
    }
    pt_shared_free(shared);
    pt_comm_free(node);
}

static void keep_message(pt_log_level_t level, const char *message, void *context)
{
    snprintf(context, 64, "%d %s", (int)level, message);
}

/* The sink gets one formatted line; without a sink nothing happens. */
static void log_goes_to_the_sink(void **state)
{
    char kept[64] = "";
    (void)state;
    pt_log(PT_LOG_WARNING, "dropped");
    pt_log_set_sink(keep_message, kept);
    pt_log(PT_LOG_WARNING, "%d ranks", 3);
    assert_string_equal(kept, "1 3 ranks");
    pt_log_set_sink(NULL, NULL);
    pt_log(PT_LOG_INFO, "dropped");
    assert_string_equal(kept, "1 3 ranks");
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agree_is_the_same_everywhere),
        cmocka_unit_test(agreements_nest),
        cmocka_unit_test(failures_are_told_where_they_are),
        cmocka_unit_test(bcast_and_gathers_deliver),
        cmocka_unit_test(check_equal_names_ranks),
        cmocka_unit_test(split_parts_and_orders),
        cmocka_unit_test(shared_window_is_seen_by_all),
        cmocka_unit_test(log_goes_to_the_sink),
    };
    return run_on_ranks(argc, argv, tests, NULL, NULL);
}
