/* What the phases do.  A step is a function of the counters in the state: who resumes goes
 * on as if nothing had been. */
#include <math.h>
#include <string.h>

#include "polytree/base/memory.h"
#include "polytree/base/text.h"
#include "polytree/record/run_file.h"
#include "polytree/record/architecture.h"
#include "polytree/train/gates.h"
#include "polytree/train/update.h"
#include "polytree/train/schedule.h"
#include "search/run.h"

/* Share of the newest loss in the smoothed one. */
#define FRESH 0.05

/* Where candidates will be judged, steps train candidates; branches warm up on copies of
 * their own, as everything apart has them. */
static void draw_gates(pt_search_t *s, const pt_step_t *step, double tau)
{
    bool is_warmup = s->state.phase == PT_PHASE_WARMUP;
    if (s->choose.is_on && !(is_warmup && s->space->kind == PT_SPACE_BRANCH)) {
        run_choose_draw(s, step);
        return;
    }
    const pt_gate_draw_t gates = {.config = s->config,
                                  .space = s->space,
                                  .alpha = &s->alpha,
                                  .step = step,
                                  .tau = tau,
                                  .is_warmup = is_warmup,
                                  .alive_candidate = s->alive_candidate,
                                  .alive_node = s->alive_node};
    pt_gates_draw(&gates, s->task, s->n_task, &s->drawn, s->g);
}

/* A step without labels has no loss. */
static double smooth(double old, int64_t n_before, double fresh)
{
    if (isnan(fresh))
        return n_before == 0 ? NAN : old;
    return n_before == 0 || isnan(old) ? fresh : (1 - FRESH) * old + FRESH * fresh;
}

static pt_status_t weight_step(pt_search_t *s)
{
    run_state_t *st = &s->state;
    pt_step_t step = {.phase = (uint8_t)pt_phase_number((pt_phase_t)st->phase),
                      .is_by_task = run_is_by_task(s->config, st->phase),
                      .step = st->step,
                      .part = run_part(s, st->phase),
                      .has_frozen = st->phase == PT_PHASE_WARMUP,
                      .request = s->asked};
    double lr = run_lr(s);
    pt_update_config_t config = run_update(s);
    pt_update_t update = pt_update_make(&config, lr);
    update.fresh = run_fresh(s);
    const pt_subnet_t *subnet = &s->subnet;
    pt_step_result_t result;

    if (st->phase != PT_PHASE_RETRAIN) {
        pt_trainer_turn(s->trainer, &step, s->task, &s->n_task);
        draw_gates(s, &step, run_tau(s));
        subnet = &s->drawn;
    }
    PT_TRY(pt_trainer_weight_step(s->trainer, &step, subnet, &update, &result));
    st->loss = smooth(st->loss, st->step, result.loss);
    run_event_step(s, false, lr, &result);
    st->step++;
    run_after_step(s, false, &result);
    return PT_OK;
}

/* Weight of the expected cost in the loss of a step.  GFLOP are added once for each task
 * to losses whose weights are not normalised (Brueggemann et al.'s code). */
static double resource_weight(const pt_search_t *s, const pt_step_result_t *result)
{
    const pt_config_t *c = s->config;
    double n_task = s->space->n_task;
    return c->resource.weight * (c->resource.scale == PT_RESOURCE_GFLOP
                                     ? n_task / result->divisor
                                     : n_task / s->n_task);
}

static pt_status_t expect_cost(pt_search_t *s)
{
    double low, high;
    if (!(s->config->resource.weight > 0))
        return PT_OK;
    PT_TRY(pt_resource_expect(&s->resource, &s->alpha, &low, &high));
    s->cost = low / s->resource.full;
    return PT_OK;
}

/* The squeeze loss is a mean over tasks like the step's loss: over those in the step, so
 * that its weight means the same for any number of tasks a step.  So is the resource loss,
 * whose gradient each task has by its own alpha. */
static void find_dlogit(pt_search_t *s, int32_t task, double tau, double price)
{
    const pt_config_t *c = s->config;
    double weight = c->squeeze.weight * s->alpha.n_task / s->n_task;
    size_t at = (size_t)task * (size_t)s->alpha.n_choice;
    double *dlogit = s->dgate + at;
    pt_alpha_chain(s->space, s->g + at, tau, dlogit, dlogit);
    pt_squeeze_gradient(s->space, &s->alpha, task, c->squeeze.kappa, weight, dlogit);
    if (price > 0)
        pt_resource_gradient(&s->resource, task, price, dlogit);
}

static void update_logits(pt_search_t *s, int32_t task, double lr)
{
    pt_alpha_t *a = &s->alpha;
    size_t at = (size_t)task * (size_t)a->n_choice;
    pt_update_t update = pt_update_make(&s->config->alpha, lr);
    update.count = ++a->count[task];
    pt_update_f64(&update, a->n_choice, s->dgate + at, a->logit + at, a->m + at, a->v + at);
}

/* Who has no label in the step has no say in it: its regularisers alone would move it, by
 * Adam as far as all of them with a loss would. */
static void keep_labelled(pt_search_t *s, const pt_step_result_t *result)
{
    int32_t n = 0;
    for (int32_t i = 0; i < s->n_task; i++)
        if (!isnan(result->task_loss[s->task[i]]))
            s->task[n++] = s->task[i];
    s->n_task = n;
}

/* Pooled gradients move the logits of all tasks, else those in the step. */
static pt_status_t update_alpha(pt_search_t *s, double tau, double lr,
                                const pt_step_result_t *result)
{
    int32_t n_task = s->alpha.n_task;
    PT_TRY(expect_cost(s));
    keep_labelled(s, result);
    if (s->n_task == 0)
        return PT_OK;
    double pooling = s->config->alpha_pooling, price = resource_weight(s, result);
    for (int32_t i = 0; i < s->n_task; i++)
        find_dlogit(s, s->task[i], tau, price);
    if (pooling > 0)
        pt_alpha_pool(n_task, s->alpha.n_choice, pooling, s->dgate, s->sum);
    for (int32_t i = 0; i < (pooling > 0 ? n_task : s->n_task); i++)
        update_logits(s, pooling > 0 ? i : s->task[i], lr);
    return PT_OK;
}

static pt_status_t alpha_step(pt_search_t *s)
{
    run_state_t *st = &s->state;
    pt_step_t step = {.phase = (uint8_t)pt_phase_number((pt_phase_t)st->phase),
                      .is_alpha = true,
                      .step = st->alpha_step,
                      .part = PT_PART_ALPHA,
                      .request = s->asked};
    int64_t n = run_alpha_due(s, s->length.n_step[PT_PHASE_SEARCH]);
    double lr = pt_schedule_lr(&s->config->alpha, st->alpha_step, n), tau = run_tau(s);
    pt_step_result_t result;

    pt_trainer_turn(s->trainer, &step, s->task, &s->n_task);
    draw_gates(s, &step, tau);
    memset(s->dgate, 0,
           (size_t)s->alpha.n_task * (size_t)s->alpha.n_choice * sizeof *s->dgate);
    PT_TRY(pt_trainer_alpha_step(s->trainer, &step, &s->drawn, s->dgate, &result));
    PT_TRY(update_alpha(s, tau, lr, &result));
    st->alpha_loss = smooth(st->alpha_loss, st->alpha_step, result.loss);
    run_event_step(s, true, lr, &result);
    st->alpha_step++;
    run_after_step(s, true, &result);
    return PT_OK;
}

static void reset_alpha_moments(pt_alpha_t *a)
{
    size_t n = (size_t)a->n_task * (size_t)a->n_choice;
    memset(a->m, 0, n * sizeof *a->m);
    memset(a->v, 0, n * sizeof *a->v);
    memset(a->count, 0, (size_t)a->n_task * sizeof *a->count);
}

static pt_status_t search_step(pt_search_t *s)
{
    run_state_t *st = &s->state;
    bool resets = s->config->search.reset_states;
    if (st->alpha_step < run_alpha_due(s, st->step)) {
        if (resets && st->alpha_step % s->length.alpha_period == 0)
            reset_alpha_moments(&s->alpha);
        return alpha_step(s);
    }
    if (resets && st->step > 0 && st->step % s->length.weight_period == 0)
        pt_trainer_reset_moments(s->trainer);
    return weight_step(s);
}

static bool is_done(const pt_search_t *s)
{
    const run_state_t *st = &s->state;
    return st->step >= s->length.n_step[st->phase] &&
           st->alpha_step >= run_alpha_due(s, st->step);
}

/* Counters, moments and the schedule begin anew; weights carry on. */
static pt_status_t enter(pt_search_t *s)
{
    run_state_t *st = &s->state;
    const char *name = pt_phase_name((pt_phase_t)st->phase);
    st->step = st->alpha_step = 0;
    st->evaluated = -1;
    st->loss = st->alpha_loss = 0;
    run_speed_reset(s);
    pt_trainer_reset_moments(s->trainer);
    pt_trainer_reset_weights(s->trainer);
    if (s->length.n_step[st->phase] == 0)
        return PT_OK;
    run_event_phase(s);
    int64_t n = s->length.n_step[st->phase], n_alpha = run_alpha_due(s, n);
    if (n_alpha > 0)
        run_note(s, "%s: %lld weight step%s, %lld alpha step%s", name, (long long)n,
                 pt_plural(n), (long long)n_alpha, pt_plural(n_alpha));
    else
        run_note(s, "%s: %lld step%s", name, (long long)n, pt_plural(n));
    return PT_OK;
}

static pt_status_t enter_warmup(pt_search_t *s)
{
    const pt_method_info_t *method = &pt_methods[s->config->search.method];
    PT_TRY(run_warm_start(s));
    if (s->config->head.linear && !method->is_fixed && !method->is_extended)
        PT_TRY(run_fit_linear(s, PT_PART_WEIGHT));
    return enter(s);
}

static pt_status_t leave(pt_search_t *s)
{
    if (s->length.n_step[s->state.phase] > 0)
        run_event_timing(s, PT_MOMENT_PHASE);
    return PT_OK;
}

static pt_status_t leave_search(pt_search_t *s)
{
    const pt_method_info_t *method = &pt_methods[s->config->search.method];
    PT_TRY(leave(s));
    if (s->state.is_derived || s->choose.is_on)
        return PT_OK;
    if (method->is_drawn && s->length.n_step[PT_PHASE_SEARCH] > 0)
        PT_TRY(run_keep_supernet(s));
    if (method->is_rebuilt)
        PT_TRY(run_rebuild(s));
    else if (method->is_extended)
        PT_TRY(run_extend(s));
    else
        PT_AGREE(s->world,
                 method->is_drawn ? run_draw_network(s, &s->subnet) : run_derive(s));
    s->subnet.is_soft = false;
    s->state.is_derived = 1;
    return PT_OK;
}

static pt_status_t enter_choose(pt_search_t *s)
{
    if (s->config->choose.supernet[0] != '\0')
        return run_choose_take(s);
    /* How many steps there will be depends on the candidates. */
    s->state.step = 0;
    PT_TRY(run_choose_go_on(s));
    return enter(s);
}

static pt_status_t leave_choose(pt_search_t *s)
{
    PT_TRY(leave(s));
    return run_choose_end(s);
}

/* On rank 0. */
static pt_status_t write_architecture(pt_search_t *s)
{
    bool has_alpha = pt_methods[s->config->search.method].is_learned && !s->choose.is_on &&
                     !run_changes_form(s);
    char path[PT_PATH_MAX];
    pt_interface_t interface;
    PT_TRY(pt_run_file_path(s->run, PT_FILE_ARCHITECTURE, path));
    PT_TRY(pt_interface_of(pt_trainer_dataset(s->trainer), pt_trainer_feed(s->trainer),
                           &interface));
    pt_status_t status =
        pt_methods[s->config->search.method].is_extended
            ? run_extend_write(s, &interface, path)
            : pt_architecture_write(s->space, &s->subnet, has_alpha ? &s->alpha : NULL,
                                    &interface, path);
    pt_interface_release(&interface);
    return status;
}

static pt_status_t enter_retrain(pt_search_t *s)
{
    PT_TRY(run_take_network(s));
    if (s->config->head.linear && !pt_methods[s->config->search.method].is_linear)
        PT_TRY(run_fit_linear(s, PT_PART_TRAIN));
    PT_AGREE(s->world, s->is_root ? write_architecture(s) : PT_OK);
    if (!pt_methods[s->config->search.method].is_fixed)
        PT_AGREE(s->world, run_report_network(s));
    return enter(s);
}

static pt_status_t retrain_step(pt_search_t *s)
{
    return pt_methods[s->config->search.method].is_linear ? run_linear_step(s)
                                                          : weight_step(s);
}

static pt_status_t leave_retrain(pt_search_t *s)
{
    PT_TRY(leave(s));
    PT_TRY(run_best_take(s));
    return run_evaluate_last(s);
}

const run_phase_t run_phases[PT_N_PHASE] = {
    [PT_PHASE_WARMUP] = {enter_warmup, weight_step, is_done, leave},
    [PT_PHASE_SEARCH] = {enter, search_step, is_done, leave_search},
    [PT_PHASE_CHOOSE] = {enter_choose, run_choose_step, run_choose_is_done, leave_choose},
    [PT_PHASE_RETRAIN] = {enter_retrain, retrain_step, is_done, leave_retrain},
};
