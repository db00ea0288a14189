/* What a run tells its journals is what a reader is told, and the lines are as they have
 * always been. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "polytree/base/memory.h"
#include "polytree/io/file.h"
#include "polytree/record/journal.h"
#include "polytree/record/run_file.h"

static char run[64];

static int empty_run(void **state)
{
    (void)state;
    snprintf(run, sizeof run, "/tmp/pt_journal_XXXXXX");
    return mkdtemp(run) == NULL;
}

static int remove_run(void **state)
{
    char path[PT_PATH_MAX];
    (void)state;
    for (int i = 0; i < PT_N_FILE; i++)
        if (pt_run_file_path(run, (pt_run_file_t)i, path) == PT_OK)
            unlink(path);
    return rmdir(run);
}

static char *read_all(pt_run_file_t file, size_t *bytes)
{
    char path[PT_PATH_MAX], *text = NULL;
    assert_int_equal(pt_run_file_path(run, file, path), PT_OK);
    assert_int_equal(pt_file_read(path, &text, bytes), PT_OK);
    return text;
}

static const pt_event_share_t share[] = {{"plain", 0.1, 1.5}, {"none", NAN, NAN}};
static const int64_t confusion[] = {7, 0, 1, (int64_t)1 << 40};
static const pt_event_score_t score[] = {
    {"a \"quoted\" \\ name\n",
     3,
     0.25,
     2,
     {{"miou", 0.5, 0.125}, {"pixel_accuracy", NAN, 0}},
     2,
     confusion}};
static const pt_event_cost_t cost[] = {{"t", {.madds = 5, .encoder_madds = 4, .edges = 2}}};

static const pt_event_t event[] = {
    {PT_EVENT_PHASE, PT_PHASE_SEARCH, .begun = {20, 5}},
    {PT_EVENT_STEP, PT_PHASE_SEARCH,
     .step = {.step = 1,
              .loss = 0.1,
              .lr = 1e-5,
              .has_tau = true,
              .tau = 5,
              .has_weights = true,
              .n_task = 2,
              .task = share}},
    {PT_EVENT_STEP, PT_PHASE_SEARCH,
     .step = {.is_alpha = true,
              .step = 2,
              .loss = NAN,
              .lr = 3,
              .has_squeeze = true,
              .squeeze = 0.5,
              .has_cost = true,
              .cost = NAN,
              .has_edges = true,
              .edges = 4}},
    {PT_EVENT_EVAL, PT_PHASE_RETRAIN,
     .scores =
         {.step = 7, .part = "val", .mean = NAN, .n_task = 1, .task = score, .kept = -1}},
    {PT_EVENT_NETWORK, PT_PHASE_RETRAIN,
     .network = {{.madds = 9, .parameters = 1}, 1, cost}},
    {PT_EVENT_FINAL, PT_PHASE_RETRAIN,
     .scores = {.step = 8,
                .part = "test",
                .mean = 0.5,
                .has_edges = true,
                .edges = 2,
                .samples = {12, 1.5}}},
};
enum { N_EVENT = sizeof event / sizeof event[0] };

static const char *const expected[] = {
    "{\"event\":\"phase\",\"phase\":\"search\",\"steps\":20,\"alpha_steps\":5}\n",
    "{\"event\":\"step\",\"phase\":\"search\",\"kind\":\"weight\",\"step\":1,"
    "\"loss\":0.10000000000000001,\"lr\":1.0000000000000001e-05,\"tau\":5,"
    "\"task_loss\":{\"plain\":0.10000000000000001,\"none\":null},"
    "\"task_weight\":{\"plain\":1.5,\"none\":null}}\n",
    "{\"event\":\"step\",\"phase\":\"search\",\"kind\":\"alpha\",\"step\":2,"
    "\"loss\":null,\"squeeze\":0.5,\"cost\":null,\"lr\":3,\"edges\":4,"
    "\"task_loss\":{}}\n",
    "{\"event\":\"eval\",\"phase\":\"retrain\",\"step\":7,\"part\":\"val\","
    "\"mean\":null,\"tasks\":{\"a \\\"quoted\\\" \\\\ name\\u000a\":{\"n\":3,"
    "\"miou\":0.5,\"loss\":0.25,\"miou_bound\":0.125,\"pixel_accuracy\":null,"
    "\"confusion\":[[7,0],[1,1099511627776]]}}}\n",
    "{\"event\":\"derive\",\"phase\":\"retrain\",\"edges\":0,\"madds\":9,"
    "\"encoder_madds\":0,\"parameters\":1,\"tasks\":{\"t\":{\"edges\":2,\"madds\":5,"
    "\"encoder_madds\":4,\"parameters\":0}}}\n",
    "{\"event\":\"final\",\"phase\":\"retrain\",\"step\":8,\"part\":\"test\","
    "\"mean\":0.5,\"edges\":2,\"samples\":{\"searching\":12,\"training\":1.5},\"kept\":0,"
    "\"tasks\":{}}\n",
};

static void put_all(int64_t from_bytes, int64_t *bytes)
{
    pt_journal_t *j = NULL;
    char notice[512];
    assert_int_equal(
        pt_journal_open(run, &(pt_journal_spec_t){from_bytes, true}, notice, &j), PT_OK);
    assert_string_equal(notice, "");
    for (int i = 0; i < N_EVENT; i++)
        pt_journal_put(j, &event[i]);
    assert_int_equal(pt_journal_sync(j, bytes), PT_OK);
    assert_false(pt_journal_has_failed(j));
    pt_journal_free(j);
}

static void lines_are_as_always(void **state)
{
    (void)state;
    int64_t bytes = 0;
    size_t n;
    put_all(0, &bytes);
    char *text = read_all(PT_FILE_METRICS, &n);
    const char *at = text;
    assert_int_equal(strlen(text), bytes);
    for (int i = 0; i < N_EVENT; at += strlen(expected[i++]))
        assert_memory_equal(at, expected[i], strlen(expected[i]));
    assert_int_equal(*at, '\0');
    pt_free(text);
}

static bool same(double a, double b)
{
    return a == b || (isnan(a) && isnan(b));
}

static void compare_step(const pt_event_step_t *a, const pt_event_step_t *b)
{
    assert_true(a->is_alpha == b->is_alpha && a->step == b->step);
    assert_true(same(a->loss, b->loss) && same(a->lr, b->lr));
    assert_true(a->has_squeeze == b->has_squeeze && a->has_cost == b->has_cost &&
                a->has_grad_norm == b->has_grad_norm && a->has_tau == b->has_tau &&
                a->has_edges == b->has_edges && a->has_weights == b->has_weights);
    assert_true(same(a->squeeze, b->has_squeeze ? b->squeeze : NAN));
    assert_true(same(a->tau, b->has_tau ? b->tau : NAN));
    assert_true(same(a->edges, b->has_edges ? b->edges : NAN));
    assert_int_equal(a->n_task, b->n_task);
    for (int32_t k = 0; k < a->n_task; k++) {
        assert_string_equal(a->task[k].task, b->task[k].task);
        assert_true(same(a->task[k].loss, b->task[k].loss));
        assert_true(same(a->task[k].weight, b->task[k].weight));
    }
}

static void compare_scores(const pt_event_scores_t *a, const pt_event_scores_t *b)
{
    assert_true(a->step == b->step && same(a->mean, b->mean));
    assert_string_equal(a->part, b->part);
    assert_int_equal(a->n_task, b->n_task);
    for (int32_t k = 0; k < a->n_task; k++) {
        assert_string_equal(a->task[k].task, b->task[k].task);
        assert_true(a->task[k].n == b->task[k].n && a->task[k].loss == b->task[k].loss);
        assert_int_equal(a->task[k].n_metric, b->task[k].n_metric);
        assert_int_equal(a->task[k].n_class, b->task[k].n_class);
        assert_memory_equal(a->task[k].confusion, b->task[k].confusion,
                            sizeof(int64_t) *
                                (size_t)(b->task[k].n_class * b->task[k].n_class));
        for (int32_t i = 0; i < a->task[k].n_metric; i++) {
            assert_string_equal(a->task[k].metric[i].name, b->task[k].metric[i].name);
            assert_true(same(a->task[k].metric[i].value, b->task[k].metric[i].value));
            assert_true(a->task[k].metric[i].bound == b->task[k].metric[i].bound);
        }
    }
}

static pt_status_t compare(void *context, const pt_event_t *a)
{
    int *n = context;
    const pt_event_t *b = &event[(*n)++];
    assert_int_equal(a->kind, b->kind);
    assert_int_equal(a->phase, b->phase);
    if (a->kind == PT_EVENT_PHASE) {
        assert_int_equal(a->begun.n_step, b->begun.n_step);
        assert_int_equal(a->begun.n_alpha_step, b->begun.n_alpha_step);
    } else if (a->kind == PT_EVENT_STEP) {
        compare_step(&a->step, &b->step);
    } else if (a->kind == PT_EVENT_NETWORK) {
        assert_memory_equal(&a->network.cost, &b->network.cost, sizeof a->network.cost);
        assert_int_equal(a->network.n_task, 1);
        assert_memory_equal(&a->network.task[0].cost, &cost[0].cost, sizeof cost[0].cost);
    } else {
        compare_scores(&a->scores, &b->scores);
    }
    return PT_OK;
}

static void append(pt_run_file_t file, const char *text)
{
    char path[PT_PATH_MAX];
    assert_int_equal(pt_run_file_path(run, file, path), PT_OK);
    FILE *f = fopen(path, "a");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static void a_reader_is_told_the_same(void **state)
{
    (void)state;
    int64_t bytes;
    int n = 0;
    put_all(0, &bytes);
    /* What a later version may tell, and a line that is half written. */
    append(PT_FILE_METRICS, "{\"event\":\"omen\"}\n{\"event\":\"st");
    assert_int_equal(pt_journal_read(run, compare, &n), PT_OK);
    assert_int_equal(n, N_EVENT);
    append(PT_FILE_METRICS, "\n");
    n = 0;
    assert_int_equal(pt_journal_read(run, compare, &n), PT_E_FORMAT);
    assert_non_null(strstr(pt_error_message(), "metrics.jsonl:8: not a JSON object"));
}

/* In runs of before a phase was a stage, as event and as key. */
static void older_journals_are_read(void **state)
{
    (void)state;
    int n = 0;
    for (int i = 0; i < N_EVENT; i++) {
        char line[1024];
        snprintf(line, sizeof line, "%s", expected[i]);
        for (char *at; (at = strstr(line, "\"phase\"")) != NULL;)
            memcpy(at, "\"stage\"", 7);
        append(PT_FILE_METRICS, line);
    }
    assert_int_equal(pt_journal_read(run, compare, &n), PT_OK);
    assert_int_equal(n, N_EVENT);
}

static void who_goes_on_cuts_back(void **state)
{
    (void)state;
    int64_t bytes, again, n = (int64_t)strlen(expected[0]);
    char notice[512];
    pt_journal_t *j = NULL;
    put_all(0, &bytes);
    put_all(n, &again);
    assert_int_equal(again, bytes + n);
    assert_int_equal(
        pt_journal_open(run, &(pt_journal_spec_t){2 * bytes, true}, notice, &j), PT_OK);
    assert_non_null(strstr(notice, "earlier lines are missing"));
    pt_journal_free(j);
}

/* Put beside the lines, event after event, or made of the lines: the same bytes. */
static void an_event_file_is_of_the_lines_alone(void **state)
{
    (void)state;
    int64_t bytes;
    size_t n_put, n_made, n_less;
    char notice[512];
    pt_journal_t *j = NULL;
    put_all(0, &bytes);
    char *put = read_all(PT_FILE_TENSORBOARD, &n_put);
    assert_int_equal(pt_journal_open(run, &(pt_journal_spec_t){bytes, true}, notice, &j),
                     PT_OK);
    pt_journal_free(j);
    char *made = read_all(PT_FILE_TENSORBOARD, &n_made);
    assert_int_equal(n_put, n_made);
    assert_memory_equal(put, made, n_put);
    /* Cut back with the lines: what is left is a beginning of it. */
    int64_t first = (int64_t)(strlen(expected[0]) + strlen(expected[1]));
    assert_int_equal(pt_journal_open(run, &(pt_journal_spec_t){first, true}, notice, &j),
                     PT_OK);
    pt_journal_free(j);
    char *less = read_all(PT_FILE_TENSORBOARD, &n_less);
    assert_in_range(n_less, 100, n_put - 100);
    assert_memory_equal(put, less, n_less);
    pt_free(put);
    pt_free(made);
    pt_free(less);
}

static pt_status_t check_timing(void *context, const pt_timing_t *t)
{
    assert_int_equal(t->moment, PT_MOMENT_FAILED);
    assert_int_equal(t->phase, PT_N_PHASE);
    assert_true(t->step == 4 && t->job == 12 && t->wall == 1.5 && isnan(t->seconds_left));
    assert_true(t->extent[0] == 1 && t->extent[1] == 2 && t->extent[2] == 3);
    assert_true(t->time.step == 0.5 && t->time.evaluate == 0.25 && t->is_mixed);
    assert_true(t->traffic[PT_TRAFFIC_CONTROL].bytes == 16);
    assert_string_equal(t->message, "a\xef\xbf\xbd/\xc3\xa4: \"broken\"");
    ++*(int *)context;
    return PT_OK;
}

static void timing_comes_back(void **state)
{
    (void)state;
    pt_journal_t *j = NULL;
    char notice[512];
    int n = 0;
    assert_int_equal(pt_journal_open(run, &(pt_journal_spec_t){0}, notice, &j), PT_OK);
    pt_journal_put_timing(j, &(pt_timing_t){.moment = PT_MOMENT_FAILED,
                                            .phase = PT_N_PHASE,
                                            .step = 4,
                                            .job = 12,
                                            .wall = 1.5,
                                            .seconds_left = NAN,
                                            .extent = {1, 2, 3},
                                            .time = {.step = 0.5, .evaluate = 0.25},
                                            .is_mixed = true,
                                            .traffic = {[PT_TRAFFIC_CONTROL] = {1, 16, 2}},
                                            .message = "a\xe4/\xc3\xa4: \"broken\""});
    /* Whoever reads along has it before the journal is closed. */
    assert_int_equal(pt_journal_read_timing(run, check_timing, &n), PT_OK);
    assert_int_equal(n, 1);
    pt_journal_free(j);
}

static pt_status_t add_steps(void *context, const pt_timing_t *t)
{
    *(int64_t *)context = 10 * *(int64_t *)context + t->step;
    return PT_OK;
}

static void put_torn(const char *text)
{
    char path[PT_PATH_MAX];
    assert_int_equal(pt_run_file_path(run, PT_FILE_TIMING, path), PT_OK);
    FILE *file = fopen(path, "a");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

/* Whole lines are told, those of a job that begins behind a torn one included. */
static void torn_timing_is_left_out(void **state)
{
    (void)state;
    char notice[512];
    int64_t steps = 0;
    for (int64_t step = 1; step <= 3; step++) {
        pt_journal_t *j = NULL;
        assert_int_equal(pt_journal_open(run, &(pt_journal_spec_t){0}, notice, &j), PT_OK);
        pt_journal_put_timing(
            j, &(pt_timing_t){.moment = PT_MOMENT_EVAL, .phase = PT_N_PHASE, .step = step});
        pt_journal_free(j);
        put_torn("{\"event\":\"eval\",\"pha");
    }
    put_torn("{\"event\":\"eval\"}\n");
    assert_int_equal(pt_journal_read_timing(run, add_steps, &steps), PT_OK);
    assert_int_equal(steps, 123);
}

static void a_full_disk_is_remembered(void **state)
{
    (void)state;
    char path[PT_PATH_MAX], notice[512];
    int64_t bytes;
    pt_journal_t *j = NULL;
    assert_int_equal(pt_run_file_path(run, PT_FILE_METRICS, path), PT_OK);
    if (symlink("/dev/full", path) != 0 || access(path, W_OK) != 0)
        skip();
    assert_int_equal(pt_journal_open(run, &(pt_journal_spec_t){0}, notice, &j), PT_OK);
    pt_journal_put(j, &event[0]);
    assert_true(pt_journal_has_failed(j));
    assert_int_equal(pt_journal_sync(j, &bytes), PT_E_IO);
    assert_non_null(strstr(pt_error_message(), "No space left"));
    pt_journal_free(j);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_event_file_is_of_the_lines_alone, empty_run,
                                        remove_run),
        cmocka_unit_test_setup_teardown(lines_are_as_always, empty_run, remove_run),
        cmocka_unit_test_setup_teardown(a_reader_is_told_the_same, empty_run, remove_run),
        cmocka_unit_test_setup_teardown(older_journals_are_read, empty_run, remove_run),
        cmocka_unit_test_setup_teardown(who_goes_on_cuts_back, empty_run, remove_run),
        cmocka_unit_test_setup_teardown(timing_comes_back, empty_run, remove_run),
        cmocka_unit_test_setup_teardown(torn_timing_is_left_out, empty_run, remove_run),
        cmocka_unit_test_setup_teardown(a_full_disk_is_remembered, empty_run, remove_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
