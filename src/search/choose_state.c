/* The candidates of a run, to a checkpoint and back. */
#include <math.h>
#include <string.h>

#include "polytree/base/memory.h"
#include "search/choose.h"

const char *choose_origin_name(int64_t origin)
{
    static const char *const name[CHOOSE_N_ORIGIN] = {
        [CHOOSE_SHARED] = "shared",        [CHOOSE_APART] = "apart",
        [CHOOSE_ONE_GRAPH] = "one-graph",  [CHOOSE_FILE] = "file",
        [CHOOSE_RANDOM] = "random",        [CHOOSE_EVOLVED] = "evolved",
        [CHOOSE_ENUMERATED] = "enumerated"};
    return name[origin];
}

pt_status_t choose_init(choose_t *c)
{
    size_t n = (size_t)c->capacity, n_task = (size_t)c->one.n_task;
    c->is_on = true;
    c->chosen = -1;
    c->n_task = c->one.n_task;
    c->words = n_task * c->one.words;
    PT_TRY(pt_subnet_init(&c->subnet, c->one.n_task, c->one.n_choice));
    PT_TRY(pt_alloc(&c->bits, n * c->words, sizeof *c->bits));
    PT_TRY(pt_alloc(&c->origin, n, sizeof *c->origin));
    PT_TRY(pt_alloc(&c->cost, n, sizeof *c->cost));
    PT_TRY(pt_alloc(&c->loss, n * CHOOSE_N_LOSS * n_task, sizeof *c->loss));
    PT_TRY(pt_alloc(&c->score, n_task, sizeof *c->score));
    PT_TRY(pt_alloc(&c->by_score, n, sizeof *c->by_score));
    PT_TRY(pt_alloc(&c->order, n, sizeof *c->order));
    PT_TRY(pt_alloc(&c->is_final, n, sizeof *c->is_final));
    for (size_t i = 0; i < n * CHOOSE_N_LOSS * n_task; i++)
        c->loss[i] = NAN;
    return pt_exact_init(&c->sum, 4 * CHOOSE_BLOCKS * (int64_t)n_task);
}

void choose_release(choose_t *c)
{
    void *const plain[] = {c->bits,  c->origin,   c->cost,  c->loss,
                           c->score, c->by_score, c->order, c->is_final};
    for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++)
        pt_free(plain[i]);
    pt_breeder_free(c->breeder);
    pt_subnet_release(&c->one);
    pt_subnet_release(&c->subnet);
    if (c->is_on)
        pt_exact_release(&c->sum);
    *c = (choose_t){.is_on = false};
}

void choose_load(choose_t *c, int64_t i)
{
    memcpy(c->subnet.bits, c->bits + (size_t)i * c->words, c->words * sizeof *c->bits);
    c->subnet.is_soft = false;
    for (int32_t k = 0; k < c->n_task; k++)
        pt_subnet_harden(&c->subnet, k);
}

bool choose_add(choose_t *c, const pt_subnet_t *subnet, choose_origin_t origin)
{
    size_t bytes = c->words * sizeof *c->bits;
    for (int64_t i = 0; i < c->n; i++)
        if (memcmp(c->bits + (size_t)i * c->words, subnet->bits, bytes) == 0)
            return false;
    memcpy(c->bits + (size_t)c->n * c->words, subnet->bits, bytes);
    c->origin[c->n] = origin;
    c->cost[c->n++] = pt_breeder_cost(c->breeder, subnet);
    return true;
}

pt_status_t choose_save(const choose_t *c, int64_t counter[CHOOSE_N_COUNTER],
                        pt_checkpoint_t *checkpoint)
{
    const int64_t n_counter = CHOOSE_N_COUNTER, bits[2] = {c->n, (int64_t)c->words};
    const int64_t loss[3] = {c->n, CHOOSE_N_LOSS, c->n_task};
    const int64_t now[CHOOSE_N_COUNTER] = {c->n, c->n_judged, c->n_most, c->is_closed,
                                           c->chosen};
    memcpy(counter, now, sizeof now);
    if (c->n == 0)
        return PT_OK;
    PT_TRY(pt_checkpoint_add(checkpoint, "choose/counters", PT_DTYPE_I64, &n_counter, 1,
                             counter, true));
    PT_TRY(
        pt_checkpoint_add(checkpoint, "choose/bits", PT_DTYPE_U64, bits, 2, c->bits, true));
    PT_TRY(pt_checkpoint_add(checkpoint, "choose/origin", PT_DTYPE_I64, &c->n, 1, c->origin,
                             true));
    PT_TRY(pt_checkpoint_add(checkpoint, "choose/cost", PT_DTYPE_F64, &c->n, 1, c->cost,
                             true));
    return pt_checkpoint_add(checkpoint, "choose/loss", PT_DTYPE_F64, loss, 3, c->loss,
                             true);
}

pt_status_t choose_take(choose_t *c, const pt_checkpoint_t *checkpoint)
{
    int64_t counter[CHOOSE_N_COUNTER];
    if (pt_checkpoint_find(checkpoint, "choose/counters") == NULL)
        return PT_OK;
    PT_TRY(pt_checkpoint_copy(checkpoint, "choose/counters", PT_DTYPE_I64, CHOOSE_N_COUNTER,
                              counter));
    int64_t n = counter[0];
    if (n < 1 || n > c->capacity || counter[1] < 0 || counter[1] > n || counter[2] < n ||
        counter[2] > c->capacity || counter[4] < -1 || counter[4] >= n)
        PT_FAIL(FORMAT, "the checkpoint's counters of candidates are out of range");
    PT_TRY(pt_checkpoint_copy(checkpoint, "choose/bits", PT_DTYPE_U64,
                              n * (int64_t)c->words, c->bits));
    PT_TRY(pt_checkpoint_copy(checkpoint, "choose/origin", PT_DTYPE_I64, n, c->origin));
    PT_TRY(pt_checkpoint_copy(checkpoint, "choose/cost", PT_DTYPE_F64, n, c->cost));
    PT_TRY(pt_checkpoint_copy(checkpoint, "choose/loss", PT_DTYPE_F64,
                              n * CHOOSE_N_LOSS * c->n_task, c->loss));
    for (int64_t i = 0; i < n; i++)
        if (c->origin[i] < 0 || c->origin[i] >= CHOOSE_N_ORIGIN)
            PT_FAIL(FORMAT, "the checkpoint has a candidate of unknown origin");
    c->n = n;
    c->n_judged = counter[1];
    c->n_most = counter[2];
    c->is_closed = counter[3];
    c->chosen = counter[4];
    return PT_OK;
}
