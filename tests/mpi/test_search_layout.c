/* The layout never changes the result: weights, moments, alpha, architecture and every
 * number in metrics.jsonl are the same bytes however the ranks are arranged. */
#include "polytree/par/comm.h"
#include "search_run.h"

static const char *const soft[] = {NULL};
static const char *const active[] = {"search.gates=hard",
                                     "search.run=active",
                                     "train.tasks_per_step=1",
                                     "search.optimizer=adam",
                                     "search.lr=0.01",
                                     "search.alternate=1e",
                                     "search.steps=3e",
                                     "search.reset_states=1",
                                     "run.eval_every=1e",
                                     "warmup.steps=2",
                                     NULL};
static const char *const hard[] = {
    "search.gates=hard", "search.run=all",     "retrain.from=scratch", "train.clip_norm=0",
    "data.cache=none",   "derive.rule=random", "warmup.steps=0",       NULL};
static const char *const shared[] = {"search.method=shared", NULL};

static void every_arrangement_agrees(void **state)
{
    tiny_options_t options = *state;
    char *expected = NULL;
    char run[32];
    int32_t extent[PT_N_AXIS];
    tiny_hooks_t hooks = {.stop_at = 0};
    static int32_t n_run;

    snprintf(run, sizeof run, "alone%d", (int)n_run++);
    tiny_go_alone(options, run, &hooks);
    if (tiny_is_root()) {
        expected = tiny_outcome(run);
        assert_non_null(strstr(expected, "\"event\":\"final\""));
    }
    for (int32_t i = 0; tiny_arrangement(i, extent); i++) {
        hooks = (tiny_hooks_t){.stop_at = 0};
        snprintf(run, sizeof run, "together%d", (int)n_run++);
        tiny_result_t r = tiny_go(pt_comm_world(), extent, options, run, &hooks);
        assert_int_equal(r.status, PT_OK);
        assert_int_equal(r.end, PT_RUN_DONE);
        assert_outcome(run, expected);
    }
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

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        {"soft gates", every_arrangement_agrees, NULL, NULL, (void *)(uintptr_t)soft},
        {"hard gates, active only", every_arrangement_agrees, NULL, NULL,
         (void *)(uintptr_t)active},
        {"hard gates, all run", every_arrangement_agrees, NULL, NULL,
         (void *)(uintptr_t)hard},
        {"shared chain", every_arrangement_agrees, NULL, NULL, (void *)(uintptr_t)shared},
        cmocka_unit_test(another_seed_differs),
    };
    int n_failed;

    alarm(100); /* a rank that failed leaves the others waiting */
    if (pt_par_start(&argc, &argv) != PT_OK)
        return 1;
    if (!tiny_is_root() && freopen("/dev/null", "w", stdout) == NULL)
        pt_par_abort(1);
    n_failed = cmocka_run_group_tests(tests, tiny_set_up, tiny_tear_down);
    if (n_failed > 0)
        pt_par_abort(1);
    pt_par_stop();
    return pt_memory_bytes() != 0;
}
