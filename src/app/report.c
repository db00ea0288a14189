#include "app/report.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/console.h"
#include "polytree/base/memory.h"
#include "polytree/base/text.h"
#include "polytree/io/file.h"
#include "polytree/search/baseline.h"
#include "polytree/search/jsonl.h"
#include "polytree/search/summary.h"
#include "polytree/train/metric.h"

enum { PATH_BYTES = 4200, SINGLE = 0, FOUND = 3, N_COLUMN = 4 };

static const char time_heading[] = "\ntime of the last job that trained, seconds";
static const char mixed_heading[] = "mixed: ";

void pt_rank_cost_begin(pt_rank_cost_t *cost)
{
    *cost = (pt_rank_cost_t){.time = {0}};
    for (int32_t i = 0; i < PT_N_TRAFFIC; i++)
        cost->traffic[i] = *pt_traffic_stats((pt_traffic_t)i);
}

pt_status_t pt_rank_cost_gather(const pt_trainer_t *trainer, const pt_rank_cost_t *begin,
                                pt_rank_cost_t *all)
{
    pt_rank_cost_t mine;
    pt_rank_cost_begin(&mine);
    mine.time = pt_trainer_time(trainer);
    for (int32_t i = 0; i < PT_N_TRAFFIC; i++) {
        mine.traffic[i].calls -= begin->traffic[i].calls;
        mine.traffic[i].bytes -= begin->traffic[i].bytes;
        mine.traffic[i].seconds -= begin->traffic[i].seconds;
    }
    return pt_comm_allgather(pt_trainer_layout(trainer)->world, &mine, all, sizeof mine);
}

/* What a run's own column is headed with. */
static const char *const own_name[PT_N_METHOD] = {
    [PT_METHOD_SEARCH] = "found",  [PT_METHOD_SHARED] = "shared",
    [PT_METHOD_SINGLE] = "single", [PT_METHOD_RANDOM] = "random",
    [PT_METHOD_FULL] = "full",     [PT_METHOD_EXHAUSTIVE] = "branches",
};

/* The runs side by side: single, shared, random, and the run itself. */
typedef struct columns {
    const char *name[N_COLUMN], *run[N_COLUMN];
    pt_summary_t summary[N_COLUMN];
    bool is_shown[N_COLUMN];
    char data[33]; /* digest of the data set that the run is of; empty: not known */
} columns_t;

/* Once for a column: it is looked at when a run begins and when it ends, and in a sweep
 * again and again. */
static void warn(int32_t i, const char *format, ...) PT_PRINTF(2, 3);
static void warn(int32_t i, const char *format, ...)
{
    static char told[N_COLUMN][2 * PATH_BYTES];
    char text[2 * PATH_BYTES];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (strcmp(text, told[i]) != 0)
        pt_console_error("warning: %s", text);
    memcpy(told[i], text, sizeof text);
}

/* Whether a run is of the method that a column is named after: found is of any. */
static bool is_of_method(const char *run, const char *name, int32_t i)
{
    static const pt_method_t method[N_COLUMN] = {PT_METHOD_SINGLE, PT_METHOD_SHARED,
                                                 PT_METHOD_RANDOM};
    char path[PATH_BYTES];
    pt_config_t *config;
    bool is_other;
    if (i == FOUND || pt_alloc(&config, 1, sizeof *config) != PT_OK)
        return true;
    pt_config_init(config);
    snprintf(path, sizeof path, "%s/config.ini", run);
    is_other = pt_config_read(config, path) == PT_OK && config->search.method != method[i];
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
        warn(i, "report.%s = %s: a run of another data set", c->name[i], c->run[i]);
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

static void put_metric(FILE *file, const pt_summary_task_t *task)
{
    if (task != NULL && isfinite(task->metric))
        fprintf(file, " %8.4f", task->metric);
    else
        fprintf(file, " %8s", "");
}

static const char *mark_metric(const char *name, char text[48])
{
    snprintf(text, 48, "%s%s", name, pt_metric_is_error(name) ? ", lower" : "");
    return text;
}

static void put_tasks(FILE *file, const columns_t *c)
{
    const pt_summary_t *found = &c->summary[FOUND];
    char metric[48];
    fprintf(file, "%-34s %-17s", found->part, "metric");
    for (int32_t i = 0; i < N_COLUMN; i++)
        if (c->is_shown[i])
            fprintf(file, " %8s", c->name[i]);
    bool has_edges = found->cost.edges > 0;
    fprintf(file, " %5s %9s %9s\n", has_edges ? "edges" : "", "k params", "M madds");
    for (int32_t k = 0; k < found->n_task; k++) {
        const pt_summary_task_t *task = &found->task[k];
        fprintf(file, "  %-32s %-17s", task->name, mark_metric(task->metric_name, metric));
        for (int32_t i = 0; i < N_COLUMN; i++)
            if (c->is_shown[i])
                put_metric(file, pt_summary_find(&c->summary[i], task->name));
        char edges[16] = "";
        if (has_edges)
            snprintf(edges, sizeof edges, "%d", (int)task->cost.edges);
        fprintf(file, " %5s %9.1f %9.3f\n", edges, (double)task->cost.parameters * 1e-3,
                (double)task->cost.madds * 1e-6);
    }
}

typedef double (*column_value_t)(const columns_t *c, int32_t column);

static double value_mean(const columns_t *c, int32_t column)
{
    return c->summary[column].mean;
}

static double value_delta(const columns_t *c, int32_t column)
{
    return c->is_shown[SINGLE]
               ? 100 * pt_summary_delta(&c->summary[column], &c->summary[SINGLE])
               : NAN;
}

static double value_parameters(const columns_t *c, int32_t column)
{
    return (double)c->summary[column].cost.parameters * 1e-3;
}

static double value_madds(const columns_t *c, int32_t column)
{
    return (double)c->summary[column].cost.madds * 1e-6;
}

static void put_row(FILE *file, const columns_t *c, const char *title, const char *format,
                    column_value_t value)
{
    fprintf(file, "  %-50s", title);
    for (int32_t i = 0; i < N_COLUMN; i++) {
        char text[32] = "";
        if (!c->is_shown[i])
            continue;
        if (isfinite(value(c, i)))
            snprintf(text, sizeof text, format, value(c, i));
        fprintf(file, " %8s", text);
    }
    fputc('\n', file);
}

/* What else the run itself was scored by. */
static void put_scores(FILE *file, const columns_t *c)
{
    const pt_summary_t *found = &c->summary[FOUND];
    bool has_error = false;
    char name[48];
    fprintf(file, "\n%-34s %9s %10s  %s\n", c->name[FOUND], "samples", "loss",
            "other metrics");
    for (int32_t k = 0; k < found->n_task; k++) {
        const pt_summary_task_t *task = &found->task[k];
        has_error |= task->is_error;
        fprintf(file, "  %-32s %9lld %10.4f", task->name, (long long)task->n, task->loss);
        for (int32_t i = 0; i < task->n_other; i++) {
            const pt_summary_metric_t *m = &task->other[i];
            has_error |= pt_metric_is_error(m->name);
            fprintf(file, "%s %s %.4f", i == 0 ? " " : ";", mark_metric(m->name, name),
                    m->value);
        }
        fputc('\n', file);
    }
    if (has_error)
        fputs("lower: lower is better\n", file);
}

static void put_comparison(FILE *file, const columns_t *c)
{
    put_tasks(file, c);
    if (isfinite(value_mean(c, FOUND)))
        put_row(file, c, "mean", "%.4f", value_mean);
    if (c->is_shown[SINGLE])
        put_row(file, c, "Delta_m, %", "%+.2f", value_delta);
    else
        fprintf(file, "  %-50s  not run (report.single names no finished run)\n",
                "Delta_m");
    put_row(file, c, "k parameters", "%.1f", value_parameters);
    put_row(file, c, "M multiply-adds, all tasks", "%.3f", value_madds);
    for (int32_t i = 0; i < FOUND; i++)
        if (c->is_shown[i])
            fprintf(file, "%s: %s\n", c->name[i], c->run[i]);
    put_scores(file, c);
}

/* Minimum, mean and maximum over ranks of what lies at `offset` in their costs. */
typedef struct spread {
    double min, mean, max;
} spread_t;

static spread_t spread_of(int32_t n_rank, const pt_rank_cost_t *rank, size_t offset)
{
    spread_t s = {INFINITY, 0, 0};
    for (int32_t r = 0; r < n_rank; r++) {
        double x;
        memcpy(&x, (const char *)&rank[r] + offset, sizeof x);
        s.min = fmin(s.min, x);
        s.max = fmax(s.max, x);
        s.mean += x / n_rank;
    }
    return s;
}

#define TIME(field) offsetof(pt_rank_cost_t, time.field)

/* Work is what a rank does between two sums: a step waits for the one with the most. */
static double imbalance(int32_t n_rank, const pt_rank_cost_t *rank)
{
    double most = 0, sum = 0;
    for (int32_t r = 0; r < n_rank; r++) {
        const pt_trainer_time_t *t = &rank[r].time;
        double work = t->ops + t->loss + t->feed + t->compile + t->update;
        most = fmax(most, work);
        sum += work;
    }
    return sum > 0 ? most * n_rank / sum : 1;
}

static void put_times(FILE *file, int32_t n_rank, const pt_rank_cost_t *rank)
{
    static const struct {
        const char *name;
        size_t offset;
        bool is_in_step;
    } phase[] = {
        {"step", TIME(step), true},
        {"  operations", TIME(ops), true},
        {"  losses", TIME(loss), true},
        {"  data", TIME(feed), true},
        {"  plans", TIME(compile), true},
        {"  sums over ranks, waiting", TIME(reduce), true},
        {"  between stages, waiting", TIME(transfer), true},
        {"  update", TIME(update), true},
        {"evaluation", TIME(evaluate), false},
    };
    double step = spread_of(n_rank, rank, TIME(step)).mean;
    fprintf(file, "%s, %d rank%s\n  %-28s %10s %10s %10s %10s\n", time_heading, (int)n_rank,
            pt_plural(n_rank), "", "min", "mean", "max", "of a step");
    for (size_t i = 0; i < sizeof phase / sizeof phase[0]; i++) {
        spread_t s = spread_of(n_rank, rank, phase[i].offset);
        fprintf(file, "  %-28s %10.3f %10.3f %10.3f", phase[i].name, s.min, s.mean, s.max);
        if (phase[i].is_in_step && step > 0)
            fprintf(file, " %8.1f %%", 100 * s.mean / step);
        fputc('\n', file);
    }
    fprintf(file, "  load imbalance, most work of a rank / mean: %.3f\n",
            imbalance(n_rank, rank));
}

/* The first sum of a step is where its ranks wait for each other; the others move data. */
static void put_traffic(FILE *file, int32_t n_rank, const pt_rank_cost_t *rank)
{
    static const char *const name[PT_N_TRAFFIC] = {
        [PT_TRAFFIC_CONTROL] = "losses, after waiting",
        [PT_TRAFFIC_GRADIENT] = "gradients to owners",
        [PT_TRAFFIC_CLIP] = "norms",
        [PT_TRAFFIC_WEIGHT] = "weights to users",
        [PT_TRAFFIC_ALPHA] = "architecture parameters",
        [PT_TRAFFIC_EVALUATE] = "evaluation",
        [PT_TRAFFIC_STAGE] = "between stages",
    };
    double step = spread_of(n_rank, rank, TIME(step)).mean;
    double transfer = spread_of(n_rank, rank, TIME(transfer)).mean;
    fprintf(file,
            "\nbytes sent into sums and messages, mean of the ranks\n"
            "  %-28s %10s %10s %10s %10s\n",
            "", "calls", "MB", "seconds", "of a step");
    for (int32_t i = 0; i < PT_N_TRAFFIC; i++) {
        double calls = 0, bytes = 0, seconds = 0;
        for (int32_t r = 0; r < n_rank; r++) {
            calls += (double)rank[r].traffic[i].calls / n_rank;
            bytes += (double)rank[r].traffic[i].bytes / n_rank;
            seconds += rank[r].traffic[i].seconds / n_rank;
        }
        fprintf(file, "  %-28s %10.0f %10.2f %10.3f", name[i], calls, bytes * 1e-6,
                seconds);
        /* Stages pass messages in evaluations too. */
        if (i != PT_TRAFFIC_EVALUATE)
            fprintf(file, " %8.2f %%",
                    100 * (i == PT_TRAFFIC_STAGE ? transfer : seconds) / step);
        fputc('\n', file);
    }
}

static void put_checkpoints(FILE *file, const pt_config_t *config, const pt_run_pauses_t *p)
{
    if (p->n == 0)
        return;
    double mean = p->seconds / (double)p->n, every = config->run.checkpoint_every;
    fprintf(file,
            "\n%lld checkpoint%s: all ranks stand still for %.3f s in the mean, %.3f s at "
            "most",
            (long long)p->n, pt_plural(p->n), mean, p->longest);
    if (every > 0)
        fprintf(file, ",\n  %.4f %% of the time at one in %g s",
                100 * mean / (every + mean), every);
    fputc('\n', file);
}

static void put_dearer(FILE *file, const pt_config_t *config, int64_t madds)
{
    char text[160];
    if (pt_baseline_is_dearer(config, madds, text))
        fprintf(file, "%s\n", text);
}

static void put_mixed(FILE *file, const pt_run_result_t *result)
{
    if (result->is_mixed)
        fprintf(
            file,
            "%smachines or libraries differed from %s, step %lld on; the bits are of no "
            "one machine\n",
            mixed_heading, pt_phase_name(result->mixed_phase),
            (long long)result->mixed_step);
}

/* Of rank 0, summed over jobs; each line of timing.jsonl says how far its job is. */
typedef struct jobs {
    int32_t n;
    double job;                /* the one at work */
    double step, evaluate;     /* of it */
    double all_step, all_eval; /* of those before it */
} jobs_t;

static pt_status_t take_timing(void *context, json_t *line)
{
    jobs_t *j = context;
    double job = pt_json_real(line, "job");
    if (!isfinite(job)) /* written before jobs were told apart */
        return PT_OK;
    if (j->n == 0 || job != j->job) {
        j->all_step += j->step;
        j->all_eval += j->evaluate;
        j->n++;
    }
    j->job = job;
    j->step = pt_json_real(line, "step_seconds");
    j->evaluate = pt_json_real(line, "evaluate");
    return PT_OK;
}

static void put_jobs(FILE *file, const char *run)
{
    char path[PATH_BYTES];
    jobs_t j = {.n = 0};
    snprintf(path, sizeof path, "%s/timing.jsonl", run);
    if (pt_jsonl_read(path, take_timing, &j) != PT_OK)
        pt_error_clear();
    else if (j.n > 1)
        fprintf(file, "  all %d jobs, rank 0: steps %.3f s, evaluation %.3f s\n", (int)j.n,
                j.all_step + j.step, j.all_eval + j.evaluate);
}

/* What the earlier report says from `heading` on, or that line alone. */
static void put_earlier(FILE *file, const char *earlier, const char *heading, bool is_line)
{
    const char *at = earlier == NULL ? NULL : strstr(earlier, heading);
    if (at != NULL)
        fprintf(file, "%.*s", (int)(is_line ? strcspn(at, "\n") + 1 : strlen(at)), at);
}

/* What `plan` would have said, and what came of it. */
static void put_pace(FILE *file, const pt_job_t *job)
{
    const struct {
        const char *name;
        double predicted;
        pt_run_pace_t pace;
    } kind[] = {{"weight step", job->outlook->weight.seconds, job->result->weight},
                {"alpha step", job->outlook->alpha.seconds, job->result->alpha}};
    fprintf(file,
            "\nbefore retraining, as predicted at the start for the layout, ms\n"
            "  %-28s %10s %10s %10s\n",
            "", "predicted", "measured", "steps");
    for (size_t i = 0; i < sizeof kind / sizeof kind[0]; i++)
        if (kind[i].pace.n > 0)
            fprintf(file, "  %-28s %10.3f %10.3f %10lld\n", kind[i].name,
                    kind[i].predicted * 1e3,
                    kind[i].pace.seconds / (double)kind[i].pace.n * 1e3,
                    (long long)kind[i].pace.n);
}

/* Without a job, of a run that another one has done, what that said is kept. */
static void put_report(FILE *file, const columns_t *c, const char *earlier,
                       const pt_config_t *config, const pt_job_t *job)
{
    put_comparison(file, c);
    if (config->kernel.reduction == PT_REDUCTION_FAST)
        fprintf(file, "\nkernel.reduction = fast: the bits depend on the ranks\n");
    put_dearer(file, config, c->summary[FOUND].cost.madds);
    if (job != NULL)
        put_mixed(file, job->result);
    else
        put_earlier(file, earlier, mixed_heading, true);
    if (job != NULL && job->rank[0].time.step > 0) {
        put_times(file, job->n_rank, job->rank);
        put_jobs(file, c->run[FOUND]);
        if (job->outlook != NULL && job->result->weight.n + job->result->alpha.n > 0)
            put_pace(file, job);
        put_traffic(file, job->n_rank, job->rank);
        put_checkpoints(file, config, &job->result->checkpoints);
    } else {
        put_earlier(file, earlier, time_heading, false);
    }
}

static pt_status_t write_file(const columns_t *c, const char *path,
                              const pt_config_t *config, const pt_job_t *job)
{
    char *text = NULL, *earlier = NULL;
    size_t bytes = 0, earlier_bytes;
    FILE *file = open_memstream(&text, &bytes);
    if (file == NULL)
        PT_FAIL(MEMORY, "no memory for %s", path);
    if (pt_path_exists(path) && pt_file_read(path, &earlier, &earlier_bytes) != PT_OK)
        pt_error_clear();
    put_report(file, c, earlier, config, job);
    pt_free(earlier);
    pt_status_t status = fclose(file) == 0 ? pt_file_write(path, text, bytes)
                                           : PT_ERROR(MEMORY, "no memory for %s", path);
    free(text);
    return status;
}

static void print_short(const columns_t *c, const char *path, const pt_job_t *job)
{
    const int32_t n_rank = job->n_rank;
    const pt_rank_cost_t *rank = job->rank;
    double step = spread_of(n_rank, rank, TIME(step)).mean;
    double delta = value_delta(c, FOUND);
    if (isfinite(delta))
        pt_console_line("Delta_m     %+.2f %% against %s", delta, c->run[SINGLE]);
    else if (!job->is_of_sweep)
        pt_console_line("Delta_m     not run (report.single names no finished run)");
    if (step > 0)
        pt_console_line(
            "time        of a step: %.1f %% operations, %.1f %% sums over ranks; "
            "load imbalance %.3f",
            100 * spread_of(n_rank, rank, TIME(ops)).mean / step,
            100 * spread_of(n_rank, rank, TIME(reduce)).mean / step,
            imbalance(n_rank, rank));
    pt_console_line("report      %s", path);
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

static void read_columns(columns_t *c, const pt_config_t *config, const char *run)
{
    *c = (columns_t){
        .name = {"single", "shared", "random", own_name[config->search.method]},
        .run = {config->report.single, config->report.shared, config->report.random, run}};
    pt_summary_data(run, c->data);
    for (int32_t i = 0; i < N_COLUMN; i++)
        read_column(c, i);
}

static void release_columns(columns_t *c)
{
    for (int32_t i = 0; i < N_COLUMN; i++)
        pt_summary_release(&c->summary[i]);
}

pt_status_t pt_report_write(const pt_config_t *config, const char *run, const pt_job_t *job)
{
    columns_t c;
    char path[PATH_BYTES];
    pt_status_t status = PT_OK;
    snprintf(path, sizeof path, "%s/report.txt", run);
    read_columns(&c, config, run);
    if (c.is_shown[FOUND]) {
        status = write_file(&c, path, config, job);
        if (status == PT_OK)
            print_short(&c, path, job);
    }
    release_columns(&c);
    return status;
}

pt_status_t pt_report_rewrite(const pt_config_t *config, const char *run)
{
    columns_t c;
    char path[PATH_BYTES];
    pt_status_t status = PT_OK;
    snprintf(path, sizeof path, "%s/report.txt", run);
    read_columns(&c, config, run);
    if (c.is_shown[FOUND])
        status = write_file(&c, path, config, NULL);
    release_columns(&c);
    return status;
}
