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

pt_status_t trainer_open_plans(pt_trainer_t *t)
{
    plans_t *p = &t->plans;

    p->n_slot = n_turn(t) < PLAN_SLOTS ? n_turn(t) : PLAN_SLOTS;
    PT_TRY(pt_alloc(&p->weight, (size_t)p->n_slot, sizeof *p->weight));
    PT_TRY(pt_alloc(&p->alpha, (size_t)p->n_slot, sizeof *p->alpha));
    for (int32_t i = 0; i < p->n_slot; i++) {
        PT_TRY(pt_plan_new(t->space, t->n_bundle_task, &p->weight[i]));
        PT_TRY(pt_plan_new(t->space, t->n_bundle_task, &p->alpha[i]));
    }
    PT_TRY(pt_plan_new(t->space, t->n_bundle_task, &p->calibrate));
    return pt_plan_new(t->space, t->n_bundle_task, &p->eval);
}

void trainer_close_plans(pt_trainer_t *t)
{
    plans_t *p = &t->plans;

    for (int32_t i = 0; i < p->n_slot; i++) {
        if (p->weight != NULL)
            pt_plan_free(p->weight[i]);
        if (p->alpha != NULL)
            pt_plan_free(p->alpha[i]);
    }
    pt_free(p->weight);
    pt_free(p->alpha);
    pt_plan_free(p->calibrate);
    pt_plan_free(p->eval);
}
