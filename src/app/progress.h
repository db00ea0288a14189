/** @file
 * What a run asks of the program: when to stop, and what people see meanwhile.
 */
#ifndef APP_PROGRESS_H
#define APP_PROGRESS_H

#include <stdbool.h>

#include "polytree/config/config.h"
#include "polytree/search/search.h"

typedef struct pt_watcher {
    const pt_config_t *config;
    char stop_path[4096]; /**< RUN/STOP */
    double start;         /**< pt_clock() at the start of the program */
    bool is_live;         /**< stdout is a terminal */
    double last_shown;    /**< pt_clock() */
    double last_looked;   /**< for the STOP file */
    double last_polled;   /**< ... and the longest pause between two polls: a step, an
                               evaluation or a checkpoint */
    double longest_pause;
    const char *reason; /**< why the run is to stop; NULL: it is not */
} pt_watcher_t;

/** Catch SIGTERM, SIGUSR1 and SIGINT (once) from now on, on every rank. */
void pt_watcher_catch_signals(void);

/** Take away a file STOP that lies in `folder` before anything is run: it was meant for a
 * job that has ended.  Rank 0. */
void pt_watcher_forget_stop(const char *folder);

/** Hooks for rank 0; `watcher` is borrowed. */
void pt_watcher_init(pt_watcher_t *watcher, const pt_config_t *config, const char *run,
                     pt_run_hooks_t *hooks);

#endif
