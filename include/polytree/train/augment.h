/** @file
 * Random warps of images and their labels, affine and elastic, and holes in images, by
 * counter-based randomness.
 *
 * One warp per draw applies to the image and to every label map.  Images are resampled
 * bilinearly, zero outside.  Maps read the nearest pixel, and outside there is no label.
 * What a label says of directions and distances follows:
 *
 *     depth     is divided by zoom: what appears z times larger is z times nearer; inverse
 *               depth is multiplied
 *     normals   their first two components, along the image's rows and columns, turn and
 *               flip as the image does.  Coming nearer turns no surface, so zoom and shift
 *               leave them as they are
 *
 * A shear and an elastic deformation have no such reading: pt_augment_check().
 *
 * A hole (cutout: DeVries & Taylor 2017) is zeros in what is shown, as is what lies outside
 * the image; labels stay as they are, also those of the pixels in it.
 */
#ifndef PT_TRAIN_AUGMENT_H
#define PT_TRAIN_AUGMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "polytree/base/rng.h"
#include "polytree/base/status.h"
#include "polytree/config/config.h"
#include "polytree/io/dataset.h"

/** Points a side that steer an elastic deformation: of cubic B-splines over 4 x 4 cells. */
enum { PT_WARP_POINTS = 7 };

/**
 * What one sample gets: output pixel (x, y) about the centre reads input
 * m ((+-x, +-y) + bend(x, y)) + t, minus where the output is flipped.
 *
 *     m = 1/zoom R(angle) [1 tan(slant); 0 1]
 *
 * So what is seen turns by R(-angle) before the flips: `turn` is both.  With augment.crop t
 * also has the place of the window in the zoomed image, or where zoom < 1 that of the image
 * in the window: any at which the one has all the middles of pixels of the other within its
 * own.  The bend is a smooth field (elastic deformation: Simard et al. 2003, theirs by
 * Gaussians): a sum of cubic B-splines, each with a random vector in pixels as its weight.
 */
typedef struct pt_warp {
    double m[4], t[2];
    bool flip_x, flip_y, is_bent;
    double zoom, turn[4];
    double bend[2][PT_WARP_POINTS][PT_WARP_POINTS]; /**< [x, y][row][column] */
    int64_t hole[2][2]; /**< rows, columns of the output: first, and end */
} pt_warp_t;

/** Does this config change images at all? */
bool pt_augment_is_on(const pt_config_t *config);

/** PT_E_CONFIG where the labels of a task cannot follow what the config asks for. */
PT_MUST_CHECK pt_status_t pt_augment_check(const pt_config_t *config,
                                           const pt_task_info_t *task);

/** Draw the warp of key `rng` at `index`; size in pixels. */
pt_warp_t pt_warp_draw(const pt_config_t *config, const pt_rng_t *rng, uint64_t index,
                       int64_t height, int64_t width);

/** Resample one image [h, w, c] bilinearly, zero outside and in the hole; src and dst do
 * not overlap. */
void pt_warp_apply(const pt_warp_t *warp, int64_t h, int64_t w, int64_t c, const float *src,
                   float *dst);

/**
 * What the pixels of a label map read: row[y] + column[x] of the pixel (x, y) that is
 * nearest, -1 outside.
 *
 * @param[in]  row, column  [h], [w]
 * @param[out] pixel        [h, w]
 */
void pt_warp_pixels(const pt_warp_t *warp, int64_t h, int64_t w, const int32_t *row,
                    const int32_t *column, int32_t *pixel);

/** Let the labels of n pixels of a map follow, in place. */
void pt_warp_labels(const pt_warp_t *warp, const pt_task_info_t *task, int64_t n,
                    pt_label_t *label);

#endif
