/* Writing a picture as PNG. */
#include "polytree/io/png.h"

#include <png.h>
#include <string.h>

#include "polytree/base/memory.h"
#include "polytree/io/file.h"

pt_status_t pt_png_add(int64_t height, int64_t width, const uint8_t *rgb, pt_text_t *out)
{
    png_image image;
    char *png;
    pt_status_t status = PT_OK;
    memset(&image, 0, sizeof image);
    image.version = PNG_IMAGE_VERSION;
    image.format = PNG_FORMAT_RGB;
    image.height = (png_uint_32)height;
    image.width = (png_uint_32)width;
    png_alloc_size_t bytes = PNG_IMAGE_PNG_SIZE_MAX(image);
    PT_TRY(pt_alloc(&png, bytes, 1));
    if (png_image_write_to_memory(&image, png, &bytes, 0, rgb, 0, NULL))
        pt_text_add_bytes(out, png, bytes);
    else
        status = PT_ERROR(LIBRARY, "PNG: %s", image.message);
    pt_free(png);
    return status == PT_OK ? out->status : status;
}

pt_status_t pt_png_write(const char *path, int64_t height, int64_t width,
                         const uint8_t *rgb)
{
    pt_text_t png = {0};
    pt_status_t status = pt_png_add(height, width, rgb, &png);
    if (status == PT_OK)
        return pt_file_write_text(path, &png);
    pt_text_release(&png);
    return status;
}
