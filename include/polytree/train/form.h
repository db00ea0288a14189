/** @file
 * The form in which a config's network is built: a run searches in one and retrains in
 * another.
 */
#ifndef PT_TRAIN_FORM_H
#define PT_TRAIN_FORM_H

#include <stdint.h>

#include "polytree/base/status.h"
#include "polytree/config/config.h"
#include "polytree/graph/space.h"
#include "polytree/io/dataset.h"

/** In which form a config's network is built: a run searches in one and retrains in
 * another. */
typedef struct pt_form {
    int64_t size; /**< pixels of the inputs' shorter side, as pt_feed_new(); 0: as stored */
    const pt_branching_t *branching; /**< branch: a copy per group; NULL: as searched */
    double widening;                 /**< times all channels, beyond space.width; 0: 1 */
} pt_form_t;

/** The form that a run begins in: data.search_size while it searches. */
pt_form_t pt_form_first(const pt_config_t *config);

/** The space of a config for the tasks of a data set: pt_space_new().  Not collective. */
PT_MUST_CHECK pt_status_t pt_form_space(const pt_config_t *config, pt_dataset_t *dataset,
                                        const pt_form_t *form, const pt_kernel_t *kernel,
                                        pt_space_t **out);

#endif
