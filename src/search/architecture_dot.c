#include <string.h>

#include "polytree/base/memory.h"
#include "polytree/search/architecture.h"

enum {
    N_COLOR = 24,
    MOST_LINES = 3, /* parallel lines of one edge */
    MOST_HEADS = 6  /* drawn as nodes of their own */
};

/* Told apart on white, neighbours by hue and lightness. */
static const char *const palette[N_COLOR] = {
    "#1f77b4", "#d62728", "#2ca02c", "#ff7f0e", "#9467bd", "#17becf", "#e377c2", "#8c564b",
    "#bcbd22", "#003f5c", "#ff6f61", "#006d2c", "#c49c00", "#54278f", "#41b6c4", "#ae017e",
    "#a6761d", "#67a9cf", "#b30000", "#78c679", "#fdae61", "#9e9ac8", "#00441b", "#f768a1"};

typedef struct drawing {
    const pt_space_t *space;
    FILE *file;
    int32_t first, n_task; /* tasks drawn */
    uint8_t *candidate;    /* [n_task][n_candidate] alive */
    uint8_t *node;         /* [n_node] bits of pt_subnet_reach(), of any task */
} drawing_t;

static const char *task_color(int32_t task)
{
    return palette[task % N_COLOR];
}

static bool is_alive(const drawing_t *d, int32_t slot, int32_t candidate)
{
    return d->candidate[(size_t)slot * (size_t)d->space->n_candidate + (size_t)candidate];
}

static int32_t count_users(const drawing_t *d, int32_t candidate)
{
    int32_t n = 0;
    for (int32_t k = 0; k < d->n_task; k++)
        n += is_alive(d, k, candidate);
    return n;
}

/* Inside a quoted string or an HTML label; task names may hold anything. */
static void print_text(FILE *file, const char *text, bool is_html)
{
    for (; *text != '\0'; text++) {
        if (is_html && strchr("&<>\"", *text) != NULL)
            fprintf(file, "&#%d;", (int)*text);
        else if (!is_html && strchr("\\\"", *text) != NULL)
            fprintf(file, "\\%c", *text);
        else
            fputc(*text, file);
    }
}

static bool has_heads(const drawing_t *d)
{
    return d->n_task <= MOST_HEADS;
}

static bool is_head(const drawing_t *d, const pt_candidate_t *c)
{
    return c->dst >= d->space->n_node - d->space->n_task;
}

static void draw_nodes(const drawing_t *d)
{
    const pt_space_t *s = d->space;
    int32_t first_logits = s->n_node - s->n_task;
    for (int32_t i = 0; i < first_logits; i++) {
        const pt_node_t *n = &s->node[i];
        bool is_used = d->node[i] == 3;
        fprintf(d->file, "  n%d [label=\"%s\\n%lld x %lld x %lld\", %s];\n", (int)i,
                n->name, (long long)n->shape.h, (long long)n->shape.w,
                (long long)n->shape.c,
                is_used ? "fillcolor=\"#eef2f7\""
                        : "fillcolor=white, color=gray80, fontcolor=gray70, style=dashed");
    }
    for (int32_t k = 0; has_heads(d) && k < d->n_task; k++) {
        int32_t task = d->first + k;
        fprintf(d->file, "  n%d [shape=box, color=\"%s\", penwidth=2, label=\"",
                (int)(first_logits + task), task_color(task));
        print_text(d->file, s->task[task].name, false);
        fprintf(d->file, "\\n%d outputs\"];\n", (int)s->task[task].outputs);
    }
}

static void print_users(const drawing_t *d, int32_t candidate)
{
    const char *between = "";
    for (int32_t k = 0; k < d->n_task; k++) {
        if (!is_alive(d, k, candidate))
            continue;
        fputs(between, d->file);
        print_text(d->file, d->space->task[d->first + k].name, false);
        between = ", ";
    }
}

static void print_user_colors(const drawing_t *d, int32_t candidate)
{
    const char *between = "";
    for (int32_t k = 0; k < d->n_task; k++) {
        if (!is_alive(d, k, candidate))
            continue;
        fprintf(d->file, "%s%s", between, task_color(d->first + k));
        between = ":";
    }
}

static void draw_edge(const drawing_t *d, int32_t candidate)
{
    const pt_candidate_t *c = &d->space->candidate[candidate];
    int32_t n = count_users(d, candidate);
    bool is_choice = c->choice >= 0;
    bool is_edge = is_choice && d->space->choice[c->choice].kind == PT_CHOICE_EDGE;

    if (n == 0 || (is_head(d, c) && !has_heads(d)))
        return;
    fprintf(d->file, "  n%d -> n%d [", (int)c->src, (int)c->dst);
    if (!is_choice && !is_head(d, c)) {
        fprintf(d->file, "color=black, penwidth=2");
    } else if (n <= MOST_LINES) {
        fprintf(d->file, "color=\"");
        print_user_colors(d, candidate);
        fprintf(d->file, "\", penwidth=%s", is_edge ? "2" : "1.2");
    } else {
        fprintf(d->file, "color=gray35, penwidth=%.2f, label=\"%d/%d\"",
                1.0 + 5.0 * n / d->n_task, (int)n, (int)d->n_task);
    }
    fprintf(d->file, "%s, tooltip=\"%s: ", is_choice && !is_edge ? ", style=dashed" : "",
            c->name);
    print_users(d, candidate);
    fprintf(d->file, "\"];\n");
}

static int32_t count_edges(const drawing_t *d, int32_t slot)
{
    const pt_space_t *s = d->space;
    int32_t n = 0;
    for (int32_t c = 0; c < s->n_choice; c++)
        n += s->choice[c].kind == PT_CHOICE_EDGE &&
             is_alive(d, slot, pt_space_choice_candidate(s, c, d->first + slot));
    return n;
}

static void draw_legend(const drawing_t *d)
{
    int32_t n_column = d->n_task > 8 ? 2 : 1;
    int32_t n_row = (d->n_task + n_column - 1) / n_column;
    fprintf(d->file, "  legend [shape=plaintext, style=\"\", label=<<TABLE BORDER=\"0\" "
                     "CELLBORDER=\"0\" CELLSPACING=\"3\">\n");
    for (int32_t row = 0; row < n_row; row++) {
        fprintf(d->file, "    <TR>");
        for (int32_t k = row; k < d->n_task; k += n_row) {
            int32_t n = count_edges(d, k);
            fprintf(d->file, "<TD BGCOLOR=\"%s\" WIDTH=\"22\"></TD><TD ALIGN=\"LEFT\">",
                    task_color(d->first + k));
            print_text(d->file, d->space->task[d->first + k].name, true);
            fprintf(d->file, " (%d edge%s)</TD>", (int)n, n == 1 ? "" : "s");
        }
        fprintf(d->file, "</TR>\n");
    }
    fprintf(d->file,
            "    <TR><TD COLSPAN=\"%d\" ALIGN=\"LEFT\">solid: edges; dashed: "
            "read-in, read-out</TD></TR>\n",
            2 * (int)n_column);
    if (d->n_task > MOST_LINES)
        fprintf(d->file,
                "    <TR><TD COLSPAN=\"%d\" ALIGN=\"LEFT\">grey n/%d: used by n of %d "
                "tasks</TD></TR>\n",
                2 * (int)n_column, (int)d->n_task, (int)d->n_task);
    fprintf(d->file, "  </TABLE>>];\n");
}

static void draw(const drawing_t *d)
{
    fprintf(d->file, "digraph architecture {\n"
                     "  rankdir=LR; nodesep=0.35; ranksep=0.45;\n"
                     "  node [shape=ellipse, style=filled, fillcolor=white, "
                     "fontname=\"Helvetica\", fontsize=11];\n"
                     "  edge [fontname=\"Helvetica\", fontsize=10, arrowsize=0.7];\n");
    draw_nodes(d);
    for (int32_t c = 0; c < d->space->n_candidate; c++)
        draw_edge(d, c);
    draw_legend(d);
    fprintf(d->file, "}\n");
}

pt_status_t pt_architecture_dot(const pt_space_t *space, const pt_subnet_t *subnet,
                                int32_t task, FILE *file)
{
    size_t n_candidate = (size_t)space->n_candidate, n_node = (size_t)space->n_node;
    drawing_t d = {.space = space,
                   .file = file,
                   .first = task < 0 ? 0 : task,
                   .n_task = task < 0 ? space->n_task : 1};
    uint8_t *memory, *reached;
    if (task >= space->n_task)
        PT_FAIL(RANGE, "task %d of %d", (int)task, (int)space->n_task);
    PT_TRY(pt_alloc(&memory, (size_t)d.n_task * n_candidate + 2 * n_node, 1));
    d.candidate = memory;
    d.node = memory + (size_t)d.n_task * n_candidate;
    reached = d.node + n_node;
    for (int32_t k = 0; k < d.n_task; k++) {
        pt_subnet_reach(space, subnet, d.first + k, d.candidate + (size_t)k * n_candidate,
                        reached);
        for (size_t i = 0; i < n_node; i++)
            d.node[i] |= reached[i] == 3 ? 3 : 0;
    }
    draw(&d);
    pt_free(memory);
    if (ferror(file))
        PT_FAIL(IO, "the drawing could not be written");
    return PT_OK;
}
