/* Which candidates some subnets run, how often, and what one of them takes. */
#include "arch/uses.h"

#include <string.h>

#include "polytree/base/hash.h"
#include "polytree/base/memory.h"

/** Values are known by a hash of what they are made of, as a plan numbers them. */
typedef struct values {
    uint64_t *table, mask; /**< open addressing; 0 = empty */
    uint64_t *node;        /**< [n_node] value of each for the task at work; 0 = none */
} values_t;

static bool is_new(values_t *v, uint64_t value)
{
    uint64_t at = value & v->mask;
    while (v->table[at] != 0 && v->table[at] != value)
        at = (at + 1) & v->mask;
    if (v->table[at] == value)
        return false;
    v->table[at] = value;
    return true;
}

static uint64_t hash_values(uint64_t a, uint64_t b, uint64_t c)
{
    uint64_t part[] = {a, b, c}, h = pt_hash64(part, sizeof part, 0);
    return h != 0 ? h : 1;
}

/* Count what this task runs that no task before it ran on the same values. */
static void add_task(const pt_space_t *space, const pt_subnet_t *subnet, int32_t task,
                     const uint8_t *alive, values_t *v, int32_t *uses)
{
    memset(v->node, 0, (size_t)space->n_node * sizeof *v->node);
    v->node[0] = 1;
    for (int32_t n = 0; n < space->n_candidate; n++) {
        const pt_candidate_t *c = &space->candidate[n];
        if (!alive[n])
            continue;
        uint64_t skip = c->skip >= 0 ? v->node[c->skip] : 0;
        uint64_t term = hash_values((uint64_t)n, v->node[c->src], skip);
        /* The gates of a soft mix are its task's own. */
        uint64_t owner = subnet->is_soft && c->choice >= 0 ? (uint64_t)task + 1 : 0;
        uses[n] += is_new(v, term);
        if (owner != 0 || v->node[c->dst] != 0)
            term = hash_values(term, v->node[c->dst], owner);
        v->node[c->dst] = term;
    }
}

pt_status_t uses_count(const pt_space_t *space, const pt_subnet_t *subnet, int32_t first,
                       int32_t n_task, int32_t *uses)
{
    size_t n_candidate = (size_t)space->n_candidate, n_node = (size_t)space->n_node;
    size_t capacity = 1;
    uint8_t *alive = NULL;
    values_t v = {0};
    pt_status_t status;
    bool is_shared = space->kind == PT_SPACE_BRANCH;

    while (is_shared && capacity < 2 * n_candidate * (size_t)n_task)
        capacity *= 2;
    v.mask = capacity - 1;
    PT_TRY_OR(done, pt_alloc(&alive, n_candidate + n_node, 1));
    PT_TRY_OR(done, pt_alloc(&v.table, capacity, sizeof *v.table));
    PT_TRY_OR(done, pt_alloc(&v.node, n_node, sizeof *v.node));
    memset(uses, 0, n_candidate * sizeof *uses);
    for (int32_t k = first; k < first + n_task; k++) {
        pt_subnet_reach(space, subnet, k, alive, alive + n_candidate);
        if (is_shared)
            add_task(space, subnet, k, alive, &v, uses);
        for (int32_t c = 0; c < space->n_candidate && !is_shared; c++)
            uses[c] += alive[c];
    }
done:
    pt_free(v.node);
    pt_free(v.table);
    pt_free(alive);
    return status;
}

int64_t candidate_madds(const pt_space_t *space, int32_t candidate)
{
    const pt_candidate_t *c = &space->candidate[candidate];
    int64_t sum = 0;
    for (int32_t o = 0; o < c->n_op; o++)
        sum += space->op[c->first_op + o].inst.madds;
    return sum;
}

int64_t candidate_parameters(const pt_space_t *space, int32_t candidate)
{
    const pt_candidate_t *c = &space->candidate[candidate];
    int64_t sum = 0;
    if (c->group < 0)
        return 0;
    const pt_group_t *group = &space->store.group[c->group];
    for (int32_t t = 0; t < group->n_param; t++)
        sum += space->store.param[group->first_param + t].count;
    return sum;
}

int64_t candidate_activation(const pt_space_t *space, int32_t candidate)
{
    const pt_candidate_t *c = &space->candidate[candidate];
    int64_t sum = 0;
    for (int32_t o = 0; o < c->n_op; o++) {
        const pt_op_inst_t *inst = &space->op[c->first_op + o].inst;
        sum += pt_shape_count(inst->out) * (int64_t)sizeof(pt_real_t) +
               (int64_t)inst->saved_bytes;
    }
    return sum / space->microbatch;
}

bool candidate_is_head(const pt_space_t *space, int32_t candidate)
{
    const pt_candidate_t *c = &space->candidate[candidate];
    return c->task >= 0 && c->dst >= space->n_node - space->n_task;
}
