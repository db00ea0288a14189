/* Files of task affinity: arrays over levels and tasks, with what they were measured of. */
#include "polytree/io/affinity_file.h"

#include <string.h>
#include <unistd.h>

#include "polytree/base/memory.h"
#include "io/file.h"
#include "io/h5.h"

enum { VERSION = 1 };

pt_status_t pt_affinity_init(pt_affinity_t *affinity, int32_t n_task, int32_t n_level)
{
    size_t n = (size_t)n_task;
    *affinity = (pt_affinity_t){.n_task = n_task};
    PT_TRY(pt_alloc(&affinity->level, (size_t)n_level, sizeof *affinity->level));
    affinity->n_level = n_level;
    for (int32_t l = 0; l < n_level; l++) {
        pt_affinity_level_t *level = &affinity->level[l];
        PT_TRY(pt_alloc(&level->value, n * n, sizeof *level->value));
        PT_TRY(pt_alloc(&level->spectrum, n, sizeof *level->spectrum));
        PT_TRY(pt_alloc(&level->group, n, sizeof *level->group));
    }
    return PT_OK;
}

void pt_affinity_release(pt_affinity_t *affinity)
{
    for (int32_t l = 0; l < affinity->n_level; l++) {
        pt_free(affinity->level[l].value);
        pt_free(affinity->level[l].spectrum);
        pt_free(affinity->level[l].group);
    }
    pt_free(affinity->level);
    *affinity = (pt_affinity_t){0};
}

static pt_status_t put_origin(hid_t file, const char *temp, const pt_affinity_t *a,
                              const pt_affinity_origin_t *origin)
{
    const char **level;
    PT_TRY(pt_h5_put_text(file, temp, "format", "polytree affinity"));
    PT_TRY(pt_h5_put_int(file, temp, "version", VERSION));
    PT_TRY(pt_h5_put_text(file, temp, "method", origin->method));
    PT_TRY(pt_h5_put_text(file, temp, "run", origin->run));
    PT_TRY(pt_h5_put_text(file, temp, "network", origin->network));
    PT_TRY(pt_h5_put_text(file, temp, "inputs", origin->inputs));
    PT_TRY(pt_h5_put_int(file, temp, "probes", origin->n_probe));
    PT_TRY(pt_h5_put_texts(file, temp, "tasks", origin->task, a->n_task));
    PT_TRY(pt_alloc(&level, (size_t)a->n_level, sizeof *level));
    for (int32_t l = 0; l < a->n_level; l++)
        level[l] = a->level[l].name;
    pt_status_t status = pt_h5_put_texts(file, temp, "levels", level, a->n_level);
    pt_free(level);
    return status;
}

/* An array of which each level has a row. */
typedef struct affinity_column {
    const char *name;
    hid_t file_type, type;
    int32_t n_dim; /* of [n_level, n_task, n_task] */
    const void *(*row)(const pt_affinity_level_t *level);
} affinity_column_t;

static const void *value_of(const pt_affinity_level_t *level)
{
    return level->value;
}

static const void *spectrum_of(const pt_affinity_level_t *level)
{
    return level->spectrum;
}

static const void *group_of(const pt_affinity_level_t *level)
{
    return level->group;
}

static const void *features_of(const pt_affinity_level_t *level)
{
    return &level->n_feature;
}

static const void *distinct_of(const pt_affinity_level_t *level)
{
    return &level->n_distinct;
}

static const void *constant_of(const pt_affinity_level_t *level)
{
    return &level->n_constant;
}

static pt_status_t put_column(hid_t file, const char *temp, const pt_affinity_t *a,
                              const affinity_column_t *c)
{
    const int64_t dim[] = {a->n_level, a->n_task, a->n_task};
    hid_t id;
    PT_TRY(pt_h5_put_array(file, temp, c->name, c->file_type, c->type, c->n_dim, dim, NULL,
                           &id));
    pt_status_t status = PT_OK;
    for (int32_t l = 0; l < a->n_level && status == PT_OK; l++)
        status =
            pt_h5_put_rows(id, temp, c->type, c->n_dim, dim, l, 1, c->row(&a->level[l]));
    pt_h5_close(id);
    return status;
}

static pt_status_t put_all(hid_t file, const char *temp, const pt_affinity_t *a,
                           const pt_affinity_origin_t *origin)
{
    const affinity_column_t column[] = {
        {"affinity", H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, 3, value_of},
        {"spectrum", H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, 2, spectrum_of},
        {"group", H5T_STD_I32LE, H5T_NATIVE_INT32, 2, group_of},
        {"features", H5T_STD_I64LE, H5T_NATIVE_INT64, 1, features_of},
        {"distinct", H5T_STD_I32LE, H5T_NATIVE_INT32, 1, distinct_of},
        {"constant", H5T_STD_I64LE, H5T_NATIVE_INT64, 1, constant_of}};
    PT_TRY(put_origin(file, temp, a, origin));
    for (size_t i = 0; i < sizeof column / sizeof column[0]; i++)
        PT_TRY(put_column(file, temp, a, &column[i]));
    return PT_OK;
}

pt_status_t pt_affinity_write(const char *path, const pt_affinity_t *affinity,
                              const pt_affinity_origin_t *origin)
{
    char temp[PT_PATH_MAX];
    hid_t file = H5I_INVALID_HID;
    PT_TRY(pt_path_temp(path, temp));
    pt_file_expose(temp);
    pt_status_t status = pt_h5_create(temp, &file);
    if (status == PT_OK)
        status = pt_h5_finish(put_all(file, temp, affinity, origin), temp, file);
    if (status == PT_OK)
        status = pt_file_publish(temp, path);
    if (status != PT_OK)
        unlink(temp);
    pt_file_expose(NULL);
    return pt_file_blame(status, temp, path);
}
