/* Losses against PyTorch (tests/golden/loss.py), their gradients against differences, and
 * their edges. */
#include "tests/unit/loss_cases.h"
#include "tests/unit/mean_loss.h"

static int64_t n_output(const loss_case_t *c)
{
    return c->n * c->h * c->w * c->o.outputs;
}

static double value(const loss_case_t *c)
{
    return mean_loss(&c->o, c->n, c->h, c->w, c->output, c->label, 1, NULL);
}

static void equals_pytorch(loss_case_t *c)
{
    static pt_real_t gradient[CASE_MAX];
    const double scale = 0.375;
    double loss = mean_loss(&c->o, c->n, c->h, c->w, c->output, c->label, scale, gradient);

    assert_true(fabs(loss - c->value) <= 1e-14 * (1 + fabs(c->value)));
    for (int64_t i = 0; i < n_output(c); i++)
        assert_true(fabs((double)gradient[i] - scale * c->gradient[i]) < 1e-7);
    assert_true(loss == value(c));
}

static void values_and_gradients_equal_pytorch(void **state)
{
    (void)state;
    assert_int_equal(for_each_case(equals_pytorch), 17);
}

static double value_at(loss_case_t *c, int64_t i, double x)
{
    pt_real_t old = c->output[i];
    c->output[i] = (pt_real_t)x;
    double loss = value(c);
    c->output[i] = old;
    return loss;
}

/* Central differences of order h^4, over steps that float holds exactly.  Outputs and
 * labels are multiples of 1/8, off which no kink lies but |z - y| = 0 itself. */
static void equals_differences(loss_case_t *c)
{
    static pt_real_t gradient[CASE_MAX];
    const double h = 1.0 / 4096;

    mean_loss(&c->o, c->n, c->h, c->w, c->output, c->label, 1, gradient);
    for (int64_t i = 0; i < n_output(c); i++) {
        double z = (double)c->output[i];
        bool is_kink = c->o.loss == PT_LOSS_L1 && z == (double)c->label[i].f;
        if (fabs(z) > 100 || is_kink)
            continue;
        double near = value_at(c, i, z + h) - value_at(c, i, z - h);
        double far = value_at(c, i, z + 2 * h) - value_at(c, i, z - 2 * h);
        assert_true(fabs((8 * near - far) / (12 * h) - (double)gradient[i]) < 1e-6);
    }
}

static void gradients_equal_finite_differences(void **state)
{
    (void)state;
    for_each_case(equals_differences);
}

static void hide(loss_case_t *c, int64_t i)
{
    c->label[i] =
        make_label(pt_task_is_float(&c->info), pt_task_is_float(&c->info) ? NAN : -1);
}

/* What is masked changes neither loss nor gradient of the rest, whatever is put out there,
 * and gets gradient 0: a sample more without labels is as good as none. */
static void ignores_a_sample(loss_case_t *c)
{
    static pt_real_t some[CASE_MAX], all[CASE_MAX];
    int64_t out = n_output(c) / c->n, in = c->h * c->w * c->o.labels;

    for (int64_t i = (c->n - 1) * in; i < c->n * in; i++)
        hide(c, i);
    for (int64_t i = (c->n - 1) * out; i < c->n * out; i++)
        c->output[i] = 3;
    memset(some, 1, sizeof some);
    double loss = mean_loss(&c->o, c->n, c->h, c->w, c->output, c->label, 2, some);
    assert_true(loss ==
                mean_loss(&c->o, c->n - 1, c->h, c->w, c->output, c->label, 2, all));
    assert_memory_equal(some, all, (size_t)((c->n - 1) * out) * sizeof *some);
    for (int64_t i = (c->n - 1) * out; i < c->n * out; i++)
        assert_true(some[i] == 0);
    assert_int_equal(pt_loss_count(&c->o, c->n, c->h, c->w, c->label).labelled,
                     pt_loss_count(&c->o, c->n - 1, c->h, c->w, c->label).labelled);
}

static void masked_samples_do_not_count(void **state)
{
    (void)state;
    for_each_case(ignores_a_sample);
}

static void has_nothing(loss_case_t *c)
{
    static pt_real_t gradient[CASE_MAX];

    for (int64_t i = 0; i < c->n * c->h * c->w * c->o.labels; i++)
        hide(c, i);
    memset(gradient, 1, sizeof gradient);
    assert_true(
        isnan(mean_loss(&c->o, c->n, c->h, c->w, c->output, c->label, 1, gradient)));
    for (int64_t i = 0; i < n_output(c); i++)
        assert_true(gradient[i] == 0);
    assert_int_equal(pt_loss_count(&c->o, c->n, c->h, c->w, c->label).labelled, 0);
}

static void nothing_labelled_is_no_loss(void **state)
{
    (void)state;
    for_each_case(has_nothing);
}

/* Divergence must show: a NaN output with a label is a NaN loss, never a small number. */
static void shows_nan(loss_case_t *c)
{
    int64_t at = 0;

    while (pt_loss_count(&c->o, 1, 1, 1, c->label + at * c->o.labels).labelled == 0)
        at++;
    for (int32_t i = 0; i < c->o.outputs; i++)
        c->output[at * c->o.outputs + i] = (pt_real_t)NAN;
    assert_true(isnan(value(c)));
}

static void not_a_number_shows_in_the_loss(void **state)
{
    (void)state;
    for_each_case(shows_nan);
}

/* A network that puts out zero everywhere gets a finite gradient all the same. */
static void vectors_of_length_zero_have_a_gradient(void **state)
{
    (void)state;
    pt_task_info_t info = {.kind = PT_TASK_NORMALS, .classes = 3};
    pt_objective_t o = {.info = &info, .outputs = 3, .labels = 3};
    pt_real_t z[3] = {0, 0, 0}, gradient[3];
    pt_label_t y[3] = {{.f = 0}, {.f = 3}, {.f = 4}};

    o.loss = PT_LOSS_L1_NORMALS;
    assert_true(fabs(mean_loss(&o, 1, 1, 1, z, y, 1, gradient) - 1.4 / 3) < 1e-12);
    assert_true(gradient[0] == 0 && gradient[1] < 0 && (double)gradient[1] > -1001);
    o.loss = PT_LOSS_COSINE;
    assert_true(mean_loss(&o, 1, 1, 1, z, y, 1, gradient) == 1);
    assert_true(gradient[0] == 0 && gradient[2] < 0 && (double)gradient[2] > -1001);
}

static pt_status_t make(const char *set, pt_task_kind_t kind, pt_objective_t *o)
{
    static pt_config_t config;
    static pt_task_info_t info;

    info = (pt_task_info_t){.name = "it", .kind = kind, .classes = 3};
    pt_config_init(&config);
    if (set != NULL)
        assert_int_equal(pt_config_set(&config, set), PT_OK);
    return pt_objective_make(&config, &info, o);
}

/* Every kind has its default; what does not suit a kind is refused, naming what does. */
static void objectives_follow_kind_and_config(void **state)
{
    (void)state;
    static const char *const names[PT_N_TASK_KIND][2] = {
        {"cross_entropy", "accuracy"}, {"bce", "auc"},
        {"cross_entropy", "miou"},     {"l1", "rmse"},
        {"l1_normals", "mean_angle"},  {"bce", "edge_f"},
        {"bce_balanced", "max_iou"},   {"mse", "rmse"}};
    pt_objective_t o;

    for (int k = 0; k < PT_N_TASK_KIND; k++) {
        const pt_task_metric_t *metric;
        assert_int_equal(make(NULL, (pt_task_kind_t)k, &o), PT_OK);
        assert_string_equal(pt_loss_name(o.loss), names[k][0]);
        assert_string_equal(pt_metric_name(o.metric), names[k][1]);
        assert_true(o.positive_weight == (k == PT_TASK_EDGES ? PT_EDGE_POSITIVE : 0));
        assert_true((o.smoothing > 0) == (k <= PT_TASK_MULTILABEL));
        int32_t n = pt_kind_metrics((pt_task_kind_t)k, &metric);
        assert_true(n >= 1 && n <= PT_KIND_METRICS && metric[0] == o.metric);
        for (int32_t i = 0; i < n; i++) {
            char set[64];
            snprintf(set, sizeof set, "task.it.metric=%s", pt_metric_name(metric[i]));
            assert_int_equal(make(set, (pt_task_kind_t)k, &o), PT_OK);
            assert_int_equal(o.metric, metric[i]);
        }
    }
    assert_int_equal(make("task.it.loss=mse", PT_TASK_SEGMENTATION, &o), PT_E_CONFIG);
    assert_non_null(strstr(pt_error_message(), "one of: cross_entropy"));
    assert_int_equal(make("task.it.metric=miou", PT_TASK_DEPTH, &o), PT_E_CONFIG);
    assert_non_null(strstr(pt_error_message(), "one of: rmse abs_error rel_error"));
    assert_int_equal(make("task.it.positive_weight=0.5", PT_TASK_SALIENCY, &o),
                     PT_E_CONFIG);
    assert_int_equal(make("task.it.positive_weight=0.5", PT_TASK_EDGES, &o), PT_OK);
    assert_true(o.positive_weight == 0.5);
    pt_error_clear();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_and_gradients_equal_pytorch),
        cmocka_unit_test(gradients_equal_finite_differences),
        cmocka_unit_test(masked_samples_do_not_count),
        cmocka_unit_test(nothing_labelled_is_no_loss),
        cmocka_unit_test(not_a_number_shows_in_the_loss),
        cmocka_unit_test(vectors_of_length_zero_have_a_gradient),
        cmocka_unit_test(objectives_follow_kind_and_config),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
