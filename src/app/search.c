/* polytree search and polytree eval. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "app/command.h"
#include "app/progress.h"
#include "app/run.h"
#include "polytree/base/memory.h"

enum { PATH_BYTES = 4200 };

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

pt_status_t pt_run_search(const pt_args_t *args, int *code)
{
    const char *folder = args->flag[SEARCH_OUTPUT];
    pt_config_t config;
    if (folder == NULL)
        PT_FAIL(USAGE, "-o RUN is missing: the folder of the run");
    pt_watcher_catch_signals();
    PT_TRY(pt_session_config_limited(args->word[0], args, args->flag[SEARCH_TIME_LIMIT],
                                     &config));
    return pt_run_go(&config, folder, folder, code);
}

static pt_status_t eval_on_active(pt_held_run_t *run, pt_part_t part)
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
        pt_print_scores(s->trainer, pt_search_subnet(run->search), score,
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
    pt_held_run_t run = {.folder = args->word[0], .lock = -1};
    char path[PATH_BYTES];
    pt_part_t part;
    pt_status_t status;
    (void)code;
    PT_TRY(eval_part(args, &part));
    PT_TRY(pt_session_config_of_run(run.folder, args, &run.session.config));
    PT_TRY_OR(done, pt_held_run_lock(&run, false));
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
    pt_held_run_release(&run, status);
    return status;
}
