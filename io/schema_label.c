/* Labels as a data set stores them: which types and shapes a kind of task may have. */
#include "io/schema.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "polytree/base/hash.h"
#include "polytree/base/memory.h"
#include "io/moments.h"

/* Values that are looked at together, or one row where that has more. */
enum { CHUNK = 1 << 16 };

bool pt_task_is_map(const pt_task_info_t *info)
{
    bool is_always = info->kind >= PT_TASK_SEGMENTATION && info->kind <= PT_TASK_SALIENCY;
    return is_always || info->height * info->width > 1;
}

bool pt_task_is_float(const pt_task_info_t *info)
{
    return info->kind == PT_TASK_DEPTH || info->kind == PT_TASK_NORMALS ||
           info->kind == PT_TASK_REGRESSION;
}

int64_t pt_task_labels(const pt_task_info_t *info)
{
    return info->height * info->width * info->channels;
}

bool pt_schema_has_table(const pt_task_info_t *info)
{
    return info->kind == PT_TASK_CLASSIFICATION || info->kind == PT_TASK_MULTILABEL;
}

bool pt_schema_has_classes(const pt_task_info_t *info)
{
    return pt_schema_has_table(info) || info->kind == PT_TASK_SEGMENTATION;
}

static pt_status_t check_type(const pt_task_info_t *info, const pt_h5_array_t *array)
{
    H5T_class_t want = pt_task_is_float(info) ? H5T_FLOAT : H5T_INTEGER;
    bool takes_both = info->kind == PT_TASK_REGRESSION;
    bool is_fine = array->type == want || (takes_both && array->type == H5T_INTEGER);
    if (!is_fine || !array->is_number)
        PT_FAIL(FORMAT, "%s: expected %s", array->where,
                takes_both          ? "floats or integers"
                : want == H5T_FLOAT ? "floats"
                                    : "integers");
    return PT_OK;
}

static pt_status_t check_dims(const pt_task_info_t *info, const pt_h5_array_t *array)
{
    static const struct {
        int32_t n_dim;
        const char *text;
    } want[PT_N_TASK_KIND] = {
        [PT_TASK_CLASSIFICATION] = {1, "n"},
        [PT_TASK_MULTILABEL] = {2, "n, classes"},
        [PT_TASK_SEGMENTATION] = {3, "n, height, width"},
        [PT_TASK_DEPTH] = {3, "n, height, width"},
        [PT_TASK_NORMALS] = {4, "n, height, width, 3"},
        [PT_TASK_EDGES] = {3, "n, height, width"},
        [PT_TASK_SALIENCY] = {3, "n, height, width"},
        [PT_TASK_REGRESSION] = {0, "n; n, values; or n, height, width, values"},
    };
    bool is_fine = array->n_dim == want[info->kind].n_dim;
    if (info->kind == PT_TASK_REGRESSION)
        is_fine = array->n_dim == 1 || array->n_dim == 2 || array->n_dim == 4;
    if (!is_fine)
        PT_FAIL(FORMAT, "%s: %d dimensions, expected %s", array->where, array->n_dim,
                want[info->kind].text);
    return PT_OK;
}

/* Of one row: height, width, values. */
static void find_shape(const pt_h5_array_t *array, int64_t shape[3])
{
    shape[0] = shape[1] = shape[2] = 1;
    if (array->n_dim == 2)
        shape[2] = array->dim[1];
    for (int i = 1; array->n_dim > 2 && i < array->n_dim; i++)
        shape[i - 1] = array->dim[i];
}

static pt_status_t check_shape(const pt_task_info_t *info, const pt_h5_array_t *array,
                               const int64_t shape[3], const pt_schema_input_t *input)
{
    int64_t known = info->height * info->width * info->channels;
    if (info->kind == PT_TASK_MULTILABEL && shape[2] != info->classes)
        PT_FAIL(FORMAT, "%s: %" PRId64 " columns, expected %d as classes says",
                array->where, shape[2], info->classes);
    if (array->n_dim > 2 && (shape[0] != input->hwc[0] || shape[1] != input->hwc[1]))
        PT_FAIL(FORMAT,
                "%s: maps of %" PRId64 " x %" PRId64 ", expected %" PRId64 " x %" PRId64
                " as the inputs",
                array->where, shape[0], shape[1], input->hwc[0], input->hwc[1]);
    if (info->kind == PT_TASK_NORMALS && shape[2] != 3)
        PT_FAIL(FORMAT, "%s: %" PRId64 " values for a normal, expected 3", array->where,
                shape[2]);
    if (shape[2] < 1 || shape[2] > PT_SCHEMA_MAX_CLASSES)
        PT_FAIL(FORMAT, "%s: %" PRId64 " values for an element, expected 1 to %d",
                array->where, shape[2], PT_SCHEMA_MAX_CLASSES);
    if (known > 0 &&
        (shape[0] != info->height || shape[1] != info->width || shape[2] != info->channels))
        PT_FAIL(FORMAT,
                "%s: rows of %" PRId64 " x %" PRId64 " x %" PRId64 ", expected %" PRId64
                " x %" PRId64 " x %" PRId64 " as in another split",
                array->where, shape[0], shape[1], shape[2], info->height, info->width,
                info->channels);
    return PT_OK;
}

pt_status_t pt_schema_look_at_labels(pt_schema_task_t *task, const pt_h5_array_t *array,
                                     pt_split_t split, const pt_schema_input_t *input)
{
    pt_task_info_t *info = &task->info;
    int64_t shape[3];
    PT_TRY(check_type(info, array));
    PT_TRY(check_dims(info, array));
    find_shape(array, shape);
    PT_TRY(check_shape(info, array, shape, input));
    info->height = shape[0];
    info->width = shape[1];
    info->channels = shape[2];
    if (!pt_schema_has_classes(info))
        info->classes = (int32_t)shape[2];

    bool is_u8 = array->item_bytes == 1 &&
                 (array->is_bool || array->number.kind == PT_NUMBER_UNSIGNED);
    task->cell[split] = info->kind == PT_TASK_REGRESSION ? PT_CELL_F64
                        : pt_task_is_float(info)         ? PT_CELL_F32
                        : is_u8                          ? PT_CELL_U8
                                                         : PT_CELL_I32;
    return PT_OK;
}

static bool is_none(const pt_task_info_t *info, int64_t label)
{
    return info->has_ignore && label == info->ignore;
}

static double length_of(const float *normal)
{
    double x = normal[0], y = normal[1], z = normal[2];
    return sqrt(x * x + y * y + z * z);
}

/* Floats that are labels together, or not: those of a normal. */
static int64_t group_of(const pt_task_info_t *info)
{
    return info->kind == PT_TASK_NORMALS ? 3 : 1;
}

static bool is_float_label(const pt_task_info_t *info, const float *value)
{
    double size = info->kind == PT_TASK_NORMALS ? length_of(value) : value[0];
    return isfinite(size) && (info->kind == PT_TASK_REGRESSION || size > 0);
}

static pt_status_t check_label(const pt_task_info_t *info, const pt_h5_array_t *array,
                               int64_t row, int64_t label)
{
    bool has_classes =
        info->kind == PT_TASK_CLASSIFICATION || info->kind == PT_TASK_SEGMENTATION;
    int64_t limit = has_classes ? info->classes : 2;
    if ((label >= 0 && label < limit) || is_none(info, label))
        return PT_OK;
    PT_FAIL(FORMAT, "%s: row %" PRId64 " %s %" PRId64 ", expected 0 to %" PRId64 "%s",
            array->where, row, pt_task_is_map(info) ? "has" : "is", label, limit - 1,
            info->has_ignore ? " or the label to ignore" : "");
}

static pt_status_t take_integers(pt_schema_task_t *task, const pt_h5_array_t *array,
                                 pt_split_t split, int64_t row, const int64_t *label)
{
    pt_tally_t *tally = &task->tally[split];
    int64_t width = pt_task_labels(&task->info), n = 0;
    for (int64_t i = 0; i < width; i++) {
        PT_TRY(check_label(&task->info, array, row, label[i]));
        n += !is_none(&task->info, label[i]);
        if (task->labels[split])
            task->labels[split][row * width + i] = (int32_t)label[i];
    }
    tally->n_row += n > 0;
    tally->n_element += n;
    return PT_OK;
}

/* One row, of the file's own doubles; a label is one by what float32 makes of it. `moments`
 * are of each channel of a regression. */
static pt_status_t take_floats(pt_schema_task_t *task, const pt_h5_array_t *array,
                               pt_split_t split, int64_t row, const double *value,
                               pt_moments_t *moments)
{
    pt_tally_t *tally = &task->tally[split];
    const pt_task_info_t *info = &task->info;
    int64_t width = pt_task_labels(info), group = group_of(info), n = 0;
    for (int64_t i = 0; i < width; i++)
        if (isinf((float)value[i]))
            PT_FAIL(FORMAT, "%s: row %" PRId64 " has a value that is infinite as float32",
                    array->where, row);
    for (int64_t i = 0; i < width; i += group) {
        float single[3] = {0};
        for (int64_t j = 0; j < group; j++)
            single[j] = (float)value[i + j];
        if (!is_float_label(info, single))
            continue;
        pt_moment_add(&tally->value, value[i]);
        tally->n_odd += group == 3 && fabs(length_of(single) - 1) > 0.01;
        n++;
    }
    if (info->kind == PT_TASK_REGRESSION)
        pt_moments_add(moments, value, width);
    tally->n_row += n > 0;
    tally->n_element += n;
    return PT_OK;
}

static void narrow(double *value, int64_t n)
{
    char *from = (char *)value, *to = from;
    for (int64_t i = 0; i < n; i++) {
        double x;
        memcpy(&x, from + (size_t)i * sizeof x, sizeof x);
        float single = (float)x;
        memcpy(to + (size_t)i * sizeof single, &single, sizeof single);
    }
}

/* The channel whose values float32 tells apart worst. */
static void find_coarse(const pt_moments_t *moments, double coarse[2])
{
    double worst = 0;
    for (int64_t c = 0; c < moments->n_channel; c++) {
        const struct pt_moment *m = &moments->channel[c];
        double share = m->lost / pt_moment_deviation(m);
        if (!pt_moment_is_coarse(m) || share < worst)
            continue;
        worst = share;
        coarse[0] = pt_moment_deviation(m);
        coarse[1] = pt_moment_size(m);
    }
}

bool pt_schema_is_coarse(const pt_schema_task_t *task, char text[PT_COARSE_TEXT])
{
    const double *coarse = task->tally[PT_SPLIT_TRAIN].coarse;
    text[0] = '\0';
    if (coarse[0] > 0)
        snprintf(
            text, PT_COARSE_TEXT,
            "task '%s': float32 cannot hold the differences of its labels, a deviation "
            "of %.4g at values up to %.4g: expected data.standardise = auto, or less of "
            "an offset in the file",
            task->info.name, coarse[0], coarse[1]);
    return coarse[0] > 0;
}

bool pt_schema_is_blurred(const pt_schema_t *schema, int32_t task, const pt_blur_t *blur,
                          char text[PT_COARSE_TEXT])
{
    const pt_class_name_t *name = task < 0 ? schema->input_name : NULL;
    pt_text_t out = pt_text_in(text, PT_COARSE_TEXT);
    bool is_one = task >= 0 && schema->task[task].info.channels == 1;
    text[0] = '\0';
    if (blur->step == 0)
        return false;
    if (task >= 0)
        pt_text_add(&out, "task '%s': labels", schema->task[task].info.name);
    else
        pt_text_add(&out, "inputs");
    if (!is_one)
        pt_text_add(&out, ", %s %lld", schema->input.is_image ? "channel" : "column",
                    (long long)blur->channel + 1);
    if (name != NULL)
        pt_text_add(&out, " ('%s')", name[blur->channel].text);
    pt_text_add(&out, "%s in train have ", is_one ? "" : ",");
    pt_blur_describe(blur, &out);
    return true;
}

/* All labels as they are looked at. */
typedef struct scan {
    void *buffer; /* some rows, of 8 bytes a value */
    int64_t rows;
    pt_moments_t moments;        /* of a regression's channels */
    pt_digest_t *digest, *exact; /* of floats: as float32, and as they are */
} scan_t;

/* Integers go through 64 bits, so that a value that does not fit is seen rather than
 * clipped. */
static pt_status_t scan(pt_schema_task_t *task, const pt_h5_array_t *array,
                        pt_split_t split, scan_t *c)
{
    bool is_float = pt_task_is_float(&task->info);
    int64_t width = pt_task_labels(&task->info), n = array->dim[0];
    size_t bytes = is_float ? sizeof(float) : sizeof(int64_t);
    for (int64_t first = 0; first < n; first += c->rows) {
        int64_t now = c->rows < n - first ? c->rows : n - first;
        PT_TRY(pt_h5_array_read(array, first, now, is_float ? PT_CELL_F64 : PT_CELL_I64,
                                c->buffer));
        for (int64_t i = 0; i < now; i++)
            PT_TRY(is_float
                       ? take_floats(task, array, split, first + i,
                                     (const double *)c->buffer + i * width, &c->moments)
                       : take_integers(task, array, split, first + i,
                                       (const int64_t *)c->buffer + i * width));
        if (is_float) {
            pt_digest_add(c->exact, c->buffer, (size_t)(now * width) * sizeof(double));
            narrow(c->buffer, now * width);
        }
        pt_digest_add(c->digest, c->buffer, (size_t)(now * width) * bytes);
    }
    return PT_OK;
}

pt_status_t pt_schema_scan_labels(pt_schema_task_t *task, const pt_h5_array_t *array,
                                  pt_split_t split)
{
    pt_status_t status = PT_OK;
    pt_tally_t *tally = &task->tally[split];
    scan_t c = {.buffer = NULL};
    int64_t width = pt_task_labels(&task->info), n = array->dim[0];
    int64_t rows = CHUNK / width > 0 ? CHUNK / width : 1;
    c.rows = rows < n ? rows : n;
    PT_TRY_OR(done, pt_digest_new(&c.digest));
    PT_TRY_OR(done, pt_digest_new(&c.exact));
    PT_TRY_OR(done, pt_alloc(&c.buffer, (size_t)(c.rows * width), sizeof(int64_t)));
    if (pt_schema_has_table(&task->info))
        PT_TRY_OR(done,
                  pt_alloc(&task->labels[split], (size_t)array->count, sizeof(int32_t)));
    if (task->info.kind == PT_TASK_REGRESSION)
        PT_TRY_OR(done, pt_moments_init(&c.moments, task->info.channels));
    PT_TRY_OR(done, scan(task, array, split, &c));
    find_coarse(&c.moments, tally->coarse);
    tally->blur = pt_moments_find_blur(&c.moments, array->number, 1);
    bool is_wide = pt_task_is_float(&task->info) && pt_number_is_wide(array->number);
    pt_digest_hex(is_wide ? c.exact : c.digest, tally->digest);
    if (tally->coarse[0] > 0)
        pt_digest_add(c.digest, tally->digest, sizeof tally->digest);
    pt_digest_hex(c.digest, tally->rounded);
done:
    pt_moments_release(&c.moments);
    pt_free(c.buffer);
    pt_digest_free(c.exact);
    pt_digest_free(c.digest);
    return status;
}

void pt_schema_convert_labels(const pt_task_info_t *info, pt_cell_t cell,
                              const void *stored, pt_label_t *out)
{
    int64_t n = pt_task_labels(info), group = group_of(info);
    for (int64_t i = 0; cell == PT_CELL_U8 && i < n; i++) {
        int32_t label = ((const uint8_t *)stored)[i];
        out[i].i = is_none(info, label) ? PT_LABEL_NONE : label;
    }
    for (int64_t i = 0; cell == PT_CELL_I32 && i < n; i++) {
        int32_t label = ((const int32_t *)stored)[i];
        out[i].i = is_none(info, label) ? PT_LABEL_NONE : label;
    }
    /* A regression's: none is infinite, and NaN is what has no label. */
    for (int64_t i = 0; cell == PT_CELL_F64 && i < n; i++)
        out[i].f = (float)((const double *)stored)[i];
    for (int64_t i = 0; cell == PT_CELL_F32 && i < n; i += group) {
        const float *value = (const float *)stored + i;
        bool is_label = is_float_label(info, value);
        for (int64_t j = 0; j < group; j++)
            out[i + j].f = is_label ? value[j] : NAN;
    }
}

void pt_schema_convert_rests(const pt_task_info_t *info, pt_cell_t cell, const void *stored,
                             pt_label_t *out)
{
    (void)cell;
    for (int64_t i = 0, n = pt_task_labels(info); i < n; i++) {
        double label = ((const double *)stored)[i];
        out[i].f = (float)(label - (double)(float)label);
    }
}
