/* What commands need before they can work: config, data set, ranks, kernels, trainer. */
#include "app/session.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "app/console.h"
#include "app/watch.h"
#include "polytree/base/bitset.h"
#include "polytree/base/memory.h"
#include "polytree/base/text.h"
#include "polytree/io/dataset_file.h"
#include "polytree/par/comm.h"
#include "polytree/par/log.h"
#include "polytree/par/reduce.h"
#include "polytree/record/run_file.h"
#include "polytree/search/baseline.h"
#include "polytree/train/measure.h"

enum { SETTING_BYTES = 128 };

/* A preset goes before the file, whoever names it. */
static bool is_preset(const char *setting)
{
    static const char key[] = "run.preset";
    return strncmp(setting, key, sizeof key - 1) == 0 &&
           strchr(" =", setting[sizeof key - 1]) != NULL;
}

/* What the command line changes, and by that spoils, is wrong usage; the file is not. */
static pt_status_t read_config(const char *path, const pt_args_t *args, const char *limit,
                               pt_config_t *config)
{
    char setting[SETTING_BYTES];
    bool was_sound;
    pt_config_init(config);
    for (int i = 0; i < args->n_set; i++)
        if (is_preset(args->set[i]) && pt_config_set(config, args->set[i]) != PT_OK)
            PT_FAIL(USAGE, "--set %s: %s", args->set[i], pt_error_message());
    PT_TRY(pt_config_read(config, path));
    was_sound = pt_config_check(config) == PT_OK;
    for (int i = 0; i < args->n_set; i++)
        if (pt_config_set(config, args->set[i]) != PT_OK)
            PT_FAIL(USAGE, "--set %s: %s", args->set[i], pt_error_message());
    snprintf(setting, sizeof setting, "run.time_limit=%s", limit != NULL ? limit : "");
    if (limit != NULL && pt_config_set(config, setting) != PT_OK)
        PT_FAIL(USAGE, "--time-limit %s: expected seconds or h:m:s", limit);
    if (pt_config_check(config) == PT_OK)
        return PT_OK;
    if (was_sound)
        PT_FAIL(USAGE, "--set: %s", pt_error_message());
    PT_FAIL(CONFIG, "%s%s%s", args->n_set == 0 ? path : "", args->n_set == 0 ? ": " : "",
            pt_error_message());
}

pt_status_t pt_session_config(const char *path, const pt_args_t *args, pt_config_t *config)
{
    return pt_session_config_limited(path, args, NULL, config);
}

pt_status_t pt_session_config_limited(const char *path, const pt_args_t *args,
                                      const char *limit, pt_config_t *config)
{
    pt_comm_t *world = pt_comm_world();
    pt_status_t status = PT_OK;
    if (pt_comm_rank(world) == 0)
        status = read_config(path, args, limit, config);
    PT_AGREE(world, status);
    return pt_comm_bcast(world, config, sizeof *config, 0);
}

pt_status_t pt_session_config_of_run(const char *run, const pt_args_t *args,
                                     pt_config_t *config)
{
    char path[PT_PATH_MAX];
    pt_status_t status = PT_OK;
    PT_TRY(pt_run_file_path(run, PT_FILE_CONFIG, path));
    if (pt_comm_rank(pt_comm_world()) == 0 && access(path, R_OK) != 0)
        status = PT_ERROR(IO, "%s is not the folder of a run: it has no %s", run,
                          pt_run_file_name(PT_FILE_CONFIG));
    PT_AGREE(pt_comm_world(), status);
    return pt_session_config(path, args, config);
}

/* The commands that make a data set of this name. */
static void suggest(const char *path, char *text, size_t size)
{
    static const struct {
        const char *in_name, *command;
    } known[] = {
        {"omniglot", "data import omniglot SRC"},
        {"fashion", "data import idx --pair SRC"},
        {"mnist", "data import idx SRC"},
        {"shapes", "data shapes"},
        {"scenes", "data scenes"},
        {"rooms", "data scenes"},
    };
    const char *command = NULL;
    const char *name = strrchr(path, '/') != NULL ? strrchr(path, '/') + 1 : path;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (command == NULL && strstr(name, known[i].in_name) != NULL)
            command = known[i].command;
    if (command != NULL)
        snprintf(text, size, "make it with `polytree %s %s`", command, path);
    else
        snprintf(text, size,
                 "draw it with `polytree data shapes` or, with dense tasks, `polytree data "
                 "scenes`, or make it of files (polytree --help lists what can be "
                 "imported)");
}

static pt_status_t find_data(const char *path)
{
    if (path[0] == '\0')
        PT_FAIL(CONFIG, "data.file is not set: name an HDF5 data set, or draw one with "
                        "`polytree data shapes FILE.h5` or, with dense tasks, `polytree "
                        "data scenes FILE.h5`");
    if (access(path, F_OK) == 0)
        return PT_OK;
    int why = errno;
    char hint[2 * PT_CONFIG_TEXT];
    suggest(path, hint, sizeof hint);
    PT_FAIL(IO, "data.file %s: %s; where it has moved, --set data.file=FILE; else %s", path,
            strerror(why), hint);
}

/* The sections [task.NAME] must be of tasks in the file, opened or not. */
static pt_status_t check_tasks(const pt_session_t *session)
{
    const char **name;
    int32_t n = 0;
    /* There they may be of tasks in the network that is extended, too, which the run knows.
     */
    if (pt_methods[session->config.search.method].is_extended)
        return PT_OK;
    while (pt_dataset_file_task(session->dataset, n) != NULL)
        n++;
    PT_TRY(pt_alloc(&name, (size_t)n, sizeof name[0]));
    for (int32_t i = 0; i < n; i++)
        name[i] = pt_dataset_file_task(session->dataset, i);
    pt_status_t status = pt_config_check_tasks(&session->config, n, name);
    pt_free(name);
    return status;
}

/* Each rank may be bound to cores of its own. */
static pt_status_t count_cores(pt_session_t *session)
{
    /* More than any kernel has, where cpu_set_t ends at 1,024. */
    enum { MOST_CORES = 1 << 16 };
    uint64_t mask[MOST_CORES / 64] = {0};
    if (sched_getaffinity(0, sizeof mask, (cpu_set_t *)mask) != 0)
        memset(mask, 0, sizeof mask);
    PT_TRY(pt_or_bits(session->node, PT_TRAFFIC_CONTROL, (uint8_t *)mask, sizeof mask));
    session->n_core = (int32_t)pt_bitset_count(mask, MOST_CORES);
    return PT_OK;
}

/* Of the first node, for the others are mostly like it; once, whatever a process runs. */
static void warn_of_shared_cores(const pt_session_t *session)
{
    static bool is_told;
    int64_t n_thread = pt_comm_size(session->node) * session->config.run.threads;
    if (pt_comm_rank(pt_comm_world()) == 0 && pt_comm_size(pt_comm_world()) > 1 &&
        session->n_core > 0 && n_thread > session->n_core && !is_told) {
        is_told = true;
        pt_console_error("warning: %lld threads of %d ranks share the %d core%s they are "
                         "bound to: small steps take many times as long as predicted",
                         (long long)n_thread, (int)pt_comm_size(session->node),
                         (int)session->n_core, pt_plural(session->n_core));
    }
}

/* Once, as the one above. */
static void warn_of_costly_layout(const pt_session_t *session)
{
    static bool is_told;
    pt_text_t text = {0};
    if (pt_comm_rank(pt_comm_world()) == 0 && !is_told &&
        session->config.data.cache == PT_CACHE_NONE &&
        pt_dataset_add_layout_note(session->dataset, &text)) {
        is_told = true;
        pt_console_error("warning: %s", pt_text_get(&text));
    }
    pt_text_release(&text);
}

pt_status_t pt_session_open_data(pt_session_t *session)
{
    pt_comm_t *world = pt_comm_world();
    const pt_config_t *c = &session->config;
    pt_status_t status = PT_OK;
    if (pt_comm_rank(world) == 0)
        status = find_data(c->data.file);
    PT_AGREE(world, status);
    pt_comm_rehearse_nodes((int32_t)c->layout.ranks_per_node);
    PT_TRY(pt_comm_split_node(world, &session->node));
    PT_TRY(count_cores(session));
    PT_TRY(c->data.cache == PT_CACHE_BOUND
               ? pt_dataset_open_bounded(c->data.file, c->data.tasks, world, session->node,
                                         c->data.cache_bytes, &session->dataset)
               : pt_dataset_open(c->data.file, c->data.tasks, world, session->node,
                                 c->data.cache, &session->dataset));
    if (pt_comm_rank(world) == 0)
        status = check_tasks(session);
    if (pt_comm_rank(world) == 0 && status == PT_OK)
        status = pt_baseline_resolve(&session->config, session->dataset);
    PT_AGREE(world, status);
    PT_TRY(pt_comm_bcast(world, &session->config, sizeof session->config, 0));
    return pt_feed_standardise(c, session->dataset, world, session->node);
}

static pt_status_t make_kernels(pt_session_t *session)
{
    const pt_config_t *c = &session->config;
    PT_TRY(pt_kernel_init(&session->kernel, (pt_backend_t)c->kernel.backend,
                          (pt_isa_t)c->kernel.isa, (int32_t)c->run.threads));
    session->has_kernel = true;
    return PT_OK;
}

/* What costs depend on, beside the run's config. */
static void describe_machine(const pt_session_t *session, char about[PT_MACHINE_NAME])
{
    const pt_kernel_t *k = &session->kernel;
    char line[256], processor[64] = "";
    FILE *file = fopen("/proc/cpuinfo", "r");
    while (file != NULL && processor[0] == '\0' && fgets(line, sizeof line, file) != NULL)
        if (strncmp(line, "model name", 10) == 0 && strchr(line, ':') != NULL)
            snprintf(processor, sizeof processor, "%.*s, ",
                     (int)strcspn(strchr(line, ':') + 2, "\n"), strchr(line, ':') + 2);
    if (file != NULL)
        fclose(file);
    snprintf(about, PT_MACHINE_NAME, "%s%s on %s, %d thread%s", processor,
             pt_backend_name(k->backend), pt_isa_name(k->isa), (int)k->threads,
             pt_plural(k->threads));
}

/* Those of another processor or kernel say nothing of this one; a file that is damaged is
 * made anew. */
static void take_kept_costs(const pt_session_t *session, pt_machine_t *machine)
{
    char path[PT_PATH_MAX];
    pt_machine_t kept;
    pt_machine_init(&kept);
    describe_machine(session, machine->about);
    pt_status_t status = pt_run_file_path(session->run, PT_FILE_COSTS, path);
    if (status == PT_OK && access(path, F_OK) == 0)
        status = pt_machine_read(&kept, path);
    if (status == PT_OK && strcmp(kept.about, machine->about) == 0)
        status = pt_machine_least(machine, &kept);
    if (status != PT_OK)
        pt_console_error("warning: %s: costs are measured anew", pt_error_message());
    pt_error_clear();
    pt_machine_release(&kept);
}

/* Not what a config says of wires; rank 0. */
static bool keeps_costs(const pt_session_t *session)
{
    const pt_config_t *c = &session->config;
    return session->run != NULL && c->layout.cost == PT_COST_MEASURED &&
           c->layout.latency == 0 && c->layout.bandwidth == 0;
}

/* They are not missed before the next start. */
static void keep_costs(const pt_session_t *session, const pt_machine_t *machine)
{
    char path[PT_PATH_MAX];
    pt_status_t status = pt_run_file_path(session->run, PT_FILE_COSTS, path);
    if (status == PT_OK)
        status = pt_machine_write(machine, path);
    if (status != PT_OK)
        pt_console_error("warning: measured costs are not kept: %s", pt_error_message());
    pt_error_clear();
}

void pt_session_keep_costs(const pt_session_t *session)
{
    if (session->has_costs && keeps_costs(session))
        keep_costs(session, &session->machine);
}

pt_status_t pt_session_know_costs(pt_session_t *session)
{
    pt_comm_t *world = pt_comm_world();
    const pt_config_t *c = &session->config;
    pt_rates_t *rates = &session->machine.rates;
    bool is_root = pt_comm_rank(world) == 0;
    pt_status_t status = PT_OK;
    if (is_root)
        status = pt_machine_know(c, session->dataset, &session->kernel, &session->machine);
    PT_AGREE(world, status);
    if (c->layout.cost == PT_COST_MEASURED)
        PT_TRY(pt_measure_wires(world, session->node, &session->machine));
    if (is_root && keeps_costs(session))
        take_kept_costs(session, &session->machine);
    if (c->layout.latency > 0)
        rates->latency[PT_WIRE_NETWORK] = c->layout.latency;
    if (c->layout.bandwidth > 0)
        rates->bandwidth[PT_WIRE_NETWORK] = c->layout.bandwidth;
    PT_TRY(pt_machine_share(&session->machine, world));
    session->has_costs = true;
    return PT_OK;
}

/* Which arrangement a run would take on that machine, and what is predicted of it; `now`,
 * unless it is NULL, is looked at too. */
static pt_status_t arrange(const pt_session_t *session, const pt_machine_t *machine,
                           const pt_arrangement_t *now, pt_outlook_t *best,
                           pt_outlook_t *of_now)
{
    const pt_config_t *c = &session->config;
    const pt_form_t form = pt_form_first(c);
    const pt_resources_t resources = {pt_comm_size(pt_comm_world()),
                                      pt_comm_size(session->node), pt_memory_resident()};
    pt_space_t *space = NULL;
    pt_feed_t *feed = NULL;
    pt_predictor_t *predictor = NULL;
    pt_status_t status;
    PT_TRY_OR(done, pt_form_space(c, session->dataset, &form, NULL, &space));
    PT_TRY_OR(done, pt_feed_new(c, session->dataset, form.size, &feed));
    PT_TRY_OR(done, pt_predictor_new(c, feed, space, form.branching, machine, &predictor));
    PT_TRY_OR(done, pt_arrange_check_costs(c, predictor, machine));
    PT_TRY_OR(done, pt_arrange(c, predictor, &resources, best));
    if (now != NULL)
        PT_TRY_OR(done, pt_arrange_look(predictor, now, of_now));
done:
    pt_predictor_free(predictor);
    pt_feed_free(feed);
    pt_space_free(space);
    return status;
}

static pt_status_t open_layout(pt_session_t *session)
{
    pt_comm_t *world = pt_comm_world();
    const pt_config_t *c = &session->config;
    int32_t extent[PT_N_AXIS] = {(int32_t)c->layout.stage, (int32_t)c->layout.task,
                                 (int32_t)c->layout.data};
    bool is_auto = c->layout.mode == PT_LAYOUT_AUTO;
    pt_status_t status = PT_OK;
    if (!session->has_costs)
        pt_machine_init(&session->machine);
    if (is_auto)
        extent[PT_AXIS_TASK] = extent[PT_AXIS_DATA] = 1;
    if (pt_comm_size(world) > 1 && (is_auto || c->layout.stage > 1)) {
        PT_TRY(session->has_costs ? pt_machine_share(&session->machine, world)
                                  : pt_session_know_costs(session));
        /* Rank 0's word: what it holds by now may differ. */
        if (pt_comm_rank(world) == 0)
            status = arrange(session, &session->machine, NULL, &session->outlook, NULL);
        session->has_outlook = pt_comm_rank(world) == 0 && status == PT_OK;
        PT_AGREE(world, status);
        if (pt_comm_rank(world) == 0 && is_auto)
            memcpy(extent, session->outlook.arrangement.extent, sizeof extent);
        PT_TRY(pt_comm_bcast(world, extent, sizeof extent, 0));
    }
    PT_TRY(pt_layout_init(&session->layout, world, extent, c->layout.strict));
    session->has_layout = true;
    return PT_OK;
}

pt_status_t pt_session_open(pt_session_t *session)
{
    pt_layout_t *layout = &session->layout;
    pt_watch_stalls(session->config.run.watchdog);
    if (session->dataset == NULL)
        PT_TRY(pt_session_open_data(session));
    warn_of_shared_cores(session);
    warn_of_costly_layout(session);
    PT_AGREE(pt_comm_world(), make_kernels(session));
    PT_TRY(open_layout(session));
    /* Surplus ranks wait for the others' outcome: closing the data set wants them all. */
    pt_status_t status = PT_OK;
    if (layout->is_active)
        status = pt_trainer_new(&session->config, layout, session->dataset,
                                &session->kernel, &session->machine, &session->trainer);
    return pt_comm_agree(pt_comm_world(), status);
}

/* On rank 0.  The trainer goes by what all ranks know of the machine: that becomes another
 * only where its days are numbered. */
static pt_status_t look_again(pt_session_t *session, bool *is_faster)
{
    const pt_config_t *c = &session->config;
    const pt_layout_t *l = &session->layout;
    pt_arrangement_t now = {.ranks_per_node = pt_comm_size(session->node)};
    pt_machine_t fresh;
    pt_outlook_t best, of_now;
    pt_status_t status;
    pt_machine_init(&fresh);
    PT_TRY_OR(done, pt_machine_know(c, session->dataset, &session->kernel, &fresh));
    fresh.rates = session->machine.rates;
    PT_TRY_OR(done, pt_machine_least(&fresh, &session->machine));
    take_kept_costs(session, &fresh);
    keep_costs(session, &fresh);
    memcpy(now.extent, l->extent, sizeof now.extent);
    PT_TRY_OR(done, arrange(session, &fresh, &now, &best, &of_now));
    *is_faster = memcmp(now.extent, best.arrangement.extent, sizeof now.extent) != 0 &&
                 of_now.seconds > PT_ARRANGE_WORTH_IT * best.seconds;
    if (*is_faster) {
        pt_machine_t known = session->machine;
        session->machine = fresh;
        fresh = known;
    }
done:
    pt_machine_release(&fresh);
    return status;
}

pt_status_t pt_session_look_again(pt_session_t *session, bool *is_faster)
{
    const pt_config_t *c = &session->config;
    pt_comm_t *world = session->layout.world;
    *is_faster = false;
    if (pt_comm_size(pt_comm_world()) == 1 || c->layout.mode != PT_LAYOUT_AUTO ||
        !keeps_costs(session) || c->layout.memory > 0)
        return PT_OK;
    if (pt_comm_rank(world) == 0 && look_again(session, is_faster) != PT_OK) {
        pt_console_error("warning: the ranks stay as they are arranged: %s",
                         pt_error_message());
        pt_error_clear();
    }
    return pt_comm_bcast(world, is_faster, sizeof *is_faster, 0);
}

void pt_session_disband(pt_session_t *session)
{
    pt_trainer_free(session->trainer);
    session->trainer = NULL;
    if (session->has_kernel)
        pt_kernel_release(&session->kernel);
    session->has_kernel = false;
    if (session->has_layout)
        pt_layout_release(&session->layout);
    session->has_layout = false;
}

void pt_session_close(pt_session_t *session)
{
    pt_session_disband(session);
    pt_machine_release(&session->machine);
    pt_dataset_close(session->dataset);
    pt_comm_free(session->node);
}
