/* Initial values: He et al. 2015 for weights, uniform for last layers. */
#include "polytree/tensor/store.h"

#include <math.h>
#include <string.h>

#include "polytree/base/hash.h"

static const double two_pi = 6.283185307179586476925;

/* Four standard normals from four uniforms (Box-Muller). */
static void normal4(const pt_rng_t *rng, uint64_t index, double z[4])
{
    double u[4];
    pt_rng_uniform4(rng, index, u);
    for (int i = 0; i < 4; i += 2) {
        double radius = sqrt(-2.0 * log(u[i])), angle = two_pi * u[i + 1];
        z[i] = radius * cos(angle);
        z[i + 1] = radius * sin(angle);
    }
}

/* Uniform on (-1, 1). */
static void symmetric4(const pt_rng_t *rng, uint64_t index, double z[4])
{
    pt_rng_uniform4(rng, index, z);
    for (int i = 0; i < 4; i++)
        z[i] = 2.0 * z[i] - 1.0;
}

static void fill_random(pt_real_t *value, int64_t n, const pt_rng_t *rng, double scale,
                        void (*draw4)(const pt_rng_t *, uint64_t, double *))
{
    for (int64_t i = 0; i < n; i += 4) {
        double z[4];
        draw4(rng, (uint64_t)(i / 4), z);
        for (int64_t k = 0; k < 4 && i + k < n; k++)
            value[i + k] = (pt_real_t)(scale * z[k]);
    }
}

static void fill_constant(pt_real_t *value, int64_t n, pt_real_t constant)
{
    for (int64_t i = 0; i < n; i++)
        value[i] = constant;
}

static void fill_tensor(const pt_param_t *param, pt_real_t *value, uint64_t seed)
{
    uint64_t hash = pt_hash64(param->name, strlen(param->name), 0);
    pt_rng_t rng = {.seed = seed, .purpose = PT_RNG_INIT, .step = (uint32_t)hash};
    double fan_in = (double)param->fan_in;

    switch (param->role) {
    case PT_ROLE_WEIGHT:
        fill_random(value, param->count, &rng, sqrt(2.0 / fan_in), normal4);
        break;
    case PT_ROLE_LINEAR:
        fill_random(value, param->count, &rng, 1.0 / sqrt(fan_in), symmetric4);
        break;
    case PT_ROLE_NORM_SCALE:
        fill_constant(value, param->count, 1);
        break;
    case PT_ROLE_BIAS:
    case PT_ROLE_NORM_SHIFT:
    case PT_ROLE_ZERO:
        fill_constant(value, param->count, 0);
        break;
    case PT_ROLE_FITTED:
        break;
    }
}

void pt_store_fill(pt_store_t *store, uint64_t seed)
{
    for (int32_t p = 0; store->is_frozen && p < store->n_param; p++) {
        int64_t block = store->param[p].offset / PT_BLOCK;
        if (block >= store->own_begin && block < store->own_end)
            fill_tensor(&store->param[p], store->value + store->param[p].offset, seed);
    }
    store->version++;
}
