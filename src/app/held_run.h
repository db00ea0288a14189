/** @file
 * A run that this process holds, from a config to its report.
 */
#ifndef APP_HELD_RUN_H
#define APP_HELD_RUN_H

#include "app/session.h"
#include "polytree/search/helper.h"
#include "polytree/search/search.h"

/** The folder is locked on rank 0 only. */
typedef struct pt_held_run {
    const char *folder, *sweep; /**< sweep: of the sweep that it is of; NULL: of none */
    int lock;                   /**< -1: not held here */
    bool has_made; /**< the folder; `made_from`: length of the part that was there */
    size_t made_from;
    pt_session_t session;
    pt_search_t *search;
    pt_helper_t *helper; /**< of surplus ranks, where they have something to do */
} pt_held_run_t;

/** End a run that came to `status`.  Collective. */
void pt_held_run_release(pt_held_run_t *run, pt_status_t status);

/** Print the scores of a run on a part (app/print_scores.h). */
void pt_print_scores_of(const pt_held_run_t *run, const pt_task_score_t *score,
                        pt_part_t part);

/** Say where pictures of predictions are. */
void pt_print_pictures(const char *run);

/**
 * Begin a run or go on with it, until it is done or stopped, and report.  A file STOP made
 * meanwhile in its folder, or in that of its sweep, ends it.  Collective.
 *
 * @param[in]  sweep  folder of the sweep that it is of; NULL: of none
 * @param[out] code    PT_EXIT_DONE or PT_EXIT_STOPPED, on all ranks
 * @param[out] is_own  whether a failure is of this run's options alone, as when it
 * diverges: others of other options may still succeed; on all ranks
 */
PT_MUST_CHECK pt_status_t pt_held_run_go(const pt_config_t *config, const char *folder,
                                         const char *sweep, int *code, bool *is_own);

#endif
