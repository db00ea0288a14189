/* Writing the tape of a plan, instruction by instruction. */
#include "graph/tape.h"

#include "graph/plan.h"

instr_t tape_instr(instr_kind_t kind)
{
    return (instr_t){.kind = kind,
                     .op = NONE,
                     .candidate = NONE,
                     .slot = NONE,
                     .choice = NONE,
                     .stat = NONE,
                     .x = {NONE, NONE},
                     .y = NONE,
                     .dy = NONE,
                     .dx = {NONE, NONE},
                     .saved = NONE};
}

int32_t tape_buffer(pt_plan_t *plan, int64_t bytes)
{
    plan->buffer[plan->n_buffer] =
        (buffer_t){.bytes = (int64_t)pt_align_up((size_t)bytes), .first = plan->n_instr};
    return plan->n_buffer++;
}

static void touch(pt_plan_t *plan, int64_t buffer)
{
    if (buffer >= 0)
        plan->buffer[buffer].last = plan->n_instr;
}

void tape_push(pt_plan_t *plan, instr_t in)
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
