/** @file
 * Baselines: what a run needs to know of the run that it is compared with
 * (docs/methods.md, baselines).
 */
#ifndef PT_SEARCH_BASELINE_H
#define PT_SEARCH_BASELINE_H

#include <stdbool.h>
#include <stdint.h>

#include "polytree/base/status.h"
#include "polytree/config/config.h"
#include "polytree/graph/branching.h"
#include "polytree/graph/space.h"
#include "polytree/graph/subnet.h"
#include "polytree/io/dataset.h"

/**
 * Fill in the options of section [baseline] that are 0 = auto where baseline.cost_of names
 * a run, which has found its network: madds of what is to match them, steps of what is
 * trained from scratch in one phase, and with baseline.match = cost the least width, in
 * steps of 1/64, with which the multiply-adds of a network that is as wide as one likes
 * reach baseline.madds.  Nothing is done for search.method = search.  Not collective.
 *
 * @return PT_E_IO or PT_E_FORMAT where baseline.cost_of is no such run, PT_E_MISMATCH where
 *         it is of another data set
 */
PT_MUST_CHECK pt_status_t pt_baseline_resolve(pt_config_t *config, pt_dataset_t *dataset);

/**
 * Whether a network of `madds` multiply-adds that is to match baseline.madds costs more
 * than a tenth more, as no other width comes nearer from above; then `text` says so.
 */
bool pt_baseline_is_dearer(const pt_config_t *config, int64_t madds, char text[160]);

/**
 * The network of a method that knows it beforehand: shared, single, full, exhaustive.  Not
 * collective.
 *
 * @param[in,out] branching  all tasks together; branch: that of the network
 * @param[in,out] subnet     of the sizes of `space`
 */
PT_MUST_CHECK pt_status_t pt_baseline_network(const pt_config_t *config,
                                              const pt_space_t *space,
                                              pt_branching_t *branching,
                                              pt_subnet_t *subnet);

#endif
