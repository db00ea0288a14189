/* What a run is at: its rates and temperature, the gates to expect, names of its parts. */
#include "search/run.h"

#include <math.h>

#include "polytree/base/bitset.h"
#include "polytree/train/schedule.h"

pt_update_config_t run_update(const pt_search_t *s)
{
    const pt_config_t *c = s->config;
    pt_update_config_t retrain = c->retrain.update;
    if (s->state.phase == PT_PHASE_WARMUP)
        return c->warmup.update;
    if (s->state.phase == PT_PHASE_SEARCH)
        return c->search.update;
    if (pt_config_is_at_once(c) && c->baseline.lr > 0)
        retrain.lr = c->baseline.lr;
    return retrain;
}

double run_fresh(const pt_search_t *s)
{
    double ema = s->config->retrain.ema;
    bool is_on = s->state.phase == PT_PHASE_CHOOSE || s->state.phase == PT_PHASE_RETRAIN;
    return is_on && ema > 0 ? 1 - ema : 0;
}

double run_tau(const pt_search_t *s)
{
    const pt_config_t *c = s->config;
    int64_t n = s->length.n_step[PT_PHASE_SEARCH], step = s->state.step;
    if (s->state.phase == PT_PHASE_WARMUP)
        return c->search.tau_begin;
    /* Alpha steps share the temperature of the weight step before them. */
    if (s->state.alpha_step < run_alpha_due(s, step) || step == n)
        step--;
    return pt_schedule_linear(c->search.tau_begin, c->search.tau_end, step, n);
}

double run_lr(const pt_search_t *s)
{
    pt_update_config_t update = run_update(s);
    return pt_schedule_lr(&update, s->state.step, s->length.n_step[s->state.phase]);
}

/* Tasks that warm up on copies of their own are judged by those, supernets that are trained
 * for candidates by one of these. */
void run_refresh_subnet(pt_search_t *s)
{
    if (s->choose.is_on && !s->state.is_derived) {
        pt_subnet_copy(&s->subnet, &s->choose.one);
        return;
    }
    bool is_hard = s->config->search.gates == PT_GATES_HARD;
    bool is_own = s->state.phase == PT_PHASE_WARMUP && s->space->kind == PT_SPACE_BRANCH;
    pt_rng_t unused = {0};
    for (int32_t k = 0; k < s->space->n_task && !s->state.is_derived; k++)
        if (is_own)
            pt_alpha_warmup(s->space, &s->alpha, k, &unused, 1, is_hard, &s->subnet, s->g);
        else
            pt_alpha_expect(s->space, &s->alpha, k, is_hard, &s->subnet);
}

bool run_has_edges(const pt_search_t *s)
{
    return s->space->kind == PT_SPACE_DAG && (s->state.is_derived || !s->choose.is_on);
}

double run_mean_edges(const pt_search_t *s)
{
    double sum = 0;
    for (int32_t k = 0; k < s->space->n_task; k++) {
        if (!s->state.is_derived) {
            sum += pt_alpha_expected_edges(s->space, &s->alpha, k);
            continue;
        }
        for (int32_t c = 0; c < s->space->n_choice; c++)
            sum += s->space->choice[c].kind == PT_CHOICE_EDGE &&
                   pt_bitset_get(pt_subnet_bits(&s->subnet, k), c);
    }
    return sum / s->space->n_task;
}

double run_mean_metric(const pt_search_t *s)
{
    double sum = 0;
    int32_t n = 0;
    for (int32_t k = 0; k < s->space->n_task; k++)
        if (!isnan(s->score[k].metric)) {
            sum += s->score[k].metric;
            n++;
        }
    return n > 0 && pt_trainer_has_common_metric(s->trainer) ? sum / n : NAN;
}
