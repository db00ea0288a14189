/* Expected groups of a sampled branching: against the definition, against sums over all
 * prefixes, against inclusion and exclusion over sets of tasks; bounds and gradient.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "polytree/arch/expect.h"
#include "polytree/base/memory.h"
#include "polytree/base/rng.h"

enum { MAX_LAYER = 18, MAX_TASK = 60, MAX_CHOICE = 160 };
/* Rounding of some thousand sums of numbers up to 5; a tolerance of 0 means 1e-13. */
#define ROUNDING 1e-11

typedef struct sample {
    int32_t n_task, n_layer, first[MAX_LAYER + 1];
    double logit[MAX_TASK * MAX_CHOICE], p[MAX_TASK * MAX_CHOICE], f[MAX_LAYER];
    double low[MAX_LAYER], high[MAX_LAYER], dp[MAX_TASK * MAX_CHOICE];
} sample_t;

static sample_t s;

static double *of_task(double *values, int32_t k)
{
    return values + k * s.first[s.n_layer];
}

static void set_sizes(int32_t n_task, int32_t n_layer, const int32_t *n_copy)
{
    memset(&s, 0, sizeof s);
    s.n_task = n_task;
    s.n_layer = n_layer;
    for (int32_t l = 0; l < n_layer; l++) {
        s.first[l + 1] = s.first[l] + n_copy[l];
        s.f[l] = 1;
    }
    assert_true(n_task <= MAX_TASK && s.first[n_layer] <= MAX_CHOICE);
}

static void softmax(void)
{
    for (int32_t k = 0; k < s.n_task; k++)
        for (int32_t l = 0; l < s.n_layer; l++) {
            double sum = 0, top = -INFINITY;
            for (int32_t c = s.first[l]; c < s.first[l + 1]; c++)
                top = fmax(top, of_task(s.logit, k)[c]);
            for (int32_t c = s.first[l]; c < s.first[l + 1]; c++)
                sum += exp(of_task(s.logit, k)[c] - top);
            for (int32_t c = s.first[l]; c < s.first[l + 1]; c++)
                of_task(s.p, k)[c] = exp(of_task(s.logit, k)[c] - top) / sum;
        }
}

static pt_expect_t *make(void)
{
    pt_expect_t *e;
    assert_int_equal(pt_expect_new(s.n_task, s.n_layer, s.first, &e), PT_OK);
    return e;
}

static void bound(double tolerance)
{
    pt_expect_t *e = make();
    softmax();
    assert_int_equal(pt_expect_groups(e, s.p, s.f, tolerance, s.low, s.high, s.dp), PT_OK);
    pt_expect_free(e);
}

static double objective(const double *groups)
{
    double sum = 0;
    for (int32_t l = 0; l < s.n_layer; l++)
        sum += s.f[l] * groups[l];
    return sum;
}

/* The random number of this name, its kind told by the two. */
static double uniform(uint64_t seed, uint64_t index)
{
    return pt_rng_uniform(&(pt_rng_t){.seed = seed, .purpose = PT_RNG_DRAW}, index);
}

/* K <= 5, B <= 4, L <= 4; logits from all equal to nearly one-hot, now and then with two
 * tasks alike, a task that is sure of its copies, or a layer that costs nothing. */
static void draw(uint64_t seed)
{
    int32_t n_copy[4], n_task = 1 + (int32_t)(5 * uniform(seed, 0));
    int32_t n_layer = 1 + (int32_t)(4 * uniform(seed, 1));
    double spread = 6 * pow(uniform(seed, 2), 2);
    pt_rng_t rng = {.seed = seed, .purpose = PT_RNG_INIT};

    for (int32_t l = 0; l < n_layer; l++)
        n_copy[l] = 1 + (int32_t)(4 * uniform(seed, 3 + (uint64_t)l));
    set_sizes(n_task, n_layer, n_copy);
    for (int32_t x = 0; x < n_task * s.first[n_layer]; x++)
        s.logit[x] = spread * pt_rng_normal(&rng, (uint64_t)x);
    size_t bytes = (size_t)s.first[n_layer] * sizeof(double);
    if (n_task > 1 && seed % 3 == 0)
        memcpy(of_task(s.logit, 1), s.logit, bytes);
    if (seed % 5 == 0)
        for (int32_t l = 0; l < n_layer; l++)
            s.logit[s.first[l]] = 900;
    for (int32_t l = 0; l < n_layer; l++)
        s.f[l] = seed % 7 == 0 && l == 1 ? 0 : 0.1 + 1e8 * uniform(seed, 9 + (uint64_t)l);
    softmax();
}

/* E[G_l] as the sum over all prefixes, none left out. */
static void add_prefixes(int32_t depth, const double *q, double *groups)
{
    double below[MAX_TASK];
    for (int32_t c = s.first[depth]; c < s.first[depth + 1]; c++) {
        double none = 1;
        for (int32_t k = 0; k < s.n_task; k++) {
            below[k] = q[k] * of_task(s.p, k)[c];
            none *= 1 - below[k];
        }
        groups[depth] += 1 - none;
        if (depth + 1 < s.n_layer)
            add_prefixes(depth + 1, below, groups);
    }
}

/* E[G_l] by inclusion and exclusion: a set of tasks shares a prefix of l layers with chance
 * prod_m sum_c prod_k p. */
static void add_sets(double *groups)
{
    for (uint32_t set = 1; set < 1u << s.n_task; set++) {
        double chance = __builtin_popcount(set) % 2 ? 1 : -1;
        for (int32_t l = 0; l < s.n_layer; l++) {
            double meet = 0;
            for (int32_t c = s.first[l]; c < s.first[l + 1]; c++) {
                double all = 1;
                for (int32_t k = 0; k < s.n_task; k++)
                    all *= set >> k & 1 ? of_task(s.p, k)[c] : 1;
                meet += all;
            }
            chance *= meet;
            groups[l] += chance;
        }
    }
}

static void exact_value_is_that_of_the_definition(void **state)
{
    (void)state;
    FILE *file = fopen("tests/golden/groups.txt", "r");
    int n_task, n_layer, n_case = 0;

    assert_non_null(file);
    while (fscanf(file, "%d %d", &n_task, &n_layer) == 2) {
        int32_t n_copy[MAX_LAYER];
        for (int l = 0; l < n_layer; l++)
            assert_int_equal(fscanf(file, "%d", &n_copy[l]), 1);
        set_sizes(n_task, n_layer, n_copy);
        for (int l = 0; l < n_layer; l++)
            for (int k = 0; k < n_task; k++)
                for (int c = s.first[l]; c < s.first[l + 1]; c++)
                    assert_int_equal(fscanf(file, "%lf", &of_task(s.logit, k)[c]), 1);
        bound(0);
        for (int l = 0; l < n_layer; l++) {
            double want;
            assert_int_equal(fscanf(file, "%lf", &want), 1);
            assert_true(fabs(s.low[l] - want) < ROUNDING);
            assert_true(fabs(s.high[l] - want) < ROUNDING);
        }
        n_case++;
    }
    fclose(file);
    assert_int_equal(n_case, 10);
}

static void bounds_hold_the_truth_and_the_tolerance(void **state)
{
    (void)state;
    static const double tolerance[] = {0, 1e-6, 1e-3, 0.05, 1, 1e9};
    int n_open = 0;

    for (uint64_t seed = 1; seed <= 400; seed++) {
        double truth[4] = {0}, one[MAX_TASK], gap = 0;
        draw(seed);
        for (int32_t k = 0; k < s.n_task; k++)
            one[k] = 1;
        add_prefixes(0, one, truth);
        for (size_t t = 0; t < sizeof tolerance / sizeof *tolerance; t++) {
            bound(tolerance[t]);
            gap = objective(s.high) - objective(s.low);
            assert_true(gap <= (tolerance[t] + 1e-12) * objective(s.low) || s.n_task == 1);
            for (int32_t l = 0; l < s.n_layer; l++) {
                assert_true(s.low[l] <= truth[l] + ROUNDING);
                assert_true(s.high[l] >= truth[l] - ROUNDING);
            }
            n_open += gap > 1e-3 * tolerance[t] * objective(s.low);
        }
    }
    /* Else the walk did all the work, and the bounds were never tried. */
    assert_true(n_open > 200);
}

static void deep_trees_agree_with_inclusion_and_exclusion(void **state)
{
    (void)state;
    int32_t n_copy[MAX_LAYER];
    static const double tolerance[] = {1e-8, 1e-3};

    for (int32_t l = 0; l < MAX_LAYER; l++)
        n_copy[l] = 3 + l % 4;
    for (uint64_t seed = 1; seed <= 20; seed++)
        for (int t = 0; t < 2; t++) {
            double truth[MAX_LAYER] = {0};
            pt_rng_t rng = {.seed = seed, .purpose = PT_RNG_INIT};
            set_sizes(5, MAX_LAYER, n_copy);
            for (int32_t k = 0; k < 5; k++)
                for (int32_t c = 0; c < s.first[MAX_LAYER]; c++)
                    of_task(s.logit, k)[c] =
                        pt_rng_normal(&rng, (uint64_t)(k * MAX_CHOICE + c)) +
                        (c % 5 == 0 ? 0.3 * (double)seed : 0);
            bound(tolerance[t]);
            add_sets(truth);
            double width = objective(s.high) - objective(s.low);
            assert_true(width <= tolerance[t] * objective(s.low));
            for (int32_t l = 0; l < MAX_LAYER; l++) {
                assert_true(s.low[l] <= truth[l] + ROUNDING);
                assert_true(s.high[l] >= truth[l] - ROUNDING);
            }
        }
}

/* By central differences over the logits, error h^2 f''' and 1e-16 f / h: 1e-7 of the
 * largest.  A walk that stops elsewhere at one of the two ends would show, and does not. */
static void gradient_is_that_of_the_lower_bound(void **state)
{
    (void)state;
    static const double tolerance[] = {0, 1e-3, 0.2};
    const double h = 1e-5;

    for (uint64_t seed = 1; seed <= 60; seed++)
        for (int t = 0; t < 3; t++) {
            double dlogit[MAX_TASK * MAX_CHOICE], scale = 0;
            draw(seed);
            bound(tolerance[t]);
            for (int32_t l = 0; l < s.n_layer; l++)
                scale += s.f[l];
            for (int32_t k = 0; k < s.n_task; k++)
                for (int32_t l = 0; l < s.n_layer; l++) {
                    double mean = 0;
                    for (int32_t c = s.first[l]; c < s.first[l + 1]; c++)
                        mean += of_task(s.p, k)[c] * of_task(s.dp, k)[c];
                    for (int32_t c = s.first[l]; c < s.first[l + 1]; c++)
                        of_task(dlogit, k)[c] =
                            of_task(s.p, k)[c] * (of_task(s.dp, k)[c] - mean);
                }
            for (int32_t x = 0; x < s.n_task * s.first[s.n_layer]; x++) {
                double at = s.logit[x];
                s.logit[x] = at + h;
                bound(tolerance[t]);
                double above = objective(s.low);
                s.logit[x] = at - h;
                bound(tolerance[t]);
                double difference = (above - objective(s.low)) / (2 * h);
                s.logit[x] = at;
                assert_true(fabs(difference - dlogit[x]) <= 1e-7 * scale);
            }
        }
}

/* Sure choices: groups are counted exactly, and the walk follows the tasks only. */
static void sure_choices_give_whole_numbers(void **state)
{
    (void)state;
    int32_t n_copy[MAX_LAYER];
    for (int32_t l = 0; l < MAX_LAYER; l++)
        n_copy[l] = 8;
    set_sizes(MAX_TASK, MAX_LAYER, n_copy);
    for (int32_t k = 0; k < MAX_TASK; k++)
        for (int32_t l = 0; l < MAX_LAYER; l++)
            of_task(s.p, k)[s.first[l] + (l == 4 ? k % 8 : 0)] = 1;
    pt_expect_t *e = make();
    assert_int_equal(pt_expect_groups(e, s.p, s.f, 0, s.low, s.high, NULL), PT_OK);
    for (int32_t l = 0; l < MAX_LAYER; l++) {
        assert_true(s.low[l] == (l < 4 ? 1 : 8));
        assert_true(s.high[l] == s.low[l]);
    }
    assert_true(pt_expect_n_visited(e) <= 8 * 8 * MAX_LAYER + 1);
    pt_expect_free(e);
}

/* Many tasks, a deep tree of 8^18 prefixes: a small part of it is enough, twice the same
 * call gives the same bits, and nothing is allocated on the way. */
static void many_tasks_take_few_prefixes(void **state)
{
    (void)state;
    int32_t n_copy[MAX_LAYER];
    static double low[MAX_LAYER];

    for (int32_t l = 0; l < MAX_LAYER; l++)
        n_copy[l] = 8;
    set_sizes(50, MAX_LAYER, n_copy);
    softmax();
    pt_expect_t *e = make();
    uint64_t n_alloc = pt_memory_n_alloc();
    assert_int_equal(pt_expect_groups(e, s.p, s.f, 1e-3, low, s.high, NULL), PT_OK);
    assert_int_equal(pt_expect_groups(e, s.p, s.f, 1e-3, s.low, s.high, s.dp), PT_OK);
    assert_true(n_alloc == pt_memory_n_alloc());
    assert_memory_equal(low, s.low, sizeof low);
    assert_true(pt_expect_n_visited(e) < 1000);
    /* 8 copies, met by 50 tasks */
    assert_true(fabs(s.low[0] - 8 * (1 - pow(7.0 / 8, 50))) < ROUNDING);
    assert_true(objective(s.high) - objective(s.low) <= 1e-3 * objective(s.low));
    pt_expect_free(e);
}

/* alpha[layer][task][copy] of a case of the reference file. */
static void take_case(const json_t *one)
{
    int32_t n_copy[MAX_LAYER];
    int32_t n_layer = (int32_t)json_integer_value(json_object_get(one, "layers"));
    const json_t *alpha = json_object_get(one, "alpha");

    for (int32_t l = 0; l < n_layer; l++)
        n_copy[l] = (int32_t)json_integer_value(json_object_get(one, "copies"));
    set_sizes((int32_t)json_integer_value(json_object_get(one, "tasks")), n_layer, n_copy);
    for (int32_t l = 0; l < n_layer; l++)
        for (int32_t k = 0; k < s.n_task; k++)
            for (int32_t c = 0; c < n_copy[l]; c++)
                of_task(s.logit, k)[s.first[l] + c] = json_number_value(json_array_get(
                    json_array_get(json_array_get(alpha, (size_t)l), (size_t)k),
                    (size_t)c));
    softmax();
}

/* Values that others have enumerated are met to 1e-10 at tolerance 0. */
static void reference_file_is_met(void **state)
{
    const char *data = getenv("POLYTREE_TEST_DATA");
    char path[1024];
    size_t i;
    json_t *root, *one;
    (void)state;

    snprintf(path, sizeof path, "%s/../branch_expected_groups.json",
             data == NULL ? "../shared/data" : data);
    root = json_load_file(path, 0, NULL);
    if (root == NULL) {
        print_message("no %s: set POLYTREE_TEST_DATA\n", path);
        skip();
    }
    assert_true(json_array_size(json_object_get(root, "cases")) > 0);
    json_array_foreach(json_object_get(root, "cases"), i, one)
    {
        take_case(one);
        pt_expect_t *e = make();
        assert_int_equal(pt_expect_groups(e, s.p, s.f, 0, s.low, s.high, NULL), PT_OK);
        for (int32_t l = 0; l < s.n_layer; l++) {
            double want = json_number_value(
                json_array_get(json_object_get(one, "expected_groups"), (size_t)l));
            assert_true(fabs(s.low[l] - want) < 1e-10);
            assert_true(fabs(s.high[l] - want) < 1e-10);
        }
        pt_expect_free(e);
    }
    json_decref(root);
}

static void wrong_numbers_are_refused(void **state)
{
    (void)state;
    static const int32_t n_copy[] = {2, 3}, hole[] = {0, 2, 2}, late[] = {1, 2, 3};
    pt_expect_t *e = NULL;

    assert_int_equal(pt_expect_new(0, 2, late, &e), PT_E_RANGE);
    assert_int_equal(pt_expect_new(2, 2, hole, &e), PT_E_RANGE);
    assert_non_null(strstr(pt_error_message(), "layer 2"));
    assert_int_equal(pt_expect_new(2, 2, late, &e), PT_E_RANGE);
    set_sizes(2, 2, n_copy);
    softmax();
    e = make();
    assert_int_equal(pt_expect_groups(e, s.p, s.f, -1, s.low, s.high, NULL), PT_E_RANGE);
    assert_int_equal(pt_expect_groups(e, s.p, s.f, NAN, s.low, s.high, NULL), PT_E_RANGE);
    s.f[1] = -1;
    assert_int_equal(pt_expect_groups(e, s.p, s.f, 0, s.low, s.high, NULL), PT_E_NUMERIC);
    s.f[1] = 1;
    s.p[8] = NAN;
    assert_int_equal(pt_expect_groups(e, s.p, s.f, 0, s.low, s.high, NULL), PT_E_NUMERIC);
    assert_non_null(strstr(pt_error_message(), "task 1 over the copies of layer 2"));
    s.p[8] = 0.5;
    assert_int_equal(pt_expect_groups(e, s.p, s.f, 0, s.low, s.high, NULL), PT_E_NUMERIC);
    pt_expect_free(e);
    pt_expect_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exact_value_is_that_of_the_definition),
        cmocka_unit_test(bounds_hold_the_truth_and_the_tolerance),
        cmocka_unit_test(deep_trees_agree_with_inclusion_and_exclusion),
        cmocka_unit_test(gradient_is_that_of_the_lower_bound),
        cmocka_unit_test(sure_choices_give_whole_numbers),
        cmocka_unit_test(many_tasks_take_few_prefixes),
        cmocka_unit_test(reference_file_is_met),
        cmocka_unit_test(wrong_numbers_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
