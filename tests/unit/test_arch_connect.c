/* Paths, pruning and repair against enumeration of every connection. */
#include "tests/unit/arch_space.h"

#include <math.h>

static test_space_t test;

typedef void (*check_fn)(const pt_space_t *space, const paths_t *paths);

/** Every graph of up to max_n nodes, every flow constant, min_depth 1 to 3. */
static void for_every_graph(int32_t max_n, check_fn check)
{
    paths_t paths;
    for (int32_t n = 1; n <= max_n; n++)
        for (int32_t flow = 1; flow < n || flow == 1; flow++)
            for (int32_t depth = 1; depth <= 3; depth++) {
                const pt_space_t *s = make_space(&test, n, flow, depth, 1);
                list_paths(s, &paths);
                check(s, &paths);
            }
}

/* All subsets of choices of a small graph, a sample of them in a large one. */
static uint64_t stride_of(const pt_space_t *s, uint64_t wanted)
{
    uint64_t stride = ((uint64_t)1 << s->n_choice) / wanted;
    return stride | 1;
}

static void check_lengths(const pt_space_t *s, const paths_t *paths)
{
    uint64_t stride = stride_of(s, 1 << 16);
    for (uint64_t bits = 0; bits >> s->n_choice == 0; bits += stride) {
        uint64_t lengths = 0;
        for (int32_t q = 0; q < paths->n; q++)
            if ((paths->path[q].bits & ~bits) == 0)
                lengths |= (uint64_t)1 << paths->path[q].n_edge;
        assert_int_equal(pt_path_lengths(s, &bits), lengths);
        assert_int_equal(pt_connected(s, &bits), lengths >> s->min_depth != 0);
    }
}

static void path_lengths_and_connected_are_those_of_enumeration(void **state)
{
    (void)state;
    for_every_graph(5, check_lengths);
}

static void check_prune(const pt_space_t *s, const paths_t *paths)
{
    uint64_t stride = stride_of(s, 1 << 15);
    for (uint64_t bits = 0; bits >> s->n_choice == 0; bits += stride) {
        uint64_t left = bits, wanted = 0;
        for (int32_t q = 0; q < paths->n; q++)
            if ((paths->path[q].bits & ~bits) == 0 && paths->path[q].n_edge >= s->min_depth)
                wanted |= paths->path[q].bits;
        pt_prune(s, &left);
        assert_int_equal(left, wanted);
    }
}

static void prune_leaves_exactly_the_union_of_connections(void **state)
{
    (void)state;
    for_every_graph(5, check_prune);
}

/* Paths stand in ascending order, so the first best one is the lowest. */
static uint64_t repair_by_enumeration(const pt_space_t *s, const paths_t *paths,
                                      const double *logit, uint64_t bits)
{
    double best = -INFINITY;
    uint64_t open = 0;
    for (int32_t q = 0; q < paths->n; q++) {
        double sum = 0;
        if (paths->path[q].n_edge < s->min_depth)
            continue;
        if ((paths->path[q].bits & ~bits) == 0)
            return bits;
        for (int32_t p = paths->path[q].n_piece - 1; p >= 0; p--) {
            int32_t c = paths->path[q].piece[p];
            sum = (pt_bitset_get(&bits, c) ? 0 : logit[c]) + sum;
        }
        if (sum > best) {
            best = sum;
            open = paths->path[q].bits;
        }
    }
    return bits | open;
}

static void check_repair_with(const pt_space_t *s, const paths_t *paths, bool with_ties)
{
    double logit[20];
    uint64_t stride = stride_of(s, 1 << 12);
    for (uint64_t bits = 0; bits >> s->n_choice == 0; bits += stride) {
        uint64_t repaired = bits;
        for (int32_t c = 0; c < s->n_choice; c++) {
            double u = draw((uint32_t)bits, c);
            logit[c] = with_ties ? floor(3 * u) - 1 : 8 * u - 4;
        }
        pt_repair(s, logit, &repaired);
        assert_int_equal(repaired, repair_by_enumeration(s, paths, logit, bits));
    }
}

static void check_repair(const pt_space_t *s, const paths_t *paths)
{
    check_repair_with(s, paths, false);
}

static void check_repair_ties(const pt_space_t *s, const paths_t *paths)
{
    check_repair_with(s, paths, true);
}

static void repair_opens_the_best_connection(void **state)
{
    (void)state;
    for_every_graph(5, check_repair);
}

static void repair_breaks_ties_by_the_lowest_node_sequence(void **state)
{
    (void)state;
    for_every_graph(5, check_repair_ties);
}

static void repair_of_nothing_at_equal_logits_takes_the_first_nodes(void **state)
{
    (void)state;
    const pt_space_t *s = make_space(&test, 6, 5, 2, 1);
    double logit[PT_DAG_MAX_CHOICE] = {0};
    uint64_t bits[PT_DAG_MAX_WORD] = {0}, wanted[PT_DAG_MAX_WORD] = {0};
    pt_bitset_set(wanted, find_choice(s, PT_CHOICE_IN, 0, 1), true);
    pt_bitset_set(wanted, find_choice(s, PT_CHOICE_EDGE, 1, 2), true);
    pt_bitset_set(wanted, find_choice(s, PT_CHOICE_EDGE, 2, 3), true);
    pt_bitset_set(wanted, find_choice(s, PT_CHOICE_OUT, 3, 0), true);
    pt_repair(s, logit, bits);
    assert_memory_equal(bits, wanted, sizeof bits);
}

static void largest_space_is_repaired_over_its_longest_path(void **state)
{
    (void)state;
    int32_t n = PT_DAG_MAX_NODE;
    const pt_space_t *s = make_space(&test, n, n - 1, n - 1, 1);
    double logit[PT_DAG_MAX_CHOICE];
    uint64_t bits[PT_DAG_MAX_WORD] = {0};
    assert_int_equal(s->n_choice, PT_DAG_MAX_CHOICE);
    for (int32_t c = 0; c < s->n_choice; c++)
        logit[c] = 100 * draw(1, c) - 50;
    pt_repair(s, logit, bits);
    assert_true(pt_connected(s, bits));
    assert_int_equal(pt_bitset_count(bits, s->n_choice), n + 1);
    assert_int_equal(pt_path_lengths(s, bits), (uint64_t)1 << (n - 1));
}

static void depth_that_no_path_has_is_never_connected(void **state)
{
    (void)state;
    const pt_space_t *s = make_space(&test, 4, 3, 4, 1);
    double logit[PT_DAG_MAX_CHOICE] = {0};
    uint64_t bits = ((uint64_t)1 << s->n_choice) - 1, none = 0;
    assert_false(pt_connected(s, &bits));
    pt_repair(s, logit, &none);
    assert_int_equal(none, 0);
    pt_prune(s, &bits);
    assert_int_equal(bits, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(path_lengths_and_connected_are_those_of_enumeration),
        cmocka_unit_test(prune_leaves_exactly_the_union_of_connections),
        cmocka_unit_test(repair_opens_the_best_connection),
        cmocka_unit_test(repair_breaks_ties_by_the_lowest_node_sequence),
        cmocka_unit_test(repair_of_nothing_at_equal_logits_takes_the_first_nodes),
        cmocka_unit_test(largest_space_is_repaired_over_its_longest_path),
        cmocka_unit_test(depth_that_no_path_has_is_never_connected),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
