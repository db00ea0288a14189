/* polytree search and polytree eval. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/command.h"
#include "app/console.h"
#include "app/picture.h"
#include "app/progress.h"
#include "app/session.h"
#include "app/watch.h"
#include "polytree/base/memory.h"
#include "polytree/io/checkpoint.h"
#include "polytree/io/file.h"
#include "polytree/train/loss.h"

enum { PATH_BYTES = 4200, SETTING_BYTES = 128 };

enum { SEARCH_OUTPUT, SEARCH_SET, SEARCH_TIME_LIMIT };
const pt_flag_t pt_flags_search[] = {
    {"output", 'o', "RUN", "folder of the run"},
    {"set", 0, "key=value", "options over those of the config; may be given often"},
    {"time-limit", 0, "H:M:S", "stop with a checkpoint before this time is up"},
    {0}};

enum { EVAL_SPLIT, EVAL_SET };
const pt_flag_t pt_flags_eval[] = {{"split", 0, "test|val", "what to evaluate on (test)"},
                                   {"set", 0, "key=value", "options over those of the run"},
                                   {0}};

/* A run that this process holds; the folder is locked on rank 0 only. */
typedef struct held_run {
    const char *folder;
    int lock; /* -1: not held here */
    pt_session_t session;
    pt_search_t *search;
} held_run_t;

static pt_status_t hold(held_run_t *run, bool makes_folder)
{
    pt_status_t status = PT_OK;
    if (pt_comm_rank(pt_comm_world()) == 0) {
        if (makes_folder)
            status = pt_folder_make(run->folder);
        if (status == PT_OK)
            status = pt_run_lock(run->folder, &run->lock);
    }
    return pt_comm_agree(pt_comm_world(), status);
}

static void let_go(held_run_t *run, pt_status_t status)
{
    pt_watch_failure(status);
    pt_search_free(run->search);
    pt_session_close(&run->session);
    if (run->lock >= 0)
        pt_run_unlock(run->folder, run->lock);
}

static pt_status_t write_config(const held_run_t *run)
{
    char path[PATH_BYTES], *text = NULL;
    size_t bytes = 0;
    FILE *file = open_memstream(&text, &bytes);
    pt_status_t status;
    if (file == NULL)
        PT_FAIL(MEMORY, "no memory for config.ini");
    status = pt_config_dump(&run->session.config, file);
    if (fclose(file) != 0 && status == PT_OK)
        status = PT_ERROR(MEMORY, "no memory for config.ini");
    snprintf(path, sizeof path, "%s/config.ini", run->folder);
    if (status == PT_OK)
        status = pt_file_write(path, text, bytes);
    free(text);
    return status;
}

static void print_scores(const pt_trainer_t *trainer, const pt_subnet_t *subnet,
                         const pt_task_score_t *score, const char *where)
{
    pt_dataset_t *dataset = pt_trainer_dataset(trainer);
    double sum = 0;
    int32_t n = 0;
    pt_console_line("%-36s %8s %8s  %-10s %6s", where, "samples", "loss", "metric",
                    "edges");
    for (int32_t k = 0; k < pt_dataset_n_task(dataset); k++) {
        const pt_task_info_t *info = pt_dataset_task(dataset, k);
        pt_cost_t cost = {0};
        if (pt_cost_task(pt_trainer_space(trainer), subnet, k, &cost) != PT_OK)
            pt_error_clear();
        pt_console_line("  %-34s %8lld %8.4f  %-8s %6.4f %2d", info->name,
                        (long long)score[k].n, score[k].loss, pt_metric_name(info),
                        score[k].metric, (int)cost.edges);
        if (!isnan(score[k].metric)) {
            sum += score[k].metric;
            n++;
        }
    }
    if (n > 0)
        pt_console_line("  %-34s %8s %8s  %-8s %6.4f", "mean", "", "", "", sum / n);
}

static pt_status_t draw(const held_run_t *run)
{
    char path[PATH_BYTES];
    bool is_drawn;
    snprintf(path, sizeof path, "%s/architecture.svg", run->folder);
    PT_TRY(pt_picture_write(pt_trainer_space(run->session.trainer),
                            pt_search_subnet(run->search), -1, path, &is_drawn));
    pt_console_line(is_drawn ? "picture     %s"
                             : "no picture: Graphviz's program dot is not installed "
                               "(later: polytree show RUN --svg %s)",
                    path);
    return PT_OK;
}

static pt_status_t report(const held_run_t *run, const pt_run_result_t *result)
{
    bool has_test = pt_dataset_n_input(run->session.dataset, PT_SPLIT_TEST) > 0;
    pt_status_t status = PT_OK;
    print_scores(run->session.trainer, pt_search_subnet(run->search), result->score,
                 has_test ? "test" : "val (there is no test)");
    pt_console_line("network     %lld parameters, %lld multiply-adds a sample for all "
                    "tasks, %d edges",
                    (long long)result->cost.parameters, (long long)result->cost.madds,
                    (int)result->cost.edges);
    pt_console_line("written     %s/architecture.json", run->folder);
    if (run->session.config.report.svg)
        status = draw(run);
    /* The run is done and its files stand: a picture that fails is no failure of it. */
    if (status != PT_OK)
        pt_console_error("warning: no picture: %s", pt_error_message());
    return PT_OK;
}

static void announce(const pt_session_t *s)
{
    const pt_layout_t *l = &s->layout;
    pt_console_line("data        %s, %d tasks, %lld training samples, val: %s",
                    s->config.data.file, (int)pt_dataset_n_task(s->dataset),
                    (long long)pt_feed_n_sample(pt_trainer_feed(s->trainer), PT_PART_TRAIN),
                    pt_feed_val_origin(pt_trainer_feed(s->trainer)));
    pt_console_line(
        "ranks       %d = %d task x %d data, %d thread%s each, kernels %s on %s",
        (int)pt_comm_size(l->world), (int)l->extent[PT_AXIS_TASK],
        (int)l->extent[PT_AXIS_DATA], (int)s->config.run.threads,
        s->config.run.threads > 1 ? "s" : "", pt_backend_name(s->kernel.backend),
        pt_isa_name(s->kernel.isa));
}

static pt_status_t search_on_active(held_run_t *run, pt_watcher_t *watcher,
                                    const pt_run_hooks_t *hooks, int *code)
{
    pt_session_t *s = &run->session;
    pt_comm_t *world = s->layout.world;
    bool is_root = pt_comm_rank(world) == 0;
    pt_run_result_t result;
    pt_status_t status = PT_OK;
    if (is_root)
        announce(s);
    PT_TRY(pt_search_new(&s->config, run->folder, s->trainer, hooks, &run->search));
    if (is_root)
        status = write_config(run);
    PT_AGREE(world, status);
    PT_TRY(pt_search_run(run->search, &result));
    *code = result.end == PT_RUN_STOPPED ? PT_EXIT_STOPPED : PT_EXIT_DONE;
    if (!is_root)
        return PT_OK;
    if (unlink(watcher->stop_path) != 0 && errno != ENOENT)
        pt_console_error("warning: %s: %s", watcher->stop_path, strerror(errno));
    if (result.end == PT_RUN_DONE)
        return report(run, &result);
    pt_console_line("stopped by %s with a good checkpoint in %s: run the same command "
                    "again to go on",
                    watcher->reason, run->folder);
    return PT_OK;
}

pt_status_t pt_run_search(const pt_args_t *args, int *code)
{
    held_run_t run = {.folder = args->flag[SEARCH_OUTPUT], .lock = -1};
    const char *limit = args->flag[SEARCH_TIME_LIMIT];
    char setting[SETTING_BYTES];
    pt_args_t all = *args;
    pt_watcher_t watcher;
    pt_run_hooks_t hooks;
    pt_status_t status;
    if (run.folder == NULL)
        PT_FAIL(USAGE, "-o RUN is missing: the folder of the run");
    if (limit != NULL) {
        snprintf(setting, sizeof setting, "run.time_limit=%s", limit);
        all.set[all.n_set++] = setting;
    }
    pt_watcher_catch_signals();
    pt_watcher_init(&watcher, &run.session.config, run.folder, &hooks);
    PT_TRY(pt_session_config(args->word[0], &all, &run.session.config));
    PT_TRY_OR(done, hold(&run, true));
    PT_TRY_OR(done, pt_session_open(&run.session));
    if (run.session.layout.is_active)
        PT_TRY_OR(done, search_on_active(&run, &watcher, &hooks, code));
done:
    let_go(&run, status);
    return status;
}

static pt_status_t eval_on_active(held_run_t *run, pt_part_t part)
{
    pt_session_t *s = &run->session;
    const pt_run_hooks_t hooks = {0};
    pt_task_score_t *score = NULL;
    pt_status_t status;
    PT_TRY(pt_search_new(&s->config, run->folder, s->trainer, &hooks, &run->search));
    PT_TRY(pt_alloc(&score, (size_t)pt_dataset_n_task(s->dataset), sizeof *score));
    PT_TRY_OR(done,
              pt_trainer_evaluate(s->trainer, pt_search_subnet(run->search), part, score));
    if (pt_comm_rank(s->layout.world) == 0)
        print_scores(s->trainer, pt_search_subnet(run->search), score,
                     part == PT_PART_TEST ? "test" : "val");
done:
    pt_free(score);
    return status;
}

static pt_status_t eval_part(const pt_args_t *args, pt_part_t *part)
{
    const char *split = args->flag[EVAL_SPLIT];
    *part = split != NULL && strcmp(split, "val") == 0 ? PT_PART_VAL : PT_PART_TEST;
    if (split != NULL && *part == PT_PART_TEST && strcmp(split, "test") != 0)
        PT_FAIL(USAGE, "--split %s: expected test or val", split);
    return PT_OK;
}

pt_status_t pt_run_eval(const pt_args_t *args, int *code)
{
    held_run_t run = {.folder = args->word[0], .lock = -1};
    char path[PATH_BYTES];
    pt_part_t part;
    pt_status_t status;
    (void)code;
    PT_TRY(eval_part(args, &part));
    PT_TRY(pt_session_config_of_run(run.folder, args, &run.session.config));
    PT_TRY_OR(done, hold(&run, false));
    snprintf(path, sizeof path, "%s/checkpoint.h5", run.folder);
    status = pt_comm_rank(pt_comm_world()) > 0 || access(path, R_OK) == 0
                 ? PT_OK
                 : PT_ERROR(IO, "%s: no checkpoint to evaluate yet", path);
    PT_TRY_OR(done, pt_comm_agree(pt_comm_world(), status));
    PT_TRY_OR(done, pt_session_open(&run.session));
    if (run.session.layout.is_active &&
        pt_feed_n_sample(pt_trainer_feed(run.session.trainer), part) == 0)
        PT_TRY_OR(done,
                  PT_ERROR(CONFIG, "%s has no %s samples", run.session.config.data.file,
                           part == PT_PART_TEST ? "test" : "val"));
    if (run.session.layout.is_active)
        PT_TRY_OR(done, eval_on_active(&run, part));
done:
    let_go(&run, status);
    return status;
}
