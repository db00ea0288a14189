/** @file
 * Choosing among candidates: what a run keeps of them (docs/methods.md).
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
    CHOOSE_FINALISTS = 8, /**< best on propose, judged on confirm with the hand-made ones */
    CHOOSE_ONE_GRAPHS = 3, /**< dag: random graphs that all tasks have, hand-made too */
    CHOOSE_BLOCKS = 8,     /**< of the samples of confirm, for the jackknife */
    CHOOSE_N_COUNTER = 5
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

/** Losses kept of a candidate, each [n_task]. */
enum {
    CHOOSE_PROPOSE,
    CHOOSE_CONFIRM,
    CHOOSE_WITHOUT, /**< confirm without its block 0, and so on */
    CHOOSE_N_LOSS = CHOOSE_WITHOUT + CHOOSE_BLOCKS
};

/** Candidates and what is known of them. */
typedef struct choose {
    bool is_on;
    int32_t n_task;
    int64_t capacity;    /**< candidates there is room for */
    int64_t n, n_judged; /**< made; judged on propose, the first ones */
    int64_t n_most;      /**< that the budget allows, once the hand-made ones are known */
    int64_t is_closed;   /**< there will be no more */
    int64_t chosen;      /**< -1: not yet */
    size_t words;        /**< of a candidate: [n_task][words of a task] */
    uint64_t *bits;      /**< [capacity][words] */
    int64_t *origin;     /**< [capacity] */
    double *cost;        /**< [capacity] in the unit of resource.kind */
    double *loss;        /**< [capacity][CHOOSE_N_LOSS][n_task]; NaN: unknown, or none */
    double one_samples;  /**< of training that cost as much as judging a candidate */
    double retrain_samples; /**< of training the network found */
    pt_breeder_t *breeder;  /**< until the trainer changes its form */
    pt_subnet_t one;        /**< the reference */
    pt_subnet_t subnet;     /**< at work */
    pt_task_score_t *score; /**< [n_task] */
    pt_exact_t sum;         /**< [CHOOSE_BLOCKS][n_task][4] see choose_judge.c */
    double *by_score;       /**< [capacity] scratch */
    int32_t *order;         /**< [capacity] scratch */
    bool *is_final;         /**< [capacity] is judged on confirm, once all are on propose */
} choose_t;

static inline double *choose_loss(const choose_t *c, int64_t i, int32_t which)
{
    return c->loss + (i * CHOOSE_N_LOSS + which) * c->n_task;
}

static inline bool choose_is_handmade(const choose_t *c, int64_t i)
{
    return c->origin[i] <= CHOOSE_FILE;
}

const char *choose_origin_name(int64_t origin);

/* choose_state.c */

/** Room for c->capacity candidates of subnets like `one`. */
pt_status_t choose_init(choose_t *c);
void choose_release(choose_t *c);
/** A candidate as c->subnet. */
void choose_load(choose_t *c, int64_t i);
/** Add a subnet, unless it is there already; whether it is new. */
bool choose_add(choose_t *c, const pt_subnet_t *subnet, choose_origin_t origin);
/** Add what there is to a checkpoint, which borrows it and `counter`. */
pt_status_t choose_save(const choose_t *c, int64_t counter[CHOOSE_N_COUNTER],
                        pt_checkpoint_t *checkpoint);
pt_status_t choose_take(choose_t *c, const pt_checkpoint_t *checkpoint);

/* choose_score.c */

/** Score of a candidate: the mean over tasks of the log of its loss over the reference's.
 */
double choose_score(const choose_t *c, int64_t i, int32_t which);
/** The worst task's. */
double choose_worst(const choose_t *c, int64_t i, int32_t which);
/** Standard error, by the jackknife over blocks of confirm, of the difference between the
 * scores of two candidates; NaN where there are too few blocks. */
double choose_error(const choose_t *c, int64_t i, int64_t j);
/** Say who is judged on confirm: the hand-made ones and the best on propose; how many. */
int64_t choose_finalists(const choose_t *c);
/** Who is chosen of the finalists, all being judged, that cost at most `budget`; -1: none
 * of them does. */
int64_t choose_best(const pt_config_t *config, double budget, const choose_t *c);

#endif
