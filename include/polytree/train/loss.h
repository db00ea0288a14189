/** @file
 * What is minimised: the loss of each kind of task, and its gradient.
 *
 * A task's loss is the mean over all labelled elements of a step, or of a part, however
 * they are cut into units: a unit adds to their number and to the sum of their losses.  An
 * element without a label gets no gradient.  All sums run in element order in double.  With
 * output z, label y and p = sigmoid(z), an element's loss is
 *
 *     cross_entropy  -sum_c w_c t_c log softmax(z)_c,  t the label's class at 1 - eps, plus
 *                    eps / classes on each (label smoothing); w the class weights, by the
 *                    sum of whose labels' the sum is divided (both as in PyTorch)
 *
 *     bce            -w t log p - v (1 - t) log(1 - p),  t = (1 - eps) y + eps / 2,
 *                    v = 1 - w, or w = v = 1 where no positive_weight is given
 *
 *     bce_balanced   the same, with w the share of negatives among all labelled elements
 *                    and v that of positives
 *
 *     l1, mse        |z - y|,  (z - y)^2
 *
 *     l1_normals     |n - m| of each component,  n = z / r,  r^2 = |z|^2 + 1e-6,
 *                    m = y / |y|
 *
 *     cosine         1 - <n, m> of a pixel (sample), n and m as before
 *
 * The vector of l1_normals and cosine has a label if all its components do.  (1e-6 keeps
 * the gradient finite where a network puts out zero.)
 */
#ifndef PT_TRAIN_LOSS_H
#define PT_TRAIN_LOSS_H

#include <stdint.h>

#include "polytree/base/real.h"
#include "polytree/train/objective.h"

/** Elements of a task that have a label. */
typedef struct pt_label_count {
    int64_t labelled;
    /** Of them, for bce_balanced; the sum of the labels' weights, where classes have any;
     * else 0. */
    int64_t positive;
} pt_label_count_t;

/** Those of n samples of h x w pixels (1 x 1 unless a map). */
pt_label_count_t pt_loss_count(const pt_objective_t *objective, int64_t n, int64_t h,
                               int64_t w, const pt_label_t *label);

/** Terms of a loss: of positives (w t log p), or all of losses that have none, and of
 * negatives. */
typedef struct pt_loss_terms {
    double positive, negative;
} pt_loss_terms_t;

/** Weights of the terms, w and v, where all elements of a step or a part are these. */
pt_loss_terms_t pt_loss_weights(const pt_objective_t *objective,
                                const pt_label_count_t *count);

/** The loss: the weighted terms, summed over the labelled elements, by their number; NaN
 * where there is none. */
double pt_loss_mean(pt_loss_terms_t weight, pt_loss_terms_t sum, int64_t labelled);

/**
 * Terms of n samples, without their weights, and, unless `doutput` is NULL, scale times the
 * gradient of the weighted sum.
 *
 * @param[in] output  [n, h, w, outputs]; logits of cross entropies
 * @param[in] label   [n, h, w, labels]; PT_LABEL_NONE or NaN where there is none
 */
pt_loss_terms_t pt_loss(const pt_objective_t *objective, int64_t n, int64_t h, int64_t w,
                        const pt_real_t *output, const pt_label_t *label,
                        pt_loss_terms_t weight, double scale, pt_real_t *doutput);

#endif
