/* Which choices are on for each task, and which of them data can reach. */
#include "polytree/graph/subnet.h"

#include <string.h>

#include "polytree/base/hash.h"
#include "polytree/base/memory.h"

enum { HAS_VALUE = 1, IS_NEEDED = 2 };

pt_status_t pt_subnet_init(pt_subnet_t *subnet, int32_t n_task, int32_t n_choice)
{
    pt_subnet_t s = {
        .n_task = n_task, .n_choice = n_choice, .words = pt_bitset_words(n_choice)};
    size_t n = (size_t)n_task;
    pt_status_t status;
    PT_TRY_OR(failed, pt_alloc(&s.bits, n * s.words, sizeof *s.bits));
    PT_TRY_OR(failed, pt_alloc(&s.gate, n * (size_t)n_choice, sizeof *s.gate));
    *subnet = s;
    return PT_OK;
failed:
    pt_subnet_release(&s);
    return status;
}

void pt_subnet_release(pt_subnet_t *subnet)
{
    pt_free(subnet->bits);
    pt_free(subnet->gate);
    *subnet = (pt_subnet_t){0};
}

void pt_subnet_switch(pt_subnet_t *subnet, int32_t task, int32_t choice, bool on)
{
    pt_bitset_set(pt_subnet_bits(subnet, task), choice, on);
    pt_subnet_gates(subnet, task)[choice] = on;
}

void pt_subnet_harden(pt_subnet_t *subnet, int32_t task)
{
    const uint64_t *bits = pt_subnet_bits(subnet, task);
    pt_real_t *gate = pt_subnet_gates(subnet, task);
    for (int32_t c = 0; c < subnet->n_choice; c++)
        gate[c] = pt_bitset_get(bits, c);
}

void pt_subnet_copy(pt_subnet_t *dst, const pt_subnet_t *src)
{
    size_t n = (size_t)src->n_task;
    memcpy(dst->bits, src->bits, n * src->words * sizeof *src->bits);
    memcpy(dst->gate, src->gate, n * (size_t)src->n_choice * sizeof *src->gate);
    dst->is_soft = src->is_soft;
    dst->is_active_only = src->is_active_only;
}

uint64_t pt_subnet_key(const pt_subnet_t *subnet, const int32_t *task, int32_t n_task)
{
    uint64_t flags = (uint64_t)subnet->is_soft | (uint64_t)subnet->is_active_only << 1;
    uint64_t key = pt_hash64(task, (size_t)n_task * sizeof *task, flags);
    for (int32_t t = 0; t < n_task; t++)
        key = pt_hash64(pt_subnet_bits(subnet, task[t]),
                        subnet->words * sizeof *subnet->bits, key);
    return key;
}

static bool is_on(const pt_candidate_t *c, const uint64_t *bits, int32_t task)
{
    return (c->choice < 0 || pt_bitset_get(bits, c->choice)) &&
           (c->task < 0 || c->task == task);
}

static bool has_sources(const pt_candidate_t *c, const uint8_t *node)
{
    return (node[c->src] & HAS_VALUE) && (c->skip < 0 || (node[c->skip] & HAS_VALUE));
}

void pt_subnet_reach(const pt_space_t *space, const pt_subnet_t *subnet, int32_t task,
                     uint8_t *candidate, uint8_t *node)
{
    const uint64_t *bits = pt_subnet_bits(subnet, task);
    memset(node, 0, (size_t)space->n_node);
    memset(candidate, 0, (size_t)space->n_candidate);

    node[0] = HAS_VALUE;
    for (int32_t n = 0; n < space->n_candidate; n++) {
        const pt_candidate_t *c = &space->candidate[n];
        if (has_sources(c, node) && is_on(c, bits, task))
            node[c->dst] |= HAS_VALUE;
    }
    for (int32_t n = space->n_candidate - 1; n >= 0; n--) {
        const pt_candidate_t *c = &space->candidate[n];
        if (!has_sources(c, node) || !is_on(c, bits, task))
            continue;
        if (c->task == task)
            node[c->dst] |= IS_NEEDED;
        if (node[c->dst] & IS_NEEDED) {
            candidate[n] = 1;
            node[c->src] |= IS_NEEDED;
            if (c->skip >= 0)
                node[c->skip] |= IS_NEEDED;
        }
    }
}
