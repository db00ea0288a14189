/* Training candidates, each from the beginning: all of a rung with the same initial weights
 * and the same samples, whatever their numbers. */
#include <math.h>

#include "polytree/base/memory.h"
#include "polytree/train/schedule.h"
#include "search/run.h"

static uint8_t key_of(const choose_t *c, const choose_item_t *item)
{
    int64_t rung = c->training.rung;
    bool is_last = rung == c->rungs.n - 1;
    return (uint8_t)(PT_PHASE_TRAININGS + (is_last ? CHOOSE_RUNGS + item->seed : rung));
}

/* As the network found will: with the weights that search leaves, where it does. */
bool run_choose_begins_with_supernet(const pt_search_t *s)
{
    return s->choose.has_supernet && s->config->retrain.from == PT_FROM_SEARCH;
}

/* A trainer's weights, of all tensors from `kept` of its first rank. */
static pt_status_t take_weights(pt_trainer_t *trainer, const pt_checkpoint_t *kept)
{
    const pt_store_t *store = &pt_trainer_space(trainer)->store;
    pt_comm_t *comm = pt_trainer_layout(trainer)->world;
    const pt_record_t **source = NULL;
    pt_status_t status = pt_alloc(&source, (size_t)store->n_param, sizeof *source);
    PT_TRY_OR(done, pt_comm_agree(comm, status));
    for (int32_t p = 0; p < store->n_param && pt_comm_rank(comm) == 0; p++) {
        char name[PT_RECORD_NAME];
        snprintf(name, sizeof name, "weight/%s", store->param[p].name);
        source[p] = pt_checkpoint_find(kept, name);
    }
    PT_TRY_OR(done, pt_trainer_take_weights(trainer, source));
done:
    pt_free(source);
    return status;
}

pt_status_t run_choose_take_weights(pt_search_t *s, const pt_checkpoint_t *kept)
{
    return take_weights(s->groups.trainer, kept);
}

static pt_status_t begin_training(pt_search_t *s, const choose_item_t *item)
{
    pt_trainer_t *trainer = s->groups.trainer;
    uint8_t key = key_of(&s->choose, item);
    pt_trainer_restart(trainer, (uint64_t)s->config->run.seed + ((uint64_t)key << 48));
    return run_choose_begins_with_supernet(s) ? take_weights(trainer, &s->choose.supernet)
                                              : PT_OK;
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

pt_status_t run_choose_train(pt_search_t *s, const choose_item_t *item, int64_t step)
{
    choose_t *c = &s->choose;
    pt_trainer_t *trainer = s->groups.trainer;
    pt_step_t at = {.phase = key_of(c, item),
                    .step = step,
                    .part = pt_feed_candidates_part(pt_trainer_feed(trainer))};
    pt_update_t update = update_of(s, step, c->rungs.steps[c->training.rung]);
    pt_step_result_t result;
    if (step == 0)
        PT_TRY(begin_training(s, item));
    choose_load(c, item->number);
    return pt_trainer_weight_step(trainer, &at, &c->subnet, &update, &result);
}

static pt_status_t share_reached(pt_search_t *s)
{
    choose_t *c = &s->choose;
    return pt_comm_bcast(s->world, c->reached, (size_t)c->n * sizeof *c->reached, 0);
}

static pt_status_t enter_rung(pt_search_t *s, int64_t rung)
{
    choose_t *c = &s->choose;
    const pt_rng_t rng = {.seed = (uint64_t)s->config->run.seed,
                          .purpose = PT_RNG_CHOOSE,
                          .phase = PT_PHASE_TRAININGS};
    if (s->is_root && c->has_regression)
        choose_enter_first(c, &rng);
    else if (s->is_root)
        choose_enter_rung(c, rung);
    c->training.rung = rung;
    return share_reached(s);
}

/* Those expected to be best train next, once all that have entered have trained. */
static pt_status_t enter_best(pt_search_t *s)
{
    choose_t *c = &s->choose;
    int64_t left = c->rungs.size[0] - c->training.n_look, most = s->config->choose.at_once;
    PT_AGREE(s->world, s->is_root ? run_choose_predict(s) : PT_OK);
    if (left == 0) {
        c->training.rung++;
        return PT_OK;
    }
    for (int64_t i = 0; s->is_root && i < left && i < most; i++)
        (void)choose_enter_best(c);
    return share_reached(s);
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

/* The reference is in the first rung, whoever else is. */
pt_status_t run_choose_enter(pt_search_t *s)
{
    choose_t *c = &s->choose;
    if (c->reached[0] == 0) {
        if (run_choose_begins_with_supernet(s))
            PT_TRY(pt_trainer_keep_weights(s->trainer, &c->supernet));
        note_rungs(s);
        return enter_rung(s, 0);
    }
    if (c->has_regression)
        return enter_best(s);
    if (c->training.rung + 1 < c->rungs.n)
        return enter_rung(s, c->training.rung + 1);
    c->training.rung++;
    return PT_OK;
}

pt_status_t run_choose_end_trainings(pt_search_t *s)
{
    choose_t *c = &s->choose;
    pt_trainer_restart(s->trainer, (uint64_t)s->config->run.seed);
    if (run_choose_begins_with_supernet(s))
        PT_TRY(take_weights(s->trainer, &c->supernet));
    pt_checkpoint_release(&c->supernet);
    return PT_OK;
}
