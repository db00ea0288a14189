/** @file
 * Ranks that have no place in a run's layout: more than its steps have work for.
 *
 * They help where there is more work than in a step, as candidates are judged, each group
 * of ranks another one (layout.groups), and wait otherwise.
 */
#ifndef PT_SEARCH_HELPER_H
#define PT_SEARCH_HELPER_H

#include <stdbool.h>

#include "polytree/base/status.h"
#include "polytree/config/config.h"
#include "polytree/graph/machine.h"
#include "polytree/io/dataset.h"
#include "polytree/kernel/kernel.h"
#include "polytree/par/layout.h"
#include "polytree/train/feed.h"
#include "polytree/train/predict.h"

typedef struct pt_helper pt_helper_t;

/** Whether a run has work for them.  Not collective. */
bool pt_helper_is_wanted(const pt_config_t *config, const pt_layout_t *layout);

/**
 * How many groups of ranks judge candidates at once, at most, where n_rank ranks are there
 * and those of an arrangement take steps.  Not collective.
 *
 * @param[out] share  of the time that judging takes where these judge one after the other,
 * each of as many steps as the other; 1 where nothing is judged
 */
int32_t pt_helper_outlook(const pt_config_t *config, const pt_feed_t *feed,
                          const pt_arrangement_t *arrangement, int32_t n_rank,
                          double *share);

/** What a surplus rank of `layout` needs, as pt_trainer_new().  Borrows all it is given.
 * Not collective. */
PT_MUST_CHECK pt_status_t pt_helper_new(const pt_config_t *config,
                                        const pt_layout_t *layout, pt_dataset_t *dataset,
                                        const pt_kernel_t *kernel, pt_machine_t *machine,
                                        pt_helper_t **out);
/** NULL is fine.  Collective with pt_search_free() of the run that it has helped. */
void pt_helper_free(pt_helper_t *helper);

/** Help until pt_helper_dismiss(), also after a failure, which is that of all. */
PT_MUST_CHECK pt_status_t pt_helper_run(pt_helper_t *helper);
/** Let the surplus ranks go, whatever has come of the run; called by the active ones.
 * Collective over all ranks of the layout. */
PT_MUST_CHECK pt_status_t pt_helper_dismiss(const pt_layout_t *layout);

#endif
