/** @file
 * The two journals of a run, a JSON object a line: what was computed (PT_FILE_METRICS), the
 * same bytes on any layout, and what depends on the day (PT_FILE_TIMING).
 *
 * Events are plain structs, the same for who writes and for who reads.  Their texts and
 * arrays are borrowed.  A number that is NaN is null in the file, as JSON has none; one
 * that is not in the file is NaN to who reads.
 */
#ifndef PT_RECORD_JOURNAL_H
#define PT_RECORD_JOURNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "polytree/arch/cost.h"
#include "polytree/base/status.h"
#include "polytree/config/phase.h"
#include "polytree/par/layout.h"
#include "polytree/par/reduce.h"
#include "polytree/train/trainer.h"

typedef enum pt_event_kind {
    PT_EVENT_PHASE,     /**< a phase begins */
    PT_EVENT_STEP,      /**< a step is done */
    PT_EVENT_EVAL,      /**< scores on the way */
    PT_EVENT_CANDIDATE, /**< a candidate is judged */
    PT_EVENT_CHOICE,    /**< one is chosen */
    PT_EVENT_NETWORK,   /**< a network was derived */
    PT_EVENT_FINAL,     /**< scores of the network, at the end of the run */
    PT_N_EVENT
} pt_event_kind_t;

typedef struct pt_event_phase {
    int64_t n_step, n_alpha_step; /**< of the phase */
} pt_event_phase_t;

typedef struct pt_event_share {
    const char *task;
    double loss, weight; /**< NaN where the step has no label of the task */
} pt_event_share_t;

/** Numbers that not every step has are written where the flag beside them is set. */
typedef struct pt_event_step {
    bool is_alpha;
    int64_t step; /**< of its kind, in the phase, from 1 */
    double loss, lr;
    bool has_squeeze, has_cost, has_grad_norm, has_tau, has_edges, has_weights;
    double squeeze, cost; /**< loss terms of alpha alone; cost over the most there can be */
    double grad_norm, tau;
    double edges; /**< expected, mean over the tasks */
    int32_t n_task;
    const pt_event_share_t *task;
} pt_event_step_t;

typedef struct pt_event_metric {
    const char *name;
    double value;
    double bound; /**< of its error; 0: exact */
} pt_event_metric_t;

typedef struct pt_event_score {
    const char *task;
    int64_t n; /**< samples with labels */
    double loss;
    int32_t n_metric;
    pt_event_metric_t metric[PT_KIND_METRICS]; /**< the first one judges the task */
    int32_t n_class;                           /**< of final scores, else 0 */
    const int64_t *confusion; /**< [n_class][n_class], as pt_metrics_confusion() */
} pt_event_score_t;

/** Samples drawn, once for each task that has them; what evaluating candidates has cost is
 * counted as samples of training that cost as much. */
typedef struct pt_event_samples {
    double searching; /**< on the way to the network: warm-up, search, choosing */
    double training;  /**< by the network */
} pt_event_samples_t;

typedef struct pt_event_scores {
    int64_t step;
    const char *part; /**< pt_part_name() */
    double mean;      /**< of the tasks' metrics; NaN where they are of several kinds */
    bool has_edges;
    double edges;
    pt_event_samples_t samples; /**< of PT_EVENT_FINAL */
    int64_t kept; /**< step of the weights that were kept as the best; -1: the last one's */
    int32_t n_task;
    const pt_event_score_t *task;
} pt_event_scores_t;

typedef struct pt_event_candidate {
    int64_t step, number;
    const char *origin;
    int64_t trained;           /**< steps, for this; 0: the supernet's weights judge it */
    const char *part;          /**< pt_judging_name() */
    double cost, score, worst; /**< see polytree/record/candidates.h */
} pt_event_candidate_t;

typedef struct pt_event_choice {
    int64_t number, n;       /**< of so many candidates */
    int64_t n_final, n_tied; /**< finalists; of them not told from the best */
    const char *origin, *judge;
    double score, error, worst; /**< see polytree/record/candidates.h */
    double samples;             /**< of training that cost as much as judging did */
    double spent;               /**< the same in trainings of the network found */
    double supernet_samples, training_samples; /**< spent with the supernet; by training */
} pt_event_choice_t;

typedef struct pt_event_cost {
    const char *task;
    pt_cost_t cost;
} pt_event_cost_t;

typedef struct pt_event_network {
    pt_cost_t cost; /**< of all tasks together */
    int32_t n_task;
    const pt_event_cost_t *task;
} pt_event_network_t;

/** A line of PT_FILE_METRICS. */
typedef struct pt_event {
    pt_event_kind_t kind;
    pt_phase_t phase;
    union {
        pt_event_phase_t begun;
        pt_event_step_t step;
        pt_event_scores_t scores; /**< PT_EVENT_EVAL, PT_EVENT_FINAL */
        pt_event_candidate_t candidate;
        pt_event_choice_t choice;
        pt_event_network_t network;
    };
} pt_event_t;

/** What happened when a line of PT_FILE_TIMING was written. */
typedef enum pt_moment {
    PT_MOMENT_PHASE, /**< a phase is over */
    PT_MOMENT_EVAL,
    PT_MOMENT_FINAL,
    PT_MOMENT_CHECKPOINT,
    PT_MOMENT_STOPPED, /**< the job ends, the run is not done */
    PT_MOMENT_FAILED,  /**< the job ends in an error */
    PT_N_MOMENT
} pt_moment_t;

/** A line of PT_FILE_TIMING; times are in seconds, of rank 0. */
typedef struct pt_timing {
    pt_moment_t moment;
    pt_phase_t phase;
    int64_t step;
    int64_t job; /**< ms since 1970 at the job's start, which tells a job from others */
    double wall; /**< since the job's start */
    double seconds_left; /**< of the whole run, estimated */
    double samples_per_second;
    int32_t extent[PT_N_AXIS]; /**< of the layout */
    int64_t resident_peak;     /**< bytes */
    pt_trainer_time_t time;
    int64_t n_checkpoint;
    double checkpoint_seconds;
    bool is_mixed;
    pt_traffic_stat_t traffic[PT_N_TRAFFIC];
    const char *message; /**< of an error; else NULL */
} pt_timing_t;

typedef struct pt_journal pt_journal_t;

typedef struct pt_journal_spec {
    int64_t metrics_bytes; /**< of what was computed, at the checkpoint */
    bool has_tensorboard;  /**< PT_FILE_TENSORBOARD is kept beside it */
} pt_journal_spec_t;

/**
 * Open both journals of folder `run` to write to their ends, the one of what was computed
 * cut back to what it had at the checkpoint.  One that is shorter, as somebody has cut or
 * removed it, is no reason not to go on: `notice` gets a line about it ("" else).  A file
 * for TensorBoard is written anew from what is left.  Rank 0; free with pt_journal_free().
 */
PT_MUST_CHECK pt_status_t pt_journal_open(const char *run, const pt_journal_spec_t *spec,
                                          char notice[512], pt_journal_t **out);
void pt_journal_free(pt_journal_t *journal);

/** Write a line.  What the disk refuses is known after it: pt_journal_has_failed(). */
void pt_journal_put(pt_journal_t *journal, const pt_event_t *event);
void pt_journal_put_timing(pt_journal_t *journal, const pt_timing_t *timing);

/** Whether a line of what was computed could not be written. */
bool pt_journal_has_failed(const pt_journal_t *journal);

/** Bring what was computed to the disk; its length so far.  PT_E_IO where a line could not
 * be written. */
PT_MUST_CHECK pt_status_t pt_journal_sync(pt_journal_t *journal, int64_t *metrics_bytes);

/** Takes one event, borrowed until it returns; not PT_OK ends the reading. */
typedef pt_status_t (*pt_event_taker_t)(void *context, const pt_event_t *event);
typedef pt_status_t (*pt_timing_taker_t)(void *context, const pt_timing_t *timing);

/**
 * Hand every whole line of a journal to `take`, also while a run is writing it: a line that
 * is half there is left out, and so are events of other kinds.  Not collective.
 *
 * @return PT_E_FORMAT where a line is no such event, what `take` returns, or PT_E_IO where
 *         there is no journal
 */
PT_MUST_CHECK pt_status_t pt_journal_read(const char *run, pt_event_taker_t take,
                                          void *context);

/** The same of what depends on the day, of which torn lines are left out. */
PT_MUST_CHECK pt_status_t pt_journal_read_timing(const char *run, pt_timing_taker_t take,
                                                 void *context);

#endif
