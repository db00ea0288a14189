/* A run that was stopped and went on, on the same or another layout, leaves the bytes of
 * one that never stopped. */
#include "polytree/par/comm.h"
#include "search_run.h"
#include "tests/mpi/main.h"

/* Of the stem: 3 x 3 of one channel to four. */
enum { N_STEM = 36 };

static const char *const in_turn[] = {"train.tasks_per_step=1", "search.gates=hard",
                                      "search.run=active",      "search.steps=2e",
                                      "search.alternate=1e",    "search.reset_states=1",
                                      "warmup.steps=3",         NULL};

/* Payload and metrics of the run that was never stopped; rank 0. */
static char *plain, *plain_in_turn;

static void without_a_stop(void **state)
{
    tiny_hooks_t hooks = {.stop_at = 0};
    (void)state;
    tiny_go_alone(NULL, "plain", &hooks);
    tiny_go_alone(in_turn, "plain_in_turn", &hooks);
    if (tiny_is_root()) {
        plain = tiny_outcome("plain");
        plain_in_turn = tiny_outcome("plain_in_turn");
    }
}

/* Stop every few steps; go on in all arrangements of all ranks and on one rank in turn.
 * Stops fall into every stage, between alpha and weight steps and before evaluations. */
static void stop_and_go_on(tiny_options_t options, int64_t every, const char *run,
                           const char *expected)
{
    int32_t extent[PT_N_AXIS], n_arrangement = 0, n_go = 0;
    int32_t is_done = 0;
    while (tiny_arrangement(n_arrangement, extent))
        n_arrangement++;
    while (!is_done) {
        tiny_hooks_t hooks = {.stop_at = every};
        tiny_result_t r;
        if (n_go % (n_arrangement + 1) == n_arrangement) {
            r = tiny_go_alone(options, run, &hooks);
        } else {
            assert_true(tiny_arrangement(n_go % (n_arrangement + 1), extent));
            r = tiny_go(pt_comm_world(), extent, options, run, &hooks);
        }
        assert_int_equal(r.status, PT_OK);
        is_done = r.end == PT_RUN_DONE;
        assert_int_equal(pt_comm_bcast(pt_comm_world(), &is_done, sizeof is_done, 0),
                         PT_OK);
        n_go++;
        assert_true(n_go < 30);
    }
    assert_true(n_go > 1);
    assert_outcome(run, expected);
}

static void stops_leave_no_trace(void **state)
{
    (void)state;
    stop_and_go_on(NULL, 3, "every3", plain);
    stop_and_go_on(NULL, 5, "every5", plain);
    stop_and_go_on(in_turn, 4, "in_turn4", plain_in_turn);
}

/* Weights of tasks that are learned are part of the state, and weigh. */
static void learned_weights_leave_no_trace(void **state)
{
    static const char *const uncertainty[] = {"train.weighting=uncertainty",
                                              "train.weighting_lr=0.05", NULL};
    static const char *const dwa[] = {"train.weighting=dwa", NULL};
    static const char *const random[] = {"train.weighting=random", NULL};
    static const char *const geometric[] = {"train.weighting=geometric", NULL};
    static const char *const famo[] = {"train.weighting=famo", "train.famo_lr=0.2", NULL};
    static const struct {
        const char *name;
        tiny_options_t options;
    } weighting[] = {{"uncertainty", uncertainty},
                     {"dwa", dwa},
                     {"random_weights", random},
                     {"geometric", geometric},
                     {"famo", famo}};
    (void)state;
    for (size_t i = 0; i < sizeof weighting / sizeof weighting[0]; i++) {
        tiny_hooks_t hooks = {.stop_at = 0};
        char run[32], *expected = NULL;
        tiny_go_alone(weighting[i].options, weighting[i].name, &hooks);
        if (tiny_is_root()) {
            expected = tiny_outcome(weighting[i].name);
            assert_non_null(strstr(expected, "task_weight"));
            assert_string_not_equal(expected, plain);
        }
        snprintf(run, sizeof run, "%s3", weighting[i].name);
        stop_and_go_on(weighting[i].options, 3, run, expected);
        pt_free(expected);
    }
}

/* Stopped every few steps, a run ends as one of these options that never was. */
static void leaves_no_trace(const char *name, tiny_options_t options, int64_t every)
{
    tiny_hooks_t hooks = {.stop_at = 0};
    char run[64], *expected = NULL;
    tiny_go_alone(options, name, &hooks);
    if (tiny_is_root())
        expected = tiny_outcome(name);
    snprintf(run, sizeof run, "%s-stopped", name);
    stop_and_go_on(options, every, run, expected);
    pt_free(expected);
}

/* A branch space is left for the space of what was derived from it, as is a dag that is
 * searched at another size; whoever resumes finds the one or the other. */
static void reformed_spaces_leave_no_trace(void **state)
{
    static const char *const search[] = {TINY_BRANCH, "resource.weight=0.1",
                                         "data.search_size=12", NULL};
    static const char *const by_task[] = {TINY_BRANCH, "train.turn=tasks",
                                          "train.tasks_per_step=2", NULL};
    static const char *const random[] = {TINY_BRANCH, "search.method=random",
                                         "baseline.madds=560000", NULL};
    static const char *const dag[] = {TINY_DENSE_DAG, "resource.budget=60%",
                                      "data.search_size=12", NULL};
    static const struct {
        const char *name;
        tiny_options_t options;
    } kind[] = {{"branch", search},
                {"branch_in_turn", by_task},
                {"branch_random", random},
                {"dense_dag", dag}};
    (void)state;
    for (size_t i = 0; i < sizeof kind / sizeof kind[0]; i++)
        leaves_no_trace(kind[i].name, kind[i].options, 5);
}

/* What was best on val is found again, although it is kept beside the checkpoints: with a
 * rate so large that the loss rises, that is not the last step. */
static void the_best_weights_leave_no_trace(void **state)
{
    static const char *const best[] = {"retrain.keep=best",   "retrain.steps=9",
                                       "run.eval_every=2",    "retrain.lr=3",
                                       "train.clip_norm=0.5", NULL};
    char path[400];
    (void)state;
    leaves_no_trace("best", best, 3);
    leaves_no_trace("best_too", best, 4);
    if (!tiny_is_root())
        return;
    char *journal = tiny_outcome("best");
    assert_non_null(strstr(journal, "\"kept\":"));
    assert_null(strstr(journal, "\"kept\":9"));
    pt_free(journal);
    snprintf(path, sizeof path, "%s/best/best", tiny_folder);
    assert_false(pt_path_exists(path));
}

/* A tensor that a run leaves: weights, and what is beside them as their average. */
static void read_tensor(const char *run, float *weight, float *average)
{
    char folder[400], path[420];
    pt_checkpoint_t c;

    snprintf(path, sizeof path, "%s/checkpoint.h5", tiny_path(run, folder));
    pt_checkpoint_init(&c);
    assert_int_equal(pt_checkpoint_read(&c, path), PT_OK);
    assert_int_equal(
        pt_checkpoint_copy(&c, "weight/stem.0.conv.weight", PT_DTYPE_F32, N_STEM, weight),
        PT_OK);
    assert_int_equal(
        pt_checkpoint_copy(&c, "average/stem.0.conv.weight", PT_DTYPE_F32, N_STEM, average),
        PT_OK);
    pt_checkpoint_release(&c);
}

/* Runs that train for so many steps alike leave the mean of up to four steps' weights, then
 * a quarter of each new one; the last weights themselves stand beside it. */
static void averages_are_those_of_the_steps(void **state)
{
    static char steps[32];
    const char *const averaged[] = {"retrain.ema=0.75", "retrain.schedule=constant", steps,
                                    NULL};
    static float weight[N_STEM], last[N_STEM];
    double expected[N_STEM] = {0}, moved = 0;
    (void)state;
    for (int n = 1; n < 8; n++) {
        tiny_hooks_t hooks = {.stop_at = 0};
        double share = n < 4 ? 1 / (double)n : 0.25;
        char run[32];
        snprintf(steps, sizeof steps, "retrain.steps=%d", n);
        snprintf(run, sizeof run, "averaged%d", n);
        tiny_go_alone(averaged, run, &hooks);
        if (!tiny_is_root())
            continue;
        read_tensor(run, weight, last);
        for (int i = 0; i < N_STEM; i++) {
            expected[i] += share * ((double)last[i] - expected[i]);
            moved = fmax(moved, fabs((double)last[i] - expected[i]));
            assert_true(fabs((double)weight[i] - expected[i]) < 1e-6);
        }
    }
    assert_true(!tiny_is_root() || moved > 1e-4);
}

/* Averages too, beside the best. */
static void averages_leave_no_trace(void **state)
{
    static const char *const best[] = {"retrain.ema=0.8",
                                       "retrain.keep=best",
                                       "retrain.steps=9",
                                       "run.eval_every=2",
                                       "retrain.lr=3",
                                       "train.clip_norm=0.5",
                                       NULL};
    (void)state;
    leaves_no_trace("best_average", best, 3);
}

/* The baselines too: chains that begin with their last stage, a supernet that is kept. */
static void baselines_leave_no_trace(void **state)
{
    static const char *const single[] = {"search.method=single", "baseline.steps=11", NULL};
    static const char *const drawn[] = {"search.method=random", "baseline.madds=70000",
                                        NULL};
    static const struct {
        const char *name;
        tiny_options_t options;
    } baseline[] = {{"single", single}, {"random", drawn}};
    (void)state;
    for (size_t i = 0; i < sizeof baseline / sizeof baseline[0]; i++)
        leaves_no_trace(baseline[i].name, baseline[i].options, 4);
}

static void move(const char *run, const char *from, const char *to)
{
    char folder[400], a[440], b[440];
    tiny_path(run, folder);
    snprintf(a, sizeof a, "%s/%s", folder, from);
    snprintf(b, sizeof b, "%s/%s", folder, to);
    assert_int_equal(rename(a, b), 0);
}

/* Killed some steps behind a checkpoint, made at once with an evaluation: the steps since
 * are made anew, and their lines in metrics.jsonl stand there once. */
static void what_came_after_the_checkpoint_is_repeated(void **state)
{
    tiny_hooks_t hooks = {.checkpoint_at = 7, .stop_at = 11};
    (void)state;
    tiny_go_alone(NULL, "killed", &hooks);
    if (tiny_is_root())
        move("killed", "checkpoint.prev.h5", "checkpoint.h5");
    hooks = (tiny_hooks_t){.stop_at = 0};
    tiny_go_alone(NULL, "killed", &hooks);
    assert_outcome("killed", plain);
}

/* Nothing but a file of metrics is left of a run killed before its first checkpoint. */
static void leftovers_of_no_checkpoint_are_cut(void **state)
{
    tiny_hooks_t hooks = {.stop_at = 2};
    (void)state;
    tiny_go_alone(NULL, "early", &hooks);
    if (tiny_is_root())
        move("early", "checkpoint.h5", "lost.h5");
    hooks = (tiny_hooks_t){.stop_at = 0};
    tiny_go_alone(NULL, "early", &hooks);
    assert_outcome("early", plain);
}

/* Started again, a finished run says so, gives its scores, and leaves its files alone. */
static void a_finished_run_is_left_alone(void **state)
{
    int32_t extent[PT_N_AXIS];
    tiny_hooks_t hooks = {.stop_at = 0};
    tiny_result_t first, again;
    (void)state;
    assert_true(tiny_arrangement(0, extent));
    first = tiny_go(pt_comm_world(), extent, NULL, "finished", &hooks);
    hooks = (tiny_hooks_t){.stop_at = 0};
    again = tiny_go(pt_comm_world(), extent, NULL, "finished", &hooks);
    assert_int_equal(again.end, PT_RUN_DONE);
    assert_int_equal(hooks.n_poll, 0);
    assert_int_equal(hooks.said_finished, tiny_is_root());
    assert_memory_equal(&again.mean_metric, &first.mean_metric, sizeof(double));
    assert_memory_equal(&again.score, &first.score, sizeof(double));
    assert_true(again.score >= 0);
    assert_memory_equal(&again.cost, &first.cost, sizeof first.cost);
    assert_outcome("finished", plain);
}

/* All training is in a checkpoint before `test` is read: from there no step is made. */
static void the_last_evaluation_can_be_repeated(void **state)
{
    tiny_hooks_t hooks = {.stop_at = 0};
    (void)state;
    tiny_go_alone(NULL, "trained", &hooks);
    if (tiny_is_root())
        move("trained", "checkpoint.prev.h5", "checkpoint.h5");
    hooks = (tiny_hooks_t){.stop_at = 0};
    tiny_go_alone(NULL, "trained", &hooks);
    assert_int_equal(hooks.n_poll, 0);
    assert_int_equal(hooks.said_finished, 0);
    assert_outcome("trained", plain);
}

/* Another config is refused on all ranks and named; what is free on resume is free. */
static void another_config_is_refused(void **state)
{
    static const char *const other[] = {"search.lr=0.123", NULL};
    static const char *const free_options[] = {"run.log_every=1", "data.cache=none", NULL};
    int32_t extent[PT_N_AXIS];
    tiny_hooks_t hooks = {.stop_at = 2};
    tiny_result_t r;
    (void)state;
    assert_true(tiny_arrangement(0, extent));
    tiny_go(pt_comm_world(), extent, NULL, "config", &hooks);
    r = tiny_go(pt_comm_world(), extent, other, "config", &hooks);
    assert_int_equal(r.status, PT_E_MISMATCH);
    assert_non_null(strstr(pt_error_message(), "search.lr"));
    hooks = (tiny_hooks_t){.stop_at = 0};
    r = tiny_go(pt_comm_world(), extent, free_options, "config", &hooks);
    assert_int_equal(r.end, PT_RUN_DONE);
    assert_outcome("config", plain);
}

/* Neither weight nor alpha steps allocate, not when every step draws another subnet
 * either. */
static void steps_do_not_allocate(void **state)
{
    static const char *const quiet[] = {"run.eval_every=0",       "search.steps=16",
                                        "warmup.steps=12",        "search.gates=hard",
                                        "retrain.steps=12",       "search.run=active",
                                        "run.checkpoint_every=0", NULL};
    static const char *const quiet_soft[] = {"run.eval_every=0",       "search.steps=16",
                                             "warmup.steps=12",        "retrain.steps=12",
                                             "run.checkpoint_every=0", NULL};
    int32_t extent[PT_N_AXIS];
    tiny_hooks_t hooks = {.stop_at = 0};
    (void)state;
    assert_true(tiny_arrangement(0, extent));
    tiny_go(pt_comm_world(), extent, quiet, "quiet", &hooks);
    tiny_go(pt_comm_world(), extent, quiet_soft, "quiet_soft", &hooks);
    if (tiny_is_root()) {
        assert_true(hooks.n_poll > 90);
        assert_int_equal(hooks.n_new_alloc, 0);
    }
}

static int tear_down(void **state)
{
    pt_free(plain);
    pt_free(plain_in_turn);
    return tiny_tear_down(state);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_stop),
        cmocka_unit_test(stops_leave_no_trace),
        cmocka_unit_test(learned_weights_leave_no_trace),
        cmocka_unit_test(reformed_spaces_leave_no_trace),
        cmocka_unit_test(the_best_weights_leave_no_trace),
        cmocka_unit_test(averages_are_those_of_the_steps),
        cmocka_unit_test(averages_leave_no_trace),
        cmocka_unit_test(baselines_leave_no_trace),
        cmocka_unit_test(what_came_after_the_checkpoint_is_repeated),
        cmocka_unit_test(leftovers_of_no_checkpoint_are_cut),
        cmocka_unit_test(a_finished_run_is_left_alone),
        cmocka_unit_test(the_last_evaluation_can_be_repeated),
        cmocka_unit_test(another_config_is_refused),
        cmocka_unit_test(steps_do_not_allocate),
    };
    return run_on_ranks(argc, argv, tests, tiny_set_up, tear_down);
}
