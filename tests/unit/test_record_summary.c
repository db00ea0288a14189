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

/* Worked by hand: (0.9 - 0.8) / 0.8 = 0.125 and -(1.5 - 2) / 2 = 0.25; on val 0.2 and
 * -0.25. */
static void delta_counts_gains_whatever_their_sign(void **state)
{
    pt_summary_task_t ours[] = {
        {.name = "a",
         .metric_name = "accuracy",
         .metric = 0.9,
         .val = 0.6,
         .is_error = false},
        {.name = "d", .metric_name = "rmse", .metric = 1.5, .val = 5, .is_error = true}};
    pt_summary_task_t theirs[] = {
        {.name = "d", .metric_name = "rmse", .metric = 2.0, .val = 4, .is_error = true},
        {.name = "a",
         .metric_name = "accuracy",
         .metric = 0.8,
         .val = 0.5,
         .is_error = false}};
    pt_summary_t m = {.n_task = 2, .task = ours}, s = {.n_task = 2, .task = theirs};
    (void)state;
    assert_true(fabs(pt_summary_delta(&m, &s) - 0.1875) < 1e-15);
    assert_true(fabs(pt_summary_delta_val(&m, &s) - (0.2 - 0.25) / 2) < 1e-15);
    assert_true(pt_summary_delta(&m, &m) == 0);
    s.n_task = 1;
    assert_true(isnan(pt_summary_delta(&m, &s)));
    theirs[1].metric = NAN;
    s.n_task = 2;
    assert_true(isnan(pt_summary_delta(&m, &s)));
}

static void put(const char *folder, const char *name, const char *text)
{
    char path[300];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    assert_int_equal(pt_file_write(path, text, strlen(text)), PT_OK);
}

static const char lines[] =
    "{\"event\":\"stage\",\"stage\":\"retrain\",\"steps\":5,\"alpha_steps\":0}\n"
    "{\"event\":\"eval\",\"stage\":\"retrain\",\"step\":3,\"part\":\"val\",\"mean\":0.25,"
    "\"tasks\":{\"x\":{\"n\":2,\"accuracy\":0.25,\"loss\":3}}}\n"
    "{\"event\":\"final\",\"stage\":\"retrain\",\"step\":5,\"part\":\"test\",\"mean\":0.5,"
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
        cmocka_unit_test(summaries_read_what_a_run_wrote),
    };
    int n_failed = cmocka_run_group_tests(tests, NULL, NULL);
    return n_failed > 0 || pt_memory_bytes() != 0;
}
