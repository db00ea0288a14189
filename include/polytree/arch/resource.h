/** @file
 * What a space is expected to cost, and the budget that its network must keep
 * (docs/methods.md, costs and budgets).
 *
 * A candidate costs m_e in the unit of resource.kind: multiply-adds, parameters, bytes that
 * its operations write, or seconds from a table; heads nothing unless resource.heads.  With
 * p^k_e the probability that task k takes it:
 *
 *     dag     fixed + sum_k sum_e p^k_e m_e    per sample of every task
 *             fixed + sum_e m_e (1 - prod_k (1 - p^k_e))    parameters, which tasks share
 *     branch  fixed + sum_l m_l E[G_l]    per sample that all tasks see; G_l distinct
 *             prefixes up to layer l (arch/expect.h)
 *
 * fixed is what is always on: stem (dag: once for each task) and heads.
 */
#ifndef PT_ARCH_RESOURCE_H
#define PT_ARCH_RESOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "polytree/arch/alpha.h"
#include "polytree/arch/expect.h"
#include "polytree/base/status.h"
#include "polytree/config/config.h"
#include "polytree/graph/space.h"
#include "polytree/graph/subnet.h"

typedef struct pt_resource_model {
    const pt_space_t *space; /**< borrowed */
    pt_resource_t kind;
    bool is_union;     /**< dag: what tasks share counts once */
    double *candidate; /**< [n_candidate]; heads 0 unless they count */
    double *choice;    /**< [n_choice] of the candidate that it switches */
    double *layer;     /**< branch: [n_layer] of one copy */
    double fixed;
    double full;   /**< every task alone in all layers; dag: all edges open */
    double shared; /**< one copy for all; dag: the chain 1 -> 2 -> .. -> N for each task */
    double least;  /**< the cheapest network */
    double budget; /**< INFINITY: none */
    double scale;  /**< of the loss: 1 / shared, or 2e-9 for GFLOP */
    double tolerance;

    double *p;        /**< [n_task][n_choice] at the last expectation */
    double *gradient; /**< [n_task][n_choice] of the expected cost by logit */
    pt_expect_t *expect;
    double *low, *high; /**< [n_layer] E[G_l] */
} pt_resource_model_t;

/**
 * The costs of a space, as section [resource] says.  Not collective: every rank reads the
 * table of seconds, which has a line "name seconds" for each candidate that counts (copies
 * of a layer under the layer's name); lines that are empty or begin with # are skipped.
 *
 * @return PT_E_RANGE, naming the cost of the cheapest network, where that exceeds the
 *         budget; PT_E_CONFIG where GFLOP are asked of another kind; PT_E_IO or PT_E_FORMAT
 *         of the table
 */
PT_MUST_CHECK pt_status_t pt_resource_init(pt_resource_model_t *model,
                                           const pt_config_t *config,
                                           const pt_space_t *space);
void pt_resource_release(pt_resource_model_t *model);

/** What a hard subnet costs.  Allocates. */
PT_MUST_CHECK pt_status_t pt_resource_cost(const pt_resource_model_t *model,
                                           const pt_subnet_t *subnet, double *cost);

/**
 * Bounds of the expected cost; they are equal but for branch, where they are
 * resource.tolerance apart, relatively, or closer.  The loss is scale * low.  Keeps what
 * pt_resource_gradient() needs.
 *
 * @return PT_E_NUMERIC where a logit is not finite
 */
PT_MUST_CHECK pt_status_t pt_resource_expect(pt_resource_model_t *model,
                                             const pt_alpha_t *alpha, double *low,
                                             double *high);

/**
 * Add weight * scale * dlow/dlogit of one task to dlogit [n_choice], at the logits of the
 * last pt_resource_expect().
 */
void pt_resource_gradient(const pt_resource_model_t *model, int32_t task, double weight,
                          double *dlogit);

/** "multiply-adds", "parameters", "bytes of activations" or "seconds". */
const char *pt_resource_unit(pt_resource_t kind);

#endif
