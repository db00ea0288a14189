/* What the stages do.  A step is a function of the counters in the state: who resumes goes
 * on as if nothing had been. */
#include <math.h>
#include <string.h>

#include "polytree/arch/derive.h"
#include "polytree/base/memory.h"
#include "polytree/search/architecture.h"
#include "polytree/train/optim.h"
#include "polytree/train/schedule.h"
#include "search/run.h"

/* Share of the newest loss in the smoothed one. */
#define FRESH 0.05

static pt_update_config_t stage_update(const pt_search_t *s)
{
    const pt_config_t *c = s->config;
    pt_update_config_t retrain = c->retrain.update;
    if (s->state.stage == PT_STAGE_WARMUP)
        return c->warmup.update;
    if (s->state.stage == PT_STAGE_SEARCH)
        return c->search.update;
    if (pt_method_is_chain(c->search.method) && c->baseline.lr > 0)
        retrain.lr = c->baseline.lr;
    return retrain;
}

double run_tau(const pt_search_t *s)
{
    const pt_config_t *c = s->config;
    int64_t n = s->length.n_step[PT_STAGE_SEARCH], step = s->state.step;
    if (s->state.stage == PT_STAGE_WARMUP)
        return c->search.tau_begin;
    /* Alpha steps share the temperature of the weight step before them. */
    if (s->state.alpha_step < run_alpha_due(s, step) || step == n)
        step--;
    return pt_schedule_linear(c->search.tau_begin, c->search.tau_end, step, n);
}

double run_lr(const pt_search_t *s)
{
    pt_update_config_t update = stage_update(s);
    return pt_schedule_lr(&update, s->state.step, s->length.n_step[s->state.stage]);
}

void run_refresh_subnet(pt_search_t *s)
{
    bool is_hard = s->config->search.gates == PT_GATES_HARD;
    for (int32_t k = 0; k < s->space->n_task && !s->state.is_derived; k++)
        pt_alpha_expect(s->space, &s->alpha, k, is_hard, &s->subnet);
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

/* `run = all`: closed candidates run too, with gate 0.  So does whatever hangs loose, which
 * a subnet of its own would not run: it must not add the constant that an operation makes
 * of nothing. */
static void open_all(pt_search_t *s, int32_t task)
{
    pt_subnet_t *subnet = &s->drawn;
    pt_real_t *gate = pt_subnet_gates(subnet, task);
    pt_subnet_reach(s->space, subnet, task, s->alive_candidate, s->alive_node);
    for (int32_t c = 0; c < subnet->n_choice; c++) {
        if (!s->alive_candidate[pt_space_choice_candidate(s->space, c, task)])
            gate[c] = 0;
        pt_bitset_set(pt_subnet_bits(subnet, task), c, true);
    }
}

static void draw_gates(pt_search_t *s, const pt_step_t *step, double tau)
{
    const pt_config_t *c = s->config;
    bool is_hard = c->search.gates == PT_GATES_HARD;
    bool is_warmup = s->state.stage == PT_STAGE_WARMUP;
    /* Branches warm up on copies of their own, and leave the others alone. */
    bool opens_all = is_hard && !step->is_alpha && c->search.run == PT_RUN_ALL &&
                     !(is_warmup && s->space->kind == PT_SPACE_BRANCH);
    pt_rng_t rng = pt_step_rng(c, step, PT_RNG_GATE);
    s->drawn.is_active_only =
        s->space->kind == PT_SPACE_BRANCH && is_hard && c->search.run == PT_RUN_ACTIVE;
    for (int32_t i = 0; i < s->n_task; i++) {
        int32_t k = s->task[i];
        double *g = s->g + (size_t)k * (size_t)s->space->n_choice;
        (is_warmup ? pt_alpha_warmup : pt_alpha_sample)(s->space, &s->alpha, k, &rng, tau,
                                                        is_hard, &s->drawn, g);
        if (opens_all)
            open_all(s, k);
    }
    if (opens_all)
        s->drawn.is_soft = true;
}

static double smooth(double old, int64_t n_before, double fresh)
{
    return n_before == 0 ? fresh : (1 - FRESH) * old + FRESH * fresh;
}

static pt_status_t weight_step(pt_search_t *s)
{
    run_state_t *st = &s->state;
    pt_step_t step = {.stage = (uint8_t)st->stage,
                      .step = st->step,
                      .part = run_part(s, st->stage),
                      .request = s->asked};
    double lr = run_lr(s);
    pt_update_config_t config = stage_update(s);
    pt_update_t update = pt_update_make(&config, lr);
    const pt_subnet_t *subnet = &s->subnet;
    pt_step_result_t result;

    if (st->stage != PT_STAGE_RETRAIN) {
        pt_trainer_turn(s->trainer, &step, s->task, &s->n_task);
        draw_gates(s, &step, run_tau(s));
        subnet = &s->drawn;
    }
    PT_TRY(pt_trainer_weight_step(s->trainer, &step, subnet, &update, &result));
    st->loss = smooth(st->loss, st->step, result.loss);
    run_journal_step(s, false, lr, &result);
    st->step++;
    run_after_step(s, false, &result);
    return PT_OK;
}

/* The squeeze loss is a mean over tasks like the step's loss: over those in the step, so
 * that its weight means the same for any number of tasks a step. */
static void update_alpha(pt_search_t *s, double tau, double lr)
{
    const pt_config_t *c = s->config;
    pt_alpha_t *a = &s->alpha;
    double weight = c->squeeze.weight * a->n_task / s->n_task;
    pt_update_t update = pt_update_make(&c->alpha, lr);
    for (int32_t i = 0; i < s->n_task; i++) {
        int32_t k = s->task[i];
        size_t at = (size_t)k * (size_t)a->n_choice;
        pt_alpha_chain(s->space, s->g + at, tau, s->dgate + at, s->dlogit);
        pt_squeeze_gradient(s->space, a, k, c->squeeze.kappa, weight, s->dlogit);
        update.count = ++a->count[k];
        pt_update_f64(&update, a->n_choice, s->dlogit, a->logit + at, a->m + at, a->v + at);
    }
}

static pt_status_t alpha_step(pt_search_t *s)
{
    run_state_t *st = &s->state;
    pt_step_t step = {.stage = (uint8_t)st->stage,
                      .is_alpha = true,
                      .step = st->alpha_step,
                      .part = PT_PART_ALPHA,
                      .request = s->asked};
    int64_t n = run_alpha_due(s, s->length.n_step[PT_STAGE_SEARCH]);
    double lr = pt_schedule_lr(&s->config->alpha, st->alpha_step, n), tau = run_tau(s);
    pt_step_result_t result;

    pt_trainer_turn(s->trainer, &step, s->task, &s->n_task);
    draw_gates(s, &step, tau);
    PT_TRY(pt_trainer_alpha_step(s->trainer, &step, &s->drawn, s->dgate, &result));
    update_alpha(s, tau, lr);
    st->alpha_loss = smooth(st->alpha_loss, st->alpha_step, result.loss);
    run_journal_step(s, true, lr, &result);
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
    return st->step >= s->length.n_step[st->stage] &&
           st->alpha_step >= run_alpha_due(s, st->step);
}

/* Counters, moments and the schedule begin anew; weights carry on. */
static pt_status_t enter(pt_search_t *s)
{
    run_state_t *st = &s->state;
    const char *name = pt_stage_name((pt_stage_t)st->stage);
    st->step = st->alpha_step = st->evaluated = 0;
    st->loss = st->alpha_loss = 0;
    s->speed.weight_seconds = 0;
    pt_trainer_reset_moments(s->trainer);
    pt_trainer_reset_weights(s->trainer);
    if (s->length.n_step[st->stage] == 0)
        return PT_OK;
    run_journal_stage(s);
    int64_t n_alpha = run_alpha_due(s, s->length.n_step[st->stage]);
    if (n_alpha > 0)
        run_note(s, "%s: %lld weight steps, %lld alpha steps", name,
                 (long long)s->length.n_step[st->stage], (long long)n_alpha);
    else
        run_note(s, "%s: %lld steps", name, (long long)s->length.n_step[st->stage]);
    return PT_OK;
}

static pt_status_t enter_retrain(pt_search_t *s)
{
    char path[RUN_PATH_MAX + 32];
    pt_status_t status = PT_OK;
    if (s->config->retrain.from == PT_FROM_SCRATCH)
        pt_store_fill(&s->space->store, (uint64_t)s->config->run.seed);
    else
        PT_TRY(run_take_supernet(s));
    snprintf(path, sizeof path, "%s/architecture.json", s->run);
    if (s->is_root)
        status = pt_architecture_write(
            s->space, &s->subnet,
            s->config->search.method == PT_METHOD_SEARCH ? &s->alpha : NULL, path);
    PT_AGREE(s->world, status);
    return enter(s);
}

static pt_status_t leave(pt_search_t *s)
{
    if (s->length.n_step[s->state.stage] > 0)
        run_journal_timing(s, "stage");
    return PT_OK;
}

static pt_status_t report_derivation(pt_search_t *s)
{
    pt_cost_t all, *cost;
    pt_status_t status = PT_OK;
    PT_TRY(pt_alloc(&cost, (size_t)s->space->n_task, sizeof *cost));
    for (int32_t k = 0; k < s->space->n_task; k++)
        PT_TRY_OR(done, pt_cost_task(s->space, &s->subnet, k, &cost[k]));
    PT_TRY_OR(done, pt_cost_all(s->space, &s->subnet, &all));
    run_journal_derive(s, cost, &all);
    run_note(s, "derived: %.2f edges per task, %lld multiply-adds, %lld parameters",
             (double)all.edges / s->space->n_task, (long long)all.madds,
             (long long)all.parameters);
done:
    pt_free(cost);
    return status;
}

static pt_status_t derive(pt_search_t *s)
{
    const pt_config_t *c = s->config;
    pt_step_t last = {.stage = PT_STAGE_SEARCH, .step = s->length.n_step[PT_STAGE_SEARCH]};
    pt_rng_t rng = pt_step_rng(c, &last, PT_RNG_DERIVE);
    double *p;
    PT_TRY(pt_alloc(&p, (size_t)s->space->n_choice, sizeof *p));
    for (int32_t k = 0; k < s->space->n_task; k++) {
        uint64_t *bits = pt_subnet_bits(&s->subnet, k);
        rng.task = (uint16_t)k;
        pt_alpha_p(s->space, &s->alpha, k, p);
        pt_derive(s->space, p, pt_config_rule(c), c->squeeze.kappa, c->derive.keep, &rng,
                  bits);
        for (int32_t i = 0; i < s->space->n_choice; i++)
            pt_subnet_switch(&s->subnet, k, i, pt_bitset_get(bits, i));
    }
    pt_free(p);
    return PT_OK;
}

static pt_status_t leave_search(pt_search_t *s)
{
    PT_TRY(leave(s));
    if (s->state.is_derived)
        return PT_OK;
    PT_TRY(s->config->search.method == PT_METHOD_RANDOM ? run_draw_network(s) : derive(s));
    s->subnet.is_soft = false;
    s->state.is_derived = 1;
    return report_derivation(s);
}

static pt_status_t leave_retrain(pt_search_t *s)
{
    PT_TRY(leave(s));
    return run_evaluate_last(s);
}

const run_stage_t run_stages[PT_N_STAGE] = {
    [PT_STAGE_WARMUP] = {"warmup", enter, weight_step, is_done, leave},
    [PT_STAGE_SEARCH] = {"search", enter, search_step, is_done, leave_search},
    [PT_STAGE_RETRAIN] = {"retrain", enter_retrain, weight_step, is_done, leave_retrain},
};

const char *pt_stage_name(pt_stage_t stage)
{
    return stage < PT_N_STAGE ? run_stages[stage].name : "done";
}
