/* Emission: values to a tape.
 *
 * Each value has one adjoint per context.  Private values have the one of their task.  A
 * shared value (two or more users) has, in weight steps, one subtotal per task, folded over
 * that task's private consumers from last to first, and one for its shared consumers; the
 * subtotals are added tasks ascending, the shared one last (contract rule 4).
 */
#include "graph/plan.h"

#include <stdlib.h>

static bool is_shared(const value_t *v)
{
    return v->n_user > 1;
}

/** Segment of a value: 0 the shared one, else 1 + its slot. */
static int32_t segment(const value_t *v)
{
    return is_shared(v) ? 0 : 1 + v->first_user;
}

static int32_t new_buffer(pt_plan_t *plan, int64_t bytes)
{
    plan->buffer[plan->n_buffer] =
        (buffer_t){.bytes = (int64_t)pt_align_up((size_t)bytes), .first = plan->n_instr};
    return plan->n_buffer++;
}

static int64_t value_bytes(const value_t *v)
{
    return pt_shape_count(v->inst->out) * (int64_t)sizeof(pt_real_t);
}

static int32_t buffer_of(const pt_plan_t *plan, int32_t value)
{
    return value < 0 ? value : plan->value[value].y;
}

static void touch(pt_plan_t *plan, int64_t buffer)
{
    if (buffer >= 0)
        plan->buffer[buffer].last = plan->n_instr;
}

/** Close the instruction under construction: its buffers live at least until here. */
static void push(pt_plan_t *plan, instr_t in)
{
    for (int32_t i = 0; i < PT_OP_MAX_IN; i++) {
        touch(plan, in.x[i]);
        touch(plan, in.dx[i]);
    }
    touch(plan, in.y);
    touch(plan, in.dy);
    touch(plan, in.saved);
    plan->instr[plan->n_instr++] = in;
}

static instr_t make_instr(instr_kind_t kind)
{
    return (instr_t){.kind = kind,
                     .op = NONE,
                     .slot = NONE,
                     .choice = NONE,
                     .stat = NONE,
                     .x = {NONE, NONE},
                     .y = NONE,
                     .dy = NONE,
                     .dx = {NONE, NONE},
                     .saved = NONE};
}

static int32_t new_stat(pt_plan_t *plan, const value_t *v)
{
    int32_t c = (int32_t)v->inst->out.c;

    plan->stat[plan->n_stat] = (pt_plan_stat_t){.op = v->op,
                                                .task = plan->task[v->first_user],
                                                .count = pt_shape_count(v->inst->in[0]) / c,
                                                .offset = plan->stat_doubles,
                                                .channels = c};
    plan->stat_doubles += 2 * (int64_t)c;
    return plan->n_stat++;
}

static instr_t instr_of(const value_t *v, instr_kind_t kind)
{
    instr_t in = make_instr(kind);

    in.inst = v->inst;
    in.op = v->op;
    in.slot = v->gate_task != NONE ? v->gate_task : v->first_user;
    in.is_soft = v->gate_task != NONE;
    in.choice = v->choice;
    return in;
}

static void emit_forward(pt_plan_t *plan, value_t *v)
{
    if (v->probe_of != NONE)
        return;
    instr_t in = instr_of(v, INSTR_FORWARD);
    for (int32_t i = 0; i < v->inst->n_in; i++)
        in.x[i] = buffer_of(plan, v->in[i]);
    in.y = v->y = new_buffer(plan, value_bytes(v));
    if (v->inst->saved_bytes > 0)
        in.saved = v->saved = new_buffer(plan, (int64_t)v->inst->saved_bytes);
    if ((v->inst->flags & PT_OP_HAS_STAT) != 0 && !plan_has_backward(plan))
        in.stat = new_stat(plan, v);
    plan->madds += v->inst->madds;
    plan->madds_executed += v->inst->madds;
    push(plan, in);
}

static int32_t emit_add(pt_plan_t *plan, int32_t a, int32_t b, const value_t *v)
{
    instr_t in = make_instr(INSTR_ADD);

    in.x[0] = a;
    in.x[1] = b;
    in.n = pt_shape_count(v->inst->out);
    in.y = new_buffer(plan, value_bytes(v));
    push(plan, in);
    return (int32_t)in.y;
}

/** Fold one consumer's term into an adjoint. */
static void contribute(pt_plan_t *plan, const value_t *v, int32_t *adjoint, int32_t term)
{
    *adjoint = *adjoint == NONE ? term : emit_add(plan, *adjoint, term, v);
}

/** Is dx[i] of a value the same numbers as its dy? */
static bool passes(const value_t *v, int32_t i)
{
    if (v->op == NONE) /* a mix: the sum so far passes, a term does where its gate is 1 */
        return (v->inst->n_in == 2 && i == 0) || v->gate_task == NONE;
    return (v->inst->flags & (i == 0 ? PT_OP_PASS_0 : PT_OP_PASS_1)) != 0;
}

/** Backward of one value in the context of a slot, or of the shared segment (NONE). */
static void emit_backward(pt_plan_t *plan, value_t *v, int32_t dy, int32_t slot)
{
    instr_t in = instr_of(v, INSTR_BACKWARD);
    bool is_needed = false;
    bool is_wanted[PT_OP_MAX_IN] = {false, false};
    int32_t term[PT_OP_MAX_IN];

    in.dy = dy;
    in.forms_params = plan->phase == PT_PHASE_WEIGHT && v->inst->n_param > 0;
    in.forms_gate = plan->phase == PT_PHASE_ALPHA && v->choice != NONE;
    if (in.forms_gate)
        in.slot = slot;
    for (int32_t i = 0; i < v->inst->n_in && v->probe_of == NONE; i++) {
        is_wanted[i] = v->in[i] >= 0 && plan->value[v->in[i]].needs_adjoint;
        term[i] = dy;
        if (is_wanted[i] && !passes(v, i)) {
            term[i] = new_buffer(plan, value_bytes(&plan->value[v->in[i]]));
            in.dx[i] = term[i];
            is_needed = true;
            plan->madds_executed += v->inst->madds;
        }
    }
    if (in.forms_params || in.forms_gate || is_needed) {
        /* A mix reads its term alone, its last input, and that for the gate's gradient. */
        bool needs_x =
            v->op == NONE ? in.forms_gate : (v->inst->flags & PT_OP_NEEDS_X) != 0;
        int32_t first = v->op == NONE ? v->inst->n_in - 1 : 0;
        for (int32_t i = first; i < v->inst->n_in && needs_x; i++)
            in.x[i] = buffer_of(plan, v->in[i]);
        in.y = (v->inst->flags & PT_OP_NEEDS_Y) != 0 ? v->y : NONE;
        in.saved = v->saved;
        plan->madds_executed += in.forms_params ? v->inst->madds : 0;
        push(plan, in);
    }
    for (int32_t i = v->inst->n_in - 1; i >= 0; i--)
        if (is_wanted[i]) {
            value_t *u = &plan->value[v->in[i]];
            contribute(plan, u, slot == NONE ? &u->adjoint_shared : &u->adjoint, term[i]);
        }
}

static void emit_loss(pt_plan_t *plan, int32_t slot)
{
    const pt_space_t *s = plan->space;
    int32_t head = NONE;

    for (int32_t i = 0; i < s->n_candidate; i++)
        if (s->candidate[i].task == plan->task[slot])
            head = s->candidate[i].dst;
    value_t *v =
        &plan->value[plan->node_value[(size_t)slot * (size_t)s->n_node + (size_t)head]];
    instr_t in = make_instr(INSTR_LOSS);
    in.slot = slot;
    in.x[0] = v->y;
    if (plan_has_backward(plan))
        in.dx[0] = v->adjoint = new_buffer(plan, value_bytes(v));
    push(plan, in);
}

/** Weight steps: a task's subtotals of shared values join the sum over tasks. */
static void collect_subtotals(pt_plan_t *plan, int32_t n_shared)
{
    for (int32_t i = n_shared - 1; i >= 0; i--) {
        value_t *v = &plan->value[plan->order[i]];
        if (v->adjoint != NONE)
            contribute(plan, v, &v->adjoint_tasks, v->adjoint);
        v->adjoint = NONE;
    }
}

/** Backward of the values order[begin..end-1] that the slot uses, last to first. */
static void emit_backward_range(pt_plan_t *plan, int32_t begin, int32_t end, int32_t slot)
{
    for (int32_t i = end - 1; i >= begin; i--) {
        value_t *v = &plan->value[plan->order[i]];
        if (v->adjoint != NONE && plan_is_user(plan, plan->order[i], slot))
            emit_backward(plan, v, v->adjoint, slot);
    }
}

/** Closed gates meet the adjoint of their node, once the whole backward is through: the
 *  node's value may be shared while the probe is private, or the other way round. */
static void emit_probes(pt_plan_t *plan, int32_t slot)
{
    const int32_t *node_value =
        plan->node_value + (size_t)slot * (size_t)plan->space->n_node;

    for (int32_t i = 0; i < plan->n_value; i++) {
        value_t *v = &plan->value[i];
        if (v->probe_of == NONE || !plan_is_user(plan, i, slot))
            continue;
        int32_t dy = plan->value[node_value[v->probe_of]].adjoint;
        if (dy != NONE)
            emit_backward(plan, v, dy, slot);
    }
}

static void emit_task(pt_plan_t *plan, int32_t slot, int32_t n_shared, int32_t begin,
                      int32_t end)
{
    for (int32_t i = begin; i < end; i++)
        emit_forward(plan, &plan->value[plan->order[i]]);
    emit_loss(plan, slot);
    if (!plan_has_backward(plan))
        return;
    emit_backward_range(plan, begin, end, slot);
    if (plan->phase == PT_PHASE_WEIGHT) {
        collect_subtotals(plan, n_shared);
        return;
    }
    emit_backward_range(plan, 0, n_shared, slot);
    emit_probes(plan, slot);
    for (int32_t i = 0; i < n_shared; i++)
        plan->value[plan->order[i]].adjoint = NONE;
}

static void emit_shared_backward(pt_plan_t *plan, int32_t n_shared)
{
    for (int32_t i = n_shared - 1; i >= 0; i--) {
        value_t *v = &plan->value[plan->order[i]];
        int32_t dy = v->adjoint_tasks;
        if (!v->needs_adjoint)
            continue;
        if (v->adjoint_shared != NONE)
            contribute(plan, v, &dy, v->adjoint_shared);
        emit_backward(plan, v, dy, NONE);
    }
}

/** Does anything trainable in this phase stand at or before the value? */
static void mark_adjoints(pt_plan_t *plan)
{
    for (int32_t i = 0; i < plan->n_value; i++) {
        value_t *v = &plan->value[i];
        v->needs_adjoint =
            plan->phase == PT_PHASE_WEIGHT ? v->inst->n_param > 0 : v->choice != NONE;
        for (int32_t j = 0; j < v->inst->n_in; j++)
            if (v->in[j] >= 0 && plan->value[v->in[j]].needs_adjoint)
                v->needs_adjoint = true;
    }
}

/**
 * Sort by (segment, position); within a segment a task makes its values in canonical
 * order, so only shared ones of several tasks can be out of place.
 */
static void sort_values(pt_plan_t *plan)
{
    int32_t n = 0;

    for (int32_t s = 0; s <= plan->n_task; s++) {
        int32_t begin = n;
        for (int32_t i = 0; i < plan->n_value; i++) {
            if (segment(&plan->value[i]) != s)
                continue;
            int32_t at = n++;
            for (; at > begin &&
                   plan->value[plan->order[at - 1]].position > plan->value[i].position;
                 at--)
                plan->order[at] = plan->order[at - 1];
            plan->order[at] = i;
        }
    }
}

void plan_emit(pt_plan_t *plan)
{
    int32_t n_shared = 0;

    plan->n_instr = plan->n_buffer = plan->n_stat = 0;
    plan->stat_doubles = plan->madds = plan->madds_executed = 0;
    sort_values(plan);
    mark_adjoints(plan);
    while (n_shared < plan->n_value && is_shared(&plan->value[plan->order[n_shared]]))
        n_shared++;
    for (int32_t i = 0; i < n_shared; i++)
        emit_forward(plan, &plan->value[plan->order[i]]);
    for (int32_t slot = 0, begin = n_shared; slot < plan->n_task; slot++) {
        int32_t end = begin;
        while (end < plan->n_value && segment(&plan->value[plan->order[end]]) == 1 + slot)
            end++;
        emit_task(plan, slot, n_shared, begin, end);
        begin = end;
    }
    if (plan->phase == PT_PHASE_WEIGHT)
        emit_shared_backward(plan, n_shared);
}
