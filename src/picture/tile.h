/** @file
 * Labels and outputs of one sample as little pictures.
 */
#ifndef PICTURE_TILE_H
#define PICTURE_TILE_H

#include <stdint.h>

#include "polytree/base/real.h"
#include "polytree/train/objective.h"

/** What label and output of a task share: values from low to high have all colours. */
typedef struct tile_range {
    double low, high;
} tile_range_t;

/** Whether there is a picture of this kind of labels. */
bool tile_can_draw(const pt_objective_t *objective);

/**
 * The range of a sample's labels: depth and regression, of which the first channel is
 * drawn; that of its outputs where it has none.  [0, 1] for other kinds.
 */
tile_range_t tile_range(const pt_objective_t *objective, int64_t n_pixel,
                        const pt_label_t *label, const pt_real_t *output);

/**
 * Draw the label of a sample, [h, w, labels] (1 x 1 of what is no map), on h x w pixels:
 *
 *     segmentation       tile_class_color()
 *     depth, regression  viridis from low to high
 *     normals            components from -1 to 1 as red, green and blue
 *     edges, saliency    white where positive
 *     classification, multilabel   a bar for each class, as high as it is probable
 *
 * What has no label is grey in a small chequered pattern.
 *
 * @param[out] rgb  [h, w, 3]
 */
void tile_label(const pt_objective_t *objective, int64_t h, int64_t w, tile_range_t range,
                const pt_label_t *label, uint8_t *rgb);

/** The same of its output: the likeliest class, unit normals, sigmoids as grey. */
void tile_output(const pt_objective_t *objective, int64_t h, int64_t w, tile_range_t range,
                 const pt_real_t *output, uint8_t *rgb);

/** Draw an input: three channels in colour, else the first in grey; values from 0 to 1, or
 * where some are outside from the least to the largest. */
void tile_input(int64_t h, int64_t w, int64_t c, const pt_standard_t *standard,
                const float *input, uint8_t *rgb);

/** Colour of a class: the map of PASCAL VOC, black for 0. */
void tile_class_color(int32_t class, uint8_t rgb[3]);

#endif
