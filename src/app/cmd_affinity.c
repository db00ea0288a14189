/* polytree affinity: how alike the tasks of a trained network are, level by level. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "app/command.h"
#include "app/console.h"
#include "app/make_data.h"
#include "app/trained.h"
#include "polytree/base/memory.h"
#include "polytree/io/file.h"
#include "polytree/par/comm.h"
#include "polytree/picture/heat.h"
#include "polytree/search/affinity.h"

enum {
    AFFINITY_OUTPUT,
    AFFINITY_INPUTS,
    AFFINITY_SPLIT,
    AFFINITY_PROBES,
    AFFINITY_GROUPS,
    AFFINITY_MEMORY,
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
    {"force", 0, NULL, "replace OUT.h5 and OUT.svg where they are there already"},
    {"set", 0, "key=value", "options over those of the run"},
    {0}};

enum { MOST_PROBES = 40000, SHOWN_TASKS = 12 };

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
            pt_text_add(out, " %d", (int)n);
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
    const char *run, *inputs, *out;
    char picture[PT_PATH_MAX];
    pt_inputs_options_t options;
    int64_t n_probe, groups, memory;
} request_t;

static pt_status_t measure(const request_t *r, pt_trained_t *t, const char *path)
{
    pt_comm_t *world = pt_comm_world();
    pt_inputs_t *inputs = NULL;
    pt_affinity_t affinity = {0};
    pt_status_t status = PT_OK;
    PT_AGREE(world, pt_inputs_open(path, &r->options, &t->found.interface.input, &inputs));
    int64_t n = pt_inputs_n(inputs);
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
    pt_status_t status = PT_OK;
    (void)code;
    PT_TRY(read_request(args, &r));
    if (is_root()) {
        status = pt_make_begin(r.out, args->flag[AFFINITY_FORCE] != NULL);
        if (status == PT_OK)
            status = pt_make_begin(r.picture, args->flag[AFFINITY_FORCE] != NULL);
    }
    PT_AGREE(world, status);
    PT_AGREE(world, pt_alloc(&t, 1, sizeof *t));
    PT_TRY_OR(done, pt_trained_open(r.run, args, t));
    PT_TRY_OR(done, measure(&r, t, r.inputs != NULL ? r.inputs : t->config.data.file));
done:
    pt_trained_close(t);
    pt_free(t);
    return status;
}
