/** @file
 * Images: small grey ones of PNG, area average, walks over folders and archives of them.
 */
#ifndef IO_IMAGE_H
#define IO_IMAGE_H

#include <stddef.h>
#include <stdint.h>

#include "polytree/base/status.h"

/**
 * Decode a PNG in memory into grey values, 255 = white.
 *
 * @param[in]  name    for messages
 * @param[out] pixels  width * height values; the image must have that size
 */
PT_MUST_CHECK pt_status_t pt_png_decode(const char *name, const void *png, size_t bytes,
                                        int64_t height, int64_t width, uint8_t *pixels);

/**
 * Exact mean over the source area of each pixel, in integers, rounded half up:
 * [from_height, from_width, channels] to [height, width, channels], smaller or larger.
 */
PT_MUST_CHECK pt_status_t pt_image_average(const uint8_t *src, int64_t from_height,
                                           int64_t from_width, int64_t channels,
                                           uint8_t *dst, int64_t height, int64_t width);

/** What a walk calls for every regular file; a status other than PT_OK ends it. */
typedef pt_status_t (*pt_visit_t)(void *context, const char *path, const char *data,
                                  size_t bytes);
/** Whether a file is worth reading. */
typedef int (*pt_want_t)(void *context, const char *path);

/** Every wanted file below a folder, hidden ones and folders apart, at any depth. */
PT_MUST_CHECK pt_status_t pt_folder_walk(const char *folder, pt_want_t want,
                                         pt_visit_t visit, void *context);
/** Every wanted file in an archive, hidden ones apart: tar of any kind, plain or by gzip,
 * bzip2, xz or zstd; zip; 7z.  Cut off or damaged ones end with PT_E_FORMAT, as far as
 * their format has a checksum; so does a wanted file that is a link. */
PT_MUST_CHECK pt_status_t pt_archive_walk(const char *path, pt_want_t want,
                                          pt_visit_t visit, void *context);

#endif
