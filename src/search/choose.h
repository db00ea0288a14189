/** @file
 * Choosing among candidates: what a run keeps of them (docs/methods.md).
 *
 * A candidate has rows of losses, one for each time that it was judged:
 *
 *     0                              with the supernet's weights; of regression what is
 *                                    expected of it
 *     1 .. CHOOSE_RUNGS              trained in a rung of halving but the last, or for
 *                                    regression
 *     of each training by which one is chosen, or of the supernet: CHOOSE_N_FINAL rows, see
 *                                    below
 *
 * What was not judged is NaN; what diverged, infinite.  Number 0, the reference, is judged
 * whenever others are: scores are by row, relative to it.
 */
#ifndef SEARCH_CHOOSE_H
#define SEARCH_CHOOSE_H

#include <stdbool.h>
#include <stdint.h>

#include "polytree/arch/breed.h"
#include "polytree/base/exact.h"
#include "polytree/config/config.h"
#include "polytree/graph/subnet.h"
#include "polytree/io/checkpoint.h"
#include "polytree/train/trainer.h"

enum {
    CHOOSE_LAST = 6,       /**< at most so many train in the last rung of halving */
    CHOOSE_ONE_GRAPHS = 3, /**< dag: random graphs that all tasks have, hand-made too */
    CHOOSE_BLOCKS = 8,     /**< of the samples that judge, for the jackknife */
    CHOOSE_RUNGS = 12,
    CHOOSE_N_COUNTER = 10,
    CHOOSE_N_KEPT = 3 /**< numbers of an item in a checkpoint */
};

/** How a candidate came about; those up to the file's are hand-made. */
typedef enum choose_origin {
    CHOOSE_SHARED, /**< one network for all tasks: the reference, number 0 */
    CHOOSE_APART,
    CHOOSE_ONE_GRAPH,
    CHOOSE_FILE,
    CHOOSE_RANDOM,
    CHOOSE_EVOLVED,
    CHOOSE_ENUMERATED,
    CHOOSE_N_ORIGIN
} choose_origin_t;

/** Rows of a training by which one is chosen, each [n_task]. */
enum {
    CHOOSE_LOSS,
    CHOOSE_METRIC,
    CHOOSE_WITHOUT, /**< the loss without block 0, and so on */
    CHOOSE_N_FINAL = CHOOSE_WITHOUT + CHOOSE_BLOCKS
};

/** What a score is of. */
typedef enum choose_view {
    CHOOSE_PROPOSED, /**< who goes on: what is expected; of all rungs, by their steps; the
                        supernet's */
    CHOOSE_FINAL,    /**< who is chosen */
    CHOOSE_LEFT_OUT, /**< the same without block 0, and so on */
    CHOOSE_BY_ROW = CHOOSE_LEFT_OUT + CHOOSE_BLOCKS /**< by row 0 alone, and so on */
} choose_view_t;

/** What judging costs, in samples of training, once for each task that has them. */
typedef struct choose_price {
    double look;     /**< calibrating and evaluating on what judges */
    double step;     /**< a step of training */
    int64_t retrain; /**< steps of training the network found */
    double all;      /**< that training */
} choose_price_t;

/** Successive halving of n candidates: size[r] of them, from the second rung on the
 * reference too, train steps[r] each; in the last rung `seeds` times. */
typedef struct choose_rungs {
    int32_t n; /**< 0: none can be had for the price */
    int64_t seeds;
    int64_t size[CHOOSE_RUNGS], steps[CHOOSE_RUNGS];
} choose_rungs_t;

/** Where trainings stand; all 0 before they begin. */
typedef struct choose_training {
    int64_t rung;   /**< at work; rungs.n: done */
    int64_t number; /**< of the candidate whose training the run's own trainer is at ... */
    int64_t seed;   /**< ... by this seed; both 0 ... */
    int64_t step;   /**< ... where it is at none: 0 steps done */
    int64_t n_step; /**< done of all */
    int64_t n_look; /**< trainings that were judged */
} choose_training_t;

/** One thing to do: to judge a candidate with the supernet's weights, or to train it and
 * judge it then. */
typedef struct choose_item {
    int64_t number;
    double cost;   /**< of that candidate */
    int64_t seed;  /**< of its trainings in the last rung */
    int64_t steps; /**< that it has trained, once it is judged; -1 before */
    int64_t held;  /**< steps of its training whose outcome this rank holds; 0: none */
    bool is_ours;  /**< this rank is the one that tells the others of it */
    bool is_out;   /**< some rank has it already, done or in part */
} choose_item_t;

/** Numbers that ranks tell each other first. */
enum { CHOOSE_SAID_STEPS, CHOOSE_SAID_LOOKS, CHOOSE_N_SAID };

/** What is to be done before anything more is known, in the order in which it is begun and
 * told of; by whom is nothing that results depend on. */
typedef struct choose_bout {
    bool is_looks; /**< with the supernet's weights; else trainings of a rung */
    bool is_kept;  /**< of a checkpoint, and not begun again */
    int64_t n;
    int64_t n_told; /**< the first ones, which are done and told of */
    choose_item_t *item;
    size_t room;   /**< items that there is memory for */
    int64_t *said; /**< what ranks tell each other: see choose_bout.c */
    int64_t *kept; /**< [n][CHOOSE_N_KEPT] of a checkpoint */
    /** Once those told of were done: steps of the phase, of trainings, and trainings that
     * were judged. */
    int64_t step, n_step, n_look;
    int64_t n_ahead; /**< looks beyond those, as far as this rank knows */
} choose_bout_t;

/** What is decided among the finalists, all being judged. */
typedef struct choose_verdict {
    int64_t chosen;  /**< -1: none of them is allowed */
    int64_t n_final; /**< that are: within the budget, and of no harm */
    int64_t n_tied;  /**< not told from the best by a standard error; the best is one */
} choose_verdict_t;

/** By which a task's candidates are compared besides: an error, or a share above 0. */
typedef struct choose_metric {
    int32_t index; /**< in pt_task_score_t.value; -1: there is none */
    bool is_error;
} choose_metric_t;

/** A width that candidates may have, until the trainer changes its form. */
typedef struct choose_width {
    double widening;           /**< times the channels of the space */
    pt_space_t *space;         /**< owned; NULL: of the first one, the run's own */
    pt_resource_model_t model; /**< of that space */
    pt_breeder_t *breeder;     /**< NULL: no network of this width keeps the budget */
} choose_width_t;

/** Candidates and what is known of them. */
typedef struct choose {
    bool is_on;
    bool has_supernet;   /**< a judge */
    bool trains;         /**< halving or regression is */
    bool has_regression; /**< it is: one rung, by which one is chosen too */
    int32_t n_task;
    int64_t n_row;            /**< of losses of a candidate */
    int64_t n_seed;           /**< trainings by which one is chosen; 1: the supernet's */
    int64_t capacity;         /**< candidates that the budget allows */
    int64_t n, n_judged;      /**< made; judged with the supernet */
    int64_t is_closed;        /**< there will be no more */
    choose_verdict_t verdict; /**< rank 0, once it is made */
    int64_t chosen;           /**< -1: not yet */
    size_t words;             /**< of a candidate: [n_task][words of a task] */
    uint64_t *bits;           /**< [capacity][words] */
    int64_t *origin;          /**< [capacity] */
    int64_t *reached;         /**< [capacity] rungs that it has entered */
    double *widening;         /**< [capacity] times the channels of the space */
    double *cost;             /**< [capacity] in the unit of resource.kind */
    double *loss;             /**< [capacity][n_row][n_task] */
    choose_price_t price;
    choose_rungs_t rungs; /**< once candidates are closed */
    choose_training_t training;
    choose_bout_t bout;
    pt_checkpoint_t trainings; /**< rank 0: "choose/training/..." of a checkpoint */
    pt_checkpoint_t supernet;  /**< the weights that training begins with, if any */
    int32_t n_width;
    choose_width_t width[PT_CONFIG_REALS]; /**< as choose.widths has them */
    pt_subnet_t one;                       /**< the reference */
    pt_subnet_t subnet;                    /**< at work */
    pt_task_score_t *score;                /**< [n_task] */
    choose_metric_t *metric;               /**< [n_task] */
    pt_exact_t sum;   /**< [CHOOSE_BLOCKS][n_task][4] see choose_judge.c */
    double *by_score; /**< [capacity] scratch */
    int32_t *order;   /**< [capacity] scratch */
    bool *is_final;   /**< [capacity] may be chosen, once that is known */
} choose_t;

static inline double *choose_row(const choose_t *c, int64_t i, int64_t row)
{
    return c->loss + (i * c->n_row + row) * c->n_task;
}

/** Row of the supernet's judgement, or of what is expected, and of a rung's. */
enum { CHOOSE_SUPERNET_ROW, CHOOSE_EXPECTED_ROW = CHOOSE_SUPERNET_ROW };
static inline int64_t choose_rung_row(int64_t rung)
{
    return 1 + rung;
}

/** A row of a training by which one is chosen. */
static inline int64_t choose_final_row(const choose_t *c, int64_t seed, int64_t which)
{
    return c->n_row - (c->n_seed - seed) * CHOOSE_N_FINAL + which;
}

static inline bool choose_is_handmade(const choose_t *c, int64_t i)
{
    return c->origin[i] <= CHOOSE_FILE;
}

/** Whether candidates are compared with the supernet's weights now. */
static inline bool choose_is_proposing(const choose_t *c)
{
    return c->has_supernet && (!c->is_closed || c->n_judged < c->n);
}

const char *choose_origin_name(int64_t origin);

/* choose_state.c */

/** Room for c->capacity candidates of subnets like `one`. */
pt_status_t choose_init(choose_t *c);
void choose_release(choose_t *c);
/** A candidate as c->subnet. */
void choose_load(choose_t *c, int64_t i);
/** Add a subnet of a width, unless it is there already; whether it is new. */
bool choose_add(choose_t *c, const choose_width_t *width, const pt_subnet_t *subnet,
                choose_origin_t origin);
/** Counters as they are saved and shared. */
void choose_get_counters(const choose_t *c, int64_t counter[CHOOSE_N_COUNTER]);
void choose_set_counters(choose_t *c, const int64_t counter[CHOOSE_N_COUNTER]);
/** Add what there is to a checkpoint, which borrows it and `counter`. */
pt_status_t choose_save(const choose_t *c, int64_t counter[CHOOSE_N_COUNTER],
                        pt_checkpoint_t *checkpoint);
pt_status_t choose_take(choose_t *c, const pt_checkpoint_t *checkpoint);

/* choose_width.c */

/** Give back all but how wide they are. */
void choose_close_widths(choose_t *c);
/** The one that is so wide; -1: there is none. */
int32_t choose_find_width(const choose_t *c, double widening);

/* choose_bout.c */

/** List what is to be done, unless a checkpoint has.  Rank 0. */
pt_status_t choose_list(choose_t *c);
/** Room for n items, and all that goes with them. */
pt_status_t choose_list_room(choose_t *c, int64_t n);
/** The row that an item is judged into. */
int64_t choose_item_row(const choose_t *c, const choose_item_t *item);
/** Whether one is chosen by it, so that it has the final rows of its seed too. */
bool choose_item_decides(const choose_t *c);
/** Steps that it trains before it is judged. */
int64_t choose_item_length(const choose_t *c);
/** Name of the records of its training, to which their own are added. */
void choose_item_name(const choose_item_t *item, char name[PT_RECORD_NAME]);
/** What is done but not told of: by this rank, with `at_work` steps of the training at work
 * and those that are held. */
void choose_done(const choose_t *c, int64_t at_work, int64_t *steps, int64_t *looks);
/** Count what is done but not told of by all ranks; returns the steps of the phase. */
int64_t choose_count(choose_t *c, int64_t steps, int64_t looks);
/** How many numbers bout.said has now; fill them with this rank's. */
int64_t choose_said(const choose_t *c);
void choose_say(choose_t *c, int64_t at_work);
/** Take their sums over all ranks; returns the steps of the phase. */
int64_t choose_hear(choose_t *c);
/** The next item to tell of, after which bout.step is the phase's; NULL: it is not done. */
const choose_item_t *choose_tell(choose_t *c);

/* choose_score.c */

/** Score of a candidate: the mean over tasks of the log of its loss over the reference's;
 * NaN where no task has one. */
double choose_score(const choose_t *c, int64_t i, int64_t view);
/** Of one task; NaN where it has none. */
double choose_task_score(const choose_t *c, int64_t i, int64_t view, int32_t task);
/** The worst task's. */
double choose_worst(const choose_t *c, int64_t i, int64_t view);
/** Mean over the last trainings of the metric that a task is compared by. */
double choose_metric(const choose_t *c, int64_t i, int32_t task);
/** Standard error of the difference between the scores of two candidates: by the jackknife
 * over blocks of what judges, and by what scores differ by between trainings, pooled over
 * all finalists; NaN where there are too few blocks. */
double choose_error(const choose_t *c, int64_t i, int64_t j);
/** The candidates that have entered so many rungs at least, the best so far first, into
 * c->order; how many. */
int64_t choose_rank(const choose_t *c, int64_t n_rung);
/** Say who may be chosen: those that have entered the last rung, else all; how many. */
int64_t choose_finalists(const choose_t *c);
/** Gain by metrics over the reference, mean over the tasks (Maninis et al. 2019); NaN where
 * a task has no such metric, or it is 0 for the reference. */
double choose_delta(const choose_t *c, int64_t i);

choose_verdict_t choose_decide(const pt_config_t *config, double budget, const choose_t *c);

/* choose_rungs.c */

/** Successive halving of as many candidates, n at most, as can be had for so many samples
 * of training. */
void choose_plan_rungs(const pt_config_t *config, const choose_price_t *price, int64_t n,
                       double samples, choose_rungs_t *out);
/** One rung of as many candidates, n at most, as can be trained for regression. */
void choose_plan_trainings(const pt_config_t *config, const choose_price_t *price,
                           int64_t n, double samples, choose_rungs_t *out);
/** What all of it costs. */
double choose_rungs_price(const choose_price_t *price, const choose_rungs_t *rungs);
/** Steps and judgements of all rungs. */
int64_t choose_rungs_length(const choose_rungs_t *rungs);
/** Trainings of each candidate of a rung. */
int64_t choose_trainings(const choose_t *c, int64_t rung);
/** Let the best of those in the rung before, and the reference, enter a rung. */
void choose_enter_rung(choose_t *c, int64_t rung);
/** Regression: let the hand-made ones but the file's and random others enter, half of those
 * that are to train. */
void choose_enter_first(choose_t *c, const pt_rng_t *rng);
/** Let the best of those enter that have not; its number. */
int64_t choose_enter_best(choose_t *c);

#endif
