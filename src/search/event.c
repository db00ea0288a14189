/* What a run tells its journals, on rank 0 alone. */
#include <math.h>
#include <string.h>

#include "polytree/base/clock.h"
#include "polytree/base/memory.h"
#include "search/run.h"

pt_status_t run_told_init(run_told_t *told, int32_t n_task)
{
    PT_TRY(pt_alloc(&told->share, (size_t)n_task, sizeof *told->share));
    PT_TRY(pt_alloc(&told->score, (size_t)n_task, sizeof *told->score));
    return pt_alloc(&told->cost, (size_t)n_task, sizeof *told->cost);
}

void run_told_release(run_told_t *told)
{
    pt_free(told->share);
    pt_free(told->score);
    pt_free(told->cost);
    *told = (run_told_t){.share = NULL};
}

static pt_event_t begin(const pt_search_t *s, pt_event_kind_t kind)
{
    return (pt_event_t){.kind = kind, .phase = (pt_phase_t)s->state.phase};
}

/* Loss terms of alpha alone; the cost as it was before this step. */
static void tell_regularisers(const pt_search_t *s, pt_event_step_t *e)
{
    e->has_squeeze = s->space->kind == PT_SPACE_DAG;
    if (e->has_squeeze)
        e->squeeze = pt_squeeze_loss(s->space, &s->alpha, s->config->squeeze.kappa);
    e->has_cost = s->config->resource.weight > 0;
    e->cost = s->cost;
}

void run_event_step(pt_search_t *s, bool is_alpha, double lr,
                    const pt_step_result_t *result)
{
    const run_state_t *st = &s->state;
    int64_t step = (is_alpha ? st->alpha_step : st->step) + 1;
    pt_event_t event = begin(s, PT_EVENT_STEP);
    if (!s->is_root || step % s->config->run.metrics_every != 0)
        return;
    for (int32_t i = 0; i < result->n_task; i++) {
        int32_t k = result->task[i];
        s->told.share[i] = (pt_event_share_t){s->space->task[k].name, result->task_loss[k],
                                              result->task_weight[k]};
    }
    event.step =
        (pt_event_step_t){.is_alpha = is_alpha,
                          .step = step,
                          .loss = result->loss,
                          .lr = lr,
                          .has_grad_norm = !is_alpha && s->config->train.clip_norm > 0,
                          .grad_norm = result->grad_norm,
                          .has_tau = st->phase < PT_PHASE_CHOOSE && !s->choose.is_on,
                          .has_edges = run_has_edges(s),
                          .has_weights = s->config->train.weighting != PT_WEIGHTING_FIXED,
                          .n_task = result->n_task,
                          .task = s->told.share};
    if (is_alpha)
        tell_regularisers(s, &event.step);
    if (event.step.has_tau)
        event.step.tau = run_tau(s);
    if (event.step.has_edges)
        event.step.edges = run_mean_edges(s);
    pt_journal_put(s->journal, &event);
}

void run_event_phase(pt_search_t *s)
{
    int64_t n = s->length.n_step[s->state.phase];
    pt_event_t event = begin(s, PT_EVENT_PHASE);
    if (!s->is_root)
        return;
    event.begun = (pt_event_phase_t){n, run_alpha_due(s, n)};
    pt_journal_put(s->journal, &event);
}

/* The metric that judges the task first. */
static void tell_score(const pt_search_t *s, int32_t task, bool is_final,
                       pt_event_score_t *e)
{
    const pt_objective_t *o = pt_trainer_objective(s->trainer, task);
    const pt_task_score_t *score = &s->score[task];
    const pt_task_metric_t *metric;
    int32_t n = pt_kind_metrics(o->info->kind, &metric);
    *e = (pt_event_score_t){
        .task = s->space->task[task].name, .n = score->n, .loss = score->loss};
    for (int32_t judges = 1; judges >= 0; judges--)
        for (int32_t i = 0; i < n; i++)
            if ((metric[i] == o->metric) == judges)
                e->metric[e->n_metric++] = (pt_event_metric_t){
                    pt_metric_name(metric[i]), score->value[i], score->bound[i]};
    if (is_final)
        e->confusion = pt_metrics_confusion(pt_trainer_metrics(s->trainer), task);
    if (e->confusion != NULL)
        e->n_class = o->outputs;
}

void run_event_scores(pt_search_t *s, pt_event_kind_t kind, pt_part_t part)
{
    bool has_edges = run_has_edges(s);
    pt_event_t event = begin(s, kind);
    if (!s->is_root)
        return;
    for (int32_t k = 0; k < s->space->n_task; k++)
        tell_score(s, k, kind == PT_EVENT_FINAL, &s->told.score[k]);
    event.scores =
        (pt_event_scores_t){.step = s->state.step,
                            .part = pt_part_name(part),
                            .mean = run_mean_metric(s),
                            .has_edges = has_edges,
                            .edges = has_edges ? run_mean_edges(s) : NAN,
                            .samples = run_samples_drawn(s),
                            .kept = kind == PT_EVENT_FINAL ? s->state.best_step : -1,
                            .n_task = s->space->n_task,
                            .task = s->told.score};
    pt_journal_put(s->journal, &event);
}

void run_event_network(pt_search_t *s, const pt_cost_t *task_cost, const pt_cost_t *cost)
{
    pt_event_t event = begin(s, PT_EVENT_NETWORK);
    if (!s->is_root)
        return;
    for (int32_t k = 0; k < s->space->n_task; k++)
        s->told.cost[k] = (pt_event_cost_t){s->space->task[k].name, task_cost[k]};
    event.network = (pt_event_network_t){*cost, s->space->n_task, s->told.cost};
    pt_journal_put(s->journal, &event);
}

void run_event_candidate(pt_search_t *s, int64_t candidate, int64_t row, int64_t step)
{
    const choose_t *c = &s->choose;
    bool is_final = row >= choose_final_row(c, 0, 0);
    bool is_trained = c->trains && row != CHOOSE_SUPERNET_ROW;
    int64_t rung = is_final ? c->rungs.n - 1 : row - choose_rung_row(0);
    pt_part_t part = pt_feed_judging_part(pt_trainer_feed(s->trainer));
    pt_event_t event = begin(s, PT_EVENT_CANDIDATE);
    if (!s->is_root)
        return;
    event.candidate = (pt_event_candidate_t){
        .step = step,
        .number = candidate,
        .origin = choose_origin_name(c->origin[candidate]),
        .trained = is_trained ? c->rungs.steps[rung] : 0,
        .part = pt_judging_name(part == PT_PART_VAL ? PT_JUDGING_VAL : PT_JUDGING_ALPHA),
        .cost = c->cost[candidate],
        .score = choose_score(c, candidate, CHOOSE_BY_ROW + row),
        .worst = choose_worst(c, candidate, CHOOSE_BY_ROW + row)};
    pt_journal_put(s->journal, &event);
}

void run_event_choice(pt_search_t *s)
{
    const choose_t *c = &s->choose;
    pt_event_t event = begin(s, PT_EVENT_CHOICE);
    if (!s->is_root)
        return;
    event.choice =
        (pt_event_choice_t){.number = c->chosen,
                            .n = c->n,
                            .n_final = c->verdict.n_final,
                            .n_tied = c->verdict.n_tied,
                            .origin = choose_origin_name(c->origin[c->chosen]),
                            .score = choose_score(c, c->chosen, CHOOSE_FINAL),
                            .error = choose_error(c, c->chosen, 0),
                            .worst = choose_worst(c, c->chosen, CHOOSE_FINAL),
                            .judge = pt_judge_name(pt_config_judge(s->config)),
                            .spent = run_choose_spent(s),
                            .samples = run_choose_spent(s) * c->price.all,
                            .supernet_samples = run_choose_samples(s, PT_JUDGE_SUPERNET),
                            .training_samples = run_choose_samples(s, PT_JUDGE_TRAINS)};
    pt_journal_put(s->journal, &event);
}

static void tell_timing(pt_search_t *s, pt_moment_t moment, const char *message)
{
    const pt_layout_t *layout = pt_trainer_layout(s->trainer);
    pt_timing_t t = {.moment = moment,
                     .phase = (pt_phase_t)s->state.phase,
                     .step = s->state.step,
                     .job = s->speed.job,
                     .wall = pt_clock() - s->speed.start,
                     .seconds_left = run_seconds_left(s),
                     .samples_per_second = s->speed.samples / s->speed.seconds,
                     .resident_peak = (int64_t)pt_memory_resident_peak(),
                     .time = pt_trainer_time(s->trainer),
                     .n_checkpoint = s->speed.checkpoints.n,
                     .checkpoint_seconds = s->speed.checkpoints.seconds,
                     .is_mixed = s->state.mixed_phase >= 0,
                     .message = message};
    memcpy(t.extent, layout->extent, sizeof t.extent);
    for (int32_t i = 0; i < PT_N_TRAFFIC; i++)
        t.traffic[i] = *pt_traffic_stats((pt_traffic_t)i);
    pt_journal_put_timing(s->journal, &t);
}

void run_event_timing(pt_search_t *s, pt_moment_t moment)
{
    if (s->is_root)
        tell_timing(s, moment, NULL);
}

void run_event_end(pt_search_t *s, pt_status_t status, pt_run_end_t end)
{
    if (s->is_root && status != PT_OK)
        tell_timing(s, PT_MOMENT_FAILED, pt_error_message());
    else if (s->is_root && end == PT_RUN_STOPPED)
        tell_timing(s, PT_MOMENT_STOPPED, NULL);
}

void pt_search_hand_over(pt_search_t *s, const char *why)
{
    if (s->is_root)
        tell_timing(s, PT_MOMENT_STOPPED, why);
}
