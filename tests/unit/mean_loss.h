/** @file
 * The loss of a task whose step has these samples alone.
 */
#ifndef TESTS_MEAN_LOSS_H
#define TESTS_MEAN_LOSS_H

#include "polytree/train/loss.h"

/* As pt_loss(); scale times the gradient of the mean.  NaN where nothing is labelled. */
static inline double mean_loss(const pt_objective_t *o, int64_t n, int64_t h, int64_t w,
                               const pt_real_t *output, const pt_label_t *label,
                               double scale, pt_real_t *doutput)
{
    pt_label_count_t count = pt_loss_count(o, n, h, w, label);
    pt_loss_terms_t weight = pt_loss_weights(o, &count);
    double each = count.labelled > 0 ? scale / (double)count.labelled : 0;
    pt_loss_terms_t sum = pt_loss(o, n, h, w, output, label, weight, each, doutput);
    return pt_loss_mean(weight, sum, count.labelled);
}

#endif
