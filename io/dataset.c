#include "polytree/io/dataset.h"

#include <math.h>
#include <string.h>

#include "polytree/base/hash.h"
#include "polytree/base/memory.h"
#include "io/schema.h"

/* Rows that are not in memory pass through a buffer of about this size. */
enum { STAGING_BYTES = 1 << 20 };

struct pt_dataset {
    pt_schema_t schema;
    hid_t file; /* open on ranks that read from it */
    pt_h5_array_t array[PT_N_SPLIT];
    pt_shared_t *shared[PT_N_SPLIT];
    void *pixels[PT_N_SPLIT]; /* as stored; NULL where they are not in memory */
    void *staging;
    int64_t staging_rows;
    size_t row_bytes;
    size_t bytes;
    char digest[33];
};

static pt_status_t read_tables(pt_dataset_t *dataset, const char *path, const char *tasks)
{
    pt_findings_t findings = {.report = NULL};
    hid_t file = H5I_INVALID_HID;
    PT_TRY(pt_h5_open(path, &file));
    pt_status_t status = pt_schema_read(&dataset->schema, file, path, tasks, &findings);
    pt_h5_close(file);
    return status;
}

/* The arrays of a task on a rank that has not read them; their pointers still hold rank
 * 0's addresses, which say no more than whether there is an array. */
static pt_status_t alloc_rows(pt_schema_task_t *task)
{
    bool has_index[PT_N_SPLIT];
    for (int s = 0; s < PT_N_SPLIT; s++) {
        has_index[s] = task->index[s] != NULL;
        task->index[s] = NULL;
        task->labels[s] = NULL;
    }
    for (int s = 0; s < PT_N_SPLIT; s++) {
        size_t n = (size_t)task->n[s], width = (size_t)pt_schema_width(&task->info);
        if (n == 0)
            continue;
        if (has_index[s])
            PT_TRY(pt_alloc(&task->index[s], n, sizeof(int64_t)));
        PT_TRY(pt_alloc(&task->labels[s], n * width, sizeof(int32_t)));
    }
    return PT_OK;
}

/* One rank asks the file system, whatever their number. */
static pt_status_t share_tables(pt_dataset_t *dataset, pt_comm_t *comm)
{
    pt_schema_t *schema = &dataset->schema;
    pt_status_t status = PT_OK;
    bool is_reader = pt_comm_rank(comm) == 0;
    int32_t n_task = schema->n_task;
    PT_TRY(pt_comm_bcast(comm, &schema->input, sizeof schema->input, 0));
    PT_TRY(pt_comm_bcast(comm, &n_task, sizeof n_task, 0));
    if (!is_reader)
        status = pt_alloc(&schema->task, (size_t)n_task, sizeof schema->task[0]);
    PT_AGREE(comm, status);
    PT_TRY(pt_comm_bcast(comm, schema->task, (size_t)n_task * sizeof schema->task[0], 0));
    for (; schema->n_task < n_task; schema->n_task++) {
        pt_status_t each = alloc_rows(&schema->task[schema->n_task]);
        status = status == PT_OK ? each : status;
    }
    PT_AGREE(comm, status);
    for (int32_t t = 0; t < n_task; t++)
        for (int s = 0; s < PT_N_SPLIT; s++) {
            pt_schema_task_t *task = &schema->task[t];
            size_t n = (size_t)task->n[s], width = (size_t)pt_schema_width(&task->info);
            if (task->index[s])
                PT_TRY(pt_comm_bcast(comm, task->index[s], n * sizeof(int64_t), 0));
            if (task->labels[s])
                PT_TRY(
                    pt_comm_bcast(comm, task->labels[s], n * width * sizeof(int32_t), 0));
        }
    return PT_OK;
}

static pt_status_t open_inputs(pt_dataset_t *dataset, const char *path)
{
    pt_schema_input_t input = dataset->schema.input;
    PT_TRY(pt_h5_open(path, &dataset->file));
    for (int s = 0; s < PT_N_SPLIT; s++) {
        input.n[s] = 0;
        PT_TRY(pt_schema_open_input(&input, dataset->file, path, (pt_split_t)s,
                                    &dataset->array[s]));
        if (input.n[s] != dataset->schema.input.n[s])
            PT_FAIL(MISMATCH, "%s: changed while it was read", path);
    }
    return PT_OK;
}

static void close_inputs(pt_dataset_t *dataset)
{
    for (int s = 0; s < PT_N_SPLIT; s++)
        pt_h5_array_close(&dataset->array[s]);
    pt_h5_close(dataset->file);
    dataset->file = H5I_INVALID_HID;
}

static pt_status_t fill_pixels(pt_dataset_t *dataset, const char *path)
{
    const pt_schema_input_t *input = &dataset->schema.input;
    PT_TRY(open_inputs(dataset, path));
    for (int s = 0; s < PT_N_SPLIT; s++)
        if (input->n[s] > 0)
            PT_TRY(pt_h5_array_read(&dataset->array[s], 0, input->n[s],
                                    pt_schema_item_type(input), dataset->pixels[s]));
    return PT_OK;
}

static pt_status_t load_inputs(pt_dataset_t *dataset, const char *path, pt_comm_t *comm,
                               pt_comm_t *node)
{
    pt_status_t status = PT_OK;
    for (int s = 0; status == PT_OK && s < PT_N_SPLIT; s++) {
        size_t bytes = (size_t)dataset->schema.input.n[s] * dataset->row_bytes;
        if (bytes > 0)
            status = pt_shared_new(node, bytes, &dataset->shared[s], &dataset->pixels[s]);
        dataset->bytes += bytes;
    }
    PT_AGREE(comm, status);
    if (pt_comm_rank(node) == 0)
        status = fill_pixels(dataset, path);
    close_inputs(dataset);
    PT_AGREE(comm, status);
    for (int s = 0; s < PT_N_SPLIT; s++)
        if (dataset->shared[s])
            PT_TRY(pt_shared_ready(dataset->shared[s]));
    return PT_OK;
}

static pt_status_t stage_inputs(pt_dataset_t *dataset, const char *path)
{
    int64_t n = (int64_t)(STAGING_BYTES / dataset->row_bytes);
    dataset->staging_rows = n > 0 ? n : 1;
    PT_TRY(pt_alloc(&dataset->staging, (size_t)dataset->staging_rows, dataset->row_bytes));
    dataset->bytes += (size_t)dataset->staging_rows * dataset->row_bytes;
    PT_TRY(open_inputs(dataset, path));
    return PT_OK;
}

/* Inputs `first` and on: into the digest, and a look at their values.  All are seen before
 * a run begins: `test` would else be found bad when everything is trained. */
static pt_status_t take_inputs(const pt_dataset_t *dataset, const char *path,
                               pt_split_t split, int64_t first, int64_t n, const void *data,
                               pt_digest_t *digest)
{
    int64_t bad = pt_schema_find_not_finite(&dataset->schema.input, data, n);
    if (bad >= 0)
        PT_FAIL(NUMERIC, "%s: %s input %lld has a value that is not finite as float32",
                path, pt_split_name(split), (long long)(first + bad));
    pt_digest_add(digest, data, (size_t)n * dataset->row_bytes);
    return PT_OK;
}

static pt_status_t add_inputs(pt_dataset_t *dataset, const char *path, pt_split_t split,
                              pt_digest_t *digest)
{
    int64_t n = dataset->schema.input.n[split];
    if (dataset->pixels[split])
        return take_inputs(dataset, path, split, 0, n, dataset->pixels[split], digest);
    for (int64_t first = 0; first < n; first += dataset->staging_rows) {
        int64_t now = n - first;
        now = now < dataset->staging_rows ? now : dataset->staging_rows;
        PT_TRY(pt_h5_array_read(&dataset->array[split], first, now,
                                pt_schema_item_type(&dataset->schema.input),
                                dataset->staging));
        PT_TRY(take_inputs(dataset, path, split, first, now, dataset->staging, digest));
    }
    return PT_OK;
}

static void add_tables(const pt_schema_t *schema, pt_digest_t *digest)
{
    const pt_schema_input_t *input = &schema->input;
    int32_t look[] = {input->is_image, input->is_u8, schema->n_task};
    pt_digest_add(digest, look, sizeof look);
    pt_digest_add(digest, input->hwc, sizeof input->hwc);
    pt_digest_add(digest, input->n, sizeof input->n);
    for (int32_t t = 0; t < schema->n_task; t++) {
        const pt_schema_task_t *task = &schema->task[t];
        int32_t info[] = {(int32_t)task->info.kind, task->info.classes,
                          task->info.has_ignore, task->info.ignore};
        pt_digest_add(digest, task->info.name, strlen(task->info.name) + 1);
        pt_digest_add(digest, info, sizeof info);
        for (int s = 0; s < PT_N_SPLIT; s++) {
            size_t n = (size_t)task->n[s], width = (size_t)pt_schema_width(&task->info);
            int64_t head[] = {task->n[s], task->index[s] != NULL};
            pt_digest_add(digest, head, sizeof head);
            if (task->index[s])
                pt_digest_add(digest, task->index[s], n * sizeof(int64_t));
            if (task->labels[s])
                pt_digest_add(digest, task->labels[s], n * width * sizeof(int32_t));
        }
    }
}

static pt_status_t form_digest(pt_dataset_t *dataset, const char *path)
{
    pt_digest_t *digest = NULL;
    pt_status_t status = PT_OK;
    PT_TRY(pt_digest_new(&digest));
    add_tables(&dataset->schema, digest);
    for (int s = 0; status == PT_OK && s < PT_N_SPLIT; s++)
        status = add_inputs(dataset, path, (pt_split_t)s, digest);
    pt_digest_hex(digest, dataset->digest);
    pt_digest_free(digest);
    return status;
}

static size_t table_bytes(const pt_schema_t *schema)
{
    size_t bytes = (size_t)schema->n_task * sizeof schema->task[0];
    for (int32_t t = 0; t < schema->n_task; t++)
        for (int s = 0; s < PT_N_SPLIT; s++) {
            const pt_schema_task_t *task = &schema->task[t];
            size_t n = (size_t)task->n[s], width = (size_t)pt_schema_width(&task->info);
            bytes += task->index[s] ? n * sizeof(int64_t) : 0;
            bytes += task->labels[s] ? n * width * sizeof(int32_t) : 0;
        }
    return bytes;
}

pt_status_t pt_dataset_open(const char *path, const char *tasks, pt_comm_t *comm,
                            pt_comm_t *node, bool in_memory, pt_dataset_t **out)
{
    pt_dataset_t *dataset = NULL;
    pt_status_t status = pt_alloc(&dataset, 1, sizeof *dataset);
    PT_TRY_OR(fail, pt_comm_agree(comm, status));
    dataset->file = H5I_INVALID_HID;
    for (int s = 0; s < PT_N_SPLIT; s++)
        dataset->array[s].space = dataset->array[s].id = H5I_INVALID_HID;

    if (pt_comm_rank(comm) == 0)
        status = read_tables(dataset, path, tasks);
    PT_TRY_OR(fail, pt_comm_agree(comm, status));
    PT_TRY_OR(fail, share_tables(dataset, comm));
    dataset->row_bytes = pt_schema_item_bytes(&dataset->schema.input);
    dataset->bytes = sizeof *dataset + table_bytes(&dataset->schema);
    if (in_memory) {
        PT_TRY_OR(fail, load_inputs(dataset, path, comm, node));
    } else {
        PT_TRY_OR(fail, pt_comm_agree(comm, stage_inputs(dataset, path)));
    }
    if (pt_comm_rank(comm) == 0)
        status = form_digest(dataset, path);
    PT_TRY_OR(fail, pt_comm_agree(comm, status));
    PT_TRY_OR(fail, pt_comm_bcast(comm, dataset->digest, sizeof dataset->digest, 0));
    *out = dataset;
    return PT_OK;
fail:
    pt_dataset_close(dataset);
    return status;
}

void pt_dataset_close(pt_dataset_t *dataset)
{
    if (!dataset)
        return;
    close_inputs(dataset);
    for (int s = 0; s < PT_N_SPLIT; s++)
        pt_shared_free(dataset->shared[s]);
    pt_free(dataset->staging);
    pt_schema_release(&dataset->schema);
    pt_free(dataset);
}

int32_t pt_dataset_n_task(const pt_dataset_t *dataset)
{
    return dataset->schema.n_task;
}

const pt_task_info_t *pt_dataset_task(const pt_dataset_t *dataset, int32_t task)
{
    return &dataset->schema.task[task].info;
}

void pt_dataset_input(const pt_dataset_t *dataset, int64_t hwc[3])
{
    memcpy(hwc, dataset->schema.input.hwc, sizeof dataset->schema.input.hwc);
}

int64_t pt_dataset_n_input(const pt_dataset_t *dataset, pt_split_t split)
{
    return dataset->schema.input.n[split];
}

pt_task_rows_t pt_dataset_rows(const pt_dataset_t *dataset, pt_split_t split, int32_t task)
{
    const pt_schema_task_t *t = &dataset->schema.task[task];
    return (pt_task_rows_t){
        .n = t->n[split], .index = t->index[split], .labels = t->labels[split]};
}

int64_t pt_dataset_n_labelled(const pt_dataset_t *dataset, pt_split_t split, int32_t task)
{
    return pt_schema_n_labelled(&dataset->schema.task[task], split);
}

const char *pt_dataset_digest(const pt_dataset_t *dataset)
{
    return dataset->digest;
}

size_t pt_dataset_bytes(const pt_dataset_t *dataset)
{
    return dataset->bytes;
}

/* One stored input as float32; false where a value is not finite. */
static bool convert(const pt_dataset_t *dataset, const void *stored, float *out)
{
    const pt_schema_input_t *input = &dataset->schema.input;
    int64_t n = input->hwc[0] * input->hwc[1] * input->hwc[2];
    if (input->is_u8) {
        const uint8_t *u8 = stored;
        for (int64_t i = 0; i < n; i++)
            out[i] = (float)u8[i] / 255.0f;
        return true;
    }
    memcpy(out, stored, dataset->row_bytes);
    for (int64_t i = 0; i < n; i++)
        if (!isfinite(out[i]))
            return false;
    return true;
}

/* Bring rows row[0..k-1], which follow each other in the file, to memory; k is what of
 * them fits the staging buffer. */
static pt_status_t fetch(pt_dataset_t *dataset, pt_split_t split, const int64_t *row,
                         int64_t n, const char **stored, int64_t *k)
{
    *k = 1;
    if (dataset->pixels[split]) {
        *stored =
            (const char *)dataset->pixels[split] + (size_t)row[0] * dataset->row_bytes;
        return PT_OK;
    }
    while (*k < n && *k < dataset->staging_rows && row[*k] == row[0] + *k)
        ++*k;
    *stored = dataset->staging;
    return pt_h5_array_read(&dataset->array[split], row[0], *k,
                            pt_schema_item_type(&dataset->schema.input), dataset->staging);
}

pt_status_t pt_dataset_read(pt_dataset_t *dataset, pt_split_t split, const int64_t *row,
                            int64_t n, float *out)
{
    const pt_schema_input_t *input = &dataset->schema.input;
    int64_t values = input->hwc[0] * input->hwc[1] * input->hwc[2], k;
    const char *stored;
    for (int64_t i = 0; i < n; i++)
        if (row[i] < 0 || row[i] >= input->n[split])
            PT_FAIL(RANGE, "%s input %lld is asked for, there are %lld",
                    pt_split_name(split), (long long)row[i], (long long)input->n[split]);
    for (int64_t i = 0; i < n; i += k) {
        PT_TRY(fetch(dataset, split, row + i, n - i, &stored, &k));
        for (int64_t j = 0; j < k; j++)
            if (!convert(dataset, stored + (size_t)j * dataset->row_bytes,
                         out + (i + j) * values))
                PT_FAIL(NUMERIC, "%s input %lld has a value that is not finite",
                        pt_split_name(split), (long long)row[i + j]);
    }
    return PT_OK;
}

pt_status_t pt_dataset_read_labels(pt_dataset_t *dataset, pt_split_t split, int32_t task,
                                   const int64_t *row, int64_t n, pt_label_t *out)
{
    const pt_schema_task_t *t = &dataset->schema.task[task];
    int64_t width = pt_task_labels(&t->info);
    for (int64_t i = 0; i < n; i++) {
        if (row[i] < 0 || row[i] >= t->n[split])
            PT_FAIL(RANGE, "%s row %lld of task %s is asked for, there are %lld",
                    pt_split_name(split), (long long)row[i], t->info.name,
                    (long long)t->n[split]);
        for (int64_t j = 0; j < width; j++) {
            int32_t label = t->labels[split][row[i] * width + j];
            bool is_none = t->info.has_ignore && label == t->info.ignore;
            out[i * width + j].i = is_none ? PT_LABEL_NONE : label;
        }
    }
    return PT_OK;
}
