/* polytree sweep: one run after the other, all ranks together. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "app/command.h"
#include "app/console.h"
#include "app/progress.h"
#include "app/run.h"
#include "app/session.h"
#include "app/sweep.h"
#include "app/watch.h"
#include "polytree/base/clock.h"
#include "polytree/base/memory.h"
#include "polytree/io/file.h"

enum { SWEEP_OUTPUT, SWEEP_REPORT, SWEEP_SET, SWEEP_TIME_LIMIT };
const pt_flag_t pt_flags_sweep[] = {
    {"output", 'o', "FOLDER", "folder of the runs and of the table"},
    {"report", 0, NULL, "run nothing, only print the table"},
    {"set", 0, "key=value", "options over those of the config; may be given often"},
    {"time-limit", 0, "H:M:S", "stop with a checkpoint before this time is up"},
    {0}};

/* What was filled into a run's config is not asked for again. */
static void take_resolved(const pt_config_t *theirs, pt_config_t *ours)
{
    if (ours->baseline.madds == 0)
        ours->baseline.madds = theirs->baseline.madds;
    if (ours->baseline.width == 0)
        ours->baseline.width = theirs->baseline.width;
    if (ours->baseline.steps == 0)
        ours->baseline.steps = theirs->baseline.steps;
}

/* A finished run is left alone, if it is the one that is wanted. */
static pt_status_t look(const char *folder, const pt_config_t *config, bool *is_done)
{
    char path[PT_CONFIG_TEXT + 32];
    pt_config_t ours = *config, theirs;
    pt_summary_t summary;
    *is_done = false;
    snprintf(path, sizeof path, "%s/metrics.jsonl", folder);
    if (!pt_path_exists(path))
        return PT_OK;
    pt_status_t status = pt_summary_read(folder, &summary);
    bool has_final = status == PT_OK && summary.is_done;
    pt_summary_release(&summary);
    PT_TRY(status);
    if (!has_final)
        return PT_OK;
    snprintf(path, sizeof path, "%s/config.ini", folder);
    pt_config_init(&theirs);
    PT_TRY(pt_config_read(&theirs, path));
    take_resolved(&theirs, &ours);
    if (pt_config_compare(&ours, &theirs) != PT_OK)
        PT_FAIL(MISMATCH, "%s is a finished run of another sweep (give another folder): %s",
                folder, pt_error_message());
    *is_done = true;
    return PT_OK;
}

static pt_status_t look_together(const char *folder, const pt_config_t *config,
                                 bool *is_done)
{
    pt_comm_t *world = pt_comm_world();
    pt_status_t status = PT_OK;
    if (pt_comm_rank(world) == 0)
        status = look(folder, config, is_done);
    PT_AGREE(world, status);
    return pt_comm_bcast(world, is_done, sizeof *is_done, 0);
}

/* Seconds left of all that there were; the same on all ranks. */
static pt_status_t set_limit(const sweep_t *sweep, double begin, pt_config_t *config,
                             bool *is_over)
{
    double limit = sweep->config->run.time_limit, left = limit - (pt_clock() - begin);
    PT_TRY(pt_comm_bcast(pt_comm_world(), &left, sizeof left, 0));
    *is_over = limit > 0 && left < 1;
    config->run.time_limit = limit > 0 && !*is_over ? left : 0;
    return PT_OK;
}

static pt_status_t run_one(const sweep_t *sweep, int32_t row, int32_t seed, int32_t index,
                           double begin, int *code)
{
    char folder[PT_CONFIG_TEXT];
    pt_config_t config;
    bool is_done, is_over;
    sweep_path(sweep, row, seed, index, folder);
    PT_TRY(sweep_config(sweep, row, seed, index, &config));
    PT_TRY(look_together(folder, &config, &is_done));
    if (is_done)
        return PT_OK;
    PT_TRY(set_limit(sweep, begin, &config, &is_over));
    if (is_over) {
        *code = PT_EXIT_STOPPED;
        return PT_OK;
    }
    if (pt_comm_rank(pt_comm_world()) == 0)
        pt_console_line("\nrun         %s", folder);
    return pt_run_go(&config, folder, sweep->folder, code);
}

static pt_status_t run_all(const sweep_t *sweep, int *code)
{
    double begin = pt_clock();
    for (int32_t seed = 0; seed < sweep->config->sweep.seeds.n; seed++)
        for (int32_t row = 0; row < sweep->n_row; row++)
            for (int32_t i = 0; i < sweep_n_run(sweep, row, seed); i++) {
                PT_TRY(run_one(sweep, row, seed, i, begin, code));
                if (*code != PT_EXIT_DONE)
                    return PT_OK;
            }
    return PT_OK;
}

static pt_status_t count_tasks(const pt_config_t *config, int32_t *n_task)
{
    pt_session_t session = {.config = *config};
    pt_status_t status;
    session.config.data.cache = PT_CACHE_NONE;
    session.config.search.method = PT_METHOD_SEARCH;
    PT_TRY_OR(done, pt_session_open_data(&session));
    *n_task = pt_dataset_n_task(session.dataset);
done:
    pt_watch_failure(status);
    pt_session_close(&session);
    return status;
}

/* How many branchings there are depends on how many tasks the data set has. */
static pt_status_t list_branchings(sweep_t *sweep)
{
    for (int32_t r = 0; r < sweep->n_row; r++) {
        pt_config_t config;
        int32_t n_task;
        if (sweep->row[r].method != PT_METHOD_EXHAUSTIVE)
            continue;
        PT_TRY(sweep_config(sweep, r, 0, 0, &config));
        PT_TRY(count_tasks(&config, &n_task));
        PT_TRY(sweep_list_branchings(sweep, r, n_task));
    }
    return PT_OK;
}

static pt_status_t report(const sweep_t *sweep)
{
    pt_comm_t *world = pt_comm_world();
    pt_status_t status = PT_OK;
    if (pt_comm_rank(world) == 0)
        status = sweep_report(sweep);
    return pt_comm_agree(world, status);
}

pt_status_t pt_run_sweep(const pt_args_t *args, int *code)
{
    pt_comm_t *world = pt_comm_world();
    pt_config_t config;
    sweep_t *sweep = NULL;
    pt_status_t status;
    if (args->flag[SWEEP_OUTPUT] == NULL)
        PT_FAIL(USAGE, "-o FOLDER is missing: the folder of the runs");
    pt_watcher_catch_signals();
    PT_TRY(pt_session_config_limited(args->word[0], args, args->flag[SWEEP_TIME_LIMIT],
                                     &config));
    PT_TRY(pt_alloc(&sweep, 1, sizeof *sweep));
    PT_TRY_OR(done, sweep_init(&config, args->flag[SWEEP_OUTPUT], sweep));
    PT_TRY_OR(done, list_branchings(sweep));
    status = pt_comm_rank(world) == 0 ? pt_folder_make(sweep->folder) : PT_OK;
    PT_TRY_OR(done, pt_comm_agree(world, status));
    if (args->flag[SWEEP_REPORT] == NULL)
        PT_TRY_OR(done, run_all(sweep, code));
    if (*code == PT_EXIT_DONE)
        PT_TRY_OR(done, report(sweep));
done:
    if (sweep != NULL)
        sweep_release(sweep);
    pt_free(sweep);
    return status;
}
