/* polytree search and polytree eval. */
#include <stdio.h>
#include <string.h>

#include "app/command.h"
#include "app/console.h"
#include "app/follower.h"
#include "app/held_run.h"
#include "app/score_data.h"
#include "polytree/base/memory.h"
#include "polytree/picture/pictures.h"

enum { SEARCH_OUTPUT, SEARCH_SET, SEARCH_TIME_LIMIT };
const pt_flag_t pt_flags_search[] = {
    {"output", 'o', "RUN", "folder of the run"},
    {"set", 0, "key=value", "options over those of the config; may be given often"},
    {"time-limit", 0, "H:M:S", "stop with a checkpoint before this time is up"},
    {0}};

enum { CHOOSE_OUTPUT, CHOOSE_BUDGET, CHOOSE_SET };
const pt_flag_t pt_flags_choose[] = {
    {"output", 'o', "RUN2", "folder of the new run"},
    {"budget", 0, "B", "the network costs at most this: an amount, or a share as in 60%"},
    {"set", 0, "key=value", "options over those of the run; may be given often"},
    {0}};

enum { EVAL_DATA, EVAL_SPLIT, EVAL_PICTURES, EVAL_SET };
const pt_flag_t pt_flags_eval[] = {
    {"data", 0, "OTHER.h5", "score a finished network on another data set of its tasks"},
    {"split", 0, "test|val", "what to evaluate on (test; val before the end)"},
    {"pictures", 0, "N", "draw the first N samples into RUN/pictures"},
    {"set", 0, "key=value", "options over those of the run"},
    {0}};

pt_status_t pt_cmd_search(const pt_args_t *args, int *code)
{
    const char *folder = args->flag[SEARCH_OUTPUT];
    pt_config_t config;
    bool is_own;
    if (folder == NULL)
        PT_FAIL(USAGE, "-o RUN is missing: the folder of the run");
    pt_follower_catch_signals();
    PT_TRY(pt_session_config_limited(args->word[0], args, args->flag[SEARCH_TIME_LIMIT],
                                     &config));
    return pt_held_run_go(&config, folder, NULL, code, &is_own);
}

pt_status_t pt_cmd_choose(const pt_args_t *args, int *code)
{
    const char *folder = args->flag[CHOOSE_OUTPUT], *budget = args->flag[CHOOSE_BUDGET];
    pt_config_t config;
    bool is_own;
    if (folder == NULL)
        PT_FAIL(USAGE, "-o RUN2 is missing: the folder of the new run");
    if (budget == NULL)
        PT_FAIL(USAGE, "--budget B is missing: what the network may cost");
    pt_follower_catch_signals();
    PT_TRY(pt_session_config_of_run(args->word[0], args, &config));
    if (!pt_config_is_judged(&config))
        PT_FAIL(CONFIG, "%s has judged no candidates: choose.judge = alpha", args->word[0]);
    if (pt_config_set_key(&config, "resource.budget", budget) != PT_OK)
        PT_FAIL(USAGE, "--budget %s: %s", budget, pt_error_message());
    PT_TRY(pt_config_set_key(&config, "choose.supernet", args->word[0]));
    return pt_held_run_go(&config, folder, NULL, code, &is_own);
}

/* PT_N_PART where none is asked for. */
static pt_status_t read_split(const char *text, pt_part_t *part)
{
    static const pt_part_t known[] = {PT_PART_TEST, PT_PART_VAL};
    *part = PT_N_PART;
    if (text == NULL)
        return PT_OK;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(text, pt_part_name(known[i])) == 0)
            *part = known[i];
    if (*part == PT_N_PART)
        PT_FAIL(USAGE, "--split %s: expected test or val", text);
    return PT_OK;
}

/* The part asked for; else the last part of a run that is finished, and val of one that is
 * not: test is not for looking at on the way. */
static pt_status_t pick_part(const pt_held_run_t *run, pt_part_t asked, pt_part_t *part)
{
    const pt_session_t *s = &run->session;
    bool is_done = pt_search_phase(run->search) == PT_N_PHASE;
    *part = asked != PT_N_PART ? asked
            : is_done          ? pt_search_last_part(run->search)
                               : PT_PART_VAL;
    if (pt_feed_n_sample(pt_trainer_feed(s->trainer), *part) > 0)
        return PT_OK;
    PT_FAIL(CONFIG, "%s has no %s samples%s", s->config.data.file, pt_part_name(*part),
            asked == PT_N_PART
                ? ", and the run is not finished (--split test evaluates it on "
                  "test all the same)"
                : "");
}

static pt_status_t eval_on_active(pt_held_run_t *run, pt_part_t asked, int64_t n_picture)
{
    pt_session_t *s = &run->session;
    pt_task_score_t *score = NULL;
    pt_part_t part;
    pt_status_t status;
    PT_TRY(pt_search_view(&s->config, run->folder, s->trainer, &run->search));
    PT_TRY(pick_part(run, asked, &part));
    bool is_root = pt_comm_rank(s->layout.world) == 0;
    if (is_root && pt_search_phase(run->search) < PT_N_PHASE)
        pt_console_line("not finished: %s, step %lld",
                        pt_phase_name(pt_search_phase(run->search)),
                        (long long)pt_search_step(run->search));
    status = pt_alloc(&score, (size_t)pt_dataset_n_task(s->dataset), sizeof *score);
    PT_TRY_OR(done, pt_comm_agree(s->layout.world, status));
    PT_TRY_OR(done, pt_pictures_evaluate(s->trainer, pt_search_subnet(run->search), part,
                                         n_picture, run->folder, score));
    if (is_root)
        pt_print_scores_of(run, score, part);
    if (is_root && pt_methods[s->config.search.method].is_extended)
        pt_console_line(
            "note        of the tasks added; scores of the others: polytree eval "
            "%s --data FILE.h5",
            run->folder);
    if (is_root && n_picture > 0)
        pt_print_pictures(run->folder);
done:
    pt_free(score);
    return status;
}

pt_status_t pt_cmd_eval(const pt_args_t *args, int *code)
{
    pt_held_run_t run = {.folder = args->word[0], .lock = -1};
    pt_part_t asked;
    int64_t n_picture;
    pt_status_t status;
    (void)code;
    PT_TRY(read_split(args->flag[EVAL_SPLIT], &asked));
    PT_TRY(pt_args_int("pictures", args->flag[EVAL_PICTURES], 1, 1000, 0, &n_picture));
    if (args->flag[EVAL_DATA] != NULL && n_picture > 0)
        PT_FAIL(USAGE, "--pictures does not go with --data");
    if (args->flag[EVAL_DATA] != NULL)
        return pt_score_data(run.folder, args, args->flag[EVAL_DATA],
                             asked == PT_N_PART      ? PT_N_SPLIT
                             : asked == PT_PART_TEST ? PT_SPLIT_TEST
                                                     : PT_SPLIT_VAL);
    PT_TRY(pt_session_config_of_run(run.folder, args, &run.session.config));
    PT_TRY_OR(done, pt_session_open(&run.session));
    if (run.session.layout.is_active)
        PT_TRY_OR(done, eval_on_active(&run, asked, n_picture));
done:
    pt_held_run_release(&run, status);
    return status;
}
