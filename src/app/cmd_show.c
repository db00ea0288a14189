/* polytree show: the network of a run, or the search space of a config, as text. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/command.h"
#include "app/console.h"
#include "app/session.h"
#include "app/show.h"
#include "polytree/arch/cost.h"
#include "polytree/base/memory.h"
#include "polytree/base/text.h"
#include "polytree/io/file.h"
#include "polytree/picture/diagram.h"
#include "polytree/picture/outline.h"
#include "polytree/record/architecture.h"
#include "polytree/record/run_file.h"
#include "polytree/record/summary.h"
#include "polytree/search/baseline.h"

enum { SHOW_TASK, SHOW_SVG, SHOW_SET };
const pt_flag_t pt_flags_show[] = {
    {"task", 0, "NAME", "this task's graph alone"},
    {"svg", 0, "FILE", "draw it with Graphviz"},
    {"set", 0, "key=value", "options over those of the config"},
    {0}};

/* The network of a run: its space, without kernels, and the choices in use. */
typedef struct network {
    pt_space_t *space;
    pt_subnet_t subnet;
    bool is_open; /* a space of which no network is chosen yet */
} network_t;

static void release(network_t *network)
{
    pt_subnet_release(&network->subnet);
    pt_space_free(network->space);
}

static pt_status_t print_task(const network_t *n, int32_t task, uint8_t *candidate,
                              uint8_t *node)
{
    char line[2048];
    pt_text_t text = pt_text_in(line, sizeof line);
    pt_cost_t cost;
    pt_subnet_reach(n->space, &n->subnet, task, candidate, node);
    pt_outline_dag(n->space, candidate, task, &text);
    PT_TRY(pt_cost_task(n->space, &n->subnet, task, &cost));
    const char *name = n->space->task[task].name;
    int32_t width = pt_space_name_columns(n->space, NAME_COLUMNS);
    pt_console_line("  %-*s %s", pt_padded(name, width), name, line);
    pt_console_line("  %-*s %d edge%s, %lld parameters, %lld multiply-adds", (int)width, "",
                    (int)cost.edges, pt_plural(cost.edges), (long long)cost.parameters,
                    (long long)cost.madds);
    return PT_OK;
}

static pt_status_t print_network(const network_t *n, int32_t only)
{
    uint8_t *candidate = NULL, *node = NULL;
    pt_cost_t cost;
    pt_status_t status;
    if (n->space->kind == PT_SPACE_BRANCH)
        return pt_show_branch(n->space, n->is_open ? NULL : &n->subnet, only);
    PT_TRY_OR(done, pt_alloc(&candidate, (size_t)n->space->n_candidate, 1));
    PT_TRY_OR(done, pt_alloc(&node, (size_t)n->space->n_node, 1));
    for (int32_t k = 0; k < n->space->n_task; k++)
        if (only < 0 || only == k)
            PT_TRY_OR(done, print_task(n, k, candidate, node));
    PT_TRY_OR(done, pt_cost_all(n->space, &n->subnet, &cost));
    if (only < 0)
        pt_console_line(
            "  all: %lld parameters, %lld multiply-adds a sample, %d edge%s over "
            "all tasks, %d distinct",
            (long long)cost.parameters, (long long)cost.madds, (int)cost.edges,
            pt_plural(cost.edges), (int)cost.distinct_edges);
done:
    pt_free(node);
    pt_free(candidate);
    return status;
}

static void print_space(const pt_space_t *s)
{
    pt_console_line("space: %d nodes, %d edge%s, %d choices a task, %d task%s, at least %d "
                    "edge%s a connection, %lld parameters",
                    (int)s->n_dag_node, (int)s->n_edge, pt_plural(s->n_edge),
                    (int)s->n_choice, (int)s->n_task, pt_plural(s->n_task),
                    (int)s->min_depth, pt_plural(s->min_depth),
                    (long long)pt_store_n_element(&s->store));
    for (int32_t i = 0; i < s->n_node - s->n_task; i++) {
        pt_shape_t shape = s->node[i].shape;
        pt_console_line("  %-10s %3lld x %3lld x %4lld", s->node[i].name,
                        (long long)shape.h, (long long)shape.w, (long long)shape.c);
    }
    pt_console_line("tasks:");
    int32_t width = pt_space_name_columns(s, NAME_COLUMNS);
    for (int32_t k = 0; k < s->n_task; k++)
        pt_console_line("  %-*s %d outputs", pt_padded(s->task[k].name, width),
                        s->task[k].name, (int)s->task[k].outputs);
}

static pt_status_t find_task(const pt_space_t *space, const char *name, int32_t *task)
{
    *task = -1;
    if (name == NULL)
        return PT_OK;
    for (int32_t k = 0; k < space->n_task; k++)
        if (strcmp(space->task[k].name, name) == 0)
            *task = k;
    if (*task < 0)
        PT_FAIL(USAGE, "no task '%s'; the first of %d is '%s'", name, (int)space->n_task,
                space->task[0].name);
    return PT_OK;
}

static pt_status_t show_network(const pt_args_t *args, const network_t *network)
{
    int32_t task;
    bool is_drawn = true;
    const char *svg = args->flag[SHOW_SVG];
    PT_TRY(find_task(network->space, args->flag[SHOW_TASK], &task));
    PT_TRY(print_network(network, task));
    if (svg != NULL)
        PT_TRY(pt_diagram_write(network->space, &network->subnet, task, svg, &is_drawn));
    if (!is_drawn)
        PT_FAIL(MISSING, "no picture: Graphviz's program dot is not installed");
    return PT_OK;
}

static void say_if_unfinished(const char *run)
{
    pt_summary_t summary;
    if (pt_summary_read(run, &summary) != PT_OK)
        pt_error_clear(); /* the network is what was asked for */
    else if (!summary.is_done)
        pt_console_line("%s is not finished: the network is derived, its weights are not "
                        "trained to the end",
                        run);
    pt_summary_release(&summary);
}

static pt_status_t show_run(const pt_args_t *args, const pt_config_t *config,
                            const char *run, const char *path)
{
    pt_architecture_t read;
    PT_TRY(pt_architecture_open(config, path, &read));
    const network_t network = {.space = read.space, .subnet = read.subnet};
    say_if_unfinished(run);
    pt_status_t status = show_network(args, &network);
    pt_architecture_release(&read);
    return status;
}

/* A network that is known beforehand, else every choice open. */
static pt_status_t choose(const pt_config_t *config, network_t *n)
{
    const pt_space_t *s = n->space;
    pt_branching_t b;
    n->is_open = !pt_methods[config->search.method].is_fixed;
    for (int32_t k = 0; k < s->n_task; k++)
        for (int32_t c = 0; c < s->n_choice; c++)
            pt_subnet_switch(&n->subnet, k, c, true);
    if (n->is_open)
        return PT_OK;
    PT_TRY(pt_branching_init(&b, s->n_layer, s->n_task));
    pt_status_t status = pt_baseline_network(config, s, &b, &n->subnet);
    pt_branching_release(&b);
    return status;
}

static pt_status_t show_space(const pt_args_t *args, pt_session_t *session)
{
    network_t network = {0};
    pt_status_t status;
    session->config.data.cache = PT_CACHE_NONE; /* no input is looked at */
    PT_TRY(pt_session_open_data(session));
    const pt_form_t form = {.size = 0};
    PT_TRY_OR(done, pt_form_space(&session->config, session->dataset, &form, NULL,
                                  &network.space));
    PT_TRY_OR(done, pt_subnet_init(&network.subnet, network.space->n_task,
                                   network.space->n_choice));
    PT_TRY_OR(done, choose(&session->config, &network));
    bool is_dag = network.space->kind == PT_SPACE_DAG;
    if (is_dag)
        print_space(network.space);
    if (!is_dag || args->flag[SHOW_TASK] != NULL || args->flag[SHOW_SVG] != NULL)
        PT_TRY_OR(done, show_network(args, &network));
done:
    release(&network);
    return status;
}

pt_status_t pt_cmd_show(const pt_args_t *args, int *code)
{
    const char *what = args->word[0];
    char path[PT_PATH_MAX];
    struct stat info;
    pt_session_t session = {0};
    pt_status_t status;
    bool is_run = stat(what, &info) == 0 && S_ISDIR(info.st_mode);
    (void)code;
    if (is_run)
        PT_TRY(pt_session_config_of_run(what, args, &session.config));
    else
        PT_TRY(pt_session_config(what, args, &session.config));
    PT_TRY(pt_run_file_path(what, PT_FILE_ARCHITECTURE, path));
    if (is_run && access(path, R_OK) == 0)
        return show_run(args, &session.config, what, path);
    if (is_run)
        pt_console_line("%s has no network yet; its search space:", what);
    status = show_space(args, &session);
    pt_session_close(&session);
    return status;
}
