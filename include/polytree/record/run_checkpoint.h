/** @file
 * The checkpoints of a run: the current one, the one before it, and which to go on from.
 *
 * At every instant a loadable checkpoint stands under one of the two names.
 */
#ifndef PT_RECORD_RUN_CHECKPOINT_H
#define PT_RECORD_RUN_CHECKPOINT_H

#include <stdbool.h>

#include "polytree/base/status.h"
#include "polytree/io/checkpoint.h"

/** Write into folder `run`; what was the current one becomes the previous one.  Rank 0. */
PT_MUST_CHECK pt_status_t pt_run_checkpoint_write(const char *run,
                                                  pt_checkpoint_t *checkpoint);

/**
 * Load from folder `run`: the current one, else the previous one.  A current one that
 * fails is renamed as bad; leftover temporaries are removed after success.
 * `*is_found` is false where neither name exists.  `notice` gets a line for people about
 * anything skipped ("" else).  Rank 0.
 */
PT_MUST_CHECK pt_status_t pt_run_checkpoint_load(const char *run,
                                                 pt_checkpoint_t *checkpoint,
                                                 bool *is_found, char notice[512]);

/** The same, but only reads: no file is renamed or removed, and a job may be writing. */
PT_MUST_CHECK pt_status_t pt_run_checkpoint_peek(const char *run,
                                                 pt_checkpoint_t *checkpoint,
                                                 bool *is_found, char notice[512]);

/**
 * Whether this polytree may go on with a run that is not finished and was begun with
 * `version`: what another would make of the rest is another run.
 *
 * @return PT_E_MISMATCH, in words for people, where it may not
 */
PT_MUST_CHECK pt_status_t pt_run_check_version(const char *run, const char *version);

#endif
