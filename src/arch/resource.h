/** @file
 * What resource models and deriving do in their own way for each kind of space.
 */
#ifndef ARCH_RESOURCE_H
#define ARCH_RESOURCE_H

#include "polytree/arch/derive.h"
#include "polytree/arch/resource.h"

/** Numbers of deriving's key from here on are lots; the random rule has those below. */
#define ARCH_LOTS ((uint64_t)1 << 32)

typedef struct costing {
    /** Fill in full, shared and least (branch: layer); choice and fixed are there. */
    pt_status_t (*measure)(pt_resource_model_t *model);
    /** Bounds at model->p; the lower one's derivatives by p into model->gradient. */
    pt_status_t (*expect)(pt_resource_model_t *model, double *low, double *high);
    /** See pt_derive_network(). */
    pt_status_t (*derive)(const pt_config_t *config, const pt_resource_model_t *model,
                          const pt_alpha_t *alpha, const pt_rng_t *rng, pt_subnet_t *subnet,
                          pt_derived_t *derived);
} costing_t;

extern const costing_t costing_dag, costing_branch;

static inline const costing_t *costing_of(const pt_space_t *space)
{
    return space->kind == PT_SPACE_BRANCH ? &costing_branch : &costing_dag;
}

/** Seconds of the candidates that count, from the table at `path`; 0 for the others. */
PT_MUST_CHECK pt_status_t resource_read_table(const pt_space_t *space, const char *path,
                                              bool with_heads, double *seconds);

/** The cheapest connection of a dag, as bits. */
void derive_find_cheapest(const pt_resource_model_t *model, uint64_t *bits);

/* derive_dag.c, derive_branch.c */
PT_MUST_CHECK pt_status_t derive_dag(const pt_config_t *config,
                                     const pt_resource_model_t *model,
                                     const pt_alpha_t *alpha, const pt_rng_t *rng,
                                     pt_subnet_t *subnet, pt_derived_t *derived);
PT_MUST_CHECK pt_status_t derive_branch(const pt_config_t *config,
                                        const pt_resource_model_t *model,
                                        const pt_alpha_t *alpha, const pt_rng_t *rng,
                                        pt_subnet_t *subnet, pt_derived_t *derived);

#endif
