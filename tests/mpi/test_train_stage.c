/* Stages share out the memory: what a rank holds of weights, gradients and moments falls
 * with the number of stages, and no page of the others' parts is ever touched. */
#include <sys/mman.h>

#include "polytree/par/comm.h"
#include "polytree/train/predict.h"
#include "tests/mpi/trainer_bench.h"
#include "tests/mpi/main.h"

static const char *const wide[] = {
    "space.nodes=8",    "space.flow=2",      "space.channels=64",     "space.stride=2 1",
    "train.batch=4",    "warmup.steps=2",    "search.steps=2",        "retrain.steps=2",
    "run.eval_every=0", "train.bundle=each", "search.optimizer=adam", NULL};

/** A trainer of so many stages, over as many of the ranks. */
static void open_bench(bench_t *b, int32_t n_stage)
{
    const int32_t extent[PT_N_AXIS] = {n_stage, 1, 1};

    memset(b, 0, sizeof *b);
    tiny_config(wide, &b->config);
    assert_ok(pt_layout_init(&b->layout, pt_comm_world(), extent, false));
    if (b->layout.is_active)
        make_trainer(b);
}

/** One step of either kind and an evaluation: everything that a run does touches memory. */
static void use(bench_t *b)
{
    pt_space_t *s = pt_trainer_space(b->trainer);
    pt_step_t step = {.phase = 1, .part = PT_PART_WEIGHT};
    pt_update_t update = pt_update_make(&b->config.search.update, 1e-3);
    pt_step_result_t result;
    pt_task_score_t score[N_TINY_TASK];
    double *dgate;

    assert_ok(pt_alloc(&dgate, (size_t)s->n_task * (size_t)s->n_choice, sizeof *dgate));
    assert_ok(pt_trainer_weight_step(b->trainer, &step, &b->subnet, &update, &result));
    step.is_alpha = true;
    assert_ok(pt_trainer_alpha_step(b->trainer, &step, &b->subnet, dgate, &result));
    assert_ok(pt_trainer_evaluate(b->trainer, &b->subnet, PT_PART_VAL, NULL, score));
    pt_free(dgate);
}

/** Bytes of whole pages in memory, of an array that begins on a page. */
static size_t touched(void *array, size_t bytes)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE), n = (bytes + page - 1) / page, sum = 0;
    unsigned char *is_there = calloc(n, 1);

    assert_int_equal(mincore(array, bytes, is_there), 0);
    for (size_t i = 0; i < n; i++)
        sum += is_there[i] & 1 ? page : 0;
    free(is_there);
    return sum;
}

/** What this rank is to hold. */
static pt_rank_memory_t predict(const bench_t *b)
{
    pt_arrangement_t a = {.ranks_per_node = 0};
    pt_machine_t machine;
    pt_predictor_t *predictor;
    pt_rank_memory_t m;

    memcpy(a.extent, b->layout.extent, sizeof a.extent);
    pt_machine_init(&machine);
    assert_ok(pt_predictor_new(&b->config, pt_trainer_feed(b->trainer),
                               pt_trainer_space(b->trainer), NULL, &machine, &predictor));
    assert_ok(pt_predictor_memory(predictor, &a, b->layout.coord, &m));
    pt_predictor_free(predictor);
    return m;
}

/** What the fullest rank holds for the parameters; 0 on ranks that hold none. */
static double fullest(int32_t n_stage)
{
    double mine = 0, all[64];
    bench_t b;

    open_bench(&b, n_stage);
    if (b.layout.is_active) {
        pt_store_t *store = &pt_trainer_space(b.trainer)->store;
        size_t n = (size_t)store->n_block * PT_BLOCK;
        pt_rank_memory_t m = predict(&b);
        use(&b);
        /* Padding is not touched. */
        size_t values = touched(store->value, n * sizeof *store->value);
        size_t sums = touched(store->grad_sum, n * sizeof *store->grad_sum);
        assert_true(values <= m.weights && values > m.weights / 2);
        assert_true(sums <= m.sums && sums > m.sums / 2);
        mine = (double)(m.weights + m.sums + m.moments + m.buffers);
    }
    close_bench(&b);
    assert_true(pt_comm_size(pt_comm_world()) <= 64);
    assert_ok(pt_comm_allgather(pt_comm_world(), &mine, all, sizeof mine));
    for (int32_t r = 0; r < pt_comm_size(pt_comm_world()); r++)
        mine = all[r] > mine ? all[r] : mine;
    return mine;
}

/* The fullest of S stages has at most 1.4 / S of everything: the space has 30 pieces with
 * weights of equal size but for the stem and the strided edges, and stages are cut by
 * time. */
static void memory_falls_with_stages(void **state)
{
    double whole = fullest(1);
    (void)state;
    for (int32_t n = 2; n <= pt_comm_size(pt_comm_world()); n++) {
        double most = fullest(n);
        print_message("%d stages: %.3f of the memory of one\n", (int)n, most / whole);
        assert_true(most < 1.4 * whole / n);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(memory_falls_with_stages)};
    return run_on_ranks(argc, argv, tests, tiny_set_up, tiny_tear_down);
}
