/* Decoding pictures: PNG by libpng, JPEG by libjpeg-turbo. */
#include "io/picture.h"

#include <png.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <turbojpeg.h>

#include "polytree/base/memory.h"
#include "io/image.h"

enum { MAX_PIXELS = 1 << 26, MAX_SIDE = 1 << 24 };

static pt_status_t check_size(const char *name, int64_t height, int64_t width)
{
    if (height < 1 || width < 1 || height > MAX_SIDE || width > MAX_SIDE ||
        height * width > MAX_PIXELS)
        PT_FAIL(FORMAT, "%s: %lld x %lld pixels, expected at most %d in all", name,
                (long long)width, (long long)height, MAX_PIXELS);
    return PT_OK;
}

/* A PNG in memory that is being read. */
typedef struct png_source {
    const unsigned char *data;
    size_t left;
    jmp_buf failed;
    char why[128];
} png_source_t;

static void read_png(png_structp png, png_bytep out, png_size_t bytes)
{
    png_source_t *source = png_get_io_ptr(png);
    if (bytes > source->left)
        png_error(png, "it is cut off");
    memcpy(out, source->data, bytes);
    source->data += bytes;
    source->left -= bytes;
}

static void end_png(png_structp png, png_const_charp why)
{
    png_source_t *source = png_get_error_ptr(png);
    snprintf(source->why, sizeof source->why, "%s", why);
    longjmp(source->failed, 1);
}

static void ignore(png_structp png, png_const_charp why)
{
    (void)png;
    (void)why;
}

/* Colours of 8 bits, or the numbers as they are, of 8 bits or 16. */
static void set_transforms(png_structp png, png_infop info, bool is_map)
{
    png_byte colour = png_get_color_type(png, info);
    bool has_alpha = (colour & PNG_COLOR_MASK_ALPHA) != 0;
    if (is_map) {
        png_set_packing(png);
        png_set_swap(png);
    } else {
        png_set_expand(png);
        png_set_scale_16(png);
        png_set_gray_to_rgb(png);
        has_alpha = has_alpha || png_get_valid(png, info, PNG_INFO_tRNS);
    }
    if (has_alpha)
        png_set_strip_alpha(png);
    png_set_interlace_handling(png);
    png_read_update_info(png, info);
}

/* All that libpng may leave by longjmp(): what it has allocated is in *row and *pixels. */
static bool run_png(png_structp png, png_infop info, png_source_t *source, bool is_map,
                    pt_picture_t *picture, unsigned char **pixels, png_bytep **row,
                    pt_status_t *status, const char *name)
{
    if (setjmp(source->failed))
        return false;
    png_set_read_fn(png, source, read_png);
    png_set_user_limits(png, MAX_SIDE, MAX_SIDE);
    png_read_info(png, info);
    picture->height = png_get_image_height(png, info);
    picture->width = png_get_image_width(png, info);
    *status = check_size(name, picture->height, picture->width);
    if (*status != PT_OK)
        return true;
    set_transforms(png, info, is_map);
    picture->channels = png_get_channels(png, info);
    size_t bytes = png_get_rowbytes(png, info), n = (size_t)picture->height;
    *status = pt_alloc(pixels, n, bytes);
    if (*status == PT_OK)
        *status = pt_alloc(row, n, sizeof **row);
    if (*status != PT_OK)
        return true;
    for (size_t i = 0; i < n; i++)
        (*row)[i] = *pixels + i * bytes;
    png_read_image(png, *row);
    png_read_end(png, NULL);
    return true;
}

/* `bits`: of each number of `*pixels`, 8 or 16. */
static pt_status_t decode_png(const char *name, const void *data, size_t bytes, bool is_map,
                              pt_picture_t *picture, unsigned char **pixels, int *bits)
{
    png_source_t source = {.data = data, .left = bytes};
    png_bytep *row = NULL;
    pt_status_t status = PT_OK;
    png_structp png =
        png_create_read_struct(PNG_LIBPNG_VER_STRING, &source, end_png, ignore);
    png_infop info = png ? png_create_info_struct(png) : NULL;
    *pixels = NULL;
    if (!info)
        status = PT_ERROR(MEMORY, "%s: no memory for a reader", name);
    else if (!run_png(png, info, &source, is_map, picture, pixels, &row, &status, name))
        status = PT_ERROR(FORMAT, "%s: not a readable PNG: %s", name, source.why);
    if (status == PT_OK)
        *bits = png_get_bit_depth(png, info);
    png_destroy_read_struct(&png, &info, NULL);
    pt_free(row);
    if (status == PT_OK)
        return PT_OK;
    pt_free(*pixels);
    *pixels = NULL;
    return status;
}

static pt_status_t decode_jpeg(const char *name, const void *data, size_t bytes,
                               tjhandle jpeg, pt_picture_t *picture)
{
    int width, height, sampling, space;
    if (tjDecompressHeader3(jpeg, data, bytes, &width, &height, &sampling, &space))
        PT_FAIL(FORMAT, "%s: not a readable JPEG: %s", name, tjGetErrorStr2(jpeg));
    PT_TRY(check_size(name, height, width));
    if (space == TJCS_CMYK || space == TJCS_YCCK)
        PT_FAIL(FORMAT, "%s: a JPEG of printing colours (CMYK), expected red, green, blue",
                name);
    *picture = (pt_picture_t){height, width, 3, NULL, NULL};
    PT_TRY(pt_alloc(&picture->pixels, (size_t)height * (size_t)width, 3));
    if (tjDecompress2(jpeg, data, bytes, picture->pixels, width, 0, height, TJPF_RGB,
                      TJFLAG_LIMITSCANS) &&
        (tjGetErrorCode(jpeg) == TJERR_FATAL ||
         strstr(tjGetErrorStr2(jpeg), "Premature end")))
        PT_FAIL(FORMAT, "%s: not a readable JPEG: %s", name, tjGetErrorStr2(jpeg));
    return PT_OK;
}

/* As Pillow weighs colours, in units of 1/65536. */
static void make_grey(pt_picture_t *picture)
{
    const uint8_t *rgb = picture->pixels;
    int64_t n = picture->height * picture->width;
    for (int64_t i = 0; i < n; i++, rgb += 3)
        picture->pixels[i] =
            (uint8_t)((19595 * rgb[0] + 38470 * rgb[1] + 7471 * rgb[2] + 0x8000) >> 16);
    picture->channels = 1;
}

static bool is_png(const void *data, size_t bytes)
{
    return bytes >= 8 && memcmp(data, "\x89PNG\r\n\x1a\n", 8) == 0;
}

pt_status_t pt_picture_decode(const char *name, const void *data, size_t bytes,
                              int32_t channels, pt_picture_t *picture)
{
    int bits;
    pt_picture_t p = {.pixels = NULL};
    pt_status_t status;
    if (is_png(data, bytes)) {
        status = decode_png(name, data, bytes, false, &p, &p.pixels, &bits);
    } else if (bytes >= 3 && memcmp(data, "\xff\xd8\xff", 3) == 0) {
        tjhandle jpeg = tjInitDecompress();
        status = jpeg ? decode_jpeg(name, data, bytes, jpeg, &p)
                      : PT_ERROR(MEMORY, "%s: no memory for a reader", name);
        tjDestroy(jpeg);
    } else {
        PT_FAIL(FORMAT, "%s: neither a PNG nor a JPEG", name);
    }
    if (status != PT_OK) {
        pt_picture_release(&p);
        return status;
    }
    if (channels == 1)
        make_grey(&p);
    *picture = p;
    return PT_OK;
}

pt_status_t pt_picture_decode_map(const char *name, const void *data, size_t bytes,
                                  pt_picture_t *map)
{
    int bits = 8;
    unsigned char *pixels;
    pt_picture_t m = {.pixels = NULL};
    if (!is_png(data, bytes))
        PT_FAIL(FORMAT, "%s: not a PNG, which maps must be", name);
    PT_TRY(decode_png(name, data, bytes, true, &m, &pixels, &bits));
    size_t n = (size_t)(m.height * m.width * m.channels);
    pt_status_t status = pt_alloc(&m.values, n, sizeof *m.values);
    if (status == PT_OK && bits == 16)
        memcpy(m.values, pixels, n * sizeof *m.values);
    for (size_t i = 0; status == PT_OK && bits < 16 && i < n; i++)
        m.values[i] = pixels[i];
    pt_free(pixels);
    if (status == PT_OK)
        *map = m;
    return status;
}

pt_status_t pt_picture_resize(const pt_picture_t *picture, int64_t height, int64_t width,
                              uint8_t *pixels)
{
    if (picture->height == height && picture->width == width) {
        memcpy(pixels, picture->pixels, (size_t)(height * width * picture->channels));
        return PT_OK;
    }
    return pt_image_average(picture->pixels, picture->height, picture->width,
                            picture->channels, pixels, height, width);
}

void pt_picture_resize_map(const pt_picture_t *map, int64_t height, int64_t width,
                           uint16_t *values)
{
    size_t bytes = (size_t)map->channels * sizeof *values;
    for (int64_t y = 0; y < height; y++)
        for (int64_t x = 0; x < width; x++) {
            int64_t from_y = (2 * y + 1) * map->height / (2 * height);
            int64_t from_x = (2 * x + 1) * map->width / (2 * width);
            memcpy(values + (y * width + x) * map->channels,
                   map->values + (from_y * map->width + from_x) * map->channels, bytes);
        }
}

bool pt_picture_is_named(const char *path)
{
    static const char *const ending[] = {".png", ".jpg", ".jpeg"};
    size_t bytes = strlen(path);
    for (size_t i = 0; i < sizeof ending / sizeof ending[0]; i++) {
        size_t n = strlen(ending[i]);
        if (bytes > n && strcasecmp(path + bytes - n, ending[i]) == 0)
            return true;
    }
    return false;
}

void pt_picture_release(pt_picture_t *picture)
{
    pt_free(picture->pixels);
    pt_free(picture->values);
    *picture = (pt_picture_t){.pixels = NULL};
}
