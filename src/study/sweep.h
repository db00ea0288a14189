/** @file
 * What a sweep runs: methods x seeds x variants of options, each a run in a folder of its
 * own.
 */
#ifndef STUDY_SWEEP_H
#define STUDY_SWEEP_H

#include <stdint.h>

#include "polytree/config/config.h"
#include "polytree/graph/branching.h"
#include "polytree/study/sweep.h"

enum {
    SWEEP_AXIS = 11,
    SWEEP_VALUE = 16,
    SWEEP_ROW = 256,
    SWEEP_BRANCHING = 4096 /**< most networks of an exhaustive row */
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

struct pt_sweep {
    const pt_config_t *config;
    const char *folder;
    pt_sweep_hooks_t hooks;
    int32_t n_axis, n_row;
    bool is_fair; /**< all opponents that there are, and the variants that make them fair */
    sweep_axis_t axis[SWEEP_AXIS];
    sweep_row_t row[SWEEP_ROW];
};

/** Runs of a row for seed number `seed`: subnets where it is random, branchings where it is
 * exhaustive, 0 where single has had its seeds, else 1. */
int32_t sweep_n_run(const pt_sweep_t *sweep, int32_t row, int32_t seed);

/** Folder of a run. */
void sweep_path(const pt_sweep_t *sweep, int32_t row, int32_t seed, int32_t index,
                char path[PT_CONFIG_TEXT]);

/** The row of a method that goes with another: the same values where both have them, else
 * the first; -1 where the method is not of the sweep.  A baseline matches the cost of the
 * search that goes with it. */
int32_t sweep_find_row(const pt_sweep_t *sweep, const sweep_row_t *row, pt_method_t method);

/** Config of a run, with the runs that it depends on. */
PT_MUST_CHECK pt_status_t sweep_config(const pt_sweep_t *sweep, int32_t row, int32_t seed,
                                       int32_t index, pt_config_t *config);

/* sweep_check.c */

/** PT_E_CONFIG for seeds or values that stand there twice, and for axes that make no runs,
 * or none to compare. */
PT_MUST_CHECK pt_status_t sweep_check(const pt_sweep_t *sweep);

#endif
