/** @file
 * How the feed shows stored samples: at another size and, in training, mapped at random.
 */
#ifndef TRAIN_VIEW_H
#define TRAIN_VIEW_H

#include <stdbool.h>
#include <stdint.h>

#include "polytree/io/dataset.h"
#include "polytree/train/augment.h"
#include "train/rescale.h"

/** What a label map's pixel has where no label is. */
pt_label_t view_no_label(const pt_task_info_t *info);

typedef struct view {
    int64_t stored[3], hwc[3]; /**< of one input, in the data set and as shown */
    bool is_resized;
    rescale_t rescale;
    bool is_mapped; /**< what is read now is mapped: */
    pt_warp_t warp;
    float *image;          /**< one input as stored */
    float *whole;          /**< one as shown, before it is mapped */
    pt_label_t *label;     /**< one label map as stored, behind a pixel without label */
    int32_t *row, *column; /**< [h], [w] their sum is the number of a stored pixel */
    int32_t *pixel;        /**< [h, w] which one each pixel of a label map is, or -1 */
} view_t;

/**
 * A view of inputs and maps whose shorter side has `size` pixels, 0: as stored; *view is
 * zeroed.  Releasable after a failure.
 *
 * @param[in] can_map  view_aim() will be told of maps
 */
PT_MUST_CHECK pt_status_t view_init(const pt_dataset_t *dataset, int64_t size, bool can_map,
                                    view_t *view);
void view_release(view_t *view);

/** Map what is read next, until told otherwise; NULL: leave it as it is.  Copies. */
void view_aim(view_t *view, const pt_warp_t *warp);

/** Is what is read what is stored? */
bool view_is_plain(const view_t *view);

/** One input of a split, [h, w, c]. */
PT_MUST_CHECK pt_status_t view_read(view_t *view, pt_dataset_t *dataset, pt_split_t split,
                                    int64_t row, float *out);

/** Labels of one row of a task's table, as many as pt_feed_labels(). */
PT_MUST_CHECK pt_status_t view_read_labels(view_t *view, pt_dataset_t *dataset,
                                           pt_split_t split, int32_t task, int64_t row,
                                           pt_label_t *out);
/** The same of pt_dataset_read_rests(), of what is not mapped. */
PT_MUST_CHECK pt_status_t view_read_rests(view_t *view, pt_dataset_t *dataset,
                                          pt_split_t split, int32_t task, int64_t row,
                                          pt_label_t *out);

#endif
