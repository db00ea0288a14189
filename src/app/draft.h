/** @file
 * A config drafted from what a data set holds.
 */
#ifndef APP_DRAFT_H
#define APP_DRAFT_H

#include "polytree/base/text.h"
#include "polytree/io/dataset.h"

/**
 * Write a commented config of a search that fits the data: space, batch, augmentation,
 * lengths, decay and dropout by the number of samples that a task has.
 *
 * @param[in] file  name of the data set in it
 */
PT_MUST_CHECK pt_status_t pt_draft_config(const pt_dataset_t *dataset, const char *file,
                                          pt_text_t *out);

#endif
