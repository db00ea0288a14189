/* Crossing the cuts between stages.
 *
 * Every stage walks the whole bundle in the one canonical order, writes the instructions
 * of its own values, and keeps in mind of the others' only that they are there (REMOTE).
 * So both sides of a cut know what crosses it, in which order:
 *
 *   - downwards, after the forward of a segment: its values that are read further down, for
 *     each cut on their way, once if shared, once per task if private;
 *   - upwards, when the backward of a segment steps from a stage to the one before: what
 *     has been folded so far of the adjoints of values further up.  The fold goes on there
 *     with that stage's own consumers, so it is the one that a single rank does
 *     (docs/architecture.md, rule 4).  Subtotals of shared values travel with the task
 *     whose they are, and are added where the value was made.
 *
 * What crosses a cut in one segment is one message; where nothing does there is none.
 */
#include "graph/plan.h"

void plan_spread(pt_plan_t *plan)
{
    const int32_t *stage_of = plan->cut != NULL ? plan->cut->stage : NULL;

    for (int32_t i = 0; i < plan->n_value; i++) {
        value_t *v = &plan->value[i];
        v->stage = stage_of != NULL ? stage_of[v->position] : 0;
        v->last_reader = v->position;
        v->probe_need = MOST_STAGE;
    }
    for (int32_t i = 0; i < plan->n_value; i++) {
        const value_t *v = &plan->value[i];
        for (int32_t j = 0; j < v->inst->n_in; j++)
            if (v->in[j] >= 0 && plan->value[v->in[j]].last_reader < v->position)
                plan->value[v->in[j]].last_reader = v->position;
        for (int32_t slot = 0; slot < plan->n_task && v->probe_of != NONE; slot++) {
            size_t row = (size_t)slot * (size_t)plan->space->n_node;
            int32_t node = plan->node_value[row + (size_t)v->probe_of];
            if (plan_is_user(plan, i, slot) && plan->value[node].probe_need > v->stage)
                plan->value[node].probe_need = v->stage;
        }
    }
    for (int32_t i = 0; i < plan->n_value; i++) {
        value_t *v = &plan->value[i];
        v->last_need = stage_of != NULL ? stage_of[v->last_reader] : 0;
    }
}

static int64_t count_of(const value_t *v)
{
    return pt_shape_count(v->inst->out);
}

/** A message under construction. */
typedef struct message {
    int64_t n, at; /**< elements in all, and so far */
    bool is_back;
} message_t;

/** Into a new buffer; its number. */
static int32_t take(pt_plan_t *plan, message_t *m, const value_t *v)
{
    instr_t in = tape_instr(INSTR_TAKE);

    in.n = count_of(v);
    in.y = tape_buffer(plan, in.n * (int64_t)sizeof(pt_real_t));
    in.at = m->at;
    in.message = m->n;
    in.is_back = m->is_back;
    m->at += in.n;
    tape_push(plan, in);
    return (int32_t)in.y;
}

static void give(pt_plan_t *plan, message_t *m, const value_t *v, int32_t buffer)
{
    instr_t in = tape_instr(INSTR_GIVE);

    in.n = count_of(v);
    in.x[0] = buffer;
    in.at = m->at;
    in.message = m->n;
    in.is_back = m->is_back;
    m->at += in.n;
    tape_push(plan, in);
}

/** Does a value cross the cut behind `stage`? */
static bool goes_down(const value_t *v, int32_t stage)
{
    return v->probe_of == NONE && v->stage <= stage && v->last_need > stage;
}

/** Elements that cross the cut behind `stage`. */
static int64_t count_values(const pt_plan_t *plan, int32_t begin, int32_t end,
                            int32_t stage)
{
    int64_t n = 0;

    for (int32_t i = begin; i < end; i++) {
        const value_t *v = &plan->value[plan->order[i]];
        n += goes_down(v, stage) ? count_of(v) : 0;
    }
    return n;
}

void plan_take_values(pt_plan_t *plan, int32_t begin, int32_t end)
{
    int32_t before = plan->stage - 1;
    message_t m = {.n = count_values(plan, begin, end, before)};

    for (int32_t i = begin; i < end && m.n > 0; i++) {
        value_t *v = &plan->value[plan->order[i]];
        if (goes_down(v, before))
            v->y = take(plan, &m, v);
    }
}

void plan_give_values(pt_plan_t *plan, int32_t begin, int32_t end)
{
    message_t m = {.n = count_values(plan, begin, end, plan->stage)};

    for (int32_t i = begin; i < end && m.n > 0; i++) {
        const value_t *v = &plan->value[plan->order[i]];
        if (goes_down(v, plan->stage))
            give(plan, &m, v, v->y);
    }
}

/** The adjoint that crosses with a slot's context. */
static int32_t *adjoint_of(value_t *v, int32_t slot)
{
    return slot == NONE ? &v->adjoint_shared : &v->adjoint;
}

static bool goes_up(const pt_plan_t *plan, int32_t number, int32_t from, int32_t slot)
{
    value_t *v = &plan->value[number];

    return *adjoint_of(v, slot) != NONE &&
           (slot == NONE || plan_is_user(plan, number, slot)) &&
           (v->stage < from || v->probe_need < from);
}

void plan_cross_back(pt_plan_t *plan, int32_t from, int32_t slot)
{
    bool gives = plan->stage == from, takes = plan->stage == from - 1;
    message_t m = {.is_back = true};
    /* The shared values, then the slot's own. */
    int32_t begin[2] = {0, slot == NONE ? 0 : plan->begin[slot]};
    int32_t end[2] = {plan->begin[0], slot == NONE ? 0 : plan->begin[slot + 1]};

    if (!gives && !takes)
        return;
    for (int32_t part = 0; part < 2; part++)
        for (int32_t i = begin[part]; i < end[part]; i++)
            if (goes_up(plan, plan->order[i], from, slot))
                m.n += count_of(&plan->value[plan->order[i]]);
    for (int32_t part = 0; part < 2; part++)
        for (int32_t i = begin[part]; i < end[part]; i++) {
            value_t *v = &plan->value[plan->order[i]];
            if (!goes_up(plan, plan->order[i], from, slot))
                continue;
            int32_t *adjoint = adjoint_of(v, slot);
            if (gives)
                give(plan, &m, v, *adjoint);
            *adjoint = takes ? take(plan, &m, v) : REMOTE;
        }
}
