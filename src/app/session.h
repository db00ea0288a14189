/** @file
 * What search, eval and plan need first: config, data set, layout, kernels, trainer.
 */
#ifndef APP_SESSION_H
#define APP_SESSION_H

#include <stdbool.h>

#include "app/arrange.h"
#include "app/args.h"
#include "polytree/config/config.h"
#include "polytree/io/dataset.h"
#include "polytree/kernel/kernel.h"
#include "polytree/par/layout.h"
#include "polytree/train/trainer.h"

typedef struct pt_session {
    pt_config_t config;
    const char *run; /**< folder in which measured costs are kept; NULL: in none */
    pt_comm_t *node;
    pt_dataset_t *dataset;
    pt_machine_t machine; /**< what costs are known of */
    bool has_costs;
    int32_t n_core; /**< that the ranks of this node may run on, as they are bound */
    pt_layout_t layout;
    bool has_layout, has_kernel;
    bool has_outlook;     /**< rank 0, where costs were known when ranks were arranged */
    pt_outlook_t outlook; /**< of the layout, at the beginning of the search */
    pt_kernel_t kernel;
    pt_trainer_t *trainer; /**< NULL on surplus ranks */
} pt_session_t;

/** Read a config and --set on rank 0, check it, hand it to all.  Collective. */
PT_MUST_CHECK pt_status_t pt_session_config(const char *path, const pt_args_t *args,
                                            pt_config_t *config);

/** The same with a --time-limit, unless `limit` is NULL.  Collective. */
PT_MUST_CHECK pt_status_t pt_session_config_limited(const char *path, const pt_args_t *args,
                                                    const char *limit, pt_config_t *config);

/** RUN/config.ini as above.  Collective. */
PT_MUST_CHECK pt_status_t pt_session_config_of_run(const char *run, const pt_args_t *args,
                                                   pt_config_t *config);

/** Open the data set that the config names, with a hint where there is none; then what a
 * baseline is to match is known, and set in the config.  Collective. */
PT_MUST_CHECK pt_status_t pt_session_open_data(pt_session_t *session);

/**
 * Open the data unless they are open, arrange the ranks, make kernels and trainer.
 * session->config is set.  Collective.
 */
PT_MUST_CHECK pt_status_t pt_session_open(pt_session_t *session);

/**
 * What layout.cost and the other options of it say of costs, into session->machine, where
 * kernels are.  Of what is measured the least counts, as another job on the machine only
 * adds to it: here, and at all earlier starts that have left it in session->run.  Only what
 * opens a layout, or asks, needs it.  Collective.
 */
PT_MUST_CHECK pt_status_t pt_session_know_costs(pt_session_t *session);

/** Write what was measured into session->run, once it is there to stay; rank 0. */
void pt_session_keep_costs(const pt_session_t *session);

/**
 * Measure once more, and see whether an arrangement by layout.mode = auto would be faster
 * than that of now.  It would not where costs are not kept, nor where the memory of a rank
 * is limited, which a second network would not heed.  Collective over the layout's world.
 */
PT_MUST_CHECK pt_status_t pt_session_look_again(pt_session_t *session, bool *is_faster);

/** Give up the arrangement with its trainer, for pt_session_open() to arrange the ranks
 * anew.  Collective. */
void pt_session_disband(pt_session_t *session);

/** Collective; after a failure that not all ranks saw, pt_watch_failure() comes first. */
void pt_session_close(pt_session_t *session);

#endif
