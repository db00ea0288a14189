/** @file
 * What a run asks of the program: when to stop, and what people see meanwhile.
 */
#ifndef APP_FOLLOWER_H
#define APP_FOLLOWER_H

#include <stdbool.h>

#include "polytree/config/config.h"
#include "polytree/io/file.h"
#include "polytree/search/search.h"

typedef struct pt_follower {
    const pt_config_t *config;
    char stop_path[PT_PATH_MAX]; /**< RUN/STOP */
    const char *job_path;        /**< POLYTREE_STOP: the same, of this job alone; or NULL */
    double start;                /**< pt_clock() at the start of the program */
    bool is_live;                /**< stdout is a terminal */
    double last_shown;           /**< pt_clock() */
    double last_looked;          /**< for the STOP file */
    double last_polled; /**< ... and the longest pause between two polls: a step, an
                             evaluation or a checkpoint */
    double longest_pause;
    const char *reason;    /**< why the run is to stop; NULL: it is not */
    double slowness;       /**< POLYTREE_SLOW: every step takes so many times as long */
    pt_phase_t hold_phase; /**< POLYTREE_HOLD: the run is held after this weight step */
    int64_t hold_step;     /**< 0: never, or no more */
    char held_path[PT_PATH_MAX]; /**< RUN/HELD */
} pt_follower_t;

/** Catch SIGTERM, SIGUSR1 and SIGINT (once) from now on, on every rank. */
void pt_follower_catch_signals(void);

/** Take away a file STOP that lies in `folder`, if there is one, and say so with `why`
 * behind its name unless that is NULL.  Rank 0. */
void pt_follower_forget_stop(const char *folder, const char *why);

/**
 * Hooks for rank 0; `follower` is borrowed.
 *
 * For tests, which must not depend on the machine's speed, there are two variables in the
 * environment.  POLYTREE_HOLD="search 12" holds the run after that weight step: rank 0
 * shows the step's progress, makes the file RUN/HELD and waits until somebody takes it
 * away, or until the run is to stop; the other ranks wait for rank 0.  POLYTREE_SLOW=20
 * makes whatever is between two steps, and the steps, take twenty times as long.
 *
 * @return PT_E_USAGE where one of the two is not understood
 */
PT_MUST_CHECK pt_status_t pt_follower_init(pt_follower_t *follower,
                                           const pt_config_t *config, const char *run,
                                           pt_run_hooks_t *hooks);

#endif
