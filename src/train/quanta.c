/* Quanta of gradient sums. */
#include "train/quanta.h"

#include <math.h>
#include <string.h>

#include "polytree/base/memory.h"
#include "polytree/kernel/kernel.h"

/** Bits by which contributions may grow from one step of a group to its next, and by which
 * those of its first may differ from a neighbour's. */
enum { HEADROOM = 12 };

pt_status_t quanta_init(pt_store_t *store, quanta_t *quanta)
{
    size_t n = (size_t)store->n_group;

    *quanta = (quanta_t){.store = store};
    PT_TRY(pt_alloc(&quanta->last, n, sizeof *quanta->last));
    PT_TRY(pt_alloc(&quanta->expected, n, sizeof *quanta->expected));
    return pt_alloc(&quanta->used, n, sizeof *quanta->used);
}

void quanta_reset(quanta_t *quanta)
{
    memset(quanta->last, 0, (size_t)quanta->store->n_group * sizeof *quanta->last);
}

void quanta_release(quanta_t *quanta)
{
    pt_free(quanta->last);
    pt_free(quanta->expected);
    pt_free(quanta->used);
    *quanta = (quanta_t){0};
}

/** What to expect before the first group that has had a step: as much as of that one. */
static float first_known(const quanta_t *q)
{
    int32_t g = 0;

    while (g < q->store->n_group && q->last[g] == 0)
        g++;
    return g < q->store->n_group ? q->last[g] : 0;
}

void quanta_choose(quanta_t *q, const bool *is_used, int64_t addends)
{
    int room = 62 - HEADROOM;
    float expected = first_known(q);

    while (addends > (int64_t)1 << (62 - HEADROOM - room))
        room--;
    q->limit = 0x1p62 / (double)addends;
    q->n_used = 0;
    for (int32_t g = 0; g < q->store->n_group; g++) {
        pt_group_sum_t *sum = &q->store->group_sum[g];
        if (q->last[g] > 0)
            expected = q->last[g];
        if (!is_used[g])
            continue;
        q->used[q->n_used++] = g;
        q->expected[g] = expected;
        sum->largest = 0;
        if (expected > 0)
            sum->scale = ldexp(1, room - 1 - ilogb((double)expected));
    }
}

void quanta_offer(const quanta_t *q, int64_t *largest)
{
    for (int32_t i = 0; i < q->n_used; i++)
        largest[i] = q->store->group_sum[q->used[i]].largest;
}

static float float_of(int64_t bits)
{
    int32_t word = (int32_t)bits;
    float x;

    memcpy(&x, &word, sizeof x);
    return x;
}

/** Whether the sum of group g, whose largest contribution is x > 0, is of use. */
static bool is_sound(const quanta_t *q, int32_t g, float x)
{
    double size = (double)x, expected = (double)q->expected[g];

    if (expected == 0 || size * q->store->group_sum[g].scale >= q->limit)
        return false;
    return q->last[g] > 0 || ldexp(size, HEADROOM) >= expected;
}

quanta_verdict_t quanta_judge(quanta_t *q, const int64_t *largest)
{
    quanta_verdict_t verdict = QUANTA_GOOD;

    for (int32_t i = 0; i < q->n_used; i++) {
        if (largest[i] >= PT_INFINITY_BITS)
            return QUANTA_DIVERGED;
        if (largest[i] > 0 && !is_sound(q, q->used[i], float_of(largest[i])))
            verdict = QUANTA_AGAIN;
    }
    for (int32_t i = 0; i < q->n_used; i++)
        if (largest[i] > 0)
            q->last[q->used[i]] = float_of(largest[i]);
    return verdict;
}
