/** @file
 * Files of task affinity: how alike tasks are at the levels of a network.
 */
#ifndef PT_IO_AFFINITY_FILE_H
#define PT_IO_AFFINITY_FILE_H

#include <stdint.h>

#include "polytree/base/status.h"

/** Of one level. */
typedef struct pt_affinity_level {
    char name[24];
    int64_t n_feature;  /**< of a probe */
    int32_t n_distinct; /**< features that tasks have there; 1: all share them */
    int64_t n_constant; /**< of all these: probes whose features are one number */
    double *value;      /**< [n_task][n_task]; NaN of a task that has no features there */
    double *spectrum;   /**< [n_task] of the grouping, descending */
    int32_t *group;     /**< [n_task], numbered by their first task; -1: no features */
    int32_t n_group;
} pt_affinity_level_t;

typedef struct pt_affinity {
    int32_t n_task, n_level;
    pt_affinity_level_t *level;
} pt_affinity_t;

/** Room for levels, zero besides.  Release it also after a failure. */
PT_MUST_CHECK pt_status_t pt_affinity_init(pt_affinity_t *affinity, int32_t n_task,
                                           int32_t n_level);
void pt_affinity_release(pt_affinity_t *affinity);

/** What an affinity was measured of. */
typedef struct pt_affinity_origin {
    const char *method, *run, *network; /**< network: digest of its checkpoint's payload */
    const char *inputs;
    int64_t n_probe;
    const char *const *task; /**< [n_task] names */
} pt_affinity_origin_t;

/**
 * Write it, as HDF5 (docs/formats.md).  On one rank; the file is whole or not there.
 */
PT_MUST_CHECK pt_status_t pt_affinity_write(const char *path, const pt_affinity_t *affinity,
                                            const pt_affinity_origin_t *origin);

#endif
