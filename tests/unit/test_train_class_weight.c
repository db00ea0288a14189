/* Class weights of cross entropies: the weights themselves, and the loss and gradient by
 * their definition. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "polytree/base/memory.h"
#include "polytree/train/loss.h"

enum { C = 3, ROWS = 8, SIDE = 2, N = 6 };

static char path[64];
static pt_config_t config;

/* Classes 0, 1, 2 have 4, 2 and 1 labels of a table, 12, 3 and 1 of maps; the rest have
 * none. */
static const int32_t table[ROWS] = {0, 0, 0, 0, 1, 1, 2, 9};
/* One without class 1. */
static const int32_t absent[ROWS] = {0, 0, 0, 0, 2, 2, 9, 9};

static pt_status_t fill_map(void *context, pt_split_t split, int64_t i, void *image,
                            pt_label_t *const *label)
{
    (void)context, (void)split, (void)image;
    for (int p = 0; p < SIDE * SIDE; p++)
        label[1][p].i = i < 3 ? 0 : i == 3 ? (p < 3 ? 1 : 2) : 9;
    return PT_OK;
}

static int write_data(void **state)
{
    static uint8_t images[ROWS * SIDE * SIDE];
    const pt_task_rows_t all = {.n = ROWS, .labels = table};
    const pt_task_rows_t some = {.n = ROWS, .labels = absent};
    const pt_task_source_t task[] = {
        {.info = {.name = "sort", .classes = C, .has_ignore = true, .ignore = 9},
         .rows = {all, {.n = 0}, all}},
        {.info = {.name = "parts",
                  .kind = PT_TASK_SEGMENTATION,
                  .classes = C,
                  .has_ignore = true,
                  .ignore = 9},
         .rows = {all, {.n = 0}, all}},
        {.info = {.name = "absent", .classes = C, .has_ignore = true, .ignore = 9},
         .rows = {some, {.n = 0}, some}}};
    const pt_dataset_source_t source = {.height = SIDE,
                                        .width = SIDE,
                                        .channels = 1,
                                        .n = {ROWS, 0, ROWS},
                                        .images = {images, NULL, images},
                                        .fill = fill_map,
                                        .n_task = 3,
                                        .task = task,
                                        .origin = "a test"};
    (void)state;
    snprintf(path, sizeof path, "/tmp/polytree-test-class-weight-%ld.h5", (long)getpid());
    return pt_dataset_write(path, &source) != PT_OK;
}

static int remove_data(void **state)
{
    (void)state;
    return remove(path);
}

/* Weights of a task with `set`; the largest is PT_CLASS_WEIGHT. */
static pt_status_t make(const char *set, int32_t task, int64_t out[C])
{
    pt_dataset_t *dataset;
    pt_objective_t o;
    int64_t *weight;

    pt_config_init(&config);
    assert_int_equal(pt_config_set(&config, set), PT_OK);
    assert_int_equal(
        pt_dataset_open(path, "all", pt_comm_world(), pt_comm_world(), false, &dataset),
        PT_OK);
    assert_int_equal(pt_objective_make(&config, pt_dataset_task(dataset, task), &o), PT_OK);
    pt_status_t status = pt_class_weights_make(&config, dataset, task, &o, &weight);
    if (status == PT_OK) {
        assert_non_null(weight);
        memcpy(out, weight, C * sizeof *out);
        pt_free(weight);
    }
    pt_dataset_close(dataset);
    return status;
}

static void balanced_is_one_over_the_labels(void **state)
{
    int64_t w[C];
    (void)state;
    assert_int_equal(make("task.sort.class_weights=balanced", 0, w), PT_OK);
    assert_true(w[2] == PT_CLASS_WEIGHT && 2 * w[1] == w[2] && 4 * w[0] == w[2]);
    assert_int_equal(make("task.parts.class_weights=balanced", 1, w), PT_OK);
    assert_true(w[2] == PT_CLASS_WEIGHT && llabs(3 * w[1] - w[2]) < 3 &&
                llabs(12 * w[0] - w[2]) < 12);
    assert_int_equal(make("task.absent.class_weights=balanced", 2, w), PT_OK);
    assert_true(w[2] == PT_CLASS_WEIGHT && w[1] == w[2] && 2 * w[0] == w[2]);
}

static void lists_have_a_number_a_class(void **state)
{
    int64_t w[C];
    (void)state;
    assert_int_equal(make("task.sort.class_weights=0.5 2, 1e-300", 0, w), PT_OK);
    assert_true(4 * w[0] == PT_CLASS_WEIGHT && w[1] == PT_CLASS_WEIGHT && w[2] == 1);
    static const char *const wrong[][2] = {
        {"1 2", "has 2 numbers, the task 3 classes"}, {"1 2 3 4", "has 4 numbers"},
        {"1 -2 3", "positive numbers, got '1 -2 3'"}, {"1 inf 1", "positive numbers"},
        {"fair", "expected none, balanced or"},
    };
    for (int i = 0; i < 5; i++) {
        char set[64];
        snprintf(set, sizeof set, "task.sort.class_weights=%s", wrong[i][0]);
        assert_int_equal(make(set, 0, w), PT_E_CONFIG);
        assert_non_null(strstr(pt_error_message(), wrong[i][1]));
        pt_error_clear();
    }
}

static const int64_t weights[C] = {PT_CLASS_WEIGHT, PT_CLASS_WEIGHT / 4,
                                   3 * (PT_CLASS_WEIGHT / 8)};
static const pt_task_info_t info = {.name = "it", .classes = C};
static const pt_label_t label[N] = {{0}, {2}, {PT_LABEL_NONE}, {1}, {0}, {2}};

/* sum_i w_(y_i) sum_c t_ic -log p_ic / sum_i w_(y_i) */
static double by_definition(double smoothing, const pt_real_t *z)
{
    const double w[C] = {1, 0.25, 0.375};
    double sum = 0, divisor = 0;

    for (int i = 0; i < N; i++) {
        double all = 0;
        if (label[i].i == PT_LABEL_NONE)
            continue;
        for (int c = 0; c < C; c++)
            all += exp((double)z[i * C + c]);
        for (int c = 0; c < C; c++) {
            double t = (1 - smoothing) * (c == label[i].i) + smoothing / C;
            sum -= w[label[i].i] * t * log(exp((double)z[i * C + c]) / all);
        }
        divisor += w[label[i].i];
    }
    return sum / divisor;
}

/* In units of one sample, as in a step: counts first, then terms. */
static double in_units(const pt_objective_t *o, const pt_real_t *z, pt_real_t *dz)
{
    pt_label_count_t count = {0};
    pt_loss_terms_t sum = {0};

    for (int i = 0; i < N; i++) {
        pt_label_count_t unit = pt_loss_count(o, 1, 1, 1, &label[i]);
        count.labelled += unit.labelled;
        count.positive += unit.positive;
    }
    pt_loss_terms_t weight = pt_loss_weights(o, &count);
    for (int i = 0; i < N; i++) {
        pt_loss_terms_t unit = pt_loss(o, 1, 1, 1, z + i * C, &label[i], weight,
                                       1 / (double)count.labelled, dz + i * C);
        sum.positive += unit.positive;
        sum.negative += unit.negative;
    }
    return pt_loss_mean(weight, sum, count.labelled);
}

static void loss_and_gradient_are_weighted(void **state)
{
    (void)state;
    for (int smooth = 0; smooth < 2; smooth++) {
        const double smoothing = 0.25 * smooth, h = 1.0 / 1024;
        const pt_objective_t o = {.info = &info,
                                  .loss = PT_LOSS_CROSS_ENTROPY,
                                  .outputs = C,
                                  .labels = 1,
                                  .smoothing = smoothing,
                                  .class_weight = weights};
        pt_real_t z[N * C], dz[N * C];
        for (int i = 0; i < N * C; i++)
            z[i] = (pt_real_t)((i * 7 % 11) / 4.0 - 1);
        assert_true(fabs(in_units(&o, z, dz) - by_definition(smoothing, z)) < 1e-14);
        for (int i = 0; i < N * C; i++) {
            pt_real_t old = z[i];
            z[i] = old + (pt_real_t)h;
            double up = by_definition(smoothing, z);
            z[i] = old - (pt_real_t)h;
            double down = by_definition(smoothing, z);
            z[i] = old;
            assert_true(fabs((up - down) / (2 * h) - (double)dz[i]) < 1e-6);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(balanced_is_one_over_the_labels),
        cmocka_unit_test(lists_have_a_number_a_class),
        cmocka_unit_test(loss_and_gradient_are_weighted),
    };
    return cmocka_run_group_tests(tests, write_data, remove_data);
}
