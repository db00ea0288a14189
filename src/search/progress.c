/* What a run tells while it goes on: notes, speed, and the seconds that are left. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#include "polytree/base/clock.h"
#include "search/run.h"

/* Share of the last step in what is shown of the speed. */
#define FRESH 0.05

void run_note(pt_search_t *s, const char *format, ...)
{
    char line[1536];
    va_list args;
    if (!s->is_root || s->hooks.note == NULL)
        return;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    s->hooks.note(s->hooks.context, line);
}

void run_pause_over(pt_search_t *s)
{
    s->speed.last = pt_clock();
}

void run_speed_reset(pt_search_t *s)
{
    /* The first step of each kind compiles plans. */
    s->speed.n_odd = 2;
    s->speed.seconds = s->speed.samples = 0;
    s->speed.weight_seconds = 0;
    run_pause_over(s);
}

static void measure(pt_search_t *s, bool is_alpha, int64_t samples)
{
    run_speed_t *v = &s->speed;
    double now = pt_clock(), seconds = now - v->last;
    double *mean = is_alpha ? &v->alpha_seconds : &v->weight_seconds;
    *mean = *mean == 0 ? seconds : (1 - FRESH) * *mean + FRESH * seconds;
    v->last = now;
    if (v->n_odd > 0) {
        v->n_odd--;
        return;
    }
    if (s->state.phase < PT_PHASE_CHOOSE) {
        v->pace[is_alpha].n++;
        v->pace[is_alpha].seconds += seconds;
    }
    v->seconds = (1 - FRESH) * v->seconds + seconds;
    v->samples = (1 - FRESH) * v->samples + (double)samples;
}

/* Stages to come are taken to be as fast as this one. */
double run_seconds_left(const pt_search_t *s)
{
    const run_speed_t *v = &s->speed;
    bool is_choosing = s->state.phase == PT_PHASE_CHOOSE;
    double weight = v->weight_seconds > 0 ? v->weight_seconds : v->alpha_seconds;
    double alpha = v->alpha_seconds > 0 ? v->alpha_seconds : v->weight_seconds;
    double n_weight = -(double)s->state.step;
    int64_t n_alpha = -s->state.alpha_step;
    if (is_choosing) {
        weight = v->samples > 0
                     ? v->seconds / v->samples * run_choose_drawn(s, s->choose.price.step)
                     : 0;
        n_weight = -run_choose_spent(s) * (double)s->choose.price.retrain;
    }
    for (int64_t phase = s->state.phase; phase < PT_N_PHASE; phase++) {
        n_weight += phase == PT_PHASE_CHOOSE ? s->length.choose_steps
                                             : (double)s->length.n_step[phase];
        if (phase == PT_PHASE_SEARCH)
            n_alpha += s->length.n_alpha;
    }
    return n_weight * weight + (double)n_alpha * alpha;
}

static void show(pt_search_t *s)
{
    const run_state_t *st = &s->state;
    bool is_search = st->phase == PT_PHASE_SEARCH;
    bool is_choosing = st->phase == PT_PHASE_CHOOSE;
    pt_progress_t p = {
        .phase = (pt_phase_t)st->phase,
        .step = st->step,
        .n_step = s->length.n_step[st->phase],
        .loss = is_choosing ? (double)NAN : st->loss,
        .alpha_loss = is_search && st->alpha_step > 0 ? st->alpha_loss : NAN,
        .expected_edges = run_has_edges(s) ? run_mean_edges(s) : NAN,
        .expected_cost = s->space->kind == PT_SPACE_BRANCH && is_search ? s->cost : NAN,
        .tau = st->phase >= PT_PHASE_CHOOSE || s->choose.is_on ? NAN : run_tau(s),
        .lr = is_choosing ? (double)NAN : run_lr(s),
        .metric = s->mean_metric,
        .samples_per_second = s->speed.samples / s->speed.seconds,
        .seconds_left = run_seconds_left(s),
    };
    s->hooks.progress(s->hooks.context, &p);
}

double run_checkpoint_interval(double every, const pt_jobs_t *jobs)
{
    /* Before a checkpoint was measured; and the time that a job is given beforehand to one
     * failure, which counts for less the more is known. */
    const double soon = 10, beforehand = 24 * 3600;
    if (every == 0)
        return INFINITY;
    if (jobs->n_checkpoint == 0)
        return every == PT_TIME_AUTO ? soon : fmin(every, soon);
    if (every != PT_TIME_AUTO)
        return every;
    int32_t n_lost = jobs->n_failed + jobs->n_open;
    double cost = jobs->checkpoint_seconds / (double)jobs->n_checkpoint;
    double between = (jobs->wall + beforehand) / (n_lost + 1);
    return fmax(sqrt(2 * cost * between), 99 * cost);
}

double run_checkpoint_due(const pt_search_t *s)
{
    pt_jobs_t all = s->speed.earlier;
    all.wall += pt_clock() - s->speed.start;
    all.n_checkpoint += s->speed.checkpoints.n;
    all.checkpoint_seconds += s->speed.checkpoints.seconds;
    return run_checkpoint_interval(s->config->run.checkpoint_every, &all);
}

void run_after_step(pt_search_t *s, bool is_alpha, const pt_step_result_t *result)
{
    s->request = result->request;
    if (!s->is_root)
        return;
    /* The one that this step brought the word of is about to be written. */
    bool is_coming = (s->request & PT_REQUEST_CHECKPOINT) != 0;
    measure(s, is_alpha, result->samples);
    if (s->hooks.progress != NULL)
        show(s);
    s->asked = s->hooks.poll == NULL ? 0 : s->hooks.poll(s->hooks.context);
    /* Of metrics that cannot be written all ranks hear when they meet for a checkpoint. */
    if (pt_journal_has_failed(s->journal) ||
        (!is_coming && pt_clock() - s->speed.last_checkpoint >= run_checkpoint_due(s)))
        s->asked |= PT_REQUEST_CHECKPOINT;
}
