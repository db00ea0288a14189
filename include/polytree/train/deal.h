/** @file
 * Who computes what: bundles to task coordinates, units to data ranks.  Never enters the
 * numerics, so it may look at costs.
 */
#ifndef PT_TRAIN_DEAL_H
#define PT_TRAIN_DEAL_H

#include <stdint.h>

/** Task coordinate that owns a bundle and its heads. */
static inline int32_t pt_deal_bundle(int32_t bundle, int32_t n_coord)
{
    return bundle % n_coord;
}

/**
 * Deal n units out to ranks: the dearest first, each to the rank with the least work so
 * far (ties: lowest number).  Takes n turns where all cost the same, at
 * most n (n_rank + different costs).
 *
 * @param[in]  cost  [n] > 0
 * @param[out] rank  [n]
 * @param[out] work  [n_rank] sum of each rank's costs
 */
void pt_deal_units(int32_t n, const double *cost, int32_t n_rank, int32_t *rank,
                   double *work);

#endif
