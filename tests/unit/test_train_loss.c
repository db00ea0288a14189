/* Losses and metrics against PyTorch and NumPy (tests/golden/loss.py), and their edges. */
#include "polytree/train/loss.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define MAX 256

static const pt_task_info_t CLASSES5 = {.kind = PT_TASK_CLASSIFICATION, .classes = 5};
static const pt_task_info_t LABELS3 = {.kind = PT_TASK_MULTILABEL, .classes = 3};

typedef struct pt_case {
    char kind[8];
    pt_task_info_t task;
    double smoothing, value;
    int64_t n;
    pt_real_t output[MAX];
    int32_t label[MAX];
    double gradient[MAX];
} pt_case_t;

static double read_number(FILE *file)
{
    double x;
    assert_int_equal(fscanf(file, "%lf", &x), 1);
    return x;
}

static int read_case(FILE *file, pt_case_t *c)
{
    if (fscanf(file, "%7s", c->kind) != 1)
        return 0;
    int is_ce = strcmp(c->kind, "ce") == 0, is_auc = strcmp(c->kind, "auc") == 0;
    c->smoothing = read_number(file);
    c->n = (int64_t)read_number(file);
    c->task = (pt_task_info_t){.kind = is_ce ? PT_TASK_CLASSIFICATION : PT_TASK_MULTILABEL,
                               .classes = (int32_t)read_number(file)};
    int64_t n_output = c->n * c->task.classes, n_label = is_ce ? c->n : n_output;
    assert_true(n_output <= MAX);
    for (int64_t i = 0; i < n_output; i++)
        c->output[i] = (pt_real_t)read_number(file);
    for (int64_t i = 0; i < n_label; i++) {
        double label = read_number(file);
        c->label[i] = label < 0 ? PT_LABEL_NONE : (int32_t)label;
    }
    c->value = read_number(file);
    for (int64_t i = 0; i < n_output && !is_auc; i++)
        c->gradient[i] = read_number(file);
    return 1;
}

static void check_loss(const pt_case_t *c)
{
    const double scale = 0.375;
    pt_real_t gradient[MAX];
    double loss =
        pt_loss(&c->task, c->smoothing, c->n, c->output, c->label, scale, gradient);
    assert_true(fabs(loss - c->value) <= 1e-14 * (1 + fabs(c->value)));
    for (int64_t i = 0; i < c->n * c->task.classes; i++)
        assert_true(fabs((double)gradient[i] - scale * c->gradient[i]) < 1e-7);
    assert_true(loss ==
                pt_loss(&c->task, c->smoothing, c->n, c->output, c->label, 1, NULL));
}

static void check_auc(const pt_case_t *c)
{
    static int64_t sum[4 * 2 * PT_AUC_BINS];
    memset(sum, 0, sizeof sum);
    assert_int_equal(pt_metric_count(&c->task), sizeof sum / sizeof sum[0]);
    pt_metric_add(&c->task, c->n, c->output, c->label, sum);
    assert_true(fabs(pt_metric_value(&c->task, sum) - c->value) < 1e-14);
}

static void values_and_gradients_equal_pytorch(void **state)
{
    (void)state;
    FILE *file = fopen("tests/golden/loss.txt", "r");
    assert_non_null(file);
    pt_case_t c;
    int n_case = 0;
    for (; read_case(file, &c); n_case++) {
        if (strcmp(c.kind, "auc") == 0)
            check_auc(&c);
        else
            check_loss(&c);
    }
    fclose(file);
    assert_int_equal(n_case, 7);
}

/* Central differences over steps that float holds exactly; their error is of order h^2. */
static void check_differences(const pt_task_info_t *task, int64_t n, const int32_t *label)
{
    const double h = 1.0 / 256;
    pt_real_t z[MAX], gradient[MAX];
    for (int64_t i = 0; i < n * task->classes; i++)
        z[i] = (pt_real_t)(round(16 * sin(5.0 * (double)i)) / 8);
    pt_loss(task, 0.1, n, z, label, 1.0, gradient);
    for (int64_t i = 0; i < n * task->classes; i++) {
        pt_real_t old = z[i];
        z[i] = (pt_real_t)((double)old + h);
        double above = pt_loss(task, 0.1, n, z, label, 1.0, NULL);
        z[i] = (pt_real_t)((double)old - h);
        double below = pt_loss(task, 0.1, n, z, label, 1.0, NULL);
        z[i] = old;
        assert_true(fabs((above - below) / (2 * h) - (double)gradient[i]) < 1e-6);
    }
}

static void gradients_equal_finite_differences(void **state)
{
    (void)state;
    const int32_t classes[] = {4, PT_LABEL_NONE, 0, 2};
    check_differences(&CLASSES5, 4, classes);
    const int32_t labels[] = {1, 0, PT_LABEL_NONE, 0, 1, 1};
    check_differences(&LABELS3, 2, labels);
}

/* Masked samples change neither the loss nor the others' gradient, and get gradient 0. */
static void masked_samples_do_not_count(void **state)
{
    (void)state;
    pt_real_t z[15], some[15], all[10];
    int32_t label[] = {3, 1, PT_LABEL_NONE};
    for (int i = 0; i < 15; i++)
        z[i] = (pt_real_t)(0.25 * i);
    memset(some, 1, sizeof some);
    double loss = pt_loss(&CLASSES5, 0.1, 3, z, label, 2.0, some);
    assert_true(loss == pt_loss(&CLASSES5, 0.1, 2, z, label, 2.0, all));
    assert_memory_equal(some, all, sizeof all);
    for (int i = 10; i < 15; i++)
        assert_true(some[i] == 0);
}

static void nothing_labelled_is_loss_zero(void **state)
{
    (void)state;
    const pt_task_info_t *tasks[] = {&CLASSES5, &LABELS3};
    for (int t = 0; t < 2; t++) {
        pt_real_t z[15] = {1, 2, 3}, gradient[15];
        int32_t label[9];
        for (int i = 0; i < 9; i++)
            label[i] = PT_LABEL_NONE;
        memset(gradient, 1, sizeof gradient);
        assert_true(pt_loss(tasks[t], 0.1, 3, z, label, 1.0, gradient) == 0);
        for (int i = 0; i < 3 * tasks[t]->classes; i++)
            assert_true(gradient[i] == 0);
    }
}

/* Divergence must show: a NaN output is a NaN loss, never a small number. */
static void not_a_number_shows_in_the_loss(void **state)
{
    (void)state;
    for (int i = 0; i < 5; i++) {
        pt_real_t z[5] = {0};
        int32_t label[] = {2, 1, 0};
        z[i] = (pt_real_t)NAN;
        assert_true(isnan(pt_loss(&CLASSES5, 0.0, 1, z, label, 1.0, NULL)));
        if (i < 3)
            assert_true(isnan(pt_loss(&LABELS3, 0.0, 1, z, label, 1.0, NULL)));
    }
}

/* The first of the largest wins; none and NaN are never right; sums add up over calls. */
static void accuracy_counts_first_of_largest(void **state)
{
    (void)state;
    const pt_real_t z[] = {
        1, 3,      3, 0, 0, /**/ 1, 3,      3, 0, 0, /**/ 0,        0, 0, 0,
        9, /**/ 1, 1, 1, 1, 1,      /**/ 0, 9, 0, 0, (pt_real_t)NAN};
    const int32_t label[] = {1, 2, 4, PT_LABEL_NONE, 1};
    int64_t sum[2] = {0, 0};
    assert_int_equal(pt_metric_count(&CLASSES5), 2);
    assert_true(isnan(pt_metric_value(&CLASSES5, sum)));
    pt_metric_add(&CLASSES5, 2, z, label, sum);
    pt_metric_add(&CLASSES5, 3, z + 10, label + 2, sum);
    assert_int_equal(sum[0], 2);
    assert_int_equal(sum[1], 4);
    assert_true(pt_metric_value(&CLASSES5, sum) == 0.5);
}

static void auc_without_both_labels_is_nan(void **state)
{
    (void)state;
    static int64_t sum[3 * 2 * PT_AUC_BINS];
    const pt_real_t z[] = {(pt_real_t)1e30, (pt_real_t)-1e30, (pt_real_t)NAN};
    const int32_t label[] = {1, 0, 1};
    pt_metric_add(&LABELS3, 1, z, label, sum);
    assert_true(isnan(pt_metric_value(&LABELS3, sum)));
    assert_int_equal(sum[2 * PT_AUC_BINS - 1], 1);
    assert_int_equal(sum[2 * PT_AUC_BINS], 1);
}

static void widths_follow_the_kind(void **state)
{
    (void)state;
    assert_int_equal(pt_loss_outputs(&CLASSES5), 5);
    assert_int_equal(pt_loss_labels(&CLASSES5), 1);
    assert_int_equal(pt_loss_outputs(&LABELS3), 3);
    assert_int_equal(pt_loss_labels(&LABELS3), 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_and_gradients_equal_pytorch),
        cmocka_unit_test(gradients_equal_finite_differences),
        cmocka_unit_test(masked_samples_do_not_count),
        cmocka_unit_test(nothing_labelled_is_loss_zero),
        cmocka_unit_test(not_a_number_shows_in_the_loss),
        cmocka_unit_test(accuracy_counts_first_of_largest),
        cmocka_unit_test(auc_without_both_labels_is_nan),
        cmocka_unit_test(widths_follow_the_kind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
