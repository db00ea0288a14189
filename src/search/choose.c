/* The phase that chooses: its beginning, its length and its end. */
#include "polytree/base/memory.h"
#include "search/run.h"

#include <math.h>

/* A step of training runs forward once, and twice as much backward. */
#define PASSES 3.0

double run_choose_samples(const pt_config_t *config, const pt_feed_t *feed)
{
    double forward = 0;
    for (int32_t b = 0; b < pt_feed_n_bundle(feed); b++) {
        const pt_bundle_t *bundle = pt_feed_bundle(feed, b);
        double half = (double)bundle->n_sample[PT_PART_ALPHA] / 2;
        double calibrated = (double)(config->bn.calibrate * config->train.microbatch);
        forward += bundle->n_task * (half + calibrated);
    }
    return forward / PASSES;
}

int64_t run_choose_most(const pt_config_t *config, double one, double retrain,
                        int64_t n_hand)
{
    double wanted = (double)(config->choose.population * config->choose.generations);
    double n_final = (double)(n_hand + CHOOSE_FINALISTS);
    return (int64_t)fmax(
        0, fmin(wanted, floor(config->choose.budget * retrain / one) - n_final));
}

/* Hand-made candidates, but for those of a file. */
static int64_t n_always(const pt_config_t *config)
{
    return config->space.kind == PT_SPACE_DAG ? 1 + CHOOSE_ONE_GRAPHS : 2;
}

/* Steps: each candidate on propose, then the finalists on confirm, of whom there may be
 * more than candidates. */
static int64_t length(int64_t n_most, int64_t n_hand)
{
    int64_t n_final = n_hand + CHOOSE_FINALISTS;
    return n_most + (n_final < n_most ? n_final : n_most);
}

int64_t run_choose_expect(const pt_config_t *config, const pt_feed_t *feed,
                          int64_t n_retrain)
{
    int64_t n_hand = n_always(config);
    double retrain = (double)n_retrain * run_step_samples(config, feed, false);
    double one = run_choose_samples(config, feed);
    return length(run_choose_most(config, one, retrain, n_hand), n_hand);
}

pt_status_t run_choose_prepare(pt_search_t *s)
{
    const pt_config_t *config = s->config;
    choose_t *c = &s->choose;
    if (!pt_config_is_judged(config))
        return PT_OK;
    const pt_feed_t *feed = pt_trainer_feed(s->trainer);
    c->one_samples = run_choose_samples(config, feed);
    c->retrain_samples =
        (double)s->length.n_step[PT_PHASE_RETRAIN] * run_step_samples(config, feed, false);
    int64_t least = n_always(config);
    c->capacity = run_choose_most(config, c->one_samples, c->retrain_samples, least);
    if (c->capacity < least)
        PT_FAIL(CONFIG,
                "choose.budget = %g trainings of the network found (retrain.steps) are too "
                "little to judge the %lld candidates that are always tried",
                config->choose.budget, (long long)least);
    PT_TRY(pt_subnet_init(&c->one, s->space->n_task, s->space->n_choice));
    PT_TRY(pt_breeder_new(config, &s->resource, &c->breeder));
    pt_breeder_one(c->breeder, &c->one);
    return choose_init(c);
}

/* As the hand-made ones are known. */
void run_choose_count(pt_search_t *s)
{
    const choose_t *c = &s->choose;
    int64_t n_hand = 0;
    for (int64_t i = 0; i < c->n; i++)
        n_hand += choose_is_handmade(c, i);
    if (c->n > 0)
        s->length.n_step[PT_PHASE_CHOOSE] = length(c->n_most, n_hand);
}

static const char *percent(double score, char text[32])
{
    snprintf(text, 32, "%+.2f %%", 100 * expm1(score));
    return text;
}

static void note_choice(pt_search_t *s)
{
    const choose_t *c = &s->choose;
    char mean[32], worst[32], error[32] = "";
    double deviation = choose_error(c, c->chosen, 0);
    if (isfinite(deviation) && c->chosen > 0)
        snprintf(error, sizeof error, " +- %.2f %%", 100 * deviation);
    run_note(s,
             "chosen: number %lld (%s) of %lld candidates, losses %s%s against one network "
             "for all tasks, the worst task's %s",
             (long long)c->chosen, choose_origin_name(c->origin[c->chosen]),
             (long long)c->n, percent(choose_score(c, c->chosen, CHOOSE_CONFIRM), mean),
             error, percent(choose_worst(c, c->chosen, CHOOSE_CONFIRM), worst));
    run_note(s, "        %.6g %s; judging cost %.2f trainings of the network found",
             c->cost[c->chosen], pt_resource_unit(s->resource.kind), run_choose_spent(s));
}

double run_choose_spent(const pt_search_t *s)
{
    const choose_t *c = &s->choose;
    return (double)s->state.step * c->one_samples / c->retrain_samples;
}

pt_status_t run_choose_end(pt_search_t *s)
{
    choose_t *c = &s->choose;
    (void)choose_finalists(c);
    c->chosen = choose_best(s->config, c);
    PT_TRY(pt_comm_bcast(s->world, &c->chosen, sizeof c->chosen, 0));
    choose_load(c, c->chosen);
    pt_subnet_copy(&s->subnet, &c->subnet);
    s->subnet.is_soft = false;
    s->state.is_derived = 1;
    if (s->is_root) {
        note_choice(s);
        run_event_choice(s);
    }
    return pt_comm_agree(s->world, s->is_root ? run_choose_report(s) : PT_OK);
}
