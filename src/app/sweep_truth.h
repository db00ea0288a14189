/** @file
 * What all branchings of a small space come to when they are trained, and how near a search
 * comes to the best of them.
 */
#ifndef APP_SWEEP_TRUTH_H
#define APP_SWEEP_TRUTH_H

#include <jansson.h>

#include "app/sweep_table.h"

/** A search held against the truth. */
typedef struct sweep_found {
    int32_t row, seed;       /**< of the search */
    int32_t branching;       /**< that it found */
    int32_t rank;            /**< in the truth, from 1; 0: that branching is not trained */
    int32_t best;            /**< the best branching at its cost or less; -1 with rank 0 */
    sweep_estimate_t behind; /**< the best less the found one, paired by seed */
    /** Is the found one's mean within the best's standard error?  And the difference within
     * its own, which lacks what the seeds do to both alike?  Without such an error only
     * where it is not behind. */
    bool is_within, is_within_paired;
    double correlation; /**< Spearman's, of its log-probabilities with the truth */
} sweep_found_t;

struct sweep_truth {
    int32_t row;            /**< exhaustive */
    int32_t n_run;          /**< that are done */
    sweep_value_t value;    /**< SWEEP_DELTA; SWEEP_METRIC where there is none */
    double *trained;        /**< [n_branching][n_seed]; NaN where it is not done */
    sweep_estimate_t *mean; /**< [n_branching] over seeds */
    double *cost;           /**< [n_branching] encoder multiply-adds; NaN before */
    int32_t *order;         /**< [n_branching] best first, those not trained last */
    sweep_found_t *found;   /**< [n_found] by row, then seed */
    int32_t n_found;
    sweep_estimate_t
        agreement; /**< rank correlation of a seed with the mean of the others */
};

/** The truth of an exhaustive row, as far as it is trained, and the searches whose options
 * agree with it.  Release it, also after a failure. */
PT_MUST_CHECK pt_status_t sweep_truth_init(const sweep_table_t *table, int32_t row,
                                           sweep_truth_t *truth);
void sweep_truth_release(sweep_truth_t *truth);

/** Rank correlation of all seeds of a search row. */
sweep_estimate_t sweep_truth_correlation(const sweep_truth_t *truth, int32_t row);

/* sweep_truth_write.c */
void sweep_truth_print(const sweep_table_t *table, const sweep_truth_t *truth, FILE *file);
json_t *sweep_truth_describe(const sweep_table_t *table, const sweep_truth_t *truth);

#endif
