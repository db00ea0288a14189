/** @file
 * Architecture parameters, their relaxation, and what they add to the loss.
 *
 * dag: each choice of each task is on or off with p = sigmoid(logit), sampled by
 * Gumbel-Softmax over {off, on} (binary concrete, Maddison et al. 2017, Jang et al. 2017):
 *
 *     g = sigmoid((logit + L) / tau),  L = log u - log(1 - u),  u uniform in (0, 1)
 *
 * branch: each task takes one copy of each layer, p = softmax(logit) over the copies,
 * sampled by Gumbel-Softmax:
 *
 *     g = softmax((logit + G) / tau),  G = -log(-log u)
 *
 * All of it is replicated: every rank computes the same bits in double.
 */
#ifndef PT_ARCH_ALPHA_H
#define PT_ARCH_ALPHA_H

#include <stdbool.h>
#include <stdint.h>

#include "polytree/base/rng.h"
#include "polytree/base/status.h"
#include "polytree/graph/space.h"
#include "polytree/graph/subnet.h"

typedef struct pt_alpha {
    int32_t n_task, n_choice;
    double *logit, *m, *v; /**< [n_task][n_choice]; moments of the optimiser */
    int64_t *count;        /**< [n_task] updates so far: all layers of a task are updated
                              together, so that one count serves the tensors of all */
} pt_alpha_t;

/** All logits and moments zero. */
PT_MUST_CHECK pt_status_t pt_alpha_init(pt_alpha_t *alpha, int32_t n_task,
                                        int32_t n_choice);
void pt_alpha_release(pt_alpha_t *alpha);

/** Probability of every choice of one task, p [n_choice]. */
void pt_alpha_p(const pt_space_t *space, const pt_alpha_t *alpha, int32_t task, double *p);

/**
 * Draw the gates of one task: key rng with rng.task = task, index = choice.
 * Soft: every bit on, gate g.  Hard: gates exactly 1 or 0; dag: bit on where g > 1/2, then
 * pt_repair(); branch: the copy of each layer whose g is largest, ties the lowest.
 *
 * @param[out] g  [n_choice] the soft values, which the gradient needs
 */
void pt_alpha_sample(const pt_space_t *space, const pt_alpha_t *alpha, int32_t task,
                     const pt_rng_t *rng, double tau, bool hard, pt_subnet_t *subnet,
                     double *g);

/**
 * Gates of one task during warm-up.  dag: as pt_alpha_sample().  branch: task k has copy
 * k mod B of every layer with gate 1, and the others off; g is that.
 */
void pt_alpha_warmup(const pt_space_t *space, const pt_alpha_t *alpha, int32_t task,
                     const pt_rng_t *rng, double tau, bool hard, pt_subnet_t *subnet,
                     double *g);

/**
 * Evaluation gates of one task.  dag: p (soft), or p > 1/2 repaired (hard).  branch: the
 * likeliest copy of each layer, ties the lowest, whatever `hard`.
 */
void pt_alpha_expect(const pt_space_t *space, const pt_alpha_t *alpha, int32_t task,
                     bool hard, pt_subnet_t *subnet);

/**
 * Gradient by logit of one task; straight-through for hard gates.
 * dag: dlogit[c] = dgate[c] g(1-g)/tau.  branch, over the copies of each layer:
 * dlogit[c] = g[c] (dgate[c] - sum_j g[j] dgate[j]) / tau, where single-path steps give
 * dgate = 0 for all copies but that which ran (GDAS, Dong & Yang 2019).  dlogit may be
 * dgate.
 */
void pt_alpha_chain(const pt_space_t *space, const double *g, double tau,
                    const double *dgate, double *dlogit);

/**
 * Partial pooling of the gradients that a step's tasks have by their logits.  A task's own
 * gradient d_k becomes
 *
 *     (1 - pooling) d_k + pooling sum_j d_j
 *
 * The sum is the gradient by an offset that all tasks have in common: with 1 all tasks keep
 * one architecture, with 0 each finds its own from its own samples.
 *
 * @param[in,out] dlogit  [n_task][n_choice]; 0 for tasks that are not in the step
 * @param[out]    sum     [n_choice] scratch
 */
void pt_alpha_pool(int32_t n_task, int32_t n_choice, double pooling, double *dlogit,
                   double *sum);

/** S_k: expected edges of a task (PT_CHOICE_EDGE only). */
double pt_alpha_expected_edges(const pt_space_t *space, const pt_alpha_t *alpha,
                               int32_t task);

/** L_sq = (1/K) sum_k max(0, S_k - kappa) / |E|, over all tasks; 0 without edges. */
double pt_squeeze_loss(const pt_space_t *space, const pt_alpha_t *alpha, double kappa);
/** Add weight * dL_sq/dlogit of one task to dlogit. */
void pt_squeeze_gradient(const pt_space_t *space, const pt_alpha_t *alpha, int32_t task,
                         double kappa, double weight, double *dlogit);

#endif
