/* The graph of a network, drawn by Graphviz. */
#include "polytree/picture/diagram.h"

#include "polytree/picture/program.h"
#include "picture/dot.h"

pt_status_t pt_diagram_dot(const pt_space_t *space, const pt_subnet_t *subnet, int32_t task,
                           FILE *file)
{
    if (task >= space->n_task)
        PT_FAIL(RANGE, "task %d of %d", (int)task, (int)space->n_task);
    PT_TRY(space->kind == PT_SPACE_DAG ? dot_dag(space, subnet, task, file)
                                       : dot_tree(space, subnet, task, file));
    if (ferror(file))
        PT_FAIL(IO, "the drawing could not be written");
    return PT_OK;
}

typedef struct graph {
    const pt_space_t *space;
    const pt_subnet_t *subnet;
    int32_t task;
} graph_t;

static pt_status_t print_graph(const void *context, FILE *input)
{
    const graph_t *g = context;
    return pt_diagram_dot(g->space, g->subnet, g->task, input);
}

pt_status_t pt_diagram_write(const pt_space_t *space, const pt_subnet_t *subnet,
                             int32_t task, const char *path, bool *is_drawn)
{
    char *argv[] = {(char[]){"dot"}, (char[]){"-Tsvg"}, NULL};
    const graph_t graph = {space, subnet, task};
    return pt_program_run(argv, print_graph, &graph, path, is_drawn);
}
