/* Bouts: what is to be done before anything more is known of candidates.
 *
 * Ranks tell each other of the items that have not been told of, all of them in numbers of
 * 64 bits that are summed: whoever has judged an item brings its own, all others zeros.
 *
 *     steps of trainings, judgements: all but those told of
 *     of each item: steps it has trained + 1 | [row][task] losses, as they are in memory */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "polytree/base/memory.h"
#include "search/choose.h"

int64_t choose_item_row(const choose_t *c, const choose_item_t *item)
{
    if (c->bout.is_looks)
        return CHOOSE_SUPERNET_ROW;
    bool is_last = c->training.rung == c->rungs.n - 1;
    return is_last && !c->has_regression ? choose_final_row(c, item->seed, CHOOSE_LOSS)
                                         : choose_rung_row(c->training.rung);
}

bool choose_item_decides(const choose_t *c)
{
    return c->bout.is_looks ? !c->trains : c->training.rung == c->rungs.n - 1;
}

int64_t choose_item_length(const choose_t *c)
{
    return c->bout.is_looks ? 0 : c->rungs.steps[c->training.rung];
}

void choose_item_name(const choose_item_t *item, char name[PT_RECORD_NAME])
{
    snprintf(name, PT_RECORD_NAME, "choose/training/%lld.%lld/", (long long)item->number,
             (long long)item->seed);
}

/* The rows of an item, one of them twice where it is judged by a final row. */
static int32_t rows_of(const choose_t *c, const choose_item_t *item,
                       int64_t row[1 + CHOOSE_N_FINAL])
{
    int32_t n = 1;
    row[0] = choose_item_row(c, item);
    for (; choose_item_decides(c) && n <= CHOOSE_N_FINAL; n++)
        row[n] = choose_final_row(c, item->seed, n - 1);
    return n;
}

static bool is_judged(const choose_t *c, const choose_item_t *item)
{
    const double *loss = choose_row(c, item->number, choose_item_row(c, item));
    for (int32_t k = 0; k < c->n_task; k++)
        if (!isnan(loss[k]))
            return true;
    return false;
}

static pt_status_t add(choose_t *c, int64_t number, int64_t seed)
{
    choose_item_t item = {
        .number = number, .seed = seed, .steps = -1, .cost = c->cost[number]};
    choose_bout_t *b = &c->bout;
    if (is_judged(c, &item))
        return PT_OK;
    PT_TRY(pt_grow(&b->item, &b->room, (size_t)b->n + 1, sizeof item));
    b->item[b->n++] = item;
    return PT_OK;
}

/* The reference first, by which all are scored; then the dear ones, so that groups of ranks
 * end together. */
static int in_order(const void *left, const void *right)
{
    const choose_item_t *a = left, *b = right;
    if ((a->number == 0) != (b->number == 0))
        return a->number == 0 ? -1 : 1;
    if (a->cost < b->cost || a->cost > b->cost)
        return a->cost > b->cost ? -1 : 1;
    if (a->number != b->number)
        return a->number < b->number ? -1 : 1;
    return (a->seed > b->seed) - (a->seed < b->seed);
}

/* Of trainings there are none behind the last rung. */
static int64_t n_seed(const choose_t *c)
{
    if (c->bout.is_looks)
        return 1;
    return c->training.rung < c->rungs.n ? choose_trainings(c, c->training.rung) : 0;
}

pt_status_t choose_list(choose_t *c)
{
    choose_bout_t *b = &c->bout;
    if (b->is_kept)
        return PT_OK;
    b->n = b->n_told = 0;
    b->is_looks = choose_is_proposing(c);
    for (int64_t i = 0; i < c->n; i++)
        for (int64_t seed = 0; seed < n_seed(c); seed++)
            if (b->is_looks || c->reached[i] > c->training.rung)
                PT_TRY(add(c, i, seed));
    if (b->n > 0)
        qsort(b->item, (size_t)b->n, sizeof *b->item, in_order);
    return PT_OK;
}

static int64_t item_numbers(const choose_t *c)
{
    return 1 + (1 + CHOOSE_N_FINAL) * (int64_t)c->n_task;
}

pt_status_t choose_list_room(choose_t *c, int64_t n)
{
    choose_bout_t *b = &c->bout;
    size_t most = (size_t)n;
    PT_TRY(pt_grow(&b->item, &b->room, most, sizeof *b->item));
    b->n = n;
    pt_free(b->said);
    pt_free(b->kept);
    b->said = b->kept = NULL;
    PT_TRY(pt_alloc(&b->kept, most, CHOOSE_N_KEPT * sizeof *b->kept));
    return pt_alloc(&b->said, CHOOSE_N_SAID + most * (size_t)item_numbers(c),
                    sizeof *b->said);
}

int64_t choose_said(const choose_t *c)
{
    return CHOOSE_N_SAID + (c->bout.n - c->bout.n_told) * item_numbers(c);
}

static int64_t *said_of(const choose_t *c, int64_t i)
{
    return c->bout.said + CHOOSE_N_SAID + (i - c->bout.n_told) * item_numbers(c);
}

void choose_say(choose_t *c, int64_t at_work)
{
    choose_bout_t *b = &c->bout;
    size_t bytes = (size_t)c->n_task * sizeof(double);
    memset(b->said, 0, (size_t)choose_said(c) * sizeof *b->said);
    choose_done(c, at_work, &b->said[CHOOSE_SAID_STEPS], &b->said[CHOOSE_SAID_LOOKS]);
    for (int64_t i = b->n_told; i < b->n; i++) {
        int64_t row[1 + CHOOSE_N_FINAL], *to = said_of(c, i);
        int32_t n = rows_of(c, &b->item[i], row);
        if (!b->item[i].is_ours)
            continue;
        *to++ = b->item[i].steps + 1;
        for (int32_t r = 0; r < n; r++, to += c->n_task)
            memcpy(to, choose_row(c, b->item[i].number, row[r]), bytes);
    }
}

int64_t choose_hear(choose_t *c)
{
    choose_bout_t *b = &c->bout;
    size_t bytes = (size_t)c->n_task * sizeof(double);
    int64_t step = choose_count(c, b->said[CHOOSE_SAID_STEPS], b->said[CHOOSE_SAID_LOOKS]);
    for (int64_t i = b->n_told; i < b->n; i++) {
        int64_t row[1 + CHOOSE_N_FINAL], *from = said_of(c, i);
        int32_t n = rows_of(c, &b->item[i], row);
        b->item[i].steps = *from++ - 1;
        for (int32_t r = 0; r < n && b->item[i].steps >= 0; r++, from += c->n_task)
            memcpy(choose_row(c, b->item[i].number, row[r]), from, bytes);
    }
    return step;
}

void choose_done(const choose_t *c, int64_t at_work, int64_t *steps, int64_t *looks)
{
    const choose_bout_t *b = &c->bout;
    *steps = at_work;
    *looks = 0;
    for (int64_t i = b->n_told; i < b->n; i++) {
        *steps += b->item[i].is_ours ? b->item[i].steps : b->item[i].held;
        *looks += b->item[i].is_ours;
    }
}

int64_t choose_count(choose_t *c, int64_t steps, int64_t looks)
{
    choose_bout_t *b = &c->bout;
    b->n_ahead = b->is_looks ? looks : 0;
    if (!b->is_looks) {
        c->training.n_step = b->n_step + steps;
        c->training.n_look = b->n_look + looks;
    }
    return b->step + steps + looks;
}

const choose_item_t *choose_tell(choose_t *c)
{
    choose_bout_t *b = &c->bout;
    const choose_item_t *item = &b->item[b->n_told];
    if (b->n_told == b->n || item->steps < 0)
        return NULL;
    b->n_told++;
    b->step += item->steps + 1;
    b->n_step += b->is_looks ? 0 : item->steps;
    b->n_look += !b->is_looks;
    c->n_judged += b->is_looks;
    b->n_ahead -= b->n_ahead > 0;
    return item;
}
