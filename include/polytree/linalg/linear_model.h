/** @file
 * Linear models with a quadratic penalty: ridge and multinomial logistic regression, in
 * double, on one rank.
 *
 * A row has features x and belongs to one of the model's groups, each of which has
 * intercepts of its own.  Features are brought to mean 0 and deviation 1 over the rows that
 * a model is fitted to; the penalty is on coefficients in these units, never on intercepts:
 *
 *     ridge     (1/n) sum_i |y_i - b_g(i) - W^T x_i|^2 + lambda |W|^2, over all outputs
 *     logistic  (1/n) sum_i -log softmax(b_g(i) + W^T x_i)_c(i) + lambda/2 |W|^2
 */
#ifndef PT_LINALG_LINEAR_MODEL_H
#define PT_LINALG_LINEAR_MODEL_H

#include <stdint.h>

#include "polytree/base/status.h"

/** Rows; all arrays are borrowed. */
typedef struct pt_rows {
    int64_t n;
    int32_t n_feature, n_group;
    const double *x;      /**< [n][n_feature] */
    const int32_t *group; /**< [n] */
    const double *y;      /**< [n][n_output] of a ridge */
    const int32_t *label; /**< [n] of a logistic regression */
} pt_rows_t;

typedef struct pt_linear_model {
    int32_t n_feature, n_group, n_output;
    double *weight;    /**< [n_feature][n_output] in the features' own units */
    double *intercept; /**< [n_group][n_output] */
} pt_linear_model_t;

void pt_linear_model_release(pt_linear_model_t *model);

/** What a fit of many lambdas does once; opaque. */
typedef struct pt_linear_fit pt_linear_fit_t;

/** What takes a fit longest, products of its features, kept for the next one, which often
 * has the same; zero at first. */
typedef struct pt_linear_gram {
    uint64_t hash; /**< of the features, each row with its group */
    int64_t n;
    int32_t n_column;
    double *data; /**< [n_column][n_column]; owned */
} pt_linear_gram_t;

void pt_linear_gram_release(pt_linear_gram_t *gram);

/**
 * Begin to fit: `n_output` numbers and rows with y for a ridge, else as many classes and
 * rows with labels.  Borrows the rows.  Release it with pt_linear_fit_free().
 *
 * @param[in,out] gram  that of an earlier fit, which is over: taken where its rows were the
 *                      same, else replaced.  Borrowed.  NULL: nothing is kept
 * @return PT_E_RANGE without rows
 */
PT_MUST_CHECK pt_status_t pt_linear_fit_new(const pt_rows_t *rows, int32_t n_output,
                                            pt_linear_gram_t *gram, pt_linear_fit_t **fit);
void pt_linear_fit_free(pt_linear_fit_t *fit);

/**
 * Fit with a lambda above 0: the closed form of the ridge by Cholesky's decomposition;
 * Newton's method for the logistic regression, its steps by conjugate gradients, from what
 * the last lambda has come to where that was larger.
 *
 * @param[out] model  released by the caller, set on success only
 * @return PT_E_NUMERIC where that does not come to an end
 */
PT_MUST_CHECK pt_status_t pt_linear_fit_run(pt_linear_fit_t *fit, double lambda,
                                            pt_linear_model_t *model);

/** Mean loss over rows, without the penalty: squared error, mean over the outputs, or -log
 * of the probability of the label; NaN without rows. */
PT_MUST_CHECK pt_status_t pt_linear_model_loss(const pt_linear_model_t *model,
                                               const pt_rows_t *rows, double *loss);

#endif
