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
 * Rows of every part of a bundle; part[] is zeroed and the caller's to free, also after a
 * failure.
 */
PT_MUST_CHECK pt_status_t pt_feed_cut_parts(const pt_config_t *config,
                                            const pt_dataset_t *dataset,
                                            const pt_bundle_t *bundle,
                                            pt_part_rows_t part[PT_N_PART]);

/** Position of an input's label among a task's rows, or -1; so for input -1. */
int64_t pt_feed_find_row(const pt_task_rows_t *rows, int64_t row);

#endif
