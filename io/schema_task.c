#include "io/schema.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "polytree/base/memory.h"

static const char *const kind_name[PT_N_TASK_KIND] = {
    "classification", "multilabel", "segmentation", "depth",
    "normals",        "edges",      "saliency",     "regression",
};
enum { CHUNK = 1 << 16 };

const char *pt_task_kind_name(pt_task_kind_t kind)
{
    return kind_name[kind];
}

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

int64_t pt_schema_width(const pt_task_info_t *info)
{
    return info->kind == PT_TASK_MULTILABEL ? info->classes : 1;
}

int64_t pt_schema_n_labelled(const pt_schema_task_t *task, pt_split_t split)
{
    int64_t width = pt_schema_width(&task->info), n = 0;
    const int32_t *label = task->labels[split];
    if (!task->is_supported || !task->info.has_ignore)
        return task->n[split];
    for (int64_t row = 0; row < task->n[split]; row++) {
        bool has_label = false;
        for (int64_t i = 0; i < width; i++)
            has_label = has_label || label[row * width + i] != task->info.ignore;
        n += has_label;
    }
    return n;
}

static pt_status_t read_kind(pt_schema_task_t *task, hid_t group, const char *where)
{
    int kind = 0;
    PT_TRY(pt_h5_attr_text(group, where, "kind", task->kind, sizeof task->kind));
    while (kind < PT_N_TASK_KIND && strcmp(task->kind, kind_name[kind]) != 0)
        kind++;
    if (kind == PT_N_TASK_KIND)
        PT_FAIL(FORMAT,
                "%s: kind is '%s', expected classification, multilabel, segmentation, "
                "depth, normals, edges, saliency or regression",
                where, task->kind);
    task->is_supported = kind <= PT_TASK_MULTILABEL;
    if (task->is_supported)
        task->info.kind = (pt_task_kind_t)kind;
    return PT_OK;
}

static pt_status_t read_classes(pt_schema_task_t *task, hid_t group, const char *where)
{
    int64_t classes, ignore = 0, names = 0;
    int64_t least = task->info.kind == PT_TASK_CLASSIFICATION ? 2 : 1;
    PT_TRY(pt_h5_attr_int(group, where, "classes", &classes));
    if (classes < least || classes > PT_SCHEMA_MAX_CLASSES)
        PT_FAIL(FORMAT, "%s: classes is %" PRId64 ", expected %" PRId64 " to %d", where,
                classes, least, PT_SCHEMA_MAX_CLASSES);
    task->info.classes = (int32_t)classes;
    task->info.height = task->info.width = 1;
    task->info.channels = pt_schema_width(&task->info);

    task->info.has_ignore = pt_h5_attr_has(group, "ignore");
    if (task->info.has_ignore)
        PT_TRY(pt_h5_attr_int(group, where, "ignore", &ignore));
    if (ignore < INT32_MIN || ignore > INT32_MAX)
        PT_FAIL(FORMAT, "%s: ignore is %" PRId64 ", expected a 32-bit integer", where,
                ignore);
    task->info.ignore = (int32_t)ignore;

    task->has_class_names = pt_h5_attr_has(group, "class_names");
    if (task->has_class_names)
        PT_TRY(pt_h5_attr_count(group, where, "class_names", &names));
    if (task->has_class_names && names != classes)
        PT_FAIL(FORMAT, "%s: %" PRId64 " class_names, expected %" PRId64, where, names,
                classes);
    return PT_OK;
}

pt_status_t pt_schema_read_task(pt_schema_task_t *task, hid_t file, const char *path,
                                const char *name)
{
    char where[PT_H5_MAX_WHERE], link[PT_SCHEMA_MAX_NAME + 8];
    hid_t group = H5I_INVALID_HID;
    snprintf(task->info.name, sizeof task->info.name, "%s", name);
    snprintf(link, sizeof link, "tasks/%s", name);
    snprintf(where, sizeof where, "%s: /%s", path, link);
    PT_TRY(pt_h5_group_open(file, path, link, &group));
    pt_status_t status = read_kind(task, group, where);
    if (status == PT_OK && task->is_supported)
        status = read_classes(task, group, where);
    pt_h5_close(group);
    return status;
}

static bool is_integer(const pt_h5_array_t *array)
{
    return array->type == H5T_INTEGER && array->item_bytes <= 8;
}

static pt_status_t read_index(pt_schema_task_t *task, const pt_h5_array_t *array,
                              pt_split_t split, int64_t n_input)
{
    int64_t *index;
    if (!is_integer(array) || array->n_dim != 1)
        PT_FAIL(FORMAT, "%s: expected integers of one dimension", array->where);
    if (array->dim[0] != task->n[split])
        PT_FAIL(FORMAT, "%s: %" PRId64 " rows, expected %" PRId64 " as in labels",
                array->where, array->dim[0], task->n[split]);
    PT_TRY(pt_alloc(&task->index[split], (size_t)array->count, sizeof *index));
    index = task->index[split];
    PT_TRY(pt_h5_array_read(array, 0, array->dim[0], H5T_NATIVE_INT64, index));
    for (int64_t i = 0; i < array->count; i++) {
        if (index[i] < 0 || index[i] >= n_input)
            PT_FAIL(FORMAT, "%s[%" PRId64 "] is %" PRId64 ", expected 0 to %" PRId64,
                    array->where, i, index[i], n_input - 1);
        if (i > 0 && index[i] <= index[i - 1])
            PT_FAIL(FORMAT,
                    "%s[%" PRId64 "] is %" PRId64 " after %" PRId64
                    ", expected ascending rows, each once",
                    array->where, i, index[i], index[i - 1]);
    }
    return PT_OK;
}

static pt_status_t check_label(const pt_task_info_t *info, const pt_h5_array_t *array,
                               int64_t i, int64_t label)
{
    int64_t limit = info->kind == PT_TASK_MULTILABEL ? 2 : info->classes;
    if ((label >= 0 && label < limit) || (info->has_ignore && label == info->ignore))
        return PT_OK;
    int64_t width = pt_schema_width(info);
    PT_FAIL(FORMAT, "%s: row %" PRId64 " is %" PRId64 ", expected 0 to %" PRId64 "%s",
            array->where, i / width, label, limit - 1,
            info->has_ignore ? " or the label to ignore" : "");
}

/* Through 64 bits, so that a value that does not fit is seen rather than clipped. */
static pt_status_t read_labels(pt_schema_task_t *task, const pt_h5_array_t *array,
                               pt_split_t split)
{
    pt_status_t status = PT_OK;
    int64_t width = pt_schema_width(&task->info), n = array->dim[0];
    int64_t rows = CHUNK / width > 0 ? CHUNK / width : 1, *wide = NULL;
    PT_TRY(pt_alloc(&wide, (size_t)((rows < n ? rows : n) * width), sizeof *wide));
    PT_TRY_OR(done, pt_alloc(&task->labels[split], (size_t)array->count, sizeof(int32_t)));
    for (int64_t first = 0; first < n; first += rows) {
        int64_t now = rows < n - first ? rows : n - first;
        PT_TRY_OR(done, pt_h5_array_read(array, first, now, H5T_NATIVE_INT64, wide));
        for (int64_t i = 0; i < now * width; i++) {
            PT_TRY_OR(done, check_label(&task->info, array, first * width + i, wide[i]));
            task->labels[split][first * width + i] = (int32_t)wide[i];
        }
    }
done:
    pt_free(wide);
    return status;
}

static pt_status_t check_labels_shape(const pt_schema_task_t *task,
                                      const pt_h5_array_t *array)
{
    bool is_many = task->info.kind == PT_TASK_MULTILABEL;
    if (!is_integer(array))
        PT_FAIL(FORMAT, "%s: expected integers", array->where);
    if (array->n_dim != (is_many ? 2 : 1))
        PT_FAIL(FORMAT, "%s: %d dimensions, expected %s", array->where, array->n_dim,
                is_many ? "n, classes" : "n");
    if (is_many && array->dim[1] != task->info.classes)
        PT_FAIL(FORMAT, "%s: %" PRId64 " columns, expected %d as classes says",
                array->where, array->dim[1], task->info.classes);
    return PT_OK;
}

static pt_status_t read_arrays(pt_schema_task_t *task, const pt_h5_array_t *labels,
                               const pt_h5_array_t *index, pt_split_t split,
                               int64_t n_input)
{
    if (labels->n_dim < 1)
        PT_FAIL(FORMAT, "%s: one value, expected one row for each sample", labels->where);
    task->n[split] = labels->dim[0];
    if (!task->is_supported)
        return PT_OK;
    PT_TRY(check_labels_shape(task, labels));
    if (index->id < 0 && labels->dim[0] != n_input)
        PT_FAIL(FORMAT, "%s: %" PRId64 " rows for %" PRId64 " inputs, expected an index",
                labels->where, labels->dim[0], n_input);
    if (labels->dim[0] == 0)
        return PT_OK;
    if (index->id >= 0)
        PT_TRY(read_index(task, index, split, n_input));
    PT_TRY(read_labels(task, labels, split));
    return PT_OK;
}

pt_status_t pt_schema_read_rows(pt_schema_task_t *task, hid_t file, const char *path,
                                pt_split_t split, int64_t n_input)
{
    char group[128], name[160];
    pt_h5_array_t labels, index = {.id = H5I_INVALID_HID, .space = H5I_INVALID_HID};
    snprintf(group, sizeof group, "%s/tasks/%s", pt_split_name(split), task->info.name);
    if (!pt_h5_has(file, group))
        return PT_OK;
    snprintf(name, sizeof name, "%s/labels", group);
    PT_TRY(pt_h5_array_open(file, path, name, &labels));
    snprintf(name, sizeof name, "%s/index", group);
    pt_status_t status = PT_OK;
    if (pt_h5_has(file, name))
        status = pt_h5_array_open(file, path, name, &index);
    if (status == PT_OK)
        status = read_arrays(task, &labels, &index, split, n_input);
    pt_h5_array_close(&index);
    pt_h5_array_close(&labels);
    if (status != PT_OK) {
        pt_free(task->index[split]);
        pt_free(task->labels[split]);
        task->index[split] = NULL;
        task->labels[split] = NULL;
        task->n[split] = 0;
    }
    return status;
}
