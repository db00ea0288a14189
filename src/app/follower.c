/* Signals, time limits and STOP files of a run, and the line that shows how far it is. */
#include "app/follower.h"

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "app/console.h"
#include "polytree/base/text.h"
#include "polytree/base/clock.h"
#include "polytree/record/run_file.h"

static volatile sig_atomic_t caught;

static void catch_signal(int number)
{
    caught = number;
}

void pt_follower_catch_signals(void)
{
    struct sigaction action = {.sa_handler = catch_signal, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGUSR1, &action, NULL);
    /* A second ^C is meant. */
    action.sa_flags = SA_RESTART | (int)SA_RESETHAND;
    sigaction(SIGINT, &action, NULL);
}

void pt_follower_forget_stop(const char *folder, const char *why)
{
    char path[PT_PATH_MAX];
    if (pt_run_file_path(folder, PT_FILE_STOP, path) != PT_OK) {
        pt_error_clear(); /* such a folder cannot be made either */
    } else if (unlink(path) != 0) {
        if (errno != ENOENT)
            pt_console_error("warning: %s: %s", path, strerror(errno));
    } else if (why != NULL) {
        pt_console_line("note        %s %s", path, why);
    }
}

static const char *signal_reason(int number)
{
    return number == SIGTERM ? "SIGTERM" : number == SIGUSR1 ? "SIGUSR1" : "an interrupt";
}

/* Near the limit, with time left for what may come before the end: a step or an
 * evaluation as long as the longest so far, and the checkpoint. */
static bool is_time_up(const pt_follower_t *w, double now)
{
    double limit = w->config->run.time_limit;
    double reserve = 0.1 * limit < 10 ? 0.1 * limit : 10;
    return limit > 0 && now - w->start > limit - reserve - 2 * w->longest_pause;
}

static unsigned look_for_requests(pt_follower_t *w)
{
    double now = pt_clock();
    if (w->last_polled > 0 && now - w->last_polled > w->longest_pause)
        w->longest_pause = now - w->last_polled;
    w->last_polled = now;
    if (caught != 0) {
        w->reason = signal_reason(caught);
    } else if (is_time_up(w, now)) {
        w->reason = "the time limit";
    } else if (now - w->last_looked > 0.25) {
        w->last_looked = now;
        if (access(w->stop_path, F_OK) == 0)
            w->reason = "the file STOP";
        else if (w->job_path != NULL && access(w->job_path, F_OK) == 0)
            w->reason = "its job";
    }
    return w->reason != NULL ? PT_REQUEST_STOP : 0;
}

static void sleep_for(double seconds)
{
    struct timespec pause = {(time_t)seconds, (long)(fmod(seconds, 1) * 1e9)};
    nanosleep(&pause, NULL); /* a signal may cut it short */
}

static unsigned poll_requests(void *context)
{
    pt_follower_t *w = context;
    if (w->slowness > 1 && w->last_polled == 0)
        pt_console_line("note        POLYTREE_SLOW: steps take %g times as long",
                        w->slowness);
    else if (w->slowness > 1)
        sleep_for((w->slowness - 1) * (pt_clock() - w->last_polled));
    return look_for_requests(w);
}

/* Rank 0 is between two steps, where the watch misses nobody. */
static void hold(pt_follower_t *w)
{
    FILE *file = fopen(w->held_path, "w");
    w->hold_step = 0;
    if (file == NULL || fclose(file) != 0) {
        pt_console_error("warning: %s: %s", w->held_path, strerror(errno));
        return;
    }
    pt_console_line("note        POLYTREE_HOLD: this run is held until %s is gone",
                    w->held_path);
    while (access(w->held_path, F_OK) == 0 && look_for_requests(w) == 0)
        sleep_for(0.005);
    unlink(w->held_path);
}

/* What a line holds so far, and how long it may be. */
typedef struct live_line {
    char text[256];
    size_t most;
} live_line_t;

static void add_part(live_line_t *line, const char *part)
{
    size_t used = strlen(line->text), more = strlen(part);
    if (used + more <= line->most)
        memcpy(line->text + used, part, more + 1);
    else
        line->most = used; /* what comes next is less important */
}

static void add_number(live_line_t *line, const char *format, double value)
{
    char part[64];
    if (!isfinite(value))
        return;
    snprintf(part, sizeof part, format, value);
    add_part(line, part);
}

static void show_progress(pt_follower_t *w, const pt_progress_t *p)
{
    char part[64], left[32];
    live_line_t line = {.most = sizeof line.text - 1};
    if (w->is_live && pt_console_width() <= line.most)
        line.most = pt_console_width() - 1;
    snprintf(part, sizeof part, "%s %lld/%lld", pt_phase_name(p->phase), (long long)p->step,
             (long long)p->n_step);
    add_part(&line, part);
    snprintf(part, sizeof part, "  %s left", pt_duration(p->seconds_left, left));
    add_part(&line, part);
    add_number(&line, "  loss %.3f", p->loss);
    add_number(&line, "  val %.3f", p->metric);
    add_number(&line, "  edges %.1f", p->expected_edges);
    add_number(&line, "  cost %.0f %%", 100 * p->expected_cost);
    add_number(&line, "  %.0f samples/s", p->samples_per_second);
    add_number(&line, "  alpha %.3f", p->alpha_loss);
    add_number(&line, "  tau %.2f", p->tau);
    add_number(&line, "  lr %.2g", p->lr);
    if (w->is_live)
        pt_console_live(line.text);
    else
        pt_console_line("%s", line.text);
}

static void follow_progress(void *context, const pt_progress_t *p)
{
    pt_follower_t *w = context;
    double now = pt_clock(), every = w->is_live ? 0.2 : w->config->run.log_every;
    bool is_held = p->phase == w->hold_phase && w->hold_step > 0 && p->step >= w->hold_step;
    if (is_held || now - w->last_shown >= every) {
        w->last_shown = now;
        show_progress(w, p);
    }
    if (is_held)
        hold(w);
}

static void show_note(void *context, const char *line)
{
    (void)context;
    pt_console_line("%s", line);
}

/* "search 12" */
static bool read_hold(const char *text, pt_phase_t *phase, int64_t *step)
{
    for (*phase = 0; *phase < PT_N_PHASE; ++*phase) {
        size_t n = strlen(pt_phase_name(*phase));
        char *end;
        if (strncmp(text, pt_phase_name(*phase), n) != 0 || text[n] != ' ')
            continue;
        *step = strtoll(text + n, &end, 10);
        return *step > 0 && *end == '\0';
    }
    return false;
}

static pt_status_t read_environment(pt_follower_t *w)
{
    const char *held = getenv("POLYTREE_HOLD"), *slow = getenv("POLYTREE_SLOW");
    char *end;
    if (held != NULL && !read_hold(held, &w->hold_phase, &w->hold_step))
        PT_FAIL(USAGE, "POLYTREE_HOLD = %s: expected a phase and a step, as in 'search 12'",
                held);
    w->slowness = slow != NULL ? strtod(slow, &end) : 1;
    if (slow != NULL && (!(w->slowness >= 1 && w->slowness <= 1000) || *end != '\0'))
        PT_FAIL(USAGE, "POLYTREE_SLOW = %s: expected a factor from 1 to 1000", slow);
    return PT_OK;
}

pt_status_t pt_follower_init(pt_follower_t *follower, const pt_config_t *config,
                             const char *run, pt_run_hooks_t *hooks)
{
    *follower = (pt_follower_t){.job_path = getenv("POLYTREE_STOP"),
                                .config = config,
                                .start = pt_clock(),
                                .is_live = pt_console_is_live()};
    follower->last_shown = follower->start;
    PT_TRY(pt_run_file_path(run, PT_FILE_STOP, follower->stop_path));
    PT_TRY(pt_run_file_path(run, PT_FILE_HELD, follower->held_path));
    *hooks = (pt_run_hooks_t){.context = follower,
                              .poll = poll_requests,
                              .progress = follow_progress,
                              .note = show_note};
    return read_environment(follower);
}
