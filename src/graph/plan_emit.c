/* Emission: values to a tape.
 *
 * Each value has one adjoint per context.  Private values have the one of their task.  A
 * shared value (two or more users) has, in weight steps, one subtotal per task, folded over
 * that task's private consumers from last to first, and one for its shared consumers; the
 * subtotals are added tasks ascending, the shared one last (docs/architecture.md, rule 4).
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

static int64_t value_bytes(const value_t *v)
{
    return pt_shape_count(v->inst->out) * (int64_t)sizeof(pt_real_t);
}

static int32_t buffer_of(const pt_plan_t *plan, int32_t value)
{
    return value < 0 ? value : plan->value[value].y;
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
    instr_t in = tape_instr(kind);

    in.inst = v->inst;
    in.op = v->op;
    in.candidate = v->position;
    in.slot = v->gate_task != NONE ? v->gate_task : v->first_user;
    in.is_soft = v->gate_task != NONE;
    in.choice = v->choice;
    return in;
}

/** Count a value; write its instruction where it is this stage's. */
static void emit_forward(pt_plan_t *plan, value_t *v)
{
    if (v->probe_of != NONE)
        return;
    instr_t in = instr_of(v, INSTR_FORWARD);
    /* Statistics have the same numbers on all stages, and in all passes. */
    if ((v->inst->flags & PT_OP_HAS_STAT) != 0)
        in.stat = v->stat = new_stat(plan, v);
    plan->madds += v->inst->madds;
    plan->madds_executed += v->inst->madds;
    if (!plan_is_here(plan, v))
        return;
    for (int32_t i = 0; i < v->inst->n_in; i++)
        in.x[i] = buffer_of(plan, v->in[i]);
    in.y = v->y = tape_buffer(plan, value_bytes(v));
    if (v->inst->saved_bytes > 0)
        in.saved = v->saved = tape_buffer(plan, (int64_t)v->inst->saved_bytes);
    tape_push(plan, in);
}

static int32_t emit_add(pt_plan_t *plan, int32_t a, int32_t b, const value_t *v)
{
    instr_t in = tape_instr(INSTR_ADD);

    in.candidate = v->position;
    in.x[0] = a;
    in.x[1] = b;
    in.n = pt_shape_count(v->inst->out);
    in.y = tape_buffer(plan, value_bytes(v));
    tape_push(plan, in);
    return (int32_t)in.y;
}

/** Fold one consumer's term into an adjoint. */
static void contribute(pt_plan_t *plan, const value_t *v, int32_t *adjoint, int32_t term)
{
    if (*adjoint == NONE || term == REMOTE)
        *adjoint = term;
    else
        *adjoint = emit_add(plan, *adjoint, term, v);
}

/** Is dx[i] of a value the same numbers as its dy? */
static bool passes(const value_t *v, int32_t i)
{
    if (v->op == NONE) /* a mix: the sum so far passes, a term does where its gate is 1 */
        return (v->inst->n_in == 2 && i == 0) || v->gate_task == NONE;
    return (v->inst->flags & (i == 0 ? PT_OP_PASS_0 : PT_OP_PASS_1)) != 0;
}

/** Has it parameters that are trained? */
static bool is_trained(const pt_plan_t *plan, const value_t *v)
{
    const pt_space_t *s = plan->space;

    if (v->inst->n_param == 0)
        return false;
    const pt_param_t *param = &s->store.param[s->op[v->op].param[0]];
    return s->store.group[param->group].rate > 0 && param->role != PT_ROLE_FITTED;
}

/** Backward of one value in the context of a slot, or of the shared segment (NONE).  Of
 * another stage's value: who gets a term. */
static void emit_backward(pt_plan_t *plan, value_t *v, int32_t dy, int32_t slot)
{
    instr_t in = instr_of(v, INSTR_BACKWARD);
    bool is_needed = false, is_here = plan_is_here(plan, v);
    bool is_wanted[PT_OP_MAX_IN] = {false, false};
    int32_t term[PT_OP_MAX_IN];

    in.dy = dy;
    in.forms_params = plan->pass == PT_PASS_WEIGHT && is_trained(plan, v);
    in.forms_gate = plan->pass == PT_PASS_ALPHA && v->choice != NONE;
    if (in.forms_gate)
        in.slot = slot;
    for (int32_t i = 0; i < v->inst->n_in && v->probe_of == NONE; i++) {
        is_wanted[i] = v->in[i] >= 0 && plan->value[v->in[i]].needs_adjoint;
        term[i] = dy;
        if (is_wanted[i] && !passes(v, i)) {
            term[i] =
                is_here ? tape_buffer(plan, value_bytes(&plan->value[v->in[i]])) : REMOTE;
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
        in.stat = v->stat;
        plan->madds_executed += in.forms_params ? v->inst->madds : 0;
        if (is_here)
            tape_push(plan, in);
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
    instr_t in = tape_instr(INSTR_LOSS);
    if (plan->stage < plan->n_stage - 1) {
        v->adjoint = REMOTE;
        return;
    }
    in.slot = slot;
    in.candidate = v->position;
    in.n = pt_shape_count(v->inst->out);
    in.x[0] = v->y;
    if (plan_has_backward(plan))
        in.dx[0] = v->adjoint = tape_buffer(plan, value_bytes(v));
    tape_push(plan, in);
}

/** Weight steps: a task's subtotals of shared values join the sum over tasks. */
static void collect_subtotals(pt_plan_t *plan)
{
    for (int32_t i = plan->begin[0] - 1; i >= 0; i--) {
        value_t *v = &plan->value[plan->order[i]];
        if (v->adjoint != NONE)
            contribute(plan, v, &v->adjoint_tasks, v->adjoint);
        v->adjoint = NONE;
    }
}

/**
 * One value's turn in the backward of a slot.  A closed gate meets the adjoint of its node,
 * which is whole by then: all candidates into a node stand before all out of it.
 */
static void emit_backward_of(pt_plan_t *plan, int32_t number, int32_t slot)
{
    value_t *v = &plan->value[number];
    int32_t dy = v->adjoint;

    if (!plan_is_user(plan, number, slot))
        return;
    if (v->probe_of != NONE) {
        size_t row = (size_t)slot * (size_t)plan->space->n_node;
        int32_t node = plan->node_value[row + (size_t)v->probe_of];
        dy = plan->value[node].adjoint;
    }
    if (dy != NONE)
        emit_backward(plan, v, dy, slot);
}

/** Come down in the stages to `stage`, adjoints crossing the cuts between. */
static void descend(pt_plan_t *plan, int32_t *at, int32_t stage, int32_t slot)
{
    for (; *at > stage; (*at)--)
        plan_cross_back(plan, *at, slot);
}

/**
 * Backward of a slot's values, last to first in canonical order: its private ones and, in
 * the alpha pass, where adjoints are the task's own, those that it shares.
 */
static void emit_task_backward(pt_plan_t *plan, int32_t slot)
{
    int32_t private = plan->begin[slot + 1] - 1, at = plan->n_stage - 1;
    int32_t shared = plan->pass == PT_PASS_ALPHA ? plan->begin[0] - 1 : -1;

    while (private >= plan->begin[slot] || shared >= 0) {
        /* Within a candidate what is shared comes first, and goes last. */
        bool is_private = shared < 0 || (private >= plan->begin[slot] &&
                                         plan->value[plan->order[private]].position >=
                                             plan->value[plan->order[shared]].position);
        int32_t number = plan->order[is_private ? private -- : shared--];
        descend(plan, &at, plan->value[number].stage, slot);
        emit_backward_of(plan, number, slot);
    }
    descend(plan, &at, 0, slot);
    if (plan->pass == PT_PASS_WEIGHT)
        collect_subtotals(plan);
    for (int32_t i = 0; i < plan->begin[0]; i++)
        plan->value[plan->order[i]].adjoint = NONE;
}

static void emit_shared_backward(pt_plan_t *plan)
{
    int32_t at = plan->n_stage - 1;

    for (int32_t i = plan->begin[0] - 1; i >= 0; i--) {
        value_t *v = &plan->value[plan->order[i]];
        int32_t dy = v->adjoint_tasks;
        descend(plan, &at, v->stage, NONE);
        if (!v->needs_adjoint)
            continue;
        if (v->adjoint_shared != NONE)
            contribute(plan, v, &dy, v->adjoint_shared);
        emit_backward(plan, v, dy, NONE);
    }
    descend(plan, &at, 0, NONE);
}

/** Forward of the values order[begin..end-1]. */
static void emit_forward_range(pt_plan_t *plan, int32_t begin, int32_t end)
{
    plan_take_values(plan, begin, end);
    for (int32_t i = begin; i < end; i++)
        emit_forward(plan, &plan->value[plan->order[i]]);
    plan_give_values(plan, begin, end);
}

/** Forward segment of a slot; the shared one goes with the first. */
static void emit_forward_segment(pt_plan_t *plan, int32_t slot)
{
    if (slot == 0)
        emit_forward_range(plan, 0, plan->begin[0]);
    emit_forward_range(plan, plan->begin[slot], plan->begin[slot + 1]);
    emit_loss(plan, slot);
    tape_push(plan, tape_instr(INSTR_PAUSE));
}

/** Backward segment of a slot; the shared one goes with the last. */
static void emit_backward_segment(pt_plan_t *plan, int32_t slot)
{
    emit_task_backward(plan, slot);
    if (slot == plan->n_task - 1 && plan->pass == PT_PASS_WEIGHT)
        emit_shared_backward(plan);
    instr_t pause = tape_instr(INSTR_PAUSE);
    pause.is_back = true;
    tape_push(plan, pause);
}

/** Does anything trainable in this pass stand at or before the value? */
static void mark_adjoints(pt_plan_t *plan)
{
    for (int32_t i = 0; i < plan->n_value; i++) {
        value_t *v = &plan->value[i];
        v->needs_adjoint =
            plan->pass == PT_PASS_WEIGHT ? is_trained(plan, v) : v->choice != NONE;
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

/** Where in order[] the private values of each slot begin, behind the shared ones. */
static void find_segments(pt_plan_t *plan)
{
    for (int32_t slot = 0, at = 0; slot <= plan->n_task; slot++) {
        while (at < plan->n_value && segment(&plan->value[plan->order[at]]) <= slot)
            at++;
        plan->begin[slot] = at;
    }
}

void plan_emit(pt_plan_t *plan)
{
    int32_t ahead =
        plan_has_backward(plan) ? pt_cut_ahead(plan->n_stage, plan->stage) : plan->n_task;
    int32_t backward = 0;

    plan->n_instr = plan->n_buffer = plan->n_stat = 0;
    plan->stat_doubles = plan->madds = plan->madds_executed = 0;
    sort_values(plan);
    mark_adjoints(plan);
    find_segments(plan);
    /* The order of exec.h's schedule, of which this is one unit's part. */
    for (int32_t forward = 0; forward < plan->n_task;) {
        if (forward < backward + ahead)
            emit_forward_segment(plan, forward++);
        else
            emit_backward_segment(plan, backward++);
    }
    for (; backward < plan->n_task && plan_has_backward(plan); backward++)
        emit_backward_segment(plan, backward);
}
