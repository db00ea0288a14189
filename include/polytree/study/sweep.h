/** @file
 * A sweep: methods x seeds x variants of options, each a run in a folder of its own, and
 * what they have come to side by side.
 */
#ifndef PT_STUDY_SWEEP_H
#define PT_STUDY_SWEEP_H

#include <stdbool.h>
#include <stdint.h>

#include "polytree/base/text.h"
#include "polytree/config/config.h"
#include "polytree/io/dataset.h"

/** Bytes of why a run has failed, with the NUL. */
enum { PT_SWEEP_WHY = 512 };

/** How a run of a sweep has ended, or all of it. */
typedef enum pt_sweep_end {
    PT_SWEEP_DONE,
    PT_SWEEP_STOPPED, /**< the same command goes on */
    PT_SWEEP_BUSY,    /**< of a run: another job has it */
    PT_SWEEP_FAILED   /**< a run by its own options, others may succeed; the sweep is
                           through, and some of its runs have failed so */
} pt_sweep_end_t;

/** What the program does for a sweep. */
typedef struct pt_sweep_hooks {
    void *context;
    /** Number of tasks and digest of the data set that a config names.  Collective. */
    pt_status_t (*data)(void *context, const pt_config_t *config, int32_t *n_task,
                        pt_dataset_digest_t *digest);
    /** Begin the run in `folder` or go on with it.  `*end` is the same on all ranks; with
     * PT_SWEEP_FAILED `why` says it, and nobody has to end on its account.  Not PT_OK ends
     * the sweep.  Collective. */
    pt_status_t (*run)(void *context, const pt_config_t *config, const char *folder,
                       pt_sweep_end_t *end, char why[PT_SWEEP_WHY]);
    /** From now on the sweep is about the run in `folder`; NULL: about none. */
    void (*about)(void *context, const char *folder);
    /** Run i of n, from 1, is about to begin or to go on; rank 0. */
    void (*begun)(void *context, int32_t i, int32_t n, const char *folder);
    /** Nothing is left for this job, but n runs that others are at work on, or that wait
     * for those; rank 0. */
    void (*left)(void *context, int32_t n);
    /** The sweep goes on without a run: for good, or until it is tried again; rank 0. */
    void (*failed)(void *context, const char *folder, const char *why, bool is_for_good);
} pt_sweep_hooks_t;

typedef struct pt_sweep pt_sweep_t;

/**
 * Read section [sweep]: what is varied, and every variant's options checked.  Borrows
 * `config` and `folder`, copies `hooks`.  Collective; free with pt_sweep_free().
 *
 * @return PT_E_CONFIG for what is no option or makes no runs to compare, PT_E_RANGE for
 * more networks than can be
 */
PT_MUST_CHECK pt_status_t pt_sweep_new(const pt_config_t *config, const char *folder,
                                       const pt_sweep_hooks_t *hooks, pt_sweep_t **out);
void pt_sweep_free(pt_sweep_t *sweep);

/**
 * One run after the other, all ranks together: those that are over are left alone, as are
 * those that another job has and those that need one of these, the others begun or gone on
 * with, as long as run.time_limit allows.  What was left alone is looked at again until
 * nothing more is to begin.  Collective.
 *
 * @return PT_E_MISMATCH where the folder holds runs of another sweep
 */
PT_MUST_CHECK pt_status_t pt_sweep_run(pt_sweep_t *sweep, pt_sweep_end_t *end);

/** Whether a job is at work on one of its runs.  Not collective. */
bool pt_sweep_is_at_work(const pt_sweep_t *sweep);

/** Whether what is in the folder is of this sweep, without running anything: PT_E_IO where
 * nothing is there, else as pt_sweep_run().  Not collective. */
PT_MUST_CHECK pt_status_t pt_sweep_look(const pt_sweep_t *sweep);

/**
 * Write what the runs have come to so far as FOLDER/sweep.txt, sweep.json, sweep.svg
 * and, where rows cost unlike, sweep-cost.svg, and FOLDER/report.html.  The runs' reports
 * get the baselines beside them.  Not collective.
 *
 * @param[out] out  gets the table as text, also where something after it fails
 */
PT_MUST_CHECK pt_status_t pt_sweep_report(const pt_sweep_t *sweep, pt_text_t *out);

#endif
