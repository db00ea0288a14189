/* `polytree data repack`: the same data set with its samples one by one, sealed. */
#include "polytree/io/dataset_file.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "polytree/base/memory.h"
#include "io/dataset.h"
#include "io/file.h"

/* Copied together; a chunk of the new file; what a chunk of the old one may take. */
enum { BLOCK_BYTES = 1 << 22, CHUNK_BYTES = 1 << 12, MOST_BYTES = 1 << 28 };

/* Level of what was packed and is to stay so. */
enum { GZIP_KEPT = 4 };

typedef struct repack {
    const char *from, *to; /* names, for messages */
    hid_t in, out;
    int32_t gzip;
} repack_t;

static int64_t row_bytes(const pt_h5_array_t *array)
{
    return array->count / array->dim[0] * (int64_t)array->item_bytes;
}

/* Whole chunks of the old file, each unpacked once. */
static int64_t rows_of_block(const pt_h5_array_t *array)
{
    int64_t bytes = row_bytes(array), chunk = array->chunk_rows;
    int64_t rows = BLOCK_BYTES / bytes + 1;
    rows = (rows + chunk - 1) / chunk * chunk;
    if (rows > MOST_BYTES / bytes)
        rows = MOST_BYTES / bytes > 0 ? MOST_BYTES / bytes : 1;
    return rows < array->dim[0] ? rows : array->dim[0];
}

static pt_status_t copy_rows(const repack_t *r, const pt_h5_array_t *array, hid_t id)
{
    int64_t rows = rows_of_block(array), n = array->dim[0];
    void *block = NULL;
    pt_status_t status = PT_OK;
    PT_TRY(pt_alloc(&block, (size_t)rows, (size_t)row_bytes(array)));
    for (int64_t first = 0; first < n; first += rows) {
        int64_t now = rows < n - first ? rows : n - first;
        PT_TRY_OR(done, pt_h5_array_read_raw(array, first, now, block));
        PT_TRY_OR(done, pt_h5_put_rows(id, r->to, array->stored, array->n_dim, array->dim,
                                       first, now, block));
    }
done:
    pt_free(block);
    return status;
}

static pt_status_t copy_array(const repack_t *r, const char *name)
{
    pt_h5_array_t array;
    hid_t id = H5I_INVALID_HID;
    double scale;
    pt_status_t status = PT_OK;
    if (!pt_h5_has(r->in, name))
        return PT_OK;
    PT_TRY(pt_h5_array_open(r->in, r->from, name, &array));
    int64_t rows = CHUNK_BYTES / row_bytes(&array);
    rows = rows < 1 ? 1 : rows < array.dim[0] ? rows : array.dim[0];
    const pt_h5_packing_t pack = {r->gzip >= 0        ? r->gzip
                                  : array.is_filtered ? GZIP_KEPT
                                                      : 0,
                                  rows};
    PT_TRY_OR(done, pt_h5_put_packed(r->out, r->to, name, array.stored, array.n_dim,
                                     array.dim, &pack, &id));
    PT_TRY_OR(done, copy_rows(r, &array, id));
    if (pt_h5_attr_has(array.id, "scale")) {
        PT_TRY_OR(done, pt_h5_attr_real(array.id, array.where, "scale", &scale));
        PT_TRY_OR(done, pt_h5_put_real(id, r->to, "scale", scale));
    }
done:
    pt_h5_close(id);
    pt_h5_array_close(&array);
    return status;
}

static pt_status_t copy_arrays(const repack_t *r, const pt_schema_t *schema)
{
    static const char *const of_split[] = {"images", "inputs", "group"};
    static const char *const of_task[] = {"labels", "index"};
    char name[160];
    for (int s = 0; s < PT_N_SPLIT; s++) {
        const char *split = pt_split_name((pt_split_t)s);
        for (size_t i = 0; i < sizeof of_split / sizeof of_split[0]; i++) {
            snprintf(name, sizeof name, "%s/%s", split, of_split[i]);
            if (schema->input.n[s] > 0)
                PT_TRY(copy_array(r, name));
        }
        for (int32_t t = 0; t < schema->n_task; t++)
            for (size_t i = 0; i < sizeof of_task / sizeof of_task[0]; i++) {
                snprintf(name, sizeof name, "%s/tasks/%s/%s", split,
                         schema->task[t].info.name, of_task[i]);
                if (schema->task[t].n[s] > 0)
                    PT_TRY(copy_array(r, name));
            }
    }
    return PT_OK;
}

/* A list of borrowed names. */
static pt_status_t list_names(const pt_class_name_t *name, int64_t n,
                              const char *const **out)
{
    const char **list;
    *out = NULL;
    if (name == NULL)
        return PT_OK;
    PT_TRY(pt_alloc(&list, (size_t)n, sizeof list[0]));
    for (int64_t i = 0; i < n; i++)
        list[i] = name[i].text;
    *out = list;
    return PT_OK;
}

/* What a file has besides its arrays. */
static pt_status_t copy_frame(const repack_t *r, const pt_schema_t *schema)
{
    char origin[1024];
    pt_status_t status = PT_OK;
    pt_task_source_t *task = NULL;
    pt_dataset_source_t source = {.n_task = schema->n_task,
                                  .channels = schema->input.hwc[2]};
    PT_TRY_OR(done, pt_alloc(&task, (size_t)schema->n_task, sizeof *task));
    source.task = task;
    for (int32_t t = 0; t < schema->n_task; t++) {
        task[t].info = schema->task[t].info;
        PT_TRY_OR(done, list_names(schema->task[t].class_name, task[t].info.classes,
                                   &task[t].class_names));
    }
    PT_TRY_OR(done, list_names(schema->input_name, source.channels, &source.input_names));
    if (pt_h5_attr_has(r->in, "origin")) {
        if (pt_h5_attr_text(r->in, r->from, "origin", origin, sizeof origin) == PT_OK)
            source.origin = origin;
        else
            pt_error_clear(); /* it is for people */
    }
    PT_TRY_OR(done, pt_dataset_write_frame(r->out, r->to, &source));
done:
    for (int32_t t = 0; task && t < schema->n_task; t++)
        pt_free((void *)(uintptr_t)task[t].class_names);
    pt_free((void *)(uintptr_t)source.input_names);
    pt_free(task);
    return status;
}

static pt_status_t write_file(repack_t *r, const pt_schema_t *schema)
{
    PT_TRY(pt_h5_create(r->to, &r->out));
    pt_status_t status = copy_frame(r, schema);
    if (status == PT_OK)
        status = copy_arrays(r, schema);
    return pt_h5_finish(pt_h5_judge(status, r->in, r->from), r->to, r->out);
}

pt_status_t pt_dataset_repack(const char *from, const char *to, int32_t gzip)
{
    char temp[PT_PATH_MAX];
    pt_findings_t findings = {.takes_gaps = true};
    pt_schema_t schema = {.n_task = 0};
    repack_t r = {from, temp, H5I_INVALID_HID, H5I_INVALID_HID, gzip};
    PT_TRY(pt_path_temp(to, temp));
    PT_TRY(pt_h5_open(from, &r.in));
    pt_status_t status = pt_schema_read(&schema, r.in, from, "all", &findings);
    pt_file_expose(temp);
    if (status == PT_OK)
        status = pt_seal_publish(write_file(&r, &schema), temp, to);
    pt_file_expose(NULL);
    pt_schema_release(&schema);
    pt_h5_close(r.in);
    return pt_file_blame(status, temp, to);
}
