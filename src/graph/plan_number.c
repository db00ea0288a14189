/* Value numbering: tasks whose choices agree get the same values. */
#include "graph/plan.h"

#include <string.h>

#include "polytree/base/hash.h"
#include "polytree/graph/block.h"

/** What makes two values one. */
typedef struct identity {
    int32_t operation; /**< op number, or n_op + 2 node + (inputs - 1) for a mix */
    int32_t in[PT_OP_MAX_IN];
    int32_t choice, gate_task, probe_of;
} identity_t;

static bool is_same(const pt_plan_t *plan, const value_t *v, const identity_t *id)
{
    const pt_space_t *s = plan->space;
    int32_t operation = v->op;

    if (v->op == NONE) {
        bool is_pair = v->inst->n_in == 2;
        operation =
            s->n_op + 2 * (int32_t)(v->inst - (is_pair ? s->mix2 : s->mix1)) + is_pair;
    }
    return operation == id->operation && v->in[0] == id->in[0] && v->in[1] == id->in[1] &&
           v->choice == id->choice && v->gate_task == id->gate_task &&
           v->probe_of == id->probe_of;
}

static void add_user(pt_plan_t *plan, int32_t value, int32_t slot)
{
    uint64_t *users = plan->users + (size_t)value * (size_t)plan->n_slot_word;

    if (!pt_bitset_get(users, slot)) {
        pt_bitset_set(users, slot, true);
        plan->value[value].n_user++;
    }
}

static int32_t find_or_make(pt_plan_t *plan, const identity_t *id, int32_t slot,
                            int32_t position)
{
    const pt_space_t *s = plan->space;
    uint32_t at = (uint32_t)pt_hash64(id, sizeof *id, 0) & plan->table_mask;

    for (; plan->table[at] != 0; at = (at + 1) & plan->table_mask)
        if (is_same(plan, &plan->value[plan->table[at] - 1], id)) {
            add_user(plan, plan->table[at] - 1, slot);
            return plan->table[at] - 1;
        }

    int32_t number = plan->n_value++;
    int32_t mix = id->operation - s->n_op;
    value_t *v = &plan->value[number];
    *v = (value_t){.op = mix < 0 ? id->operation : NONE,
                   .in = {id->in[0], id->in[1]},
                   .choice = id->choice,
                   .gate_task = id->gate_task,
                   .probe_of = id->probe_of,
                   .position = position,
                   .first_user = slot,
                   .y = NONE,
                   .saved = NONE,
                   .stat = NONE,
                   .adjoint = NONE,
                   .adjoint_tasks = NONE,
                   .adjoint_shared = NONE};
    v->inst =
        mix < 0 ? &s->op[id->operation].inst : (mix % 2 != 0 ? s->mix2 : s->mix1) + mix / 2;
    memset(plan->users + (size_t)number * (size_t)plan->n_slot_word, 0,
           (size_t)plan->n_slot_word * sizeof *plan->users);
    plan->table[at] = number + 1;
    add_user(plan, number, slot);
    return number;
}

/** Values of a candidate's operations on its sources; the last one. */
static int32_t number_chain(pt_plan_t *plan, int32_t candidate, int32_t slot,
                            const int32_t *node_value)
{
    const pt_space_t *s = plan->space;
    const pt_candidate_t *c = &s->candidate[candidate];
    int32_t src = node_value[c->src], skip = c->skip < 0 ? NONE : node_value[c->skip];
    int32_t value[PT_BLOCK_MAX];

    for (int32_t i = 0; i < c->n_op; i++) {
        const pt_space_op_t *op = &s->op[c->first_op + i];
        identity_t id = {c->first_op + i, {NONE, NONE}, NONE, NONE, NONE};

        for (int32_t j = 0; j < op->inst.n_in; j++)
            id.in[j] = op->in[j] == PT_BLOCK_SRC    ? src
                       : op->in[j] == PT_BLOCK_SKIP ? skip
                                                    : value[op->in[j] - c->first_op];
        if ((op->inst.flags & PT_OP_TRAIN_ONLY) != 0 &&
            (c->is_frozen || !plan_is_training(plan)))
            value[i] = id.in[0];
        else
            value[i] = find_or_make(plan, &id, slot, candidate);
    }
    return c->n_op > 0 ? value[c->n_op - 1] : src;
}

/** Add a term to the sum of its node. */
static void number_mix(pt_plan_t *plan, int32_t candidate, int32_t term, int32_t slot,
                       int32_t *node_value)
{
    const pt_space_t *s = plan->space;
    const pt_candidate_t *c = &s->candidate[candidate];
    bool is_soft = plan->is_soft && c->choice >= 0;
    int32_t before = node_value[c->dst];

    /* A first term with gate 1 is the sum; the alpha pass keeps the two apart, because a
     * gate's gradient wants the adjoint of the sum alone. */
    if (before == NONE && !is_soft && (plan->pass != PT_PASS_ALPHA || c->choice < 0)) {
        node_value[c->dst] = term;
        return;
    }
    bool is_pair = before != NONE;
    identity_t id = {.operation = s->n_op + 2 * c->dst + is_pair,
                     .in = {is_pair ? before : term, is_pair ? term : NONE},
                     .choice = c->choice,
                     .gate_task = is_soft ? slot : NONE,
                     .probe_of = NONE};
    node_value[c->dst] = find_or_make(plan, &id, slot, candidate);
}

/** A closed gate in the alpha pass: run its chain, to meet the adjoint of its node. */
static void number_probe(pt_plan_t *plan, int32_t candidate, int32_t slot,
                         const int32_t *node_value)
{
    const pt_candidate_t *c = &plan->space->candidate[candidate];
    int32_t term = number_chain(plan, candidate, slot, node_value);
    identity_t id = {.operation = plan->space->n_op + 2 * c->dst,
                     .in = {term, NONE},
                     .choice = c->choice,
                     .gate_task = NONE,
                     .probe_of = c->dst};
    find_or_make(plan, &id, slot, candidate);
}

static pt_status_t number_task(pt_plan_t *plan, const pt_subnet_t *subnet, int32_t slot)
{
    const pt_space_t *s = plan->space;
    int32_t task = plan->task[slot];
    int32_t *node_value = plan->node_value + (size_t)slot * (size_t)s->n_node;
    int32_t head = NONE, n_run = 0;
    bool meets_closed = plan->pass == PT_PASS_ALPHA && !subnet->is_active_only;

    pt_subnet_reach(s, subnet, task, plan->alive_candidate, plan->alive_node);
    for (int32_t i = 0; i < s->n_node; i++)
        node_value[i] = NONE;
    node_value[0] = NETWORK_INPUT;
    for (int32_t i = 0; i < s->n_candidate; i++) {
        const pt_candidate_t *c = &s->candidate[i];
        bool is_closed =
            c->choice >= 0 && !pt_bitset_get(pt_subnet_bits(subnet, task), c->choice);
        bool has_source = (plan->alive_node[c->src] & 1) != 0;
        /* Alpha steps run dead ends too: a closed gate may lead out of one. */
        bool is_dead_end = meets_closed && !is_closed && has_source && c->task < 0;

        bool is_probe =
            meets_closed && is_closed && has_source && plan->alive_node[c->dst] == 3;

        n_run += plan->alive_candidate[i] || is_dead_end || is_probe;
        if (n_run > plan->n_candidate_max)
            PT_FAIL(INTERNAL, "task %s runs more candidates than the %d of its plan",
                    s->task[task].name, (int)plan->n_candidate_max);
        if (plan->alive_candidate[i] || is_dead_end) {
            int32_t term = number_chain(plan, i, slot, node_value);
            number_mix(plan, i, term, slot, node_value);
            head = c->task == task ? c->dst : head;
        } else if (is_probe) {
            number_probe(plan, i, slot, node_value);
        }
    }
    if (head == NONE)
        PT_FAIL(RANGE, "task %s has no path from its input to its head",
                s->task[task].name);
    return PT_OK;
}

pt_status_t plan_number(pt_plan_t *plan, const pt_subnet_t *subnet)
{
    plan->n_value = 0;
    memset(plan->table, 0, ((size_t)plan->table_mask + 1) * sizeof *plan->table);
    for (int32_t slot = 0; slot < plan->n_task; slot++)
        PT_TRY(number_task(plan, subnet, slot));
    return PT_OK;
}
