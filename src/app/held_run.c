/* A run from its config to its report: its folder and lock, the search, what is said. */
#include "app/held_run.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/command.h"
#include "app/console.h"
#include "app/examples.h"
#include "polytree/picture/curves.h"
#include "polytree/picture/diagram.h"
#include "app/follower.h"
#include "app/print_scores.h"
#include "app/score_data.h"
#include "app/watch.h"
#include "polytree/base/memory.h"
#include "polytree/base/text.h"
#include "polytree/record/architecture.h"
#include "polytree/record/run_checkpoint.h"
#include "polytree/record/run_config.h"
#include "polytree/record/run_file.h"
#include "polytree/record/run_lock.h"
#include "polytree/record/summary.h"
#include "polytree/record/tensorboard.h"
#include "polytree/io/file.h"
#include "polytree/search/baseline.h"
#include "polytree/study/page.h"
#include "polytree/study/report.h"

/* Length of the part of a path that exists. */
static size_t existing_part(const char *path)
{
    char part[PT_PATH_MAX];
    size_t n = strlen(path);
    if (n >= sizeof part)
        return n;
    memcpy(part, path, n + 1);
    while (n > 0 && !pt_path_exists(part)) {
        while (n > 1 && part[n - 1] == '/')
            n--;
        while (n > 0 && part[n - 1] != '/')
            n--;
        part[n] = '\0';
    }
    return n;
}

/* What was made for a run that then was refused; rmdir() leaves folders that hold anything.
 */
static void remove_empty(const pt_held_run_t *run)
{
    char part[PT_PATH_MAX];
    size_t n = strlen(run->folder);
    if (n >= sizeof part)
        return;
    memcpy(part, run->folder, n + 1);
    while (n > run->made_from && rmdir(part) == 0) {
        while (n > run->made_from && part[n - 1] == '/')
            n--;
        while (n > run->made_from && part[n - 1] != '/')
            n--;
        part[n] = '\0';
    }
}

/* Make the folder of a run and lock it against other jobs.  Collective. */
static pt_status_t lock(pt_held_run_t *run)
{
    pt_status_t status = PT_OK;
    if (pt_comm_rank(pt_comm_world()) == 0) {
        run->made_from = existing_part(run->folder);
        run->has_made = run->made_from < strlen(run->folder);
        status = pt_folder_make(run->folder);
        if (status == PT_OK)
            status = pt_run_lock(run->folder, &run->lock);
        if (status == PT_OK)
            pt_run_clear_stale(run->folder);
    }
    return pt_comm_agree(pt_comm_world(), status);
}

void pt_held_run_release(pt_held_run_t *run, pt_status_t status)
{
    pt_watch_failure(status);
    pt_search_free(run->search);
    pt_helper_free(run->helper);
    pt_session_close(&run->session);
    if (run->lock >= 0)
        pt_run_unlock(run->folder, run->lock);
    if (status != PT_OK && run->has_made)
        remove_empty(run);
}

/* Before the data set is looked for, which need not be where it was then; rank 0. */
static pt_status_t check_version(const char *folder)
{
    char version[32];
    pt_summary_t summary;
    pt_summary_version(folder, version);
    if (version[0] == '\0' || strcmp(version, PT_VERSION) == 0)
        return PT_OK;
    /* What cannot be read is told by who loads it. */
    bool may_be_read = pt_summary_read(folder, &summary) != PT_OK || summary.is_done;
    pt_summary_release(&summary);
    pt_error_clear();
    return may_be_read ? PT_OK : pt_run_check_version(folder, version);
}

/* The command may be one that names no baselines after one that did; rank 0. */
static void keep_baselines(pt_held_run_t *run)
{
    pt_config_t *earlier, *ours = &run->session.config;
    if (!pt_run_file_exists(run->folder, PT_FILE_CONFIG) ||
        pt_alloc(&earlier, 1, sizeof *earlier) != PT_OK)
        return;
    if (pt_run_config_read(run->folder, earlier) == PT_OK) {
        const struct {
            char *to;
            const char *from;
        } run_of[] = {{ours->report.single, earlier->report.single},
                      {ours->report.shared, earlier->report.shared},
                      {ours->report.random, earlier->report.random}};
        for (size_t i = 0; i < sizeof run_of / sizeof run_of[0]; i++)
            if (run_of[i].to[0] == '\0')
                snprintf(run_of[i].to, PT_CONFIG_TEXT, "%s", run_of[i].from);
    }
    pt_error_clear();
    pt_free(earlier);
}

/* With the reason where it is not the usual part. */
static const char *name_part(const pt_trainer_t *trainer, pt_part_t part)
{
    if (pt_feed_n_sample(pt_trainer_feed(trainer), PT_PART_TEST) > 0)
        return pt_part_name(part);
    return part == PT_PART_VAL ? "val (there is no test)"
                               : "train (the data set holds nothing back)";
}

void pt_print_scores_of(const pt_held_run_t *run, const pt_task_score_t *score,
                        pt_part_t part)
{
    const pt_trainer_t *trainer = run->session.trainer;
    pt_print_scores(pt_trainer_space(trainer), pt_search_subnet(run->search),
                    pt_trainer_objective(trainer, 0), score, name_part(trainer, part));
}

void pt_print_pictures(const char *run)
{
    pt_console_line("pictures    %s/%s: input, then each task's label above its prediction",
                    run, pt_run_file_name(PT_FILE_PICTURES));
}

static pt_status_t draw(const pt_held_run_t *run)
{
    char path[PT_PATH_MAX], found[PT_PATH_MAX];
    pt_architecture_t network;
    bool is_drawn;
    PT_TRY(pt_run_file_path(run->folder, PT_FILE_ARCHITECTURE_PLOT, path));
    PT_TRY(pt_run_file_path(run->folder, PT_FILE_ARCHITECTURE, found));
    PT_TRY(pt_architecture_open(&run->session.config, found, &network));
    pt_status_t status =
        pt_diagram_write(network.space, &network.subnet, -1, path, &is_drawn);
    pt_architecture_release(&network);
    PT_TRY(status);
    pt_console_line(is_drawn ? "picture     %s"
                             : "no picture: Graphviz's program dot is not installed "
                               "(later: polytree show RUN --svg %s)",
                    path);
    PT_TRY(pt_curves_write(run->folder, &is_drawn));
    if (is_drawn)
        pt_console_line("curves      %s/%s", run->folder, pt_run_file_name(PT_FILE_CURVES));
    return PT_OK;
}

static void print_result(const pt_held_run_t *run, const pt_run_result_t *result)
{
    pt_print_scores_of(run, result->score, pt_search_last_part(run->search));
    bool is_extended = pt_methods[run->session.config.search.method].is_extended;
    pt_console_line("network     %lld parameters, %lld multiply-adds a sample for %s",
                    (long long)result->cost.parameters, (long long)result->cost.madds,
                    is_extended ? "the tasks added" : "all tasks");
    if (pt_trainer_space(run->session.trainer)->kind == PT_SPACE_DAG)
        pt_console_line("            %d edge%s over all tasks, %d distinct",
                        (int)result->cost.edges, pt_plural(result->cost.edges),
                        (int)result->cost.distinct_edges);
    else
        pt_console_line("            %lld multiply-adds of them in the encoder",
                        (long long)result->cost.encoder_madds);
    pt_console_line("written     %s/%s", run->folder,
                    pt_run_file_name(PT_FILE_ARCHITECTURE));
    if (run->session.config.report.pictures > 0)
        pt_print_pictures(run->folder);
}

static pt_status_t write_scalars(const pt_held_run_t *run)
{
    PT_TRY(pt_tensorboard_write(run->folder));
    pt_console_line("scalars     %s/%s (tensorboard --logdir %s)", run->folder,
                    pt_run_file_name(PT_FILE_TENSORBOARD), run->folder);
    return PT_OK;
}

/* All of it on one page, for which the run is read as anybody would. */
static pt_status_t write_page(const pt_held_run_t *run, const pt_kept_t *kept)
{
    const pt_session_t *s = &run->session;
    char path[PT_PATH_MAX];
    pt_examples_t examples;
    PT_TRY(pt_run_file_path(run->folder, PT_FILE_PAGE, path));
    pt_examples_collect(&s->config, run->folder, s->dataset, &examples);
    pt_status_t status = pt_page_write_run(&s->config, run->folder, kept, &examples, path);
    pt_examples_release(&examples);
    if (status == PT_OK)
        pt_console_line("page        %s", path);
    return status;
}

/* A program that fails to draw is no failure. */
static pt_status_t write_beside(const pt_held_run_t *run, const pt_run_result_t *result,
                                const pt_rank_cost_t *cost, const pt_kept_t *kept)
{
    const pt_session_t *s = &run->session;
    const pt_step_seconds_t predicted = {s->outlook.weight.seconds,
                                         s->outlook.alpha.seconds};
    const pt_job_t job = {.result = result,
                          .predicted = s->has_outlook ? &predicted : NULL,
                          .n_rank = pt_comm_size(s->layout.world),
                          .rank = cost,
                          .is_of_sweep = run->sweep != NULL,
                          .kept = kept};
    pt_text_t text = {0};
    pt_status_t status = pt_report_write(&s->config, run->folder, &job, &text);
    pt_console_text(&text);
    pt_text_release(&text);
    PT_TRY(status);
    status = s->config.report.svg ? draw(run) : PT_OK;
    if (status == PT_E_LIBRARY) {
        pt_console_error("warning: no picture: %s", pt_error_message());
        pt_error_clear();
        status = PT_OK;
    }
    PT_TRY(status);
    if (s->config.report.tensorboard)
        PT_TRY(write_scalars(run));
    return s->config.report.html ? write_page(run, kept) : PT_OK;
}

/* The run is done and its files stand: who runs it again gets the report. */
static pt_status_t write_report(const pt_held_run_t *run, const pt_run_result_t *result,
                                const pt_rank_cost_t *cost)
{
    const pt_config_t *config = &run->session.config;
    pt_kept_t kept;
    pt_status_t status = pt_kept_read(config, &kept);
    if (status == PT_OK) {
        pt_score_kept(config, run->folder, &kept);
        status = write_beside(run, result, cost, &kept);
    }
    pt_kept_release(&kept);
    return status;
}

/* Every rank says where its time went; rank 0 tells. */
static pt_status_t report(const pt_held_run_t *run, const pt_run_result_t *result,
                          const pt_rank_cost_t *begin)
{
    pt_comm_t *world = run->session.layout.world;
    pt_rank_cost_t *cost = NULL;
    pt_status_t status = pt_alloc(&cost, (size_t)pt_comm_size(world), sizeof *cost);
    PT_TRY_OR(done, pt_comm_agree(world, status));
    PT_TRY_OR(done, pt_rank_cost_gather(run->session.trainer, begin, cost));
    if (pt_comm_rank(world) == 0) {
        print_result(run, result);
        status = write_report(run, result, cost);
    }
    status = pt_comm_agree(world, status);
done:
    pt_free(cost);
    return status;
}

/* Tasks that will have no score, before anything is trained. */
static void announce_gaps(const pt_session_t *s)
{
    static const pt_split_t split[] = {PT_SPLIT_VAL, PT_SPLIT_TEST};
    for (int32_t k = 0; k < pt_dataset_n_task(s->dataset); k++)
        for (int i = 0; i < 2; i++)
            if (pt_dataset_n_input(s->dataset, split[i]) > 0 &&
                pt_dataset_n_labelled(s->dataset, split[i], k) == 0)
                pt_console_line("note        task %s has no labelled samples in %s, so no "
                                "score there",
                                pt_dataset_task(s->dataset, k)->name,
                                pt_split_name(split[i]));
}

/* Where it is OpenBLAS that computes: images go to oneDNN, but for their heads. */
static void announce_core(const pt_session_t *s)
{
    const char *better, *core = pt_kernel_older_core(&s->kernel, &better);
    if (core != NULL && (s->kernel.backend == PT_BACKEND_BLAS ||
                         !pt_dataset_input_info(s->dataset).is_image))
        pt_console_line("note        OpenBLAS takes this processor for %s, an older one, "
                        "which can take twice as long; OPENBLAS_CORETYPE=%s in the "
                        "environment tells it otherwise (with other roundings)",
                        core, better);
}

static void announce(const pt_session_t *s)
{
    const pt_layout_t *l = &s->layout;
    const pt_feed_t *feed = pt_trainer_feed(s->trainer);
    char val[64] = "none";
    if (pt_feed_n_sample(feed, PT_PART_VAL) > 0)
        snprintf(val, sizeof val, "%lld (%s)",
                 (long long)pt_feed_n_sample(feed, PT_PART_VAL), pt_feed_val_origin(feed));
    pt_console_line("data        %s, %d task%s; samples: train %lld, val %s",
                    s->config.data.file, (int)pt_dataset_n_task(s->dataset),
                    pt_plural(pt_dataset_n_task(s->dataset)),
                    (long long)pt_feed_n_sample(feed, PT_PART_TRAIN), val);
    announce_gaps(s);
    char stages[32] = "";
    if (l->extent[PT_AXIS_STAGE] > 1)
        snprintf(stages, sizeof stages, "%d stage x ", (int)l->extent[PT_AXIS_STAGE]);
    pt_console_line(
        "ranks       %d = %s%d task x %d data, %d thread%s each, kernels %s on %s",
        (int)pt_comm_size(l->world), stages, (int)l->extent[PT_AXIS_TASK],
        (int)l->extent[PT_AXIS_DATA], (int)s->config.run.threads,
        pt_plural(s->config.run.threads), pt_backend_name(s->kernel.backend),
        pt_isa_name(s->kernel.isa));
    announce_core(s);
}

/* A baseline that costs more than it is to match: before it is trained. */
static void announce_cost(const pt_held_run_t *run)
{
    const pt_config_t *config = &run->session.config;
    pt_cost_t cost;
    char text[160];
    if (!pt_methods[config->search.method].is_scaled)
        return;
    if (pt_cost_all(pt_trainer_space(run->session.trainer), pt_search_subnet(run->search),
                    &cost) != PT_OK)
        pt_error_clear();
    else if (pt_baseline_is_dearer(config, cost.madds, text))
        pt_console_line("note        %s", text);
}

/* Phase by phase; `is_again` where the ranks are to be arranged anew before the next one.
 */
static pt_status_t search_phases(pt_held_run_t *run, pt_run_result_t *result,
                                 bool *is_again)
{
    do {
        PT_TRY(pt_search_run_phase(run->search, result));
        if (result->end == PT_RUN_PHASE_OVER)
            PT_TRY(pt_session_look_again(&run->session, is_again));
    } while (result->end == PT_RUN_PHASE_OVER && !*is_again);
    if (*is_again)
        pt_search_hand_over(run->search, "the ranks are arranged anew");
    return PT_OK;
}

static pt_status_t search_on_active(pt_held_run_t *run, pt_follower_t *follower,
                                    const pt_run_hooks_t *hooks, int *code, bool *is_again)
{
    pt_session_t *s = &run->session;
    pt_comm_t *world = s->layout.world;
    bool is_root = pt_comm_rank(world) == 0;
    pt_run_result_t result;
    pt_rank_cost_t begin;
    pt_status_t status = PT_OK;
    pt_rank_cost_begin(&begin);
    if (is_root)
        announce(s);
    PT_TRY(pt_search_new(&s->config, run->folder, s->trainer, hooks, &run->search));
    if (is_root) {
        announce_cost(run);
        /* Of one that is done the report itself says it. */
        if (pt_search_phase(run->search) < PT_N_PHASE)
            pt_report_check(&s->config, pt_dataset_digest(s->dataset)->text);
        status = pt_run_config_write(run->folder, &s->config);
        pt_session_keep_costs(s);
    }
    PT_AGREE(world, status);
    PT_TRY(search_phases(run, &result, is_again));
    if (*is_again)
        return PT_OK;
    *code = result.end == PT_RUN_STOPPED ? PT_EXIT_STOPPED : PT_EXIT_DONE;
    /* One that came too late for this run is for the next of a sweep, whose it is. */
    if (is_root && result.end == PT_RUN_STOPPED && run->sweep == NULL)
        pt_follower_forget_stop(run->folder, NULL);
    if (result.end == PT_RUN_DONE)
        return report(run, &result, &begin);
    if (is_root)
        pt_console_line("stopped by %s with a good checkpoint in %s: run the same command "
                        "again to go on%s",
                        follower->reason, run->folder,
                        getenv("OMPI_COMM_WORLD_RANK") == NULL
                            ? ""
                            : "; what mpirun says of it next (code 75, or an interrupt) is "
                              "no error");
    return PT_OK;
}

/* Ranks that steps have no work for may have some where candidates are judged. */
static pt_status_t open_helpers(pt_held_run_t *run, pt_run_hooks_t *hooks)
{
    pt_session_t *s = &run->session;
    pt_layout_t *l = &s->layout;
    pt_status_t status = PT_OK;
    hooks->helpers = pt_helper_is_wanted(&s->config, l) ? l->all : NULL;
    if (hooks->helpers == NULL)
        return PT_OK;
    if (!l->is_active)
        status =
            pt_helper_new(&s->config, l, s->dataset, &s->kernel, &s->machine, &run->helper);
    return pt_comm_agree(pt_comm_world(), status);
}

/* Until the ranks are arranged what a config says wrong may be the layout, which is for all
 * runs. */
static bool is_of_options(pt_status_t status, bool is_arranged)
{
    return status == PT_E_NUMERIC || status == PT_E_RANGE || status == PT_E_SHAPE ||
           (status == PT_E_CONFIG && is_arranged);
}

/* On an arrangement of the ranks, until the run ends or is to be arranged anew. */
static pt_status_t go_on(pt_held_run_t *run, pt_follower_t *follower, pt_run_hooks_t *hooks,
                         int *code, bool *is_arranged, bool *is_again)
{
    const pt_layout_t *layout = &run->session.layout;
    pt_comm_t *world = pt_comm_world();
    pt_status_t status = PT_OK;
    *is_again = false;
    PT_TRY(pt_session_open(&run->session));
    *is_arranged = true;
    PT_TRY(open_helpers(run, hooks));
    if (layout->is_active)
        status = search_on_active(run, follower, hooks, code, is_again);
    else if (hooks->helpers != NULL)
        status = pt_helper_run(run->helper);
    pt_watch_failure(status);
    if (layout->is_active && hooks->helpers != NULL) {
        pt_status_t dismissed = pt_helper_dismiss(layout);
        status = status == PT_OK ? dismissed : status;
    }
    PT_AGREE(world, status);
    PT_TRY(pt_comm_bcast(world, is_again, sizeof *is_again, 0));
    if (!*is_again)
        return PT_OK;
    if (pt_comm_rank(world) == 0)
        pt_console_line("the ranks are arranged anew");
    pt_search_free(run->search);
    pt_helper_free(run->helper);
    run->search = NULL;
    run->helper = NULL;
    pt_session_disband(&run->session);
    return PT_OK;
}

pt_status_t pt_held_run_go(const pt_config_t *config, const char *folder, const char *sweep,
                           int *code, bool *is_own)
{
    bool is_locked = false, is_arranged = false, is_again = false;
    pt_held_run_t run = {.folder = folder, .sweep = sweep, .lock = -1};
    pt_follower_t follower;
    pt_run_hooks_t hooks;
    pt_status_t status;
    run.session.config = *config;
    run.session.run = folder;
    status = pt_follower_init(&follower, &run.session.config,
                              sweep != NULL ? sweep : folder, &hooks);
    PT_TRY_OR(done, pt_comm_agree(pt_comm_world(), status));
    PT_TRY_OR(done, lock(&run));
    is_locked = true;
    if (run.lock >= 0) {
        keep_baselines(&run);
        status = check_version(folder);
    }
    PT_TRY_OR(done, pt_comm_agree(pt_comm_world(), status));
    if (run.lock >= 0 && sweep == NULL)
        pt_follower_forget_stop(folder, "was there before the start: taken away");
    do
        PT_TRY_OR(done, go_on(&run, &follower, &hooks, code, &is_arranged, &is_again));
    while (is_again);
    PT_TRY_OR(done, pt_comm_bcast(pt_comm_world(), code, sizeof *code, 0));
done:
    *is_own = is_locked && is_of_options(status, is_arranged);
    pt_held_run_release(&run, status);
    return status;
}
