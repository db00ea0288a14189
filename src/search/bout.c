/* A bout: what is to be done with candidates, handed out to groups of ranks. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "polytree/base/clock.h"
#include "search/run.h"

/* A group asks for its next training when so many steps of one are left, or one in so many:
 * until it gets to know of it a few steps of the slowest group go by. */
enum { LEAST_LEFT = 4, SHARE_LEFT = 8 };
/* Seconds that a group without work rests before it looks again. */
#define REST 5e-4
/* Ranks meet for news no more often than each so many steps. */
enum { STEPS_OF_NEWS = 20 };

/* What the first rank of a group says to all of it after a step. */
typedef struct bout_turn {
    bool leaves, is_over;
    int64_t request;
    int64_t item, step; /* to begin with; -1: to go on as it is */
} bout_turn_t;

/* An item whose training this rank holds; -1: none. */
static int64_t find_held(const choose_t *c)
{
    for (int64_t i = c->bout.n_told; i < c->bout.n; i++)
        if (c->bout.item[i].held > 0)
            return i;
    return -1;
}

/* What comes next of what is handed out; bout.n: nothing is left. */
static int64_t next_item(const pt_search_t *s)
{
    const choose_bout_t *b = &s->choose.bout;
    int64_t i = s->groups.n_handed;
    while (i < b->n && b->item[i].is_out)
        i++;
    return i;
}

static bool has_work(const pt_search_t *s)
{
    const run_groups_t *g = &s->groups;
    return g->item >= 0 || g->next >= 0 || find_held(&s->choose) >= 0;
}

static bool wants_more(const pt_search_t *s)
{
    const run_groups_t *g = &s->groups;
    int64_t n = choose_item_length(&s->choose), few = n / SHARE_LEFT;
    if (g->next >= 0 || find_held(&s->choose) >= 0)
        return false;
    return g->item < 0 || n - g->step <= (few > LEAST_LEFT ? few : LEAST_LEFT);
}

static int64_t at_work(const pt_search_t *s)
{
    return s->groups.item >= 0 ? s->groups.step : 0;
}

/* Whether there may be something to tell that others have done, for a while. */
static bool has_news(const pt_search_t *s)
{
    const run_groups_t *g = &s->groups;
    double every = fmax(s->config->run.log_every, STEPS_OF_NEWS * s->speed.weight_seconds);
    return g->n > 1 && g->sum[GROUP_LOOKS] > 0 && pt_clock() - g->met > every;
}

static void offer(const pt_search_t *s, bool has_failed)
{
    const run_groups_t *g = &s->groups;
    int64_t *mine = g->mine;
    memset(mine, 0, (size_t)(GROUP_WANTS + g->n) * sizeof *mine);
    if (s->is_root)
        mine[GROUP_REQUEST] = (int64_t)s->asked | (has_news(s) ? GROUP_MEET : 0);
    mine[GROUP_FAILED] = has_failed;
    choose_done(&s->choose, at_work(s), &mine[GROUP_STEPS], &mine[GROUP_LOOKS]);
    if (has_failed)
        return;
    mine[GROUP_AT_WORK] = has_work(s);
    mine[GROUP_WANTS + g->number] = wants_more(s);
}

/* A round is over: what is left is handed to who wants it, the same on all. */
static void take_round(pt_search_t *s, bout_turn_t *turn)
{
    run_groups_t *g = &s->groups;
    const choose_bout_t *b = &s->choose.bout;
    bool is_any = false;
    for (int32_t i = 0; i < g->n; i++) {
        if (g->sum[GROUP_WANTS + i] == 0)
            continue;
        int64_t item = next_item(s);
        if (item == b->n)
            break;
        g->n_handed = item + 1;
        g->next = i == g->number ? item : g->next;
        is_any = true;
    }
    turn->request = g->sum[GROUP_REQUEST];
    turn->is_over = !is_any && next_item(s) == b->n && g->sum[GROUP_AT_WORK] == 0 &&
                    g->sum[GROUP_FAILED] == 0;
    turn->leaves = turn->is_over || turn->request != 0 || g->sum[GROUP_FAILED] > 0;
}

/* Rank 0: how far all groups are, for people, and what they ask for. */
static void look_around(pt_search_t *s)
{
    run_groups_t *g = &s->groups;
    s->state.step = choose_count(&s->choose, g->sum[GROUP_STEPS], g->sum[GROUP_LOOKS]);
    double samples =
        run_choose_samples(s, PT_JUDGE_TRAINS) + run_choose_samples(s, PT_JUDGE_SUPERNET);
    const pt_step_result_t result = {
        .loss = NAN,
        .samples = (int64_t)run_choose_drawn(s, fmax(0, samples - g->samples)),
        .request = s->request};
    g->samples = samples;
    run_after_step(s, false, &result);
}

static void rest(void)
{
    const struct timespec pause = {0, (long)(REST * 1e9)};
    nanosleep(&pause, NULL);
}

/* The first rank of a group comes by; without work, or after a failure, until there is
 * something to do. */
static pt_status_t come_by(pt_search_t *s, pt_status_t status, bout_turn_t *turn)
{
    run_groups_t *g = &s->groups;
    bool has_failed = status != PT_OK, is_over, waits;
    pt_comm_failure(status);
    do {
        offer(s, has_failed);
        PT_TRY(pt_tally_come_by(g->group->tally, g->mine, g->sum, &is_over));
        if (is_over)
            take_round(s, turn);
        waits = !turn->leaves && (has_failed || !has_work(s));
        if (waits && s->is_root)
            look_around(s);
        if (waits && !is_over)
            rest();
    } while (waits);
    return PT_OK;
}

static void tell(pt_search_t *s)
{
    choose_t *c = &s->choose;
    const choose_item_t *item;
    while ((item = choose_tell(c)) != NULL)
        run_event_candidate(s, item->number, choose_item_row(c, item), c->bout.step);
}

/* A step of the item at work; at its end it is judged, or given up. */
static pt_status_t work(pt_search_t *s)
{
    run_groups_t *g = &s->groups;
    choose_t *c = &s->choose;
    choose_item_t *item = &c->bout.item[g->item];
    bool is_done = c->bout.is_looks || g->step == choose_item_length(c);
    pt_status_t status =
        is_done ? run_choose_judge(s, item) : run_choose_train(s, item, g->step);
    if (!is_done && run_choose_has_diverged(item->number, status)) {
        run_choose_give_up(c, item);
        status = PT_OK;
        is_done = true;
    } else if (!is_done) {
        g->step += status == PT_OK;
    }
    if (!is_done || status != PT_OK)
        return status;
    item->steps = g->step;
    item->is_ours = run_group_is_root(g);
    g->item = -1;
    g->step = 0;
    return PT_OK;
}

/* What comes next: a training that is held, or what the group has been handed. */
static void pick(pt_search_t *s, bout_turn_t *turn)
{
    run_groups_t *g = &s->groups;
    turn->item = -1;
    if (turn->leaves || g->item >= 0)
        return;
    int64_t held = find_held(&s->choose);
    turn->item = held >= 0 ? held : g->next;
    turn->step = held >= 0 ? s->choose.bout.item[held].held : 0;
    if (held >= 0)
        s->choose.bout.item[held].held = 0;
    else
        g->next = -1;
}

static pt_status_t load_held(pt_search_t *s, const choose_item_t *item)
{
    run_groups_t *g = &s->groups;
    pt_checkpoint_t own;
    char name[PT_RECORD_NAME];
    pt_status_t status = PT_OK;
    pt_checkpoint_init(&own);
    choose_item_name(item, name);
    if (run_group_is_root(g))
        status = pt_checkpoint_copy_all(&g->held, name, strlen(name), &own);
    PT_TRY_OR(done, pt_comm_agree(g->group->comm, status));
    PT_TRY_OR(done, pt_trainer_load(g->trainer, &own));
done:
    pt_checkpoint_release(&own);
    return status;
}

pt_status_t run_bout_add_state(const choose_item_t *item, const int64_t *step,
                               const pt_checkpoint_t *state, pt_checkpoint_t *to)
{
    const int64_t one = 1;
    char name[PT_RECORD_NAME], full[2 * PT_RECORD_NAME];
    choose_item_name(item, name);
    snprintf(full, sizeof full, "%sstep", name);
    PT_TRY(pt_checkpoint_add(to, full, PT_DTYPE_I64, &one, 1, step, true));
    for (int32_t i = 0; i < state->n_record; i++) {
        const pt_record_t *r = &state->record[i];
        snprintf(full, sizeof full, "%s%s", name, r->name);
        PT_TRY(pt_checkpoint_add(to, full, r->dtype, r->dim, r->n_dim, r->data,
                                 r->in_payload));
    }
    return PT_OK;
}

/* What the first rank of a group has of trainings: it borrows. */
static pt_status_t collect(pt_search_t *s, const pt_checkpoint_t *state,
                           pt_checkpoint_t *to)
{
    const run_groups_t *g = &s->groups;
    const choose_bout_t *b = &s->choose.bout;
    if (state->n_record > 0)
        PT_TRY(run_bout_add_state(&b->item[g->item], &g->step, state, to));
    for (int64_t i = b->n_told; i < b->n; i++) {
        char name[PT_RECORD_NAME];
        choose_item_name(&b->item[i], name);
        for (int32_t j = 0; j < g->held.n_record && b->item[i].held > 0; j++) {
            const pt_record_t *r = &g->held.record[j];
            if (strncmp(r->name, name, strlen(name)) == 0)
                PT_TRY(pt_checkpoint_add(to, r->name, r->dtype, r->dim, r->n_dim, r->data,
                                         r->in_payload));
        }
    }
    return PT_OK;
}

/* For a checkpoint: rank 0 gets all trainings but the one that the run's own trainer is at,
 * which the checkpoint has anyway. */
static pt_status_t gather(pt_search_t *s)
{
    run_groups_t *g = &s->groups;
    choose_t *c = &s->choose;
    choose_training_t *t = &c->training;
    pt_checkpoint_t state, mine;
    pt_status_t status = PT_OK;
    bool is_training = !c->bout.is_looks && g->item >= 0 && g->step > 0;
    pt_checkpoint_init(&state);
    pt_checkpoint_init(&mine);
    if (is_training && g->trainer != s->trainer) {
        status = pt_trainer_save(g->trainer, &state);
    } else if (is_training) {
        t->number = c->bout.item[g->item].number;
        t->seed = c->bout.item[g->item].seed;
        t->step = g->step;
    }
    if (status == PT_OK && run_group_is_root(g))
        status = collect(s, &state, &mine);
    PT_TRY_OR(done, pt_comm_agree(g->meeting, status));
    PT_TRY_OR(done, pt_checkpoint_gather(&mine, g->meeting, &c->trainings));
done:
    pt_checkpoint_release(&mine);
    pt_checkpoint_release(&state);
    return status;
}

/* All ranks of the bout come together, and know alike. */
static pt_status_t meet(pt_search_t *s, pt_status_t status, const bout_turn_t *turn)
{
    run_groups_t *g = &s->groups;
    choose_t *c = &s->choose;
    choose_bout_t *b = &c->bout;
    choose_training_t *t = &c->training;
    PT_AGREE(g->meeting, status);
    pt_checkpoint_release(&c->trainings);
    t->number = t->seed = t->step = 0;
    choose_say(c, run_group_is_root(g) ? at_work(s) : 0);
    PT_TRY(pt_sum_i64(g->meeting, PT_TRAFFIC_CONTROL, b->said, (size_t)choose_said(c)));
    s->state.step = choose_hear(c);
    int64_t step = b->step, n_told = b->n_told;
    tell(s);
    n_told = b->n_told - n_told;
    g->sum[GROUP_STEPS] = b->said[CHOOSE_SAID_STEPS] - (b->step - step - n_told);
    g->sum[GROUP_LOOKS] = b->said[CHOOSE_SAID_LOOKS] - n_told;
    g->met = pt_clock();
    pt_trainer_pass_time(g->trainer, s->trainer);
    return (turn->request & (PT_REQUEST_STOP | PT_REQUEST_CHECKPOINT)) != 0 ? gather(s)
                                                                            : PT_OK;
}

pt_status_t run_bout_step(pt_search_t *s, bool *is_over)
{
    run_groups_t *g = &s->groups;
    bout_turn_t turn = {.item = -1};
    pt_status_t status = g->item >= 0 ? work(s) : PT_OK;
    if (g->n == 1)
        tell(s);
    if (run_group_is_root(g)) {
        PT_TRY(come_by(s, status, &turn));
        pick(s, &turn);
    }
    PT_TRY(pt_comm_bcast(g->group->comm, &turn, sizeof turn, 0));
    s->request = (unsigned)turn.request & (PT_REQUEST_STOP | PT_REQUEST_CHECKPOINT);
    if (s->is_root)
        look_around(s);
    if (turn.leaves)
        PT_TRY(meet(s, status, &turn));
    g->is_open = !turn.is_over;
    *is_over = turn.is_over;
    if (turn.item < 0)
        return PT_OK;
    g->item = turn.item;
    g->step = turn.step;
    const choose_item_t *item = &s->choose.bout.item[g->item];
    PT_TRY(run_groups_widen(s, s->choose.widening[item->number]));
    return g->step > 0 ? load_held(s, item) : PT_OK;
}
