/* How long the phase that chooses is: what judging a candidate costs, and how many there
 * are. */
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
int64_t run_choose_always(const pt_config_t *config)
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

int64_t run_choose_expect(const pt_config_t *config, const pt_feed_t *feed, double retrain)
{
    int64_t n_hand = run_choose_always(config);
    double one = run_choose_samples(config, feed);
    return length(run_choose_most(config, one, retrain, n_hand), n_hand);
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

double run_choose_spent(const pt_search_t *s)
{
    const choose_t *c = &s->choose;
    return (double)s->state.step * c->one_samples / c->retrain_samples;
}
