/** @file
 * Running plans: the arena and the loop over the tape.  Nothing is allocated in a run.
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

/** One (bundle, microbatch): everything that one run of a plan reads and writes. */
typedef struct pt_unit {
    const pt_real_t *input;    /**< [microbatch, h, w, c] */
    const pt_subnet_t *subnet; /**< gates; its bits must be those of the plan */
    pt_rng_t rng;              /**< key of dropout; purpose and task are filled in */
    uint32_t index;            /**< of the unit within its bundle's step */
    const double *stat;        /**< eval: as pt_plan_stat() */
    double *stat_sum;          /**< calibrate: added to */
    double *dgate;             /**< alpha: [tasks of the plan][n_choice], overwritten */
    double limit;              /**< weight: bound of |x| 2^40 for each addend */
    pt_loss_fn loss;
    void *loss_context;
} pt_unit_t;

typedef struct pt_exec pt_exec_t;

/**
 * An arena of `arena_bound` bytes of address space, memory only as far as plans touch it.
 * Borrows `space`, whose weights it reads and whose gradient sums it adds to.
 */
PT_MUST_CHECK pt_status_t pt_exec_new(pt_space_t *space, size_t arena_bound,
                                      pt_exec_t **out);
void pt_exec_free(pt_exec_t *exec);

/**
 * Run a plan on a unit.  Not collective.
 *
 * @return the number of the first tensor whose gradient was not finite or too large for
 *         the fixed-point sum, or -1
 */
int32_t pt_exec_run(pt_exec_t *exec, const pt_plan_t *plan, const pt_unit_t *unit);

/** Seconds spent in operations' kernels and in losses since the start. */
double pt_exec_op_seconds(const pt_exec_t *exec);
double pt_exec_loss_seconds(const pt_exec_t *exec);

/** Multiply-adds per sample that were executed since the start. */
int64_t pt_exec_madds(const pt_exec_t *exec);

#endif
