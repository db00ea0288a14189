/** @file
 * The inside of a plan, shared by numbering, emission, layout and exec.
 */
#ifndef GRAPH_PLAN_H
#define GRAPH_PLAN_H

#include "graph/tape.h"
#include "polytree/base/bitset.h"
#include "polytree/base/memory.h"
#include "polytree/graph/cut.h"

/** Above every number of a stage. */
#define MOST_STAGE INT32_MAX

/** A value: (operation, inputs), numbered once however many tasks use it. */
typedef struct value {
    const pt_op_inst_t *inst;
    int32_t op;               /**< in space->op; NONE: a mix */
    int32_t in[PT_OP_MAX_IN]; /**< values, or NETWORK_INPUT */
    int32_t choice;           /**< gate of a mix; NONE: no gate */
    int32_t gate_task;        /**< slot whose gate it is; NONE: the gate is 1 */
    int32_t position; /**< canonical: number of its candidate, then order of making */
    int32_t first_user, n_user; /**< slots */
    int32_t probe_of; /**< closed gate: node whose adjoint meets in[0]; else NONE */
    bool needs_adjoint;
    int32_t stage;       /**< that computes it */
    int32_t last_reader; /**< position of the last value that reads it; its own: none */
    int32_t last_need;   /**< stage of that one */
    int32_t
        probe_need;   /**< first stage with a probe that meets its adjoint; or MOST_STAGE */
    int32_t y, saved; /**< buffers */
    int32_t stat;     /**< number of its statistics; or NONE */
    int32_t adjoint;  /**< buffer: of the task at work, or of a private value */
    int32_t adjoint_tasks, adjoint_shared; /**< buffers: sum over tasks; shared consumers */
} value_t;

struct pt_plan {
    const pt_space_t *space; /**< borrowed */
    int32_t n_candidate_max; /**< that one task runs */
    const pt_cut_t *cut;     /**< borrowed; NULL: all in one stage */
    int32_t n_stage, stage;
    int32_t n_task_max, n_value_max, n_instr_max, n_buffer_max, n_stat_max, n_slot_word;

    /* What it was compiled from. */
    uint64_t key;
    pt_pass_t pass;
    bool is_soft;
    int32_t n_task;
    int32_t *task; /**< slot -> task */

    /* Numbering. */
    int32_t n_value;
    value_t *value;
    uint64_t *users; /**< [n_value_max][n_slot_word] */
    int32_t *table;  /**< open addressing: values + 1; 0 = empty */
    uint32_t table_mask;
    int32_t *node_value; /**< [n_task_max][n_node] */
    uint8_t *alive_candidate, *alive_node;
    int32_t *order; /**< values by (segment, position) */
    int32_t *begin; /**< [n_task_max + 1] where in order[] a slot's private values begin */

    /* The tape. */
    int32_t n_instr;
    instr_t *instr;
    int32_t n_buffer;
    buffer_t *buffer;
    hole_t *hole;
    int32_t n_stat;
    pt_plan_stat_t *stat;
    int64_t stat_doubles, stat_bound;

    int64_t work_bytes, scratch_bytes; /**< at the arena's start: work, then gradients */
    size_t arena_bytes, arena_bound;
    void *room; /**< of all arrays above */
    size_t room_bytes;
    int64_t madds, madds_executed;
};

/** Find the values of all tasks of the plan. */
PT_MUST_CHECK pt_status_t plan_number(pt_plan_t *plan, const pt_subnet_t *subnet);

/** Find the values' stages, and who needs what where. */
void plan_spread(pt_plan_t *plan);

/** Put the values into order and write the tape. */
void plan_emit(pt_plan_t *plan);

/** Place every buffer, and turn buffer numbers on the tape into offsets. */
void plan_layout(pt_plan_t *plan);

/* Crossing the cuts. */

/** The values of order[begin..end-1] that cross into this stage, before it computes its
 *  own; and those that cross out of it, afterwards. */
void plan_take_values(pt_plan_t *plan, int32_t begin, int32_t end);
void plan_give_values(pt_plan_t *plan, int32_t begin, int32_t end);

/** The adjoints of a slot's values (NONE: those of the shared segment) that go from stage
 *  `from` to the one before it, as far as this stage has a part in it. */
void plan_cross_back(pt_plan_t *plan, int32_t from, int32_t slot);

/** What an instruction is called in a machine's table: kind of step (caches are not the
 * same in all), operation, shapes, what it forms. */
void plan_instr_name(const pt_plan_t *plan, const instr_t *in, char name[PT_MACHINE_NAME]);

static inline bool plan_is_here(const pt_plan_t *plan, const value_t *v)
{
    return v->stage == plan->stage;
}

static inline bool plan_has_backward(const pt_plan_t *plan)
{
    return plan->pass == PT_PASS_WEIGHT || plan->pass == PT_PASS_ALPHA;
}

/** With dropout, batch norms on their microbatch's statistics. */
static inline bool plan_is_training(const pt_plan_t *plan)
{
    return plan_has_backward(plan) || plan->pass == PT_PASS_LOSS;
}

/** Is an operation one of a trained network's, which runs as in evaluation? */
static inline bool plan_is_frozen(const pt_plan_t *plan, int32_t op)
{
    const pt_space_t *s = plan->space;

    return op != NONE && s->candidate[s->op[op].candidate].is_frozen;
}

static inline bool plan_is_user(const pt_plan_t *plan, int32_t value, int32_t slot)
{
    return pt_bitset_get(plan->users + (size_t)value * (size_t)plan->n_slot_word, slot);
}

#endif
