/* Writing a data set in one go, or the frame of one that is filled input by input. */
#include "polytree/io/dataset.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "io/file.h"
#include "io/dataset.h"

bool pt_dataset_is_filled(const pt_dataset_source_t *source, pt_split_t split)
{
    bool has_rows = false;
    for (int32_t t = 0; t < source->n_task; t++)
        has_rows = has_rows || pt_dataset_fills_task(&source->task[t], split);
    return has_rows || source->images[split] == NULL;
}

static pt_status_t check_source(const pt_dataset_source_t *source)
{
    for (int32_t t = 0; t < source->n_task; t++) {
        const pt_task_source_t *task = &source->task[t];
        if (strlen(task->info.name) == 0 || strchr(task->info.name, '/'))
            PT_FAIL(RANGE, "task %d: '%s' is no task name", t, task->info.name);
        for (int s = 0; s < PT_N_SPLIT; s++)
            if (task->rows[s].n > 0 && !task->rows[s].index &&
                task->rows[s].n != source->n[s])
                PT_FAIL(SHAPE, "task %s has %lld rows for %lld %s inputs", task->info.name,
                        (long long)task->rows[s].n, (long long)source->n[s],
                        pt_split_name((pt_split_t)s));
    }
    for (int s = 0; s < PT_N_SPLIT; s++)
        if (source->n[s] > 0 && pt_dataset_is_filled(source, (pt_split_t)s) &&
            !source->fill)
            PT_FAIL(RANGE, "nothing gives the %s inputs or their labels",
                    pt_split_name((pt_split_t)s));
    return PT_OK;
}

static pt_status_t write_task(hid_t group, const char *path, const pt_task_source_t *task)
{
    PT_TRY(pt_h5_put_text(group, path, "kind", pt_task_kind_name(task->info.kind)));
    if (pt_schema_has_classes(&task->info))
        PT_TRY(pt_h5_put_int(group, path, "classes", task->info.classes));
    if (task->info.has_ignore)
        PT_TRY(pt_h5_put_int(group, path, "ignore", task->info.ignore));
    if (task->info.is_inverse)
        PT_TRY(pt_h5_put_int(group, path, "inverse", 1));
    if (task->class_names && task->info.classes <= PT_H5_MAX_TEXTS)
        PT_TRY(pt_h5_put_texts(group, path, "class_names", task->class_names,
                               task->info.classes));
    return PT_OK;
}

/* The order of creation is kept in the file: it is the order of "all" tasks. */
static pt_status_t write_tasks(hid_t file, const char *path,
                               const pt_dataset_source_t *source)
{
    pt_status_t status = PT_OK;
    hid_t list = H5Pcreate(H5P_GROUP_CREATE);
    H5Pset_link_creation_order(list, H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED);
    H5Pset_obj_track_times(list, false);
    hid_t tasks = H5Gcreate2(file, "tasks", H5P_DEFAULT, list, H5P_DEFAULT);
    for (int32_t t = 0; status == PT_OK && t < source->n_task; t++) {
        const char *name = source->task[t].info.name;
        hid_t group = H5Gcreate2(tasks, name, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
        status = group < 0 ? PT_ERROR(IO, "%s: cannot write task '%s'", path, name)
                           : write_task(group, path, &source->task[t]);
        pt_h5_close(group);
    }
    pt_h5_close(tasks);
    pt_h5_close(list);
    return status;
}

static pt_status_t write_array(hid_t file, const char *path, const char *name,
                               hid_t file_type, hid_t type, int32_t n_dim,
                               const int64_t *dim, const void *data)
{
    hid_t id = H5I_INVALID_HID;
    PT_TRY(pt_h5_put_array(file, path, name, file_type, type, n_dim, dim, data, &id));
    pt_h5_close(id);
    return PT_OK;
}

static pt_status_t write_table(hid_t file, const char *path, pt_split_t split,
                               const pt_task_source_t *task)
{
    char name[160];
    const char *prefix = pt_split_name(split);
    const pt_task_rows_t *rows = &task->rows[split];
    int64_t dim[2] = {rows->n, task->info.classes},
            wide[2] = {rows->n, task->info.channels};
    int32_t n_dim = task->info.kind == PT_TASK_MULTILABEL ? 2 : 1;
    snprintf(name, sizeof name, "%s/tasks/%s/labels", prefix, task->info.name);
    if (pt_schema_has_table(&task->info))
        PT_TRY(write_array(file, path, name, H5T_STD_I32LE, H5T_NATIVE_INT32, n_dim, dim,
                           rows->labels));
    if (task->values[split])
        PT_TRY(write_array(file, path, name, H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, 2, wide,
                           task->values[split]));
    snprintf(name, sizeof name, "%s/tasks/%s/index", prefix, task->info.name);
    if (rows->index)
        PT_TRY(write_array(file, path, name, H5T_STD_I64LE, H5T_NATIVE_INT64, 1, dim,
                           rows->index));
    return PT_OK;
}

static pt_status_t write_split(hid_t file, const char *path, pt_split_t split,
                               const pt_dataset_source_t *source)
{
    char name[32];
    int64_t dim[4] = {source->n[split], source->height, source->width, source->channels};
    snprintf(name, sizeof name, "%s/images", pt_split_name(split));
    if (source->images[split])
        PT_TRY(write_array(file, path, name, H5T_STD_U8LE, H5T_NATIVE_UINT8, 4, dim,
                           source->images[split]));
    snprintf(name, sizeof name, "%s/group", pt_split_name(split));
    if (source->group[split])
        PT_TRY(write_array(file, path, name, H5T_STD_I64LE, H5T_NATIVE_INT64, 1, dim,
                           source->group[split]));
    if (!source->order && pt_dataset_is_filled(source, split))
        PT_TRY(pt_dataset_write_filled(file, path, source, split, split));
    for (int32_t t = 0; t < source->n_task; t++)
        if (source->task[t].rows[split].n > 0)
            PT_TRY(write_table(file, path, split, &source->task[t]));
    return PT_OK;
}

pt_status_t pt_dataset_write_frame(hid_t file, const char *path,
                                   const pt_dataset_source_t *source)
{
    PT_TRY(pt_h5_put_text(file, path, "format", PT_SCHEMA_FORMAT));
    PT_TRY(pt_h5_put_int(file, path, "version", PT_SCHEMA_VERSION));
    if (source->origin)
        PT_TRY(pt_h5_put_text(file, path, "origin", source->origin));
    if (source->input_names && source->channels <= PT_H5_MAX_TEXTS)
        PT_TRY(pt_h5_put_texts(file, path, "input_names", source->input_names,
                               source->channels));
    return write_tasks(file, path, source);
}

static pt_status_t write_file(const char *path, const pt_dataset_source_t *source)
{
    pt_status_t status = PT_OK;
    hid_t file = H5I_INVALID_HID;
    PT_TRY(pt_h5_create(path, &file));
    PT_TRY_OR(done, pt_dataset_write_frame(file, path, source));
    for (int s = 0; s < PT_N_SPLIT; s++)
        if (source->n[s] > 0)
            PT_TRY_OR(done, write_split(file, path, (pt_split_t)s, source));
    if (source->order)
        PT_TRY_OR(done, pt_dataset_write_filled(file, path, source, PT_SPLIT_TRAIN,
                                                PT_SPLIT_TEST));
done:
    return pt_h5_finish(status, path, file);
}

pt_status_t pt_dataset_write(const char *path, const pt_dataset_source_t *source)
{
    char temp[PT_PATH_MAX];
    PT_TRY(check_source(source));
    PT_TRY(pt_path_temp(path, temp));
    pt_file_expose(temp);
    pt_status_t status = pt_seal_publish(write_file(temp, source), temp, path);
    pt_file_expose(NULL);
    return pt_file_blame(status, temp, path);
}
