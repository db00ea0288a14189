/* Reading one task of a data set: its kind and classes, and which rows have a label. */
#include "io/schema.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "polytree/base/memory.h"

static const char *const kind_name[PT_N_TASK_KIND] = {
    "classification", "multilabel", "segmentation", "depth",
    "normals",        "edges",      "saliency",     "regression",
};

const char *pt_split_name(pt_split_t split)
{
    static const char *const name[] = {"train", "val", "test"};
    return name[split];
}

const char *pt_task_kind_name(pt_task_kind_t kind)
{
    return kind_name[kind];
}

static pt_status_t read_kind(pt_task_info_t *info, hid_t group, const char *where)
{
    char text[32];
    int kind = 0;
    PT_TRY(pt_h5_attr_text(group, where, "kind", text, sizeof text));
    while (kind < PT_N_TASK_KIND && strcmp(text, kind_name[kind]) != 0)
        kind++;
    if (kind == PT_N_TASK_KIND)
        PT_FAIL(FORMAT,
                "%s: kind is '%s', expected classification, multilabel, segmentation, "
                "depth, normals, edges, saliency or regression",
                where, text);
    info->kind = (pt_task_kind_t)kind;
    return PT_OK;
}

static pt_status_t read_classes(pt_schema_task_t *task, hid_t group, const char *where)
{
    int64_t classes, names = 0;
    int64_t least = task->info.kind == PT_TASK_MULTILABEL ? 1 : 2;
    PT_TRY(pt_h5_attr_int(group, where, "classes", &classes));
    if (classes < least || classes > PT_SCHEMA_MAX_CLASSES)
        PT_FAIL(FORMAT, "%s: classes is %" PRId64 ", expected %" PRId64 " to %d", where,
                classes, least, PT_SCHEMA_MAX_CLASSES);
    task->info.classes = (int32_t)classes;

    if (!pt_h5_attr_has(group, "class_names"))
        return PT_OK;
    PT_TRY(pt_h5_attr_count(group, where, "class_names", &names));
    if (names != classes)
        PT_FAIL(FORMAT, "%s: %" PRId64 " class_names, expected %" PRId64, where, names,
                classes);
    PT_TRY(pt_alloc(&task->class_name, (size_t)classes, sizeof *task->class_name));
    return pt_h5_attr_texts(group, where, "class_names", classes, task->class_name->text,
                            sizeof *task->class_name);
}

static pt_status_t read_ignore(pt_task_info_t *info, hid_t group, const char *where)
{
    int64_t ignore = 0;
    info->has_ignore = pt_h5_attr_has(group, "ignore");
    if (info->has_ignore)
        PT_TRY(pt_h5_attr_int(group, where, "ignore", &ignore));
    if (ignore < INT32_MIN || ignore > INT32_MAX)
        PT_FAIL(FORMAT, "%s: ignore is %" PRId64 ", expected a 32-bit integer", where,
                ignore);
    info->ignore = (int32_t)ignore;
    return PT_OK;
}

static pt_status_t read_inverse(pt_task_info_t *info, hid_t group, const char *where)
{
    int64_t inverse = 0;
    if (pt_h5_attr_has(group, "inverse"))
        PT_TRY(pt_h5_attr_int(group, where, "inverse", &inverse));
    if (inverse != 0 && inverse != 1)
        PT_FAIL(FORMAT, "%s: inverse is %" PRId64 ", expected 0 or 1", where, inverse);
    info->is_inverse = inverse == 1;
    return PT_OK;
}

pt_status_t pt_schema_read_task(pt_schema_task_t *task, hid_t file, const char *path,
                                const char *name)
{
    char where[PT_H5_MAX_WHERE], link[PT_NAME + 8];
    hid_t group = H5I_INVALID_HID;
    snprintf(task->info.name, sizeof task->info.name, "%s", name);
    snprintf(link, sizeof link, "tasks/%s", name);
    snprintf(where, sizeof where, "%s: /%s", path, link);
    PT_TRY(pt_h5_group_open(file, path, link, &group));
    pt_status_t status = read_kind(&task->info, group, where);
    if (status == PT_OK && pt_schema_has_classes(&task->info))
        status = read_classes(task, group, where);
    if (status == PT_OK && !pt_task_is_float(&task->info))
        status = read_ignore(&task->info, group, where);
    if (status == PT_OK && task->info.kind == PT_TASK_DEPTH)
        status = read_inverse(&task->info, group, where);
    pt_h5_close(group);
    return status;
}

static pt_status_t read_index(pt_schema_task_t *task, const pt_h5_array_t *array,
                              pt_split_t split, int64_t n_input)
{
    int64_t *index;
    if (array->type != H5T_INTEGER || !array->is_number || array->n_dim != 1)
        PT_FAIL(FORMAT, "%s: expected integers of one dimension", array->where);
    if (array->dim[0] != task->n[split])
        PT_FAIL(FORMAT, "%s: %" PRId64 " rows, expected %" PRId64 " as in labels",
                array->where, array->dim[0], task->n[split]);
    PT_TRY(pt_alloc(&task->index[split], (size_t)array->count, sizeof *index));
    index = task->index[split];
    PT_TRY(pt_h5_array_read(array, 0, array->dim[0], PT_CELL_I64, index));
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

static pt_status_t read_arrays(pt_schema_task_t *task, const pt_h5_array_t *labels,
                               const pt_h5_array_t *index, pt_split_t split,
                               const pt_schema_input_t *input)
{
    int64_t n_input = input->n[split];
    PT_TRY(pt_schema_look_at_labels(task, labels, split, input));
    task->n[split] = labels->dim[0];
    if (index->id < 0 && labels->dim[0] != n_input)
        PT_FAIL(FORMAT, "%s: %" PRId64 " rows for %" PRId64 " inputs, expected an index",
                labels->where, labels->dim[0], n_input);
    if (labels->dim[0] == 0)
        return PT_OK;
    if (index->id >= 0)
        PT_TRY(read_index(task, index, split, n_input));
    PT_TRY(pt_schema_scan_labels(task, labels, split));
    return PT_OK;
}

static void name_array(const pt_schema_task_t *task, pt_split_t split, const char *what,
                       char name[160])
{
    snprintf(name, 160, "%s/tasks/%s%s", pt_split_name(split), task->info.name, what);
}

pt_status_t pt_schema_open_labels(const pt_schema_task_t *task, hid_t file,
                                  const char *path, pt_split_t split, pt_h5_array_t *array)
{
    char name[160];
    name_array(task, split, "/labels", name);
    return pt_h5_array_open(file, path, name, array);
}

pt_status_t pt_schema_read_rows(pt_schema_task_t *task, hid_t file, const char *path,
                                pt_split_t split, const pt_schema_input_t *input)
{
    char name[160];
    pt_h5_array_t labels, index = {.id = H5I_INVALID_HID,
                                   .space = H5I_INVALID_HID,
                                   .stored = H5I_INVALID_HID};
    name_array(task, split, "", name);
    if (!pt_h5_has(file, name))
        return PT_OK;
    PT_TRY(pt_schema_open_labels(task, file, path, split, &labels));
    name_array(task, split, "/index", name);
    pt_status_t status = PT_OK;
    if (pt_h5_has(file, name))
        status = pt_h5_array_open(file, path, name, &index);
    if (status == PT_OK)
        status = read_arrays(task, &labels, &index, split, input);
    pt_h5_array_close(&index);
    pt_h5_array_close(&labels);
    if (status != PT_OK) {
        pt_free(task->index[split]);
        pt_free(task->labels[split]);
        task->index[split] = NULL;
        task->labels[split] = NULL;
        task->n[split] = 0;
        task->tally[split] = (pt_tally_t){0};
    }
    return status;
}
