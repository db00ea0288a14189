/* The runs of a sweep, one after the other, all ranks together. */
#include <stdio.h>
#include <string.h>

#include "polytree/base/clock.h"
#include "polytree/base/memory.h"
#include "polytree/par/comm.h"
#include "polytree/record/run_config.h"
#include "polytree/record/run_file.h"
#include "polytree/record/run_lock.h"
#include "polytree/record/summary.h"
#include "study/sweep.h"
#include "study/sweep_failure.h"

/** A data set that runs of the sweep name. */
typedef struct known_data {
    char file[PT_CONFIG_TEXT], tasks[8 * PT_CONFIG_TEXT];
    pt_dataset_digest_t digest;
} known_data_t;

typedef struct runner {
    const pt_sweep_t *sweep;
    const pt_sweep_hooks_t *hooks;
    double begin;                      /**< pt_clock() */
    int32_t n, n_run;                  /**< of n_run runs the one at work, from 1 */
    int32_t n_failed, n_left, n_begun; /**< of this look at all runs */
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
typedef enum run_state { RUN_OPEN, RUN_DONE, RUN_FAILED, RUN_BUSY } run_state_t;

static bool is_busy(const char *folder)
{
    char holder[256];
    return folder[0] != '\0' && pt_run_holder(folder, holder) == PT_RUN_HELD;
}

/* A run that is over is left alone, if it is the one that is wanted. */
static pt_status_t look(const char *folder, const pt_config_t *config, run_state_t *state)
{
    pt_config_t ours = *config, theirs;
    pt_summary_t summary;
    *state = is_busy(folder) ? RUN_BUSY : RUN_OPEN;
    if (!pt_run_file_exists(folder, PT_FILE_METRICS))
        return PT_OK;
    pt_status_t status = pt_summary_read(folder, &summary);
    bool has_final = status == PT_OK && summary.is_done;
    pt_summary_release(&summary);
    PT_TRY(status);
    if (!has_final && !sweep_failure_stands(folder))
        return PT_OK;
    PT_TRY(pt_run_config_read(folder, &theirs));
    take_resolved(&theirs, &ours);
    if (pt_config_compare(&ours, &theirs) != PT_OK)
        PT_FAIL(MISMATCH, "%s is a %s run of another sweep (give another folder): %s",
                folder, has_final ? "finished" : "failed", pt_error_message());
    *state = has_final ? RUN_DONE : RUN_FAILED;
    return PT_OK;
}

/* Whether it has to wait for a run that another job has, or had when we came by. */
static bool must_wait(const runner_t *runner, const pt_config_t *config)
{
    return is_busy(config->baseline.cost_of) || is_busy(config->baseline.supernet) ||
           (runner->n_left > 0 && sweep_missing_need(config) != NULL);
}

static pt_status_t look_together(const runner_t *runner, const char *folder,
                                 const pt_config_t *config, run_state_t *state)
{
    pt_comm_t *world = pt_comm_world();
    pt_status_t status = PT_OK;
    if (pt_comm_rank(world) == 0)
        status = look(folder, config, state);
    if (pt_comm_rank(world) == 0 && *state == RUN_OPEN && must_wait(runner, config))
        *state = RUN_BUSY;
    PT_AGREE(world, status);
    return pt_comm_bcast(world, state, sizeof *state, 0);
}

/* Each data set is read once, however many runs are of it.  Collective. */
static pt_status_t find_data(runner_t *runner, const pt_config_t *config,
                             const pt_dataset_digest_t **digest)
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
        PT_TRY(runner->hooks->data(runner->hooks->context, config, &n_task, &data->digest));
        runner->n_known++;
    }
    *digest = &runner->known[i].digest;
    return PT_OK;
}

/* A run whose checkpoint was taken away says no more what it was of. */
static pt_status_t compare_data(const char *folder, const pt_config_t *config,
                                const pt_dataset_digest_t *digest)
{
    char theirs[33];
    pt_summary_data(folder, theirs);
    if (theirs[0] != '\0' && !pt_dataset_is_digest(digest, theirs))
        PT_FAIL(MISMATCH,
                "%s has a checkpoint of another data set than %s (give another folder)",
                folder, config->data.file);
    return PT_OK;
}

static pt_status_t check_data(runner_t *runner, const char *folder,
                              const pt_config_t *config)
{
    const pt_dataset_digest_t *digest = NULL;
    pt_status_t status = PT_OK;
    PT_TRY(find_data(runner, config, &digest));
    if (pt_comm_rank(pt_comm_world()) == 0)
        status = compare_data(folder, config, digest);
    return pt_comm_agree(pt_comm_world(), status);
}

/* Seconds left of all that there were; the same on all ranks. */
static pt_status_t set_limit(const pt_sweep_t *sweep, double begin, pt_config_t *config,
                             bool *is_over)
{
    double limit = sweep->config->run.time_limit, left = limit - (pt_clock() - begin);
    PT_TRY(pt_comm_bcast(pt_comm_world(), &left, sizeof left, 0));
    *is_over = limit > 0 && left < 1;
    config->run.time_limit = limit > 0 && !*is_over ? left : 0;
    return PT_OK;
}

static void count_failure(runner_t *runner, const char *folder)
{
    char why[PT_SWEEP_WHY];
    runner->n_failed++;
    if (pt_comm_rank(pt_comm_world()) == 0 && sweep_failure(folder, why))
        runner->hooks->failed(runner->hooks->context, folder, why,
                              sweep_failure_stands(folder));
}

static pt_status_t give_up(runner_t *runner, const char *folder, const char *why)
{
    pt_status_t status = PT_OK;
    if (pt_comm_rank(pt_comm_world()) == 0)
        status = sweep_failure_write(folder, why);
    PT_AGREE(pt_comm_world(), status);
    count_failure(runner, folder);
    return PT_OK;
}

/* Why it cannot be for want of another run; "" where it can. */
static pt_status_t begin_run(const char *folder, const pt_config_t *config,
                             char why[PT_SWEEP_WHY])
{
    pt_comm_t *world = pt_comm_world();
    pt_status_t status = PT_OK;
    if (pt_comm_rank(world) == 0) {
        const char *need = sweep_missing_need(config);
        bool has_failed = need != NULL && sweep_failure(need, why);
        snprintf(why, PT_SWEEP_WHY, "%s%s", has_failed ? need : "",
                 has_failed ? ", which it depends on, has failed" : "");
        status = sweep_failure_write(folder, NULL);
    }
    PT_AGREE(world, status);
    return pt_comm_bcast(world, why, PT_SWEEP_WHY, 0);
}

static pt_status_t go(runner_t *runner, const char *folder, const pt_config_t *config,
                      pt_sweep_end_t *end)
{
    const pt_sweep_hooks_t *hooks = runner->hooks;
    char why[PT_SWEEP_WHY];
    PT_TRY(begin_run(folder, config, why));
    if (why[0] != '\0')
        return give_up(runner, folder, why);
    if (pt_comm_rank(pt_comm_world()) == 0)
        hooks->begun(hooks->context, runner->n, runner->n_run, folder);
    PT_TRY(hooks->run(hooks->context, config, folder, end, why));
    runner->n_left += *end == PT_SWEEP_BUSY;
    runner->n_begun += *end != PT_SWEEP_BUSY;
    return *end == PT_SWEEP_FAILED ? give_up(runner, folder, why) : PT_OK;
}

static pt_status_t run_one(runner_t *runner, int32_t row, int32_t seed, int32_t index,
                           pt_sweep_end_t *end)
{
    const pt_sweep_t *sweep = runner->sweep;
    char folder[PT_CONFIG_TEXT];
    pt_config_t config;
    run_state_t state;
    bool is_over;
    sweep_path(sweep, row, seed, index, folder);
    runner->hooks->about(runner->hooks->context, folder);
    PT_AGREE(pt_comm_world(), sweep_config(sweep, row, seed, index, &config));
    PT_TRY(look_together(runner, folder, &config, &state));
    if (state == RUN_FAILED)
        count_failure(runner, folder);
    runner->n_left += state == RUN_BUSY;
    if (state == RUN_BUSY)
        return PT_OK;
    if (state != RUN_OPEN)
        return check_data(runner, folder, &config);
    PT_TRY(set_limit(sweep, runner->begin, &config, &is_over));
    if (is_over) {
        *end = PT_SWEEP_STOPPED;
        return PT_OK;
    }
    return go(runner, folder, &config, end);
}

static pt_status_t look_at_all(runner_t *runner, pt_sweep_end_t *end)
{
    const pt_sweep_t *sweep = runner->sweep;
    runner->n = runner->n_failed = runner->n_left = runner->n_begun = 0;
    for (int32_t seed = 0; seed < sweep->config->sweep.seeds.n; seed++)
        for (int32_t row = 0; row < sweep->n_row; row++)
            for (int32_t i = 0; i < sweep_n_run(sweep, row, seed); i++) {
                runner->n++;
                *end = PT_SWEEP_DONE;
                PT_TRY(run_one(runner, row, seed, i, end));
                if (*end == PT_SWEEP_STOPPED)
                    return PT_OK;
            }
    *end = runner->n_failed > 0 ? PT_SWEEP_FAILED : PT_SWEEP_DONE;
    return PT_OK;
}

/* While there was something to do, others may have come to an end with theirs. */
static pt_status_t run_rows(runner_t *runner, pt_sweep_end_t *end)
{
    do
        PT_TRY(look_at_all(runner, end));
    while (*end != PT_SWEEP_STOPPED && runner->n_left > 0 && runner->n_begun > 0);
    if (*end == PT_SWEEP_STOPPED)
        return PT_OK;
    if (runner->n_left > 0 && pt_comm_rank(pt_comm_world()) == 0)
        runner->hooks->left(runner->hooks->context, runner->n_left);
    runner->hooks->about(runner->hooks->context, NULL);
    return PT_OK;
}

static int32_t count_runs(const pt_sweep_t *sweep)
{
    int32_t n = 0;
    for (int32_t seed = 0; seed < sweep->config->sweep.seeds.n; seed++)
        for (int32_t row = 0; row < sweep->n_row; row++)
            n += sweep_n_run(sweep, row, seed);
    return n;
}

/* For those who look at the folder meanwhile. */
static pt_status_t write_list(const pt_sweep_t *sweep)
{
    char path[PT_PATH_MAX];
    pt_text_t list = {0};
    PT_TRY(pt_folder_make(sweep->folder));
    for (int32_t seed = 0; seed < sweep->config->sweep.seeds.n; seed++)
        for (int32_t row = 0; row < sweep->n_row; row++)
            for (int32_t i = 0; i < sweep_n_run(sweep, row, seed); i++) {
                char run[PT_CONFIG_TEXT];
                sweep_path(sweep, row, seed, i, run);
                pt_text_add(&list, "%s\n", run + strlen(sweep->folder) + 1);
            }
    pt_status_t status = pt_run_file_path(sweep->folder, PT_FILE_SWEEP_LIST, path);
    if (status == PT_OK)
        status = pt_file_write_text(path, &list);
    else
        pt_text_release(&list);
    return status;
}

pt_status_t pt_sweep_run(pt_sweep_t *sweep, pt_sweep_end_t *end)
{
    pt_status_t status = PT_OK;
    runner_t runner = {.sweep = sweep,
                       .hooks = &sweep->hooks,
                       .begin = pt_clock(),
                       .n_run = count_runs(sweep)};
    if (pt_comm_rank(pt_comm_world()) == 0)
        status = write_list(sweep);
    PT_AGREE(pt_comm_world(), status);
    status = run_rows(&runner, end);
    pt_free(runner.known);
    return status;
}

bool pt_sweep_is_at_work(const pt_sweep_t *sweep)
{
    char folder[PT_CONFIG_TEXT];
    for (int32_t seed = 0; seed < sweep->config->sweep.seeds.n; seed++)
        for (int32_t row = 0; row < sweep->n_row; row++)
            for (int32_t i = 0; i < sweep_n_run(sweep, row, seed); i++) {
                sweep_path(sweep, row, seed, i, folder);
                if (is_busy(folder))
                    return true;
            }
    return false;
}

/* What is tabled without running anything must be of this sweep all the same. */
pt_status_t pt_sweep_look(const pt_sweep_t *sweep)
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
