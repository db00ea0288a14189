/** @file
 * How the feed shows stored samples: at another size, where one is asked for.
 */
#ifndef TRAIN_VIEW_H
#define TRAIN_VIEW_H

#include <stdbool.h>
#include <stdint.h>

#include "polytree/io/dataset.h"
#include "train/rescale.h"

/** What a label map's pixel has where no label is. */
pt_label_t view_no_label(const pt_task_info_t *info);

typedef struct view {
    int64_t stored[3], hwc[3]; /**< of one input, in the data set and as shown */
    bool is_resized;
    rescale_t rescale;
    int32_t *pixel;    /**< [h, w] number of the stored pixel that each is in a label map */
    float *image;      /**< one input as stored */
    pt_label_t *label; /**< one label map as stored */
} view_t;

/**
 * A view of inputs and maps whose shorter side has `size` pixels, 0: as stored; *view is
 * zeroed.  Releasable after a failure.
 */
PT_MUST_CHECK pt_status_t view_init(const pt_dataset_t *dataset, int64_t size,
                                    view_t *view);
void view_release(view_t *view);

/** One input of a split, [h, w, c]. */
PT_MUST_CHECK pt_status_t view_read(view_t *view, pt_dataset_t *dataset, pt_split_t split,
                                    int64_t row, float *out);

/** Labels of one row of a task's table, as many as pt_feed_labels(). */
PT_MUST_CHECK pt_status_t view_read_labels(view_t *view, pt_dataset_t *dataset,
                                           pt_split_t split, int32_t task, int64_t row,
                                           pt_label_t *out);

#endif
