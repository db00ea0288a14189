/** @file
 * A trained network at use: microbatches of inputs to the outputs of all tasks, with the
 * batch-norm statistics that stand beside its weights.  No data set is needed.
 *
 * Every rank has all of it, and runs the microbatches that it likes: outputs depend on the
 * microbatch alone.
 */
#ifndef PT_TRAIN_INFERENCE_H
#define PT_TRAIN_INFERENCE_H

#include <stdint.h>

#include "polytree/base/status.h"
#include "polytree/graph/exec.h"
#include "polytree/graph/plan.h"
#include "polytree/io/checkpoint.h"
#include "polytree/par/comm.h"

typedef struct pt_inference pt_inference_t;

/**
 * Plans and memory for all tasks of a space with kernels.  Borrows space and subnet.  Not
 * collective.
 *
 * @param[in] bundle  [n_task] number of each task's, below n_task: tasks of a bundle share
 *                    what their choices share; copied
 */
PT_MUST_CHECK pt_status_t pt_inference_new(pt_space_t *space, const pt_subnet_t *subnet,
                                           const int32_t *bundle, pt_inference_t **out);
void pt_inference_free(pt_inference_t *network);

/**
 * Take weights and statistics from a finished run's checkpoint of rank 0 (the others'
 * ignored).  Collective.
 *
 * @return PT_E_FORMAT, naming what the checkpoint lacks
 */
PT_MUST_CHECK pt_status_t pt_inference_load(pt_inference_t *network, pt_comm_t *comm,
                                            const pt_checkpoint_t *checkpoint);

/** Bundles, those without a task left out, and the plan of each: of its tasks, ascending.
 */
int32_t pt_inference_n_bundle(const pt_inference_t *network);
const pt_plan_t *pt_inference_plan(const pt_inference_t *network, int32_t bundle);
/** Tasks of that plan; their number. */
int32_t pt_inference_tasks(const pt_inference_t *network, int32_t bundle,
                           const int32_t **task);
/** Mean and variance of all batch norms of that plan, as pt_plan_stat() places them. */
const double *pt_inference_statistics(const pt_inference_t *network, int32_t bundle);

/** What a checkpoint calls a batch norm's: "statistics/CANDIDATE.OP/TASK". */
void pt_inference_statistics_name(const pt_inference_t *network, const pt_plan_stat_t *stat,
                                  char name[PT_RECORD_NAME]);

/** Have `see` look at every value of the runs from now on (polytree/graph/exec.h). */
void pt_inference_watch(pt_inference_t *network, pt_see_fn see, void *context);

/** Takes a task's output [microbatch, h, w, outputs], 1 x 1 of what is no map. */
typedef void (*pt_inference_take_t)(void *context, int32_t task, const pt_real_t *output);

/** Run all tasks on a microbatch [microbatch, h, w, c], one after the other.  Not
 * collective; allocates nothing. */
void pt_inference_run(pt_inference_t *network, const float *input, pt_inference_take_t take,
                      void *context);

#endif
