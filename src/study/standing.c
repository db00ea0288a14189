/* How a run or a sweep stands, from the files that it leaves while it runs. */
#include "polytree/study/standing.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "polytree/base/memory.h"
#include "polytree/record/jobs.h"
#include "polytree/record/run_checkpoint.h"
#include "polytree/record/run_file.h"
#include "polytree/record/run_lock.h"
#include "polytree/record/summary.h"
#include "study/sweep_failure.h"

/** The newest line of each kind. */
typedef struct standing_view {
    bool has_phase, has_val;
    pt_phase_t phase, val_phase;
    int64_t n_step, step, val_step;
    pt_phase_t timed;   /**< phase of the last checkpoint ... */
    int64_t timed_step; /**< ... and its step */
    int64_t trained;    /**< steps, before they are judged */
    int64_t candidate;  /**< the best so far ... */
    double score;       /**< ... by this */
    double loss, alpha_loss, squeeze, tau, lr, edges, cost;
    char val[256], final[256];      /**< empty before */
    double wall, speed, peak, left; /**< of what depends on the day */
    pt_moment_t last;               /**< of that: PT_N_MOMENT before */
    char why[512];
} standing_view_t;

static void take_step(standing_view_t *v, const pt_event_step_t *e)
{
    v->edges = e->edges;
    v->tau = e->tau;
    if (e->is_alpha) {
        v->alpha_loss = e->loss;
        v->squeeze = e->squeeze;
        v->cost = 100 * e->cost;
        return;
    }
    v->step = e->step;
    v->loss = e->loss;
    v->lr = e->lr;
}

/* The best so far of those that are judged alike. */
static void take_candidate(standing_view_t *v, const pt_event_candidate_t *e)
{
    bool is_first = v->candidate < 0 || e->trained != v->trained;
    v->step = e->step;
    v->trained = e->trained;
    if (!is_first && !(e->score < v->score))
        return;
    v->candidate = e->number;
    v->score = e->score;
}

/* "mean metric on test 0.9", or where tasks have several "on test: parts 0.56, depth 0.7"
 */
static void take_scores(const pt_event_scores_t *e, char text[256])
{
    pt_text_t out = pt_text_in(text, 256);
    if (isfinite(e->mean)) {
        pt_text_add(&out, "mean metric on %s ", e->part);
        pt_text_add(&out, pt_score_format(e->mean), e->mean);
        return;
    }
    pt_text_add(&out, "on %s:", e->part);
    for (int32_t k = 0; k < e->n_task && out.n < 200; k++)
        pt_text_add(&out, " %.40s %.4g", e->task[k].task,
                    e->task[k].n_metric > 0 ? e->task[k].metric[0].value : (double)NAN);
}

static pt_status_t take_metrics(void *context, const pt_event_t *event)
{
    standing_view_t *v = context;
    if (event->kind == PT_EVENT_PHASE) {
        v->has_phase = true;
        v->phase = event->phase;
        v->n_step = event->begun.n_step;
        v->step = 0;
        v->candidate = -1;
        v->loss = v->alpha_loss = v->squeeze = v->lr = NAN;
    } else if (event->kind == PT_EVENT_STEP) {
        take_step(v, &event->step);
    } else if (event->kind == PT_EVENT_CANDIDATE) {
        take_candidate(v, &event->candidate);
    } else if (event->kind == PT_EVENT_EVAL) {
        v->has_val = true;
        v->val_phase = event->phase;
        take_scores(&event->scores, v->val);
        v->val_step = event->scores.step;
    } else if (event->kind == PT_EVENT_FINAL) {
        take_scores(&event->scores, v->final);
        v->edges = event->scores.edges;
    }
    return PT_OK;
}

static pt_status_t take_timing(void *context, const pt_timing_t *t)
{
    standing_view_t *v = context;
    v->wall = t->wall;
    v->left = t->seconds_left;
    v->speed = t->samples_per_second;
    v->peak = (double)t->resident_peak;
    v->last = t->moment;
    v->timed = t->phase;
    v->timed_step = t->step;
    snprintf(v->why, sizeof v->why, "%s", t->message == NULL ? "" : t->message);
    return PT_OK;
}

/* Where it is known. */
static void add(pt_text_t *out, const char *format, double value)
{
    if (isfinite(value))
        pt_text_add(out, format, value);
}

static void add_score(pt_text_t *out, const char *name, double value)
{
    if (isfinite(value)) {
        pt_text_add(out, "%s ", name);
        pt_text_add(out, pt_score_format(value), value);
    }
}

/* Seconds since a file of the run was written; NaN where there is none. */
static double seconds_since(const char *run, pt_run_file_t file)
{
    char path[PT_PATH_MAX];
    struct stat info;
    if (pt_run_file_path(run, file, path) != PT_OK || stat(path, &info) != 0)
        return NAN;
    return fmax(0, difftime(time(NULL), info.st_mtime));
}

/* "12 s", "5 min", "3.2 h" ago; "none" where there is no such file. */
static const char *age(const char *run, pt_run_file_t file, char text[48])
{
    double seconds = seconds_since(run, file);
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

/* What is to be done about a run that nobody is at work on; false where nothing can be. */
static bool find_next(const char *run, char text[512])
{
    char version[32];
    pt_summary_version(run, version);
    bool goes_on = version[0] == '\0' || pt_run_check_version(run, version) == PT_OK;
    snprintf(text, 512, "%s", goes_on ? "the same command goes on" : pt_error_message());
    pt_error_clear();
    return goes_on;
}

/* Scores are told before the checkpoint that keeps them, which may have failed. */
static bool is_finished(const standing_view_t *v)
{
    return v->final[0] != '\0' && v->last != PT_MOMENT_FINAL && v->last != PT_MOMENT_FAILED;
}

/* Whether somebody is at work, and for how much longer. */
static void put_state(const char *run, const standing_view_t *v, pt_text_t *out)
{
    char holder[256], left[32], text[64] = "", next[512];
    pt_run_hold_t hold = pt_run_holder(run, holder);
    double seconds = v->left - seconds_since(run, PT_FILE_TIMING);
    if (is_finished(v)) {
        pt_text_add(out, "state       finished\n");
    } else if (hold == PT_RUN_HELD) {
        if (isfinite(seconds))
            snprintf(text, sizeof text, ", %s left", pt_duration(seconds, left));
        pt_text_add(out, "state       %s (%s)%s\n", v->has_phase ? "running" : "starting",
                    holder, text);
    } else if (hold == PT_RUN_ABANDONED) {
        find_next(run, next);
        pt_text_add(out, "state       killed or crashed (%s): %s\n", holder, next);
    } else if (hold == PT_RUN_UNKNOWN) {
        pt_text_add(out,
                    "state       running, or killed or crashed: this file system has no "
                    "locks that tell (%s)\n",
                    holder);
    } else {
        bool has_failed = v->last == PT_MOMENT_FAILED, goes_on = find_next(run, next);
        if (isfinite(v->left) && goes_on && !has_failed)
            snprintf(text, sizeof text, " for another %s", pt_duration(v->left, left));
        pt_text_add(out, "state       %s%s%s: %s%s%s\n",
                    has_failed                     ? "failed"
                    : v->last == PT_MOMENT_STOPPED ? "stopped"
                                                   : "stopped, or ended by an error",
                    v->why[0] != '\0' ? ": " : "", v->why,
                    has_failed && goes_on ? "once that is mended " : "", next, text);
    }
}

static void put_last_step(const standing_view_t *v, pt_text_t *out)
{
    char line[256];
    pt_text_t last = pt_text_in(line, sizeof line);
    add_score(&last, "loss", v->loss);
    add_score(&last, "  alpha", v->alpha_loss);
    add_score(&last, "  squeeze", v->squeeze);
    add(&last, "  tau %.2f", v->tau);
    add(&last, "  lr %.2g", v->lr);
    pt_text_add(out, "last line   %s\n", last.n > 0 ? line : "none yet");
}

static void put_best(const standing_view_t *v, pt_text_t *out)
{
    char trained[48] = "";
    if (v->trained > 0)
        snprintf(trained, sizeof trained, " after %lld step%s", (long long)v->trained,
                 pt_plural(v->trained));
    if (v->candidate >= 0)
        pt_text_add(out,
                    "best        number %lld, losses %+.2f %% against one network for all "
                    "tasks%s\n",
                    (long long)v->candidate, 100 * expm1(v->score), trained);
}

/* How the jobs ended that have said something, where there were several. */
static void put_jobs(const char *run, pt_text_t *out)
{
    pt_jobs_t j;
    pt_jobs_read(run, &j);
    if (j.n < 2)
        return;
    int32_t n_killed = j.n_open - j.is_last_open;
    pt_text_add(out, "jobs        %d", (int)j.n);
    if (j.n_stopped > 0)
        pt_text_add(out, ", %d stopped", (int)j.n_stopped);
    if (j.n_failed > 0)
        pt_text_add(out, ", %d failed", (int)j.n_failed);
    if (n_killed > 0)
        pt_text_add(out, ", %d killed or crashed", (int)n_killed);
    pt_text_add(out, "\n");
}

/* Of candidates in training nothing is told, but how far they are at a checkpoint. */
static int64_t steps_done(const standing_view_t *v)
{
    bool is_known = v->phase == PT_PHASE_CHOOSE && v->timed == v->phase;
    return is_known && v->timed_step > v->step ? v->timed_step : v->step;
}

static void put_view(const char *run, const standing_view_t *v, pt_text_t *out)
{
    char text[48];
    put_state(run, v, out);
    if (is_finished(v)) {
        pt_text_add(out, "done        %s\n", v->final);
    } else if (!v->has_phase) {
        return;
    } else {
        pt_text_add(out, "phase       %s, step %lld of %lld\n", pt_phase_name(v->phase),
                    (long long)steps_done(v), (long long)v->n_step);
        if (v->phase == PT_PHASE_CHOOSE)
            put_best(v, out);
        else
            put_last_step(v, out);
    }
    add(out, "edges       %.2f a task\n", v->edges);
    add(out, "cost        %.1f %% of the most, expected\n", v->cost);
    if (v->has_val)
        pt_text_add(out, "val         %s (%s, step %lld)\n", v->val,
                    pt_phase_name(v->val_phase), (long long)v->val_step);
    add(out, "speed       %.0f samples/s\n", v->speed);
    if (isfinite(v->wall)) {
        add(out, "job         at work for %.0f s", v->wall);
        add(out, ", at most %.0f MiB on rank 0", v->peak / (1 << 20));
        pt_text_add(out, "\n");
    }
    put_jobs(run, out);
    pt_text_add(out, "checkpoint  %s\n", age(run, PT_FILE_CHECKPOINT, text));
    pt_text_add(out, "last entry  %s\n", age(run, PT_FILE_METRICS, text));
}

static pt_status_t read_view(const char *run, standing_view_t *v)
{
    char holder[256];
    *v = (standing_view_t){.loss = NAN,
                           .alpha_loss = NAN,
                           .squeeze = NAN,
                           .tau = NAN,
                           .lr = NAN,
                           .edges = NAN,
                           .cost = NAN,
                           .wall = NAN,
                           .speed = NAN,
                           .peak = NAN,
                           .left = NAN,
                           .last = PT_N_MOMENT};
    if (!pt_path_exists(run))
        PT_FAIL(IO, "no such folder: %s", run);
    bool has_metrics = pt_run_file_exists(run, PT_FILE_METRICS);
    if (!has_metrics && pt_run_holder(run, holder) == PT_RUN_FREE)
        PT_FAIL(IO, "%s is not the folder of a run: it has no %s", run,
                pt_run_file_name(PT_FILE_METRICS));
    if (!has_metrics)
        return PT_OK;
    PT_TRY(pt_journal_read(run, take_metrics, v));
    return pt_run_file_exists(run, PT_FILE_TIMING)
               ? pt_journal_read_timing(run, take_timing, v)
               : PT_OK;
}

/** The runs of a sweep: how many are done, and the one that is at work, or is next. */
typedef struct overview {
    pt_text_t *out; /**< gets a line of each that has failed */
    int32_t n_run, n_done, n_failed;
    bool is_held;
    char run[PT_PATH_MAX]; /**< empty: all are done or have failed */
} overview_t;

static pt_status_t take_run(const char *run, overview_t *o)
{
    char holder[256], why[PT_SWEEP_WHY];
    pt_summary_t summary = {.is_done = false};
    pt_status_t status = PT_OK;
    bool is_held = pt_run_holder(run, holder) == PT_RUN_HELD;
    if (pt_run_file_exists(run, PT_FILE_METRICS))
        status = pt_summary_read(run, &summary);
    bool is_done = summary.is_done;
    pt_summary_release(&summary);
    bool is_failed = !is_done && sweep_failure(run, why);
    o->n_run++;
    o->n_done += is_done;
    o->n_failed += is_failed;
    if (is_failed)
        pt_text_add(o->out, "failed      %s: %s\n", run, why);
    if (!is_done && !is_failed && (o->run[0] == '\0' || (is_held && !o->is_held))) {
        snprintf(o->run, sizeof o->run, "%s", run);
        o->is_held = is_held;
    }
    return status;
}

static pt_status_t read_overview(const char *folder, const char *list, overview_t *o)
{
    char *text, run[PT_PATH_MAX];
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

static pt_status_t describe_run(const char *run, pt_text_t *out)
{
    standing_view_t v;
    PT_TRY(read_view(run, &v));
    put_view(run, &v, out);
    return PT_OK;
}

static pt_status_t describe_sweep(const char *folder, const char *list, pt_text_t *out)
{
    overview_t o = {.out = out};
    PT_TRY(read_overview(folder, list, &o));
    pt_text_add(out, "sweep       %d of %d runs done", (int)o.n_done, (int)o.n_run);
    if (o.n_failed > 0)
        pt_text_add(out, ", %d failed", (int)o.n_failed);
    pt_text_add(out, "\n");
    if (o.run[0] == '\0')
        return PT_OK;
    bool is_next = !pt_run_file_exists(o.run, PT_FILE_METRICS);
    pt_text_add(out, "%s%s\n", is_next ? "next        " : "now at      ", o.run);
    return is_next ? PT_OK : describe_run(o.run, out);
}

pt_status_t pt_standing_describe(const char *folder, pt_text_t *out)
{
    char list[PT_PATH_MAX];
    PT_TRY(pt_run_file_path(folder, PT_FILE_SWEEP_LIST, list));
    return pt_path_exists(list) ? describe_sweep(folder, list, out)
                                : describe_run(folder, out);
}
