/* polytree extend: tasks added to the network of a finished run. */
#include <string.h>

#include "app/command.h"
#include "app/follower.h"
#include "app/held_run.h"
#include "polytree/base/text.h"
#include "polytree/io/file.h"
#include "polytree/io/inputs.h"
#include "polytree/par/comm.h"
#include "polytree/record/architecture.h"
#include "polytree/record/run_config.h"
#include "polytree/record/run_file.h"

enum { EXTEND_OUTPUT, EXTEND_TASKS, EXTEND_SET, EXTEND_TIME_LIMIT };
const pt_flag_t pt_flags_extend[] = {
    {"output", 'o', "RUN2", "folder of the new run"},
    {"tasks", 0, "NAME ...", "tasks of DATA.h5 to add (all that it has)"},
    {"set", 0, "key=value", "options over those of the run; may be given often"},
    {"time-limit", 0, "H:M:S", "stop with a checkpoint before this time is up"},
    {0}};

/* Options that say how RUN came to its network, or what it was held against. */
static const struct {
    const char *key, *value;
} undone[] = {
    {"data.search_size", "0"}, {"warmup.from", ""},          {"warmup.freeze", ""},
    {"choose.supernet", ""},   {"choose.candidates", ""},    {"retrain.from", "search"},
    {"baseline.cost_of", ""},  {"baseline.supernet", ""},    {"resource.table", ""},
    {"report.single", ""},     {"report.shared", ""},        {"report.random", ""},
    {"space.copies", "1"},     {"search.method", "extended"}};

/* Whether the command line sets it. */
static bool is_set(const pt_args_t *args, const char *key)
{
    size_t n = strlen(key);
    for (int i = 0; i < args->n_set; i++)
        if (strncmp(args->set[i], key, n) == 0 && strchr(" =", args->set[i][n]) != NULL)
            return true;
    return false;
}

static pt_status_t set_tasks(pt_config_t *config, const char *const *name, int32_t n)
{
    pt_text_t text = {0};
    for (int32_t i = 0; i < n; i++)
        pt_text_add(&text, "%s%s", i > 0 ? " " : "", name[i]);
    pt_status_t status = text.status;
    if (status == PT_OK)
        status =
            pt_config_set_key(config, "data.tasks", n > 0 ? pt_text_get(&text) : "all");
    pt_text_release(&text);
    return status;
}

/* Whether the network takes the inputs at all, as `predict` sees it, before a space is
 * built for them; rank 0. */
static pt_status_t check_inputs(const char *run, const char *data)
{
    const pt_inputs_options_t options = {.split = PT_N_SPLIT};
    char path[PT_PATH_MAX];
    pt_architecture_t network;
    pt_inputs_t *inputs = NULL;
    pt_config_t config; /* without what is set anew */
    PT_TRY(pt_run_file_path(run, PT_FILE_ARCHITECTURE, path));
    if (!pt_path_exists(path))
        PT_FAIL(CONFIG, "%s has no network yet: it cannot be extended", run);
    PT_TRY(pt_run_config_read(run, &config));
    PT_TRY(pt_architecture_open(&config, path, &network));
    pt_status_t status =
        network.interface.n_task == 0
            ? PT_OK
            : pt_inputs_open(data, &options, &network.interface.input, &inputs);
    pt_inputs_close(inputs);
    pt_architecture_release(&network);
    return status;
}

pt_status_t pt_cmd_extend(const pt_args_t *args, int *code)
{
    const char *folder = args->flag[EXTEND_OUTPUT], *run = args->word[0];
    pt_config_t config;
    pt_status_t status = PT_OK;
    bool is_own;
    if (folder == NULL)
        PT_FAIL(USAGE, "-o RUN2 is missing: the folder of the new run");
    if (strcmp(folder, run) == 0)
        PT_FAIL(USAGE, "-o %s is the run that tasks are added to: give another folder",
                folder);
    pt_follower_catch_signals();
    PT_TRY(pt_session_config_of_run(run, args, &config));
    if (pt_comm_rank(pt_comm_world()) == 0)
        status = check_inputs(run, args->word[1]);
    PT_AGREE(pt_comm_world(), status);
    for (size_t i = 0; i < sizeof undone / sizeof undone[0]; i++)
        PT_TRY(pt_config_set_key(&config, undone[i].key, undone[i].value));
    PT_TRY(pt_config_set_key(&config, "extend.run", run));
    if (!is_set(args, "extend.finetune")) /* of a run that was extended itself */
        PT_TRY(pt_config_set_key(&config, "extend.finetune", "0"));
    PT_TRY(pt_config_set_key(&config, "data.file", args->word[1]));
    if (args->flag[EXTEND_TIME_LIMIT] != NULL)
        PT_TRY(pt_config_set_key(&config, "run.time_limit", args->flag[EXTEND_TIME_LIMIT]));
    PT_TRY(set_tasks(&config, args->list[EXTEND_TASKS], args->n_list[EXTEND_TASKS]));
    return pt_held_run_go(&config, folder, NULL, code, &is_own);
}
