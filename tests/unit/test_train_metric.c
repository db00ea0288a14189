/* Metrics against NumPy (tests/golden/loss.py), and that their sums are exact. */
#include "polytree/train/metric.h"

#include "polytree/base/memory.h"
#include "tests/unit/loss_cases.h"

#define LIMIT 0x1p50

/* Sums of the samples first, first + step, ..., each added by itself. */
static void add_samples(const loss_case_t *c, int64_t first, int64_t step, void *scratch,
                        int64_t *sum)
{
    for (int64_t i = first; i < c->n; i += step)
        assert_true(
            pt_metric_add(&c->o, 1, c->h, c->w, c->output + i * c->h * c->w * c->o.outputs,
                          c->label + i * c->h * c->w * c->o.labels, LIMIT, scratch, sum));
}

static int64_t *new_sum(const loss_case_t *c)
{
    int64_t *sum;
    assert_int_equal(pt_alloc(&sum, (size_t)pt_metric_count(&c->o), sizeof *sum), PT_OK);
    return sum;
}

static void *new_scratch(const loss_case_t *c)
{
    char *scratch;
    assert_int_equal(pt_alloc(&scratch, pt_metric_scratch(&c->o, c->h, c->w), 1), PT_OK);
    return scratch;
}

/* Quanta of 2^-20 a sample leave 1e-6 of a mean, and more of a quotient of such. */
static void equals_numpy(loss_case_t *c)
{
    int64_t *sum = new_sum(c);
    void *scratch = new_scratch(c);

    assert_true(
        pt_metric_add(&c->o, c->n, c->h, c->w, c->output, c->label, LIMIT, scratch, sum));
    double value = pt_metric_value(&c->o, c->o.metric, sum);
    if (!(fabs(value - c->value) < 2e-6))
        fail_msg("%s is %.12g, expected %.12g", pt_metric_name(c->o.metric), value,
                 c->value);
    pt_free(scratch);
    pt_free(sum);
}

static void values_equal_numpy(void **state)
{
    (void)state;
    assert_int_equal(for_each_case(true, equals_numpy), 20);
}

/* The contract: whichever rank has which samples, in whatever order, the sums are the same
 * integers.  Nor is anything allocated. */
static void adds_up(loss_case_t *c)
{
    int64_t *whole = new_sum(c), *split = new_sum(c);
    size_t bytes = (size_t)pt_metric_count(&c->o) * sizeof *whole;
    void *scratch = new_scratch(c);
    size_t held = pt_memory_bytes();

    assert_true(
        pt_metric_add(&c->o, c->n, c->h, c->w, c->output, c->label, LIMIT, scratch, whole));
    for (int64_t step = 2; step >= 0; step--)
        add_samples(c, step, 3, scratch, split);
    assert_memory_equal(whole, split, bytes);
    assert_int_equal(pt_memory_bytes(), held);
    pt_free(scratch);
    pt_free(split);
    pt_free(whole);
}

static void sums_are_equal_under_any_split(void **state)
{
    (void)state;
    for_each_case(true, adds_up);
}

static void is_undefined(loss_case_t *c)
{
    int64_t *sum = new_sum(c);
    void *scratch = new_scratch(c);
    bool is_float = pt_task_is_float(&c->info);

    assert_true(isnan(pt_metric_value(&c->o, c->o.metric, sum)));
    for (int64_t i = 0; i < c->n * c->h * c->w * c->o.labels; i++)
        c->label[i] = make_label(is_float, is_float ? NAN : -1);
    add_samples(c, 0, 1, scratch, sum);
    for (int64_t i = 0; i < pt_metric_count(&c->o); i++)
        assert_int_equal(sum[i], 0);
    pt_free(scratch);
    pt_free(sum);
}

static void nothing_labelled_is_nan(void **state)
{
    (void)state;
    for_each_case(true, is_undefined);
}

static const pt_task_info_t CLASSES5 = {.kind = PT_TASK_CLASSIFICATION, .classes = 5};
static const pt_task_info_t LABELS3 = {.kind = PT_TASK_MULTILABEL, .classes = 3};
static const pt_task_info_t DEPTH = {.kind = PT_TASK_DEPTH, .classes = 1};
static const pt_task_info_t EDGES = {.kind = PT_TASK_EDGES, .classes = 1};

/* The first of the largest wins; none and NaN are never right; sums add up over calls. */
static void accuracy_counts_first_of_largest(void **state)
{
    (void)state;
    const pt_real_t z[] = {
        1, 3,      3, 0, 0, /**/ 1, 3,      3, 0, 0, /**/ 0,        0, 0, 0,
        9, /**/ 1, 1, 1, 1, 1,      /**/ 0, 9, 0, 0, (pt_real_t)NAN};
    const pt_label_t label[] = {{1}, {2}, {4}, {PT_LABEL_NONE}, {1}};
    const pt_objective_t o = {.info = &CLASSES5, .outputs = 5, .labels = 1};
    int64_t sum[2] = {0, 0};

    assert_int_equal(pt_metric_count(&o), 2);
    pt_metric_add(&o, 2, 1, 1, z, label, LIMIT, NULL, sum);
    pt_metric_add(&o, 3, 1, 1, z + 10, label + 2, LIMIT, NULL, sum);
    assert_int_equal(sum[0], 2);
    assert_int_equal(sum[1], 4);
    assert_true(pt_metric_value(&o, PT_METRIC_ACCURACY, sum) == 0.5);
}

static void auc_without_both_labels_is_nan(void **state)
{
    (void)state;
    static int64_t sum[3 * 2 * PT_AUC_BINS];
    const pt_real_t z[] = {(pt_real_t)1e30, (pt_real_t)-1e30, (pt_real_t)NAN};
    const pt_label_t label[] = {{1}, {0}, {1}};
    const pt_objective_t o = {.info = &LABELS3, .outputs = 3, .labels = 3};

    pt_metric_add(&o, 1, 1, 1, z, label, LIMIT, NULL, sum);
    assert_true(isnan(pt_metric_value(&o, PT_METRIC_AUC, sum)));
    assert_int_equal(sum[2 * PT_AUC_BINS - 1], 1);
    assert_int_equal(sum[2 * PT_AUC_BINS], 1);
}

/* What an exact sum cannot hold is said, not wrapped or cut. */
static void too_large_is_refused(void **state)
{
    (void)state;
    const pt_objective_t o = {.info = &DEPTH, .outputs = 1, .labels = 1};
    const pt_real_t z[] = {(pt_real_t)1e6, (pt_real_t)INFINITY, (pt_real_t)NAN};
    const pt_label_t label = {.f = 1};
    int64_t sum[6];

    for (int i = 0; i < 3; i++) {
        memset(sum, 0, sizeof sum);
        assert_false(pt_metric_add(&o, 1, 1, 1, z + i, &label, LIMIT, NULL, sum));
    }
    assert_true(pt_metric_add(&o, 1, 1, 1, z, &label, 0x1p61, NULL, sum));
}

/* A thick line may match a thin one once, and only within the tolerance. */
static void edges_match_one_to_one(void **state)
{
    (void)state;
    enum { H = 3, W = 200 };
    pt_objective_t o = {.info = &EDGES, .outputs = 1, .labels = 1};
    static pt_real_t z[H * W];
    static pt_label_t label[H * W];
    static int64_t sum[31 * 3 + 2 * PT_AUC_BINS];
    static uint64_t scratch[3 * H * 4];

    assert_int_equal(pt_metric_scratch(&o, H, W), sizeof scratch);
    for (int i = 0; i < H * W; i++) {
        z[i] = i / W == 1 ? 0 : 9;
        label[i].i = i / W == 1;
    }
    pt_metric_add(&o, 1, H, W, z, label, LIMIT, scratch, sum);
    /* Threshold 1/2 takes all three rows, 5/8 the outer two. */
    assert_true(sum[15 * 3] == W && sum[15 * 3 + 1] == 3 * W && sum[15 * 3 + 2] == W);
    assert_true(sum[16 * 3] == 0 && sum[16 * 3 + 1] == 2 * W);
    memset(sum, 0, sizeof sum);
    o.tolerance = 1.01 / hypot(H, W);
    pt_metric_add(&o, 1, H, W, z, label, LIMIT, scratch, sum);
    assert_true(sum[16 * 3] == W && sum[16 * 3 + 2] == W);
    assert_true(pt_metric_value(&o, PT_METRIC_EDGE_F, sum) == 2.0 / 3);
}

static void errors_are_better_when_less(void **state)
{
    (void)state;
    assert_true(pt_metric_is_error("rmse") && pt_metric_is_error("median_angle"));
    assert_false(pt_metric_is_error("r2") || pt_metric_is_error("within_30") ||
                 pt_metric_is_error("accuracy"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_equal_numpy),
        cmocka_unit_test(sums_are_equal_under_any_split),
        cmocka_unit_test(nothing_labelled_is_nan),
        cmocka_unit_test(accuracy_counts_first_of_largest),
        cmocka_unit_test(auc_without_both_labels_is_nan),
        cmocka_unit_test(too_large_is_refused),
        cmocka_unit_test(edges_match_one_to_one),
        cmocka_unit_test(errors_are_better_when_less),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
