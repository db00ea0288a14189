/** @file
 * The units of a run's inputs and labels as its checkpoint keeps them: one pair {mean,
 * deviation} for each channel of the inputs, then of each task's labels; NaN where it has
 * none.
 */
#ifndef SEARCH_STANDARD_H
#define SEARCH_STANDARD_H

#include "polytree/io/dataset.h"

/** Pairs, whether they hold units or not. */
int64_t standard_count(const pt_dataset_t *dataset);
void standard_pack(const pt_dataset_t *dataset, double *pair);
PT_MUST_CHECK pt_status_t standard_take(pt_dataset_t *dataset, const double *pair);

#endif
