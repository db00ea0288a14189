/* The graph of a network, drawn by Graphviz. */
#include "polytree/picture/diagram.h"

#include "polytree/io/file.h"
#include "polytree/picture/program.h"
#include "picture/dot.h"

pt_status_t pt_diagram_dot(const pt_space_t *space, const pt_subnet_t *subnet, int32_t task,
                           pt_text_t *out)
{
    if (task >= space->n_task)
        PT_FAIL(RANGE, "task %d of %d", (int)task, (int)space->n_task);
    PT_TRY(space->kind == PT_SPACE_DAG ? dot_dag(space, subnet, task, out)
                                       : dot_tree(space, subnet, task, out));
    return out->status;
}

pt_status_t pt_diagram_write(const pt_space_t *space, const pt_subnet_t *subnet,
                             int32_t task, const char *path, bool *is_drawn)
{
    char *argv[] = {(char[]){"dot"}, (char[]){"-Tsvg"}, NULL};
    pt_text_t graph = {0}, svg = {0};
    pt_status_t status;
    PT_TRY_OR(done, pt_diagram_dot(space, subnet, task, &graph));
    PT_TRY_OR(done, pt_program_run(argv, &graph, &svg, is_drawn));
    if (*is_drawn)
        status = pt_file_write_text(path, &svg);
done:
    pt_text_release(&graph);
    pt_text_release(&svg);
    return status;
}
