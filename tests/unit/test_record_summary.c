/* What a run's folder says that it has come to, and Delta_m. */
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
#include "polytree/record/summary.h"

static void put(const char *folder, const char *name, const char *text)
{
    char path[300];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    assert_int_equal(pt_file_write(path, text, strlen(text)), PT_OK);
}

/* Worked by hand: (0.9 - 0.8) / 0.8 = 0.125 and -(1.5 - 2) / 2 = 0.25; on val 0.2 and
 * -0.25. */
static void delta_counts_gains_whatever_their_sign(void **state)
{
    pt_summary_task_t ours[] = {
        {.name = "a", .judged = {"accuracy", 0.9, 0.6, false}},
        {.name = "d", .judged = {"rmse", 1.5, 5, true}},
    };
    pt_summary_task_t theirs[] = {
        {.name = "d", .judged = {"rmse", 2.0, 4, true}},
        {.name = "a", .judged = {"accuracy", 0.8, 0.5, false}},
    };
    pt_summary_t m = {.n_task = 2, .task = ours}, s = {.n_task = 2, .task = theirs};
    char why[PT_SUMMARY_WHY];
    (void)state;
    assert_true(fabs(pt_summary_delta(&m, &s, why) - 0.1875) < 1e-15);
    assert_string_equal(why, "");
    assert_true(fabs(pt_summary_delta_val(&m, &s) - (0.2 - 0.25) / 2) < 1e-15);
    assert_true(pt_summary_delta(&m, &m, NULL) == 0);
    s.n_task = 1;
    assert_true(isnan(pt_summary_delta(&m, &s, why)));
    assert_non_null(strstr(why, "task a"));
    s.n_task = 2;
    theirs[1].judged.value = 0;
    assert_true(isnan(pt_summary_delta(&m, &s, why)));
    assert_non_null(strstr(why, "task a: accuracy of 0.9 against 0"));
    theirs[1].judged.value = NAN;
    assert_true(isnan(pt_summary_delta(&m, &s, NULL)));
}

/* A run whose one task has these metrics, first to last. */
static void read_scores(const char *folder, const char *metrics, pt_summary_t *s)
{
    char text[400];
    snprintf(text, sizeof text,
             "{\"event\":\"final\",\"phase\":\"retrain\",\"step\":5,\"part\":\"test\","
             "\"mean\":0.5,\"tasks\":{\"y\":{\"n\":7,%s,\"loss\":1}}}\n",
             metrics);
    put(folder, "metrics.jsonl", text);
    assert_int_equal(pt_summary_read(folder, s), PT_OK);
}

/* A poor network has a negative r2, of which (M - S) / S turns the sign: what counts is the
 * rmse, also in journals that name r2 first. */
static void regression_is_judged_by_rmse(void **state)
{
    char folder[] = "/tmp/polytree-summary-XXXXXX", command[80], why[PT_SUMMARY_WHY];
    pt_summary_t poor, good, bare;
    (void)state;
    assert_non_null(mkdtemp(folder));
    read_scores(folder, "\"r2\":-3,\"rmse\":2,\"abs_error\":1", &poor);
    read_scores(folder, "\"r2\":0.75,\"rmse\":0.5,\"abs_error\":1", &good);
    read_scores(folder, "\"r2\":0.75", &bare);
    assert_true(pt_summary_delta(&good, &poor, NULL) == 0.75);
    assert_true(pt_summary_delta(&poor, &good, NULL) == -3);
    assert_true(isnan(pt_summary_delta(&bare, &bare, why)));
    assert_non_null(strstr(why, "task y: r2 has no relative change"));
    pt_summary_release(&poor);
    pt_summary_release(&good);
    pt_summary_release(&bare);
    snprintf(command, sizeof command, "rm -r %s", folder);
    assert_int_equal(system(command), 0);
}

static const char lines[] =
    "{\"event\":\"phase\",\"phase\":\"retrain\",\"steps\":5,\"alpha_steps\":0}\n"
    "{\"event\":\"eval\",\"phase\":\"retrain\",\"step\":3,\"part\":\"val\",\"mean\":0.25,"
    "\"tasks\":{\"x\":{\"n\":2,\"accuracy\":0.25,\"loss\":3}}}\n"
    "{\"event\":\"final\",\"phase\":\"retrain\",\"step\":5,\"part\":\"test\",\"mean\":0.5,"
    "\"tasks\":{\"x\":{\"n\":7,\"accuracy\":0.5,\"loss\":1},"
    "\"y\":{\"n\":7,\"auc\":null,\"loss\":0}}}\n";

/* Also while it is being written, and where it is no run. */
static void summaries_read_what_a_run_wrote(void **state)
{
    char folder[] = "/tmp/polytree-summary-XXXXXX", command[80];
    pt_summary_t s;
    (void)state;
    assert_non_null(mkdtemp(folder));
    assert_int_equal(pt_summary_read(folder, &s), PT_E_IO);
    pt_summary_release(&s);
    put(folder, "metrics.jsonl", lines);
    put(folder, "architecture.json",
        "{\"cost\":{\"madds\":30,\"encoder_madds\":24,\"parameters\":20,\"edges\":4},"
        "\"tasks\":[{\"name\":\"y\","
        "\"cost\":{\"madds\":10,\"parameters\":15,\"edges\":1}}]}");
    assert_int_equal(pt_summary_read(folder, &s), PT_OK);
    assert_true(s.is_done && s.has_cost && s.mean == 0.5 && s.val == 0.25);
    assert_int_equal(s.n_task, 2);
    assert_string_equal(s.part, "test");
    assert_string_equal(s.task[0].metric_name, "accuracy");
    assert_true(s.task[0].metric == 0.5 && isnan(s.task[1].metric));
    assert_true(s.task[0].val == 0.25 && isnan(s.task[1].val));
    assert_int_equal(s.cost.madds, 30);
    assert_int_equal(s.cost.encoder_madds, 24);
    assert_int_equal(s.task[1].cost.encoder_madds, 0);
    assert_int_equal(pt_summary_find(&s, "y")->cost.parameters, 15);
    assert_null(pt_summary_find(&s, "z"));
    pt_summary_release(&s);

    char half[sizeof lines];
    snprintf(half, sizeof half, "%.*s", (int)sizeof lines - 20, lines);
    put(folder, "metrics.jsonl", half);
    assert_int_equal(pt_summary_read(folder, &s), PT_OK);
    assert_true(!s.is_done && s.val == 0.25 && isnan(s.mean));
    pt_summary_release(&s);
    put(folder, "metrics.jsonl", "not JSON\n");
    assert_int_equal(pt_summary_read(folder, &s), PT_E_FORMAT);
    pt_summary_release(&s);
    snprintf(command, sizeof command, "rm -r %s", folder);
    assert_int_equal(system(command), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(delta_counts_gains_whatever_their_sign),
        cmocka_unit_test(regression_is_judged_by_rmse),
        cmocka_unit_test(summaries_read_what_a_run_wrote),
    };
    int n_failed = cmocka_run_group_tests(tests, NULL, NULL);
    return n_failed > 0 || pt_memory_bytes() != 0;
}
