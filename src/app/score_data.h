/** @file
 * A trained network scored on another data set than its own.
 */
#ifndef APP_SCORE_DATA_H
#define APP_SCORE_DATA_H

#include "app/args.h"
#include "polytree/base/status.h"
#include "polytree/io/dataset.h"
#include "polytree/study/kept.h"

/**
 * Score the network of a finished run on a split of a data set of its tasks, with the
 * batch-norm statistics that stand beside the weights, and print it.  Tasks that have no
 * labels there are passed over with a word.  Collective.
 *
 * @param[in] split  PT_N_SPLIT: test, without it val, without that train
 */
PT_MUST_CHECK pt_status_t pt_score_data(const char *run, const pt_args_t *args,
                                        const char *path, pt_split_t split);

/** Score the tasks that the network of a finished run had before it was fine-tuned, each
 * run's on its data set where that is at hand, into `kept`; what keeps from it is said.
 * Not collective. */
void pt_score_kept(const pt_config_t *config, const char *run, pt_kept_t *kept);

#endif
