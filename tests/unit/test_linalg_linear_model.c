/* Linear models are where their objective is least: a change of any coefficient or
 * intercept raises it. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "polytree/base/rng.h"
#include "polytree/linalg/linear_model.h"

enum { N = 60, D = 4, GROUPS = 3, CLASSES = 3 };

typedef struct rows {
    double x[N * D], y[N];
    int32_t group[N], label[N];
    pt_rows_t rows;
} rows_t;

static double draw(uint32_t step, int64_t i)
{
    pt_rng_t rng = {.seed = 11, .step = step};
    return 2 * pt_rng_uniform(&rng, (uint64_t)i) - 1;
}

/* Features of unlike units, the last a constant; the last group has no rows. */
static void make(rows_t *r, bool is_ridge)
{
    for (int64_t i = 0; i < N; i++) {
        for (int64_t j = 0; j < D; j++)
            r->x[i * D + j] = j == D - 1 ? 7 : 3 + pow(10, (double)j) * draw(1, i * D + j);
        r->group[i] = (int32_t)(i % (GROUPS - 1));
        r->y[i] = r->x[i * D] + 5 * r->group[i] + draw(2, i);
        r->label[i] = (int32_t)(CLASSES / 2.0 * (1 + 0.9 * draw(3, i)));
    }
    r->rows = (pt_rows_t){.n = N,
                          .n_feature = D,
                          .n_group = GROUPS,
                          .x = r->x,
                          .group = r->group,
                          .y = is_ridge ? r->y : NULL,
                          .label = is_ridge ? NULL : r->label};
}

static double deviation_of(const rows_t *r, int32_t j)
{
    double mean = 0, square = 0;
    for (int64_t i = 0; i < N; i++)
        mean += r->x[i * D + j] / N;
    for (int64_t i = 0; i < N; i++)
        square += (r->x[i * D + j] - mean) * (r->x[i * D + j] - mean) / N;
    return sqrt(square);
}

static double objective(const rows_t *r, const pt_linear_model_t *m, double lambda)
{
    double loss, penalty = 0;
    assert_int_equal(pt_linear_model_loss(m, &r->rows, &loss), PT_OK);
    for (int32_t j = 0; j < D; j++)
        for (int32_t c = 0; c < m->n_output; c++)
            penalty += pow(m->weight[j * m->n_output + c] * deviation_of(r, j), 2);
    return loss + (r->rows.label != NULL ? lambda / 2 : lambda) * penalty;
}

/* By central differences, in units in which all coefficients are alike. */
static void check_least(const rows_t *r, pt_linear_model_t *m, double lambda)
{
    for (int32_t i = 0; i < (D + GROUPS) * m->n_output; i++) {
        int32_t j = i / m->n_output;
        double *at = j < D ? &m->weight[i] : &m->intercept[i - D * m->n_output];
        double unit = j < D - 1 ? 1e-4 / deviation_of(r, j) : 1e-4, own = *at;
        *at = own + unit;
        double above = objective(r, m, lambda);
        *at = own - unit;
        double below = objective(r, m, lambda);
        *at = own;
        assert_true(fabs(above - below) / 2e-4 < 1e-6);
    }
}

static void fit(bool is_ridge)
{
    static const double lambda[] = {10, 0.1, 1e-4, 0.1};
    rows_t *r = calloc(1, sizeof *r);
    pt_linear_fit_t *f;
    assert_non_null(r);
    make(r, is_ridge);
    assert_int_equal(pt_linear_fit_new(&r->rows, is_ridge ? 1 : CLASSES, NULL, &f), PT_OK);
    for (size_t i = 0; i < sizeof lambda / sizeof lambda[0]; i++) {
        pt_linear_model_t m;
        assert_int_equal(pt_linear_fit_run(f, lambda[i], &m), PT_OK);
        check_least(r, &m, lambda[i]);
        for (int32_t c = 0; c < m.n_output; c++)
            assert_true(m.weight[(D - 1) * m.n_output + c] == 0);
        pt_linear_model_release(&m);
    }
    pt_linear_fit_free(f);
    free(r);
}

static void ridges_are_least(void **state)
{
    (void)state;
    fit(true);
}

static void logistic_regressions_are_least(void **state)
{
    (void)state;
    fit(false);
}

/* A ridge, a logistic regression of the same rows, and a ridge of others. */
static void what_fits_have_in_common_changes_nothing(void **state)
{
    rows_t *r = calloc(1, sizeof *r);
    pt_linear_gram_t gram = {.data = NULL};
    const double *kept = NULL;
    (void)state;
    assert_non_null(r);
    for (int i = 0; i < 3; i++) {
        pt_linear_model_t m[2];
        make(r, i != 1);
        if (i == 2)
            r->x[5] += 1;
        for (int with = 0; with < 2; with++) {
            pt_linear_fit_t *f;
            assert_int_equal(
                pt_linear_fit_new(&r->rows, i == 1 ? CLASSES : 1, with ? &gram : NULL, &f),
                PT_OK);
            assert_int_equal(pt_linear_fit_run(f, 0.1, &m[with]), PT_OK);
            pt_linear_fit_free(f);
        }
        assert_memory_equal(m[0].weight, m[1].weight,
                            sizeof(double) * D * (size_t)m[0].n_output);
        for (int with = 0; with < 2; with++)
            pt_linear_model_release(&m[with]);
        if (i == 1)
            assert_ptr_equal(gram.data, kept);
        kept = gram.data;
    }
    pt_linear_gram_release(&gram);
    free(r);
}

static void without_rows_there_is_no_model(void **state)
{
    const pt_rows_t none = {.n_feature = 2, .n_group = 1};
    pt_linear_fit_t *f;
    (void)state;
    assert_int_equal(pt_linear_fit_new(&none, 1, NULL, &f), PT_E_RANGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ridges_are_least),
        cmocka_unit_test(logistic_regressions_are_least),
        cmocka_unit_test(what_fits_have_in_common_changes_nothing),
        cmocka_unit_test(without_rows_there_is_no_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
