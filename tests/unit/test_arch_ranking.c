/* How a search ranks branchings: probabilities against the sum over all choices of copies;
 * rank correlation against numbers worked by hand. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "polytree/arch/ranking.h"
#include "polytree/base/memory.h"
#include "polytree/base/rng.h"

enum { MAX_ENTRY = 12, MAX_CHOICE = 16, MAX_BRANCHING = 128 };

typedef struct sample {
    int32_t n_layer, n_task, first[MAX_ENTRY + 1];
    double logit[MAX_ENTRY * MAX_CHOICE];
} sample_t;

static double normal(uint64_t seed, int32_t index)
{
    return pt_rng_normal(&(pt_rng_t){.seed = seed, .purpose = PT_RNG_INIT},
                         (uint64_t)index);
}

static void make(sample_t *s, int32_t n_task, int32_t n_layer, const int32_t *n_copy,
                 double spread, uint64_t seed)
{
    *s = (sample_t){.n_layer = n_layer, .n_task = n_task};
    for (int32_t l = 0; l < n_layer; l++)
        s->first[l + 1] = s->first[l] + n_copy[l];
    assert_true(s->first[n_layer] <= MAX_CHOICE);
    for (int32_t i = 0; i < n_task * s->first[n_layer]; i++)
        s->logit[i] = spread * normal(seed, i);
}

static double softmax(const sample_t *s, int32_t l, int32_t k, int32_t c)
{
    const double *x = s->logit + k * s->first[s->n_layer] + s->first[l];
    double sum = 0;
    for (int32_t j = 0; j < s->first[l + 1] - s->first[l]; j++)
        sum += exp(x[j]);
    return exp(x[c]) / sum;
}

/* Add the probability of every choice of copies to that of the branching which it is. */
static void try_all_copies(const sample_t *s, int64_t n, const pt_branching_t *all,
                           double *p)
{
    int32_t copy[MAX_ENTRY] = {0}, n_entry = s->n_layer * s->n_task, at = 0;
    pt_branching_t b;
    assert_int_equal(pt_branching_init(&b, s->n_layer, s->n_task), PT_OK);
    memset(p, 0, (size_t)n * sizeof *p);
    while (at < n_entry) {
        double chance = 1;
        int64_t i = 0;
        for (int32_t l = 0; l < s->n_layer; l++)
            for (int32_t k = 0; k < s->n_task; k++)
                chance *= softmax(s, l, k, copy[l * s->n_task + k]);
        pt_branching_of_copies(copy, &b);
        while (i < n && !pt_branching_equal(&b, &all[i]))
            i++;
        assert_true(i < n);
        p[i] += chance;
        for (at = 0; at < n_entry; at++) {
            int32_t l = at / s->n_task;
            if (++copy[at] < s->first[l + 1] - s->first[l])
                break;
            copy[at] = 0;
        }
    }
    pt_branching_release(&b);
}

/* All branchings of the sizes, those that need more copies than there are among them. */
static int64_t list_all(int32_t n_layer, int32_t n_task, pt_branching_t *all)
{
    int64_t n;
    assert_int_equal(pt_branching_count(n_layer, n_task, 0, &n), PT_OK);
    assert_true(n <= MAX_BRANCHING);
    for (int64_t i = 0; i < n; i++) {
        assert_int_equal(pt_branching_init(&all[i], n_layer, n_task), PT_OK);
        assert_int_equal(pt_branching_nth(i, 0, &all[i]), PT_OK);
    }
    return n;
}

/* The closed form is the sum over all choices, for as many copies as tasks, fewer, and
 * unlike ones; together they are certain, and what copies cannot make is impossible. */
static void chances_are_sums_over_choices(void **state)
{
    static const struct {
        int32_t n_task, n_layer, n_copy[4];
    } sizes[] = {{3, 3, {3, 3, 3}},    {4, 2, {4, 4}}, {4, 2, {2, 2}},    {3, 3, {1, 2, 3}},
                 {2, 4, {2, 3, 1, 2}}, {5, 1, {5}},    {1, 3, {2, 2, 2}}, {3, 2, {5, 4}}};
    pt_branching_t all[MAX_BRANCHING];
    double p[MAX_BRANCHING];
    (void)state;

    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        int64_t n = list_all(sizes[i].n_layer, sizes[i].n_task, all);
        for (int32_t trial = 0; trial < 3; trial++) {
            sample_t s;
            double sum = 0;
            make(&s, sizes[i].n_task, sizes[i].n_layer, sizes[i].n_copy, 1.5 * trial,
                 10 * i + (uint64_t)trial);
            try_all_copies(&s, n, all, p);
            for (int64_t j = 0; j < n; j++) {
                double log_p;
                assert_int_equal(pt_ranking_log_p(s.logit, s.first, &all[j], &log_p),
                                 PT_OK);
                sum += exp(log_p);
                if (p[j] == 0)
                    assert_true(log_p == -INFINITY);
                else /* logs of sums of some thousand products */
                    assert_true(fabs(log_p - log(p[j])) < 1e-11);
            }
            assert_true(fabs(sum - 1) < 1e-12);
        }
        for (int64_t j = 0; j < n; j++)
            pt_branching_release(&all[j]);
    }
    assert_int_equal(pt_memory_bytes(), 0);
}

/* Chances too small for a double still have an order: the more logit is given up, the less
 * likely.  Two tasks, two layers; both want copy 0. */
static void sure_searches_rank_too(void **state)
{
    const int32_t first[] = {0, 2, 4};
    const double logit[] = {3000, 0, 2000, 0, 3000, 0, 2000, 0};
    static const double expected[] = {0, -2000 + M_LN2, -3000 + M_LN2};
    (void)state;

    for (int32_t i = 0; i < 3; i++) {
        pt_branching_t b;
        double log_p;
        assert_int_equal(pt_branching_init(&b, 2, 2), PT_OK);
        assert_int_equal(pt_branching_nth(i, 0, &b), PT_OK);
        assert_int_equal(pt_ranking_log_p(logit, first, &b, &log_p), PT_OK);
        assert_true(fabs(log_p - expected[i]) < 1e-10);
        pt_branching_release(&b);
    }
}

/* 2^parts numbers are refused before they are asked for. */
static void many_parts_are_refused(void **state)
{
    enum { N_TASK = 24 };
    const int32_t first[] = {0, N_TASK};
    static const double logit[N_TASK * N_TASK];
    pt_branching_t b;
    double log_p;
    (void)state;

    assert_int_equal(pt_branching_init(&b, 1, N_TASK), PT_OK);
    assert_int_equal(pt_ranking_log_p(logit, first, &b, &log_p), PT_OK);
    /* All in the same of 24 copies. */
    assert_true(fabs(log_p - (1 - N_TASK) * log(N_TASK)) < 1e-10);
    pt_branching_full(&b);
    assert_int_equal(pt_ranking_log_p(logit, first, &b, &log_p), PT_E_RANGE);
    pt_branching_release(&b);
    assert_int_equal(pt_memory_bytes(), 0);
}

static double correlate(int32_t n, const double *x, const double *y)
{
    double rho;
    assert_int_equal(pt_ranking_correlation(n, x, y, &rho), PT_OK);
    return rho;
}

/* Worked by hand.  Ranks of x 1, 2.5, 2.5, 4 and of y 2, 1, 3.5, 3.5 lie -1.5, 0, 0, 1.5
 * and -0.5, -1.5, 1, 1 from their mean: 2.25 / sqrt(4.5 * 4.5). */
static void correlation_of_ranks(void **state)
{
    const double up[] = {-INFINITY, -3, 0.1, 5, 1e300}, down[] = {4, 3, 2, 1, 0},
                 x[] = {1, 2, 2, 7}, y[] = {5, 1, 9, 9}, same[] = {2, 2, 2, 2};
    const double with_gap[] = {1, NAN, 2, 2, 7, 3}, gap_y[] = {5, 100, 1, 9, 9, NAN};
    (void)state;

    assert_true(correlate(5, up, up) == 1);
    assert_true(correlate(5, up, down) == -1);
    assert_true(fabs(correlate(4, x, y) - 0.5) < 1e-15);
    assert_true(fabs(correlate(6, with_gap, gap_y) - 0.5) < 1e-15);
    assert_true(isnan(correlate(4, x, same)));
    assert_true(isnan(correlate(1, x, y)));
    assert_true(isnan(correlate(0, x, y)));
}

/* Without ties it is 1 - 6 sum d^2 / (n (n^2 - 1)). */
static void correlation_without_ties(void **state)
{
    enum { N = 40 };
    (void)state;

    for (uint64_t seed = 0; seed < 20; seed++) {
        double x[N], y[N], squares = 0;
        for (int32_t i = 0; i < N; i++) {
            x[i] = normal(seed, i);
            y[i] = normal(seed, N + i) + (double)(seed % 3) * x[i];
        }
        for (int32_t i = 0; i < N; i++) {
            double d = 0;
            for (int32_t j = 0; j < N; j++)
                d += (x[j] < x[i]) - (y[j] < y[i]);
            squares += d * d;
        }
        assert_true(fabs(correlate(N, x, y) - (1 - 6 * squares / (N * (N * N - 1.0)))) <
                    1e-12);
    }
    assert_int_equal(pt_memory_bytes(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chances_are_sums_over_choices),
        cmocka_unit_test(sure_searches_rank_too),
        cmocka_unit_test(many_parts_are_refused),
        cmocka_unit_test(correlation_of_ranks),
        cmocka_unit_test(correlation_without_ties),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
