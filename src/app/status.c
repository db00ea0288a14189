/* polytree status: how a run stands, from the files that it leaves while it runs. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "app/command.h"
#include "app/console.h"
#include "app/sweep.h"
#include "polytree/base/memory.h"
#include "polytree/record/run_lock.h"
#include "polytree/io/file.h"
#include "polytree/search/jsonl.h"
#include "polytree/search/summary.h"

enum { PATH_BYTES = 4200 };

/** The newest line of each kind. */
typedef struct view {
    char stage[16];
    double n_step, step, loss, alpha_loss, squeeze, tau, lr, edges, cost;
    char val_stage[16], val[256], final[256]; /**< empty before */
    double val_step;
    double wall, speed, peak, left; /**< of timing.jsonl */
    char end[16], why[512]; /**< "stopped" or "failed"; empty: neither was written */
} view_t;

static void take_step(view_t *v, const json_t *line)
{
    v->edges = pt_json_real(line, "edges");
    v->tau = pt_json_real(line, "tau");
    if (strcmp(pt_json_text(line, "kind"), "alpha") == 0) {
        v->alpha_loss = pt_json_real(line, "loss");
        v->squeeze = pt_json_real(line, "squeeze");
        v->cost = 100 * pt_json_real(line, "cost");
        return;
    }
    v->step = pt_json_real(line, "step");
    v->loss = pt_json_real(line, "loss");
    v->lr = pt_json_real(line, "lr");
}

/* Of a task's scores the one that judges it: the first that is none of its circumstances.
 */
static double metric_of(json_t *scores)
{
    const char *key;
    json_t *value;
    json_object_foreach(scores, key, value)
    {
        if (strcmp(key, "n") != 0 && strcmp(key, "loss") != 0)
            return json_is_number(value) ? json_number_value(value) : NAN;
    }
    return NAN;
}

/* "mean metric on test 0.9", or where tasks have several "on test: parts 0.56, depth 0.7"
 */
static void take_scores(json_t *line, char text[256])
{
    const char *name, *part = pt_json_text(line, "part");
    json_t *scores;
    double mean = pt_json_real(line, "mean");
    size_t used;
    if (isfinite(mean)) {
        snprintf(text, 256, "mean metric on %s %.4f", part, mean);
        return;
    }
    used = (size_t)snprintf(text, 256, "on %s:", part);
    json_object_foreach(json_object_get(line, "tasks"), name, scores)
    {
        if (used < 200)
            used += (size_t)snprintf(text + used, 256 - used, " %.40s %.4g", name,
                                     metric_of(scores));
    }
}

static pt_status_t take_metrics(void *context, json_t *line)
{
    view_t *v = context;
    const char *event = pt_json_text(line, "event"), *stage = pt_json_text(line, "stage");
    if (strcmp(event, "stage") == 0) {
        snprintf(v->stage, sizeof v->stage, "%s", stage);
        v->n_step = pt_json_real(line, "steps");
        v->step = 0;
        v->loss = v->alpha_loss = v->squeeze = v->lr = NAN;
    } else if (strcmp(event, "step") == 0) {
        take_step(v, line);
    } else if (strcmp(event, "eval") == 0) {
        snprintf(v->val_stage, sizeof v->val_stage, "%s", stage);
        take_scores(line, v->val);
        v->val_step = pt_json_real(line, "step");
    } else if (strcmp(event, "final") == 0) {
        take_scores(line, v->final);
        v->edges = pt_json_real(line, "edges");
    }
    return PT_OK;
}

static pt_status_t take_timing(void *context, json_t *line)
{
    view_t *v = context;
    v->wall = pt_json_real(line, "wall");
    v->left = pt_json_real(line, "seconds_left");
    v->speed = pt_json_real(line, "samples_per_second");
    v->peak = pt_json_real(line, "resident_peak");
    const char *event = pt_json_text(line, "event");
    bool is_end = strcmp(event, "stopped") == 0 || strcmp(event, "failed") == 0;
    snprintf(v->end, sizeof v->end, "%s", is_end ? event : "");
    snprintf(v->why, sizeof v->why, "%s", pt_json_text(line, "message"));
    return PT_OK;
}

static void add(char *line, size_t size, const char *format, double value)
{
    size_t used = strlen(line);
    if (isfinite(value))
        snprintf(line + used, size - used, format, value);
}

/* Seconds since a file of the run was written; NaN where there is none. */
static double seconds_since(const char *run, const char *name)
{
    char path[PATH_BYTES];
    struct stat info;
    snprintf(path, sizeof path, "%s/%s", run, name);
    return stat(path, &info) != 0 ? NAN : fmax(0, difftime(time(NULL), info.st_mtime));
}

/* "12 s", "5 min", "3.2 h" ago; "none" where there is no such file. */
static const char *age(const char *run, const char *name, char text[48])
{
    double seconds = seconds_since(run, name);
    if (isnan(seconds))
        return "none yet";
    if (seconds < 120)
        snprintf(text, 48, "%.0f s ago", seconds);
    else if (seconds < 7200)
        snprintf(text, 48, "%.0f min ago", seconds / 60);
    else
        snprintf(text, 48, "%.1f h ago", seconds / 3600);
    return text;
}

/* Whether somebody is at work, and for how much longer. */
static void print_state(const char *run, const view_t *v)
{
    char holder[256], left[32], text[64] = "";
    pt_run_hold_t hold = pt_run_holder(run, holder);
    double seconds = v->left - seconds_since(run, "timing.jsonl");
    if (v->final[0] != '\0') {
        pt_console_line("state       finished");
    } else if (hold == PT_RUN_HELD) {
        if (isfinite(seconds))
            snprintf(text, sizeof text, ", %s left", pt_console_duration(seconds, left));
        pt_console_line("state       %s (%s)%s",
                        v->stage[0] != '\0' ? "running" : "starting", holder, text);
    } else if (hold == PT_RUN_ABANDONED) {
        pt_console_line("state       killed or crashed (%s): the same command goes on",
                        holder);
    } else {
        bool has_failed = strcmp(v->end, "failed") == 0;
        if (isfinite(v->left))
            snprintf(text, sizeof text, " for another %s",
                     pt_console_duration(v->left, left));
        pt_console_line("state       %s%s%s: %sthe same command goes on%s",
                        v->end[0] != '\0' ? v->end : "stopped, or ended by an error",
                        v->why[0] != '\0' ? ": " : "", v->why,
                        has_failed ? "once that is mended " : "", has_failed ? "" : text);
    }
}

static void print(const char *run, const view_t *v)
{
    char line[256] = "", text[48];
    print_state(run, v);
    if (v->final[0] != '\0') {
        pt_console_line("done        %s", v->final);
    } else if (v->stage[0] == '\0') {
        return;
    } else {
        pt_console_line("stage       %s, step %.0f of %.0f", v->stage, v->step, v->n_step);
        add(line, sizeof line, "loss %.4f", v->loss);
        add(line, sizeof line, "  alpha %.4f", v->alpha_loss);
        add(line, sizeof line, "  squeeze %.4f", v->squeeze);
        add(line, sizeof line, "  tau %.2f", v->tau);
        add(line, sizeof line, "  lr %.2g", v->lr);
        pt_console_line("last line   %s", line[0] != '\0' ? line : "none yet");
    }
    if (isfinite(v->edges))
        pt_console_line("edges       %.2f a task", v->edges);
    if (isfinite(v->cost))
        pt_console_line("cost        %.1f %% of the most, expected", v->cost);
    if (v->val_stage[0] != '\0')
        pt_console_line("val         %s (%s, step %.0f)", v->val, v->val_stage,
                        v->val_step);
    line[0] = '\0';
    if (isfinite(v->speed))
        pt_console_line("speed       %.0f samples/s", v->speed);
    add(line, sizeof line, ", at most %.0f MiB on rank 0", v->peak / (1 << 20));
    if (isfinite(v->wall))
        pt_console_line("job         at work for %.0f s%s", v->wall, line);
    pt_console_line("checkpoint  %s", age(run, "checkpoint.h5", text));
    pt_console_line("last entry  %s", age(run, "metrics.jsonl", text));
}

static pt_status_t read_view(const char *run, view_t *v)
{
    char path[PATH_BYTES], holder[256];
    *v = (view_t){.loss = NAN,
                  .alpha_loss = NAN,
                  .squeeze = NAN,
                  .tau = NAN,
                  .lr = NAN,
                  .edges = NAN,
                  .cost = NAN,
                  .wall = NAN,
                  .speed = NAN,
                  .peak = NAN,
                  .left = NAN};
    if (!pt_path_exists(run))
        PT_FAIL(IO, "no such folder: %s", run);
    snprintf(path, sizeof path, "%s/metrics.jsonl", run);
    if (!pt_path_exists(path) && pt_run_holder(run, holder) == PT_RUN_FREE)
        PT_FAIL(IO, "%s is not the folder of a run: it has no metrics.jsonl", run);
    if (!pt_path_exists(path))
        return PT_OK;
    PT_TRY(pt_jsonl_read(path, take_metrics, v));
    snprintf(path, sizeof path, "%s/timing.jsonl", run);
    return pt_path_exists(path) ? pt_jsonl_read(path, take_timing, v) : PT_OK;
}

/** The runs of a sweep: how many are done, and the one that is at work, or is next. */
typedef struct overview {
    int32_t n_run, n_done, n_failed;
    bool is_held;
    char run[PATH_BYTES]; /**< empty: all are done or have failed */
} overview_t;

static pt_status_t take_run(const char *run, overview_t *o)
{
    char metrics[PATH_BYTES + 32], holder[256], why[SWEEP_WHY];
    pt_summary_t summary = {.is_done = false};
    pt_status_t status = PT_OK;
    snprintf(metrics, sizeof metrics, "%s/metrics.jsonl", run);
    bool is_held = pt_run_holder(run, holder) == PT_RUN_HELD;
    if (pt_path_exists(metrics))
        status = pt_summary_read(run, &summary);
    bool is_done = summary.is_done;
    pt_summary_release(&summary);
    bool is_failed = !is_done && sweep_failure(run, why);
    o->n_run++;
    o->n_done += is_done;
    o->n_failed += is_failed;
    if (is_failed)
        pt_console_line("failed      %s: %s", run, why);
    if (!is_done && !is_failed && (o->run[0] == '\0' || (is_held && !o->is_held))) {
        snprintf(o->run, sizeof o->run, "%s", run);
        o->is_held = is_held;
    }
    return status;
}

static pt_status_t read_overview(const char *folder, const char *list, overview_t *o)
{
    char *text, run[PATH_BYTES];
    size_t bytes;
    PT_TRY(pt_file_read(list, &text, &bytes));
    pt_status_t status = PT_OK;
    for (size_t at = 0; at < bytes && status == PT_OK;) {
        const char *end = memchr(text + at, '\n', bytes - at);
        size_t n = end == NULL ? bytes - at : (size_t)(end - text) - at;
        snprintf(run, sizeof run, "%s/%.*s", folder, (int)n, text + at);
        status = take_run(run, o);
        at += n + 1;
    }
    pt_free(text);
    return status;
}

static pt_status_t sweep_status(const char *folder, const char *list)
{
    overview_t o = {.n_run = 0};
    char metrics[PATH_BYTES + 32];
    view_t v;
    PT_TRY(read_overview(folder, list, &o));
    char failed[32] = "";
    if (o.n_failed > 0)
        snprintf(failed, sizeof failed, ", %d failed", (int)o.n_failed);
    pt_console_line("sweep       %d of %d runs done%s", (int)o.n_done, (int)o.n_run,
                    failed);
    if (o.run[0] == '\0')
        return PT_OK;
    snprintf(metrics, sizeof metrics, "%s/metrics.jsonl", o.run);
    if (!pt_path_exists(metrics)) {
        pt_console_line("next        %s", o.run);
        return PT_OK;
    }
    pt_console_line("now at      %s", o.run);
    PT_TRY(read_view(o.run, &v));
    print(o.run, &v);
    return PT_OK;
}

pt_status_t pt_run_status(const pt_args_t *args, int *code)
{
    const char *folder = args->word[0];
    char list[PATH_BYTES];
    view_t v;
    (void)code;
    snprintf(list, sizeof list, "%s/" SWEEP_LIST, folder);
    if (pt_path_exists(list))
        return sweep_status(folder, list);
    PT_TRY(read_view(folder, &v));
    print(folder, &v);
    return PT_OK;
}
