/* What the predictor says that a rank sends in a step is what the rank's own counters of
 * traffic find when it makes that step: plans, schedules and simulations stand on it. */
#include "polytree/par/comm.h"
#include "polytree/par/reduce.h"
#include "polytree/train/predict.h"
#include "search_run.h"
#include "tests/mpi/main.h"

enum { N_STEP = 3 };

/** Gates are drawn: each step uses other edges, and sends other features. */
static const char *const drawn_dag[] = {"search.gates=hard",
                                        "search.run=active",
                                        "space.nodes=6",
                                        "space.flow=3",
                                        "train.clip_norm=5",
                                        "train.tasks_per_step=2",
                                        NULL};
/** All of it in every step, tasks one by one. */
static const char *const soft_dag[] = {"train.bundle=each", "space.channels=64", NULL};
static const char *const drawn_branch[] = {TINY_BRANCH, NULL};

/** A trainer, and the predictor of its run. */
typedef struct bench {
    pt_config_t config;
    pt_layout_t layout;
    pt_kernel_t kernel;
    pt_machine_t machine;
    pt_arrangement_t arrangement;
    pt_dataset_t *dataset;
    pt_trainer_t *trainer;
    pt_predictor_t *predictor;
    pt_subnet_t subnet;
    pt_alpha_t alpha;
    double *g, *dgate;
} bench_t;

static void open_bench(bench_t *b, tiny_options_t options, const int32_t extent[PT_N_AXIS])
{
    memset(b, 0, sizeof *b);
    tiny_config(options, &b->config);
    memcpy(b->arrangement.extent, extent, sizeof b->arrangement.extent);
    pt_machine_init(&b->machine);
    assert_ok(pt_layout_init(&b->layout, pt_comm_world(), extent, true));
    assert_ok(pt_kernel_init(&b->kernel, PT_BACKEND_AUTO, PT_ISA_NATIVE, 1));
    assert_ok(pt_dataset_open(b->config.data.file, "all", b->layout.world, b->layout.node,
                              true, &b->dataset));
    assert_ok(
        pt_trainer_new(&b->config, &b->layout, b->dataset, &b->kernel, NULL, &b->trainer));
    const pt_space_t *s = pt_trainer_space(b->trainer);
    assert_ok(pt_predictor_new(&b->config, pt_trainer_feed(b->trainer), s, NULL,
                               &b->machine, &b->predictor));
    assert_ok(pt_subnet_init(&b->subnet, s->n_task, s->n_choice));
    b->subnet.is_active_only = s->has_one_copy;
    assert_ok(pt_alpha_init(&b->alpha, s->n_task, s->n_choice));
    assert_ok(pt_alloc(&b->g, (size_t)s->n_choice, sizeof *b->g));
    assert_ok(
        pt_alloc(&b->dgate, (size_t)s->n_task * (size_t)s->n_choice, sizeof *b->dgate));
}

static void close_bench(bench_t *b)
{
    pt_free(b->g);
    pt_free(b->dgate);
    pt_alpha_release(&b->alpha);
    pt_subnet_release(&b->subnet);
    pt_predictor_free(b->predictor);
    pt_trainer_free(b->trainer);
    pt_dataset_close(b->dataset);
    pt_kernel_release(&b->kernel);
    pt_layout_release(&b->layout);
}

/** A step as at the beginning of a search (src/search/phases.c). */
static void run_step(bench_t *b, bool is_alpha, int64_t number)
{
    const pt_step_t step = {.phase = 1,
                            .is_alpha = is_alpha,
                            .step = number,
                            .part = is_alpha ? PT_PART_ALPHA : PT_PART_WEIGHT};
    pt_update_t update = pt_update_make(&b->config.search.update, 1e-3);
    pt_rng_t rng = pt_step_rng(&b->config, &step, PT_RNG_GATE);
    bool is_hard = b->config.search.gates == PT_GATES_HARD;
    pt_step_result_t result;
    int32_t task[16], n;

    pt_trainer_turn(b->trainer, &step, task, &n);
    for (int32_t i = 0; i < n; i++)
        pt_alpha_sample(pt_trainer_space(b->trainer), &b->alpha, task[i], &rng,
                        b->config.search.tau_begin, is_hard, &b->subnet, b->g);
    if (is_alpha)
        assert_ok(pt_trainer_alpha_step(b->trainer, &step, &b->subnet, b->dgate, &result));
    else
        assert_ok(pt_trainer_weight_step(b->trainer, &step, &b->subnet, &update, &result));
}

/** Bytes of each kind that this rank brings in, by its share.  Owners of weights have
 * unequal parts of them: the first of those that gather has them all here. */
static void predict(bench_t *b, bool is_alpha, int32_t number, int64_t bytes[PT_N_TRAFFIC])
{
    const pt_layout_t *l = &b->layout;
    pt_share_t share = {0};

    memset(bytes, 0, PT_N_TRAFFIC * sizeof *bytes);
    assert_ok(pt_predictor_share(b->predictor, &b->arrangement, l->coord,
                                 is_alpha ? PT_PASS_ALPHA : PT_PASS_WEIGHT, number,
                                 &share));
    if (pt_comm_size(l->replica) == 1)
        share.shared = 0;
    if (pt_comm_size(l->data) == 1)
        share.heads = 0;
    if (pt_comm_size(l->world) > 1) {
        bytes[PT_TRAFFIC_CONTROL] =
            (share.sum[PT_SHARE_COUNTS] + share.sum[PT_SHARE_CONTROL] +
             share.sum[PT_SHARE_LOSSES]) *
            8;
        bytes[PT_TRAFFIC_ALPHA] = share.sum[PT_SHARE_GATES] * 8;
        bytes[PT_TRAFFIC_CLIP] = share.sum[PT_SHARE_NORMS] * 8;
    }
    bytes[PT_TRAFFIC_GRADIENT] = (share.shared + share.heads) * 8;
    bytes[PT_TRAFFIC_WEIGHT] = (pt_comm_rank(l->replica) == 0 ? share.shared * 4 : 0) +
                               (pt_comm_rank(l->data) == 0 ? share.heads * 4 : 0);
    for (int32_t g = 0; g < share.n_segment; g++)
        bytes[PT_TRAFFIC_STAGE] += share.forward[g].bytes + share.backward[g].bytes;
    pt_share_release(&share);
}

static int64_t sum_over_ranks(int64_t n)
{
    int64_t all[64], sum = 0;
    int32_t size = pt_comm_size(pt_comm_world());

    assert_true(size <= 64);
    assert_ok(pt_comm_allgather(pt_comm_world(), &n, all, sizeof n));
    for (int32_t r = 0; r < size; r++)
        sum += all[r];
    return sum;
}

/** Of losses and gates, whose sums have as many limbs as their values ask for. */
static bool is_near(int64_t counted, int64_t predicted)
{
    return counted <= 2 * predicted && 2 * counted >= predicted;
}

/** Makes a step; what of each kind went over all ranks is added to `total`.  It is made
 * twice, since the first of a parameter group is formed again. */
static void compare_step(bench_t *b, bool is_alpha, int32_t number,
                         int64_t total[PT_N_TRAFFIC])
{
    int64_t predicted[PT_N_TRAFFIC], counted[PT_N_TRAFFIC];

    predict(b, is_alpha, number, predicted);
    run_step(b, is_alpha, number);
    for (int i = 0; i < PT_N_TRAFFIC; i++)
        counted[i] = pt_traffic_stats((pt_traffic_t)i)->bytes;
    run_step(b, is_alpha, number);
    for (int i = 0; i < PT_N_TRAFFIC; i++)
        counted[i] = pt_traffic_stats((pt_traffic_t)i)->bytes - counted[i];
    for (int i = 0; i < PT_N_TRAFFIC; i++) {
        int64_t sum = sum_over_ranks(counted[i]);
        bool has_limbs = i == PT_TRAFFIC_CONTROL || i == PT_TRAFFIC_ALPHA;
        bool is_same = i == PT_TRAFFIC_WEIGHT ? sum == sum_over_ranks(predicted[i])
                       : has_limbs            ? is_near(counted[i], predicted[i])
                                              : counted[i] == predicted[i];
        if (!is_same)
            print_error(
                "%s step %d of %d x %d x %d, %s: predicted %lld bytes, counted %lld\n",
                is_alpha ? "alpha" : "weight", (int)number, (int)b->layout.extent[0],
                (int)b->layout.extent[1], (int)b->layout.extent[2],
                pt_traffic_name((pt_traffic_t)i), (long long)predicted[i],
                (long long)counted[i]);
        /* All ranks fail, or none. */
        assert_int_equal(sum_over_ranks(!is_same), 0);
        total[i] += sum;
    }
}

/** Every arrangement of the ranks makes some steps of both kinds. */
static void compare(tiny_options_t options)
{
    int32_t extent[PT_N_AXIS];

    for (int32_t i = 0; tiny_arrangement(i, extent); i++) {
        int64_t total[PT_N_TRAFFIC] = {0};
        bench_t b;
        open_bench(&b, options, extent);
        for (int32_t step = 0; step < N_STEP; step++) {
            compare_step(&b, false, step, total);
            compare_step(&b, true, step, total);
        }
        bool has_replicas = extent[PT_AXIS_TASK] * extent[PT_AXIS_DATA] > 1;
        assert_int_equal(total[PT_TRAFFIC_STAGE] > 0, extent[PT_AXIS_STAGE] > 1);
        assert_int_equal(total[PT_TRAFFIC_GRADIENT] > 0, has_replicas);
        assert_int_equal(total[PT_TRAFFIC_WEIGHT] > 0, has_replicas);
        assert_int_equal(total[PT_TRAFFIC_ALPHA] > 0, pt_comm_size(pt_comm_world()) > 1);
        close_bench(&b);
    }
}

static void bytes_are_counted_with_all_edges_open(void **state)
{
    (void)state;
    compare(soft_dag);
}

static void bytes_are_counted_with_edges_drawn(void **state)
{
    (void)state;
    compare(drawn_dag);
}

static void bytes_are_counted_with_copies_drawn(void **state)
{
    (void)state;
    compare(drawn_branch);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_are_counted_with_all_edges_open),
        cmocka_unit_test(bytes_are_counted_with_edges_drawn),
        cmocka_unit_test(bytes_are_counted_with_copies_drawn),
    };
    return run_on_ranks(argc, argv, tests, tiny_set_up, tiny_tear_down);
}
