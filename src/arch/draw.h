/** @file
 * One order of a random draw, for each kind of space.
 */
#ifndef ARCH_DRAW_H
#define ARCH_DRAW_H

#include "arch/merge.h"
#include "polytree/arch/draw.h"

/** See pt_draw_subnet(); the key is the order's own.  What came of it may cost less than
 * `low` or more than `high`. */
typedef pt_status_t (*draw_fn)(const pt_space_t *space, int64_t low, int64_t high,
                               bool is_one, const pt_rng_t *key, pt_subnet_t *subnet,
                               int64_t *madds);

PT_MUST_CHECK pt_status_t draw_dag(const pt_space_t *space, int64_t low, int64_t high,
                                   bool is_one, const pt_rng_t *key, pt_subnet_t *subnet,
                                   int64_t *madds);
PT_MUST_CHECK pt_status_t draw_branch(const pt_space_t *space, int64_t low, int64_t high,
                                      bool is_one, const pt_rng_t *key, pt_subnet_t *subnet,
                                      int64_t *madds);

/**
 * Draw copies of a branch space into `m`: from as many branches as there may be, random
 * changes that do not lead below `low`, until they cost at most `high`, if it comes to
 * that.
 *
 * @param[in] fixed   what is paid besides the layers
 * @param     before  [n_layer][n_task] scratch
 */
void draw_copies(const pt_space_t *space, double fixed, double low, double high,
                 const pt_rng_t *key, merger_t *m, int32_t *before);

#endif
