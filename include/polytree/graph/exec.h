/** @file
 * Running plans: arenas and the loop over the tape.  Nothing is allocated in a run.
 *
 * Where a space is cut into stages, a unit's tape is run in sections, a forward and a
 * backward one for each segment (pt_plan_n_segment()), and several units are in flight at a
 * time.  Stage s of S runs the segments g = 1..G of all units, unit after unit,
 *
 *     F(1) .. F(w)  B(1) F(w+1) B(2) .. F(G) B(G-w+1) .. B(G),   w = pt_cut_ahead()
 *
 * (one forward, one backward).  With w = S - s every section would be there just in time if
 * messages took none; the one more hides what they take.  It cannot block: give F(g) on
 * stage s the time 2g + s and B(g) the time 2g + 2S + 1 - s, but on the last stage 2g + S
 * and 2g + S + 1.  Then time grows from each section to the next on the same
 * stage, to F(g) from F(g) one stage before, to B(g) from B(g) one stage behind; and these
 * are all that a section waits for, but for room to send (see polytree/par/pipe.h).  Within
 * a unit this is the order of its tape, whatever came before.
 */
#ifndef PT_GRAPH_EXEC_H
#define PT_GRAPH_EXEC_H

#include <stddef.h>
#include <stdint.h>

#include "polytree/base/status.h"
#include "polytree/graph/plan.h"

/**
 * Called between a task's forward and backward.  Reads the head's output [microbatch, h,
 * w, outputs]; writes its gradient of the same shape, unless `doutput` is NULL (calibrate
 * and eval).
 */
typedef void (*pt_loss_fn)(void *context, int32_t task, const pt_real_t *output,
                           pt_real_t *doutput);

/**
 * Called with each value that a forward pass has formed: y [microbatch, h, w, c] of an
 * operation (`op` < 0: of a sum, whose last term is the candidate's), `task` the first of
 * those that use it.  These are what pt_plan_value() has of it.
 */
typedef void (*pt_see_fn)(void *context, int32_t op, int32_t candidate, int32_t task,
                          const pt_real_t *y);

/** One (bundle, microbatch): everything that one run of a plan reads and writes. */
typedef struct pt_unit {
    const pt_real_t *input;    /**< [microbatch, h, w, c] */
    const pt_subnet_t *subnet; /**< gates; its bits must be those of the plan */
    pt_rng_t rng;              /**< key of dropout; purpose and task are filled in */
    uint32_t index;            /**< of the unit within its bundle's step */
    const double *stat;        /**< eval, and frozen candidates: as pt_plan_stat() */
    double *unit_stat;         /**< calibrate: the unit's means and centred squares */
    double *dgate;             /**< alpha: [tasks of the plan][n_choice], overwritten */
    pt_loss_fn loss;
    void *loss_context;
    pt_see_fn see; /**< NULL: nobody looks */
    void *see_context;
} pt_unit_t;

/** How messages go to the neighbouring stages and come from them; for each direction
 * (`is_back`: adjoints, to the stage before) they arrive in the order of sending. */
typedef struct pt_link {
    void *context;
    /** The next message, of n elements; waits for it. */
    const pt_real_t *(*receive)(void *context, bool is_back, int64_t n);
    /** That one has been read. */
    void (*done)(void *context, bool is_back);
    /** Room for a message of n elements, which send() takes. */
    pt_real_t *(*room)(void *context, bool is_back, int64_t n);
    void (*send)(void *context, bool is_back, int64_t n);
    /** Called between instructions, so that transfers go on. */
    void (*progress)(void *context);
} pt_link_t;

typedef struct pt_exec pt_exec_t;

/**
 * An arena of `arena_bound` bytes of address space, memory only as far as plans touch it.
 * Borrows `space`, whose weights it reads and whose gradient sums it adds to.
 */
PT_MUST_CHECK pt_status_t pt_exec_new(pt_space_t *space, size_t arena_bound,
                                      pt_exec_t **out);
/** The same for a stage with up to n_flight units at a time, each with an arena.  Borrows
 * `link`. */
PT_MUST_CHECK pt_status_t pt_exec_new_staged(pt_space_t *space, size_t arena_bound,
                                             int32_t n_flight, const pt_link_t *link,
                                             pt_exec_t **out);
void pt_exec_free(pt_exec_t *exec);

/**
 * Run a plan on a unit.  Not collective.
 *
 * @return the number of the first tensor whose gradient was not finite, or -1; whether
 *         they were too large for their sums the store's `largest` tells
 */
int32_t pt_exec_run(pt_exec_t *exec, const pt_plan_t *plan, const pt_unit_t *unit);

/**
 * Begin a unit (copied; what it points to must stay), or run its next section.
 * pt_exec_run() is all that there is of a unit, one after the other.
 *
 * @param[in] flight  0..n_flight-1, free
 */
void pt_exec_begin(pt_exec_t *exec, int32_t flight, const pt_plan_t *plan,
                   const pt_unit_t *unit);
void pt_exec_advance(pt_exec_t *exec, int32_t flight);

/**
 * Measure what instructions of a plan take that `machine` does not know by name yet, in
 * several runs of the unit, about half a second: of each instruction the median, of each
 * name the mean.  Where most is known the rest alone is run.  Gradients are added to the
 * sums.  Not collective; no unit is in flight.
 */
PT_MUST_CHECK pt_status_t pt_exec_measure(pt_exec_t *exec, const pt_plan_t *plan,
                                          const pt_unit_t *unit, pt_machine_t *machine);

/** Seconds spent in operations' kernels, in losses, and in transfers between stages,
 * waiting included, since the start. */
double pt_exec_op_seconds(const pt_exec_t *exec);
double pt_exec_transfer_seconds(const pt_exec_t *exec);
double pt_exec_loss_seconds(const pt_exec_t *exec);

/** Multiply-adds per sample that were executed since the start. */
int64_t pt_exec_madds(const pt_exec_t *exec);

#endif
