/** @file
 * The inside of a run: its struct, and what the files of this folder do for each other.
 */
#ifndef SEARCH_RUN_H
#define SEARCH_RUN_H

#include <stdio.h>

#include "polytree/arch/resource.h"
#include "polytree/graph/branching.h"
#include "polytree/record/jobs.h"
#include "polytree/search/fingerprint.h"
#include "polytree/search/search.h"
#include "search/choose.h"
#include "search/extend.h"
#include "search/groups.h"

enum { RUN_PATH_MAX = 4096 };

/** The state of a run; with weights, moments and alpha it is what a checkpoint holds.
 * Everything else is a function of these counters. */
typedef struct run_state {
    /* In the payload. */
    int64_t phase;      /**< PT_N_PHASE: done */
    int64_t step;       /**< weight steps done in this phase */
    int64_t alpha_step; /**< alpha steps done in this phase */
    int64_t evaluated;  /**< `step` of the last evaluation in this phase, -1 = none */
    int64_t is_derived;
    int64_t best_step; /**< retrain.keep = best: of the least loss on val, -1 = none ... */
    double best_loss;  /**< ... and that loss */
    double loss, alpha_loss; /**< smoothed over the last steps of their kind */
    /* Beside it. */
    int64_t metrics_bytes; /**< of the journal of what was computed */
    int64_t mixed_phase;   /**< since when machines or libraries differ; ... */
    int64_t mixed_step;    /**< ... phase -1: they never did */
    int64_t score_part;    /**< pt_part_t of the final scores */
} run_state_t;

/** Speed, for people only. */
typedef struct run_speed {
    int64_t job;  /**< ms since 1970 at its start, which tells a job from others */
    double start; /**< pt_clock() when the run began */
    double last;  /**< ... when the last step or pause ended */
    double seconds, samples;              /**< of the phase's last steps, fading */
    int32_t n_odd;                        /**< steps left out of these, yet to come */
    double weight_seconds, alpha_seconds; /**< of one step, smoothed; 0 = none yet */
    double last_checkpoint;
    pt_run_pauses_t checkpoints;
    pt_jobs_t earlier;     /**< jobs; rank 0 */
    pt_run_pace_t pace[2]; /**< [is_alpha], before retraining */
} run_speed_t;

/** Arrays of the event that the journal is told, [n_task] each. */
typedef struct run_told {
    pt_event_share_t *share;
    pt_event_score_t *score;
    pt_event_cost_t *cost;
} run_told_t;

struct pt_search {
    const pt_config_t *config;
    pt_trainer_t *trainer;
    pt_space_t *space;
    pt_comm_t *world;
    bool is_root;
    bool is_view; /**< of a run that somebody else may hold: nothing is written */
    pt_run_hooks_t hooks;
    char run[RUN_PATH_MAX];

    run_state_t state;
    pt_alpha_t alpha;         /**< of the space that is searched, to the end */
    pt_subnet_t subnet;       /**< the network found, or evaluation gates */
    pt_branching_t branching; /**< branch: of the network found, once it is derived; where
                                   one is extended, of old tasks and then new ones */
    double widening;          /**< of that network: times the space's channels; 1 before */

    /* Of a search, until the trainer changes its form. */
    pt_space_t *full_size; /**< owned: as it will be retrained; NULL: as it is searched */
    pt_resource_model_t resource; /**< of that space */
    double cost;                  /**< expected, over the most there can be; NaN before */

    pt_run_length_t length;
    int64_t eval_every[PT_N_PHASE]; /**< 0 = at the end only */

    choose_t choose; /**< where candidates are judged */
    extend_t extend; /**< where tasks are added to a network */
    run_groups_t groups;

    /* Of a step; sized once. */
    pt_subnet_t drawn;
    double *g, *dgate; /**< [n_task][n_choice]; dgate becomes the gradient by logit */
    double *sum;       /**< [n_choice] scratch */
    int32_t *task;
    uint8_t *alive_candidate, *alive_node;
    int32_t n_task;   /**< of the step */
    unsigned asked;   /**< rank 0: requests for the next step */
    unsigned request; /**< of the last step, the same on all ranks */

    pt_task_score_t *score;
    double
        *begin_loss; /**< retrain.keep = best: of the tasks on val, before the first step */
    double mean_metric; /**< of the last evaluation; NaN before */
    run_speed_t speed;
    pt_journal_t *journal; /**< rank 0 */
    run_told_t told;       /**< rank 0 */
    char *config_text;     /**< rank 0; owned */
    pt_text_t files;       /**< rank 0: a line "option digest" for each that was read */
    pt_fingerprint_t fingerprint;
};

/* search.c */

/** What a rank without a place in the layout needs to judge candidates: no folder, no
 * journal, no state.  Not collective. */
pt_status_t run_make_helper(const pt_config_t *config, const pt_layout_t *layout,
                            pt_trainer_t *trainer, pt_search_t **out);

/* length.c */

/** Samples that a phase's weight steps draw from. */
pt_part_t run_part(const pt_search_t *s, int64_t phase);
/** Whether a phase's weight steps have the tasks take turns. */
bool run_is_by_task(const pt_config_t *config, int64_t phase);
/** Samples of one step, once for each task that has them. */
double run_step_samples(const pt_config_t *config, const pt_feed_t *feed, bool by_task);
/** Samples that all steps of a run draw, once for each task that has them. */
double run_samples(const pt_config_t *config, const pt_feed_t *feed,
                   const pt_run_length_t *n);
/** Those of this run; the supernet that it takes from another of the same baseline counts.
 */
pt_event_samples_t run_samples_drawn(const pt_search_t *s);
/** Steps of the last phase that draw as many. */
int64_t run_steps_of_samples(const pt_config_t *config, const pt_feed_t *feed,
                             double samples);
/** Alpha steps that follow the first `step` weight steps of the phase at work. */
int64_t run_alpha_due(const pt_search_t *s, int64_t step);

/* phases.c */

typedef struct run_phase {
    /** Called once, when the phase begins; not after a resume in the middle of it. */
    pt_status_t (*enter)(pt_search_t *s);
    pt_status_t (*step)(pt_search_t *s); /**< one weight or alpha step */
    bool (*done)(const pt_search_t *s);
    pt_status_t (*leave)(pt_search_t *s);
} run_phase_t;

extern const run_phase_t run_phases[PT_N_PHASE];

/* moment.c: what a run is at */

double run_tau(const pt_search_t *s);
/** How weights are updated in the phase at work. */
pt_update_config_t run_update(const pt_search_t *s);
/** Share of new weights in their average; 0 where the phase at work keeps none. */
double run_fresh(const pt_search_t *s);
/** Learning rate of the next weight step. */
double run_lr(const pt_search_t *s);
/** Let s->subnet hold the evaluation gates, unless a network is derived. */
void run_refresh_subnet(pt_search_t *s);
/** Of the network found, or expected by alpha; of other than dags there is none. */
bool run_has_edges(const pt_search_t *s);
double run_mean_edges(const pt_search_t *s);
/** Mean of the tasks' metrics, those without labels left out; NaN where the tasks have
 * metrics of several kinds. */
double run_mean_metric(const pt_search_t *s);

/* reform.c */

/** The space whose network is paid for: at the size of the inputs that it will have. */
static inline const pt_space_t *run_priced_space(const pt_search_t *s)
{
    return s->full_size != NULL ? s->full_size : s->space;
}
/** Whether the trainer is built anew for the last phase. */
bool run_changes_form(const pt_search_t *s);

/** Whether the files that options name have been used: the network is there, with the
 * weights that it begins with. */
static inline bool run_has_network(const run_state_t *state)
{
    return state->phase >= PT_PHASE_RETRAIN;
}
/** Build it anew, of s->branching where the space is of branches.  Collective. */
pt_status_t run_change_form(pt_search_t *s);

/* network.c: from the supernet to the network that is trained */

/** Derive the network from alpha. */
pt_status_t run_derive(pt_search_t *s);
/** Whether warmup.from and retrain.from name weights files that fit the space, before
 * anything is trained; rank 0. */
pt_status_t run_check_weights(pt_search_t *s);
/** Take the weights that warmup.from names, where it does.  Collective. */
pt_status_t run_warm_start(pt_search_t *s);
/** Say what was found and what it costs, and write it to metrics.jsonl. */
pt_status_t run_report_network(pt_search_t *s);
/** The trainer in its last form, with the weights that retrain.from wants.  Collective. */
pt_status_t run_take_network(pt_search_t *s);

/* baseline.c */

/** Draw the network of search.method = random. */
pt_status_t run_draw_network(const pt_search_t *s, pt_subnet_t *subnet);
/** Where this run has trained a supernet to draw from: keep it for runs of other indices,
 * who name this one in baseline.supernet.  Collective. */
pt_status_t run_keep_supernet(pt_search_t *s);
/** Read the kept supernet that the config names into `c`, on rank 0.  Collective. */
pt_status_t run_read_supernet(pt_search_t *s, pt_checkpoint_t *c);
/** Weights of the kept supernet that the config names, if any.  Collective. */
pt_status_t run_take_supernet(pt_search_t *s);

/* choose_length.c: how long the phase is that judges candidates */

/** What judging costs where training the network found takes `retrain` steps of so many
 * samples, as run_step_samples(). */
choose_price_t run_choose_price(const pt_config_t *config, const pt_feed_t *feed,
                                double step, int64_t retrain);
/** Candidates that the budget allows. */
int64_t run_choose_most(const pt_config_t *config, const choose_price_t *price);
/** Halving of n candidates, at most, that have been judged before if they are to be. */
void run_choose_plan(const pt_config_t *config, const choose_price_t *price, int64_t n,
                     choose_rungs_t *rungs);
/** Hand-made candidates, but for those of a file. */
int64_t run_choose_always(const pt_config_t *config);
/** Set the phase's length by that of the last phase, but for candidates of a file. */
void run_choose_expect(const pt_config_t *config, const pt_feed_t *feed, double step,
                       pt_run_length_t *length);
/** Set the phase's length as candidates are known. */
void run_choose_count(pt_search_t *s);
/** Samples of training that cost as much as what a judge has done. */
double run_choose_samples(const pt_search_t *s, pt_judge_t judge);
/** Of samples, once for each task that has them, how many are drawn. */
double run_choose_drawn(const pt_search_t *s, double samples);
/** Trainings of the network found that all judging has cost. */
double run_choose_spent(const pt_search_t *s);

/* choose.c: its beginning, its steps, its end */

/** Room for candidates, if any are judged.  Not collective. */
pt_status_t run_choose_prepare(pt_search_t *s);
/** Take the judged candidates of choose.supernet, and its weights.  Collective. */
pt_status_t run_choose_take(pt_search_t *s);
/** A step of the phase.  Collective. */
pt_status_t run_choose_step(pt_search_t *s);
/** All that was to be done is done: make candidates where all that there are have been
 * judged, and train them where there will be no more.  Collective. */
pt_status_t run_choose_go_on(pt_search_t *s);
bool run_choose_is_done(const pt_search_t *s);
/** Take the best, and say so.  Collective. */
pt_status_t run_choose_end(pt_search_t *s);

/* choose_width.c */

/** Make the widths that choose.widths wants.  Not collective. */
pt_status_t run_choose_open_widths(pt_search_t *s);
/** What candidates cost at most: what resource.budget says; else, where some are wider, as
 * much as the dearest network of the space's own width. */
double run_choose_dearest(const pt_search_t *s);

/* choose_make.c */

/** Whether the file of candidates can be read, before anything is trained; rank 0. */
pt_status_t run_choose_check(pt_search_t *s);
/** Draw the candidate of a weight step before into s->drawn. */
void run_choose_draw(pt_search_t *s, const pt_step_t *step);
/** Give all ranks what rank 0 knows of the candidates from `first` on.  Collective. */
pt_status_t run_choose_share(pt_search_t *s, int64_t first);
/** Make the next generation.  Collective. */
pt_status_t run_choose_grow(pt_search_t *s);

/* choose_judge.c: of the ranks of a group */

/** Judge a candidate, after its training where it has one.  Collective. */
pt_status_t run_choose_judge(pt_search_t *s, const choose_item_t *item);
/** Whether a candidate, which is then none, and not the reference, has diverged. */
bool run_choose_has_diverged(int64_t number, pt_status_t status);
/** Its training will come to no end. */
void run_choose_give_up(choose_t *c, const choose_item_t *item);

/* choose_train.c */

/** Whether trainings begin with the weights that search leaves, choose.supernet. */
bool run_choose_begins_with_supernet(const pt_search_t *s);
/** Give this rank's group the weights that its first rank has.  Collective over it. */
pt_status_t run_choose_take_weights(pt_search_t *s, const pt_checkpoint_t *kept);
/** A step of a training of this rank's group, the first being 0.  Collective over it. */
pt_status_t run_choose_train(pt_search_t *s, const choose_item_t *item, int64_t step);
/** Let candidates train: those of the first rung, or of the next one; without any the
 * trainings are over.  Collective. */
pt_status_t run_choose_enter(pt_search_t *s);
/** Leave the trainer as search did; with initial weights where it trained none.
 * Collective. */
pt_status_t run_choose_end_trainings(pt_search_t *s);

/* choose_predict.c */

/** What is expected of all candidates by what is known of those trained; rank 0. */
pt_status_t run_choose_predict(pt_search_t *s);

/* choose_report.c */

pt_status_t run_choose_report(pt_search_t *s);

/* fit_linear.c */

/** Fit the linear models of all heads to a part, on rank 0; what stands beside them begins
 * at zero.  Collective. */
pt_status_t run_fit_linear(pt_search_t *s, pt_part_t part);
/** The one step of search.method = linear.  Collective. */
pt_status_t run_linear_step(pt_search_t *s);

/* rebuild.c */

/** Take the network that baseline.cost_of has found: branch, s->branching, else s->subnet.
 * Collective.  PT_E_MISMATCH where it is of another space. */
pt_status_t run_rebuild(pt_search_t *s);

/* extend.c: nothing happens but with search.method = extended */

/** Read the network of extend.run, and see whether the data set fits it; rank 0. */
pt_status_t run_extend_open(pt_search_t *s);
/** Choose where new tasks enter, into s->subnet or s->branching.  Collective. */
pt_status_t run_extend(pt_search_t *s);
/** The trainer in its last form, with the old network's weights and statistics, frozen.
 * Collective. */
pt_status_t run_extend_take(pt_search_t *s);
/** Write the network of all tasks; `ours` is of the new ones.  Rank 0. */
pt_status_t run_extend_write(pt_search_t *s, const pt_interface_t *ours, const char *path);
/** Add to a checkpoint what it lacks of the network of all tasks; rank 0. */
pt_status_t run_extend_save(const pt_search_t *s, pt_checkpoint_t *c);
/** Take from a checkpoint what pt_trainer_load() leaves.  Collective. */
pt_status_t run_extend_load(pt_search_t *s, const pt_checkpoint_t *c);
/** Make s->branching one of so many tasks. */
pt_status_t run_extend_room(pt_search_t *s, int32_t n_task);

/* evaluate.c */

bool run_evaluation_due(const pt_search_t *s);
/** Let a trainer have the averaged weights, or its own again, where the phase at work
 * keeps an average: that is what is judged, and in the end left.  Collective. */
pt_status_t run_swap_average(const pt_search_t *s, pt_trainer_t *trainer);
/** On val, in the course of a phase. */
pt_status_t run_evaluate(pt_search_t *s);
/** At the end of the run: the scores that it leaves, on pt_search_last_part(). */
pt_status_t run_evaluate_last(pt_search_t *s);

/* best.c: the weights that were best on val */

/** Whether the phase at work is one whose best weights are kept, its first ones too. */
bool run_best_is_on(const pt_search_t *s);
/** Whether the run can do what retrain.keep wants.  Not collective. */
pt_status_t run_best_check(const pt_search_t *s);
/** After an evaluation on val: keep the weights where they are the best.  Collective. */
pt_status_t run_best_keep(pt_search_t *s);
/** At the end of the last phase: take the best, and say so.  Collective. */
pt_status_t run_best_take(pt_search_t *s);
/** Once the run is done: remove what was kept. */
void run_best_forget(const pt_search_t *s);

/* event.c: all do nothing on other ranks than 0. */

pt_status_t run_told_init(run_told_t *told, int32_t n_task);
void run_told_release(run_told_t *told);

void run_event_step(pt_search_t *s, bool is_alpha, double lr,
                    const pt_step_result_t *result);
void run_event_phase(pt_search_t *s);
/** Of PT_EVENT_EVAL or PT_EVENT_FINAL. */
void run_event_scores(pt_search_t *s, pt_event_kind_t kind, pt_part_t part);
void run_event_network(pt_search_t *s, const pt_cost_t *task_cost, const pt_cost_t *cost);
/** Of a row of its losses, after so many steps of the phase. */
void run_event_candidate(pt_search_t *s, int64_t candidate, int64_t row, int64_t step);
void run_event_choice(pt_search_t *s);
void run_event_timing(pt_search_t *s, pt_moment_t moment);
/** How this job ended, unless it is done: it depends on the day. */
void run_event_end(pt_search_t *s, pt_status_t status, pt_run_end_t end);

/* progress.c */

/** A line for people, on rank 0. */
void run_note(pt_search_t *s, const char *format, ...) PT_PRINTF(2, 3);
/**
 * Seconds from one checkpoint to the next: as run.checkpoint_every says, but the first one
 * of a run is not waited for that long.  PT_TIME_AUTO: the interval that loses the least to
 * checkpoints and to what is done anew after a failure, sqrt(2 C M) for a checkpoint that
 * costs C in the mean and failures M apart (Young 1974, "A first order approximation to the
 * optimum checkpoint interval"; Daly 2006), where it leaves them 1 % of the time at most.
 *
 * @param jobs that were at work on the run before, with the time and the checkpoints of
 * this one
 * @return infinity where there are to be none
 */
double run_checkpoint_interval(double every, const pt_jobs_t *jobs);

/** That of this run, now; rank 0. */
double run_checkpoint_due(const pt_search_t *s);

/** After a step: speed, progress, and what rank 0 asks for next. */
void run_after_step(pt_search_t *s, bool is_alpha, const pt_step_result_t *result);
/** Of the whole run, as estimated from its last steps. */
double run_seconds_left(const pt_search_t *s);
/** Time from here on is no step's. */
void run_pause_over(pt_search_t *s);
/** Speed from here on is another: a phase begins. */
void run_speed_reset(pt_search_t *s);

/* state.c */

/** Collective. */
pt_status_t run_state_write(pt_search_t *s);
/** Write it into another folder, and say nothing.  Collective. */
pt_status_t run_state_copy(pt_search_t *s, const char *folder);
/** Read the run's checkpoint, if it has one, into `c` of rank 0, and of it the state, with
 * `is_found` on all ranks.  Collective. */
pt_status_t run_state_find(pt_search_t *s, pt_checkpoint_t *c, bool *is_found);
/** Take the rest of what was found: alpha, subnet, weights, scores.  Collective. */
pt_status_t run_state_take(pt_search_t *s, const pt_checkpoint_t *c);

/** Read best_step and best_loss of a checkpoint, if it has them; rank 0. */
pt_status_t run_state_best(const pt_checkpoint_t *c, run_state_t *state);

/* state_check.c: whether a checkpoint is of this run; rank 0 */

/** Numbers of the record "run/counters", the phase's own first. */
enum { RUN_N_COUNTER = 5 };
/** PT_E_MISMATCH where a checkpoint is of another config or data set than the run; with
 * `is_supernet` what chooses a network from it may differ. */
pt_status_t run_state_check(const pt_search_t *s, const pt_checkpoint_t *c,
                            bool is_supernet);
/** Take down what the files hold that options name: they may be found under other names
 * later, and not at all once nothing reads them any more. */
pt_status_t run_files_digest(pt_search_t *s, bool may_be_gone);
/** What the run has read stays in what it writes next, also of files that are gone. */
pt_status_t run_files_keep(pt_search_t *s, const pt_checkpoint_t *c);
/** Refuse another machine or other libraries, or remember since when they are mixed. */
pt_status_t run_machine_check(pt_search_t *s, const pt_checkpoint_t *c);
/** Say where ranks are on unequal machines, and remember since when.  Collective over
 * `comm`. */
pt_status_t run_compare_machines(pt_search_t *s, pt_comm_t *comm);

#endif
