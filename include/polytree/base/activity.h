/** @file
 * What this process is at, for one of its threads that watches over it.
 *
 * The thread that works says when a step or an evaluation begins and what it goes about in
 * it: signs of life.  Outside of these (start-up, checkpoints, reports) it gives none, and
 * nobody shall miss them.
 */
#ifndef PT_BASE_ACTIVITY_H
#define PT_BASE_ACTIVITY_H

#include <stdint.h>

typedef enum pt_span {
    PT_SPAN_NONE,  /**< no part in steps or evaluations, or none so far */
    PT_SPAN_PAUSE, /**< after one, before the next */
    PT_SPAN_WEIGHT_STEP,
    PT_SPAN_ALPHA_STEP,
    PT_SPAN_EVALUATION,
    PT_N_SPAN
} pt_span_t;

typedef enum pt_doing {
    PT_DOING_PLANS,
    PT_DOING_DATA,
    PT_DOING_OPERATIONS,
    PT_DOING_UPDATE,
    PT_DOING_WAIT, /**< in MPI: what comes next is up to other ranks too */
    PT_N_DOING
} pt_doing_t;

typedef struct pt_activity {
    pt_span_t span;
    pt_doing_t doing;
    int32_t phase; /**< of the last step, -1 before the first */
    int64_t step;
    unsigned ended;  /**< bits 1 << span of those that have been gone through */
    uint64_t n_span; /**< that began, pauses too */
    uint64_t n_sign; /**< of life */
} pt_activity_t;

/* Of the thread that works. */

/** A step begins. */
void pt_activity_step(pt_span_t span, int32_t phase, int64_t step);
/** An evaluation begins. */
void pt_activity_evaluation(void);
/** It is over. */
void pt_activity_pause(void);
/** It has no part in what the others do next. */
void pt_activity_leave(void);
/** A sign of life; returns what was done before, to go back to. */
pt_doing_t pt_activity_do(pt_doing_t doing);

/* Of any thread. */

/** Its fields need not be of one instant. */
pt_activity_t pt_activity_now(void);

#endif
