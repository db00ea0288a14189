/* The entries of a trained network: which values new tasks may go on from, and their cost.
 */
#include "search/extend_entry.h"

#include <string.h>

#include "polytree/base/memory.h"

/* Nodes of a dag: x, behind which v1 .. follow. */
enum { STEM = 1 };

static pt_status_t add_point(extend_entries_t *e, const extend_point_t *point,
                             extend_entry_t *to)
{
    int32_t p = 0;
    while (p < e->n_point &&
           (e->point[p].op != point->op || e->point[p].task != point->task ||
            e->point[p].candidate != point->candidate))
        p++;
    if (p == e->n_point) {
        PT_TRY(pt_grow(&e->point, &e->point_room, (size_t)p + 1, sizeof *e->point));
        e->point[e->n_point++] = *point;
    }
    to->point[to->n_point++] = p;
    return PT_OK;
}

/* The value of a plan that its i-th task has for an operation, or for a sum. */
static pt_status_t add_value(extend_entries_t *e, const pt_plan_t *plan, int32_t slot,
                             int32_t op, int32_t candidate, pt_shape_t shape,
                             extend_entry_t *to)
{
    int32_t v = 0, n = pt_plan_n_value(plan);
    while (v < n &&
           (pt_plan_value(plan, v).op != op ||
            pt_plan_value(plan, v).candidate != candidate || !pt_plan_uses(plan, v, slot)))
        v++;
    if (v == n)
        PT_FAIL(INTERNAL, "an entry's value is not in its plan");
    return add_point(e,
                     &(extend_point_t){.op = op,
                                       .candidate = candidate,
                                       .task = pt_plan_value(plan, v).task,
                                       .shape = shape},
                     to);
}

/* A candidate's last operation outside training, or -1. */
static int32_t last_op(const pt_space_t *space, int32_t candidate)
{
    const pt_candidate_t *c = &space->candidate[candidate];
    int32_t op = c->first_op + c->n_op - 1;
    while (op >= c->first_op && (space->op[op].inst.flags & PT_OP_TRAIN_ONLY) != 0)
        op--;
    return op >= c->first_op ? op : -1;
}

/* The value of a node is the sum behind its last term, or its one term; that is the node
 * before where it has no operation. */
static pt_status_t add_node(extend_entries_t *e, const pt_plan_t *plan, int32_t slot,
                            int32_t node, extend_entry_t *to)
{
    const pt_space_t *old = e->s->extend.old.space;
    for (;;) {
        int32_t last = -1, n = 0;
        for (int32_t i = 0; i < old->n_candidate; i++)
            if (old->candidate[i].dst == node && e->alive_candidate[i]) {
                last = i;
                n++;
            }
        if (n == 0)
            PT_FAIL(CONFIG, "%s: its graphs have no operation to go on from",
                    e->s->config->extend.run);
        int32_t op = n > 1 ? -1 : last_op(old, last);
        if (n > 1 || op >= 0)
            return add_value(e, plan, slot, op, last, old->node[node].shape, to);
        node = old->candidate[last].src;
    }
}

static pt_status_t add_term(extend_entries_t *e, const pt_plan_t *plan, int32_t slot,
                            int32_t candidate, extend_entry_t *to)
{
    const pt_space_t *old = e->s->extend.old.space;
    const pt_candidate_t *c = &old->candidate[candidate];
    int32_t op = last_op(old, candidate);
    if (op < 0)
        return add_node(e, plan, slot, c->src, to);
    return add_value(e, plan, slot, op, candidate, old->node[c->dst].shape, to);
}

static pt_status_t begin_entry(extend_entries_t *e, int32_t donor, int32_t at,
                               int32_t n_point, extend_entry_t **out)
{
    PT_TRY(pt_grow(&e->entry, &e->entry_room, (size_t)e->n_entry + 1, sizeof *e->entry));
    extend_entry_t *entry = &e->entry[e->n_entry];
    *entry = (extend_entry_t){.donor = donor, .at = at};
    PT_TRY(pt_alloc(&entry->point, (size_t)n_point, sizeof *entry->point));
    e->n_entry++;
    *out = entry;
    return PT_OK;
}

/* What is alive of a task's graph. */
static void reach(extend_entries_t *e, const pt_subnet_t *subnet, int32_t task)
{
    pt_subnet_reach(e->s->extend.old.space, subnet, task, e->alive_candidate,
                    e->alive_node);
}

/* Of a task's graph in a dag the read-outs that an entry has, and what leads to them. */
void extend_entries_prune(extend_entries_t *e, const extend_entry_t *entry)
{
    const pt_space_t *old = e->s->extend.old.space;
    const uint64_t *all = pt_subnet_bits(&e->s->extend.old.subnet, entry->donor);
    for (int32_t c = 0; c < old->n_choice; c++) {
        const pt_choice_t *choice = &old->choice[c];
        bool is_out = choice->kind == PT_CHOICE_OUT, is_on = pt_bitset_get(all, c);
        if (entry->is_alone && entry->at == 0) /* x, through node 1 */
            is_on = (is_out && choice->i == 1) ||
                    (choice->kind == PT_CHOICE_IN && choice->j == 1);
        else if (is_out)
            is_on =
                entry->is_alone ? choice->i == entry->at : is_on && choice->i <= entry->at;
        pt_subnet_switch(&e->pruned, entry->donor, c, is_on);
    }
    reach(e, &e->pruned, entry->donor);
    for (int32_t c = 0; c < old->n_choice; c++)
        if (!e->alive_candidate[pt_space_choice_candidate(old, c, entry->donor)])
            pt_subnet_switch(&e->pruned, entry->donor, c, false);
}

static bool is_of_old(const extend_entries_t *e, int32_t candidate)
{
    int32_t choice = e->s->extend.old.space->candidate[candidate].choice;
    return choice < 0 || pt_bitset_get(e->s->extend.used, choice);
}

static void drop_entry(extend_entries_t *e)
{
    pt_free(e->entry[--e->n_entry].point);
}

static pt_status_t add_dag_entry(extend_entries_t *e, const pt_plan_t *plan, int32_t slot,
                                 const extend_entry_t *as)
{
    const pt_space_t *old = e->s->extend.old.space;
    extend_entry_t *entry;
    PT_TRY(begin_entry(e, as->donor, as->at, as->is_alone ? 1 : as->at, &entry));
    entry->is_alone = as->is_alone;
    extend_entries_prune(e, entry);
    for (int32_t c = 0; c < old->n_candidate; c++)
        if (e->alive_candidate[c] && old->candidate[c].task < 0) {
            int64_t madds = pt_cost_candidate(old, c).madds;
            entry->own += madds;
            entry->extra += is_of_old(e, c) ? 0 : madds;
        }
    if (as->is_alone)
        return add_node(e, plan, slot, STEM + as->at, entry);
    for (int32_t c = 0; c < old->n_choice; c++)
        if (old->choice[c].kind == PT_CHOICE_OUT &&
            pt_bitset_get(pt_subnet_bits(&e->pruned, as->donor), c))
            PT_TRY(add_term(e, plan, slot, old->choice[c].candidate, entry));
    return PT_OK;
}

/* Whether a new task can take a choice as it wants: what an old one has trained stays. */
static bool is_free(const extend_entries_t *e, pt_choice_kind_t kind, int32_t i, int32_t j)
{
    const pt_space_t *old = e->s->extend.old.space;
    int32_t choice = pt_space_find_choice(old, kind, i, j);
    return choice >= 0 && (!pt_bitset_get(e->s->extend.used, choice) ||
                           last_op(old, old->choice[choice].candidate) < 0);
}

/* A node by itself, or the stem; once of tasks that share it. */
static pt_status_t add_alone(extend_entries_t *e, const pt_plan_t *plan, int32_t slot,
                             int32_t donor, int32_t at)
{
    const extend_entry_t as = {.donor = donor, .at = at, .is_alone = true};
    if (!is_free(e, PT_CHOICE_OUT, at == 0 ? 1 : at, 0) ||
        (at == 0 && !is_free(e, PT_CHOICE_IN, 0, 1)))
        return PT_OK;
    PT_TRY(add_dag_entry(e, plan, slot, &as));
    const extend_entry_t *entry = &e->entry[e->n_entry - 1];
    for (int32_t i = 0; i < e->n_entry - 1; i++)
        if (e->entry[i].n_point == 1 && e->entry[i].point[0] == entry->point[0]) {
            drop_entry(e);
            break;
        }
    return PT_OK;
}

/* One for each read-out, and the ones before it; one for each node that is computed. */
static pt_status_t add_dag_entries(extend_entries_t *e, const pt_plan_t *plan, int32_t slot,
                                   int32_t donor)
{
    const pt_space_t *old = e->s->extend.old.space;
    for (int32_t i = 1; i <= old->n_dag_node; i++) {
        int32_t out = pt_space_find_choice(old, PT_CHOICE_OUT, i, 0);
        reach(e, &e->s->extend.old.subnet, donor);
        if (out >= 0 && e->alive_candidate[old->choice[out].candidate])
            PT_TRY(
                add_dag_entry(e, plan, slot, &(extend_entry_t){.donor = donor, .at = i}));
    }
    for (int32_t i = 0; i <= old->n_dag_node; i++) {
        reach(e, &e->s->extend.old.subnet, donor);
        if (e->alive_node[STEM + i])
            PT_TRY(add_alone(e, plan, slot, donor, i));
    }
    return PT_OK;
}

/* The copy of a layer that a task has, layer 0 being the stem. */
static int32_t copy_of(const pt_architecture_t *old, int32_t layer, int32_t task)
{
    const pt_space_t *space = old->space;
    if (layer == 0)
        return 0;
    int32_t c = space->layer_choice[layer - 1];
    while (!pt_bitset_get(pt_subnet_bits(&old->subnet, task), c))
        c++;
    return space->choice[c].candidate;
}

/* Of the first task that has a copy. */
static pt_status_t add_branch_entries(extend_entries_t *e, const pt_plan_t *plan,
                                      int32_t slot, int32_t donor)
{
    const pt_architecture_t *old = &e->s->extend.old;
    int32_t n_layer = old->space->n_layer;
    reach(e, &old->subnet, donor);
    for (int32_t l = 0; l <= n_layer; l++) {
        int32_t copy = copy_of(old, l, donor);
        bool is_first = last_op(old->space, copy) >= 0; /* no entry is the input itself */
        extend_entry_t *entry;
        for (int32_t k = 0; k < donor && is_first; k++)
            is_first = copy_of(old, l, k) != copy;
        if (!is_first)
            continue;
        PT_TRY(begin_entry(e, donor, l, 1, &entry));
        for (int32_t m = 0; m <= n_layer; m++) {
            int64_t madds = pt_cost_candidate(old->space, copy_of(old, m, donor)).madds;
            entry->own += madds;
            entry->extra += m > l ? madds : 0;
        }
        PT_TRY(add_term(e, plan, slot, copy, entry));
    }
    return PT_OK;
}

static pt_status_t add_inputs(extend_entries_t *e)
{
    pt_shape_t shape = e->s->extend.old.space->node[0].shape;
    if (shape.h * shape.w > 1)
        return PT_OK;
    PT_TRY(pt_alloc(&e->inputs.point, 1, sizeof *e->inputs.point));
    return add_point(
        e,
        &(extend_point_t){.op = PT_PLAN_INPUT, .candidate = -1, .task = -1, .shape = shape},
        &e->inputs);
}

static pt_status_t list_all(extend_entries_t *e)
{
    const pt_architecture_t *old = &e->s->extend.old;
    const pt_inference_t *network = e->s->extend.network;
    for (int32_t donor = 0; donor < old->space->n_task; donor++)
        for (int32_t b = 0; b < pt_inference_n_bundle(network); b++) {
            const pt_plan_t *plan = pt_inference_plan(network, b);
            const int32_t *task;
            int32_t n = pt_inference_tasks(network, b, &task);
            for (int32_t slot = 0; slot < n; slot++)
                if (task[slot] == donor)
                    PT_TRY((old->space->kind == PT_SPACE_DAG
                                ? add_dag_entries
                                : add_branch_entries)(e, plan, slot, donor));
        }
    PT_TRY(add_inputs(e));
    if (e->n_entry == 0)
        PT_FAIL(CONFIG, "%s: its network has no feature that a task could be added to",
                e->s->config->extend.run);
    return PT_OK;
}

pt_status_t extend_entries_list(extend_entries_t *e)
{
    const pt_space_t *old = e->s->extend.old.space;
    PT_TRY(pt_subnet_init(&e->pruned, old->n_task, old->n_choice));
    PT_TRY(pt_alloc(&e->alive_candidate, (size_t)old->n_candidate, 1));
    PT_TRY(pt_alloc(&e->n_taken, (size_t)e->s->space->n_candidate, sizeof *e->n_taken));
    PT_TRY(pt_alloc(&e->alive_node, (size_t)old->n_node, 1));
    return list_all(e);
}

void extend_entries_release(extend_entries_t *e)
{
    for (int32_t i = 0; i < e->n_point; i++)
        pt_free(e->point[i].x);
    for (int32_t i = 0; i < e->n_entry; i++)
        pt_free(e->entry[i].point);
    pt_free(e->inputs.point);
    pt_free(e->point);
    pt_free(e->entry);
    pt_subnet_release(&e->pruned);
    pt_free(e->alive_candidate);
    pt_free(e->alive_node);
    pt_free(e->n_taken);
}

/* "reads task a up to node 3", "shares stem to l03 with task a, then has 2 layers" */
void extend_entry_describe(const extend_entries_t *e, const extend_entry_t *entry,
                           pt_text_t *out)
{
    const pt_space_t *old = e->s->extend.old.space;
    const char *donor = old->task[entry->donor].name;
    int32_t n_own = old->n_layer - entry->at;
    if (entry->is_alone && entry->at == 0) {
        pt_text_add(out, "reads the stem");
        return;
    }
    if (entry->is_alone) {
        pt_text_add(out, "reads node %d of task %s", (int)entry->at, donor);
        return;
    }
    if (old->kind == PT_SPACE_DAG) {
        pt_text_add(out, "reads the graph of task %s up to node %d", donor, (int)entry->at);
        return;
    }
    pt_text_add(out, "shares stem%s%s with task %s", entry->at > 0 ? " to " : "",
                entry->at > 0 ? old->node[entry->at + 1].name : "", donor);
    if (n_own > 0)
        pt_text_add(out, ", then has %d layer%s of its own", (int)n_own, pt_plural(n_own));
}
