/* polytree sweep: one run after the other, all ranks together. */
#include <stdio.h>
#include <stdlib.h>
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

/** A data set that runs of the sweep name. */
typedef struct known_data {
    char file[PT_CONFIG_TEXT], tasks[8 * PT_CONFIG_TEXT], digest[33];
} known_data_t;

typedef struct runner {
    const sweep_t *sweep;
    double begin;     /**< pt_clock() */
    int32_t n, n_run; /**< of n_run runs the one at work, from 1 */
    int32_t n_failed;
    known_data_t *known;
    size_t n_known, capacity;
} runner_t;

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

/** How the sweep finds a run. */
typedef enum run_state { RUN_OPEN, RUN_DONE, RUN_FAILED } run_state_t;

/* A run that is over is left alone, if it is the one that is wanted. */
static pt_status_t look(const char *folder, const pt_config_t *config, run_state_t *state)
{
    char path[PT_CONFIG_TEXT + 32];
    pt_config_t ours = *config, theirs;
    pt_summary_t summary;
    *state = RUN_OPEN;
    snprintf(path, sizeof path, "%s/metrics.jsonl", folder);
    if (!pt_path_exists(path))
        return PT_OK;
    pt_status_t status = pt_summary_read(folder, &summary);
    bool has_final = status == PT_OK && summary.is_done;
    pt_summary_release(&summary);
    PT_TRY(status);
    if (!has_final && !sweep_failure_stands(folder))
        return PT_OK;
    snprintf(path, sizeof path, "%s/config.ini", folder);
    pt_config_init(&theirs);
    PT_TRY(pt_config_read(&theirs, path));
    take_resolved(&theirs, &ours);
    if (pt_config_compare(&ours, &theirs) != PT_OK)
        PT_FAIL(MISMATCH, "%s is a %s run of another sweep (give another folder): %s",
                folder, has_final ? "finished" : "failed", pt_error_message());
    *state = has_final ? RUN_DONE : RUN_FAILED;
    return PT_OK;
}

static pt_status_t look_together(const char *folder, const pt_config_t *config,
                                 run_state_t *state)
{
    pt_comm_t *world = pt_comm_world();
    pt_status_t status = PT_OK;
    if (pt_comm_rank(world) == 0)
        status = look(folder, config, state);
    PT_AGREE(world, status);
    return pt_comm_bcast(world, state, sizeof *state, 0);
}

static pt_status_t open_data(const pt_config_t *config, int32_t *n_task, char digest[33])
{
    pt_session_t session = {.config = *config};
    pt_status_t status;
    session.config.data.cache = PT_CACHE_NONE;
    session.config.search.method = PT_METHOD_SEARCH;
    PT_TRY_OR(done, pt_session_open_data(&session));
    *n_task = pt_dataset_n_task(session.dataset);
    snprintf(digest, 33, "%s", pt_dataset_digest(session.dataset));
done:
    pt_watch_failure(status);
    pt_session_close(&session);
    return status;
}

/* Each data set is read once, however many runs are of it.  Collective. */
static pt_status_t find_data(runner_t *runner, const pt_config_t *config,
                             const char **digest)
{
    int32_t n_task;
    size_t i = 0;
    while (i < runner->n_known && (strcmp(runner->known[i].file, config->data.file) != 0 ||
                                   strcmp(runner->known[i].tasks, config->data.tasks) != 0))
        i++;
    if (i == runner->n_known) {
        PT_AGREE(pt_comm_world(),
                 pt_grow(&runner->known, &runner->capacity, i + 1, sizeof *runner->known));
        known_data_t *data = &runner->known[i];
        memcpy(data->file, config->data.file, sizeof data->file);
        memcpy(data->tasks, config->data.tasks, sizeof data->tasks);
        PT_TRY(open_data(config, &n_task, data->digest));
        runner->n_known++;
    }
    *digest = runner->known[i].digest;
    return PT_OK;
}

/* A run whose checkpoint was taken away says no more what it was of. */
static pt_status_t compare_data(const char *folder, const pt_config_t *config,
                                const char *digest)
{
    char theirs[33];
    pt_summary_data(folder, theirs);
    if (theirs[0] != '\0' && strcmp(theirs, digest) != 0)
        PT_FAIL(MISMATCH,
                "%s has a checkpoint of another data set than %s (give another folder)",
                folder, config->data.file);
    return PT_OK;
}

static pt_status_t check_data(runner_t *runner, const char *folder,
                              const pt_config_t *config)
{
    const char *digest = "";
    pt_status_t status = PT_OK;
    PT_TRY(find_data(runner, config, &digest));
    if (pt_comm_rank(pt_comm_world()) == 0)
        status = compare_data(folder, config, digest);
    return pt_comm_agree(pt_comm_world(), status);
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

/* Why, and what it takes to have it run again. */
static void count_failure(runner_t *runner, const char *folder)
{
    char why[SWEEP_WHY];
    runner->n_failed++;
    if (pt_comm_rank(pt_comm_world()) == 0 && sweep_failure(folder, why))
        pt_console_error("%s failed: %s; the sweep goes on without it%s", folder, why,
                         sweep_failure_stands(folder)
                             ? ", next time too unless its folder is removed"
                             : "");
}

static pt_status_t give_up(runner_t *runner, const char *folder, const char *why)
{
    char line[SWEEP_WHY];
    pt_status_t status = PT_OK;
    snprintf(line, sizeof line, "%s", why); /* which may be the message that goes now */
    pt_watch_forgive();
    if (pt_comm_rank(pt_comm_world()) == 0)
        status = sweep_failure_write(folder, line);
    PT_AGREE(pt_comm_world(), status);
    count_failure(runner, folder);
    return PT_OK;
}

/* Why it cannot be for want of another run; "" where it can. */
static pt_status_t begin_run(const char *folder, const pt_config_t *config,
                             char why[SWEEP_WHY])
{
    pt_comm_t *world = pt_comm_world();
    pt_status_t status = PT_OK;
    if (pt_comm_rank(world) == 0) {
        const char *need = sweep_failed_need(config);
        snprintf(why, SWEEP_WHY, "%s%s", need == NULL ? "" : need,
                 need == NULL ? "" : ", which it depends on, has failed");
        status = sweep_failure_write(folder, NULL);
    }
    PT_AGREE(world, status);
    return pt_comm_bcast(world, why, SWEEP_WHY, 0);
}

static pt_status_t go(runner_t *runner, const char *folder, const pt_config_t *config,
                      int *code)
{
    char why[SWEEP_WHY];
    bool is_own;
    PT_TRY(begin_run(folder, config, why));
    if (why[0] != '\0')
        return give_up(runner, folder, why);
    if (pt_comm_rank(pt_comm_world()) == 0)
        pt_console_line("\nrun %d of %d: %s", (int)runner->n, (int)runner->n_run, folder);
    pt_status_t status = pt_run_go(config, folder, runner->sweep->folder, code, &is_own);
    if (status == PT_OK || !is_own)
        return status;
    *code = PT_EXIT_DONE;
    return give_up(runner, folder, pt_failure_message());
}

static pt_status_t run_one(runner_t *runner, int32_t row, int32_t seed, int32_t index,
                           int *code)
{
    const sweep_t *sweep = runner->sweep;
    char folder[PT_CONFIG_TEXT];
    pt_config_t config;
    run_state_t state;
    bool is_over;
    sweep_path(sweep, row, seed, index, folder);
    pt_watch_about(folder);
    PT_TRY(sweep_config(sweep, row, seed, index, &config));
    PT_TRY(look_together(folder, &config, &state));
    if (state == RUN_FAILED)
        count_failure(runner, folder);
    if (state != RUN_OPEN)
        return check_data(runner, folder, &config);
    PT_TRY(set_limit(sweep, runner->begin, &config, &is_over));
    if (is_over) {
        *code = PT_EXIT_STOPPED;
        return PT_OK;
    }
    return go(runner, folder, &config, code);
}

static pt_status_t run_rows(runner_t *runner, int *code)
{
    const sweep_t *sweep = runner->sweep;
    for (int32_t seed = 0; seed < sweep->config->sweep.seeds.n; seed++)
        for (int32_t row = 0; row < sweep->n_row; row++)
            for (int32_t i = 0; i < sweep_n_run(sweep, row, seed); i++) {
                runner->n++;
                PT_TRY(run_one(runner, row, seed, i, code));
                if (*code != PT_EXIT_DONE)
                    return PT_OK;
            }
    pt_watch_about(NULL);
    return PT_OK;
}

static int32_t count_runs(const sweep_t *sweep)
{
    int32_t n = 0;
    for (int32_t seed = 0; seed < sweep->config->sweep.seeds.n; seed++)
        for (int32_t row = 0; row < sweep->n_row; row++)
            n += sweep_n_run(sweep, row, seed);
    return n;
}

/* For those who look at the folder meanwhile. */
static pt_status_t write_list(const sweep_t *sweep)
{
    char path[PT_CONFIG_TEXT], *text = NULL;
    size_t bytes = 0;
    FILE *file = open_memstream(&text, &bytes);
    if (file == NULL)
        PT_FAIL(MEMORY, "no memory for " SWEEP_LIST);
    for (int32_t seed = 0; seed < sweep->config->sweep.seeds.n; seed++)
        for (int32_t row = 0; row < sweep->n_row; row++)
            for (int32_t i = 0; i < sweep_n_run(sweep, row, seed); i++) {
                sweep_path(sweep, row, seed, i, path);
                fprintf(file, "%s\n", path + strlen(sweep->folder) + 1);
            }
    snprintf(path, sizeof path, "%s/" SWEEP_LIST, sweep->folder);
    pt_status_t status = fclose(file) == 0 ? pt_file_write(path, text, bytes)
                                           : PT_ERROR(MEMORY, "no memory for %s", path);
    free(text);
    return status;
}

static pt_status_t begin_folder(const sweep_t *sweep)
{
    pt_watcher_forget_stop(sweep->folder);
    PT_TRY(pt_folder_make(sweep->folder));
    return write_list(sweep);
}

static pt_status_t run_all(const sweep_t *sweep, int *code, bool *has_failed)
{
    runner_t runner = {.sweep = sweep, .begin = pt_clock(), .n_run = count_runs(sweep)};
    pt_status_t status = run_rows(&runner, code);
    pt_free(runner.known);
    *has_failed = runner.n_failed > 0;
    return status;
}

/* How many branchings there are depends on how many tasks the data set has. */
static pt_status_t list_branchings(sweep_t *sweep)
{
    for (int32_t r = 0; r < sweep->n_row; r++) {
        pt_config_t config;
        char digest[33];
        int32_t n_task;
        if (sweep->row[r].method != PT_METHOD_EXHAUSTIVE)
            continue;
        PT_TRY(sweep_config(sweep, r, 0, 0, &config));
        PT_TRY(open_data(&config, &n_task, digest));
        PT_TRY(sweep_list_branchings(sweep, r, n_task));
    }
    return PT_OK;
}

/* What is tabled without running anything must be of this sweep all the same. */
static pt_status_t check_runs(const sweep_t *sweep)
{
    char folder[PT_CONFIG_TEXT];
    pt_config_t config;
    run_state_t state;
    bool is_any = false;
    if (!pt_path_exists(sweep->folder))
        PT_FAIL(IO, "%s: no such folder", sweep->folder);
    for (int32_t seed = 0; seed < sweep->config->sweep.seeds.n; seed++)
        for (int32_t row = 0; row < sweep->n_row; row++)
            for (int32_t i = 0; i < sweep_n_run(sweep, row, seed); i++) {
                sweep_path(sweep, row, seed, i, folder);
                is_any |= pt_path_exists(folder);
                PT_TRY(sweep_config(sweep, row, seed, i, &config));
                PT_TRY(look(folder, &config, &state));
            }
    if (!is_any)
        PT_FAIL(IO, "%s holds no run of this sweep", sweep->folder);
    return PT_OK;
}

static pt_status_t report(const sweep_t *sweep, bool is_alone)
{
    pt_comm_t *world = pt_comm_world();
    pt_status_t status = PT_OK;
    if (pt_comm_rank(world) == 0 && is_alone)
        status = check_runs(sweep);
    if (pt_comm_rank(world) == 0 && status == PT_OK)
        status = sweep_report(sweep);
    return pt_comm_agree(world, status);
}

pt_status_t pt_run_sweep(const pt_args_t *args, int *code)
{
    pt_comm_t *world = pt_comm_world();
    pt_config_t config;
    sweep_t *sweep = NULL;
    pt_status_t status;
    bool has_failed = false;
    if (args->flag[SWEEP_OUTPUT] == NULL)
        PT_FAIL(USAGE, "-o FOLDER is missing: the folder of the runs");
    pt_watcher_catch_signals();
    PT_TRY(pt_session_config_limited(args->word[0], args, args->flag[SWEEP_TIME_LIMIT],
                                     &config));
    PT_TRY(pt_alloc(&sweep, 1, sizeof *sweep));
    PT_TRY_OR(done, sweep_init(&config, args->flag[SWEEP_OUTPUT], sweep));
    PT_TRY_OR(done, list_branchings(sweep));
    bool is_report = args->flag[SWEEP_REPORT] != NULL;
    if (pt_comm_rank(world) == 0 && !is_report)
        status = begin_folder(sweep);
    PT_TRY_OR(done, pt_comm_agree(world, status));
    if (!is_report)
        PT_TRY_OR(done, run_all(sweep, code, &has_failed));
    if (*code == PT_EXIT_DONE)
        PT_TRY_OR(done, report(sweep, is_report));
    if (*code == PT_EXIT_DONE && has_failed)
        *code = PT_EXIT_ERROR;
done:
    if (sweep != NULL)
        sweep_release(sweep);
    pt_free(sweep);
    return status;
}
