/** @file
 * Writing pictures as PNG.
 */
#ifndef PT_IO_PNG_H
#define PT_IO_PNG_H

#include <stdint.h>

#include "polytree/base/status.h"

/**
 * Write an image as PNG with pt_file_write(): equal pixels give equal bytes.
 *
 * @param[in] rgb  [height, width, 3]
 */
PT_MUST_CHECK pt_status_t pt_png_write(const char *path, int64_t height, int64_t width,
                                       const uint8_t *rgb);

#endif
