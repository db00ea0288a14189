/* Compiling a plan: numbering, emission and layout in turn, and questions about it. */
#include "graph/plan.h"

#include <stddef.h>
#include <string.h>

#include "polytree/base/hash.h"

/** Does the task need room for the candidate?  Copies of a layer are all alike. */
static bool needs_room(const pt_space_t *s, const pt_candidate_t *c, int32_t task)
{
    bool is_copy = c->choice >= 0 && s->choice[c->choice].kind == PT_CHOICE_COPY;

    if (c->task >= 0 && c->task != task)
        return false;
    return !(is_copy && s->has_one_copy) || s->choice[c->choice].j == 0;
}

/** Candidates that one task may run: those of all tasks and its own; the most operations
 * that these have. */
static int32_t most_operations(const pt_space_t *s, int32_t *n_candidate)
{
    int32_t most = 0;

    *n_candidate = 0;
    for (int32_t k = 0; k < s->n_task; k++) {
        int32_t ops = 0, candidates = 0;
        for (int32_t i = 0; i < s->n_candidate; i++) {
            bool is_ours = needs_room(s, &s->candidate[i], k);
            candidates += is_ours;
            ops += is_ours ? s->candidate[i].n_op : 0;
        }
        most = ops > most ? ops : most;
        *n_candidate = candidates > *n_candidate ? candidates : *n_candidate;
    }
    return most;
}

/**
 * Capacities for n tasks that share nothing.  A task has at most one value per operation
 * and one mix or probe per candidate; a value is emitted forward, backward, and adds at
 * most one term per input, and one subtotal per task of those that share it.  A task also
 * has a loss and two pauses.
 */
static void size_room(pt_plan_t *plan, int32_t n_task)
{
    const pt_space_t *s = plan->space;
    int32_t n_candidate, n_op = most_operations(s, &n_candidate);
    int32_t values = n_op + n_candidate;

    plan->n_task_max = n_task;
    plan->n_candidate_max = n_candidate;
    plan->n_stat_max = n_task * n_op;
    plan->n_slot_word = (int32_t)pt_bitset_words(n_task);
    plan->n_value_max = n_task * values;
    /* Stages add, at most: a value in and out, and three adjoints of it. */
    plan->n_instr_max = n_task * (values * (2 + PT_OP_MAX_IN + 2 + 8) + 3);
    plan->n_buffer_max = n_task * (values * (2 + 2 * PT_OP_MAX_IN + 2 + 4) + 1);
    plan->table_mask = 1;
    while (plan->table_mask < 2 * (uint32_t)plan->n_value_max)
        plan->table_mask *= 2;
    plan->table_mask--;
}

static int64_t bytes_of(pt_shape_t shape)
{
    return (int64_t)pt_align_up((size_t)pt_shape_count(shape) * sizeof(pt_real_t));
}

/** Bytes of every buffer that a task could ever have, and doubles of its statistics. */
static void bound_task(const pt_space_t *s, int32_t task, int64_t *buffers, int64_t *stats)
{
    for (int32_t i = 0; i < s->n_op; i++) {
        const pt_op_inst_t *inst = &s->op[i].inst;
        if (!needs_room(s, &s->candidate[s->op[i].candidate], task))
            continue;
        *buffers += 7 * bytes_of(inst->out) + (int64_t)pt_align_up(inst->saved_bytes);
        for (int32_t j = 0; j < inst->n_in; j++)
            *buffers += 3 * bytes_of(inst->in[j]);
        if ((inst->flags & PT_OP_HAS_STAT) != 0)
            *stats += 2 * inst->out.c;
    }
    for (int32_t i = 0; i < s->n_candidate; i++)
        if (needs_room(s, &s->candidate[i], task))
            *buffers += 11 * bytes_of(s->node[s->candidate[i].dst].shape);
}

/** No layout can exceed scratch plus every buffer that n tasks could ever have. */
static void bound_room(pt_plan_t *plan)
{
    const pt_space_t *s = plan->space;
    int64_t work = 0, params = 0, most_buffers = 0, most_stats = 0;

    for (int32_t i = 0; i < s->n_op; i++) {
        const pt_op_inst_t *inst = &s->op[i].inst;
        int64_t scratch = 0;
        for (int32_t p = 0; p < inst->n_param; p++)
            scratch += (int64_t)pt_align_up(
                (size_t)s->store.param[s->op[i].param[p]].count * sizeof(pt_real_t));
        params = scratch > params ? scratch : params;
        work = (int64_t)inst->work_bytes > work ? (int64_t)inst->work_bytes : work;
    }
    for (int32_t k = 0; k < s->n_task; k++) {
        int64_t buffers = 0, stats = 0;
        bound_task(s, k, &buffers, &stats);
        most_buffers = buffers > most_buffers ? buffers : most_buffers;
        most_stats = stats > most_stats ? stats : most_stats;
    }
    plan->stat_bound = most_stats * plan->n_task_max;
    plan->arena_bound = pt_align_up((size_t)(work + PT_ALIGN)) + (size_t)params +
                        (size_t)(most_buffers * plan->n_task_max);
}

/** An array of the plan: where its pointer is, and its elements. */
typedef struct room {
    size_t offset, n, size, used;
} room_t;

enum { N_ROOM = 13 };

static void list_rooms(const pt_plan_t *plan, room_t room[N_ROOM])
{
    const pt_space_t *s = plan->space;
    size_t tasks = (size_t)plan->n_task_max, nodes = (size_t)s->n_node;
    size_t values = (size_t)plan->n_value_max, words = (size_t)plan->n_slot_word;
    size_t buffers = (size_t)plan->n_buffer_max, table = (size_t)plan->table_mask + 1;
    size_t n_task = (size_t)plan->n_task, n_value = (size_t)plan->n_value;
    size_t n_buffer = (size_t)plan->n_buffer;
    const room_t all[N_ROOM] = {
        {offsetof(pt_plan_t, task), tasks, sizeof *plan->task, n_task},
        {offsetof(pt_plan_t, value), values, sizeof *plan->value, n_value},
        {offsetof(pt_plan_t, users), values * words, sizeof *plan->users, n_value * words},
        {offsetof(pt_plan_t, table), table, sizeof *plan->table, table},
        {offsetof(pt_plan_t, node_value), tasks * nodes, sizeof *plan->node_value,
         n_task * nodes},
        {offsetof(pt_plan_t, alive_candidate), (size_t)s->n_candidate, 1,
         (size_t)s->n_candidate},
        {offsetof(pt_plan_t, alive_node), nodes, 1, nodes},
        {offsetof(pt_plan_t, order), values, sizeof *plan->order, n_value},
        {offsetof(pt_plan_t, begin), tasks + 1, sizeof *plan->begin, n_task + 1},
        {offsetof(pt_plan_t, instr), (size_t)plan->n_instr_max, sizeof *plan->instr,
         (size_t)plan->n_instr},
        {offsetof(pt_plan_t, buffer), buffers, sizeof *plan->buffer, n_buffer},
        {offsetof(pt_plan_t, hole), buffers + 1, sizeof *plan->hole, n_buffer},
        {offsetof(pt_plan_t, stat), (size_t)plan->n_stat_max, sizeof *plan->stat,
         (size_t)plan->n_stat}};

    memcpy(room, all, sizeof all);
}

/** Addresses for the most there can be; plans that share much touch little of it. */
static pt_status_t make_room(pt_plan_t *plan)
{
    room_t room[N_ROOM];
    size_t bytes = 0;
    char *at;

    list_rooms(plan, room);
    for (int32_t i = 0; i < N_ROOM; i++)
        bytes += pt_align_up(room[i].n * room[i].size);
    PT_TRY(pt_reserve(bytes, &plan->room));
    plan->room_bytes = bytes;
    at = plan->room;
    for (int32_t i = 0; i < N_ROOM; i++) {
        memcpy((char *)plan + room[i].offset, &at, sizeof at);
        at += pt_align_up(room[i].n * room[i].size);
    }
    return PT_OK;
}

pt_status_t pt_plan_new(const pt_space_t *space, int32_t n_task, pt_plan_t **out)
{
    pt_plan_t *plan;
    pt_status_t status;

    PT_TRY(pt_alloc(&plan, 1, sizeof *plan));
    plan->space = space;
    plan->n_stage = 1;
    size_room(plan, n_task);
    bound_room(plan);
    PT_TRY_OR(failed, make_room(plan));
    *out = plan;
    return PT_OK;
failed:
    pt_plan_free(plan);
    return status;
}

void pt_plan_free(pt_plan_t *plan)
{
    if (plan == NULL)
        return;
    pt_reserve_release(plan->room, plan->room_bytes);
    pt_free(plan);
}

void pt_plan_place(pt_plan_t *plan, const pt_cut_t *cut, int32_t stage)
{
    plan->cut = cut;
    plan->n_stage = cut != NULL ? cut->n_stage : 1;
    plan->stage = stage;
    plan->key = 0;
}

uint64_t pt_plan_make_key(const pt_subnet_t *subnet, pt_pass_t pass, const int32_t *task,
                          int32_t n_task)
{
    uint64_t part[] = {pt_subnet_key(subnet, task, n_task), (uint64_t)pass};
    uint64_t key = pt_hash64(part, sizeof part, 0);

    return key != 0 ? key : 1;
}

pt_status_t pt_plan_compile(pt_plan_t *plan, const pt_subnet_t *subnet, pt_pass_t pass,
                            const int32_t *task, int32_t n_task)
{
    if (n_task < 1 || n_task > plan->n_task_max)
        PT_FAIL(INTERNAL, "a plan of %d tasks in room for %d", n_task, plan->n_task_max);
    plan->key = 0;
    plan->pass = pass;
    plan->is_soft = subnet->is_soft;
    plan->n_task = n_task;
    memcpy(plan->task, task, (size_t)n_task * sizeof *task);
    PT_TRY(plan_number(plan, subnet));
    plan_spread(plan);
    plan_emit(plan);
    plan_layout(plan);
    plan->key = pt_plan_make_key(subnet, pass, task, n_task);
    return PT_OK;
}

uint64_t pt_plan_key(const pt_plan_t *plan)
{
    return plan->key;
}

size_t pt_plan_arena_bytes(const pt_plan_t *plan)
{
    return plan->arena_bytes;
}

size_t pt_plan_arena_bound(const pt_plan_t *plan)
{
    return plan->arena_bound;
}

size_t pt_plan_bytes(const pt_plan_t *plan)
{
    room_t room[N_ROOM];
    size_t bytes = sizeof *plan;

    list_rooms(plan, room);
    for (int32_t i = 0; i < N_ROOM; i++)
        bytes += room[i].used * room[i].size;
    return bytes;
}

int32_t pt_plan_n_instr(const pt_plan_t *plan)
{
    return plan->n_instr;
}

int32_t pt_plan_n_segment(const pt_plan_t *plan)
{
    return plan->n_task;
}

int64_t pt_plan_message_bound(const pt_plan_t *plan)
{
    const pt_space_t *s = plan->space;
    int64_t n = 0;

    /* Of a node, a task has one value that crosses a cut, the sum or what there is of it;
     * and with its adjoint goes the one that probes meet.  A message is one task's, or has
     * what at least two share. */
    for (int32_t i = 0; i < s->n_node; i++)
        n += 2 * pt_shape_count(s->node[i].shape);
    return n * (plan->n_task_max / 2 + 1);
}

int64_t pt_plan_madds(const pt_plan_t *plan)
{
    return plan->madds;
}

int64_t pt_plan_madds_executed(const pt_plan_t *plan)
{
    return plan->madds_executed;
}

int32_t pt_plan_n_stat(const pt_plan_t *plan)
{
    return plan->n_stat;
}

const pt_plan_stat_t *pt_plan_stat(const pt_plan_t *plan, int32_t i)
{
    return &plan->stat[i];
}

int64_t pt_plan_stat_doubles(const pt_plan_t *plan)
{
    return plan->stat_doubles;
}

int64_t pt_plan_stat_bound(const pt_plan_t *plan)
{
    return plan->stat_bound;
}

int32_t pt_plan_n_value(const pt_plan_t *plan)
{
    return plan->n_value;
}

pt_plan_value_t pt_plan_value(const pt_plan_t *plan, int32_t value)
{
    const value_t *v = &plan->value[value];

    return (pt_plan_value_t){.op = v->op,
                             .n_in = v->inst->n_in,
                             .in = {v->in[0], v->in[1]},
                             .task = plan->task[v->first_user],
                             .candidate = v->position};
}

bool pt_plan_uses(const pt_plan_t *plan, int32_t value, int32_t i)
{
    return plan_is_user(plan, value, i);
}

int32_t pt_plan_output(const pt_plan_t *plan, int32_t i)
{
    const pt_space_t *s = plan->space;

    return pt_plan_at_node(plan, i, s->candidate[pt_space_head(s, plan->task[i])].dst);
}

int32_t pt_plan_at_node(const pt_plan_t *plan, int32_t i, int32_t node)
{
    return plan->node_value[(size_t)i * (size_t)plan->space->n_node + (size_t)node];
}
