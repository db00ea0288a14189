/** @file
 * Maps as PNGs, one for each picture that has one: labels of dense tasks.
 */
#ifndef IO_IMAGE_MAPS_H
#define IO_IMAGE_MAPS_H

#include "polytree/io/dataset.h"
#include "io/picture.h"

/** A task whose labels are maps. */
typedef struct pt_image_map {
    pt_task_info_t info;
    bool has_classes; /**< their number was given */
    double unit;      /**< of depth */
} pt_image_map_t;

/** Read NAME=KIND, NAME=segmentation:CLASSES or NAME=depth:UNIT. */
PT_MUST_CHECK pt_status_t pt_image_map_parse(const char *word, pt_image_map_t *map);

/** Count the classes of a segmentation's map, where their number was not given. */
PT_MUST_CHECK pt_status_t pt_image_map_look(pt_image_map_t *map, const char *path,
                                            const pt_picture_t *picture);

/**
 * Form labels of a map at a size.
 *
 * @param[in]  values  room for height * width * 3
 * @param[out] label   as pt_dataset_fill_t gives them
 * @return PT_E_FORMAT, naming `path`, for a number that is no label
 */
PT_MUST_CHECK pt_status_t pt_image_map_form(const pt_image_map_t *map, const char *path,
                                            const pt_picture_t *picture, int64_t height,
                                            int64_t width, uint16_t *values,
                                            pt_label_t *label);

#endif
