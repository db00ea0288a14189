/* The graph of a network, drawn by Graphviz. */
#include "app/picture.h"

#include "polytree/picture/pipe.h"
#include "polytree/search/architecture.h"

typedef struct graph {
    const pt_space_t *space;
    const pt_subnet_t *subnet;
    int32_t task;
} graph_t;

static pt_status_t print_graph(const void *context, FILE *input)
{
    const graph_t *g = context;
    return pt_architecture_dot(g->space, g->subnet, g->task, input);
}

pt_status_t pt_picture_write(const pt_space_t *space, const pt_subnet_t *subnet,
                             int32_t task, const char *path, bool *is_drawn)
{
    char *argv[] = {(char[]){"dot"}, (char[]){"-Tsvg"}, NULL};
    const graph_t graph = {space, subnet, task};
    return pt_picture_pipe(argv, print_graph, &graph, path, is_drawn);
}
