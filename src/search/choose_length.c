/* How long the phase is that chooses: what judging a candidate costs, and how many there
 * are. */
#include "search/run.h"

#include <math.h>

/* A step of training runs forward once, and twice as much backward. */
#define PASSES 3.0
/* Of the budget, where halving follows. */
#define SUPERNET_SHARE 0.5
/* One in so many goes on to train: a supernet says more of networks than the trainings do
 * that all of them could have for the price. */
enum { THINNED = 10 };

choose_price_t run_choose_price(const pt_config_t *config, const pt_feed_t *feed,
                                double step, int64_t retrain)
{
    choose_price_t p = {.retrain = retrain, .step = step};
    for (int32_t b = 0; b < pt_feed_n_bundle(feed); b++) {
        const pt_bundle_t *bundle = pt_feed_bundle(feed, b);
        double judging = (double)bundle->n_sample[pt_feed_judging_part(feed)];
        double calibrated = (double)(config->bn.calibrate * config->train.microbatch);
        p.look += bundle->n_task * (judging + calibrated) / PASSES;
    }
    p.all = (double)retrain * p.step;
    return p;
}

/* Samples that are left for trainings once so many candidates have been judged before. */
static double left_for_trainings(const pt_config_t *config, const choose_price_t *price,
                                 int64_t n_judged)
{
    bool has_supernet = (pt_config_judge(config) & PT_JUDGE_SUPERNET) != 0;
    return config->choose.budget * price->all -
           (has_supernet ? (double)n_judged * price->look : 0);
}

void run_choose_plan(const pt_config_t *config, const choose_price_t *price, int64_t n,
                     choose_rungs_t *rungs)
{
    double samples = left_for_trainings(config, price, n);
    int64_t least = n < CHOOSE_LAST ? n : CHOOSE_LAST;
    if (pt_config_judge(config) == PT_JUDGE_REGRESSION) {
        choose_plan_trainings(config, price, n, samples, rungs);
        return;
    }
    if (pt_config_judge(config) == PT_JUDGE_BOTH)
        n = n / THINNED > least ? n / THINNED : least;
    choose_plan_rungs(config, price, n, samples, rungs);
}

int64_t run_choose_most(const pt_config_t *config, const choose_price_t *price)
{
    int64_t wanted = config->choose.population * config->choose.generations;
    double looks = config->choose.budget * price->all / price->look;
    choose_rungs_t rungs;
    switch (pt_config_judge(config)) {
    case PT_JUDGE_HALVING:
        run_choose_plan(config, price, wanted, &rungs);
        return rungs.size[0];
    case PT_JUDGE_REGRESSION:
        return wanted;
    case PT_JUDGE_BOTH:
        return (int64_t)fmin((double)wanted, floor(SUPERNET_SHARE * looks));
    default:
        return (int64_t)fmin((double)wanted, floor(looks));
    }
}

/* Hand-made candidates, but for those of a file. */
int64_t run_choose_always(const pt_config_t *config)
{
    return pt_config_n_width(config) +
           (config->space.kind == PT_SPACE_DAG ? CHOOSE_ONE_GRAPHS : 1);
}

/* Of n candidates that are or will be. */
static void set_length(const pt_config_t *config, const choose_price_t *price, int64_t n,
                       pt_run_length_t *length)
{
    choose_rungs_t rungs = {.n = 0};
    int64_t n_look = (pt_config_judge(config) & PT_JUDGE_SUPERNET) != 0 ? n : 0;
    if (pt_config_judge(config) & PT_JUDGE_TRAINS)
        run_choose_plan(config, price, n, &rungs);
    length->n_step[PT_PHASE_CHOOSE] = n_look + choose_rungs_length(&rungs);
    length->choose_steps =
        ((double)n_look * price->look + choose_rungs_price(price, &rungs)) / price->step;
}

void run_choose_expect(const pt_config_t *config, const pt_feed_t *feed, double step,
                       pt_run_length_t *length)
{
    choose_price_t price =
        run_choose_price(config, feed, step, length->n_step[PT_PHASE_RETRAIN]);
    set_length(config, &price, run_choose_most(config, &price), length);
}

void run_choose_count(pt_search_t *s)
{
    const choose_t *c = &s->choose;
    int64_t n = c->is_closed ? c->n : c->capacity;
    if (c->n > 0)
        set_length(s->config, &c->price, n, &s->length);
}

double run_choose_samples(const pt_search_t *s, pt_judge_t judge)
{
    const choose_t *c = &s->choose;
    const choose_training_t *t = &c->training;
    if (judge == PT_JUDGE_TRAINS)
        return (double)t->n_step * c->price.step + (double)t->n_look * c->price.look;
    return (double)(c->n_judged + c->bout.n_ahead) * c->price.look;
}

double run_choose_drawn(const pt_search_t *s, double samples)
{
    const pt_feed_t *feed = pt_trainer_feed(s->trainer);
    return samples * pt_feed_n_bundle(feed) / pt_feed_n_task(feed);
}

double run_choose_spent(const pt_search_t *s)
{
    return (run_choose_samples(s, PT_JUDGE_SUPERNET) +
            run_choose_samples(s, PT_JUDGE_TRAINS)) /
           s->choose.price.all;
}
