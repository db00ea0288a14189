/* Small grey images: decoded from PNG, and made smaller by averaging. */
#include "io/image.h"

#include <png.h>
#include <string.h>

pt_status_t pt_png_decode(const char *name, const void *png, size_t bytes, int64_t height,
                          int64_t width, uint8_t *pixels)
{
    png_image image;
    memset(&image, 0, sizeof image);
    image.version = PNG_IMAGE_VERSION;
    if (!png_image_begin_read_from_memory(&image, png, bytes))
        PT_FAIL(FORMAT, "%s: not a readable PNG: %s", name, image.message);
    if ((int64_t)image.height != height || (int64_t)image.width != width) {
        png_image_free(&image);
        PT_FAIL(FORMAT, "%s: %u x %u pixels, expected %lld x %lld", name, image.height,
                image.width, (long long)height, (long long)width);
    }
    image.format = PNG_FORMAT_GRAY;
    if (!png_image_finish_read(&image, NULL, pixels, (png_int_32)width, NULL)) {
        png_image_free(&image);
        PT_FAIL(FORMAT, "%s: not a readable PNG: %s", name, image.message);
    }
    return PT_OK;
}

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* In units of 1/to of a source pixel, source pixel i covers [i to, (i+1) to) and target
 * pixel o covers [o from, (o+1) from), so that all overlaps are integers and those of a
 * target pixel add up to from in each direction. */
static int64_t overlap(int64_t i, int64_t from, int64_t o, int64_t to)
{
    int64_t begin = i * to > o * from ? i * to : o * from;
    return least((i + 1) * to, (o + 1) * from) - begin;
}

void pt_image_average(const uint8_t *src, int64_t from, uint8_t *dst, int64_t to)
{
    int64_t area = from * from;
    for (int64_t y = 0; y < to; y++)
        for (int64_t x = 0; x < to; x++) {
            int64_t sum = 0;
            for (int64_t i = y * from / to; i < from && i * to < (y + 1) * from; i++) {
                int64_t row = 0;
                for (int64_t j = x * from / to; j < from && j * to < (x + 1) * from; j++)
                    row += overlap(j, from, x, to) * src[i * from + j];
                sum += overlap(i, from, y, to) * row;
            }
            dst[y * to + x] = (uint8_t)((2 * sum + area) / (2 * area));
        }
}
