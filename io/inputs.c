/* Inputs without labels: which kind they are, and their numbers as a network reads them. */
#include "io/inputs.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "polytree/base/memory.h"
#include "polytree/base/text.h"
#include "io/moments.h"

static void describe(bool is_image, const int64_t hwc[3], char text[96])
{
    if (is_image)
        snprintf(text, 96, "images of %lld x %lld x %lld", (long long)hwc[0],
                 (long long)hwc[1], (long long)hwc[2]);
    else
        snprintf(text, 96, "%lld feature%s", (long long)hwc[2], pt_plural(hwc[2]));
}

void inputs_names_add(inputs_names_t *names, const char *name)
{
    enum { SHOWN = 6 };
    size_t n = strlen(names->text);
    if (names->n++ < SHOWN)
        snprintf(names->text + n, sizeof names->text - n, "%s'%s'", n > 0 ? ", " : "",
                 name);
    else
        names->n_more++;
}

const char *inputs_names_text(inputs_names_t *names)
{
    size_t n = strlen(names->text);
    if (names->n_more > 0)
        snprintf(names->text + n, sizeof names->text - n, " and %lld more",
                 (long long)names->n_more);
    return names->text;
}

void inputs_say(const pt_inputs_t *inputs, const char *format, ...)
{
    const pt_import_talk_t *talk = &inputs->options.talk;
    char line[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    if (talk->say != NULL)
        talk->say(talk->context, line);
}

pt_status_t inputs_check_shape(const pt_inputs_t *inputs, const char *where, bool is_image,
                               const int64_t hwc[3])
{
    const pt_input_info_t *want = &inputs->want;
    char is[96], expected[96];
    if (is_image == want->is_image && memcmp(hwc, want->hwc, sizeof want->hwc) == 0)
        return PT_OK;
    describe(is_image, hwc, is);
    describe(want->is_image, want->hwc, expected);
    PT_FAIL(SHAPE,
            "%s: %s, expected %s (height, width, channels), as the network was "
            "trained on",
            where, is, expected);
}

pt_status_t inputs_take_bytes(pt_inputs_t *inputs, const char *where)
{
    inputs->is_byte = true;
    if (inputs->want.standard != NULL)
        PT_FAIL(
            FORMAT,
            "%s: bytes, but the network was trained on numbers with units of their own: "
            "expected such numbers, as floats",
            where);
    return PT_OK;
}

void inputs_say_blur(const pt_inputs_t *inputs, const char *where, pt_number_t number,
                     double scale)
{
    char room[PT_COARSE_TEXT];
    pt_text_t text = pt_text_in(room, sizeof room);
    if (inputs->want.standard == NULL)
        return;
    pt_blur_t blur =
        pt_standards_find_blur(inputs->want.standard, inputs->want.hwc[2], number, scale);
    if (blur.step == 0)
        return;
    pt_blur_describe(&blur, &text);
    inputs_say(inputs, "%s: the network was trained on channel %lld at %s", where,
               (long long)blur.channel + 1, room);
}

/* Of the kinds that a data set has by itself. */
static bool is_usual(double scale)
{
    return scale == 1 || scale == 1.0 / UINT16_MAX || scale == 1.0 / INT16_MAX;
}

pt_status_t inputs_find_scale(const pt_inputs_t *inputs, const char *where, int32_t bytes,
                              bool is_signed, double *scale)
{
    const pt_input_info_t *want = &inputs->want;
    *scale = 1;
    if (!want->is_byte && !is_usual(want->scale))
        *scale = want->scale;
    else if (bytes == 1 && !is_signed)
        *scale = 1.0 / UINT8_MAX;
    else if (bytes == 2)
        *scale = 1.0 / (is_signed ? INT16_MAX : UINT16_MAX);
    else if (bytes > 0)
        PT_FAIL(FORMAT, "%s: integers of %d bits, expected uint8, uint16, int16 or floats",
                where, 8 * (int)bytes);
    return PT_OK;
}

void inputs_take_numbers(const pt_inputs_t *inputs, int64_t n, const double *number,
                         double scale, float *out)
{
    const pt_standard_t *unit = inputs->want.standard;
    int64_t n_channel = inputs->want.hwc[2];
    for (int64_t i = 0, c = 0; i < n; i++, c = c + 1 < n_channel ? c + 1 : 0)
        out[i] = unit ? (float)((number[i] * scale - unit[c].mean) / unit[c].deviation)
                      : (float)((double)(float)number[i] * scale);
}

static pt_status_t find_kind(const char *path, const inputs_kind_t **kind)
{
    static const inputs_kind_t *const known[] = {&inputs_dataset, &inputs_numpy,
                                                 &inputs_pictures, &inputs_table};
    struct stat info;
    char head[8] = "";
    if (stat(path, &info) != 0)
        PT_FAIL(IO, "%s: %s", path, strerror(errno));
    bool is_folder = S_ISDIR(info.st_mode);
    int file = is_folder ? -1 : open(path, O_RDONLY);
    ssize_t n = file < 0 ? 0 : read(file, head, sizeof head);
    int why = errno;
    if (file >= 0)
        close(file);
    if (!is_folder && (file < 0 || n < 0))
        PT_FAIL(IO, "%s: %s", path, strerror(why));
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (known[i]->fits(path, is_folder, head)) {
            *kind = known[i];
            return PT_OK;
        }
    PT_FAIL(FORMAT,
            "%s: no inputs: expected a data set (.h5), arrays of NumPy's (.npy, .npz), a "
            "folder of pictures, or a table (.csv, .tsv, .csv.gz)",
            path);
}

/* Means are those of the units that the network was trained in, in which they are 0. */
static pt_status_t prepare_to_fill(pt_inputs_t *in)
{
    if (!in->options.fills_mean)
        return PT_OK;
    if (in->want.is_image)
        PT_FAIL(USAGE, "--fill mean is for features, the network was trained on images");
    if (in->want.standard == NULL)
        PT_FAIL(USAGE,
                "--fill mean: the run knows no means, as its inputs were taken in their "
                "own units (data.standardise, or bytes)");
    return pt_alloc(&in->filled, (size_t)in->want.hwc[2], sizeof *in->filled);
}

static pt_status_t open_inputs(pt_inputs_t *in)
{
    const pt_inputs_options_t *o = &in->options;
    PT_TRY(prepare_to_fill(in));
    PT_TRY(find_kind(in->path, &in->kind));
    if (o->array != NULL && in->kind != &inputs_numpy)
        PT_FAIL(USAGE, "--inputs %s: %s has no arrays of names, as a .npz has", o->array,
                in->path);
    if (o->missing.n > 0 && in->kind != &inputs_table)
        PT_FAIL(USAGE, "--missing: %s is no table, of whose cells that is said", in->path);
    return in->kind->open(in);
}

pt_status_t pt_inputs_open(const char *path, const pt_inputs_options_t *options,
                           const pt_input_info_t *want, pt_inputs_t **out)
{
    pt_inputs_t *in;
    pt_status_t status;
    if (strlen(path) >= PT_PATH_MAX)
        PT_FAIL(RANGE, "a name of more than %d characters", PT_PATH_MAX - 1);
    PT_TRY(pt_alloc(&in, 1, sizeof *in));
    in->options = *options;
    in->split = options->split;
    in->want = *want;
    strcpy(in->path, path);
    PT_TRY_OR(failed, open_inputs(in));
    *out = in;
    return PT_OK;
failed:
    pt_inputs_close(in);
    return status;
}

void pt_inputs_close(pt_inputs_t *inputs)
{
    if (inputs == NULL)
        return;
    if (inputs->kind != NULL)
        inputs->kind->close(inputs);
    pt_free(inputs->filled);
    pt_free(inputs->name);
    pt_free(inputs);
}

int64_t pt_inputs_n(const pt_inputs_t *inputs)
{
    return inputs->n;
}

const int64_t *pt_inputs_filled(const pt_inputs_t *inputs)
{
    return inputs->filled;
}

pt_split_t pt_inputs_split(const pt_inputs_t *inputs)
{
    return inputs->split;
}

int64_t pt_inputs_name_bytes(const pt_inputs_t *inputs)
{
    size_t most = 0;
    for (int64_t i = 0; inputs->name != NULL && i < inputs->n; i++)
        if (strlen(inputs->name[i]) > most)
            most = strlen(inputs->name[i]);
    return (int64_t)most;
}

const char *pt_inputs_name(const pt_inputs_t *inputs, int64_t row)
{
    return inputs->name[row];
}

/* A network that has seen nothing but bytes reads what they stand for: 0 to 1. */
static bool is_in_range(const pt_inputs_t *in, float value)
{
    return !in->want.is_byte || in->is_byte || (value >= 0 && value <= 1);
}

static pt_status_t check_values(const pt_inputs_t *in, int64_t row, int64_t n,
                                const float *value)
{
    for (int64_t i = 0; i < n; i++) {
        if (!isfinite(value[i]))
            PT_FAIL(FORMAT, "%s: row %lld has a value that is not finite", in->path,
                    (long long)row);
        if (!is_in_range(in, value[i]))
            PT_FAIL(RANGE,
                    "%s: row %lld has the value %g, but the network was trained on bytes, "
                    "which it reads as 0 to 1: expected uint8, or floats in that range",
                    in->path, (long long)row, (double)value[i]);
    }
    return PT_OK;
}

pt_status_t pt_inputs_read(pt_inputs_t *inputs, int64_t first, int64_t n, float *out)
{
    const int64_t *hwc = inputs->want.hwc, values = hwc[0] * hwc[1] * hwc[2];
    PT_TRY(inputs->kind->read(inputs, first, n, out));
    for (int64_t i = 0; inputs->filled != NULL && i < n * values; i++)
        if (isnan(out[i])) {
            out[i] = 0;
            inputs->filled[i % values]++;
        }
    for (int64_t i = 0; i < n; i++)
        PT_TRY(check_values(inputs, first + i, values, out + i * values));
    return PT_OK;
}
