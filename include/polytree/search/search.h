/** @file
 * A run: the phases of a search, one after the other, from a config to a trained network.
 *
 * Stages are a table of {enter, step, done, leave}: warm-up, search, retrain (and the
 * derivation between the last two).  The state of a run is what a checkpoint holds; a run
 * that finds a checkpoint in its folder goes on from it, on any layout, to the same bits.
 */
#ifndef PT_SEARCH_SEARCH_H
#define PT_SEARCH_SEARCH_H

#include <stdbool.h>
#include <stdint.h>

#include "polytree/arch/alpha.h"
#include "polytree/arch/cost.h"
#include "polytree/base/status.h"
#include "polytree/config/config.h"
#include "polytree/config/phase.h"
#include "polytree/train/trainer.h"

/** Steps of every phase, as its method wants it (docs/methods.md, baselines). */
typedef struct pt_run_length {
    int64_t n_step[PT_N_PHASE];          /**< weight steps */
    int64_t n_alpha;                     /**< alpha steps among those of the search */
    int64_t weight_period, alpha_period; /**< so many alpha after so many weight steps */
    double choose_steps; /**< of the last phase that cost as much as judging, at most */
} pt_run_length_t;
/**
 * A search has all phases.  A network that is trained from scratch has one, as long as
 * baseline.steps, or as all steps of a search of this config together.  The supernet of a
 * random subnet has weight steps in place of the alpha steps.  Not collective.
 */
void pt_run_length(const pt_config_t *config, const pt_feed_t *feed, pt_run_length_t *out);

/** What a progress line shows; counts are of the phase at work. */
typedef struct pt_progress {
    pt_phase_t phase;
    int64_t step, n_step;
    double loss;           /**< of weight steps, smoothed over the last ones */
    double alpha_loss;     /**< NaN outside the search */
    double expected_edges; /**< dag: mean over tasks; else NaN */
    double expected_cost;  /**< branch: share of the fully branched encoder; else NaN */
    double tau, lr;
    double metric; /**< mean of the last evaluation on val; NaN before */
    double samples_per_second;
    double seconds_left; /**< of the whole run, estimated */
} pt_progress_t;

/** What the program does for a run; called on rank 0 only.  Each may be NULL. */
typedef struct pt_run_hooks {
    void *context;
    /** After every step: bits of PT_REQUEST_* to ask of all ranks with the next one.
     * Checkpoints at the interval of run.checkpoint_every come without asking. */
    unsigned (*poll)(void *context);
    void (*progress)(void *context, const pt_progress_t *progress);
    /** A line for people: phases begin and end, evaluations, checkpoints. */
    void (*note)(void *context, const char *line);
    /** Not called: all ranks of the layout, where the surplus ones are at pt_helper_run();
     * NULL: they are not.  The same on all ranks. */
    pt_comm_t *helpers;
} pt_run_hooks_t;

/** How a run ended. */
typedef enum pt_run_end {
    PT_RUN_DONE,
    PT_RUN_STOPPED,
    PT_RUN_PHASE_OVER /**< of pt_search_run_phase() alone */
} pt_run_end_t;

/** Checkpoints that a job wrote; all ranks stand still meanwhile. */
typedef struct pt_run_pauses {
    int64_t n;
    double seconds, longest;
} pt_run_pauses_t;

/** Steps that rank 0 made, but for the first of a phase, which compile plans; what is
 * between steps is not in their seconds. */
typedef struct pt_run_pace {
    int64_t n;
    double seconds;
} pt_run_pace_t;

typedef struct pt_run_result {
    pt_run_end_t end;
    pt_cost_t cost; /**< of the network found, all tasks */
    const pt_task_score_t
        *score;         /**< [n_task] on test (val where there is none); borrowed */
    double mean_metric; /**< NaN where the tasks' metrics are of several kinds */
    bool is_mixed; /**< machines or libraries differed: the bits are of no one machine */
    pt_phase_t mixed_phase; /**< since when */
    int64_t mixed_step;
    pt_run_pauses_t checkpoints;
    double checkpoint_every;     /**< seconds, at the end; rank 0 */
    pt_run_pace_t weight, alpha; /**< steps of warm-up and search, of this job */
} pt_run_result_t;

typedef struct pt_search pt_search_t;

/**
 * Prepare a run in folder `run` (made where needed; already locked by the caller):
 * loads its checkpoint where it has one, after comparing the config's numerics and the
 * data set's digest with it; else begins at the beginning.  Collective.
 *
 * @return PT_E_MISMATCH where the checkpoint is of another config or data set
 */
PT_MUST_CHECK pt_status_t pt_search_new(const pt_config_t *config, const char *run,
                                        pt_trainer_t *trainer, const pt_run_hooks_t *hooks,
                                        pt_search_t **out);
/**
 * What the folder of a run holds, to look at: nothing is written there, and the run may be
 * at work.  Not for pt_search_run().  Collective; free with pt_search_free().
 *
 * @return PT_E_IO where there is no checkpoint yet
 */
PT_MUST_CHECK pt_status_t pt_search_view(const pt_config_t *config, const char *run,
                                         pt_trainer_t *trainer, pt_search_t **out);
void pt_search_free(pt_search_t *search);

/** Run until done or until asked to stop; leaves a checkpoint in both cases.  Collective.
 */
PT_MUST_CHECK pt_status_t pt_search_run(pt_search_t *search, pt_run_result_t *result);

/** The same, but it also ends with PT_RUN_PHASE_OVER where a phase has left a checkpoint
 * and another follows: called again it goes on.  Collective. */
PT_MUST_CHECK pt_status_t pt_search_run_phase(pt_search_t *search, pt_run_result_t *result);

/** Before pt_search_free() where a phase is over: the journal of times is told that the run
 * goes on as another job, for this reason. */
void pt_search_hand_over(pt_search_t *search, const char *why);

/** The network found so far: the derived one, or evaluation gates before derivation. */
const pt_subnet_t *pt_search_subnet(const pt_search_t *search);
/** The phase at work; PT_N_PHASE once the run is done. */
pt_phase_t pt_search_phase(const pt_search_t *search);
/** Weight steps done in that phase. */
int64_t pt_search_step(const pt_search_t *search);
/** What a finished run is evaluated on: test; without it val; without that train. */
pt_part_t pt_search_last_part(const pt_search_t *search);

#endif
