/** @file
 * Pictures and maps in PNG and JPEG, decoded from memory and brought to a size.
 */
#ifndef IO_PICTURE_H
#define IO_PICTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "polytree/base/status.h"

/** What is in a picture's pixels. */
typedef struct pt_picture {
    int64_t height, width;
    int32_t channels;
    uint8_t *pixels;  /**< [height, width, channels] of a picture, 255 = white */
    uint16_t *values; /**< ... or of a map */
} pt_picture_t;

/** Whether a file's name ends as those of pictures do: .png, .jpg, .jpeg, in any letters.
 */
bool pt_picture_is_named(const char *path);

/**
 * Decode a PNG or JPEG, whichever its first bytes say, to grey (channels 1) or red, green
 * and blue (3).  As Pillow does it: an alpha channel, gamma and profiles are left out, and
 * grey is 0.299 red + 0.587 green + 0.114 blue.  16 bits are rounded to 8.  Release with
 * pt_picture_release().
 *
 * @param[in] name  for messages
 * @return PT_E_FORMAT for what is neither, damaged, cut off, CMYK, or above 2^26 pixels,
 *         before that many are made room for
 */
PT_MUST_CHECK pt_status_t pt_picture_decode(const char *name, const void *data,
                                            size_t bytes, int32_t channels,
                                            pt_picture_t *picture);

/** Decode a PNG to the very numbers that it holds: grey values of up to 16 bits or indices
 * of a palette (1 channel), or colours (3).  Otherwise as pt_picture_decode(). */
PT_MUST_CHECK pt_status_t pt_picture_decode_map(const char *name, const void *data,
                                                size_t bytes, pt_picture_t *map);

/** Bring a picture to a size: the mean over the area of each pixel, see
 * pt_image_average(). */
PT_MUST_CHECK pt_status_t pt_picture_resize(const pt_picture_t *picture, int64_t height,
                                            int64_t width, uint8_t *pixels);

/** Bring a map to a size: the value under the middle of each pixel. */
void pt_picture_resize_map(const pt_picture_t *map, int64_t height, int64_t width,
                           uint16_t *values);

void pt_picture_release(pt_picture_t *picture);

#endif
