/* The phase that chooses: its beginning, its steps, its end. */
#include "polytree/base/memory.h"
#include "polytree/record/run_config.h"
#include "search/run.h"

#include <math.h>

/* As much as the option takes. */
#define MOST_BUDGET 1e6

/* Whether a budget lets all candidates be judged that always are, and of them as many
 * train as have to: where the supernet thins out the reference and one other, for
 * regression any two. */
static bool is_enough(const pt_search_t *s, pt_config_t *config, double budget)
{
    const choose_t *c = &s->choose;
    int64_t least = run_choose_always(config);
    int64_t least_trained = c->has_supernet || c->has_regression ? 2 : least;
    config->choose.budget = budget;
    int64_t n = run_choose_most(config, &c->price);
    choose_rungs_t rungs = {.size = {least_trained}};
    if (c->trains)
        run_choose_plan(config, &c->price, n, &rungs);
    return n >= least && rungs.size[0] >= least_trained;
}

/* With the least that would do, to two digits behind the point. */
static pt_status_t check_budget(const pt_search_t *s)
{
    double given = s->config->choose.budget, low = given, high = given;
    int64_t least = run_choose_always(s->config),
            wanted = s->config->choose.population * s->config->choose.generations;
    pt_config_t *config;
    if (wanted < least)
        PT_FAIL(
            CONFIG,
            "choose.population x choose.generations = %lld candidates: expected at least "
            "%lld, as many as are always tried",
            (long long)wanted, (long long)least);
    if (!(s->choose.price.all > 0))
        PT_FAIL(CONFIG,
                "retrain.steps = 0 gives candidates no training to be judged by, nor "
                "a budget: expected more, or choose.judge = alpha");
    PT_TRY(pt_alloc(&config, 1, sizeof *config));
    *config = *s->config;
    while (!is_enough(s, config, high) && high < MOST_BUDGET)
        high *= 2;
    while (high - low > 0.002) {
        double middle = (low + high) / 2;
        if (is_enough(s, config, middle))
            high = middle;
        else
            low = middle;
    }
    pt_free(config);
    if (high > given)
        PT_FAIL(
            CONFIG,
            "choose.budget = %g trainings of the network found (retrain.steps) are too "
            "little to judge candidates: expected at least %.2f, or choose.judge = alpha",
            given, ceil(100 * high) / 100);
    return PT_OK;
}

/* The first that has a relative change: rmse where r2 stands before it. */
static choose_metric_t find_metric(const pt_objective_t *o)
{
    const pt_task_metric_t *metric;
    int32_t n = pt_kind_metrics(o->info->kind, &metric), found = -1;
    for (int32_t i = n - 1; i >= 0; i--)
        if (pt_metric_is_relative(pt_metric_name(metric[i])) &&
            (found < 0 || metric[found] != o->metric))
            found = i;
    return (choose_metric_t){.index = found,
                             .is_error = found >= 0 &&
                                         pt_metric_is_error(pt_metric_name(metric[found]))};
}

pt_status_t run_choose_prepare(pt_search_t *s)
{
    const pt_config_t *config = s->config;
    const pt_feed_t *feed = pt_trainer_feed(s->trainer);
    choose_t *c = &s->choose;
    if (!pt_config_is_judged(config))
        return PT_OK;
    c->has_supernet = pt_config_has_judge(config, PT_JUDGE_SUPERNET);
    c->trains = pt_config_has_judge(config, PT_JUDGE_TRAINS);
    c->has_regression = pt_config_judge(config) == PT_JUDGE_REGRESSION;
    c->n_seed = c->trains && !c->has_regression ? config->choose.seeds : 1;
    c->price = run_choose_price(config, feed, run_step_samples(config, feed, false),
                                s->length.n_step[PT_PHASE_RETRAIN]);
    c->capacity = run_choose_most(config, &c->price);
    PT_TRY(pt_subnet_init(&c->one, s->space->n_task, s->space->n_choice));
    if (!run_has_network(&s->state)) {
        PT_TRY(check_budget(s));
        PT_TRY(run_choose_open_widths(s));
        pt_breeder_one(c->width[0].breeder, &c->one);
    }
    PT_TRY(choose_init(c));
    for (int32_t k = 0; k < c->n_task; k++)
        c->metric[k] = find_metric(pt_trainer_objective(s->trainer, k));
    return PT_OK;
}

bool run_choose_is_done(const pt_search_t *s)
{
    const choose_t *c = &s->choose;
    if (!c->is_closed || choose_is_proposing(c))
        return false;
    return !c->trains || c->training.rung == c->rungs.n;
}

pt_status_t run_choose_go_on(pt_search_t *s)
{
    choose_t *c = &s->choose;
    if (!c->is_closed && c->n_judged == c->n)
        PT_TRY(run_choose_grow(s));
    if (c->trains && !choose_is_proposing(c))
        PT_TRY(run_choose_enter(s));
    return PT_OK;
}

/* A bout begins with a step of its own: no rank is in one between two phases. */
pt_status_t run_choose_step(pt_search_t *s)
{
    bool is_over;
    if (!s->groups.is_open)
        PT_TRY(run_bout_begin(s));
    PT_TRY(run_bout_step(s, &is_over));
    return is_over ? run_choose_go_on(s) : PT_OK;
}

static const char *percent(double score, char text[32])
{
    snprintf(text, 32, "%+.2f %%", 100 * expm1(score));
    return text;
}

static void note_choice(pt_search_t *s)
{
    const choose_t *c = &s->choose;
    char mean[32], worst[32], error[32] = "";
    double deviation = choose_error(c, c->chosen, 0);
    if (isfinite(deviation) && c->chosen > 0)
        snprintf(error, sizeof error, " +- %.2f %%", 100 * deviation);
    run_note(s,
             "chosen: number %lld (%s) of %lld candidates, losses %s%s against one network "
             "for all tasks, the worst task's %s",
             (long long)c->chosen, choose_origin_name(c->origin[c->chosen]),
             (long long)c->n, percent(choose_score(c, c->chosen, CHOOSE_FINAL), mean),
             error, percent(choose_worst(c, c->chosen, CHOOSE_FINAL), worst));
    if (c->verdict.n_final == 1)
        run_note(s, "        no other candidate may be chosen");
    else if (c->verdict.n_tied == c->verdict.n_final)
        run_note(s, "        a tie: none of %lld finalists is told from the best",
                 (long long)c->verdict.n_final);
    if (c->n_width > 1)
        run_note(s, "        %g times as wide as the space", c->widening[c->chosen]);
    run_note(s, "        %.6g %s; judging cost %.2f trainings of the network found",
             c->cost[c->chosen], pt_resource_unit(s->resource.kind), run_choose_spent(s));
}

/* Candidates beyond their budget were never judged. */
static pt_status_t check_judged(const pt_search_t *s)
{
    const char *run = s->config->choose.supernet;
    pt_config_t *theirs;
    PT_TRY(pt_alloc(&theirs, 1, sizeof *theirs));
    pt_status_t status = pt_run_config_read(run, theirs);
    pt_budget_t b = theirs->resource.budget;
    double most = b.amount > 0 ? b.amount * (b.is_share ? s->resource.full : 1)
                  : pt_config_n_width(s->config) > 1 ? s->resource.full
                                                     : INFINITY;
    pt_free(theirs);
    PT_TRY(status);
    if (s->resource.budget > most)
        PT_FAIL(RANGE,
                "resource.budget is %.6g %s, but %s has judged candidates up to %.6g only",
                s->resource.budget, pt_resource_unit(s->resource.kind), run, most);
    return PT_OK;
}

static pt_status_t take_root(pt_search_t *s, const pt_checkpoint_t *c)
{
    PT_TRY(check_judged(s));
    PT_TRY(choose_take(&s->choose, c));
    if (s->choose.n == 0)
        PT_FAIL(FORMAT, "choose.supernet = %s: that run has not judged its candidates",
                s->config->choose.supernet);
    return PT_OK;
}

pt_status_t run_choose_take(pt_search_t *s)
{
    pt_checkpoint_t c;
    pt_status_t status;
    pt_checkpoint_init(&c);
    PT_TRY_OR(done, run_read_supernet(s, &c));
    PT_TRY_OR(done, pt_comm_agree(s->world, s->is_root ? take_root(s, &c) : PT_OK));
    PT_TRY_OR(done, run_choose_share(s, 0));
    PT_TRY_OR(done, pt_trainer_load(s->trainer, &c));
    s->state.step = s->choose.n;
    s->state.alpha_step = s->state.evaluated = 0;
done:
    pt_checkpoint_release(&c);
    return status;
}

static pt_status_t pick(pt_search_t *s)
{
    choose_t *c = &s->choose;
    double least = INFINITY;
    (void)choose_finalists(c);
    c->verdict = choose_decide(s->config, s->resource.budget, c);
    c->chosen = c->verdict.chosen;
    for (int64_t i = 0; i < c->n; i++)
        least = c->is_final[i] ? fmin(least, c->cost[i]) : least;
    if (c->chosen < 0)
        PT_FAIL(RANGE,
                "resource.budget is %.6g %s, but the cheapest candidate that may be chosen "
                "costs %.6g",
                s->resource.budget, pt_resource_unit(s->resource.kind), least);
    return PT_OK;
}

pt_status_t run_choose_end(pt_search_t *s)
{
    choose_t *c = &s->choose;
    bool is_own = s->config->choose.supernet[0] == '\0';
    run_groups_rest(s);
    if (c->trains && is_own)
        PT_TRY(run_choose_end_trainings(s));
    if (is_own)
        PT_TRY(run_keep_supernet(s));
    PT_AGREE(s->world, s->is_root ? pick(s) : PT_OK);
    PT_TRY(pt_comm_bcast(s->world, &c->chosen, sizeof c->chosen, 0));
    s->widening = c->widening[c->chosen];
    choose_load(c, c->chosen);
    pt_subnet_copy(&s->subnet, &c->subnet);
    s->subnet.is_soft = false;
    s->state.is_derived = 1;
    if (s->is_root) {
        note_choice(s);
        run_event_choice(s);
    }
    return pt_comm_agree(s->world, s->is_root ? run_choose_report(s) : PT_OK);
}
