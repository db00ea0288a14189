/* The candidates of a run, to a checkpoint and back. */
#include <math.h>
#include <stdio.h>
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
    c->n_row = choose_rung_row(c->trains ? CHOOSE_RUNGS : 0) + c->n_seed * CHOOSE_N_FINAL;
    size_t n_loss = n * (size_t)c->n_row * n_task;
    c->words = n_task * c->one.words;
    pt_checkpoint_init(&c->supernet);
    PT_TRY(pt_subnet_init(&c->subnet, c->one.n_task, c->one.n_choice));
    PT_TRY(pt_alloc(&c->bits, n * c->words, sizeof *c->bits));
    PT_TRY(pt_alloc(&c->origin, n, sizeof *c->origin));
    PT_TRY(pt_alloc(&c->reached, n, sizeof *c->reached));
    PT_TRY(pt_alloc(&c->cost, n, sizeof *c->cost));
    PT_TRY(pt_alloc(&c->loss, n_loss, sizeof *c->loss));
    PT_TRY(pt_alloc(&c->score, n_task, sizeof *c->score));
    PT_TRY(pt_alloc(&c->metric, n_task, sizeof *c->metric));
    PT_TRY(pt_alloc(&c->by_score, n, sizeof *c->by_score));
    PT_TRY(pt_alloc(&c->order, n, sizeof *c->order));
    PT_TRY(pt_alloc(&c->is_final, n, sizeof *c->is_final));
    for (size_t i = 0; i < n_loss; i++)
        c->loss[i] = NAN;
    return pt_exact_init(&c->sum, 4 * CHOOSE_BLOCKS * (int64_t)n_task);
}

void choose_release(choose_t *c)
{
    void *const plain[] = {c->bits,  c->origin, c->reached,  c->cost,  c->loss,
                           c->score, c->metric, c->by_score, c->order, c->is_final};
    for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++)
        pt_free(plain[i]);
    pt_breeder_free(c->breeder);
    pt_subnet_release(&c->one);
    pt_subnet_release(&c->subnet);
    if (c->is_on) {
        pt_exact_release(&c->sum);
        pt_checkpoint_release(&c->supernet);
    }
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

void choose_get_counters(const choose_t *c, int64_t counter[CHOOSE_N_COUNTER])
{
    const choose_training_t *t = &c->training;
    const int64_t now[CHOOSE_N_COUNTER] = {c->n,      c->n_judged, c->is_closed, c->chosen,
                                           t->rung,   t->number,   t->seed,      t->step,
                                           t->n_step, t->n_look};
    memcpy(counter, now, sizeof now);
}

void choose_set_counters(choose_t *c, const int64_t counter[CHOOSE_N_COUNTER])
{
    c->n = counter[0];
    c->n_judged = counter[1];
    c->is_closed = counter[2];
    c->chosen = counter[3];
    c->training = (choose_training_t){counter[4], counter[5], counter[6],
                                      counter[7], counter[8], counter[9]};
}

static const char weight[] = "choose/weight";

/* The weights that training begins with, which the trainer has no more. */
static pt_status_t save_supernet(const choose_t *c, pt_checkpoint_t *checkpoint)
{
    char name[PT_RECORD_NAME];
    for (int32_t i = 0; i < c->supernet.n_record; i++) {
        const pt_record_t *r = &c->supernet.record[i];
        snprintf(name, sizeof name, "%s%s", weight, strchr(r->name, '/'));
        PT_TRY(
            pt_checkpoint_add(checkpoint, name, r->dtype, r->dim, r->n_dim, r->data, true));
    }
    return PT_OK;
}

pt_status_t choose_save(const choose_t *c, int64_t counter[CHOOSE_N_COUNTER],
                        pt_checkpoint_t *checkpoint)
{
    const int64_t n_counter = CHOOSE_N_COUNTER, bits[2] = {c->n, (int64_t)c->words};
    const int64_t loss[3] = {c->n, c->n_row, c->n_task};
    pt_checkpoint_t *to = checkpoint;
    choose_get_counters(c, counter);
    if (c->n == 0)
        return PT_OK;
    PT_TRY(pt_checkpoint_add(to, "choose/counters", PT_DTYPE_I64, &n_counter, 1, counter,
                             true));
    PT_TRY(pt_checkpoint_add(to, "choose/bits", PT_DTYPE_U64, bits, 2, c->bits, true));
    PT_TRY(pt_checkpoint_add(to, "choose/origin", PT_DTYPE_I64, &c->n, 1, c->origin, true));
    PT_TRY(
        pt_checkpoint_add(to, "choose/reached", PT_DTYPE_I64, &c->n, 1, c->reached, true));
    PT_TRY(pt_checkpoint_add(to, "choose/cost", PT_DTYPE_F64, &c->n, 1, c->cost, true));
    PT_TRY(pt_checkpoint_add(to, "choose/loss", PT_DTYPE_F64, loss, 3, c->loss, true));
    return save_supernet(c, to);
}

static pt_status_t copy_record(const pt_record_t *r, pt_checkpoint_t *to)
{
    size_t n = 1;
    float *data;
    for (int32_t d = 0; d < r->n_dim; d++)
        n *= (size_t)r->dim[d];
    PT_TRY(pt_alloc(&data, n, sizeof *data));
    memcpy(data, r->data, n * sizeof *data);
    pt_status_t status = pt_checkpoint_add(to, r->name + strlen("choose/"), r->dtype,
                                           r->dim, r->n_dim, data, false);
    if (status != PT_OK)
        pt_free(data);
    return status;
}

static pt_status_t take_supernet(choose_t *c, const pt_checkpoint_t *checkpoint)
{
    c->supernet.owns_data = true;
    for (int32_t i = 0; i < checkpoint->n_record; i++)
        if (strncmp(checkpoint->record[i].name, weight, strlen(weight)) == 0)
            PT_TRY(copy_record(&checkpoint->record[i], &c->supernet));
    return PT_OK;
}

static bool are_counters_good(const choose_t *c, const int64_t *counter)
{
    int64_t n = counter[0];
    for (int32_t i = 4; i < CHOOSE_N_COUNTER; i++)
        if (counter[i] < 0)
            return false;
    return n >= 1 && n <= c->capacity && counter[1] >= 0 && counter[1] <= n &&
           counter[3] >= -1 && counter[3] < n && counter[4] <= CHOOSE_RUNGS &&
           counter[5] < n && counter[6] < c->n_seed;
}

pt_status_t choose_take(choose_t *c, const pt_checkpoint_t *checkpoint)
{
    int64_t counter[CHOOSE_N_COUNTER];
    const pt_checkpoint_t *from = checkpoint;
    if (pt_checkpoint_find(from, "choose/counters") == NULL)
        return PT_OK;
    PT_TRY(pt_checkpoint_copy(from, "choose/counters", PT_DTYPE_I64, CHOOSE_N_COUNTER,
                              counter));
    int64_t n = counter[0];
    if (!are_counters_good(c, counter))
        PT_FAIL(FORMAT, "the checkpoint's counters of candidates are out of range");
    PT_TRY(pt_checkpoint_copy(from, "choose/bits", PT_DTYPE_U64, n * (int64_t)c->words,
                              c->bits));
    PT_TRY(pt_checkpoint_copy(from, "choose/origin", PT_DTYPE_I64, n, c->origin));
    PT_TRY(pt_checkpoint_copy(from, "choose/reached", PT_DTYPE_I64, n, c->reached));
    PT_TRY(pt_checkpoint_copy(from, "choose/cost", PT_DTYPE_F64, n, c->cost));
    PT_TRY(pt_checkpoint_copy(from, "choose/loss", PT_DTYPE_F64, n * c->n_row * c->n_task,
                              c->loss));
    for (int64_t i = 0; i < n; i++) {
        if (c->origin[i] < 0 || c->origin[i] >= CHOOSE_N_ORIGIN)
            PT_FAIL(FORMAT, "the checkpoint has a candidate of unknown origin");
        if (c->reached[i] < 0 || c->reached[i] > CHOOSE_RUNGS)
            PT_FAIL(FORMAT, "the checkpoint has a candidate of no rung");
    }
    choose_set_counters(c, counter);
    return take_supernet(c, from);
}
