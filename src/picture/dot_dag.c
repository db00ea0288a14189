/* The graph of a dag space's network, as Graphviz reads it. */
#include <string.h>

#include "polytree/base/memory.h"
#include "polytree/base/quote.h"
#include "polytree/base/text.h"
#include "polytree/picture/outline.h"
#include "picture/dot.h"

enum {
    MOST_LINES = 3,    /* parallel lines of one edge */
    MOST_LEFT_OUT = 2, /* tasks named at an edge that all but these use */
    MOST_HEADS = 6,    /* drawn as nodes of their own */
    MOST_IN_LINE = 5,  /* tasks in a line of the legend */
    MOST_ROWS = 24,    /* of the legend */
    WIDE = 6           /* points that a character of it takes in a wide font */
};

typedef struct drawing {
    const pt_space_t *space;
    pt_text_t *out;
    int32_t first, n_task; /* tasks drawn */
    uint8_t *candidate;    /* [n_task][n_candidate] alive */
    uint8_t *node;         /* [n_task][n_node] bits of pt_subnet_reach() */
} drawing_t;

static bool is_alive(const drawing_t *d, int32_t slot, int32_t candidate)
{
    return d->candidate[(size_t)slot * (size_t)d->space->n_candidate + (size_t)candidate];
}

/* The head needs a value that it has. */
static bool is_used(const drawing_t *d, int32_t slot, int32_t node)
{
    return d->node[(size_t)slot * (size_t)d->space->n_node + (size_t)node] == 3;
}

static int32_t count_users(const drawing_t *d, int32_t candidate)
{
    int32_t n = 0;
    for (int32_t k = 0; k < d->n_task; k++)
        n += is_alive(d, k, candidate);
    return n;
}

static bool has_heads(const drawing_t *d)
{
    return d->n_task <= MOST_HEADS;
}

static bool is_head(const drawing_t *d, const pt_candidate_t *c)
{
    return c->dst >= d->space->n_node - d->space->n_task;
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

/* Whose a node or, where `node` < 0, a candidate is. */
static void print_class(const drawing_t *d, int32_t node, int32_t candidate)
{
    if (!dot_has_classes(d->n_task))
        return;
    pt_text_add(d->out, ", class=\"");
    for (int32_t k = 0; k < d->n_task; k++)
        if (node >= 0 ? is_used(d, k, node) : is_alive(d, k, candidate))
            pt_text_add(d->out, "t%d ", (int)(d->first + k));
    pt_text_add(d->out, "\"");
}

static void draw_nodes(const drawing_t *d)
{
    const pt_space_t *s = d->space;
    int32_t first_logits = s->n_node - s->n_task;
    for (int32_t i = 0; i < first_logits; i++) {
        const pt_node_t *n = &s->node[i];
        bool is_any = false;
        for (int32_t k = 0; k < d->n_task; k++)
            is_any |= is_used(d, k, i);
        pt_text_add(d->out, "  n%d [label=\"%s\\n%lld x %lld x %lld\", %s", (int)i, n->name,
                    (long long)n->shape.h, (long long)n->shape.w, (long long)n->shape.c,
                    is_any
                        ? "fillcolor=\"#eef2f7\""
                        : "fillcolor=white, color=gray80, fontcolor=gray70, style=dashed");
        if (is_any)
            print_class(d, i, -1);
        pt_text_add(d->out, "];\n");
    }
    for (int32_t k = 0; has_heads(d) && k < d->n_task; k++) {
        int32_t task = d->first + k;
        pt_text_add(d->out, "  n%d [shape=box, color=\"%s\", penwidth=2, label=\"",
                    (int)(first_logits + task), dot_color(task));
        pt_quote_dot(s->task[task].name, d->out);
        int32_t n = count_edges(d, k);
        pt_text_add(d->out, "\\n%d output%s, %d edge%s\"", (int)s->task[task].outputs,
                    pt_plural(s->task[task].outputs), (int)n, pt_plural(n));
        if (dot_has_classes(d->n_task))
            pt_text_add(d->out, ", class=t%d", (int)task);
        pt_text_add(d->out, "];\n");
    }
}

static void print_users(const drawing_t *d, int32_t candidate)
{
    const char *between = "";
    for (int32_t k = 0; k < d->n_task; k++) {
        if (!is_alive(d, k, candidate))
            continue;
        pt_text_add(d->out, "%s", between);
        pt_quote_dot(d->space->task[d->first + k].name, d->out);
        between = ", ";
    }
}

static void print_user_colors(const drawing_t *d, int32_t candidate)
{
    const char *between = "";
    for (int32_t k = 0; k < d->n_task; k++) {
        if (!is_alive(d, k, candidate))
            continue;
        pt_text_add(d->out, "%s%s", between, dot_color(d->first + k));
        between = ":";
    }
}

/* "all", "all but" one or two, or how many. */
static void print_share(const drawing_t *d, int32_t candidate, int32_t n)
{
    if (d->n_task - n > MOST_LEFT_OUT) {
        pt_text_add(d->out, "%d/%d", (int)n, (int)d->n_task);
        return;
    }
    pt_text_add(d->out, "%s", n == d->n_task ? "all" : "all but");
    for (int32_t k = 0; k < d->n_task; k++) {
        if (is_alive(d, k, candidate))
            continue;
        pt_text_add(d->out, "\\n");
        pt_quote_dot(d->space->task[d->first + k].name, d->out);
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
    pt_text_add(d->out, "  n%d -> n%d [", (int)c->src, (int)c->dst);
    if (!is_choice && !is_head(d, c)) {
        pt_text_add(d->out, "color=black, penwidth=2");
    } else if (n <= MOST_LINES) {
        pt_text_add(d->out, "color=\"");
        print_user_colors(d, candidate);
        pt_text_add(d->out, "\", penwidth=%s", is_edge ? "2" : "1.2");
    } else {
        pt_text_add(d->out, "color=gray35, penwidth=%.2f, label=\"",
                    1.0 + 3.0 * n / d->n_task);
        print_share(d, candidate, n);
        pt_text_add(d->out, "\"");
    }
    pt_text_add(d->out, "%s, tooltip=\"", is_choice && !is_edge ? ", style=dashed" : "");
    pt_quote_dot(c->name, d->out);
    pt_text_add(d->out, ": ");
    print_users(d, candidate);
    pt_text_add(d->out, "\"");
    print_class(d, -1, candidate);
    pt_text_add(d->out, "];\n");
}

/* Where other slots have the same graph as `slot`: the first of them. */
static int32_t first_alike(const drawing_t *d, int32_t slot)
{
    const pt_space_t *s = d->space;
    for (int32_t k = 0; k < slot; k++) {
        int32_t c = 0;
        while (c < s->n_choice &&
               is_alive(d, k, pt_space_choice_candidate(s, c, d->first + k)) ==
                   is_alive(d, slot, pt_space_choice_candidate(s, c, d->first + slot)))
            c++;
        if (c == s->n_choice)
            return k;
    }
    return slot;
}

/* Whether some line has this task's own colour. */
static bool has_color(const drawing_t *d, int32_t slot)
{
    for (int32_t c = 0; c < d->space->n_candidate; c++)
        if (d->space->candidate[c].choice >= 0 && is_alive(d, slot, c) &&
            count_users(d, c) <= MOST_LINES)
            return true;
    return false;
}

static void print_alike(const drawing_t *d, int32_t slot)
{
    int32_t n_in_line = 0;
    for (int32_t k = slot; k < d->n_task; k++) {
        if (first_alike(d, k) != slot)
            continue;
        if (n_in_line == MOST_IN_LINE)
            pt_text_add(d->out, ",<BR ALIGN=\"LEFT\"/>");
        else if (n_in_line > 0)
            pt_text_add(d->out, ", ");
        n_in_line = n_in_line == MOST_IN_LINE ? 1 : n_in_line + 1;
        if (has_color(d, k))
            pt_text_add(d->out, "<FONT COLOR=\"%s\">&#9632;</FONT> ",
                        dot_color(d->first + k));
        pt_quote_dot_html(d->space->task[d->first + k].name, d->out);
    }
    pt_text_add(d->out, "<BR ALIGN=\"LEFT\"/>");
}

/* Which tasks have which graph: a row for all that are alike. */
static void draw_graphs(const drawing_t *d)
{
    char words[1024];
    int32_t n = 0;
    for (int32_t k = 0; k < d->n_task; k++) {
        if (first_alike(d, k) != k || n++ >= MOST_ROWS)
            continue;
        pt_text_t text = pt_text_in(words, sizeof words);
        pt_outline_dag(d->space, d->candidate + (size_t)k * (size_t)d->space->n_candidate,
                       d->first + k, &text);
        /* The font that shows it may be wider than the one that Graphviz has in mind. */
        pt_text_add(d->out,
                    "    <TR><TD ALIGN=\"LEFT\" WIDTH=\"%d\">%s</TD><TD ALIGN=\"LEFT\">",
                    WIDE * (int)text.n, words);
        print_alike(d, k);
        pt_text_add(d->out, "</TD></TR>\n");
    }
    if (n > MOST_ROWS)
        pt_text_add(
            d->out,
            "    <TR><TD COLSPAN=\"2\" ALIGN=\"LEFT\">and %d more graphs</TD></TR>\n",
            (int)(n - MOST_ROWS));
}

/* Below the graph, as its label. */
static void draw_legend(const drawing_t *d)
{
    pt_text_add(d->out, "  labelloc=b; labeljust=l;\n  label=<<TABLE BORDER=\"0\" "
                        "CELLBORDER=\"0\" CELLSPACING=\"2\">\n    <TR><TD COLSPAN=\"2\" "
                        "ALIGN=\"LEFT\">solid: edges; dashed: read-in, read-out");
    if (d->n_task > MOST_LINES)
        pt_text_add(d->out, "; grey: used by so many of %d tasks", (int)d->n_task);
    pt_text_add(d->out, "</TD></TR>\n");
    if (!has_heads(d))
        draw_graphs(d);
    pt_text_add(d->out, "  </TABLE>>;\n");
}

static void draw(const drawing_t *d)
{
    pt_text_add(d->out, "digraph architecture {\n"
                        "  rankdir=LR; nodesep=0.35; ranksep=0.45;\n"
                        "  fontname=\"Helvetica\"; fontsize=11;\n"
                        "  node [shape=ellipse, style=filled, fillcolor=white, "
                        "fontname=\"Helvetica\", fontsize=11];\n"
                        "  edge [fontname=\"Helvetica\", fontsize=10, arrowsize=0.7];\n");
    draw_nodes(d);
    for (int32_t c = 0; c < d->space->n_candidate; c++)
        draw_edge(d, c);
    draw_legend(d);
    pt_text_add(d->out, "}\n");
}

pt_status_t dot_dag(const pt_space_t *space, const pt_subnet_t *subnet, int32_t task,
                    pt_text_t *out)
{
    size_t n_candidate = (size_t)space->n_candidate, n_node = (size_t)space->n_node;
    drawing_t d = {.space = space,
                   .out = out,
                   .first = task < 0 ? 0 : task,
                   .n_task = task < 0 ? space->n_task : 1};
    uint8_t *memory;
    PT_TRY(pt_alloc(&memory, (size_t)d.n_task * (n_candidate + n_node), 1));
    d.candidate = memory;
    d.node = memory + (size_t)d.n_task * n_candidate;
    for (int32_t k = 0; k < d.n_task; k++)
        pt_subnet_reach(space, subnet, d.first + k, d.candidate + (size_t)k * n_candidate,
                        d.node + (size_t)k * n_node);
    draw(&d);
    pt_free(memory);
    return PT_OK;
}
