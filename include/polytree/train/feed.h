/** @file
 * The feed: bundles, parts of the data, the order of samples, and microbatches.
 *
 * A bundle is a set of tasks that run in one plan; its samples are the union of its tasks'
 * rows.  Each bundle counts its own draws: draw d is element d mod n of permutation number
 * floor(d / n) of the part, so a microbatch may straddle two (docs/methods.md, steps,
 * samples, bundles).  Nothing here has a state: a microbatch is a function of (seed, phase,
 * part, bundle, draw).
 *
 * Behind the n bundles that pt_feed_n_bundle() counts, number n + k is task k by itself,
 * with the parts of the bundle that k is in: for steps in which tasks take turns.  Draws
 * are keyed by the bundle's number, so that tasks in turn draw different samples.
 */
#ifndef PT_TRAIN_FEED_H
#define PT_TRAIN_FEED_H

#include <stdbool.h>
#include <stdint.h>

#include "polytree/base/status.h"
#include "polytree/config/config.h"
#include "polytree/io/dataset.h"

typedef enum pt_part {
    PT_PART_TRAIN,  /**< all of train but val */
    PT_PART_WEIGHT, /**< train without the alpha part */
    PT_PART_ALPHA,
    PT_PART_VAL, /**< the file's, else val_fraction of train, else empty */
    PT_PART_TEST,
    PT_N_PART
} pt_part_t;

/** "train", "val" or "test": what it is, or is cut from. */
const char *pt_part_name(pt_part_t part);

typedef struct pt_bundle {
    int32_t n_task;
    int32_t *task;               /**< ascending */
    int32_t home;                /**< number of the bundle whose samples it has */
    int64_t n_sample[PT_N_PART]; /**< samples in each part */
} pt_bundle_t;

typedef struct pt_feed pt_feed_t;

/**
 * Form the bundles (train.bundle: auto = tasks without index together, tasks with equal
 * index together, others alone, by the rows of the train split; each; all) and split the
 * samples: alpha_part and val_fraction by seed, stratified by class where the bundle is one
 * classification task.  A class with two samples or more keeps one on each side; apart from
 * that a part has round(fraction n) samples.  Samples of a part ascend by row.
 * Where the data set has groups no part has a piece of one, for whichever task, and sizes
 * are as near as groups allow.  With data.gap the parts of train are blocks of rows in the
 * order weight, alpha, val, and that many rows before each border are in no part.
 * Borrows config and data set.  Not collective, same on every rank.
 *
 * @param[in] size  pixels of the shorter side that images and label maps are brought to,
 * the other in proportion, rounded; 0: as stored.  Images bilinearly, with triangles as
 * wide as the step in the stored image where they shrink; maps of every kind take the
 * stored pixel that the middle of theirs lies in.
 * @return PT_E_CONFIG where a part that the config needs would be empty, or labels cannot
 *         follow the augmentation
 */
PT_MUST_CHECK pt_status_t pt_feed_new(const pt_config_t *config, pt_dataset_t *dataset,
                                      int64_t size, pt_feed_t **out);
void pt_feed_free(pt_feed_t *feed);

/**
 * As data.standardise says: have inputs and labels read in units in which those of the
 * training part have mean 0 and deviation 1, see pt_dataset_standardise(); or warn of
 * labels that float32 is too coarse for; and of what the file is too coarse for. Collective
 * over `comm`.
 *
 * @return PT_E_CONFIG for a loss or metric that does not suit its task
 */
PT_MUST_CHECK pt_status_t pt_feed_standardise(const pt_config_t *config,
                                              pt_dataset_t *dataset, pt_comm_t *comm,
                                              pt_comm_t *node);

/** Height, width and channels of the inputs of a feed of that size; features are as stored.
 */
void pt_feed_shape(const pt_dataset_t *dataset, int64_t size, int64_t hwc[3]);
/** The same of this feed. */
void pt_feed_input(const pt_feed_t *feed, int64_t hwc[3]);
/** Values of one sample's label of a task: of maps height * width * channels as fed. */
int64_t pt_feed_labels(const pt_feed_t *feed, int32_t task);

int32_t pt_feed_n_task(const pt_feed_t *feed);
/** Bundles, those of single tasks in turn not counted. */
int32_t pt_feed_n_bundle(const pt_feed_t *feed);
/** Bundle 0 to n + tasks - 1, see above. */
const pt_bundle_t *pt_feed_bundle(const pt_feed_t *feed, int32_t bundle);
/** The samples that judge candidates (choose.part): val where every bundle has some, else
 * the alpha part. */
pt_part_t pt_feed_judging_part(const pt_feed_t *feed);
/** Those that train weights before: all of train that does not judge. */
pt_part_t pt_feed_candidates_part(const pt_feed_t *feed);
/** Where val comes from: "the file's own", "taken from train" or "none". */
const char *pt_feed_val_origin(const pt_feed_t *feed);
/** Sum of the samples of the n bundles in a part. */
int64_t pt_feed_n_sample(const pt_feed_t *feed, pt_part_t part);

/** Which microbatch. */
typedef struct pt_draw {
    pt_part_t part;
    int32_t bundle;
    uint8_t phase;    /**< search phase, key of shuffling and augmentation */
    int64_t first;    /**< number of the first draw */
    bool is_shuffled; /**< false: draw d is sample d, and draws past the end are masked */
    bool is_augmented;
} pt_draw_t;

/**
 * Assemble one microbatch.
 *
 * Augmentation of draw d is keyed by (seed, phase, bundle, d): rotation, scale, shear and
 * shift about the centre, then flips, of the image and all its label maps alike; see
 * augment.h.  Feature vectors are left as they are.  Allocates nothing.
 *
 * @param[out] input  [microbatch, h, w, c]; NULL: not wanted
 * @param[out] label  NULL: not wanted; per task of the bundle, label[i] has microbatch *
 *                    pt_feed_labels() values; PT_LABEL_NONE or NaN where masked or not
 *                    labelled
 * @return PT_E_RANGE for a shuffled draw from an empty part
 */
PT_MUST_CHECK pt_status_t pt_feed_fill(pt_feed_t *feed, const pt_draw_t *draw, float *input,
                                       pt_label_t *const *label);
/**
 * What rounding has left of a regression's labels, see pt_dataset_read_rests(): rest has
 * the shape of its label[i].  Of draws that are not augmented.
 */
PT_MUST_CHECK pt_status_t pt_feed_rests(pt_feed_t *feed, const pt_draw_t *draw,
                                        int32_t task, pt_label_t *rest);

/** [channels] units of the inputs; NULL: their own. */
const pt_standard_t *pt_feed_input_standard(const pt_feed_t *feed);

/** Bytes held. */
size_t pt_feed_bytes(const pt_feed_t *feed);

#endif
