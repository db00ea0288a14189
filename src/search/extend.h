/** @file
 * A finished run's network, to which new tasks are added: search.method = extended.
 *
 * The trainer has the new tasks alone, on a space of the old network's candidates, which
 * are frozen, and their own heads.  What it calls a tensor is what the network of all tasks
 * calls it, so that this one's checkpoint is the trainer's and what is kept of the old one.
 */
#ifndef SEARCH_EXTEND_H
#define SEARCH_EXTEND_H

#include "polytree/io/checkpoint.h"
#include "polytree/record/architecture.h"
#include "polytree/train/inference.h"

/** Until the network is there only rank 0 has what is read of the old one. */
typedef struct extend {
    int32_t n_old;           /**< tasks of the old network */
    pt_architecture_t old;   /**< rank 0 */
    pt_inference_t *network; /**< rank 0: it runs */
    pt_checkpoint_t kept;    /**< rank 0: weights and statistics, to the end */
    pt_checkpoint_t start;   /**< rank 0: weights that new tasks begin at */
    uint64_t network_of_all; /**< rank 0: fingerprint of the space of all tasks */
    uint64_t *used;          /**< dag: bit set of the choices that old tasks have */
    int32_t *donor;          /**< [n_task] old task whose graph each new task enters */
    int32_t *shared;         /**< [n_task] branch: layers that it shares with it */
} extend_t;

struct pt_search;

/** Record of a checkpoint: fingerprint of the space of all tasks. */
#define EXTEND_OF_ALL "network"
/** The same: `used`. */
#define EXTEND_USED "old_choices"

static inline bool extend_is_on(const pt_config_t *config)
{
    return pt_methods[config->search.method].is_extended;
}

/** What is there before any run has begun. */
void extend_init(extend_t *extend);
void extend_release(extend_t *extend);
/** Give back what is needed of the old network until the new one is there. */
void extend_release_old(extend_t *extend);

/** Add copies of a checkpoint's weights and statistics to `kept`. */
PT_MUST_CHECK pt_status_t extend_keep(const pt_checkpoint_t *from, pt_checkpoint_t *kept);

/**
 * Choose where each new task enters: donor, layers shared; of a dag, its choices in
 * `s->subnet`.  Rank 0.
 */
PT_MUST_CHECK pt_status_t extend_choose(struct pt_search *s);

#endif
