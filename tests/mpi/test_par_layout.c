/* Every arrangement of the first 1, 2, ... ranks of the world. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "polytree/base/memory.h"
#include "polytree/par/layout.h"
#include "polytree/par/log.h"
#include "tests/mpi/main.h"

static int n_warning;

static void count_warnings(pt_log_level_t level, const char *message, void *context)
{
    (void)message;
    (void)context;
    n_warning += level == PT_LOG_WARNING;
}

static void check_active(const pt_layout_t *layout, int32_t rank,
                         const int32_t n[PT_N_AXIS])
{
    int32_t number =
        (layout->coord[PT_AXIS_STAGE] * n[PT_AXIS_TASK] + layout->coord[PT_AXIS_TASK]) *
            n[PT_AXIS_DATA] +
        layout->coord[PT_AXIS_DATA];
    assert_int_equal(number, rank);
    for (int32_t a = 0; a < PT_N_AXIS; a++)
        assert_in_range(layout->coord[a], 0, n[a] - 1);
    assert_int_equal(pt_comm_size(layout->world), n[0] * n[1] * n[2]);
    assert_int_equal(pt_comm_rank(layout->world), rank);
    assert_int_equal(pt_comm_size(layout->replica), n[PT_AXIS_TASK] * n[PT_AXIS_DATA]);
    assert_int_equal(pt_comm_rank(layout->replica),
                     layout->coord[PT_AXIS_TASK] * n[PT_AXIS_DATA] +
                         layout->coord[PT_AXIS_DATA]);
    assert_int_equal(pt_comm_size(layout->data), n[PT_AXIS_DATA]);
    assert_int_equal(pt_comm_rank(layout->data), layout->coord[PT_AXIS_DATA]);
    assert_int_equal(pt_comm_size(layout->chain), n[PT_AXIS_STAGE]);
    assert_int_equal(pt_comm_rank(layout->chain), layout->coord[PT_AXIS_STAGE]);
    /* Tests run on one node. */
    assert_int_equal(pt_comm_size(layout->node), pt_comm_size(layout->world));
}

static void check_arrangement(pt_comm_t *comm, const int32_t n[PT_N_AXIS])
{
    int32_t size = pt_comm_size(comm), rank = pt_comm_rank(comm);
    int32_t n_active = n[0] * n[1] * n[2];
    for (int strict = 0; strict < 2; strict++) {
        pt_layout_t layout;
        pt_status_t status;
        n_warning = 0;
        status = pt_layout_init(&layout, comm, n, strict != 0);
        if (n_active > size || (strict && n_active < size)) {
            assert_int_equal(status, PT_E_CONFIG);
            continue;
        }
        assert_int_equal(status, PT_OK);
        assert_int_equal(n_warning, rank == 0 && n_active < size);
        assert_memory_equal(layout.extent, n, sizeof layout.extent);
        assert_int_equal(layout.is_active, rank < n_active);
        if (layout.is_active) {
            check_active(&layout, rank, n);
        } else {
            assert_null(layout.world);
            assert_null(layout.node);
            assert_null(layout.replica);
            assert_null(layout.data);
            assert_null(layout.chain);
            assert_int_equal(layout.coord[PT_AXIS_DATA], -1);
        }
        pt_layout_release(&layout);
    }
}

/* The first `size` ranks as a communicator of their own; NULL on the others. */
static pt_comm_t *first_ranks(int32_t size)
{
    pt_comm_t *world = pt_comm_world(), *comm = NULL;
    int32_t rank = pt_comm_rank(world);
    assert_int_equal(pt_comm_split(world, rank < size ? 0 : -1, rank, &comm), PT_OK);
    return comm;
}

/* Ranks, coordinates and sub-communicators agree with the formula in every arrangement;
 * surplus ranks have none, with a warning; strict and too few ranks refuse. */
static void every_arrangement(void **state)
{
    (void)state;
    pt_log_set_sink(count_warnings, NULL);
    for (int32_t size = 1; size <= pt_comm_size(pt_comm_world()); size++) {
        pt_comm_t *comm = first_ranks(size);
        for (int32_t i = 0; comm != NULL && i < 27; i++) {
            const int32_t n[PT_N_AXIS] = {i / 9 + 1, i / 3 % 3 + 1, i % 3 + 1};
            check_arrangement(comm, n);
        }
        pt_comm_free(comm);
    }
    pt_log_set_sink(NULL, NULL);
}

/* Places go node after node, however the ranks are numbered: with ranks dealt out to nodes
 * of two in turn, those of a node still are neighbours, and a layout's node is theirs. */
static void nodes_stay_together(void **state)
{
    pt_comm_t *world = pt_comm_world(), *dealt;
    int32_t size = pt_comm_size(world), rank = pt_comm_rank(world);
    const int32_t n[PT_N_AXIS] = {1, 1, size};
    pt_layout_t layout;
    int32_t node[64];
    (void)state;
    assert_true(size <= 64);
    assert_int_equal(pt_comm_split(world, 0, rank % 2 * size + rank, &dealt), PT_OK);
    pt_comm_rehearse_nodes(2);
    assert_int_equal(pt_layout_init(&layout, dealt, n, true), PT_OK);
    pt_comm_rehearse_nodes(0);
    int32_t mine = rank / 2;
    assert_int_equal(pt_comm_size(layout.node), mine * 2 + 1 < size ? 2 : 1);
    assert_int_equal(pt_comm_allgather(layout.world, &mine, node, sizeof mine), PT_OK);
    for (int32_t r = 1; r < size; r++)
        assert_true(node[r] >= node[r - 1]);
    pt_layout_release(&layout);
    pt_comm_free(dealt);
}

/* Zero takes what is left: the open axis, or data where both are open. */
static void zero_takes_what_is_left(void **state)
{
    pt_comm_t *world = pt_comm_world();
    int32_t size = pt_comm_size(world);
    static const int32_t wanted[][PT_N_AXIS] = {
        {0, 0, 0}, {1, 0, 1}, {1, 1, 0}, {2, 0, 0}, {1, 2, 0}, {1, 0, 2}, {0, 2, 1},
    };
    const int32_t given[][PT_N_AXIS] = {
        {1, 1, size},     {1, size, 1},     {1, 1, size}, {2, 1, size / 2},
        {1, 2, size / 2}, {1, size / 2, 2}, {1, 2, 1},
    };
    (void)state;
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        pt_layout_t layout;
        pt_status_t status = pt_layout_init(&layout, world, wanted[i], false);
        if (size == 1 && i > 2) {
            assert_int_equal(status, PT_E_CONFIG);
            continue;
        }
        assert_int_equal(status, PT_OK);
        assert_memory_equal(layout.extent, given[i], sizeof layout.extent);
        pt_layout_release(&layout);
    }
}

/* Extents that cannot be are refused with their numbers, also where they overflow. */
static void impossible_extents_are_refused(void **state)
{
    static const int32_t wanted[][PT_N_AXIS] = {
        {1, -1, 1},
        {1, 1000, 0},
        {INT32_MAX, INT32_MAX, INT32_MAX},
        {65536, 65536, 1},
    };
    (void)state;
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        pt_layout_t layout;
        assert_int_equal(pt_layout_init(&layout, pt_comm_world(), wanted[i], false),
                         PT_E_CONFIG);
        assert_non_null(strstr(pt_error_message(), i == 0   ? "-1"
                                                   : i == 1 ? "1000"
                                                   : i == 2 ? "2147483647"
                                                            : "65536"));
    }
}

/* Ranks that ask for different layouts are told so instead of waiting for each other. */
static void different_wishes_are_refused(void **state)
{
    pt_comm_t *world = pt_comm_world();
    pt_layout_t layout;
    int32_t wanted[PT_N_AXIS] = {1, 1, pt_comm_rank(world) == 0 ? 1 : 0};
    (void)state;
    if (pt_comm_size(world) == 1) {
        print_message("needs two ranks\n");
        skip();
    }
    assert_int_equal(pt_layout_init(&layout, world, wanted, false), PT_E_MISMATCH);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_arrangement),
        cmocka_unit_test(nodes_stay_together),
        cmocka_unit_test(zero_takes_what_is_left),
        cmocka_unit_test(impossible_extents_are_refused),
        cmocka_unit_test(different_wishes_are_refused),
    };
    return run_on_ranks(argc, argv, tests, NULL, NULL);
}
