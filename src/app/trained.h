/** @file
 * The trained network of a finished run, ready to be used, without its data set.
 */
#ifndef APP_TRAINED_H
#define APP_TRAINED_H

#include <stdbool.h>

#include "app/args.h"
#include "polytree/config/config.h"
#include "polytree/kernel/kernel.h"
#include "polytree/record/architecture.h"
#include "polytree/train/inference.h"
#include "polytree/train/objective.h"

typedef struct pt_trained {
    pt_config_t config;
    pt_kernel_t kernel;
    bool has_kernel;
    pt_architecture_t found;
    pt_objective_t *objective; /**< [n_task] */
    pt_inference_t *network;
    char digest[33]; /**< rank 0: of the checkpoint's payload */
} pt_trained_t;

/**
 * Read the run in folder `run`, with its config and --set.  One of version 0.2.0 or before
 * did not write down what its network takes and gives: its data set is asked, where it is
 * at hand.  Collective; close it also after a failure.
 *
 * @return PT_E_IO where there is no such run, PT_E_CONFIG where it is not finished
 */
PT_MUST_CHECK pt_status_t pt_trained_open(const char *run, const pt_args_t *args,
                                          pt_trained_t *trained);

/** The same by `trained->config`, on the ranks of `comm` alone.  Of pt_comm_alone() no data
 * set is asked.  Collective over it. */
PT_MUST_CHECK pt_status_t pt_trained_read(const char *run, pt_comm_t *comm,
                                          pt_trained_t *trained);
void pt_trained_close(pt_trained_t *trained);

#endif
