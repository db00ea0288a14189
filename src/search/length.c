/* How long the stages of a run are. */
#include "search/run.h"

/* `n`: one alpha step after n weight steps; `ne`: n epochs of both in turn. */
static void set_periods(const pt_config_t *c, const pt_feed_t *feed, pt_run_length_t *n)
{
    pt_length_t turn = c->search.alternate;
    n->weight_period = pt_step_count(c, feed, turn, PT_PART_WEIGHT);
    n->alpha_period = turn.is_epochs ? pt_step_count(c, feed, turn, PT_PART_ALPHA) : 1;
    if (n->weight_period < 1)
        n->weight_period = 1;
}

/* Whoever draws a random subnet to train from scratch, or has a supernet already, needs
 * none of his own. */
static bool has_own_supernet(const pt_config_t *c)
{
    return c->retrain.from == PT_FROM_SEARCH && c->baseline.supernet[0] == '\0';
}

void pt_run_length(const pt_config_t *config, const pt_feed_t *feed, pt_run_length_t *out)
{
    const pt_config_t *c = config;
    pt_run_length_t n = {
        .n_step = {
            [PT_STAGE_WARMUP] = pt_step_count(c, feed, c->warmup.steps, PT_PART_TRAIN),
            [PT_STAGE_SEARCH] = pt_step_count(c, feed, c->search.steps, PT_PART_WEIGHT),
            [PT_STAGE_RETRAIN] = pt_step_count(c, feed, c->retrain.steps, PT_PART_TRAIN),
        }};
    int64_t sum = 0;
    set_periods(c, feed, &n);
    n.n_alpha = n.n_step[PT_STAGE_SEARCH] / n.weight_period * n.alpha_period;
    if (c->search.method != PT_METHOD_SEARCH) {
        n.n_step[PT_STAGE_SEARCH] += n.n_alpha;
        n.n_alpha = 0;
    }
    for (int32_t i = 0; i < PT_N_STAGE; i++)
        sum += n.n_step[i];
    if (pt_method_is_chain(c->search.method))
        n.n_step[PT_STAGE_RETRAIN] = c->baseline.steps > 0 ? c->baseline.steps : sum;
    if (pt_method_is_chain(c->search.method) ||
        (c->search.method == PT_METHOD_RANDOM && !has_own_supernet(c)))
        n.n_step[PT_STAGE_WARMUP] = n.n_step[PT_STAGE_SEARCH] = 0;
    *out = n;
}

pt_part_t run_part(const pt_search_t *s, int64_t stage)
{
    return stage == PT_STAGE_SEARCH && s->config->search.method == PT_METHOD_SEARCH
               ? PT_PART_WEIGHT
               : PT_PART_TRAIN;
}

int64_t run_alpha_due(const pt_search_t *s, int64_t step)
{
    if (s->state.stage != PT_STAGE_SEARCH || s->length.n_alpha == 0)
        return 0;
    return step / s->length.weight_period * s->length.alpha_period;
}
