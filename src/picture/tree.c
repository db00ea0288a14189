/* The network of a branch space as a tree of groups of tasks. */
#include "picture/tree.h"

#include "polytree/arch/copies.h"
#include "polytree/arch/cost.h"
#include "polytree/base/memory.h"

/* Choices of a layer that are on for a task. */
static int32_t count_open(const pt_space_t *s, const pt_subnet_t *subnet, int32_t layer,
                          int32_t task)
{
    int32_t n = 0;
    for (int32_t c = s->layer_choice[layer]; c < s->layer_choice[layer + 1]; c++)
        n += pt_bitset_get(pt_subnet_bits(subnet, task), c);
    return n;
}

static int32_t most_open(const pt_space_t *s, const pt_subnet_t *subnet)
{
    int32_t most = 1;
    for (int32_t l = 0; l < s->n_layer; l++)
        for (int32_t k = 0; k < s->n_task; k++) {
            int32_t n = count_open(s, subnet, l, k);
            most = n > most ? n : most;
        }
    return most;
}

static bool has_own_stem(const pt_space_t *s)
{
    return s->candidate[0].task >= 0;
}

/* The candidate that a task runs in a layer. */
static int32_t candidate_of(const tree_t *tree, int32_t layer, int32_t task)
{
    const pt_space_t *s = tree->space;
    if (layer == 0)
        return has_own_stem(s) ? task : 0;
    int32_t c = s->layer_choice[layer - 1];
    while (c < s->layer_choice[layer] - 1 &&
           !pt_bitset_get(pt_subnet_bits(tree->subnet, task), c))
        c++;
    return pt_space_choice_candidate(s, c, task);
}

static void add_cost(tree_t *t, tree_node_t *node, int32_t layer)
{
    pt_cost_t cost = pt_cost_candidate(t->space, candidate_of(t, layer, node->task));
    node->madds += cost.madds;
    node->parameters += cost.parameters;
}

/* The stem has no copies. */
static bool begins_copies(const tree_t *t, int32_t layer)
{
    return t->n_copy > 1 && layer == 1;
}

/* Let the groups of a layer go on with the nodes before them that have no other tasks, and
 * be new nodes else; `group` [n_task], `size` room for as many. */
static void add_layer(tree_t *t, int32_t layer, const int32_t *group, int32_t *size)
{
    int32_t n = t->space->n_task;
    int32_t *at = t->at + layer * n;
    for (int32_t k = 0; k < n; k++)
        size[k] = 0;
    for (int32_t k = 0; k < n; k++)
        size[group[k]]++;
    for (int32_t k = 0; k < n; k++) {
        int32_t before = layer > 0 ? at[k - n] : -1, j = 0;
        while (group[j] != group[k])
            j++;
        if (j < k) {
            at[k] = at[j];
            continue;
        }
        if (before >= 0 && t->node[before].n_task == size[group[k]] &&
            !begins_copies(t, layer)) {
            at[k] = before;
        } else {
            at[k] = t->n_node++;
            t->node[at[k]] = (tree_node_t){
                .parent = before, .first = layer, .n_task = size[group[k]], .task = k};
            if (before >= 0)
                t->node[before].n_child++;
        }
        t->node[at[k]].last = layer;
        add_cost(t, &t->node[at[k]], layer);
    }
}

static pt_status_t build(tree_t *t)
{
    const pt_space_t *s = t->space;
    size_t n = (size_t)s->n_task;
    pt_branching_t b = {0};
    int32_t *size = NULL;
    pt_status_t status;
    /* Nodes have different tasks, one set within the other or apart; where copies are open
     * they are two. */
    PT_TRY_OR(done, pt_alloc(&t->node, 2 * n, sizeof *t->node));
    PT_TRY_OR(done, pt_alloc(&t->at, ((size_t)s->n_layer + 1) * n, sizeof *t->at));
    PT_TRY_OR(done, pt_alloc(&size, 2 * n, sizeof *size));
    PT_TRY_OR(done, pt_branching_init(&b, s->n_layer, s->n_task));
    if (t->n_copy == 1)
        PT_TRY_OR(done, pt_copies_branching(s, t->subnet, &b));
    int32_t *stem = size + n;
    for (int32_t k = 0; k < s->n_task; k++)
        stem[k] = has_own_stem(s) ? k : 0;
    add_layer(t, 0, stem, size);
    for (int32_t l = 1; l <= s->n_layer; l++)
        add_layer(t, l, b.group + (l - 1) * s->n_task, size);
done:
    pt_branching_release(&b);
    pt_free(size);
    return status;
}

pt_status_t tree_build(const pt_space_t *space, const pt_subnet_t *subnet, tree_t *tree)
{
    tree_t t = {.space = space, .subnet = subnet, .n_copy = most_open(space, subnet)};
    pt_status_t status = build(&t);
    if (status == PT_OK)
        *tree = t;
    else
        tree_release(&t);
    return status;
}

void tree_release(tree_t *tree)
{
    pt_free(tree->node);
    pt_free(tree->at);
    *tree = (tree_t){0};
}

static void add_layer_name(const tree_t *tree, int32_t layer, pt_text_t *text)
{
    pt_text_add(text, "%s", layer == 0 ? "stem" : tree->space->node[1 + layer].name);
}

void tree_add_layers(const tree_t *tree, int32_t first, int32_t last, pt_text_t *text)
{
    add_layer_name(tree, first, text);
    if (last > first) {
        pt_text_add(text, "-");
        add_layer_name(tree, last, text);
    }
}
