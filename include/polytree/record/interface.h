/** @file
 * What goes into a network and what comes out of it: enough to use it without the data set
 * that it was trained on.
 */
#ifndef PT_RECORD_INTERFACE_H
#define PT_RECORD_INTERFACE_H

#include <stdint.h>

#include "polytree/base/status.h"
#include "polytree/io/dataset.h"
#include "polytree/train/feed.h"

/** A task, as pt_interface_t has it. */
typedef struct pt_interface_task {
    pt_task_info_t info; /**< its units are the interface's */
    const pt_class_name_t
        *class_name; /**< [info.classes]; NULL: classes have numbers alone */
    int32_t bundle;  /**< number; tasks of one share the statistics of what they share */
} pt_interface_task_t;

/** Owns all that it points to. */
typedef struct pt_interface {
    pt_input_info_t input;
    int32_t n_task; /**< 0: nothing is known */
    pt_interface_task_t *task;
} pt_interface_t;

/** That of a network trained on a data set; class names are known on rank 0.  Copies.  Not
 * collective; released after a failure. */
PT_MUST_CHECK pt_status_t pt_interface_of(const pt_dataset_t *dataset,
                                          const pt_feed_t *feed, pt_interface_t *out);
void pt_interface_release(pt_interface_t *interface);

#endif
