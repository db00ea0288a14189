/** @file
 * Measuring a machine for a run: seconds of what its steps are made of.
 */
#ifndef PT_TRAIN_MEASURE_H
#define PT_TRAIN_MEASURE_H

#include "polytree/base/status.h"
#include "polytree/config/config.h"
#include "polytree/graph/machine.h"
#include "polytree/io/dataset.h"
#include "polytree/par/layout.h"
#include "polytree/train/trainer.h"

/**
 * Measure what the steps that a predictor looks at are made of, as far as `machine` does
 * not know it: units are run a few times, of each kind of plan that has an operation or a
 * shape of its own, however many tasks there are; reading and augmenting; the update.  A
 * network of its own is run, stage after stage where layout.stage or layout.memory wants
 * several, so that it takes no more memory than those.  Not collective.
 */
PT_MUST_CHECK pt_status_t pt_measure_steps(const pt_config_t *config, pt_dataset_t *dataset,
                                           const pt_kernel_t *kernel, const pt_form_t *form,
                                           pt_machine_t *machine);

/** Learn costs as layout.cost says: from its table, or measured, or none, so that all is
 * counted.  Not collective. */
PT_MUST_CHECK pt_status_t pt_machine_know(const pt_config_t *config, pt_dataset_t *dataset,
                                          const pt_kernel_t *kernel, pt_machine_t *machine);

/** Measure latency and bandwidth within a node, and between nodes where there are several.
 * `node`: the ranks of `comm` on this one.  Collective over `comm`; all know the same. */
PT_MUST_CHECK pt_status_t pt_measure_wires(pt_comm_t *comm, pt_comm_t *node,
                                           pt_machine_t *machine);

/** All know what rank 0 knows.  Collective. */
PT_MUST_CHECK pt_status_t pt_machine_share(pt_machine_t *machine, pt_comm_t *comm);

#endif
