/* A run held against the runs that section [report] names: RUN/report.txt. */
#include "study/report.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "polytree/base/memory.h"
#include "polytree/par/log.h"
#include "polytree/record/run_config.h"
#include "polytree/record/run_file.h"
#include "polytree/search/baseline.h"
#include "polytree/record/summary.h"
#include "polytree/train/metric.h"

enum { SINGLE = REPORT_SINGLE, FOUND = REPORT_FOUND, N_COLUMN = REPORT_N_COLUMN };

const char report_mixed_heading[] = "mixed: ";

typedef report_columns_t columns_t;

/* Once for a column: it is looked at when a run begins and when it ends, and in a sweep
 * again and again. */
static void warn(int32_t i, const char *format, ...) PT_PRINTF(2, 3);
static void warn(int32_t i, const char *format, ...)
{
    static char told[N_COLUMN][2 * PT_PATH_MAX];
    char text[2 * PT_PATH_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (strcmp(text, told[i]) != 0)
        pt_log(PT_LOG_WARNING, "%s", text);
    memcpy(told[i], text, sizeof text);
}

/* Whether a run is of the method that a column is named after: found is of any. */
static bool is_of_method(const char *run, const char *name, int32_t i)
{
    static const pt_method_t method[N_COLUMN] = {PT_METHOD_SINGLE, PT_METHOD_SHARED,
                                                 PT_METHOD_RANDOM};
    pt_config_t *config;
    bool is_other;
    if (i == FOUND || pt_alloc(&config, 1, sizeof *config) != PT_OK)
        return true;
    is_other =
        pt_run_config_read(run, config) == PT_OK && config->search.method != method[i];
    pt_error_clear();
    pt_free(config);
    if (is_other)
        warn(i, "report.%s = %s: a run of another search.method", name, run);
    return !is_other;
}

/* Whether a run is of the data set of the one that the report is of. */
static bool is_of_data(const columns_t *c, int32_t i)
{
    char theirs[33];
    if (i == FOUND || c->data[0] == '\0')
        return true;
    pt_summary_data(c->run[i], theirs);
    bool is_other = theirs[0] != '\0' && strcmp(theirs, c->data) != 0;
    if (is_other)
        warn(i,
             "report.%s = %s: a run of another data set, or of other tasks of it, or of "
             "these "
             "in another order (data.tasks)",
             c->name[i], c->run[i]);
    return !is_other;
}

/* A run that is missing or not done is said to be so; the report goes on without it. */
static void read_column(columns_t *c, int32_t i)
{
    if (c->run[i][0] == '\0' || !is_of_method(c->run[i], c->name[i], i) ||
        !is_of_data(c, i))
        return;
    if (pt_summary_read(c->run[i], &c->summary[i]) != PT_OK) {
        warn(i, "report.%s: %s", c->name[i], pt_error_message());
        pt_error_clear();
    } else if (!c->summary[i].is_done) {
        warn(i, "report.%s = %s: not finished yet", c->name[i], c->run[i]);
    }
    c->is_shown[i] = c->summary[i].is_done;
}

static void put_metric(pt_text_t *out, const pt_summary_task_t *task)
{
    char text[32] = "";
    if (task != NULL && isfinite(task->metric))
        snprintf(text, sizeof text, pt_score_format(task->metric), task->metric);
    pt_text_add(out, " %8s", text);
}

const char *report_mark_metric(const char *name, char text[48])
{
    snprintf(text, 48, "%s%s", name, pt_metric_is_error(name) ? ", lower" : "");
    return text;
}

/* Of the column of names: of the widest one, at least what looks well. */
static int32_t name_columns(const pt_summary_t *summary)
{
    int32_t most = 32;
    for (int32_t k = 0; k < summary->n_task; k++) {
        int32_t columns = pt_columns(summary->task[k].name);
        most = columns > most ? columns : most;
    }
    return most;
}

static void put_tasks(pt_text_t *out, const columns_t *c)
{
    const pt_summary_t *found = &c->summary[FOUND];
    char metric[48];
    int32_t width = name_columns(found);
    pt_text_add(out, "%-*s %-17s", (int)width + 2, found->part, "metric");
    for (int32_t i = 0; i < N_COLUMN; i++)
        if (c->is_shown[i])
            pt_text_add(out, " %8s", c->name[i]);
    bool has_edges = found->cost.edges > 0;
    pt_text_add(out, " %5s %9s %9s\n", has_edges ? "edges" : "", "k params", "M madds");
    for (int32_t k = 0; k < found->n_task; k++) {
        const pt_summary_task_t *task = &found->task[k];
        pt_text_add(out, "  %-*s %-17s", pt_padded(task->name, width), task->name,
                    report_mark_metric(task->metric_name, metric));
        for (int32_t i = 0; i < N_COLUMN; i++)
            if (c->is_shown[i])
                put_metric(out, pt_summary_find(&c->summary[i], task->name));
        char edges[16] = "";
        if (has_edges)
            snprintf(edges, sizeof edges, "%d", (int)task->cost.edges);
        pt_text_add(out, " %5s %9.1f %9.3f\n", edges, (double)task->cost.parameters * 1e-3,
                    (double)task->cost.madds * 1e-6);
    }
}

double report_mean(const columns_t *c, int32_t column)
{
    return c->summary[column].mean;
}

double report_delta(const columns_t *c, int32_t column)
{
    return c->is_shown[SINGLE]
               ? 100 * pt_summary_delta(&c->summary[column], &c->summary[SINGLE], NULL)
               : NAN;
}

double report_parameters(const columns_t *c, int32_t column)
{
    return (double)c->summary[column].cost.parameters * 1e-3;
}

double report_madds(const columns_t *c, int32_t column)
{
    return (double)c->summary[column].cost.madds * 1e-6;
}

static void put_row(pt_text_t *out, const columns_t *c, const char *title,
                    const char *format, report_value_t value)
{
    pt_text_add(out, "  %-*s", (int)name_columns(&c->summary[FOUND]) + 18, title);
    for (int32_t i = 0; i < N_COLUMN; i++) {
        char text[32] = "";
        if (!c->is_shown[i])
            continue;
        if (isfinite(value(c, i)))
            snprintf(text, sizeof text, format, value(c, i));
        pt_text_add(out, " %8s", text);
    }
    pt_text_add(out, "\n");
}

/* Of a metric that is not exact. */
static void put_bound(pt_text_t *out, double bound)
{
    if (bound > 0)
        pt_text_add(out, " +- %.2g", bound);
}

/* What else the run itself was scored by. */
static void put_scores(pt_text_t *out, const columns_t *c)
{
    const pt_summary_t *found = &c->summary[FOUND];
    bool has_error = false;
    char name[48], loss[32];
    int32_t width = name_columns(found);
    pt_text_add(out, "\n%-*s %9s %10s  %s\n", (int)width + 2, c->name[FOUND], "samples",
                "loss", "other metrics");
    for (int32_t k = 0; k < found->n_task; k++) {
        const pt_summary_task_t *task = &found->task[k];
        has_error |= task->is_error;
        snprintf(loss, sizeof loss, pt_score_format(task->loss), task->loss);
        pt_text_add(out, "  %-*s %9lld %10s", pt_padded(task->name, width), task->name,
                    (long long)task->n, loss);
        for (int32_t i = 0; i < task->n_other; i++) {
            const pt_summary_metric_t *m = &task->other[i];
            has_error |= pt_metric_is_error(m->name);
            pt_text_add(out, "%s %s ", i == 0 ? " " : ";",
                        report_mark_metric(m->name, name));
            pt_text_add(out, pt_score_format(m->value), m->value);
            put_bound(out, m->bound);
        }
        if (task->bound > 0) {
            pt_text_add(out, "%s %s", task->n_other == 0 ? " " : ";", task->metric_name);
            put_bound(out, task->bound);
        }
        pt_text_add(out, "\n");
    }
    if (has_error)
        pt_text_add(out, "lower: lower is better\n");
    report_put_classes(out, found);
}

/* By which metrics, and where there is none, why: reports without these lines were made by
 * (M - S) / S of the first metric, whatever its sign. */
static void put_delta(pt_text_t *out, const columns_t *c)
{
    const pt_summary_t *found = &c->summary[FOUND];
    char why[PT_SUMMARY_WHY];
    put_row(out, c, "Delta_m, %", "%+.2f", report_delta);
    pt_text_add(out, "  (mean of the gains relative to |single|");
    for (int32_t k = 0; k < found->n_task; k++) {
        const pt_summary_task_t *task = &found->task[k];
        if (strcmp(task->judged.name, task->metric_name) != 0)
            pt_text_add(out, "; %s by %s", task->name, task->judged.name);
    }
    pt_text_add(out, ")\n");
    if (!isfinite(pt_summary_delta(found, &c->summary[SINGLE], why)))
        pt_text_add(out, "  (no Delta_m: %s)\n", why);
}

static void put_comparison(pt_text_t *out, const columns_t *c)
{
    put_tasks(out, c);
    if (isfinite(report_mean(c, FOUND)))
        put_row(out, c, "mean", pt_score_format(report_mean(c, FOUND)), report_mean);
    if (c->is_shown[SINGLE])
        put_delta(out, c);
    else
        pt_text_add(out, "  %-*s  not run (report.single names no finished run)\n",
                    (int)name_columns(&c->summary[FOUND]) + 18, "Delta_m");
    put_row(out, c, "k parameters", "%.1f", report_parameters);
    put_row(out, c, "M multiply-adds, all tasks", "%.3f", report_madds);
    for (int32_t i = 0; i < FOUND; i++)
        if (c->is_shown[i])
            pt_text_add(out, "%s: %s\n", c->name[i], c->run[i]);
    put_scores(out, c);
}

static double percent(double score)
{
    return 100 * expm1(score);
}

void report_put_choice(pt_text_t *out, const pt_summary_t *s)
{
    if (s->choice.n == 0)
        return;
    pt_text_add(
        out,
        "\nchosen: number %lld (%s) of %lld candidates by %s; on the samples that chose "
        "it, against one\nnetwork for all tasks: losses %+.2f %%",
        (long long)s->choice.number, s->choice.origin, (long long)s->choice.n,
        s->choice.judge, percent(s->choice.score));
    if (isfinite(s->choice.error))
        pt_text_add(out, " +- %.2f %%", 100 * s->choice.error);
    pt_text_add(out, ", the worst task's %+.2f %%\n", percent(s->choice.worst));
    if (s->choice.n_final == 1)
        pt_text_add(out, "no other candidate may be chosen\n");
    else if (s->choice.n_tied == s->choice.n_final)
        pt_text_add(out, "tie: none of %lld finalists is told from the best\n",
                    (long long)s->choice.n_final);
    else
        pt_text_add(out, "%lld of %lld finalists are within a standard error of the best\n",
                    (long long)s->choice.n_tied, (long long)s->choice.n_final);
    pt_text_add(out,
                "judging cost %.2f trainings of the network found; in samples of training "
                "%.0f with the supernet,\n%.0f by training candidates\n",
                s->choice.spent, s->choice.supernet_samples, s->choice.training_samples);
}

static void put_dearer(pt_text_t *out, const pt_config_t *config, int64_t madds)
{
    char text[160];
    if (pt_baseline_is_dearer(config, madds, text))
        pt_text_add(out, "%s\n", text);
}

static void put_mixed(pt_text_t *out, const pt_run_result_t *result)
{
    if (result->is_mixed)
        pt_text_add(
            out,
            "%smachines or libraries differed from %s, step %lld on; the bits are of no "
            "one machine\n",
            report_mixed_heading, pt_phase_name(result->mixed_phase),
            (long long)result->mixed_step);
}

bool report_put_earlier(pt_text_t *out, const char *earlier, const char *heading,
                        bool is_line)
{
    const char *at = earlier == NULL ? NULL : strstr(earlier, heading);
    if (at != NULL)
        pt_text_add(out, "%.*s", (int)(is_line ? strcspn(at, "\n") + 1 : strlen(at)), at);
    return at != NULL;
}

void report_put_notes(pt_text_t *out, const columns_t *c, const pt_config_t *config)
{
    if (config->kernel.reduction == PT_REDUCTION_FAST)
        pt_text_add(out, "\nkernel.reduction = fast: the bits depend on the ranks\n");
    if (c->summary[FOUND].kept == 0)
        pt_text_add(out, "\nweights of before retrain, as no later ones are better on val "
                         "beyond chance (retrain.keep = best)\n");
    if (c->summary[FOUND].kept > 0)
        pt_text_add(
            out,
            "\nweights of step %lld of retrain, of all those evaluated the one with "
            "the least loss on val (retrain.keep = best)\n",
            (long long)c->summary[FOUND].kept);
    put_dearer(out, config, c->summary[FOUND].cost.madds);
}

/* Without a job, of a run that another one has done, what that said is kept. */
static void put_report(pt_text_t *out, const columns_t *c, const char *earlier,
                       const pt_config_t *config, const pt_job_t *job)
{
    put_comparison(out, c);
    report_put_choice(out, &c->summary[FOUND]);
    report_put_notes(out, c, config);
    if (job != NULL) {
        report_put_kept(out, job->kept);
        put_mixed(out, job->result);
    } else {
        report_put_earlier(out, earlier, report_mixed_heading, true);
    }
    if (job != NULL && job->rank[0].time.step > 0)
        report_put_time(out, c->run[FOUND], job);
    else if (!report_put_earlier(out, earlier, report_time_heading, false))
        report_put_journalled_time(out, c->run[FOUND]);
}

static pt_status_t write_file(const columns_t *c, const char *path,
                              const pt_config_t *config, const pt_job_t *job)
{
    pt_text_t out = {0};
    char *earlier = NULL;
    size_t bytes;
    if (pt_path_exists(path) && pt_file_read(path, &earlier, &bytes) != PT_OK)
        pt_error_clear();
    put_report(&out, c, earlier, config, job);
    pt_free(earlier);
    return pt_file_write_text(path, &out);
}

static void put_short(const columns_t *c, const char *path, const pt_job_t *job,
                      pt_text_t *out)
{
    double delta = report_delta(c, FOUND);
    char why[PT_SUMMARY_WHY];
    if (isfinite(delta))
        pt_text_add(out, "Delta_m     %+.2f %% against %s\n", delta, c->run[SINGLE]);
    else if (c->is_shown[SINGLE] &&
             !isfinite(pt_summary_delta(&c->summary[FOUND], &c->summary[SINGLE], why)))
        pt_text_add(out, "Delta_m     none: %s\n", why);
    else if (!job->is_of_sweep)
        pt_text_add(out, "Delta_m     not run (report.single names no finished run)\n");
    report_put_shares(out, job);
    pt_text_add(out, "report      %s\n", path);
}

void pt_report_check(const pt_config_t *config, const char *data)
{
    columns_t c = {
        .name = {"single", "shared", "random"},
        .run = {config->report.single, config->report.shared, config->report.random}};
    snprintf(c.data, sizeof c.data, "%s", data);
    for (int32_t i = 0; i < FOUND; i++) {
        read_column(&c, i);
        pt_summary_release(&c.summary[i]);
    }
}

void report_columns_read(columns_t *c, const pt_config_t *config, const char *run)
{
    *c = (columns_t){
        .name = {"single", "shared", "random", pt_methods[config->search.method].column},
        .run = {config->report.single, config->report.shared, config->report.random, run}};
    pt_summary_data(run, c->data);
    for (int32_t i = 0; i < N_COLUMN; i++)
        read_column(c, i);
}

void report_columns_release(columns_t *c)
{
    for (int32_t i = 0; i < N_COLUMN; i++)
        pt_summary_release(&c->summary[i]);
}

pt_status_t pt_report_write(const pt_config_t *config, const char *run, const pt_job_t *job,
                            pt_text_t *out)
{
    columns_t c;
    char path[PT_PATH_MAX];
    PT_TRY(pt_run_file_path(run, PT_FILE_REPORT, path));
    pt_status_t status = PT_OK;
    report_columns_read(&c, config, run);
    if (c.is_shown[FOUND]) {
        status = write_file(&c, path, config, job);
        if (status == PT_OK && job != NULL)
            put_short(&c, path, job, out);
    }
    report_columns_release(&c);
    return status;
}
