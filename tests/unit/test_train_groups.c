/* Splits of grouped samples, on random groups of every kind: no group is cut, and parts are
 * as large, and classes as even, as groups allow. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "polytree/base/bitset.h"
#include "polytree/base/memory.h"
#include "polytree/base/rng.h"
#include "train/feed_parts.h"

enum { MAX_ROW = 600, MAX_BUNDLE = 4, MAX_CLASS = 6 };

typedef struct example {
    int64_t n_row, group[MAX_ROW], largest;
    int32_t n_bundle;
    pt_strata_t strata[MAX_BUNDLE];
    int64_t row[MAX_BUNDLE][MAX_ROW];
    int32_t of[MAX_BUNDLE][MAX_ROW];
    uint64_t taken[2][MAX_ROW / 64 + 1];
} example_t;

static int64_t below(const pt_rng_t *rng, uint64_t *at, int64_t n)
{
    return (int64_t)(pt_rng_uniform(rng, (*at)++) * (double)n);
}

/* Group numbers are any; rows of a group lie anywhere; bundles have rows of their own. */
static void make(example_t *e, uint32_t number)
{
    pt_rng_t rng = {.seed = 5, .step = number};
    uint64_t at = 0;
    int64_t size[MAX_ROW] = {0};
    memset(e, 0, sizeof *e);
    e->n_row = 40 + below(&rng, &at, MAX_ROW - 40);
    int64_t n_group = 2 + below(&rng, &at, 30);
    for (int64_t i = 0; i < e->n_row; i++) {
        int64_t g = below(&rng, &at, n_group);
        e->group[i] = number % 2 ? g * -1000003 : g;
        size[g]++;
        e->largest = size[g] > e->largest ? size[g] : e->largest;
    }
    e->n_bundle = 1 + (int32_t)below(&rng, &at, MAX_BUNDLE);
    for (int32_t b = 0; b < e->n_bundle; b++) {
        pt_strata_t *s = &e->strata[b];
        s->n = number % 3 == 0 ? 1 : 2 + (int32_t)below(&rng, &at, MAX_CLASS - 2);
        s->rows.row = e->row[b];
        s->of = e->of[b];
        for (int64_t i = 0; i < e->n_row; i++)
            if (b == 0 || below(&rng, &at, 3) > 0) {
                e->of[b][s->rows.n] = (int32_t)below(&rng, &at, s->n);
                e->row[b][s->rows.n++] = i;
            }
    }
}

static void cut(example_t *e, uint64_t seed, double val, double alpha)
{
    const double fraction[2] = {val, alpha};
    uint64_t *const taken[2] = {e->taken[0], e->taken[1]};
    memset(e->taken, 0, sizeof e->taken);
    assert_int_equal(pt_feed_cut_groups(e->group, e->n_row, e->strata, e->n_bundle, seed,
                                        fraction, taken),
                     PT_OK);
}

static void no_group_is_cut(void **state)
{
    static example_t e;
    (void)state;
    for (uint32_t k = 0; k < 60; k++) {
        make(&e, k);
        cut(&e, k, 0.2, 0.5);
        for (int64_t i = 0; i < e.n_row; i++) {
            assert_false(pt_bitset_get(e.taken[0], i) && pt_bitset_get(e.taken[1], i));
            for (int64_t j = 0; j < i; j++)
                for (int p = 0; p < 2 && e.group[i] == e.group[j]; p++)
                    assert_int_equal(pt_bitset_get(e.taken[p], i),
                                     pt_bitset_get(e.taken[p], j));
        }
    }
}

/* Rows of a bundle, of a class (-1: all), that are taken. */
static int64_t count(const example_t *e, int32_t b, int32_t class, int64_t *n)
{
    int64_t sum = 0;
    *n = 0;
    for (int64_t i = 0; i < e->strata[b].rows.n; i++) {
        bool is_in = class < 0 || e->of[b][i] == class;
        *n += is_in;
        sum += is_in && pt_bitset_get(e->taken[1], e->row[b][i]);
    }
    return sum;
}

static void parts_are_as_large_as_groups_allow(void **state)
{
    static const double fraction[] = {0.5, 0.2, 0.8};
    static example_t e;
    double off = 0;
    int n_class = 0;
    (void)state;
    for (uint32_t k = 0; k < 60; k++) {
        make(&e, k);
        cut(&e, k, 0, fraction[k % 3]);
        for (int32_t b = 0; b < e.n_bundle; b++) {
            int64_t n, sum = count(&e, b, -1, &n);
            assert_true(sum > 0 && sum < n);
            assert_true(fabs((double)sum - fraction[k % 3] * (double)n) <=
                        (double)e.largest);
            for (int32_t c = 0; c < e.strata[b].n; c++, n_class++) {
                sum = count(&e, b, c, &n);
                off += fabs((double)sum / (double)n - fraction[k % 3]);
            }
        }
    }
    /* Classes on their own could be anywhere; at random they are off by 0.13 here. */
    assert_true(off / n_class < 0.07);
}

/* Ten drawers of ten drawings each, of every class one: five of them are half, by seed. */
static void equal_groups_are_cut_exactly(void **state)
{
    static example_t e;
    uint64_t first[2] = {0, 0};
    int n_other = 0;
    (void)state;
    e = (example_t){.n_row = 100, .n_bundle = 1, .strata = {{.n = 10}}};
    e.strata[0].rows = (pt_part_rows_t){.n = 100, .row = e.row[0]};
    e.strata[0].of = e.of[0];
    for (int64_t i = 0; i < 100; i++) {
        e.group[i] = i % 10;
        e.row[0][i] = i;
        e.of[0][i] = (int32_t)(i / 10);
    }
    for (uint64_t seed = 0; seed < 20; seed++) {
        cut(&e, seed, 0, 0.5);
        for (int32_t c = 0; c < 10; c++) {
            int64_t n;
            assert_int_equal(count(&e, 0, c, &n), 5);
        }
        if (seed == 0)
            memcpy(first, e.taken[1], sizeof first);
        n_other += memcmp(first, e.taken[1], sizeof first) != 0;
        uint64_t same[2] = {e.taken[1][0], e.taken[1][1]};
        cut(&e, seed, 0, 0.5);
        assert_memory_equal(same, e.taken[1], sizeof same);
    }
    assert_true(n_other >= 15);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_group_is_cut),
        cmocka_unit_test(parts_are_as_large_as_groups_allow),
        cmocka_unit_test(equal_groups_are_cut_exactly),
    };
    int n_failed = cmocka_run_group_tests(tests, NULL, NULL);
    return n_failed || pt_memory_bytes() != 0; /* all that was taken was given back */
}
