/* The layout never changes the result: weights, moments, alpha, architecture and every
 * number in metrics.jsonl are the same bytes however the ranks are arranged. */
#include "polytree/par/comm.h"
#include "search_run.h"
#include "tests/mpi/main.h"

static const char *const soft[] = {NULL};
static const char *const active[] = {
    "search.gates=hard",     "search.run=active", "train.tasks_per_step=1",
    "search.optimizer=adam", "search.lr=0.01",    "alpha.pooling=0.5",
    "search.alternate=1e",   "search.steps=3e",   "search.reset_states=1",
    "run.eval_every=1e",     "warmup.steps=2",    NULL};
static const char *const hard[] = {
    "search.gates=hard", "search.run=all",     "retrain.from=scratch", "train.clip_norm=0",
    "data.cache=none",   "derive.rule=random", "warmup.steps=0",       NULL};
static const char *const shared[] = {"search.method=shared", NULL};
static const char *const single[] = {"search.method=single", "baseline.width=1.5",
                                     "baseline.steps=9", "baseline.lr=0.02", NULL};
/* The whole space costs 98142. */
static const char *const drawn[] = {"search.method=random", "baseline.madds=70000", NULL};

static const char *const branch[] = {TINY_BRANCH, "resource.weight=0.1",
                                     "resource.budget=70%", "data.search_size=12", NULL};
static const char *const branch_in_turn[] = {
    TINY_BRANCH,       "train.turn=tasks",      "train.tasks_per_step=1",
    "space.copies=2",  "retrain.from=scratch",  "search.alternate=1e",
    "search.steps=2e", "search.reset_states=1", NULL};
static const char *const branch_soft[] = {TINY_BRANCH, "search.run=all",
                                          "search.gates=soft", "warmup.steps=5", NULL};
static const char *const dense_dag[] = {TINY_DENSE_DAG, "resource.weight=0.1",
                                        "resource.budget=60%", "data.search_size=12", NULL};
static const char *const full[] = {TINY_BRANCH, "search.method=full", NULL};
/* Without a stem later stages read the input as well. */
static const char *const numbered[] = {TINY_BRANCH,
                                       "search.method=exhaustive",
                                       "baseline.branching=100",
                                       "encoder.stem=none",
                                       "encoder.layers=conv3x3_bn_relu out=8 stride=2\n"
                                       "conv3x3_bn_relu out=8 stride=2",
                                       NULL};

/* Passes before and after steps, tasks in turn, half of them in a step; averages. */
static const char *const famo[] = {"train.weighting=famo", "train.tasks_per_step=1",
                                   "head.dropout=0.3", "retrain.ema=0.7", NULL};
static const char *const geometric[] = {TINY_BRANCH,           "train.weighting=geometric",
                                        "train.turn=tasks",    "train.tasks_per_step=3",
                                        "retrain.ema=0.5",     "retrain.keep=best",
                                        "data.search_size=12", NULL};
static const char *const by_chance[] = {"train.weighting=random", "augment.cutout=0.5",
                                        "search.gates=hard", "retrain.ema=0.9", NULL};

/* On more than two ranks each variant runs in one of the arrangements with one stage, and
 * every second one with several; `make check-long` runs all in all. */
static bool is_run(int32_t i, int32_t n, int32_t n_one_stage, int32_t variant)
{
    int32_t n_more = n - n_one_stage, size = pt_comm_size(pt_comm_world());

    if (size <= 2 || getenv("POLYTREE_TEST_LONG") != NULL)
        return true;
    if (i < n_one_stage)
        return i == variant % n_one_stage;
    return variant % 2 == size % 2 && i == n_one_stage + variant / 2 % n_more;
}

static void every_arrangement_agrees(void **state)
{
    tiny_options_t options = *state;
    char *expected = NULL;
    char run[32];
    int32_t extent[PT_N_AXIS];
    tiny_hooks_t hooks = {.stop_at = 0};
    int32_t n = 0, n_one_stage = 0;
    static int32_t n_run, n_variant;

    for (; tiny_arrangement(n, extent); n++)
        n_one_stage += extent[PT_AXIS_STAGE] == 1;
    snprintf(run, sizeof run, "alone%d", (int)n_run++);
    tiny_go_alone(options, run, &hooks);
    if (tiny_is_root()) {
        expected = tiny_outcome(run);
        assert_non_null(strstr(expected, "\"event\":\"final\""));
    }
    for (int32_t i = 0; tiny_arrangement(i, extent); i++) {
        if (!is_run(i, n, n_one_stage, n_variant))
            continue;
        hooks = (tiny_hooks_t){.stop_at = 0};
        snprintf(run, sizeof run, "together%d", (int)n_run++);
        tiny_result_t r = tiny_go(pt_comm_world(), extent, options, run, &hooks);
        assert_int_equal(r.status, PT_OK);
        assert_int_equal(r.end, PT_RUN_DONE);
        assert_outcome(run, expected);
    }
    n_variant++;
    pt_free(expected);
}

/* Another seed is another result: the digest looks at what it should. */
static void another_seed_differs(void **state)
{
    static const char *const seed[] = {"run.seed=2", NULL};
    tiny_hooks_t hooks = {.stop_at = 0};
    (void)state;
    tiny_go_alone(soft, "seed1", &hooks);
    tiny_go_alone(seed, "seed2", &hooks);
    if (!tiny_is_root())
        return;
    char *one = tiny_outcome("seed1"), *two = tiny_outcome("seed2");
    assert_string_not_equal(one, two);
    assert_int_not_equal(strncmp(one, two, 32), 0);
    pt_free(one);
    pt_free(two);
}

/** Loss of the last weight step in a run's metrics. */
static double last_loss(const char *outcome)
{
    const char *at = NULL;

    for (const char *p = outcome; (p = strstr(p, "\"event\":\"step\"")) != NULL; p++)
        at = p;
    assert_non_null(at);
    at = strstr(at, "\"loss\":");
    assert_non_null(at);
    return strtod(at + strlen("\"loss\":"), NULL);
}

/* `reduction = fast` is the same training but for the rounding of sums over ranks: one rank
 * alone, where nothing is summed, gives the exact bits; many give a loss that has drifted
 * by no more than rounding (6e-8 a step) can grow in this short training. */
static void fast_sums_are_close(void **state)
{
    static const char *const exact[] = {"search.method=shared", "baseline.steps=6", NULL};
    static const char *const fast[] = {"search.method=shared", "baseline.steps=6",
                                       "kernel.reduction=fast", NULL};
    int32_t extent[PT_N_AXIS] = {1, 1, pt_comm_size(pt_comm_world())};
    tiny_hooks_t hooks = {.stop_at = 0};
    (void)state;
    tiny_go_alone(exact, "exact", &hooks);
    tiny_go_alone(fast, "fast1", &hooks);
    tiny_result_t r = tiny_go(pt_comm_world(), extent, fast, "fast", &hooks);
    assert_int_equal(r.status, PT_OK);
    if (!tiny_is_root())
        return;
    char *want = tiny_outcome("exact"), *one = tiny_outcome("fast1"),
         *got = tiny_outcome("fast");
    assert_string_equal(one, want);
    assert_true(fabs(last_loss(got) - last_loss(want)) < 1e-3);
    pt_free(want);
    pt_free(one);
    pt_free(got);
}

/* baseline.supernet saves the training of the supernet and changes nothing. */
static void a_kept_supernet_gives_the_same_result(void **state)
{
    static char taken[500];
    static const char *const whole[] = {"search.method=random", "baseline.madds=70000",
                                        "baseline.random_index=1", NULL};
    const char *const brief[] = {"search.method=random", "baseline.madds=70000",
                                 "baseline.random_index=1", taken, NULL};
    tiny_hooks_t hooks = {.stop_at = 0};
    char path[400];
    (void)state;
    snprintf(taken, sizeof taken, "baseline.supernet=%s", tiny_path("net0", path));
    tiny_go_alone(drawn, "net0", &hooks);
    tiny_go_alone(whole, "net1", &hooks);
    tiny_go_alone(brief, "net1-brief", &hooks);
    if (!tiny_is_root())
        return;
    char *one = tiny_outcome("net1"), *two = tiny_outcome("net1-brief");
    assert_int_equal(strncmp(one, two, 32), 0);
    assert_null(strstr(two, "\"stage\":\"warmup\""));
    pt_free(one);
    pt_free(two);
}

/* `search.run` says what is computed, not what comes out: where nothing acts on a gradient
 * of zero, running the closed candidates too gives the same losses but for rounding.  (A
 * node that nothing enters would add relu(shift) of what leaves it: 2.6e-5 here.) */
static void closed_candidates_add_nothing(void **state)
{
#define PLAIN                                                                              \
    "search.gates=hard", "warmup.momentum=0", "warmup.nesterov=0", "warmup.decay=0",       \
        "search.momentum=0", "search.nesterov=0", "search.decay=0", "head.dropout=0",      \
        "train.clip_norm=0", "train.bundle=each", "retrain.steps=0", "warmup.lr=0.3",      \
        "search.lr=0.3", "warmup.steps=12"
    static const char *const all[] = {PLAIN, "search.run=all", NULL};
    static const char *const few[] = {PLAIN, "search.run=active", NULL};
#undef PLAIN
    tiny_hooks_t hooks = {.stop_at = 0};
    (void)state;
    tiny_go_alone(all, "runs_all", &hooks);
    tiny_go_alone(few, "runs_few", &hooks);
    if (!tiny_is_root())
        return;
    char *one = tiny_outcome("runs_all"), *two = tiny_outcome("runs_few");
    assert_true(fabs(last_loss(one) - last_loss(two)) < 1e-6);
    pt_free(one);
    pt_free(two);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        {"soft gates", every_arrangement_agrees, NULL, NULL, (void *)(uintptr_t)soft},
        {"hard gates, active only", every_arrangement_agrees, NULL, NULL,
         (void *)(uintptr_t)active},
        {"hard gates, all run", every_arrangement_agrees, NULL, NULL,
         (void *)(uintptr_t)hard},
        {"shared chain", every_arrangement_agrees, NULL, NULL, (void *)(uintptr_t)shared},
        {"a chain for each task", every_arrangement_agrees, NULL, NULL,
         (void *)(uintptr_t)single},
        {"random subnet", every_arrangement_agrees, NULL, NULL, (void *)(uintptr_t)drawn},
        {"branches, a path at a time", every_arrangement_agrees, NULL, NULL,
         (void *)(uintptr_t)branch},
        {"branches, tasks in turn", every_arrangement_agrees, NULL, NULL,
         (void *)(uintptr_t)branch_in_turn},
        {"branches, soft gates", every_arrangement_agrees, NULL, NULL,
         (void *)(uintptr_t)branch_soft},
        {"dense tasks on a dag", every_arrangement_agrees, NULL, NULL,
         (void *)(uintptr_t)dense_dag},
        {"full branching", every_arrangement_agrees, NULL, NULL, (void *)(uintptr_t)full},
        {"a numbered branching", every_arrangement_agrees, NULL, NULL,
         (void *)(uintptr_t)numbered},
        {"weights by FAMO", every_arrangement_agrees, NULL, NULL, (void *)(uintptr_t)famo},
        {"weights by the geometric mean", every_arrangement_agrees, NULL, NULL,
         (void *)(uintptr_t)geometric},
        {"random weights", every_arrangement_agrees, NULL, NULL,
         (void *)(uintptr_t)by_chance},
        cmocka_unit_test(another_seed_differs),
        cmocka_unit_test(fast_sums_are_close),
        cmocka_unit_test(closed_candidates_add_nothing),
        cmocka_unit_test(a_kept_supernet_gives_the_same_result),
    };
    return run_on_ranks(argc, argv, tests, tiny_set_up, tiny_tear_down);
}
