/** @file
 * Losses.
 *
 * A task's loss in a unit is the mean over the unit's labelled elements, 0 if there are
 * none; an element without a label gets no gradient.  All sums run in element order in
 * double.  With output z, label y and p = sigmoid(z), an element's loss is
 *
 *     cross_entropy   -sum_c t_c log softmax(z)_c,  t the label's class at 1 - eps, plus
 *                     eps / classes on each (label smoothing, as in PyTorch)
 *     bce             -w t log p - v (1 - t) log(1 - p),  t = (1 - eps) y + eps / 2;
 *                     v = 1 - w, or w = v = 1 where no positive_weight is given
 *     bce_balanced    the same, with w the share of negatives among the unit's labelled
 *                     elements and v that of positives
 *     l1, mse         |z - y|,  (z - y)^2
 *     l1_normals      |n - m| of each component,  n = z / r,  r^2 = |z|^2 + 1e-6, m = y/|y|
 *     cosine          1 - <n, m> of a pixel (sample), n and m as before
 *
 * The vector of l1_normals and cosine has a label if all its components do.  (1e-6 keeps
 * the gradient finite where a network puts out zero.)
 */
#ifndef PT_TRAIN_LOSS_H
#define PT_TRAIN_LOSS_H

#include <stdint.h>

#include "polytree/base/real.h"
#include "polytree/train/objective.h"

/** Elements with a label among those of n samples of h x w pixels (1 x 1 unless a map). */
int64_t pt_loss_labelled(const pt_objective_t *objective, int64_t n, int64_t h, int64_t w,
                         const pt_label_t *label);

/**
 * Loss of n samples and, unless `doutput` is NULL, scale * dloss/doutput.
 *
 * @param[in] output  [n, h, w, outputs]; logits of cross entropies
 * @param[in] label   [n, h, w, labels]; PT_LABEL_NONE or NaN where there is none
 */
double pt_loss(const pt_objective_t *objective, int64_t n, int64_t h, int64_t w,
               const pt_real_t *output, const pt_label_t *label, double scale,
               pt_real_t *doutput);

#endif
