/* The beginning of a bout: who has part in it, what is to be done, and what of it is there.
 *
 * Rank 0 knows of all; the others are told. */
#include <string.h>

#include "polytree/base/activity.h"
#include "polytree/base/clock.h"
#include "polytree/search/helper.h"
#include "search/run.h"

/* What ranks are told of a bout before they begin. */
typedef struct bout_head {
    bool is_end; /* there are no more */
    bool is_looks;
    int32_t n_group;
    int64_t n, step, n_step, n_look;
    int64_t counter[CHOOSE_N_COUNTER];
} bout_head_t;

/* Rank 0: steps of the training in a checkpoint that goes on with an item; 0: none does. */
static int64_t kept_steps(const choose_t *c, const choose_item_t *item)
{
    const choose_training_t *t = &c->training;
    char name[PT_RECORD_NAME];
    int64_t step = 0;
    choose_item_name(item, name);
    strcat(name, "step");
    if (!c->bout.is_looks && t->step > 0 && t->number == item->number &&
        t->seed == item->seed)
        return t->step;
    if (pt_checkpoint_find(&c->trainings, name) == NULL ||
        pt_checkpoint_copy(&c->trainings, name, PT_DTYPE_I64, 1, &step) != PT_OK)
        return 0;
    return step;
}

/* List what is to be done, and what of it is there. */
static pt_status_t list(pt_search_t *s, bout_head_t *head)
{
    choose_t *c = &s->choose;
    choose_bout_t *b = &c->bout;
    PT_TRY(choose_list(c));
    b->is_kept = false;
    b->step = s->state.step;
    b->n_step = c->training.n_step;
    b->n_look = c->training.n_look;
    for (int64_t i = 0; i < b->n; i++) {
        choose_item_t *item = &b->item[i];
        int64_t steps = item->steps >= 0 ? item->steps : kept_steps(c, item);
        bool is_done = item->steps >= 0;
        if (steps < 0 || (!is_done && steps > choose_item_length(c)))
            PT_FAIL(FORMAT, "the checkpoint's trainings of candidates are out of range");
        item->is_out = is_done || steps > 0;
        b->step -= steps + is_done;
        b->n_step -= b->is_looks ? 0 : steps;
        b->n_look -= is_done && !b->is_looks;
    }
    *head = (bout_head_t){.is_looks = b->is_looks,
                          .n_group = run_groups_wanted(s, b->n),
                          .n = b->n,
                          .step = b->step,
                          .n_step = b->n_step,
                          .n_look = b->n_look};
    choose_get_counters(c, head->counter);
    return PT_OK;
}

/* All ranks know of all items, and helpers of the candidates that they are of. */
static pt_status_t share(pt_search_t *s, const bout_head_t *head)
{
    choose_t *c = &s->choose;
    choose_bout_t *b = &c->bout;
    pt_comm_t *comm = s->groups.meeting;
    PT_AGREE(comm, choose_list_room(c, head->n));
    PT_TRY(pt_comm_bcast(comm, b->item, (size_t)head->n * sizeof *b->item, 0));
    if (head->n_group > 1) {
        size_t n = (size_t)head->counter[0];
        choose_set_counters(c, head->counter);
        PT_TRY(pt_comm_bcast(comm, c->bits, n * c->words * sizeof *c->bits, 0));
        PT_TRY(pt_comm_bcast(comm, c->widening, n * sizeof *c->widening, 0));
        PT_TRY(pt_comm_bcast(comm, c->cost, n * sizeof *c->cost, 0));
        if (c->trains && c->is_closed)
            run_choose_plan(s->config, &c->price, c->n, &c->rungs);
    }
    for (int64_t i = 0; i < head->n; i++)
        b->item[i].is_ours = b->item[i].is_ours && s->is_root;
    b->n_told = 0;
    b->is_looks = head->is_looks;
    b->step = head->step;
    b->n_step = head->n_step;
    b->n_look = head->n_look;
    return PT_OK;
}

/* The weights that candidates are judged with, or begin to train with, for groups. */
static pt_status_t give_weights(pt_search_t *s)
{
    run_groups_t *g = &s->groups;
    choose_t *c = &s->choose;
    pt_checkpoint_t kept;
    pt_status_t status = PT_OK;
    if (!c->bout.is_looks)
        return run_choose_begins_with_supernet(s)
                   ? pt_checkpoint_bcast(&c->supernet, g->meeting)
                   : PT_OK;
    pt_checkpoint_init(&kept);
    if (!g->is_helper)
        status = pt_trainer_keep_weights(s->trainer, &kept);
    PT_TRY_OR(done, pt_comm_agree(g->meeting, status));
    PT_TRY_OR(done, pt_checkpoint_bcast(&kept, g->meeting));
    status = run_choose_take_weights(s, &kept);
    PT_TRY_OR(done, pt_comm_agree(g->meeting, status));
done:
    pt_checkpoint_release(&kept);
    return status;
}

/* The training that the run's own trainer is at becomes one of those that are dealt out. */
static pt_status_t put_aside(pt_search_t *s)
{
    choose_t *c = &s->choose;
    choose_training_t *t = &c->training;
    const choose_item_t item = {.number = t->number, .seed = t->seed};
    pt_checkpoint_t state, named;
    pt_status_t status;
    if (t->step == 0 || s->groups.is_helper)
        return PT_OK;
    pt_checkpoint_init(&state);
    pt_checkpoint_init(&named);
    PT_TRY_OR(done, pt_trainer_save(s->trainer, &state));
    if (s->is_root)
        status = run_bout_add_state(&item, &t->step, &state, &named);
    if (s->is_root && status == PT_OK)
        status = pt_checkpoint_copy_all(&named, "", 0, &c->trainings);
done:
    pt_checkpoint_release(&named);
    pt_checkpoint_release(&state);
    return status;
}

/* A training of a checkpoint goes to a group, which holds it until it comes to it. */
static pt_status_t deal(pt_search_t *s, int64_t i, int32_t to)
{
    run_groups_t *g = &s->groups;
    choose_item_t *item = &s->choose.bout.item[i];
    pt_checkpoint_t own;
    char name[PT_RECORD_NAME];
    pt_status_t status = PT_OK;
    pt_checkpoint_init(&own);
    choose_item_name(item, name);
    if (s->is_root)
        status = pt_checkpoint_copy_all(&s->choose.trainings, name, 0, &own);
    PT_TRY_OR(done, pt_comm_agree(g->meeting, status));
    PT_TRY_OR(done, pt_checkpoint_bcast(&own, g->meeting));
    if (to == g->number && run_group_is_root(g)) {
        strcat(name, "step");
        status = pt_checkpoint_copy(&own, name, PT_DTYPE_I64, 1, &item->held);
        if (status == PT_OK)
            status = pt_checkpoint_copy_all(&own, "", 0, &g->held);
    }
    PT_TRY_OR(done, pt_comm_agree(g->meeting, status));
done:
    pt_checkpoint_release(&own);
    return status;
}

/* What a checkpoint has of trainings goes on: that of the run's own trainer there, where
 * ranks are one group. */
static pt_status_t go_on(pt_search_t *s)
{
    run_groups_t *g = &s->groups;
    choose_t *c = &s->choose;
    choose_training_t *t = &c->training;
    int32_t n_dealt = 0;
    if (g->n > 1)
        PT_AGREE(g->meeting, put_aside(s));
    for (int64_t i = 0; i < c->bout.n; i++) {
        const choose_item_t *item = &c->bout.item[i];
        if (!item->is_out || item->steps >= 0)
            continue;
        if (g->n == 1 && t->step > 0 && t->number == item->number &&
            t->seed == item->seed) {
            g->item = i;
            g->step = t->step;
        } else {
            PT_TRY(deal(s, i, n_dealt++ % g->n));
        }
    }
    t->number = t->seed = t->step = 0;
    pt_checkpoint_release(&c->trainings);
    return PT_OK;
}

/* Of all who have part in it. */
static pt_status_t open(pt_search_t *s, const bout_head_t *head)
{
    run_groups_t *g = &s->groups;
    PT_TRY(run_groups_take(s, head->n_group));
    PT_TRY(share(s, head));
    pt_checkpoint_release(&g->held);
    g->item = g->next = -1;
    g->step = g->n_handed = 0;
    if (g->n > 1)
        PT_TRY(give_weights(s));
    PT_TRY(go_on(s));
    g->samples =
        run_choose_samples(s, PT_JUDGE_TRAINS) + run_choose_samples(s, PT_JUDGE_SUPERNET);
    g->met = pt_clock();
    g->is_open = head->n > 0;
    return PT_OK;
}

pt_status_t run_bout_begin(pt_search_t *s)
{
    bout_head_t head = {.n = 0};
    PT_AGREE(s->world, s->is_root ? list(s, &head) : PT_OK);
    PT_TRY(pt_comm_bcast(s->world, &head, sizeof head, 0));
    if (head.n_group > 1)
        PT_TRY(pt_comm_bcast(s->groups.all, &head, sizeof head, 0));
    return open(s, &head);
}

pt_status_t run_bout_help(pt_search_t *s, bool *is_end)
{
    bout_head_t head;
    bool is_over = false;
    PT_TRY(pt_comm_bcast(s->groups.all, &head, sizeof head, 0));
    *is_end = head.is_end;
    if (head.is_end)
        return PT_OK;
    PT_TRY(open(s, &head));
    while (!is_over && (s->request & PT_REQUEST_STOP) == 0)
        PT_TRY(run_bout_step(s, &is_over));
    s->request = 0;
    pt_activity_leave();
    return PT_OK;
}

pt_status_t pt_helper_dismiss(const pt_layout_t *layout)
{
    bout_head_t head = {.is_end = true};
    return pt_comm_bcast(layout->all, &head, sizeof head, 0);
}
