/* Quanta of gradient sums. */
#include "train/quanta.h"

#include <math.h>
#include <string.h>

#include "polytree/base/memory.h"
#include "polytree/kernel/kernel.h"

/** Bits by which contributions may grow from one step of a group to its next. */
enum { HEADROOM = 12 };

pt_status_t quanta_init(pt_store_t *store, quanta_t *quanta)
{
    size_t n = (size_t)store->n_group;

    *quanta = (quanta_t){.store = store};
    PT_TRY(pt_alloc(&quanta->last, n, sizeof *quanta->last));
    return pt_alloc(&quanta->used, n, sizeof *quanta->used);
}

void quanta_release(quanta_t *quanta)
{
    pt_free(quanta->last);
    pt_free(quanta->used);
    *quanta = (quanta_t){0};
}

void quanta_choose(quanta_t *q, const bool *is_used, int64_t addends)
{
    int room = 62 - HEADROOM;

    while (addends > (int64_t)1 << (62 - HEADROOM - room))
        room--;
    q->limit = 0x1p62 / (double)addends;
    q->n_used = 0;
    for (int32_t g = 0; g < q->store->n_group; g++) {
        pt_group_sum_t *sum = &q->store->group_sum[g];
        if (!is_used[g])
            continue;
        q->used[q->n_used++] = g;
        sum->largest = 0;
        if (q->last[g] > 0)
            sum->scale = ldexp(1, room - 1 - ilogb((double)q->last[g]));
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

quanta_verdict_t quanta_judge(quanta_t *q, const int64_t *largest)
{
    quanta_verdict_t verdict = QUANTA_GOOD;

    for (int32_t i = 0; i < q->n_used; i++) {
        int32_t g = q->used[i];
        float x = float_of(largest[i]);
        if (largest[i] >= PT_INFINITY_BITS)
            return QUANTA_DIVERGED;
        bool is_first = q->last[g] == 0;
        if (x > 0 && (is_first || (double)x * q->store->group_sum[g].scale >= q->limit)) {
            verdict = QUANTA_AGAIN;
            q->last[g] = x;
        }
    }
    for (int32_t i = 0; i < q->n_used && verdict == QUANTA_GOOD; i++)
        if (largest[i] > 0)
            q->last[q->used[i]] = float_of(largest[i]);
    return verdict;
}
