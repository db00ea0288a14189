/** @file
 * How the feed forms bundles and cuts a bundle's rows into parts.
 */
#ifndef PT_TRAIN_FEED_PARTS_H
#define PT_TRAIN_FEED_PARTS_H

#include "polytree/train/feed.h"

/** The rows of one part: inputs of one split, ascending. */
typedef struct pt_part_rows {
    pt_split_t split;
    int64_t n;
    int64_t *row; /**< owned; NULL while n is 0 */
} pt_part_rows_t;

/**
 * Group the tasks as train.bundle says, ordered by their first tasks.
 *
 * @param[out] bundle    [number of tasks] zeroed; the first *n_bundle get their tasks,
 * which are the caller's to free, also after a failure
 */
PT_MUST_CHECK pt_status_t pt_feed_form_bundles(const pt_config_t *config,
                                               const pt_dataset_t *dataset,
                                               pt_bundle_t *bundle, int32_t *n_bundle);

/**
 * Rows of every part of every bundle: part[b][] of bundle b.  They are zeroed and the
 * caller's to free, also after a failure.
 *
 * @return PT_E_CONFIG for data.gap with a data set that has groups
 */
PT_MUST_CHECK pt_status_t pt_feed_cut_parts(const pt_config_t *config,
                                            const pt_dataset_t *dataset,
                                            const pt_bundle_t *bundle, int32_t n_bundle,
                                            pt_part_rows_t (*part)[PT_N_PART]);

/** A bundle's training rows and what each is to be spread over evenly. */
typedef struct pt_strata {
    pt_part_rows_t rows;
    int32_t n;   /**< 1: all rows alike */
    int32_t *of; /**< [rows.n] 0 to n - 1 */
} pt_strata_t;

/**
 * Take whole groups, fraction[0] of all samples and then fraction[1] of what is left, each
 * as near as groups allow and spread over the strata of all bundles.
 *
 * @param[in]  group     [n_row] of each training input
 * @param[out] taken     bitsets of n_row, zeroed by the caller
 */
PT_MUST_CHECK pt_status_t pt_feed_cut_groups(const int64_t *group, int64_t n_row,
                                             const pt_strata_t *strata, int32_t n,
                                             uint64_t seed, const double fraction[2],
                                             uint64_t *const taken[2]);

/** How many groups rows of train are of. */
PT_MUST_CHECK pt_status_t pt_feed_count_groups(const int64_t *group,
                                               const pt_part_rows_t *rows, int64_t *n);

#endif
