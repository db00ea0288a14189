/** @file
 * Writing pictures as PNG.
 */
#ifndef PT_IO_PNG_H
#define PT_IO_PNG_H

#include <stdint.h>

#include "polytree/base/status.h"
#include "polytree/base/text.h"

/**
 * Add an image as PNG: equal pixels give equal bytes.
 *
 * @param[in] rgb  [height, width, 3]
 */
PT_MUST_CHECK pt_status_t pt_png_add(int64_t height, int64_t width, const uint8_t *rgb,
                                     pt_text_t *out);

/** The same as a file. */
PT_MUST_CHECK pt_status_t pt_png_write(const char *path, int64_t height, int64_t width,
                                       const uint8_t *rgb);

#endif
