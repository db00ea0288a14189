/* Writing a picture as PNG. */
#include "polytree/io/png.h"

#include <png.h>
#include <string.h>

#include "polytree/base/memory.h"
#include "polytree/io/file.h"

pt_status_t pt_png_write(const char *path, int64_t height, int64_t width,
                         const uint8_t *rgb)
{
    png_image image;
    char *png;
    pt_status_t status;
    memset(&image, 0, sizeof image);
    image.version = PNG_IMAGE_VERSION;
    image.format = PNG_FORMAT_RGB;
    image.height = (png_uint_32)height;
    image.width = (png_uint_32)width;
    png_alloc_size_t bytes = PNG_IMAGE_PNG_SIZE_MAX(image);
    PT_TRY(pt_alloc(&png, bytes, 1));
    if (png_image_write_to_memory(&image, png, &bytes, 0, rgb, 0, NULL))
        status = pt_file_write(path, png, bytes);
    else
        status = PT_ERROR(IO, "%s: %s", path, image.message);
    pt_free(png);
    return status;
}
