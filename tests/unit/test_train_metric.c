/* Metrics against NumPy, SciPy and scikit-learn on inputs that are fresh at every run
 * (tests/golden/metric.py), and by hand. */
#include "polytree/train/metric.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "polytree/base/memory.h"
#include "tests/unit/big_sum.h"

enum { CASE_MAX = 8192 };

typedef struct metric_case {
    pt_task_info_t info;
    pt_objective_t o;
    pt_task_metric_t metric;
    int64_t n, h, w;
    pt_real_t output[CASE_MAX];
    pt_label_t label[CASE_MAX];
    double value;
} metric_case_t;

static double read_number(FILE *file)
{
    double x;
    assert_int_equal(fscanf(file, "%lf", &x), 1);
    return x;
}

static bool read_case(FILE *file, metric_case_t *c)
{
    char kind[32], name[32];

    memset(c, 0, sizeof *c);
    if (fscanf(file, "%31s %31s", kind, name) != 2)
        return false;
    while (strcmp(pt_task_kind_name(c->info.kind), kind) != 0)
        c->info.kind++;
    while (strcmp(pt_metric_name(c->metric), name) != 0)
        c->metric++;
    c->o.info = &c->info;
    c->o.tolerance = read_number(file);
    c->n = (int64_t)read_number(file);
    c->h = (int64_t)read_number(file);
    c->w = (int64_t)read_number(file);
    c->o.outputs = c->info.classes = (int32_t)read_number(file);
    c->o.labels = (int32_t)read_number(file);
    int64_t n_output = c->n * c->h * c->w * c->o.outputs,
            n_label = c->n * c->h * c->w * c->o.labels;
    assert_true(n_output <= CASE_MAX && n_label <= CASE_MAX);
    for (int64_t i = 0; i < n_output; i++)
        c->output[i] = (pt_real_t)read_number(file);
    for (int64_t i = 0; i < n_label; i++) {
        double x = read_number(file);
        if (pt_task_is_float(&c->info))
            c->label[i].f = (float)x;
        else
            c->label[i].i = x < 0 ? PT_LABEL_NONE : (int32_t)x;
    }
    c->value = read_number(file);
    return true;
}

static pt_metrics_t *begin(const pt_objective_t *o, int64_t n, int64_t h, int64_t w,
                           int64_t exact)
{
    pt_metrics_t *m;
    assert_int_equal(pt_metrics_new(1, o, h, w, &m), PT_OK);
    assert_int_equal(pt_metrics_begin(m, &n, exact), PT_OK);
    return m;
}

static double end(pt_metrics_t *m, pt_task_metric_t metric, double *bound)
{
    pt_comm_t *world = pt_comm_world();
    assert_int_equal(pt_metrics_sum(m, world, world), PT_OK);
    return pt_metrics_value(m, 0, metric, bound);
}

/* Samples one by one, from the last to the first. */
static double value_of(const metric_case_t *c, int64_t exact, double *bound)
{
    pt_metrics_t *m = begin(&c->o, c->n, c->h, c->w, exact);
    int64_t pixels = c->h * c->w;

    for (int64_t i = c->n - 1; i >= 0; i--)
        pt_metrics_add(m, 0, 1, c->output + i * pixels * c->o.outputs,
                       c->label + i * pixels * c->o.labels, NULL);
    double value = end(m, c->metric, bound);
    assert_int_equal(pt_metrics_bad(m), -1);
    pt_metrics_free(m);
    return value;
}

static bool has_unit(pt_task_metric_t metric)
{
    return metric == PT_METRIC_RMSE || metric == PT_METRIC_ABS_ERROR;
}

static void check_case(const metric_case_t *c)
{
    double bound, value = value_of(c, PT_METRIC_EXACT, &bound);
    double slack = 1e-9 * (has_unit(c->metric) ? fabs(c->value) : fmax(1, fabs(c->value)));

    assert_true(bound == 0);
    if (!(isnan(value) && isnan(c->value)) && !(fabs(value - c->value) <= slack))
        fail_msg("%s of %lld samples is %.17g, expected %.17g", pt_metric_name(c->metric),
                 (long long)c->n, value, c->value);
    /* In bins it is within its own bound. */
    value = value_of(c, 1, &bound);
    if (!(isnan(value) && isnan(c->value)) && !(fabs(value - c->value) <= bound + slack))
        fail_msg("%s in bins is %.17g +- %g, expected %.17g", pt_metric_name(c->metric),
                 value, bound, c->value);
    bool is_ordered = c->metric == PT_METRIC_AUC || c->metric == PT_METRIC_MEDIAN_ANGLE;
    assert_true(is_ordered ? bound >= 0 : bound == 0);
}

static void values_equal_independent_ones(void **state)
{
    static metric_case_t c;
    const char *python = getenv("PYTHON");
    char command[512];
    int n = 0;
    (void)state;

    python = python != NULL ? python : "/usr/bin/python3";
    snprintf(command, sizeof command, "%s -c 'import numpy, scipy, sklearn' 2>/dev/null",
             python);
    if (system(command) != 0) {
        print_message("%s has no numpy, scipy or sklearn\n", python);
        skip();
    }
    snprintf(command, sizeof command, "%s tests/golden/metric.py %llu", python,
             (unsigned long long)fresh_seed());
    FILE *file = popen(command, "r");
    assert_non_null(file);
    for (; read_case(file, &c); n++)
        check_case(&c);
    assert_int_equal(pclose(file), 0);
    assert_true(n > 120);
}

static const pt_task_info_t CLASSES5 = {.kind = PT_TASK_CLASSIFICATION, .classes = 5};
static const pt_task_info_t LABELS3 = {.kind = PT_TASK_MULTILABEL, .classes = 3};
static const pt_task_info_t DEPTH = {.kind = PT_TASK_DEPTH, .classes = 1};
static const pt_task_info_t VALUE = {.kind = PT_TASK_REGRESSION, .classes = 1};
static const pt_task_info_t EDGES = {.kind = PT_TASK_EDGES, .classes = 1};

/* The first of the largest wins; what has no label counts nowhere. */
static void accuracy_counts_first_of_largest(void **state)
{
    (void)state;
    const pt_real_t z[] = {1, 3, 3, 0, 0, /**/ 1, 3, 3, 0, 0, /**/ 0, 0, 0, 0, 9, /**/
                           1, 1, 1, 1, 1, /**/ 0, 9, 0, 0, 0};
    const pt_label_t label[] = {{1}, {2}, {4}, {PT_LABEL_NONE}, {1}};
    const pt_objective_t o = {.info = &CLASSES5, .outputs = 5, .labels = 1};
    pt_metrics_t *m = begin(&o, 5, 1, 1, PT_METRIC_EXACT);

    pt_metrics_add(m, 0, 2, z, label, NULL);
    pt_metrics_add(m, 0, 3, z + 10, label + 2, NULL);
    assert_true(end(m, PT_METRIC_ACCURACY, NULL) == 0.75);
    const int64_t *confusion = pt_metrics_confusion(m, 0);
    for (int i = 0; i < 25; i++)
        assert_int_equal(confusion[i], i == 6 ? 2 : i == 11 || i == 24 ? 1 : 0);
    pt_metrics_free(m);
}

/* Scores that a sigmoid in any precision takes for one still have their order. */
static void auc_orders_saturated_logits(void **state)
{
    (void)state;
    const pt_task_info_t one = {.kind = PT_TASK_MULTILABEL, .classes = 1};
    const pt_real_t z[] = {(pt_real_t)900, (pt_real_t)800, (pt_real_t)-800,
                           (pt_real_t)-900};
    const pt_label_t label[] = {{1}, {0}, {1}, {0}};
    const pt_objective_t o = {.info = &one, .outputs = 1, .labels = 1};
    pt_metrics_t *m = begin(&o, 4, 1, 1, PT_METRIC_EXACT);

    pt_metrics_add(m, 0, 4, z, label, NULL);
    assert_true(end(m, PT_METRIC_AUC, NULL) == 0.75);
    pt_metrics_free(m);
}

static void auc_without_both_labels_is_nan(void **state)
{
    (void)state;
    const pt_real_t z[] = {(pt_real_t)1e30, (pt_real_t)-1e30, 0};
    const pt_label_t label[] = {{1}, {0}, {1}};
    const pt_objective_t o = {.info = &LABELS3, .outputs = 3, .labels = 3};
    pt_metrics_t *m = begin(&o, 1, 1, 1, PT_METRIC_EXACT);

    pt_metrics_add(m, 0, 1, z, label, NULL);
    assert_true(isnan(end(m, PT_METRIC_AUC, NULL)));
    pt_metrics_free(m);
}

/* Values of any size are told; what is not finite is named by its task. */
static void only_what_is_not_finite_is_bad(void **state)
{
    (void)state;
    const pt_objective_t o = {.info = &DEPTH, .outputs = 1, .labels = 1};
    const pt_real_t z[] = {(pt_real_t)1e30, (pt_real_t)INFINITY, (pt_real_t)NAN};
    const pt_label_t label = {.f = 1};

    for (int i = 0; i < 3; i++) {
        pt_metrics_t *m = begin(&o, 1, 1, 1, PT_METRIC_EXACT);
        pt_metrics_add(m, 0, 1, z + i, &label, NULL);
        double value = end(m, PT_METRIC_RMSE, NULL);
        assert_int_equal(pt_metrics_bad(m), i == 0 ? -1 : 0);
        assert_true(i > 0 || value == (double)(float)1e30 - 1);
        pt_metrics_free(m);
    }
}

/* Labels of one value have no R^2, however large it is; the least change gives one. */
static void r2_wants_labels_that_vary(void **state)
{
    (void)state;
    enum { N = 1000 };
    const pt_objective_t o = {.info = &VALUE, .outputs = 1, .labels = 1};
    static const float offset[] = {0.1f, 12345.678f, 3e38f, 1e-44f};
    static pt_real_t z[N];
    static pt_label_t label[N];

    for (int k = 0; k < 4; k++)
        for (int varies = 0; varies < 2; varies++) {
            pt_metrics_t *m = begin(&o, N, 1, 1, PT_METRIC_EXACT);
            for (int i = 0; i < N; i++) {
                label[i].f = varies && i % 2 ? nextafterf(offset[k], 0) : offset[k];
                z[i] = (pt_real_t)offset[k];
            }
            pt_metrics_add(m, 0, N, z, label, NULL);
            double r2 = end(m, PT_METRIC_R2, NULL);
            if (varies)
                assert_true(fabs(r2 - -1) < 1e-9); /* it misses half of them by twice */
            else
                assert_true(isnan(r2));
            pt_metrics_free(m);
        }
}

static void nothing_labelled_is_nan(void **state)
{
    (void)state;
    static pt_real_t z[64];
    static pt_label_t label[64];

    for (int kind = 0; kind < PT_N_TASK_KIND; kind++) {
        bool is_one =
            kind == PT_TASK_DEPTH || kind == PT_TASK_EDGES || kind == PT_TASK_SALIENCY;
        const pt_task_info_t info = {.kind = (pt_task_kind_t)kind,
                                     .classes = is_one ? 1 : 3};
        const pt_task_metric_t *metric;
        pt_config_t config;
        pt_objective_t o;
        pt_config_init(&config);
        assert_int_equal(pt_objective_make(&config, &info, &o), PT_OK);
        int32_t n = pt_kind_metrics(info.kind, &metric);
        pt_metrics_t *m = begin(&o, 2, 2, 2, PT_METRIC_EXACT);
        for (int i = 0; i < 64; i++) {
            if (pt_task_is_float(&info))
                label[i].f = NAN;
            else
                label[i].i = PT_LABEL_NONE;
        }
        pt_metrics_add(m, 0, 2, z, label, NULL);
        end(m, metric[0], NULL);
        for (int32_t i = 0; i < n; i++)
            assert_true(isnan(pt_metrics_value(m, 0, metric[i], NULL)));
        pt_metrics_free(m);
    }
}

/* A thick line may match a thin one once, and only within the tolerance. */
static void edges_match_one_to_one(void **state)
{
    (void)state;
    enum { H = 3, W = 200 };
    pt_objective_t o = {.info = &EDGES, .outputs = 1, .labels = 1};
    static pt_real_t z[H * W];
    static pt_label_t label[H * W];

    for (int is_near = 0; is_near < 2; is_near++) {
        /* Thresholds up to 1/2 take all three rows, the others the outer two. */
        for (int i = 0; i < H * W; i++) {
            z[i] = i / W == 1 ? 0 : 9;
            label[i].i = i / W == 1;
        }
        o.tolerance = is_near ? 1.01 / hypot(H, W) : 0;
        pt_metrics_t *m = begin(&o, 1, H, W, PT_METRIC_EXACT);
        pt_metrics_add(m, 0, 1, z, label, NULL);
        assert_true(end(m, PT_METRIC_EDGE_F, NULL) == (is_near ? 2.0 / 3 : 0.5));
        pt_metrics_free(m);
    }
}

/* Each predicted pixel stands beside two labelled ones: what takes the nearer one first
 * leaves half of them without a partner. */
static void edges_give_way_to_one_another(void **state)
{
    (void)state;
    enum { H = 3, W = 60 };
    pt_objective_t o = {.info = &EDGES, .outputs = 1, .labels = 1};
    static pt_real_t z[H * W];
    static pt_label_t label[H * W];

    for (int i = 0; i < H * W; i++)
        z[i] = -9;
    for (int x = 0; x < W; x += 6)
        for (int k = 1; k < 5; k += 2) {
            z[W + x + k] = 9;
            label[W + x + k + 1].i = 1;
        }
    o.tolerance = 1.01 / hypot(H, W);
    pt_metrics_t *m = begin(&o, 1, H, W, PT_METRIC_EXACT);
    pt_metrics_add(m, 0, 1, z, label, NULL);
    assert_true(end(m, PT_METRIC_EDGE_F, NULL) == 1);
    pt_metrics_free(m);
    assert_int_equal(pt_memory_bytes(), 0);
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
        cmocka_unit_test(values_equal_independent_ones),
        cmocka_unit_test(accuracy_counts_first_of_largest),
        cmocka_unit_test(auc_orders_saturated_logits),
        cmocka_unit_test(auc_without_both_labels_is_nan),
        cmocka_unit_test(only_what_is_not_finite_is_bad),
        cmocka_unit_test(r2_wants_labels_that_vary),
        cmocka_unit_test(nothing_labelled_is_nan),
        cmocka_unit_test(edges_match_one_to_one),
        cmocka_unit_test(edges_give_way_to_one_another),
        cmocka_unit_test(errors_are_better_when_less),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
