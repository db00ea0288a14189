/* polytree sweep: many runs in one command, and their table. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "app/command.h"
#include "app/console.h"
#include "app/follower.h"
#include "app/held_run.h"
#include "app/session.h"
#include "app/watch.h"
#include "polytree/record/run_lock.h"
#include "polytree/study/sweep.h"

enum { SWEEP_OUTPUT, SWEEP_REPORT, SWEEP_SET, SWEEP_TIME_LIMIT };
const pt_flag_t pt_flags_sweep[] = {
    {"output", 'o', "FOLDER", "folder of the runs and of the table"},
    {"report", 0, NULL, "run nothing, only print the table"},
    {"set", 0, "key=value", "options over those of the config; may be given often"},
    {"time-limit", 0, "H:M:S", "stop with a checkpoint before this time is up"},
    {0}};

static pt_status_t open_data(void *context, const pt_config_t *config, int32_t *n_task,
                             pt_dataset_digest_t *digest)
{
    pt_session_t session = {.config = *config};
    pt_status_t status;
    (void)context;
    session.config.data.cache = PT_CACHE_NONE;
    session.config.search.method = PT_METHOD_SEARCH;
    PT_TRY_OR(done, pt_session_open_data(&session));
    *n_task = pt_dataset_n_task(session.dataset);
    *digest = *pt_dataset_digest(session.dataset);
done:
    pt_watch_failure(status);
    pt_session_close(&session);
    return status;
}

static pt_status_t run_one(void *context, const pt_config_t *config, const char *folder,
                           pt_sweep_end_t *end, char why[PT_SWEEP_WHY])
{
    const char *sweep = context;
    int code = PT_EXIT_DONE;
    bool is_own;
    pt_status_t status = pt_held_run_go(config, folder, sweep, &code, &is_own);
    if (status == PT_E_BUSY) {
        pt_watch_forgive();
        *end = PT_SWEEP_BUSY;
        return PT_OK;
    }
    if (status != PT_OK && !is_own)
        return status;
    *end = status != PT_OK           ? PT_SWEEP_FAILED
           : code == PT_EXIT_STOPPED ? PT_SWEEP_STOPPED
                                     : PT_SWEEP_DONE;
    if (status != PT_OK) {
        snprintf(why, PT_SWEEP_WHY, "%s", pt_failure_message());
        pt_watch_forgive();
    }
    return PT_OK;
}

static void take_about(void *context, const char *folder)
{
    (void)context;
    pt_watch_about(folder);
}

static void take_begun(void *context, int32_t i, int32_t n, const char *folder)
{
    (void)context;
    pt_console_line("\nrun %d of %d: %s", (int)i, (int)n, folder);
}

/* Why, and what it takes to have it run again. */
static void take_failed(void *context, const char *folder, const char *why,
                        bool is_for_good)
{
    (void)context;
    pt_console_error("%s failed: %s; the sweep goes on without it%s", folder, why,
                     is_for_good ? ", next time too unless its folder is removed" : "");
}

static void take_left(void *context, int32_t n)
{
    (void)context;
    pt_console_line("\n%d run%s left to other jobs that are at work on this sweep", (int)n,
                    n == 1 ? " is" : "s are");
}

/* A file STOP is for all jobs that are at work on the sweep: the last one takes it away. */
static pt_status_t run_all(pt_sweep_t *sweep, const char *folder, int *code)
{
    pt_sweep_end_t end = PT_SWEEP_DONE;
    bool is_root = pt_comm_rank(pt_comm_world()) == 0;
    if (is_root && !pt_sweep_is_at_work(sweep))
        pt_follower_forget_stop(folder, "was there before the start: taken away");
    PT_TRY(pt_sweep_run(sweep, &end));
    if (is_root && end == PT_SWEEP_STOPPED && !pt_sweep_is_at_work(sweep))
        pt_follower_forget_stop(folder, NULL);
    *code = end == PT_SWEEP_STOPPED  ? PT_EXIT_STOPPED
            : end == PT_SWEEP_FAILED ? PT_EXIT_ERROR
                                     : PT_EXIT_DONE;
    return PT_OK;
}

/* One job after the other, so that what the last one writes is of all runs. */
static pt_status_t lock(const char *folder, int *fd)
{
    const struct timespec pause = {0, 100000000};
    pt_status_t status;
    while ((status = pt_run_lock(folder, fd)) == PT_E_BUSY) {
        pt_error_clear();
        nanosleep(&pause, NULL);
    }
    return status;
}

static pt_status_t report(const pt_sweep_t *sweep, const char *folder, bool is_alone)
{
    int fd = -1;
    pt_comm_t *world = pt_comm_world();
    pt_status_t status = PT_OK;
    pt_text_t table = {0};
    if (pt_comm_rank(world) == 0 && is_alone)
        status = pt_sweep_look(sweep);
    if (pt_comm_rank(world) == 0 && status == PT_OK)
        status = lock(folder, &fd);
    if (pt_comm_rank(world) == 0 && status == PT_OK) {
        status = pt_sweep_report(sweep, &table);
        if (table.n > 0)
            pt_console_line("\n%s", pt_text_get(&table));
        pt_run_unlock(folder, fd);
    }
    pt_text_release(&table);
    return pt_comm_agree(world, status);
}

pt_status_t pt_cmd_sweep(const pt_args_t *args, int *code)
{
    const char *folder = args->flag[SWEEP_OUTPUT];
    const bool is_report = args->flag[SWEEP_REPORT] != NULL;
    const pt_sweep_hooks_t hooks = {.context = (void *)(uintptr_t)folder,
                                    .data = open_data,
                                    .run = run_one,
                                    .about = take_about,
                                    .begun = take_begun,
                                    .left = take_left,
                                    .failed = take_failed};
    pt_config_t config;
    pt_sweep_t *sweep = NULL;
    pt_status_t status;
    if (folder == NULL)
        PT_FAIL(USAGE, "-o FOLDER is missing: the folder of the runs");
    pt_follower_catch_signals();
    PT_TRY(pt_session_config_limited(args->word[0], args, args->flag[SWEEP_TIME_LIMIT],
                                     &config));
    PT_TRY(pt_sweep_new(&config, folder, &hooks, &sweep));
    if (!is_report)
        PT_TRY_OR(done, run_all(sweep, folder, code));
    if (*code != PT_EXIT_STOPPED)
        PT_TRY_OR(done, report(sweep, folder, is_report));
done:
    pt_sweep_free(sweep);
    return status;
}
