/** @file
 * Steps: their counters, the bundles whose turn it is, and how many there are of them.
 */
#ifndef PT_TRAIN_STEP_H
#define PT_TRAIN_STEP_H

#include <stdbool.h>
#include <stdint.h>

#include "polytree/base/rng.h"
#include "polytree/config/config.h"
#include "polytree/train/feed.h"

/** Things that rank 0 asks of all ranks; they ride in a step's small reduction. */
enum { PT_REQUEST_STOP = 1 << 0, PT_REQUEST_CHECKPOINT = 1 << 1, PT_N_REQUEST = 2 };

/** Which step: its counters are the key of everything random in it. */
typedef struct pt_step {
    uint8_t phase;    /**< number of the search phase, 0..63 */
    bool is_alpha;    /**< alpha steps have counters of their own */
    bool is_by_task;  /**< each task takes its turn as a bundle of its own */
    int64_t step;     /**< of its kind, within the phase */
    pt_part_t part;   /**< samples to draw from */
    bool has_frozen;  /**< parts that warmup.freeze names stay as they are */
    unsigned request; /**< of rank 0; others' are ignored */
} pt_step_t;

/** Key of a step's phase in random numbers: alpha steps have keys of their own. */
uint8_t pt_step_key(const pt_step_t *step);
/** The random key of a step, for `purpose`; the caller sets task. */
pt_rng_t pt_step_rng(const pt_config_t *config, const pt_step_t *step,
                     pt_rng_purpose_t purpose);

/** Most bundles that a step has, where there are so many tasks. */
int32_t pt_step_most(const pt_config_t *config, int32_t n_task);

/**
 * Bundles of a step, in the order in which they are dealt out; returns their number.
 * Bundles are taken in turn: a round is a permutation of them all, cut into steps of
 * train.tasks_per_step bundles (the last step of a round takes what is left).
 *
 * @param[out] bundle  room for pt_step_most() of them
 * @param[out] round   number of the round
 */
int32_t pt_step_bundles(const pt_config_t *config, const pt_feed_t *feed,
                        const pt_step_t *step, int32_t *bundle, int64_t *round);

/** Samples that a step draws, in the mean over a round: its last step takes what is left.
 * Not collective. */
double pt_step_samples(const pt_config_t *config, const pt_feed_t *feed, bool is_by_task);
/** Steps of a length: epochs are ceil(samples of the part / samples a step) steps each;
 * where tasks take turns the part has its samples once for each task.  Not collective. */
int64_t pt_step_count(const pt_config_t *config, const pt_feed_t *feed, bool is_by_task,
                      pt_length_t length, pt_part_t part);

#endif
