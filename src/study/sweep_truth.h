/** @file
 * What all branchings of a small space come to when they are trained, and how near a search
 * comes to the best of them.
 *
 * Seeds are apart: a search is held against what other seeds than its own have trained, and
 * what is the best there is found on other seeds than the one it is measured on.
 */
#ifndef STUDY_SWEEP_TRUTH_H
#define STUDY_SWEEP_TRUTH_H

#include <jansson.h>

#include "polytree/base/text.h"
#include "study/sweep_table.h"

/** A search held against the truth. */
typedef struct sweep_found {
    int32_t row, seed;  /**< of the search */
    int32_t branching;  /**< that it found */
    int32_t rank;       /**< in the truth of all seeds, from 1; 0: that is not trained */
    int32_t n_judged;   /**< branchings that it has an opinion of */
    double correlation; /**< Spearman's, of that with the truth of other seeds */
    double lead;   /**< that less the correlation of its own seed's truth with theirs */
    double regret; /**< what the best at its cost or less has more, on other seeds */
    double behind; /**< the same of the best at any cost */
    double spent;  /**< on judging, in trainings of the network found; NaN by alpha */
} sweep_found_t;

/** All seeds of a search. */
typedef struct sweep_verdict {
    int32_t row;
    sweep_estimate_t correlation, lead, regret, behind, spent;
    sweep_estimate_t less; /**< regret less that of the first search, paired by seed */
    double lead_level, less_level; /**< of their being 0, by Holm over all searches */
} sweep_verdict_t;

typedef struct sweep_truth {
    int32_t row;            /**< exhaustive */
    int32_t n_run;          /**< that are done */
    sweep_value_t value;    /**< SWEEP_DELTA; SWEEP_METRIC where there is none */
    double *trained;        /**< [n_branching][n_seed]; NaN where it is not done */
    sweep_estimate_t *mean; /**< [n_branching] over seeds */
    double *cost;           /**< [n_branching] encoder multiply-adds; NaN before */
    int32_t *order;         /**< [n_branching] best first, those not trained last */
    double *repeat; /**< [n_seed] its rank correlation with the mean of the others */
    sweep_estimate_t range; /**< best less worst, found on other seeds than the measured */
    sweep_found_t *found;   /**< [n_found] by row, then seed */
    int32_t n_found;
    sweep_verdict_t *verdict; /**< [n_verdict] by row */
    int32_t n_verdict;
} sweep_truth_t;

/** Those of all exhaustive rows. */
typedef struct sweep_truths {
    int32_t n;
    sweep_truth_t *truth; /**< [n] */
} sweep_truths_t;

/** The truths of a table's exhaustive rows, as far as they are trained.  Release them, also
 * after a failure. */
PT_MUST_CHECK pt_status_t sweep_truths_init(const sweep_table_t *table,
                                            sweep_truths_t *truths);
void sweep_truths_release(sweep_truths_t *truths);

/** What a branching comes to on the seeds but two; NaN where none has trained it. */
double sweep_truth_held_out(const sweep_table_t *table, const sweep_truth_t *truth,
                            int32_t branching, int32_t seed, int32_t other);

/** The best on all seeds but one, or the worst, of those that cost `most` or less; -1 where
 * there is none. */
int32_t sweep_truth_extreme(const sweep_table_t *table, const sweep_truth_t *truth,
                            int32_t seed, bool is_worst, double most);

/* sweep_judged.c */

/** Hold the searches whose options agree with those of a truth against it, once. */
PT_MUST_CHECK pt_status_t sweep_truths_hold(const sweep_table_t *table,
                                            sweep_truths_t *truths);

/* sweep_truth_write.c */
void sweep_truth_put(const sweep_table_t *table, const sweep_truth_t *truth,
                     pt_text_t *out);
json_t *sweep_truth_describe(const sweep_table_t *table, const sweep_truth_t *truth);

#endif
