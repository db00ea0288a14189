/** @file
 * How the logits of one task become gates: one table for each kind of space.
 */
#ifndef ARCH_ALPHA_H
#define ARCH_ALPHA_H

#include "polytree/arch/alpha.h"

/** See the functions of the same names; `key` has the task already. */
typedef struct relaxation {
    void (*p)(const pt_space_t *space, const double *logit, double *p);
    void (*sample)(const pt_space_t *space, const double *logit, const pt_rng_t *key,
                   double tau, bool hard, pt_subnet_t *subnet, double *g);
    void (*warmup)(const pt_space_t *space, const double *logit, const pt_rng_t *key,
                   double tau, bool hard, pt_subnet_t *subnet, double *g);
    void (*expect)(const pt_space_t *space, const double *logit, int32_t task, bool hard,
                   pt_subnet_t *subnet);
    void (*chain)(const pt_space_t *space, const double *g, double tau, const double *dgate,
                  double *dlogit);
} relaxation_t;

extern const relaxation_t relaxation_dag, relaxation_branch;

static inline const double *alpha_logits(const pt_alpha_t *alpha, int32_t task)
{
    return alpha->logit + (size_t)task * (size_t)alpha->n_choice;
}

#endif
