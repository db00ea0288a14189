/* Deriving the network of a space from probabilities, in the way of its kind. */
#include "arch/resource.h"

pt_status_t pt_derive_network(const pt_config_t *config, const pt_resource_model_t *model,
                              const pt_alpha_t *alpha, const pt_rng_t *rng,
                              pt_subnet_t *subnet, pt_derived_t *derived)
{
    pt_derived_t d = {0};
    subnet->is_soft = false;
    PT_TRY(costing_of(model->space)->derive(config, model, alpha, rng, subnet, &d));
    if (derived != NULL)
        *derived = d;
    return PT_OK;
}
