/** @file
 * What all branchings of a small space come to when they are trained, and how near a search
 * comes to the best of them.
 */
#ifndef STUDY_SWEEP_TRUTH_H
#define STUDY_SWEEP_TRUTH_H

#include <jansson.h>

#include "polytree/base/text.h"
#include "study/sweep_table.h"

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

typedef struct sweep_truth {
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
} sweep_truth_t;

/** Those of all exhaustive rows. */
typedef struct sweep_truths {
    int32_t n;
    sweep_truth_t *truth; /**< [n] */
} sweep_truths_t;

/** The truths of a table's exhaustive rows, as far as they are trained, and the searches
 * whose options agree with them.  Release them, also after a failure. */
PT_MUST_CHECK pt_status_t sweep_truths_init(const sweep_table_t *table,
                                            sweep_truths_t *truths);
void sweep_truths_release(sweep_truths_t *truths);

/** Rank correlation of all seeds of a search row. */
sweep_estimate_t sweep_truth_correlation(const sweep_truth_t *truth, int32_t row);

/* sweep_truth_write.c */
void sweep_truth_put(const sweep_table_t *table, const sweep_truth_t *truth,
                     pt_text_t *out);
json_t *sweep_truth_describe(const sweep_table_t *table, const sweep_truth_t *truth);

#endif
