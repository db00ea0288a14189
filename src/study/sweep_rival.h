/** @file
 * The opponents of a search that are best on val, and how far from them it is on test.
 */
#ifndef STUDY_SWEEP_RIVAL_H
#define STUDY_SWEEP_RIVAL_H

#include <jansson.h>

#include "study/sweep_table.h"

typedef enum sweep_rival_kind {
    SWEEP_AS_LEFT, /**< runs as they end: the graph, and where its training began */
    SWEEP_SCRATCH, /**< all from scratch on one schedule: the graph alone */
    SWEEP_N_RIVAL
} sweep_rival_kind_t;

/** A row held against the opponent that is best on val, among those that cost no more. */
typedef struct sweep_rival {
    int32_t ours, theirs;  /**< rows; -1: none */
    sweep_estimate_t less; /**< ours less theirs, paired by seed */
    double half;           /**< of the interval at 95 % by Student's t; NaN with one seed */
} sweep_rival_t;

extern const char *const sweep_rival_name[SWEEP_N_RIVAL];

/** Find both, the search and its network rebuilt, each in its variant that is best on val.
 */
void sweep_rivals_find(const sweep_table_t *table, sweep_rival_t rival[SWEEP_N_RIVAL]);

json_t *sweep_rivals_describe(const sweep_table_t *table,
                              const sweep_rival_t rival[SWEEP_N_RIVAL]);

#endif
