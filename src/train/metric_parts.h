/** @file
 * Metrics that fill a file of their own.
 */
#ifndef TRAIN_METRIC_PARTS_H
#define TRAIN_METRIC_PARTS_H

#include "polytree/train/metric.h"

/** Integers of edge_f: {matched, predicted, labelled} per threshold. */
#define EDGE_THRESHOLDS 31
#define EDGE_COUNT (3 * EDGE_THRESHOLDS)

size_t edge_scratch(int64_t h, int64_t w);
/** Add one image; pixels without a label are neither predicted nor labelled edges. */
void edge_add(double tolerance, int64_t h, int64_t w, const pt_real_t *output,
              const pt_label_t *label, uint64_t *scratch, int64_t *sum);
double edge_value(const int64_t *sum);

#endif
