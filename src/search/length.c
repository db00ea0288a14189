/* How long the phases of a run are. */
#include "search/run.h"

#include <math.h>

bool run_is_by_task(const pt_config_t *config, int64_t phase)
{
    return config->train.turn == PT_TURN_TASKS && phase != PT_PHASE_RETRAIN;
}

/* `n`: one alpha step after n weight steps; `ne`: n epochs of both in turn. */
static void set_periods(const pt_config_t *c, const pt_feed_t *feed, pt_run_length_t *n)
{
    bool by_task = run_is_by_task(c, PT_PHASE_SEARCH);
    pt_length_t turn = c->search.alternate;
    n->weight_period = pt_step_count(c, feed, by_task, turn, PT_PART_WEIGHT);
    n->alpha_period =
        turn.is_epochs ? pt_step_count(c, feed, false, turn, PT_PART_ALPHA) : 1;
    if (n->weight_period < 1)
        n->weight_period = 1;
}

double run_step_samples(const pt_config_t *c, const pt_feed_t *feed, bool by_task)
{
    double tasks = by_task ? 1 : (double)pt_feed_n_task(feed) / pt_feed_n_bundle(feed);
    return pt_step_samples(c, feed, by_task) * tasks;
}

/* Of a phase's weight steps, or of judging candidates. */
static double phase_samples(const pt_config_t *config, const pt_feed_t *feed,
                            const pt_run_length_t *n, int32_t phase)
{
    double steps = phase == PT_PHASE_CHOOSE ? n->choose_steps : (double)n->n_step[phase];
    bool by_task = phase != PT_PHASE_CHOOSE && run_is_by_task(config, phase);
    return steps * run_step_samples(config, feed, by_task);
}

double run_samples(const pt_config_t *config, const pt_feed_t *feed,
                   const pt_run_length_t *n)
{
    double sum = (double)n->n_alpha * run_step_samples(config, feed, false);
    for (int32_t i = 0; i < PT_N_PHASE; i++)
        sum += phase_samples(config, feed, n, i);
    return sum;
}

int64_t run_steps_of_samples(const pt_config_t *config, const pt_feed_t *feed,
                             double samples)
{
    return (int64_t)ceil(samples / run_step_samples(config, feed, false));
}

/* Whoever draws a random subnet to train from a file's weights, or has a supernet already,
 * needs none of his own. */
static bool has_own_supernet(const pt_config_t *c)
{
    if (pt_config_is_judged(c))
        return c->choose.supernet[0] == '\0' && pt_config_has_judge(c, PT_JUDGE_SUPERNET);
    return c->retrain.from == PT_FROM_SEARCH && c->baseline.supernet[0] == '\0';
}

/* What a search trains weights on; candidates are judged by what no step has seen. */
static pt_part_t phase_part(const pt_config_t *c, const pt_feed_t *feed, int64_t phase)
{
    if (pt_config_is_judged(c) && phase < PT_PHASE_RETRAIN)
        return pt_feed_candidates_part(feed);
    return phase == PT_PHASE_SEARCH ? PT_PART_WEIGHT : PT_PART_TRAIN;
}

void pt_run_length(const pt_config_t *config, const pt_feed_t *feed, pt_run_length_t *out)
{
    const pt_config_t *c = config;
    const pt_length_t length[PT_N_PHASE] = {[PT_PHASE_WARMUP] = c->warmup.steps,
                                            [PT_PHASE_SEARCH] = c->search.steps,
                                            [PT_PHASE_RETRAIN] = c->retrain.steps};
    pt_run_length_t n = {.n_alpha = 0};
    for (int32_t i = 0; i < PT_N_PHASE; i++)
        n.n_step[i] =
            pt_step_count(c, feed, run_is_by_task(c, i), length[i], phase_part(c, feed, i));
    set_periods(c, feed, &n);
    n.n_alpha = n.n_step[PT_PHASE_SEARCH] / n.weight_period * n.alpha_period;
    if (!pt_methods[c->search.method].is_learned || pt_config_is_judged(c)) {
        n.n_step[PT_PHASE_SEARCH] += n.n_alpha;
        n.n_alpha = 0;
    }
    bool is_at_once = pt_config_is_at_once(c);
    if (pt_config_judge(c) != PT_JUDGE_ALPHA && c->choose.supernet[0] == '\0' &&
        (is_at_once || pt_methods[c->search.method].is_learned)) {
        run_choose_expect(c, feed, run_step_samples(c, feed, false), &n);
        if ((pt_config_judge(c) & PT_JUDGE_SUPERNET) == 0)
            n.n_step[PT_PHASE_WARMUP] = n.n_step[PT_PHASE_SEARCH] = n.n_alpha = 0;
    }
    if (is_at_once) {
        n.n_step[PT_PHASE_RETRAIN] =
            c->baseline.steps > 0 ? c->baseline.steps
                                  : run_steps_of_samples(c, feed, run_samples(c, feed, &n));
        n.n_step[PT_PHASE_CHOOSE] = 0;
        n.choose_steps = 0;
    }
    if (pt_methods[c->search.method].is_linear)
        n.n_step[PT_PHASE_RETRAIN] = 1;
    if (is_at_once || pt_methods[c->search.method].is_extended ||
        ((pt_methods[c->search.method].is_drawn || pt_config_is_judged(c)) &&
         !has_own_supernet(c)))
        n.n_step[PT_PHASE_WARMUP] = n.n_step[PT_PHASE_SEARCH] = 0;
    *out = n;
}

/* All that there are, once. */
static double count_training(const pt_feed_t *feed)
{
    double n = 0;
    for (int32_t k = 0; k < pt_feed_n_task(feed); k++)
        n += (double)pt_feed_bundle(feed, pt_feed_n_bundle(feed) + k)
                 ->n_sample[PT_PART_TRAIN];
    return n;
}

pt_event_samples_t run_samples_drawn(const pt_search_t *s)
{
    const pt_feed_t *feed = pt_trainer_feed(s->trainer);
    if (pt_methods[s->config->search.method].is_linear)
        return (pt_event_samples_t){0, count_training(feed)};
    pt_run_length_t n = s->length;
    pt_config_t own = *s->config;
    if (pt_methods[own.search.method].is_drawn && own.baseline.supernet[0] != '\0') {
        own.baseline.supernet[0] = '\0';
        pt_run_length(&own, feed, &n);
    }
    double training = phase_samples(s->config, feed, &n, PT_PHASE_RETRAIN);
    return (pt_event_samples_t){run_samples(s->config, feed, &n) - training, training};
}

pt_part_t run_part(const pt_search_t *s, int64_t phase)
{
    return pt_methods[s->config->search.method].is_learned
               ? phase_part(s->config, pt_trainer_feed(s->trainer), phase)
               : PT_PART_TRAIN;
}

int64_t run_alpha_due(const pt_search_t *s, int64_t step)
{
    if (s->state.phase != PT_PHASE_SEARCH || s->length.n_alpha == 0)
        return 0;
    return step / s->length.weight_period * s->length.alpha_period;
}
