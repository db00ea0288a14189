/* polytree affinity: how alike the tasks of a trained network are, level by level. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "app/command.h"
#include "app/console.h"
#include "app/make_data.h"
#include "app/trained.h"
#include "polytree/arch/copies.h"
#include "polytree/base/memory.h"
#include "polytree/io/file.h"
#include "polytree/par/comm.h"
#include "polytree/picture/heat.h"
#include "polytree/record/candidates.h"
#include "polytree/record/run_config.h"
#include "polytree/record/run_file.h"
#include "polytree/search/affinity.h"

enum {
    AFFINITY_OUTPUT,
    AFFINITY_INPUTS,
    AFFINITY_SPLIT,
    AFFINITY_PROBES,
    AFFINITY_GROUPS,
    AFFINITY_MEMORY,
    AFFINITY_AGAINST,
    AFFINITY_CANDIDATES,
    AFFINITY_FORCE,
    AFFINITY_SET
};
const pt_flag_t pt_flags_affinity[] = {
    {"output", 'o', "OUT.h5", "file of the affinities; OUT.svg shows them"},
    {"inputs", 0, "INPUTS", "where probes are taken from (the run's own data set)"},
    {"split", 0, "test|val|train", "of a data set (the first that it has)"},
    {"probes", 0, "N", "how many (500)"},
    {"groups", 0, "G", "groups of tasks at each level (by the widest gap of the spectrum)"},
    {"memory", 0, "MB", "what a rank may take for features and products (2000)"},
    {"against", 0, "RUN2", "say how far the branching of a run agrees with them"},
    {"candidates", 0, "FILE.jsonl",
     "write the branchings that they suggest, for choose.candidates"},
    {"force", 0, NULL, "replace files that are there already"},
    {"set", 0, "key=value", "options over those of the run"},
    {0}};

enum { MOST_PROBES = 40000, SHOWN_TASKS = 12, MOST_GROUPS = 8 };

static bool is_root(void)
{
    return pt_comm_rank(pt_comm_world()) == 0;
}

static void show_level(void *context, const char *level)
{
    char line[64];
    (void)context;
    snprintf(line, sizeof line, "affinity: %s", level);
    if (is_root() && pt_console_is_live())
        pt_console_live(line);
}

/* "a b | c": the groups of a level, of many tasks their sizes. */
static void describe_groups(const pt_interface_t *interface,
                            const pt_affinity_level_t *level, pt_text_t *out)
{
    for (int32_t g = 0; g < level->n_group; g++) {
        int32_t n = 0;
        pt_text_add(out, "%s", g > 0 ? " |" : "");
        for (int32_t k = 0; k < interface->n_task; k++) {
            if (level->group[k] != g)
                continue;
            if (interface->n_task <= SHOWN_TASKS)
                pt_text_add(out, " %s", interface->task[k].info.name);
            n++;
        }
        if (interface->n_task > SHOWN_TASKS)
            pt_text_add(out, "%s %d", g > 0 ? "" : " of", (int)n);
    }
}

/* Over all pairs of tasks that have features there; NaN: there is none. */
static double mean_of(int32_t n_task, const pt_affinity_level_t *level)
{
    double sum = 0;
    int64_t n = 0;
    for (int32_t i = 0; i < n_task; i++)
        for (int32_t j = 0; j < i; j++) {
            double x = level->value[(size_t)i * (size_t)n_task + (size_t)j];
            sum += isnan(x) ? 0 : x;
            n += !isnan(x);
        }
    return n > 0 ? sum / (double)n : (double)NAN;
}

static void print_levels(const pt_interface_t *interface, const pt_affinity_t *affinity)
{
    pt_console_line("%-10s %9s %6s %9s  %s", "level", "features", "kinds", "affinity",
                    "groups");
    for (int32_t l = 0; l < affinity->n_level; l++) {
        const pt_affinity_level_t *level = &affinity->level[l];
        double mean = mean_of(affinity->n_task, level);
        char number[16] = "-";
        pt_text_t groups = {0};
        describe_groups(interface, level, &groups);
        if (!isnan(mean))
            snprintf(number, sizeof number, "%.4f", mean);
        pt_console_line("%-10s %9lld %6d %9s %s", level->name, (long long)level->n_feature,
                        (int)level->n_distinct, number, pt_text_get(&groups));
        pt_text_release(&groups);
    }
}

static pt_status_t write_files(const pt_trained_t *t, const char *run, const char *inputs,
                               int64_t n_probe, const pt_affinity_t *affinity,
                               const char *out, const char *picture)
{
    const pt_interface_t *interface = &t->found.interface;
    const char **name;
    PT_TRY(pt_alloc(&name, (size_t)interface->n_task, sizeof *name));
    for (int32_t k = 0; k < interface->n_task; k++)
        name[k] = interface->task[k].info.name;
    const pt_affinity_origin_t origin = {.method = "representation similarity",
                                         .run = run,
                                         .network = t->digest,
                                         .inputs = inputs,
                                         .n_probe = n_probe,
                                         .task = name};
    pt_status_t status = pt_affinity_write(out, affinity, &origin);
    if (status == PT_OK)
        status = pt_heat_write(picture, affinity, name);
    pt_free(name);
    return status;
}

typedef struct request {
    const char *run, *inputs, *out, *against, *candidates;
    char picture[PT_PATH_MAX];
    pt_inputs_options_t options;
    int64_t n_probe, groups, memory;
} request_t;

/* The number of a task by its name, or -1. */
static int32_t find_task(const pt_space_t *space, const char *name)
{
    for (int32_t k = 0; k < space->n_task; k++)
        if (strcmp(space->task[k].name, name) == 0)
            return k;
    return -1;
}

static void print_agreement(const char *level, const pt_affinity_agreement_t *a)
{
    if (isnan(a->rho))
        pt_console_line("%-10s         -  where all pairs are the same there is nothing to "
                        "compare",
                        level);
    else
        pt_console_line("%-10s %9.4f  p = %.4f by %s%lld orders of the tasks", level,
                        a->rho, a->p, a->is_all ? "all " : "", (long long)a->n_order);
}

static pt_status_t compare_layers(const pt_interface_t *ours, const pt_affinity_t *affinity,
                                  const pt_architecture_t *theirs, const char *run)
{
    pt_branching_t tree = {.n_layer = 0};
    int32_t *group = NULL, layer = 0;
    pt_status_t status = PT_OK;
    PT_TRY_OR(done,
              pt_branching_init(&tree, theirs->space->n_layer, theirs->space->n_task));
    PT_TRY_OR(done, pt_copies_branching(theirs->space, &theirs->subnet, &tree));
    PT_TRY_OR(done, pt_alloc(&group, (size_t)ours->n_task, sizeof *group));
    pt_console_line("%-10s %9s  of tasks that are alike and run a layer together in %s",
                    "layer", "agreement", run);
    for (int32_t l = 0; l < affinity->n_level; l++) {
        pt_affinity_agreement_t agreement;
        char name[24];
        snprintf(name, sizeof name, "l%02d", (int)layer + 1);
        if (layer == tree.n_layer || strcmp(affinity->level[l].name, name) != 0)
            continue;
        for (int32_t k = 0; k < ours->n_task; k++)
            group[k] = tree.group[layer * tree.n_task +
                                  find_task(theirs->space, ours->task[k].info.name)];
        layer++;
        PT_TRY_OR(done, pt_affinity_agree(ours->n_task, affinity->level[l].value, group,
                                          &agreement));
        print_agreement(name, &agreement);
    }
done:
    pt_branching_release(&tree);
    pt_free(group);
    return status;
}

/* On rank 0. */
static pt_status_t open_other(const char *run, pt_architecture_t *out)
{
    char path[PT_PATH_MAX];
    pt_config_t *config;
    PT_TRY(pt_run_file_path(run, PT_FILE_ARCHITECTURE, path));
    if (!pt_path_exists(path))
        PT_FAIL(CONFIG, "--against %s: it has no network yet", run);
    PT_TRY(pt_alloc(&config, 1, sizeof *config));
    pt_status_t status = pt_run_config_read(run, config);
    if (status == PT_OK)
        status = pt_architecture_open(config, path, out);
    pt_free(config);
    PT_TRY(status);
    if (out->space->kind == PT_SPACE_BRANCH)
        return PT_OK;
    pt_architecture_release(out);
    PT_FAIL(CONFIG, "--against %s: a network without branches (space.kind = branch)", run);
}

static pt_status_t write_candidates(const request_t *r, const pt_affinity_t *affinity)
{
    pt_branching_t *tree = NULL;
    int64_t n = 0;
    pt_status_t status =
        pt_affinity_propose(pt_comm_world(), affinity, MOST_GROUPS, &n, &tree);
    if (status == PT_OK && is_root())
        status = pt_candidates_write_trees(r->candidates, "affinity", n, tree);
    status = pt_comm_agree(pt_comm_world(), status);
    for (int64_t i = 0; i < n; i++)
        pt_branching_release(&tree[i]);
    pt_free(tree);
    if (is_root() && status == PT_OK)
        pt_console_line("written     %s: %lld branchings", r->candidates, (long long)n);
    return status;
}

/* What would fail once all is measured. */
static pt_status_t check_request(const request_t *r, const pt_trained_t *t,
                                 const pt_architecture_t *other)
{
    const pt_interface_t *ours = &t->found.interface;
    if (r->candidates != NULL && t->found.space->kind != PT_SPACE_BRANCH)
        PT_FAIL(CONFIG,
                "--candidates: %s has no layers that tasks could share or not "
                "(space.kind = branch)",
                r->run);
    for (int32_t k = 0; r->against != NULL && k < ours->n_task; k++)
        if (find_task(other->space, ours->task[k].info.name) < 0)
            PT_FAIL(MISMATCH, "--against %s: it has no task %s", r->against,
                    ours->task[k].info.name);
    return PT_OK;
}

static pt_status_t measure(const request_t *r, pt_trained_t *t, const char *path,
                           const pt_architecture_t *other)
{
    pt_comm_t *world = pt_comm_world();
    pt_inputs_t *inputs = NULL;
    pt_affinity_t affinity = {0};
    pt_status_t status = PT_OK;
    PT_AGREE(world, pt_inputs_open(path, &r->options, &t->found.interface.input, &inputs));
    int64_t n = pt_inputs_n(inputs);
    if (is_root())
        status = check_request(r, t, other);
    PT_TRY_OR(done, pt_comm_agree(world, status));
    const pt_affinity_spec_t spec = {.space = t->found.space,
                                     .network = t->network,
                                     .inputs = inputs,
                                     .n_probe = n < r->n_probe ? n : r->n_probe,
                                     .memory = (size_t)r->memory * 1000000,
                                     .groups = r->groups,
                                     .at = show_level};
    PT_TRY_OR(done, pt_comm_check_equal(world, "the number of inputs", &n, sizeof n));
    PT_TRY_OR(done, pt_affinity_measure(world, &spec, &affinity));
    if (is_root())
        status = write_files(t, r->run, path, spec.n_probe, &affinity, r->out, r->picture);
    PT_TRY_OR(done, pt_comm_agree(world, status));
    if (is_root()) {
        pt_console_line("probes      %lld of the %lld inputs of %s",
                        (long long)spec.n_probe, (long long)n, path);
        print_levels(&t->found.interface, &affinity);
        pt_console_line("written     %s, %s", r->out, r->picture);
    }
    if (is_root() && r->against != NULL)
        status = compare_layers(&t->found.interface, &affinity, other, r->against);
    PT_TRY_OR(done, pt_comm_agree(world, status));
    if (r->candidates != NULL)
        PT_TRY_OR(done, write_candidates(r, &affinity));
done:
    pt_affinity_release(&affinity);
    pt_inputs_close(inputs);
    return status;
}

/* OUT.svg of OUT.h5. */
static pt_status_t name_picture(request_t *r)
{
    size_t n = strlen(r->out);
    if (n < 4 || strcmp(r->out + n - 3, ".h5") != 0)
        PT_FAIL(USAGE, "-o %s: expected a name that ends in .h5", r->out);
    if (n + 2 > sizeof r->picture)
        PT_FAIL(USAGE, "-o: a name of %zu bytes", n);
    snprintf(r->picture, sizeof r->picture, "%.*s.svg", (int)n - 3, r->out);
    return PT_OK;
}

static pt_status_t read_request(const pt_args_t *args, request_t *r)
{
    const pt_flag_t *flags = pt_flags_affinity;
    r->run = args->word[0];
    r->out = args->flag[AFFINITY_OUTPUT];
    r->against = args->flag[AFFINITY_AGAINST];
    r->candidates = args->flag[AFFINITY_CANDIDATES];
    r->inputs = args->flag[AFFINITY_INPUTS];
    r->options = (pt_inputs_options_t){.talk.say = is_root() ? pt_console_say : NULL};
    if (r->out == NULL)
        PT_FAIL(USAGE, "-o OUT.h5 is missing: the file of the affinities");
    PT_TRY(name_picture(r));
    PT_TRY(pt_args_split(args->flag[AFFINITY_SPLIT], &r->options.split));
    PT_TRY(pt_make_number(args, flags, AFFINITY_PROBES, 3, MOST_PROBES, 500, &r->n_probe));
    PT_TRY(pt_make_number(args, flags, AFFINITY_GROUPS, 1, INT32_MAX, 0, &r->groups));
    return pt_make_number(args, flags, AFFINITY_MEMORY, 1, INT32_MAX, 2000, &r->memory);
}

pt_status_t pt_cmd_affinity(const pt_args_t *args, int *code)
{
    pt_comm_t *world = pt_comm_world();
    request_t r = {.run = NULL};
    pt_trained_t *t = NULL;
    pt_architecture_t other = {.space = NULL};
    pt_status_t status = PT_OK;
    (void)code;
    PT_TRY(read_request(args, &r));
    if (is_root()) {
        const char *file[] = {r.out, r.picture, r.candidates};
        for (size_t i = 0; i < 3 && status == PT_OK; i++)
            if (file[i] != NULL)
                status = pt_make_begin(file[i], args->flag[AFFINITY_FORCE] != NULL);
        if (status == PT_OK && r.against != NULL)
            status = open_other(r.against, &other);
    }
    PT_AGREE(world, status);
    PT_AGREE(world, pt_alloc(&t, 1, sizeof *t));
    PT_TRY_OR(done, pt_trained_open(r.run, args, t));
    PT_TRY_OR(done,
              measure(&r, t, r.inputs != NULL ? r.inputs : t->config.data.file, &other));
done:
    pt_architecture_release(&other);
    pt_trained_close(t);
    pt_free(t);
    return status;
}
