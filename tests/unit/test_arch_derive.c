/* Deriving the network of a dag, against its definition by enumeration. */
#include "tests/unit/arch_space.h"

#include <math.h>

#include "polytree/arch/derive.h"

static test_space_t test;

static void fill_p(const pt_space_t *s, uint32_t kind, double *p)
{
    for (int32_t c = 0; c < s->n_choice; c++) {
        double u = draw(kind, c);
        switch (kind % 6) {
        case 0: /* anything */
            p[c] = u;
            break;
        case 1: /* all small */
            p[c] = 1e-6 * (1 + u / 1000);
            break;
        case 2: /* all near 1/2 */
            p[c] = 0.5 + 1e-9 * (u - 0.5);
            break;
        case 3: /* all near 1 */
            p[c] = 1 - 1e-9 * u;
            break;
        case 4: /* one polarised */
            p[c] = c == (int32_t)(u * 1e6) % s->n_choice ? 1 : 0.01;
            break;
        default: /* shut or open, many exact ties */
            p[c] = u < 0.3 ? 0 : 1;
            break;
        }
    }
}

/** Flow of every piece as the sum over connections through it of the product of p. */
static double flow_by_enumeration(const pt_space_t *s, const paths_t *paths,
                                  const double *p, uint64_t bits, double *flow)
{
    double whole = 0;
    memset(flow, 0, (size_t)s->n_choice * sizeof *flow);
    for (int32_t q = 0; q < paths->n; q++) {
        double product = 1;
        if ((paths->path[q].bits & ~bits) != 0 || paths->path[q].n_edge < s->min_depth)
            continue;
        for (int32_t i = 0; i < paths->path[q].n_piece; i++)
            product *= p[paths->path[q].piece[i]];
        for (int32_t i = 0; i < paths->path[q].n_piece; i++)
            flow[paths->path[q].piece[i]] += product;
        whole += product;
    }
    return whole;
}

static void assert_near(double x, double y)
{
    assert_true(fabs(x - y) <= 1e-13 * fabs(y));
}

static void flow_is_the_sum_over_connections(void **state)
{
    (void)state;
    double p[20], flow[20], wanted[20];
    paths_t paths;
    for (int32_t n = 1; n <= 5; n++)
        for (int32_t m = 1; m < n || m == 1; m++)
            for (int32_t depth = 1; depth <= 3; depth++) {
                const pt_space_t *s = make_space(&test, n, m, depth, 1);
                list_paths(s, &paths);
                for (uint32_t kind = 0; kind < 60; kind++) {
                    uint64_t bits = ((uint64_t)1 << s->n_choice) - 1;
                    if (kind >= 6) /* about one piece in eight is off */
                        for (int32_t c = 0; c < s->n_choice; c++)
                            pt_bitset_set(&bits, c, draw(1000 + kind, c) > 0.125);
                    fill_p(s, kind, p);
                    assert_near(pt_flow(s, p, &bits, flow),
                                flow_by_enumeration(s, &paths, p, bits, wanted));
                    for (int32_t c = 0; c < s->n_choice; c++)
                        assert_near(flow[c], wanted[c]);
                }
            }
}

static int32_t count_edges(const pt_space_t *s, const uint64_t *bits)
{
    int32_t n = 0;
    for (int32_t c = 0; c < s->n_choice; c++)
        n += s->choice[c].kind == PT_CHOICE_EDGE && pt_bitset_get(bits, c);
    return n;
}

static int32_t larger(int32_t a, double b)
{
    return b > a ? (int32_t)b : a;
}

/** What must hold of every reduction, whatever p, rule, kappa and keep. */
static void check_derived(const pt_space_t *s, const uint64_t *bits, double kappa)
{
    uint64_t pruned[PT_DAG_MAX_WORD];
    assert_true(pt_connected(s, bits));
    memcpy(pruned, bits, sizeof pruned);
    pt_prune(s, pruned);
    assert_memory_equal(pruned, bits, pt_bitset_words(s->n_choice) * sizeof *bits);
    assert_true(count_edges(s, bits) <= larger(s->min_depth, fmin(kappa, 1e6)));
}

static void a_connection_within_kappa_always_remains(void **state)
{
    (void)state;
    static const double kappas[] = {-1, 0, 1, 2.5, 4, 1e9};
    static const double keeps[] = {0, 0.5, 1};
    double p[PT_DAG_MAX_CHOICE];
    pt_rng_t rng = {.seed = 3, .purpose = PT_RNG_DERIVE};
    for (int32_t n = 2; n <= 8; n += n < 5 ? 1 : 3)
        for (int32_t m = 1; m < n; m++)
            for (int32_t depth = 1; depth < n; depth++) {
                const pt_space_t *s = make_space(&test, n, m, depth, 1);
                for (uint32_t kind = 0; kind < 12; kind++) {
                    fill_p(s, kind, p);
                    for (int rule = PT_RULE_FLOW; rule <= PT_RULE_RANDOM; rule++)
                        for (size_t x = 0; x < 6 * 3; x++) {
                            uint64_t bits[PT_DAG_MAX_WORD] = {0};
                            pt_derive(s, p, (pt_rule_t)rule, kappas[x / 3], keeps[x % 3],
                                      &rng, bits);
                            check_derived(s, bits, kappas[x / 3]);
                        }
                }
            }
}

/** The reduction as docs/methods.md, flow-based reduction, words it, on flows by
 * enumeration. */
static uint64_t derive_by_enumeration(const pt_space_t *s, const paths_t *paths,
                                      const double *p, int32_t kappa, double keep)
{
    double flow[20], base = 0;
    uint64_t bits = ((uint64_t)1 << s->n_choice) - 1, barred = 0;
    int32_t limit = larger(s->min_depth, kappa);
    bool is_second = false;
    for (;;) {
        uint64_t next = 0, tried;
        int32_t least = -1;
        bool has_last = false;
        double whole;
        pt_prune(s, &bits);
        whole = flow_by_enumeration(s, paths, p, bits, flow);
        if (!is_second && count_edges(s, &bits) <= kappa) {
            is_second = true;
            base = whole;
        }
        for (int kind = PT_CHOICE_IN; kind <= PT_CHOICE_OUT; kind++)
            for (int32_t i = 0; i <= s->n_dag_node; i++)
                for (int32_t j = 0; j <= s->n_dag_node; j++) {
                    int32_t c = find_choice(s, (pt_choice_kind_t)kind, i, j);
                    if (c >= 0 && (bits & ~barred) >> c & 1 &&
                        (least < 0 || flow[c] < flow[least]))
                        least = c;
                }
        if (least < 0)
            return bits;
        tried = bits & ~((uint64_t)1 << least);
        for (int32_t q = 0; q < paths->n; q++)
            if ((paths->path[q].bits & ~tried) == 0 &&
                paths->path[q].n_edge >= s->min_depth) {
                next |= paths->path[q].bits;
                has_last |= paths->path[q].n_edge <= limit;
            }
        if (!has_last)
            barred |= (uint64_t)1 << least;
        else if (is_second && flow_by_enumeration(s, paths, p, next, flow) < keep * base)
            return bits;
        else
            bits = next;
    }
}

static void reduction_is_the_one_by_enumeration(void **state)
{
    (void)state;
    double p[20];
    paths_t paths;
    for (int32_t n = 2; n <= 5; n++)
        for (int32_t m = 1; m < n; m++)
            for (int32_t depth = 1; depth < n && depth <= 3; depth++) {
                const pt_space_t *s = make_space(&test, n, m, depth, 1);
                list_paths(s, &paths);
                for (uint32_t seed = 0; seed < 20; seed++)
                    for (int32_t kappa = 0; kappa <= 6; kappa += 2) {
                        uint64_t bits = 0;
                        fill_p(s, 6 * seed, p);
                        pt_derive(s, p, PT_RULE_FLOW, kappa, 0.7, NULL, &bits);
                        assert_int_equal(bits,
                                         derive_by_enumeration(s, &paths, p, kappa, 0.7));
                    }
            }
}

static void ties_go_to_the_lowest_kind_and_nodes(void **state)
{
    (void)state;
    const pt_space_t *s = make_space(&test, 3, 2, 1, 1);
    double p[20];
    uint64_t bits = 0;
    for (int32_t c = 0; c < s->n_choice; c++)
        p[c] = 1;
    /*
     * Connections 12, 123, 13, 23, flow 4; read-ins 1 and 2 carry 3 and 1, edges 12, 13,
     * 23 carry 2, 1, 2, read-outs 2 and 3 carry 1 and 3.  Read-in 2 is the first of the
     * least; then edge 13 (1) before read-out 2 (1), which leaves 12 and 123.
     */
    pt_derive(s, p, PT_RULE_FLOW, 2, 1, NULL, &bits);
    assert_int_equal(count_edges(s, &bits), 2);
    assert_false(pt_bitset_get(&bits, find_choice(s, PT_CHOICE_IN, 0, 2)));
    assert_false(pt_bitset_get(&bits, find_choice(s, PT_CHOICE_EDGE, 1, 3)));
    assert_true(pt_bitset_get(&bits, find_choice(s, PT_CHOICE_OUT, 2, 0)));
    assert_true(pt_bitset_get(&bits, find_choice(s, PT_CHOICE_OUT, 3, 0)));
}

static void edges_in_a_tie_go_by_source_first(void **state)
{
    (void)state;
    const pt_space_t *s = make_space(&test, 4, 3, 1, 1);
    double p[20];
    uint64_t bits = 0;
    for (int32_t c = 0; c < s->n_choice; c++)
        p[c] = s->choice[c].kind == PT_CHOICE_EDGE ? 0.5 : 1;
    pt_derive(s, p, PT_RULE_P, 3, 1, NULL, &bits);
    for (int32_t c = 0; c < s->n_choice; c++)
        if (s->choice[c].kind == PT_CHOICE_EDGE)
            assert_int_equal(pt_bitset_get(&bits, c), s->choice[c].i > 1);
}

/* A strong long path and a weak short one: by flow alone the short one goes first. */
static void short_connection_is_kept_where_kappa_asks_for_it(void **state)
{
    (void)state;
    const pt_space_t *s = make_space(&test, 5, 4, 1, 1);
    double p[20];
    uint64_t bits = 0;
    for (int32_t c = 0; c < s->n_choice; c++)
        p[c] = 1e-3;
    p[find_choice(s, PT_CHOICE_IN, 0, 1)] = 1;
    p[find_choice(s, PT_CHOICE_OUT, 5, 0)] = 1;
    for (int32_t j = 2; j <= 5; j++)
        p[find_choice(s, PT_CHOICE_EDGE, j - 1, j)] = 1;
    pt_derive(s, p, PT_RULE_FLOW, 4, 0.9, NULL, &bits);
    assert_int_equal(pt_path_lengths(s, &bits), 1 << 4);
    pt_derive(s, p, PT_RULE_FLOW, 2, 1, NULL, &bits);
    assert_int_equal(count_edges(s, &bits), 2);
    assert_true(pt_connected(s, &bits));
}

static void keep_bounds_the_flow_lost_after_kappa_is_met(void **state)
{
    (void)state;
    const pt_space_t *s = make_space(&test, 5, 3, 1, 1);
    double p[20], flow[20];
    for (uint32_t seed = 0; seed < 30; seed++) {
        uint64_t all = ((uint64_t)1 << s->n_choice) - 1, some = 0, one = 0;
        double whole, left;
        fill_p(s, 6 * seed, p);
        pt_prune(s, &all);
        whole = pt_flow(s, p, &all, flow);
        pt_derive(s, p, PT_RULE_FLOW, 1e9, 0.8, NULL, &some);
        left = pt_flow(s, p, &some, flow);
        assert_true(left >= 0.8 * whole);
        for (int32_t c = 0; c < s->n_choice; c++) /* and no piece more could have gone */
            if (pt_bitset_get(&some, c))
                assert_true(left - flow[c] < 0.8 * whole);
        pt_derive(s, p, PT_RULE_FLOW, 1e9, 0, NULL, &one);
        assert_int_equal(pt_bitset_count(&one, s->n_choice), count_edges(s, &one) + 2);
    }
}

static void rule_p_drops_the_least_p_and_random_depends_on_its_key(void **state)
{
    (void)state;
    const pt_space_t *s = make_space(&test, 5, 4, 1, 1);
    double p[20];
    pt_rng_t rng = {.seed = 1, .purpose = PT_RNG_DERIVE};
    uint64_t bits = 0, first = 0, again = 0, n_other = 0;
    fill_p(s, 0, p);
    p[find_choice(s, PT_CHOICE_EDGE, 2, 4)] = 1e-9;
    pt_derive(s, p, PT_RULE_P, s->n_edge - 1, 1, NULL, &bits);
    assert_int_equal(bits, (((uint64_t)1 << s->n_choice) - 1) &
                               ~((uint64_t)1 << find_choice(s, PT_CHOICE_EDGE, 2, 4)) &
                               ~((uint64_t)1 << find_choice(s, PT_CHOICE_IN, 0, 5)) &
                               ~((uint64_t)1 << find_choice(s, PT_CHOICE_OUT, 1, 0)));
    pt_derive(s, p, PT_RULE_RANDOM, 4, 1, &rng, &first);
    pt_derive(s, p, PT_RULE_RANDOM, 4, 1, &rng, &again);
    assert_int_equal(first, again);
    for (uint32_t step = 1; step <= 8; step++) {
        rng.step = step;
        pt_derive(s, p, PT_RULE_RANDOM, 4, 1, &rng, &again);
        n_other += again != first;
    }
    assert_true(n_other > 0);
}

static void largest_space_with_vanishing_flow_still_reduces(void **state)
{
    (void)state;
    int32_t n = PT_DAG_MAX_NODE;
    const pt_space_t *s = make_space(&test, n, 3, n - 1, 1);
    double p[PT_DAG_MAX_CHOICE];
    uint64_t bits[PT_DAG_MAX_WORD];
    for (int32_t c = 0; c < s->n_choice; c++)
        p[c] = 1e-9; /* to the 65th power: below the least double */
    pt_derive(s, p, PT_RULE_FLOW, 10, 0.9, NULL, bits);
    check_derived(s, bits, 10);
}

static void nothing_is_left_where_no_path_is_deep_enough(void **state)
{
    (void)state;
    const pt_space_t *s = make_space(&test, 3, 2, 3, 1);
    double p[20], flow[20];
    uint64_t bits = 1, all = ((uint64_t)1 << s->n_choice) - 1;
    fill_p(s, 0, p);
    pt_derive(s, p, PT_RULE_FLOW, 2, 0.9, NULL, &bits);
    assert_int_equal(bits, 0);
    assert_true(pt_flow(s, p, &all, flow) == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(flow_is_the_sum_over_connections),
        cmocka_unit_test(a_connection_within_kappa_always_remains),
        cmocka_unit_test(reduction_is_the_one_by_enumeration),
        cmocka_unit_test(ties_go_to_the_lowest_kind_and_nodes),
        cmocka_unit_test(edges_in_a_tie_go_by_source_first),
        cmocka_unit_test(short_connection_is_kept_where_kappa_asks_for_it),
        cmocka_unit_test(keep_bounds_the_flow_lost_after_kappa_is_met),
        cmocka_unit_test(rule_p_drops_the_least_p_and_random_depends_on_its_key),
        cmocka_unit_test(largest_space_with_vanishing_flow_still_reduces),
        cmocka_unit_test(nothing_is_left_where_no_path_is_deep_enough),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
