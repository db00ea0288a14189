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
    pt_checkpoint_init(&c->trainings);
    PT_TRY(pt_subnet_init(&c->subnet, c->one.n_task, c->one.n_choice));
    PT_TRY(pt_alloc(&c->bits, n * c->words, sizeof *c->bits));
    PT_TRY(pt_alloc(&c->origin, n, sizeof *c->origin));
    PT_TRY(pt_alloc(&c->reached, n, sizeof *c->reached));
    PT_TRY(pt_alloc(&c->widening, n, sizeof *c->widening));
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
    void *const plain[] = {c->bits,     c->origin,    c->reached,   c->widening, c->cost,
                           c->loss,     c->score,     c->metric,    c->by_score, c->order,
                           c->is_final, c->bout.item, c->bout.said, c->bout.kept};
    for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++)
        pt_free(plain[i]);
    choose_close_widths(c);
    pt_subnet_release(&c->one);
    pt_subnet_release(&c->subnet);
    if (c->is_on) {
        pt_exact_release(&c->sum);
        pt_checkpoint_release(&c->supernet);
        pt_checkpoint_release(&c->trainings);
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

bool choose_add(choose_t *c, const choose_width_t *width, const pt_subnet_t *subnet,
                choose_origin_t origin)
{
    size_t bytes = c->words * sizeof *c->bits;
    for (int64_t i = 0; i < c->n; i++)
        if (!(c->widening[i] < width->widening || c->widening[i] > width->widening) &&
            memcmp(c->bits + (size_t)i * c->words, subnet->bits, bytes) == 0)
            return false;
    memcpy(c->bits + (size_t)c->n * c->words, subnet->bits, bytes);
    c->origin[c->n] = origin;
    c->widening[c->n] = width->widening;
    c->cost[c->n++] = pt_breeder_cost(width->breeder, subnet);
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

#define WIDENING "choose/widening"

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

/* What is left of the bout, and trainings of it that are not at their end. */
static pt_status_t save_bout(const choose_t *c, pt_checkpoint_t *to)
{
    const choose_bout_t *b = &c->bout;
    const int64_t dim[2] = {b->n - b->n_told, CHOOSE_N_KEPT};
    int64_t *at = b->kept;
    for (int64_t i = b->n_told; i < b->n; i++) {
        *at++ = b->item[i].number;
        *at++ = b->item[i].seed;
        *at++ = b->item[i].steps;
    }
    if (dim[0] > 0)
        PT_TRY(pt_checkpoint_add(to, "choose/bout", PT_DTYPE_I64, dim, 2, b->kept, true));
    for (int32_t i = 0; i < c->trainings.n_record; i++) {
        const pt_record_t *r = &c->trainings.record[i];
        PT_TRY(pt_checkpoint_add(to, r->name, r->dtype, r->dim, r->n_dim, r->data,
                                 r->in_payload));
    }
    return PT_OK;
}

static bool has_widths(const choose_t *c)
{
    for (int64_t i = 0; i < c->n; i++)
        if (c->widening[i] != 1)
            return true;
    return false;
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
    if (has_widths(c))
        PT_TRY(pt_checkpoint_add(to, WIDENING, PT_DTYPE_F64, &c->n, 1, c->widening, true));
    PT_TRY(pt_checkpoint_add(to, "choose/loss", PT_DTYPE_F64, loss, 3, c->loss, true));
    PT_TRY(save_bout(c, to));
    return save_supernet(c, to);
}

static bool is_good(const choose_t *c, const choose_item_t *item)
{
    return item->number >= 0 && item->number < c->n && item->seed >= 0 &&
           item->seed < c->n_seed && item->steps >= -1;
}

/* Those of 0.3.0 are without: what is to be done follows from what is known. */
static pt_status_t take_bout(choose_t *c, const pt_checkpoint_t *from)
{
    const pt_record_t *r = pt_checkpoint_find(from, "choose/bout");
    const void *data;
    if (r == NULL)
        return PT_OK;
    PT_TRY(pt_checkpoint_get(from, "choose/bout", PT_DTYPE_I64, r->dim[0] * CHOOSE_N_KEPT,
                             &data));
    c->bout.is_looks = choose_is_proposing(c);
    PT_TRY(choose_list_room(c, r->dim[0]));
    const int64_t *at = data;
    for (int64_t i = 0; i < c->bout.n; i++, at += CHOOSE_N_KEPT) {
        c->bout.item[i] = (choose_item_t){
            .number = at[0], .seed = at[1], .steps = at[2], .is_ours = at[2] >= 0};
        if (!is_good(c, &c->bout.item[i]))
            PT_FAIL(FORMAT, "the checkpoint has candidates to judge that are none");
    }
    c->bout.is_kept = true;
    return pt_checkpoint_copy_all(from, "choose/training/", 0, &c->trainings);
}

static pt_status_t take_supernet(choose_t *c, const pt_checkpoint_t *checkpoint)
{
    return pt_checkpoint_copy_all(checkpoint, weight, strlen("choose/"), &c->supernet);
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

/* Those of one width, and of 0.3.0, are without. */
static pt_status_t take_widening(choose_t *c, int64_t n, const pt_checkpoint_t *from)
{
    for (int64_t i = 0; i < n; i++)
        c->widening[i] = 1;
    if (pt_checkpoint_find(from, WIDENING) != NULL)
        PT_TRY(pt_checkpoint_copy(from, WIDENING, PT_DTYPE_F64, n, c->widening));
    for (int64_t i = 0; i < n; i++)
        if (!(c->widening[i] > 0 && c->widening[i] <= PT_WIDENING_MAX))
            PT_FAIL(FORMAT, "the checkpoint has a candidate of no width");
    return PT_OK;
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
    PT_TRY(take_widening(c, n, from));
    for (int64_t i = 0; i < n; i++) {
        if (c->origin[i] < 0 || c->origin[i] >= CHOOSE_N_ORIGIN)
            PT_FAIL(FORMAT, "the checkpoint has a candidate of unknown origin");
        if (c->reached[i] < 0 || c->reached[i] > CHOOSE_RUNGS)
            PT_FAIL(FORMAT, "the checkpoint has a candidate of no rung");
    }
    choose_set_counters(c, counter);
    PT_TRY(take_bout(c, from));
    return take_supernet(c, from);
}
