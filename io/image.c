/* Small grey images decoded from PNG, and images of any kind brought to a size. */
#include "io/image.h"

#include <png.h>
#include <string.h>

#include "polytree/base/memory.h"

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

/* Rows of the source that a row of the target covers, each times its overlap. */
static void add_rows(const uint8_t *src, int64_t from, int64_t row, int64_t y, int64_t to,
                     int64_t *sum)
{
    memset(sum, 0, (size_t)row * sizeof *sum);
    for (int64_t i = y * from / to; i < from && i * to < (y + 1) * from; i++) {
        int64_t weight = overlap(i, from, y, to);
        for (int64_t k = 0; k < row; k++)
            sum[k] += weight * src[i * row + k];
    }
}

pt_status_t pt_image_average(const uint8_t *src, int64_t from_height, int64_t from_width,
                             int64_t channels, uint8_t *dst, int64_t height, int64_t width)
{
    int64_t area = from_height * from_width, row = from_width * channels, *sum;
    PT_TRY(pt_alloc(&sum, (size_t)row, sizeof *sum));
    for (int64_t y = 0; y < height; y++) {
        add_rows(src, from_height, row, y, height, sum);
        for (int64_t x = 0; x < width; x++)
            for (int64_t c = 0; c < channels; c++) {
                int64_t whole = 0;
                for (int64_t j = x * from_width / width;
                     j < from_width && j * width < (x + 1) * from_width; j++)
                    whole += overlap(j, from_width, x, width) * sum[j * channels + c];
                *dst++ = (uint8_t)((2 * whole + area) / (2 * area));
            }
    }
    pt_free(sum);
    return PT_OK;
}
