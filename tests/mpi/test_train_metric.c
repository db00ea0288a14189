/* Metrics of all kinds of tasks over ranks: the same bits however samples are spread, and
 * the same values of every sample twice. */
#include <math.h>
#include <string.h>

#include "polytree/base/memory.h"
#include "polytree/train/metric.h"
#include "tests/mpi/main.h"
#include "tests/unit/big_sum.h"

enum { N = 150, H = 6, W = 7, C = 3, WIDTH = H * W * C };

static uint64_t seed;
static pt_task_info_t info[PT_N_TASK_KIND];
static pt_objective_t objective[PT_N_TASK_KIND];

static int set_up(void **state)
{
    (void)state;
    if (pt_comm_rank(pt_comm_world()) == 0)
        seed = fresh_seed();
    for (int k = 0; k < PT_N_TASK_KIND; k++) {
        pt_task_kind_t kind = (pt_task_kind_t)k;
        bool is_softmax = kind == PT_TASK_CLASSIFICATION || kind == PT_TASK_SEGMENTATION;
        bool is_single =
            kind == PT_TASK_DEPTH || kind == PT_TASK_EDGES || kind == PT_TASK_SALIENCY;
        info[k] = (pt_task_info_t){.kind = kind, .classes = is_single ? 1 : C};
        objective[k] = (pt_objective_t){.info = &info[k],
                                        .outputs = info[k].classes,
                                        .labels = is_softmax ? 1 : info[k].classes,
                                        .tolerance = 1.5 / hypot(H, W)};
    }
    return pt_comm_bcast(pt_comm_world(), &seed, sizeof seed, 0) != PT_OK;
}

/* Sample i: outputs with ties, one label in five missing. */
static void make_sample(int kind, int64_t i, pt_real_t *z, pt_label_t *y)
{
    for (int64_t j = 0; j < WIDTH; j++) {
        double a = addend_of(seed + (uint64_t)i, 0, 2 * j + kind * 1000);
        double b = addend_of(seed + (uint64_t)i, 0, 2 * j + kind * 1000 + 1);
        bool has_label = (fabs(b) - 1) > 0.2;
        z[j] = (pt_real_t)(j % 2 ? round(8 * a) / 8 : a);
        if (pt_task_is_float(&info[kind]))
            y[j].f = has_label ? (float)(kind == PT_TASK_DEPTH ? fabs(b) : b) : NAN;
        else
            y[j].i = !has_label ? PT_LABEL_NONE
                     : objective[kind].labels == 1 && info[kind].classes == C
                         ? (int32_t)(fabs(b) * 1000) % C
                         : b > 0;
    }
}

/* Add samples first, first + step, ... of all kinds `times` times. */
static void add(pt_metrics_t *m, int64_t first, int64_t step, int times)
{
    static pt_real_t z[WIDTH];
    static pt_label_t y[WIDTH];

    for (int64_t i = first; i < N; i += step)
        for (int k = 0; k < PT_N_TASK_KIND; k++) {
            make_sample(k, i, z, y);
            for (int t = 0; t < times; t++)
                pt_metrics_add(m, k, 1, z, y, NULL);
        }
}

typedef double values_t[PT_N_TASK_KIND][PT_KIND_METRICS];

static void read_values(const pt_metrics_t *m, values_t value)
{
    memset(value, 0, sizeof(values_t));
    for (int k = 0; k < PT_N_TASK_KIND; k++) {
        const pt_task_metric_t *metric;
        int32_t n = pt_kind_metrics(info[k].kind, &metric);
        for (int32_t i = 0; i < n; i++) {
            value[k][i] = pt_metrics_value(m, k, metric[i], NULL);
            assert_true(isfinite(value[k][i]));
        }
    }
}

static pt_metrics_t *begin(int64_t times, int64_t exact)
{
    int64_t n[PT_N_TASK_KIND];
    pt_metrics_t *m;

    for (int k = 0; k < PT_N_TASK_KIND; k++)
        n[k] = times * N;
    assert_int_equal(pt_metrics_new(PT_N_TASK_KIND, objective, H, W, &m), PT_OK);
    assert_int_equal(pt_metrics_begin(m, n, exact), PT_OK);
    return m;
}

/* By this rank alone. */
static void alone_values(int times, int64_t exact, values_t value)
{
    pt_comm_t *world = pt_comm_world(), *alone;
    pt_metrics_t *m = begin(times, exact);

    assert_int_equal(pt_comm_split(world, pt_comm_rank(world), 0, &alone), PT_OK);
    add(m, 0, 1, times);
    assert_int_equal(pt_metrics_sum(m, alone, alone), PT_OK);
    read_values(m, value);
    pt_comm_free(alone);
    pt_metrics_free(m);
}

static void values_do_not_depend_on_ranks(void **state)
{
    pt_comm_t *world = pt_comm_world();
    static values_t alone, spread;
    (void)state;
    for (int is_binned = 0; is_binned < 2; is_binned++) {
        int64_t exact = is_binned ? 1 : PT_METRIC_EXACT;
        alone_values(1, exact, alone);
        pt_metrics_t *m = begin(1, exact);
        for (int trial = 0; trial < 2; trial++) {
            int64_t n[PT_N_TASK_KIND];
            for (int k = 0; k < PT_N_TASK_KIND; k++)
                n[k] = N;
            assert_int_equal(pt_metrics_begin(m, n, exact), PT_OK);
            if (trial == 0)
                add(m, pt_comm_rank(world), pt_comm_size(world), 1);
            else if (pt_comm_rank(world) == pt_comm_size(world) - 1)
                add(m, 0, 1, 1);
            assert_int_equal(pt_metrics_sum(m, world, world), PT_OK);
            read_values(m, spread);
            assert_memory_equal(alone, spread, sizeof alone);
        }
        pt_metrics_free(m);
    }
}

/* Where tasks are spread too, the ranks of one column have all samples of their tasks. */
static void tasks_may_be_spread(void **state)
{
    pt_comm_t *world = pt_comm_world(), *data;
    static values_t alone, spread;
    int32_t rank = pt_comm_rank(world), size = pt_comm_size(world);
    (void)state;
    if (size % 2 != 0) {
        print_message("needs an even number of ranks\n");
        skip();
    }
    alone_values(1, PT_METRIC_EXACT, alone);
    pt_metrics_t *m = begin(1, PT_METRIC_EXACT);
    assert_int_equal(pt_comm_split(world, rank % 2, rank, &data), PT_OK);
    if (rank % 2 == 0)
        add(m, rank / 2, size / 2, 1);
    assert_int_equal(pt_metrics_sum(m, data, world), PT_OK);
    read_values(m, spread);
    assert_memory_equal(alone, spread, sizeof alone);
    pt_comm_free(data);
    pt_metrics_free(m);
}

static void every_sample_twice_is_the_same(void **state)
{
    static values_t once, twice;
    (void)state;
    alone_values(1, PT_METRIC_EXACT, once);
    alone_values(2, PT_METRIC_EXACT, twice);
    for (int k = 0; k < PT_N_TASK_KIND; k++)
        for (int i = 0; i < PT_KIND_METRICS; i++)
            assert_true(fabs(once[k][i] - twice[k][i]) <= 1e-14 * fabs(once[k][i]));
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_do_not_depend_on_ranks),
        cmocka_unit_test(tasks_may_be_spread),
        cmocka_unit_test(every_sample_twice_is_the_same),
    };
    return run_on_ranks(argc, argv, tests, set_up, NULL);
}
