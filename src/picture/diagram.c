/* The graph of a network, drawn by Graphviz. */
#include "polytree/picture/diagram.h"

#include <string.h>

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

static pt_status_t run_dot(const pt_space_t *space, const pt_subnet_t *subnet, int32_t task,
                           pt_text_t *svg, bool *is_drawn)
{
    char *argv[] = {(char[]){"dot"}, (char[]){"-Tsvg"}, NULL};
    pt_text_t graph = {0};
    pt_status_t status = pt_diagram_dot(space, subnet, task, &graph);
    if (status == PT_OK)
        status = pt_program_run(argv, &graph, svg, is_drawn);
    pt_text_release(&graph);
    return status;
}

/* The picture without what makes it a file, and without the names that dot has for nodes,
 * which a browser shows.  All of it is dot's: texts of ours are quoted in it, so that no
 * tag begins in one. */
static void put_inline(const char *svg, pt_text_t *out)
{
    static const char *const dropped[] = {" xmlns=\"", " xmlns:xlink=\""};
    const char *at = strstr(svg, "<svg ");
    while (at != NULL && *at != '\0') {
        const char *end = strpbrk(at + 1, "<\n ");
        size_t n = end == NULL ? strlen(at) : (size_t)(end - at);
        if (strncmp(at, "<title>", 7) == 0 && (end = strstr(at, "</title>")) != NULL) {
            at = end + 8;
            continue;
        }
        bool is_dropped = false;
        for (size_t i = 0; i < sizeof dropped / sizeof dropped[0]; i++)
            is_dropped |= strncmp(at, dropped[i], strlen(dropped[i])) == 0;
        if (is_dropped)
            n = (size_t)(strchr(strchr(at, '"') + 1, '"') + 1 - at);
        else
            pt_text_add_bytes(out, at, n);
        at += n;
    }
}

pt_status_t pt_diagram_draw(const pt_space_t *space, const pt_subnet_t *subnet,
                            pt_text_t *svg, bool *is_drawn)
{
    pt_text_t file = {0};
    pt_status_t status = run_dot(space, subnet, -1, &file, is_drawn);
    if (status == PT_OK && *is_drawn)
        put_inline(pt_text_get(&file), svg);
    pt_text_release(&file);
    return status;
}

const char *pt_diagram_color(int32_t task)
{
    return dot_color(task);
}

pt_status_t pt_diagram_write(const pt_space_t *space, const pt_subnet_t *subnet,
                             int32_t task, const char *path, bool *is_drawn)
{
    pt_text_t svg = {0};
    pt_status_t status = run_dot(space, subnet, task, &svg, is_drawn);
    if (status == PT_OK && *is_drawn)
        return pt_file_write_text(path, &svg);
    pt_text_release(&svg);
    return status;
}
