/** @file
 * Random affine maps and flips of images, by counter-based randomness.
 */
#ifndef PT_TRAIN_AUGMENT_H
#define PT_TRAIN_AUGMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "polytree/base/rng.h"
#include "polytree/config/config.h"

/**
 * What one sample gets: output pixel (x, y) about the centre reads input m (x, y) + t, and
 * the output is then flipped.
 *
 *     m = 1/zoom R(angle) [1 tan(slant); 0 1]
 */
typedef struct pt_affine {
    double m[4], t[2];
    bool flip_x, flip_y;
} pt_affine_t;

/** Draw the map of key `rng` at `index` (8 words); size in pixels. */
pt_affine_t pt_affine_draw(const pt_config_t *config, const pt_rng_t *rng, uint64_t index,
                           int64_t height, int64_t width);

/** Resample one image [h, w, c] bilinearly, zero outside; src and dst do not overlap. */
void pt_affine_apply(const pt_affine_t *affine, int64_t h, int64_t w, int64_t c,
                     const float *src, float *dst);

/** Does this config change images at all? */
bool pt_augment_is_on(const pt_config_t *config);

#endif
