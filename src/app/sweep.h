/** @file
 * A sweep: methods x seeds x variants of options, each a run in a folder of its own.
 */
#ifndef APP_SWEEP_H
#define APP_SWEEP_H

#include <stdint.h>

#include "polytree/config/config.h"
#include "polytree/graph/branching.h"
#include "polytree/search/summary.h"

/** In the folder of a sweep: its runs, one a line, in their order. */
#define SWEEP_LIST "runs.txt"

enum {
    SWEEP_AXIS = 8,
    SWEEP_VALUE = 16,
    SWEEP_ROW = 256,
    SWEEP_BRANCHING = 4096, /**< most networks of an exhaustive row */
    SWEEP_WHY = 512
};

/** An option that is varied; its first value is where the others vary. */
typedef struct sweep_axis {
    bool is_of[PT_N_METHOD]; /**< methods that it is varied for */
    bool is_named;           /**< by name; else of search, as no method is named */
    char key[64];
    int32_t n_value;
    char value[SWEEP_VALUE][128];
} sweep_axis_t;

/** A method in one variant: a row of the table. */
typedef struct sweep_row {
    pt_method_t method;
    int32_t value[SWEEP_AXIS]; /**< per axis; 0 where it does not concern the method */
    char label[256];           /**< "search squeeze.weight=0" */
    int32_t n_branching;       /**< exhaustive */
    pt_branching_t *branching; /**< [n_branching] in their order */
} sweep_row_t;

typedef struct sweep {
    const pt_config_t *config;
    const char *folder;
    int32_t n_axis, n_row;
    sweep_axis_t axis[SWEEP_AXIS];
    sweep_row_t row[SWEEP_ROW];
} sweep_t;

/** Read section [sweep]: axes and rows, every variant's options checked.  Release it, also
 * after a failure. */
PT_MUST_CHECK pt_status_t sweep_init(const pt_config_t *config, const char *folder,
                                     sweep_t *sweep);
void sweep_release(sweep_t *sweep);

/**
 * List the branchings of an exhaustive row, as many tasks as there are.
 *
 * @return PT_E_RANGE where they are more than SWEEP_BRANCHING
 */
PT_MUST_CHECK pt_status_t sweep_list_branchings(sweep_t *sweep, int32_t row,
                                                int32_t n_task);

/** Runs of a row for seed number `seed`: subnets where it is random, branchings where it is
 * exhaustive, 0 where single has had its seeds, else 1. */
int32_t sweep_n_run(const sweep_t *sweep, int32_t row, int32_t seed);

/** Folder of a run. */
void sweep_path(const sweep_t *sweep, int32_t row, int32_t seed, int32_t index,
                char path[PT_CONFIG_TEXT]);

/** The row of a method that goes with another: the same values where both have them, else
 * the first; -1 where the method is not of the sweep.  A baseline matches the cost of the
 * search that goes with it. */
int32_t sweep_find_row(const sweep_t *sweep, const sweep_row_t *row, pt_method_t method);

/** Config of a run, with the runs that it depends on. */
PT_MUST_CHECK pt_status_t sweep_config(const sweep_t *sweep, int32_t row, int32_t seed,
                                       int32_t index, pt_config_t *config);

/* sweep_check.c */

/** PT_E_CONFIG for seeds or values that stand there twice, and for axes that make no runs,
 * or none to compare. */
PT_MUST_CHECK pt_status_t sweep_check(const sweep_t *sweep);

/* sweep_failure.c */

/** Why a sweep has given up the run in `folder`; false where it has not. */
bool sweep_failure(const char *folder, char why[SWEEP_WHY]);

/** Is it given up for good?  One that was refused before it began is tried again. */
bool sweep_failure_stands(const char *folder);

/** Give the run up; NULL: no longer. */
PT_MUST_CHECK pt_status_t sweep_failure_write(const char *folder, const char *why);

/** The failed run that one of this config cannot do without; NULL where there is none. */
const char *sweep_failed_need(const pt_config_t *config);

/* sweep_write.c */

/**
 * Print what the runs have come to so far, and write it as FOLDER/sweep.txt, sweep.json
 * and, where gnuplot is installed, sweep.svg and, where rows cost unlike, sweep-cost.svg.
 * The runs' reports get the baselines beside them.
 */
PT_MUST_CHECK pt_status_t sweep_report(const sweep_t *sweep);

#endif
