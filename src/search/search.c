/* A run's life: made or resumed, driven through its phases, freed. */
#include "polytree/search/search.h"

#include <math.h>
#include <string.h>
#include <time.h>

#include "polytree/base/clock.h"
#include "polytree/base/memory.h"
#include "polytree/io/file.h"
#include "polytree/par/log.h"
#include "polytree/picture/pictures.h"
#include "polytree/search/baseline.h"
#include "search/run.h"

static void count_steps(pt_search_t *s)
{
    const pt_feed_t *feed = pt_trainer_feed(s->trainer);
    pt_run_length(s->config, feed, &s->length);
    for (int32_t i = 0; i < PT_N_PHASE; i++)
        s->eval_every[i] = pt_step_count(s->config, feed, run_is_by_task(s->config, i),
                                         s->config->run.eval_every, run_part(s, i));
}

static pt_status_t write_config_text(pt_search_t *s)
{
    pt_text_t text = {0};
    pt_config_dump(s->config, &text);
    return pt_text_steal(&text, &s->config_text);
}

/* A draw needs no weights: whether there is a network of the cost is known beforehand. */
static pt_status_t try_draw(const pt_search_t *s)
{
    pt_subnet_t subnet = {0};
    pt_status_t status;
    PT_TRY_OR(done, pt_subnet_init(&subnet, s->space->n_task, s->space->n_choice));
    PT_TRY_OR(done, run_draw_network(s, &subnet));
done:
    pt_subnet_release(&subnet);
    return status;
}

/* What networks cost, and whether the budget can be kept. */
static pt_status_t price(pt_search_t *s)
{
    const pt_form_t last = {.size = 0};
    pt_method_t method = s->config->search.method;
    if (pt_methods[method].is_fixed)
        return PT_OK;
    if (s->config->data.search_size > 0)
        PT_TRY(pt_form_space(s->config, pt_trainer_dataset(s->trainer), &last, NULL,
                             &s->full_size));
    if (pt_methods[method].is_rebuilt || pt_methods[method].is_extended)
        return PT_OK;
    if (pt_methods[method].is_drawn)
        return s->is_view ? PT_OK : try_draw(s);
    return pt_resource_init(&s->resource, s->config, run_priced_space(s));
}

/* What the way to the network takes, which a run that has got there does without. */
static pt_status_t prepare(pt_search_t *s)
{
    if (!run_has_network(&s->state))
        PT_TRY(price(s));
    PT_TRY(run_extend_open(s));
    PT_TRY(run_choose_prepare(s));
    if (!s->is_view && s->state.phase == PT_PHASE_WARMUP)
        PT_TRY(pt_trainer_find_frozen(s->trainer));
    if (!s->is_root || s->is_view || run_has_network(&s->state))
        return PT_OK;
    PT_TRY(run_check_weights(s));
    return run_choose_check(s);
}

/* What needs no other rank. */
static pt_status_t allocate(pt_search_t *s)
{
    int32_t n_task = s->space->n_task, n_choice = s->space->n_choice;
    size_t n = (size_t)n_task * (size_t)n_choice;
    PT_TRY(pt_alpha_init(&s->alpha, n_task, n_choice));
    PT_TRY(pt_subnet_init(&s->subnet, n_task, n_choice));
    PT_TRY(pt_subnet_init(&s->drawn, n_task, n_choice));
    PT_TRY(pt_alloc(&s->g, n, sizeof *s->g));
    PT_TRY(pt_alloc(&s->dgate, n, sizeof *s->dgate));
    PT_TRY(pt_alloc(&s->sum, (size_t)n_choice, sizeof *s->sum));
    PT_TRY(pt_alloc(&s->task, (size_t)n_task, sizeof *s->task));
    PT_TRY(pt_alloc(&s->alive_candidate, (size_t)s->space->n_candidate, 1));
    PT_TRY(pt_alloc(&s->alive_node, (size_t)s->space->n_node, 1));
    PT_TRY(pt_alloc(&s->score, (size_t)n_task, sizeof *s->score));
    PT_TRY(pt_alloc(&s->begin_loss, (size_t)n_task, sizeof *s->begin_loss));
    if (s->space->kind == PT_SPACE_BRANCH)
        PT_TRY(pt_branching_init(&s->branching, s->space->n_layer, n_task));
    if (!s->is_root || s->is_view)
        return PT_OK;
    PT_TRY(pt_folder_make(s->run));
    return write_config_text(s);
}

static void note_resume(pt_search_t *s)
{
    const run_state_t *st = &s->state;
    if (st->phase == PT_N_PHASE)
        run_note(s, "this run is finished");
    else
        run_note(s, "going on from the checkpoint: %s, step %lld of %lld",
                 pt_phase_name((pt_phase_t)st->phase), (long long)st->step,
                 (long long)s->length.n_step[st->phase]);
}

static pt_status_t open_journal(pt_search_t *s)
{
    char notice[512];
    if (!s->is_root)
        return PT_OK;
    PT_TRY(run_told_init(&s->told, s->space->n_task));
    pt_jobs_read(s->run, &s->speed.earlier);
    pt_journal_spec_t spec = {s->state.metrics_bytes, s->config->report.tensorboard};
    PT_TRY(pt_journal_open(s->run, &spec, notice, &s->journal));
    if (notice[0] != '\0')
        run_note(s, "%s", notice);
    return PT_OK;
}

static pt_status_t load(pt_search_t *s, bool *is_found)
{
    pt_checkpoint_t c;
    pt_status_t status;
    pt_checkpoint_init(&c);
    PT_TRY_OR(done, run_state_find(s, &c, is_found));
    status = prepare(s);
    PT_TRY_OR(done, pt_comm_agree(s->world, status));
    if (*is_found)
        PT_TRY_OR(done, run_state_take(s, &c));
    if (*is_found && s->is_view)
        PT_TRY_OR(done, run_swap_average(s, s->trainer));
done:
    pt_checkpoint_release(&c);
    return status;
}

static pt_status_t begin(pt_search_t *s)
{
    bool is_found = false;
    if (s->config->report.pictures > 0 && !s->is_view)
        PT_TRY(pt_pictures_check(pt_trainer_dataset(s->trainer)));
    if (pt_methods[s->config->search.method].is_drawn && s->config->baseline.madds == 0)
        PT_FAIL(
            CONFIG,
            "search.method = %s draws subnets of equal cost: set baseline.cost_of = RUN, "
            "or baseline.madds",
            pt_methods[s->config->search.method].name);
    if (pt_methods[s->config->search.method].is_rebuilt &&
        s->config->baseline.cost_of[0] == '\0')
        PT_FAIL(CONFIG, "search.method = rebuilt trains the network of another run: set "
                        "baseline.cost_of = RUN");
    count_steps(s);
    PT_TRY(run_best_check(s));
    PT_AGREE(s->world, allocate(s));
    if (pt_methods[s->config->search.method].is_learned &&
        !pt_config_is_judged(s->config) && s->length.n_step[PT_PHASE_SEARCH] > 0 &&
        s->length.n_alpha == 0)
        PT_FAIL(
            CONFIG,
            "search.steps are %lld, too few for one alpha step: search.alternate asks for "
            "%lld weight steps before",
            (long long)s->length.n_step[PT_PHASE_SEARCH],
            (long long)s->length.weight_period);
    pt_fingerprint_make(s->space, s->space->op[0].inst.kernel, &s->fingerprint);
    PT_TRY(load(s, &is_found));
    if (s->is_view && !is_found)
        PT_FAIL(IO, "%s has no checkpoint yet", s->run);
    if (s->is_view)
        return PT_OK;
    if (s->state.phase == PT_N_PHASE) {
        s->mean_metric = run_mean_metric(s);
        note_resume(s);
        return PT_OK;
    }
    PT_TRY(run_compare_machines(s, s->world));
    PT_AGREE(s->world, open_journal(s));
    if (is_found) {
        note_resume(s);
        return PT_OK;
    }
    if (pt_methods[s->config->search.method].is_fixed) {
        PT_AGREE(s->world,
                 pt_baseline_network(s->config, s->space, &s->branching, &s->subnet));
        s->state.is_derived = 1;
    }
    run_refresh_subnet(s);
    return run_phases[s->state.phase].enter(s);
}

/* What is the same for all ranks. */
static void set_out(pt_search_t *s, const pt_config_t *config, pt_trainer_t *trainer)
{
    s->config = config;
    s->trainer = trainer;
    s->space = pt_trainer_space(trainer);
    s->world = pt_trainer_layout(trainer)->world;
    s->groups.all = s->world;
    extend_init(&s->extend);
    s->state.mixed_phase = s->state.best_step = s->state.evaluated = -1;
    s->mean_metric = s->cost = NAN;
    s->widening = 1;
}

static pt_status_t make(const pt_config_t *config, const char *run, bool is_view,
                        pt_trainer_t *trainer, const pt_run_hooks_t *hooks,
                        pt_search_t **out)
{
    pt_search_t *s = NULL;
    pt_status_t status;
    if (strlen(run) >= RUN_PATH_MAX)
        PT_FAIL(RANGE, "the run folder's name has more than %d characters",
                RUN_PATH_MAX - 1);
    status = pt_alloc(&s, 1, sizeof *s);
    PT_TRY_OR(failed, pt_comm_agree(pt_trainer_layout(trainer)->world, status));
    set_out(s, config, trainer);
    s->is_view = is_view;
    s->is_root = pt_comm_rank(s->world) == 0;
    s->hooks = hooks == NULL ? (pt_run_hooks_t){.context = NULL} : *hooks;
    if (s->hooks.helpers != NULL)
        s->groups.all = s->hooks.helpers;
    strcpy(s->run, run);
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_REALTIME, &now);
    s->speed.job = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
    s->speed.start = s->speed.last = s->speed.last_checkpoint = pt_clock();
    run_speed_reset(s);
    PT_TRY_OR(failed, begin(s));
    *out = s;
    return PT_OK;
failed:
    pt_search_free(s);
    return status;
}

pt_status_t pt_search_new(const pt_config_t *config, const char *run, pt_trainer_t *trainer,
                          const pt_run_hooks_t *hooks, pt_search_t **out)
{
    return make(config, run, false, trainer, hooks, out);
}

pt_status_t pt_search_view(const pt_config_t *config, const char *run,
                           pt_trainer_t *trainer, pt_search_t **out)
{
    return make(config, run, true, trainer, NULL, out);
}

void pt_search_free(pt_search_t *s)
{
    if (s == NULL)
        return;
    run_groups_release(s);
    pt_journal_free(s->journal);
    run_told_release(&s->told);
    pt_alpha_release(&s->alpha);
    pt_subnet_release(&s->subnet);
    pt_subnet_release(&s->drawn);
    pt_branching_release(&s->branching);
    choose_release(&s->choose);
    extend_release(&s->extend);
    pt_resource_release(&s->resource);
    pt_space_free(s->full_size);
    pt_free(s->g);
    pt_free(s->dgate);
    pt_free(s->sum);
    pt_free(s->task);
    pt_free(s->alive_candidate);
    pt_free(s->alive_node);
    pt_free(s->score);
    pt_free(s->begin_loss);
    pt_free(s->config_text);
    pt_text_release(&s->files);
    pt_free(s);
}

pt_status_t run_make_helper(const pt_config_t *config, const pt_layout_t *layout,
                            pt_trainer_t *trainer, pt_search_t **out)
{
    pt_search_t *s = NULL;
    pt_status_t status;
    PT_TRY_OR(failed, pt_alloc(&s, 1, sizeof *s));
    set_out(s, config, trainer);
    s->groups.all = layout->all;
    s->groups.is_helper = true;
    count_steps(s);
    PT_TRY_OR(failed, allocate(s));
    PT_TRY_OR(failed, prepare(s));
    pt_fingerprint_make(s->space, s->space->op[0].inst.kernel, &s->fingerprint);
    s->state.phase = PT_PHASE_CHOOSE;
    *out = s;
    return PT_OK;
failed:
    pt_search_free(s);
    return status;
}

/* The checkpoint at a phase's end already stands at the beginning of the next. */
static pt_status_t next_phase(pt_search_t *s, bool *is_kept)
{
    bool had_steps = s->length.n_step[s->state.phase] > 0;
    PT_TRY(run_phases[s->state.phase].leave(s));
    s->state.phase++;
    if (s->state.phase == PT_PHASE_CHOOSE && !s->choose.is_on)
        s->state.phase++;
    if (s->state.phase < PT_N_PHASE)
        PT_TRY(run_phases[s->state.phase].enter(s));
    *is_kept = had_steps || s->state.phase == PT_N_PHASE;
    return *is_kept ? run_state_write(s) : PT_OK;
}

/* One thing after the other, each a function of the state: an evaluation that is due, a
 * step, or the next phase.  A stop leaves due evaluations to who resumes. */
static pt_status_t advance(pt_search_t *s, pt_run_end_t *end)
{
    bool wants_checkpoint = false, is_kept;
    while (s->state.phase < PT_N_PHASE) {
        const run_phase_t *phase = &run_phases[s->state.phase];
        if (run_evaluation_due(s)) {
            PT_TRY(run_evaluate(s));
        } else if (phase->done(s)) {
            PT_TRY(next_phase(s, &is_kept));
            wants_checkpoint = false;
            if (is_kept && s->state.phase < PT_N_PHASE) {
                *end = PT_RUN_PHASE_OVER;
                return PT_OK;
            }
        } else {
            PT_TRY(phase->step(s));
            wants_checkpoint |= (s->request & PT_REQUEST_CHECKPOINT) != 0;
            if ((s->request & PT_REQUEST_STOP) != 0) {
                *end = PT_RUN_STOPPED;
                return run_state_write(s);
            }
            /* What follows the last step reads samples that no step has read: should that
             * fail, it fails again from here, and not after another phase. */
            if (s->state.phase == PT_PHASE_RETRAIN && phase->done(s)) {
                PT_TRY(run_state_write(s));
                wants_checkpoint = false;
            }
        }
        if (wants_checkpoint && s->state.phase < PT_N_PHASE && !run_evaluation_due(s)) {
            PT_TRY(run_state_write(s));
            wants_checkpoint = false;
        }
    }
    run_best_forget(s);
    *end = PT_RUN_DONE;
    return PT_OK;
}

pt_status_t pt_search_run_phase(pt_search_t *s, pt_run_result_t *result)
{
    pt_run_result_t r = {.score = s->score};
    run_pause_over(s);
    pt_status_t status = advance(s, &r.end);
    run_event_end(s, status, r.end);
    PT_TRY(status);
    PT_AGREE(s->world, pt_cost_all(s->space, &s->subnet, &r.cost));
    r.mean_metric = s->mean_metric;
    r.is_mixed = s->state.mixed_phase >= 0;
    r.mixed_phase = r.is_mixed ? (pt_phase_t)s->state.mixed_phase : PT_PHASE_WARMUP;
    r.mixed_step = s->state.mixed_step;
    r.checkpoints = s->speed.checkpoints;
    r.checkpoint_every = s->is_root ? run_checkpoint_due(s) : 0;
    r.weight = s->speed.pace[false];
    r.alpha = s->speed.pace[true];
    *result = r;
    return PT_OK;
}

pt_status_t pt_search_run(pt_search_t *s, pt_run_result_t *result)
{
    do
        PT_TRY(pt_search_run_phase(s, result));
    while (result->end == PT_RUN_PHASE_OVER);
    return PT_OK;
}

const pt_subnet_t *pt_search_subnet(const pt_search_t *search)
{
    return &search->subnet;
}

pt_phase_t pt_search_phase(const pt_search_t *search)
{
    return (pt_phase_t)search->state.phase;
}

int64_t pt_search_step(const pt_search_t *search)
{
    return search->state.step;
}
