/* The picture of a branch space: a tree that grows from the input down to the tasks.
 *
 * Few tasks have a leaf each.  Of many, sibling branches that end in heads are one box, and
 * branches are opened, those of most tasks first, for as long as there is room; what is
 * below the others is summed up in their boxes.
 */

#include "polytree/arch/cost.h"
#include "polytree/base/memory.h"
#include "polytree/base/quote.h"
#include "polytree/base/text.h"
#include "picture/dot.h"
#include "picture/tree.h"

enum {
    MOST_HEADS = 12, /* drawn as leaves of their own */
    MOST_BOXES = 40, /* where heads are not */
    MOST_DOWN = 12,  /* leaves beside each other; a tree of more grows to the right */
    MOST_LINES = 3,  /* parallel lines of one edge */
    MOST_NAMES = 5
};

typedef enum state {
    HIDDEN,
    OPEN,
    CLOSED /* with all that is below */
} state_t;

typedef struct picture {
    const tree_t *tree;
    pt_text_t *out;
    int32_t only;     /* the one task to draw, or -1 */
    state_t *state;   /* [n_node] */
    int32_t *n_stack; /* [n_node + 1] children drawn as one box, by parent + 1 */
    int32_t n_box, n_leaf;
} picture_t;

/* What a box stands for. */
typedef struct sum {
    int32_t first, last;                /* layers */
    int32_t n_task, n_end, least, most; /* tasks of the n_end nodes that end in heads */
    int64_t madds, parameters;
} sum_t;

static void add_node(const tree_t *t, int32_t node, sum_t *sum)
{
    const tree_node_t *n = &t->node[node];
    sum->last = n->last > sum->last ? n->last : sum->last;
    sum->madds += n->madds;
    sum->parameters += n->parameters;
    if (n->n_child > 0)
        return;
    sum->least = sum->n_end == 0 || n->n_task < sum->least ? n->n_task : sum->least;
    sum->most = n->n_task > sum->most ? n->n_task : sum->most;
    sum->n_task += n->n_task;
    sum->n_end++;
}

static bool is_below(const tree_t *t, int32_t node, int32_t top)
{
    while (node > top)
        node = t->node[node].parent;
    return node == top;
}

static bool is_stacked(const picture_t *p, int32_t node, int32_t parent)
{
    const tree_node_t *n = &p->tree->node[node];
    return n->parent == parent && n->n_child == 0 && p->n_stack[parent + 1] > 0;
}

static void count_children(const tree_t *t, int32_t parent, int32_t *n_end, int32_t *n_more)
{
    *n_end = *n_more = 0;
    for (int32_t n = parent + 1; n < t->n_node; n++)
        if (t->node[n].parent == parent) {
            *n_end += t->node[n].n_child == 0;
            *n_more += t->node[n].n_child > 0;
        }
}

/* Show the children of a node, of the input (-1). */
static void open_node(picture_t *p, int32_t parent)
{
    const tree_t *t = p->tree;
    int32_t n_end, n_more;
    count_children(t, parent, &n_end, &n_more);
    p->n_box += n_more + (n_end > 0);
    p->n_stack[parent + 1] = n_end > 1 ? n_end : 0;
    if (parent >= 0)
        p->state[parent] = OPEN;
    for (int32_t n = parent + 1; n < t->n_node; n++)
        if (t->node[n].parent == parent && t->node[n].n_child > 0)
            p->state[n] = CLOSED;
        else if (t->node[n].parent == parent)
            p->state[n] = n_end > 1 ? HIDDEN : OPEN;
}

/* The closed node of most tasks whose children find room; -1: none. */
static int32_t find_to_open(const picture_t *p)
{
    const tree_t *t = p->tree;
    int32_t best = -1, n_end, n_more;
    for (int32_t n = 0; n < t->n_node; n++) {
        if (p->state[n] != CLOSED ||
            (best >= 0 && t->node[n].n_task <= t->node[best].n_task))
            continue;
        count_children(t, n, &n_end, &n_more);
        if (p->n_box + n_more + (n_end > 0) <= MOST_BOXES)
            best = n;
    }
    return best;
}

static bool has_heads(const picture_t *p)
{
    return p->only >= 0 || p->tree->space->n_task <= MOST_HEADS;
}

/* Which nodes have a box. */
static void arrange(picture_t *p)
{
    const tree_t *t = p->tree;
    if (!has_heads(p)) {
        open_node(p, -1);
        for (int32_t n; (n = find_to_open(p)) >= 0;)
            open_node(p, n);
    }
    for (int32_t n = 0; n < t->n_node; n++) {
        if (has_heads(p) && (p->only < 0 || tree_has(t, n, p->only)))
            p->state[n] = OPEN;
        if (p->state[n] == CLOSED || (p->state[n] == OPEN && t->node[n].n_child == 0))
            p->n_leaf += has_heads(p) && p->only < 0 ? t->node[n].n_task : 1;
    }
    for (int32_t n = 0; n <= t->n_node; n++)
        p->n_leaf += p->n_stack[n] > 0;
}

static void print_amount(pt_text_t *out, int64_t n)
{
    static const char *const unit[] = {"", " k", " M", " G", " T"};
    double x = (double)n;
    int u = 0;
    while (x >= 999.5 && u < 4) {
        x /= 1000;
        u++;
    }
    pt_text_add(out,
                u == 0 || x >= 99.95 ? "%.0f%s"
                : x >= 9.995         ? "%.1f%s"
                                     : "%.2f%s",
                x, unit[u]);
}

static void print_cost(pt_text_t *out, const char *before, int64_t madds,
                       int64_t parameters, const char *behind)
{
    pt_text_add(out, "<TR><TD><FONT POINT-SIZE=\"9\" COLOR=\"gray35\">%s", before);
    print_amount(out, madds);
    pt_text_add(out, " multiply-adds, ");
    print_amount(out, parameters);
    pt_text_add(out, " parameters%s</FONT></TD></TR>", behind);
}

static void print_title(const picture_t *p, const sum_t *sum)
{
    const pt_shape_t out = p->tree->space->node[1 + sum->last].shape;
    char layers[64];
    pt_text_t text = pt_text_in(layers, sizeof layers);
    tree_add_layers(p->tree, sum->first, sum->last, &text);
    pt_text_add(
        p->out,
        "<TR><TD><B>%s</B>  <FONT COLOR=\"gray35\">%lld x %lld x %lld</FONT></TD></TR>",
        layers, (long long)out.h, (long long)out.w, (long long)out.c);
}

/* A square in the colour of each task of a node, and its name where one task is drawn. */
static void print_tasks(const picture_t *p, int32_t node)
{
    const pt_space_t *s = p->tree->space;
    bool has_names = p->only >= 0 && p->tree->node[node].n_task <= MOST_NAMES;
    pt_text_add(p->out, "<TR><TD>");
    for (int32_t k = 0; k < s->n_task; k++)
        if (tree_has(p->tree, node, k)) {
            pt_text_add(p->out, "<FONT COLOR=\"%s\">&#9632;</FONT>", dot_color(k));
            if (has_names) {
                pt_quote_dot_html(s->task[k].name, p->out);
                pt_text_add(p->out, " ");
            }
        }
    pt_text_add(p->out, "</TD></TR>");
}

/* Heads may read features on the way, too. */
static void print_skip(const picture_t *p, const sum_t *sum)
{
    const pt_space_t *s = p->tree->space;
    if (s->skip_layer > 0 && sum->first <= s->skip_layer && s->skip_layer <= sum->last)
        pt_text_add(p->out,
                    "<TR><TD><FONT POINT-SIZE=\"9\" COLOR=\"gray35\">%s also goes to the "
                    "heads</FONT></TD></TR>",
                    s->node[1 + s->skip_layer].name);
}

static void print_count(pt_text_t *out, const sum_t *sum)
{
    pt_text_add(out, "<TR><TD>%d task%s", (int)sum->n_task, pt_plural(sum->n_task));
    if (sum->n_end > 1 && sum->most == 1)
        pt_text_add(out, ", each alone");
    else if (sum->n_end > 1)
        pt_text_add(out, " in %d groups of %d to %d", (int)sum->n_end, (int)sum->least,
                    (int)sum->most);
    pt_text_add(out, "</TD></TR>");
}

/* Darker the more tasks are in it. */
static void print_fill(pt_text_t *out, int32_t n, int32_t n_task)
{
    int shade = n_task > 1 ? (int)(40.0 * (n - 1) / (n_task - 1)) : 40;
    pt_text_add(out, "fillcolor=\"#%02x%02x%02x\"", 250 - shade, 251 - shade * 3 / 4,
                252 - shade / 3);
}

/* Whose a node, or the edge to it, is. */
static void print_class(const picture_t *p, int32_t node)
{
    int32_t n_task = p->tree->space->n_task;
    if (p->only >= 0 || !dot_has_classes(n_task))
        return;
    pt_text_add(p->out, ", class=\"");
    for (int32_t k = 0; k < n_task; k++)
        if (tree_has(p->tree, node, k))
            pt_text_add(p->out, "t%d ", (int)k);
    pt_text_add(p->out, "\"");
}

static void print_class_of_task(const picture_t *p, int32_t task)
{
    if (p->only < 0 && dot_has_classes(p->tree->space->n_task))
        pt_text_add(p->out, ", class=t%d", (int)task);
}

static void draw_node(const picture_t *p, int32_t node)
{
    const tree_t *t = p->tree;
    const tree_node_t *n = &t->node[node];
    sum_t sum = {.first = n->first};
    bool is_closed = p->state[node] == CLOSED, is_open = t->n_copy > 1 && n->first > 0;
    for (int32_t m = node; m < (is_closed ? t->n_node : node + 1); m++)
        if (is_below(t, m, node))
            add_node(t, m, &sum);
    pt_text_add(p->out, "  n%d [", (int)node);
    print_fill(p->out, n->n_task, t->space->n_task);
    print_class(p, node);
    pt_text_add(p->out,
                "%s, label=<<TABLE BORDER=\"0\" CELLSPACING=\"0\" CELLPADDING=\"1\">",
                is_closed ? ", style=\"filled,rounded,dashed\"" : "");
    print_title(p, &sum);
    if (is_open)
        pt_text_add(p->out, "<TR><TD>each layer in %d copies, to choose one of</TD></TR>",
                    (int)t->n_copy);
    print_cost(p->out, is_open ? "one: " : "", sum.madds, sum.parameters,
               is_closed ? " in all" : "");
    print_skip(p, &sum);
    if (t->space->n_task <= DOT_N_COLOR) {
        print_tasks(p, node);
    } else {
        sum.n_task = n->n_task;
        print_count(p->out, &sum);
    }
    pt_text_add(p->out, "</TABLE>>];\n");
}

/* Siblings that end in heads: they have the same layers. */
static void draw_stack(const picture_t *p, int32_t parent)
{
    const tree_t *t = p->tree;
    sum_t sum = {0};
    int32_t one = -1;
    for (int32_t n = parent + 1; n < t->n_node; n++)
        if (is_stacked(p, n, parent)) {
            add_node(t, n, &sum);
            one = n;
        }
    sum.first = t->node[one].first;
    pt_text_add(p->out, "  s%d [peripheries=2, ", (int)(parent + 1));
    print_fill(p->out, sum.most, t->space->n_task);
    pt_text_add(p->out,
                ", label=<<TABLE BORDER=\"0\" CELLSPACING=\"0\" CELLPADDING=\"1\">");
    print_title(p, &sum);
    pt_text_add(p->out, "<TR><TD>%d copies</TD></TR>", (int)sum.n_end);
    print_cost(p->out, "each: ", t->node[one].madds, t->node[one].parameters, "");
    print_count(p->out, &sum);
    pt_text_add(p->out, "</TABLE>>];\n");
}

/* A line for each of few tasks, else one as wide as they are many. */
static void print_lines(const picture_t *p, int32_t node, int32_t n)
{
    const char *between = "";
    int32_t n_task = p->tree->space->n_task;
    if (n > MOST_LINES || node < 0 || n_task > DOT_N_COLOR) {
        pt_text_add(p->out, " [color=gray45, penwidth=%.2f", 1.0 + 3.0 * n / n_task);
        return;
    }
    pt_text_add(p->out, " [penwidth=2, color=\"");
    for (int32_t k = 0; k < n_task; k++)
        if (tree_has(p->tree, node, k) && (p->only < 0 || k == p->only)) {
            pt_text_add(p->out, "%s%s", between, dot_color(k));
            between = ":";
        }
    pt_text_add(p->out, "\"");
}

/* The edge down to a node or, where node < 0, a stack. */
static void draw_branch(const picture_t *p, int32_t parent, int32_t node, int32_t n)
{
    if (parent < 0)
        pt_text_add(p->out, "  input -> ");
    else
        pt_text_add(p->out, "  n%d -> ", (int)parent);
    if (node < 0)
        pt_text_add(p->out, "s%d", (int)(parent + 1));
    else
        pt_text_add(p->out, "n%d", (int)node);
    print_lines(p, node, n);
    if (node >= 0)
        print_class(p, node);
    pt_text_add(p->out, "];\n");
}

static void draw_head(const picture_t *p, int32_t node, int32_t task)
{
    const pt_space_t *s = p->tree->space;
    const pt_shape_t out = s->node[s->n_node - s->n_task + task].shape;
    pt_cost_t cost = pt_cost_candidate(s, pt_space_head(s, task));
    pt_text_add(p->out, "  t%d [color=\"%s\", penwidth=2, fillcolor=white", (int)task,
                dot_color(task));
    print_class_of_task(p, task);
    pt_text_add(p->out, ", label=<<TABLE BORDER=\"0\" CELLSPACING=\"0\" "
                        "CELLPADDING=\"1\"><TR><TD><B>");
    pt_quote_dot_html(s->task[task].name, p->out);
    pt_text_add(p->out, "</B></TD></TR><TR><TD><FONT COLOR=\"gray35\">");
    if (s->task[task].is_map)
        pt_text_add(p->out, "%lld x %lld x ", (long long)out.h, (long long)out.w);
    pt_text_add(p->out, "%lld</FONT></TD></TR>", (long long)out.c);
    print_cost(p->out, "", cost.madds, cost.parameters, "");
    pt_text_add(p->out, "</TABLE>>];\n  n%d -> t%d [penwidth=2, color=\"%s\"", (int)node,
                (int)task, dot_color(task));
    print_class_of_task(p, task);
    pt_text_add(p->out, "];\n");
}

/* Whether the leaf of a node, of a stack, or of a closed branch names this task. */
static bool is_of_leaf(const picture_t *p, int32_t node, int32_t parent, int32_t task)
{
    const tree_t *t = p->tree;
    if (node >= 0)
        return tree_has(t, node, task);
    return is_stacked(p, t->at[t->space->n_layer * t->space->n_task + task], parent);
}

/* The first names of many tasks. */
static void draw_names(const picture_t *p, int32_t node, int32_t parent)
{
    const pt_space_t *s = p->tree->space;
    char kind = node < 0 ? 's' : 'n';
    int32_t id = node < 0 ? parent + 1 : node, n = 0, n_name = 0;
    for (int32_t k = 0; k < s->n_task; k++)
        n += is_of_leaf(p, node, parent, k);
    int32_t most = n == MOST_NAMES + 1 ? n : MOST_NAMES;
    pt_text_add(p->out,
                "  h%c%d [shape=plain, style=\"\", label=<<TABLE BORDER=\"0\" "
                "CELLSPACING=\"0\" CELLPADDING=\"1\">",
                kind, (int)id);
    for (int32_t k = 0; k < s->n_task; k++)
        if (is_of_leaf(p, node, parent, k) && n_name++ < most) {
            pt_text_add(p->out, "<TR><TD ALIGN=\"LEFT\">");
            if (s->n_task <= DOT_N_COLOR)
                pt_text_add(p->out, "<FONT COLOR=\"%s\">&#9632;</FONT> ", dot_color(k));
            pt_quote_dot_html(s->task[k].name, p->out);
            pt_text_add(p->out, "</TD></TR>");
        }
    if (n > most)
        pt_text_add(p->out, "<TR><TD ALIGN=\"LEFT\">and %d more</TD></TR>",
                    (int)(n - most));
    pt_text_add(p->out, "</TABLE>>];\n  %c%d -> h%c%d [arrowhead=none, color=gray70];\n",
                kind, (int)id, kind, (int)id);
}

static void draw_leaves(const picture_t *p, int32_t node)
{
    const tree_t *t = p->tree;
    if (p->state[node] == OPEN && t->node[node].n_child > 0)
        return;
    if (!has_heads(p)) {
        draw_names(p, node, -1);
        return;
    }
    for (int32_t k = 0; k < t->space->n_task; k++)
        if (tree_has(t, node, k) && (p->only < 0 || k == p->only))
            draw_head(p, node, k);
}

/* Tasks beside each other, however deep their branches are. */
static void align_heads(const picture_t *p)
{
    pt_text_add(p->out, "  {rank=sink;");
    for (int32_t k = 0; k < p->tree->space->n_task; k++)
        if (p->only < 0 || k == p->only)
            pt_text_add(p->out, " t%d;", (int)k);
    pt_text_add(p->out, "}\n");
}

static void print_relation(const picture_t *p, const pt_cost_t *cost)
{
    const pt_space_t *s = p->tree->space;
    pt_text_add(p->out,
                ": %.2f times the shared one's, %.1f %% of the fully branched one's",
                (double)cost->encoder_madds / (double)pt_cost_shared(s),
                100 * (double)cost->encoder_madds / (double)pt_cost_full(s));
}

/* Below the tree, as its label. */
static pt_status_t draw_legend(const picture_t *p)
{
    const tree_t *t = p->tree;
    const pt_space_t *s = t->space;
    bool is_one = p->only >= 0;
    pt_cost_t cost;
    PT_TRY(is_one ? pt_cost_task(s, t->subnet, p->only, &cost)
                  : pt_cost_all(s, t->subnet, &cost));
    pt_text_add(
        p->out,
        "  labelloc=b; labeljust=l;\n  label=<<TABLE BORDER=\"0\" CELLSPACING=\"0\">"
        "<TR><TD ALIGN=\"LEFT\">");
    if (t->n_copy == 1) {
        pt_text_add(p->out, "encoder ");
        print_amount(p->out, cost.encoder_madds);
        pt_text_add(p->out, " multiply-adds a sample");
        if (!is_one)
            print_relation(p, &cost);
        pt_text_add(p->out, "%s", is_one ? ", head " : "; heads ");
        print_amount(p->out, cost.madds - cost.encoder_madds);
        pt_text_add(p->out, "</TD></TR><TR><TD ALIGN=\"LEFT\">");
    }
    print_amount(p->out, cost.parameters);
    pt_text_add(p->out, " parameters in all");
    pt_text_add(p->out, "</TD></TR></TABLE>>;\n");
    return PT_OK;
}

static void draw_tree(const picture_t *p)
{
    const tree_t *t = p->tree;
    const pt_shape_t in = t->space->node[0].shape;
    pt_text_add(p->out,
                "  input [shape=plain, style=\"\", label=\"input %lld x %lld x %lld\"];\n",
                (long long)in.h, (long long)in.w, (long long)in.c);
    for (int32_t parent = -1; parent < t->n_node; parent++)
        if (p->n_stack[parent + 1] > 0) {
            draw_stack(p, parent);
            draw_branch(p, parent, -1, p->n_stack[parent + 1]);
            draw_names(p, -1, parent);
        }
    for (int32_t n = 0; n < t->n_node; n++)
        if (p->state[n] != HIDDEN) {
            draw_node(p, n);
            draw_branch(p, t->node[n].parent, n, p->only < 0 ? t->node[n].n_task : 1);
            draw_leaves(p, n);
        }
    if (has_heads(p))
        align_heads(p);
}

static pt_status_t draw(picture_t *p)
{
    arrange(p);
    pt_text_add(p->out,
                "digraph architecture {\n"
                "  rankdir=%s; nodesep=0.25; ranksep=0.4;\n"
                "  fontname=\"Helvetica\"; fontsize=11;\n"
                "  node [shape=box, style=\"filled,rounded\", color=gray60, "
                "fontname=\"Helvetica\", fontsize=11, margin=\"0.08,0.04\"];\n"
                "  edge [fontname=\"Helvetica\", fontsize=10, arrowsize=0.6];\n",
                p->n_leaf <= MOST_DOWN ? "TB" : "LR");
    draw_tree(p);
    PT_TRY(draw_legend(p));
    pt_text_add(p->out, "}\n");
    return PT_OK;
}

pt_status_t dot_tree(const pt_space_t *space, const pt_subnet_t *subnet, int32_t task,
                     pt_text_t *out)
{
    tree_t tree = {0};
    picture_t p = {.tree = &tree, .out = out, .only = task};
    pt_status_t status;
    PT_TRY(tree_build(space, subnet, &tree));
    PT_TRY_OR(done, pt_alloc(&p.state, (size_t)tree.n_node, sizeof *p.state));
    PT_TRY_OR(done, pt_alloc(&p.n_stack, (size_t)tree.n_node + 1, sizeof *p.n_stack));
    status = draw(&p);
done:
    pt_free(p.n_stack);
    pt_free(p.state);
    tree_release(&tree);
    return status;
}
