/* Training candidates, each from the beginning: all of a rung with the same initial weights
 * and the same samples, whatever their numbers. */
#include <math.h>

#include "polytree/base/memory.h"
#include "polytree/train/schedule.h"
#include "search/run.h"

static uint8_t key_of(const choose_training_t *t, const choose_rungs_t *rungs)
{
    bool is_last = t->rung == rungs->n - 1;
    return (uint8_t)(PT_PHASE_TRAININGS + (is_last ? CHOOSE_RUNGS + t->seed : t->rung));
}

/* As the network found will: with the weights that search leaves, where it does. */
static bool begins_with_supernet(const pt_search_t *s)
{
    return s->choose.has_supernet && s->config->retrain.from == PT_FROM_SEARCH;
}

/* Sources of all tensors among the kept weights, on rank 0. */
static pt_status_t take_supernet(pt_search_t *s)
{
    const pt_store_t *store = &s->space->store;
    const pt_record_t **source = NULL;
    pt_status_t status = pt_alloc(&source, (size_t)store->n_param, sizeof *source);
    PT_TRY_OR(done, pt_comm_agree(s->world, status));
    for (int32_t p = 0; p < store->n_param && s->is_root; p++) {
        char name[PT_RECORD_NAME];
        snprintf(name, sizeof name, "weight/%s", store->param[p].name);
        source[p] = pt_checkpoint_find(&s->choose.supernet, name);
    }
    PT_TRY_OR(done, pt_trainer_take_weights(s->trainer, source));
done:
    pt_free(source);
    return status;
}

static pt_status_t begin_training(pt_search_t *s)
{
    const choose_t *c = &s->choose;
    uint8_t key = key_of(&c->training, &c->rungs);
    pt_trainer_restart(s->trainer, (uint64_t)s->config->run.seed + ((uint64_t)key << 48));
    return begins_with_supernet(s) ? take_supernet(s) : PT_OK;
}

/* The schedule of the network found, as long as the training. */
static pt_update_t update_of(const pt_search_t *s, int64_t step, int64_t n_step)
{
    pt_update_config_t config = run_update(s);
    double share = (double)n_step / (double)s->choose.price.retrain;
    config.lr_warmup = (int64_t)round((double)config.lr_warmup * share);
    pt_update_t update = pt_update_make(&config, pt_schedule_lr(&config, step, n_step));
    update.fresh = run_fresh(s);
    return update;
}

pt_status_t run_choose_train(pt_search_t *s)
{
    choose_t *c = &s->choose;
    choose_training_t *t = &c->training;
    int64_t n_step = c->rungs.steps[t->rung];
    pt_step_t step = {.phase = key_of(t, &c->rungs),
                      .step = t->step,
                      .part = pt_feed_candidates_part(pt_trainer_feed(s->trainer)),
                      .request = s->asked};
    pt_update_t update = update_of(s, t->step, n_step);
    pt_step_result_t result = {.loss = NAN};
    if (t->step == 0)
        PT_TRY(begin_training(s));
    choose_load(c, t->number);
    PT_TRY(pt_trainer_weight_step(s->trainer, &step, &c->subnet, &update, &result));
    t->step++;
    t->n_step++;
    s->state.step++;
    run_after_step(s, false, &result);
    return PT_OK;
}

static pt_status_t enter_rung(pt_search_t *s, int64_t rung)
{
    choose_t *c = &s->choose;
    size_t n = (size_t)c->n;
    const pt_rng_t rng = {.seed = (uint64_t)s->config->run.seed,
                          .purpose = PT_RNG_CHOOSE,
                          .phase = PT_PHASE_TRAININGS};
    if (s->is_root && c->has_regression)
        choose_enter_first(c, &rng);
    else if (s->is_root)
        choose_enter_rung(c, rung);
    PT_TRY(pt_comm_bcast(s->world, c->reached, n * sizeof *c->reached, 0));
    c->training.rung = rung;
    c->training.number = choose_next_in_rung(c, rung, 0);
    return PT_OK;
}

/* Who is expected to be best trains next, once all that have entered have trained. */
static pt_status_t enter_best(pt_search_t *s)
{
    choose_t *c = &s->choose;
    PT_AGREE(s->world, s->is_root ? run_choose_predict(s) : PT_OK);
    if (c->training.n_look == c->rungs.size[0]) {
        c->training.rung++;
        c->training.number = 0;
        return PT_OK;
    }
    if (s->is_root)
        c->training.number = choose_enter_best(c);
    PT_TRY(pt_comm_bcast(s->world, &c->training.number, sizeof c->training.number, 0));
    c->reached[c->training.number] = 1;
    return PT_OK;
}

/* Whether those that enter first are through. */
static bool is_guided(const choose_t *c)
{
    int64_t n_in = 0;
    for (int64_t i = 0; i < c->n; i++)
        n_in += c->reached[i] > 0;
    return c->has_regression && n_in == c->training.n_look;
}

pt_status_t run_choose_next(pt_search_t *s)
{
    choose_t *c = &s->choose;
    choose_training_t *t = &c->training;
    t->step = 0;
    t->n_look++;
    if (++t->seed < choose_trainings(c, t->rung))
        return PT_OK;
    t->seed = 0;
    if (is_guided(c))
        return enter_best(s);
    int64_t next = choose_next_in_rung(c, t->rung, t->number + 1);
    if (next >= 0) {
        t->number = next;
        return PT_OK;
    }
    if (t->rung + 1 < c->rungs.n)
        return enter_rung(s, t->rung + 1);
    t->rung++;
    t->number = 0;
    return PT_OK;
}

/* "6 x 10 steps, 3 x 30 steps x 2" */
static void note_rungs(pt_search_t *s)
{
    const choose_t *c = &s->choose;
    char line[512] = "";
    pt_text_t text = pt_text_in(line, sizeof line);
    for (int32_t r = 0; r < c->rungs.n; r++) {
        int64_t n = choose_trainings(c, r);
        pt_text_add(&text, "%s%lld x %lld steps", r > 0 ? ", " : "",
                    (long long)(c->rungs.size[r] + (r > 0)), (long long)c->rungs.steps[r]);
        if (n > 1)
            pt_text_add(&text, " x %lld", (long long)n);
    }
    run_note(s, "%s: %s", c->has_regression ? "regression" : "halving", line);
}

pt_status_t run_choose_begin_halving(pt_search_t *s)
{
    choose_t *c = &s->choose;
    if (begins_with_supernet(s))
        PT_TRY(pt_trainer_keep_weights(s->trainer, &c->supernet));
    note_rungs(s);
    return enter_rung(s, 0);
}

pt_status_t run_choose_end_halving(pt_search_t *s)
{
    choose_t *c = &s->choose;
    pt_trainer_restart(s->trainer, (uint64_t)s->config->run.seed);
    if (begins_with_supernet(s))
        PT_TRY(take_supernet(s));
    pt_checkpoint_release(&c->supernet);
    pt_checkpoint_init(&c->supernet);
    return PT_OK;
}
