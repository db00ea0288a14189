/* Inputs that are the pictures in a folder and those below it, PNG or JPEG. */
#include <stdlib.h>
#include <string.h>

#include "polytree/base/memory.h"
#include "io/image.h"
#include "io/inputs.h"
#include "io/picture.h"

typedef struct picture_list {
    pt_inputs_t *in;
    size_t capacity;
    uint8_t *pixels; /* of one, as the network has it */
    pt_status_t status;
} picture_list_t;

static bool fits(const char *path, bool is_folder, const char head[8])
{
    (void)path;
    (void)head;
    return is_folder;
}

/* Names alone are wanted: no file is read on the walk. */
static int take_name(void *context, const char *path)
{
    picture_list_t *l = context;
    pt_inputs_t *in = l->in;
    const char *name = path + strlen(in->path);
    name += strspn(name, "/");
    if (l->status != PT_OK || !pt_picture_is_named(path))
        return 0;
    if (strlen(name) >= PT_INPUT_NAME)
        l->status =
            PT_ERROR(RANGE, "%s: a name of more than %d bytes", path, PT_INPUT_NAME - 1);
    else
        l->status = pt_grow(&in->name, &l->capacity, (size_t)in->n + 1, sizeof *in->name);
    if (l->status == PT_OK)
        strcpy(in->name[in->n++], name);
    return 0;
}

static pt_status_t pass_over(void *context, const char *path, const char *data,
                             size_t bytes)
{
    (void)context;
    (void)path;
    (void)data;
    (void)bytes;
    return PT_OK;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(a, b);
}

static pt_status_t open_inputs(pt_inputs_t *in)
{
    const pt_input_info_t *want = &in->want;
    picture_list_t *l;
    in->split = PT_N_SPLIT;
    PT_TRY(pt_alloc(&l, 1, sizeof *l));
    in->state = l;
    l->in = in;
    if (!want->is_image || (want->hwc[2] != 1 && want->hwc[2] != 3))
        PT_FAIL(SHAPE,
                "%s: pictures have 1 or 3 channels, but the network was trained on %lld "
                "%s%s",
                in->path, (long long)want->hwc[2], want->is_image ? "channel" : "feature",
                pt_plural(want->hwc[2]));
    PT_TRY(inputs_take_bytes(in, in->path));
    PT_TRY(pt_folder_walk(in->path, take_name, pass_over, l));
    PT_TRY(l->status);
    if (in->n == 0)
        PT_FAIL(FORMAT, "%s: no .png, .jpg or .jpeg in it or the folders below", in->path);
    qsort(in->name, (size_t)in->n, sizeof *in->name, by_name);
    return pt_alloc(&l->pixels, (size_t)(want->hwc[0] * want->hwc[1] * want->hwc[2]), 1);
}

/* At the network's size, or brought to it where that is wanted. */
static pt_status_t bring_to_size(const pt_inputs_t *in, const char *path,
                                 const pt_picture_t *picture, uint8_t *pixels)
{
    const int64_t *hwc = in->want.hwc;
    if (picture->height == hwc[0] && picture->width == hwc[1]) {
        memcpy(pixels, picture->pixels, (size_t)(hwc[0] * hwc[1] * hwc[2]));
        return PT_OK;
    }
    if (in->options.may_resize)
        return pt_picture_resize(picture, hwc[0], hwc[1], pixels);
    PT_FAIL(SHAPE,
            "%s: %lld x %lld pixels, expected %lld x %lld (height, width), as the network "
            "was trained on; --resize brings pictures to that size",
            path, (long long)picture->height, (long long)picture->width, (long long)hwc[0],
            (long long)hwc[1]);
}

static pt_status_t read_picture(const pt_inputs_t *in, const char *name, uint8_t *pixels)
{
    char path[PT_PATH_MAX], *data;
    size_t bytes;
    pt_picture_t picture;
    PT_TRY(pt_path_join(in->path, name, path));
    PT_TRY(pt_file_read(path, &data, &bytes));
    pt_status_t status =
        pt_picture_decode(path, data, bytes, (int32_t)in->want.hwc[2], &picture);
    pt_free(data);
    PT_TRY(status);
    status = bring_to_size(in, path, &picture, pixels);
    pt_picture_release(&picture);
    return status;
}

static pt_status_t read_rows(pt_inputs_t *in, int64_t first, int64_t n, float *out)
{
    const picture_list_t *l = in->state;
    int64_t values = in->want.hwc[0] * in->want.hwc[1] * in->want.hwc[2];
    for (int64_t i = 0; i < n; i++) {
        PT_TRY(read_picture(in, in->name[first + i], l->pixels));
        for (int64_t j = 0; j < values; j++)
            out[i * values + j] = (float)l->pixels[j] / 255.0f;
    }
    return PT_OK;
}

static void close_inputs(pt_inputs_t *in)
{
    picture_list_t *l = in->state;
    if (l == NULL)
        return;
    pt_free(l->pixels);
    pt_free(l);
}

const inputs_kind_t inputs_pictures = {
    .fits = fits, .open = open_inputs, .read = read_rows, .close = close_inputs};
