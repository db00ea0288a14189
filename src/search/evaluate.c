/* When a run evaluates, on which part of the data, and what it tells of the scores. */
#include <math.h>

#include "polytree/picture/pictures.h"
#include "search/run.h"

static int64_t n_sample(const pt_search_t *s, pt_part_t part)
{
    return pt_feed_n_sample(pt_trainer_feed(s->trainer), part);
}

/* "accuracy on val 0.4763 (mean of 1 of 2 tasks)", or every task's own "on val: parts
 * 0.52, depth 0.31, ..." */
static const char *describe_scores(const pt_search_t *s, pt_part_t part, char text[512])
{
    int32_t n_task = s->space->n_task, n = 0;
    pt_text_t out = pt_text_in(text, 512);
    for (int32_t k = 0; k < n_task; k++)
        n += !isnan(s->score[k].metric);
    if (pt_trainer_has_common_metric(s->trainer)) {
        pt_text_add(&out, "%s on %s ",
                    pt_metric_name(pt_trainer_objective(s->trainer, 0)->metric),
                    pt_part_name(part));
        pt_text_add(&out, pt_score_format(s->mean_metric), s->mean_metric);
        if (n < n_task)
            pt_text_add(&out, " (mean of %d of %d tasks)", (int)n, (int)n_task);
        return text;
    }
    pt_text_add(&out, "on %s", pt_part_name(part));
    for (int32_t k = 0; k < n_task && out.n < 400; k++)
        pt_text_add(&out, "%s %.40s %.4g", k == 0 ? ":" : ",", s->space->task[k].name,
                    s->score[k].metric);
    if (out.n >= 400)
        pt_text_add(&out, ", ...");
    return text;
}

bool run_evaluation_due(const pt_search_t *s)
{
    const run_state_t *st = &s->state;
    int64_t every = s->eval_every[st->phase];
    if (st->phase == PT_PHASE_CHOOSE || st->evaluated == st->step ||
        n_sample(s, PT_PART_VAL) == 0 || st->alpha_step < run_alpha_due(s, st->step))
        return false;
    if (st->step == 0)
        return run_best_is_on(s);
    return st->step == s->length.n_step[st->phase] || (every > 0 && st->step % every == 0);
}

pt_status_t run_swap_average(const pt_search_t *s, pt_trainer_t *trainer)
{
    return run_fresh(s) > 0 ? pt_trainer_swap_average(trainer) : PT_OK;
}

static pt_status_t evaluate(pt_search_t *s, pt_part_t part, int64_t n_picture)
{
    run_refresh_subnet(s);
    PT_TRY(pt_pictures_evaluate(s->trainer, &s->subnet, part, n_picture, s->run, s->score));
    s->mean_metric = run_mean_metric(s);
    return PT_OK;
}

pt_status_t run_evaluate(pt_search_t *s)
{
    run_state_t *st = &s->state;
    char text[512];
    PT_TRY(run_swap_average(s, s->trainer));
    PT_TRY(evaluate(s, PT_PART_VAL, 0));
    PT_TRY(run_swap_average(s, s->trainer));
    st->evaluated = st->step;
    run_event_scores(s, PT_EVENT_EVAL, PT_PART_VAL);
    run_event_timing(s, PT_MOMENT_EVAL);
    run_note(s, "%s, step %lld: %s", pt_phase_name((pt_phase_t)st->phase),
             (long long)st->step, describe_scores(s, PT_PART_VAL, text));
    PT_TRY(run_best_keep(s));
    run_pause_over(s);
    return PT_OK;
}

pt_part_t pt_search_last_part(const pt_search_t *s)
{
    return n_sample(s, PT_PART_TEST) > 0  ? PT_PART_TEST
           : n_sample(s, PT_PART_VAL) > 0 ? PT_PART_VAL
                                          : PT_PART_TRAIN;
}

pt_status_t run_evaluate_last(pt_search_t *s)
{
    pt_part_t part = pt_search_last_part(s);
    char text[512];
    PT_TRY(run_swap_average(s, s->trainer));
    PT_TRY(evaluate(s, part, s->config->report.pictures));
    s->state.score_part = part;
    run_event_scores(s, PT_EVENT_FINAL, part);
    run_event_timing(s, PT_MOMENT_FINAL);
    run_note(s, "final: %s%s", describe_scores(s, part, text),
             part == PT_PART_TRAIN ? " (the data set holds nothing back)" : "");
    run_pause_over(s);
    return PT_OK;
}
