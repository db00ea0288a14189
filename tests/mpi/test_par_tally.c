/* A sum over ranks that are not in step. */
#include <stdbool.h>
#include <time.h>

#include "polytree/par/tally.h"
#include "tests/mpi/main.h"

enum { N = 3, LAST = 40 };

static void linger(int32_t rank, int32_t i)
{
    const struct timespec pause = {0, (rank * 7 + i) % 5 * 200000L};
    nanosleep(&pause, NULL);
}

/* Each brings how often it has come by: rounds are the same on all ranks, none adds up
 * numbers of two visits of a rank, and all can stop by the same one. */
static void rounds_are_the_same_for_all(void **state)
{
    pt_comm_t *world = pt_comm_world();
    int32_t rank = pt_comm_rank(world), size = pt_comm_size(world), n_round = 0;
    int64_t said[LAST + 1] = {0};
    pt_tally_t *tally;
    (void)state;
    assert_int_equal(pt_tally_new(world, N, &tally), PT_OK);
    for (int32_t i = 0; n_round < LAST; i++) {
        int64_t sum[N] = {-1, -1, -1};
        const int64_t mine[N] = {1, rank == 0 ? i : 0, (int64_t)1 << 40};
        bool is_over;
        linger(rank, i);
        assert_int_equal(pt_tally_come_by(tally, mine, sum, &is_over), PT_OK);
        if (!is_over) {
            assert_int_equal(sum[0], -1);
            continue;
        }
        assert_int_equal(sum[0], size);
        assert_true(sum[2] == (int64_t)size << 40);
        said[n_round++] = sum[1];
    }
    for (int32_t r = 1; r < LAST; r++)
        assert_true(said[r] > said[r - 1]);
    assert_int_equal(pt_comm_check_equal(world, "rounds", said, sizeof said), PT_OK);
    pt_tally_free(tally);
}

/* Who is alone is through at once, also without MPI. */
static void one_rank_waits_for_nobody(void **state)
{
    const int64_t mine[N] = {1, 2, 3};
    pt_tally_t *tally;
    (void)state;
    assert_int_equal(pt_tally_new(pt_comm_alone(), N, &tally), PT_OK);
    for (int32_t i = 0; i < 3; i++) {
        int64_t sum[N] = {0};
        bool is_over = false;
        assert_int_equal(pt_tally_come_by(tally, mine, sum, &is_over), PT_OK);
        assert_true(is_over);
        assert_memory_equal(sum, mine, sizeof sum);
    }
    pt_tally_free(tally);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rounds_are_the_same_for_all),
        cmocka_unit_test(one_rank_waits_for_nobody),
    };
    return run_on_ranks(argc, argv, tests, NULL, NULL);
}
