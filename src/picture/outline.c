/* Networks in words. */
#include "polytree/picture/outline.h"

#include "picture/tree.h"

enum { MOST_NAMED = 24 }; /* beyond, tasks are counted */

static void add_choice(const pt_choice_t *choice, pt_text_t *text)
{
    if (choice->kind == PT_CHOICE_EDGE)
        pt_text_add(text, " %d-%d", (int)choice->i, (int)choice->j);
    else
        pt_text_add(text, " %d", (int)(choice->i + choice->j));
}

void pt_outline_dag(const pt_space_t *space, const uint8_t *candidate, int32_t task,
                    pt_text_t *text)
{
    static const char *const title[] = {
        [PT_CHOICE_IN] = "in", [PT_CHOICE_EDGE] = " | edges", [PT_CHOICE_OUT] = " | out"};
    for (int kind = PT_CHOICE_IN; kind <= PT_CHOICE_OUT; kind++) {
        pt_text_add(text, "%s", title[kind]);
        for (int32_t c = 0; c < space->n_choice; c++) {
            const pt_choice_t *choice = &space->choice[c];
            if ((int)choice->kind == kind &&
                candidate[pt_space_choice_candidate(space, c, task)])
                add_choice(choice, text);
        }
    }
}

/* The last layer of the run that begins with `first`: none of those between begins a
 * node. */
static int32_t end_of_run(const tree_t *t, int32_t first)
{
    int32_t last = t->space->n_layer;
    for (int32_t n = 0; n < t->n_node; n++)
        if (t->node[n].first > first && t->node[n].first <= last)
            last = t->node[n].first - 1;
    return last;
}

static bool is_in_layer(const tree_t *t, int32_t node, int32_t layer)
{
    return t->node[node].first <= layer && layer <= t->node[node].last;
}

static void add_names(const tree_t *t, int32_t node, int32_t but, pt_text_t *text)
{
    const char *between = "";
    for (int32_t k = 0; k < t->space->n_task; k++)
        if (k != but && tree_has(t, node, k)) {
            pt_text_add(text, "%s%s", between, t->space->task[k].name);
            between = " ";
        }
}

static void add_groups(const tree_t *t, int32_t layer, pt_text_t *text)
{
    int32_t n_task = t->space->n_task, n = 0, least = n_task, most = 0;
    for (int32_t i = 0; i < t->n_node; i++) {
        if (!is_in_layer(t, i, layer))
            continue;
        n++;
        least = t->node[i].n_task < least ? t->node[i].n_task : least;
        most = t->node[i].n_task > most ? t->node[i].n_task : most;
    }
    if (t->n_copy > 1 && layer > 0) {
        pt_text_add(text, "%d copies of each", (int)t->n_copy);
    } else if (n == 1) {
        pt_text_add(text, "all");
    } else if (n == n_task) {
        pt_text_add(text, "each alone");
    } else if (n_task > MOST_NAMED) {
        pt_text_add(text, "%d groups of %d to %d tasks", (int)n, (int)least, (int)most);
    } else {
        const int32_t *at = t->at + (size_t)layer * (size_t)n_task;
        const char *open = "{";
        for (int32_t k = 0; k < n_task; k++)
            if (t->node[at[k]].task == k) {
                pt_text_add(text, "%s", open);
                add_names(t, at[k], -1, text);
                pt_text_add(text, "}");
                open = " {";
            }
    }
}

static void add_company(const tree_t *t, int32_t node, int32_t task, pt_text_t *text)
{
    int32_t n = t->node[node].n_task;
    if (t->n_copy > 1 && t->node[node].first > 0) {
        pt_text_add(text, "one of %d copies", (int)t->n_copy);
    } else if (n == 1) {
        pt_text_add(text, "alone");
    } else if (n == t->space->n_task) {
        pt_text_add(text, "with all");
    } else if (n - 1 > MOST_NAMED) {
        pt_text_add(text, "with %d others", (int)(n - 1));
    } else {
        pt_text_add(text, "with ");
        add_names(t, node, task, text);
    }
}

static void add_all(const tree_t *t, pt_text_t *text)
{
    const char *between = "";
    for (int32_t first = 0, last; first <= t->space->n_layer; first = last + 1) {
        last = end_of_run(t, first);
        pt_text_add(text, "%s", between);
        tree_add_layers(t, first, last, text);
        pt_text_add(text, " ");
        add_groups(t, first, text);
        between = " | ";
    }
}

static void add_one(const tree_t *t, int32_t task, pt_text_t *text)
{
    const char *between = "";
    for (int32_t n = 0; n < t->n_node; n++)
        if (tree_has(t, n, task)) {
            pt_text_add(text, "%s", between);
            tree_add_layers(t, t->node[n].first, t->node[n].last, text);
            pt_text_add(text, " ");
            add_company(t, n, task, text);
            between = " | ";
        }
}

pt_status_t pt_outline_branching(const pt_space_t *space, const pt_subnet_t *subnet,
                                 int32_t task, pt_text_t *text)
{
    tree_t tree;
    PT_TRY(tree_build(space, subnet, &tree));
    if (task < 0)
        add_all(&tree, text);
    else
        add_one(&tree, task, text);
    tree_release(&tree);
    return text->status;
}
