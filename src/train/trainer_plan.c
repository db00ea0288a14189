/* Plans of a trainer: compiled when a step or an evaluation needs them, kept while they
 * fit. */
#include "train/trainer.h"

#include "polytree/base/activity.h"
#include "polytree/base/clock.h"
#include "polytree/base/memory.h"

pt_status_t trainer_plan(pt_trainer_t *trainer, const pt_subnet_t *subnet, pt_pass_t pass,
                         int32_t bundle, pt_plan_t **plan)
{
    const pt_bundle_t *b = pt_feed_bundle(trainer->feed, bundle);
    int32_t slot = bundle % trainer->plans.n_slot;
    double begin = pt_clock();

    pt_activity_do(PT_DOING_PLANS);
    switch (pass) {
    case PT_PASS_WEIGHT:
        *plan = trainer->plans.weight[slot];
        break;
    case PT_PASS_ALPHA:
        *plan = trainer->plans.alpha[slot];
        break;
    case PT_PASS_LOSS:
        *plan = trainer->plans.loss[slot];
        break;
    case PT_PASS_CALIBRATE:
        *plan = trainer->plans.calibrate;
        break;
    case PT_PASS_EVAL:
        *plan = trainer->plans.eval;
        break;
    }
    if (pt_plan_key(*plan) != pt_plan_make_key(subnet, pass, b->task, b->n_task))
        PT_TRY(pt_plan_compile(*plan, subnet, pass, b->task, b->n_task));
    trainer->time.compile += pt_clock() - begin;
    return PT_OK;
}

/** Bundles that can take turns, ordinary ones and single tasks. */
static int32_t n_turn(const pt_trainer_t *t)
{
    return t->n_bundle + (t->config->train.turn == PT_TURN_TASKS ? t->n_task : 0);
}

static pt_status_t open_slots(const pt_trainer_t *t, pt_plan_t ***slot)
{
    PT_TRY(pt_alloc(slot, (size_t)t->plans.n_slot, sizeof **slot));
    for (int32_t i = 0; i < t->plans.n_slot; i++)
        PT_TRY(pt_plan_new(t->space, t->n_bundle_task, &(*slot)[i]));
    return PT_OK;
}

static void close_slots(const pt_trainer_t *t, pt_plan_t **slot)
{
    for (int32_t i = 0; i < t->plans.n_slot && slot != NULL; i++)
        pt_plan_free(slot[i]);
    pt_free(slot);
}

pt_status_t trainer_open_plans(pt_trainer_t *t)
{
    plans_t *p = &t->plans;

    p->n_slot = n_turn(t) < PLAN_SLOTS ? n_turn(t) : PLAN_SLOTS;
    PT_TRY(open_slots(t, &p->weight));
    PT_TRY(open_slots(t, &p->alpha));
    if (pt_weighting_is_by_loss(t->config->train.weighting))
        PT_TRY(open_slots(t, &p->loss));
    PT_TRY(pt_plan_new(t->space, t->n_bundle_task, &p->calibrate));
    return pt_plan_new(t->space, t->n_bundle_task, &p->eval);
}

void trainer_close_plans(pt_trainer_t *t)
{
    plans_t *p = &t->plans;

    close_slots(t, p->weight);
    close_slots(t, p->alpha);
    close_slots(t, p->loss);
    pt_plan_free(p->calibrate);
    pt_plan_free(p->eval);
}
