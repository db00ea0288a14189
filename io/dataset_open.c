/* Opening a data set on all ranks: rank 0's tables, and arrays in memory or in the file. */
#include "io/dataset.h"

#include <string.h>
#include <sys/stat.h>

#include "polytree/base/memory.h"

/* Rows that are not in memory pass through a buffer of about this size. */
enum { STAGING_BYTES = 1 << 20 };

static pt_status_t read_tables(const char *path, const char *tasks, bool takes_gaps,
                               pt_schema_t *schema)
{
    pt_findings_t findings = {.takes_gaps = takes_gaps};
    hid_t file = H5I_INVALID_HID;
    PT_TRY(pt_h5_open(path, &file));
    pt_status_t status = pt_schema_read(schema, file, path, tasks, &findings);
    pt_h5_close(file);
    return status;
}

/* The arrays of a task on a rank that has not read them; their pointers still hold rank
 * 0's addresses, which say no more than whether there is an array. */
static pt_status_t alloc_rows(pt_schema_task_t *task)
{
    bool has_index[PT_N_SPLIT], has_labels[PT_N_SPLIT];
    task->class_name = NULL;
    for (int s = 0; s < PT_N_SPLIT; s++) {
        has_index[s] = task->index[s] != NULL;
        has_labels[s] = task->labels[s] != NULL;
        task->index[s] = NULL;
        task->labels[s] = NULL;
    }
    for (int s = 0; s < PT_N_SPLIT; s++) {
        size_t n = (size_t)task->n[s], width = (size_t)pt_task_labels(&task->info);
        if (has_index[s])
            PT_TRY(pt_alloc(&task->index[s], n, sizeof(int64_t)));
        if (has_labels[s])
            PT_TRY(pt_alloc(&task->labels[s], n * width, sizeof(int32_t)));
    }
    return PT_OK;
}

static pt_status_t share_groups(pt_schema_t *schema, pt_comm_t *comm)
{
    bool has_group[PT_N_SPLIT];
    pt_status_t status = PT_OK;
    for (int s = 0; s < PT_N_SPLIT; s++)
        has_group[s] = schema->group[s] != NULL;
    PT_TRY(pt_comm_bcast(comm, has_group, sizeof has_group, 0));
    for (int s = 0; s < PT_N_SPLIT; s++)
        if (status == PT_OK && has_group[s] && !schema->group[s])
            status =
                pt_alloc(&schema->group[s], (size_t)schema->input.n[s], sizeof(int64_t));
    PT_AGREE(comm, status);
    for (int s = 0; s < PT_N_SPLIT; s++)
        if (has_group[s])
            PT_TRY(pt_comm_bcast(comm, schema->group[s],
                                 (size_t)schema->input.n[s] * sizeof(int64_t), 0));
    return PT_OK;
}

/* All ranks have what rank 0 read. */
static pt_status_t share_tables(pt_dataset_t *dataset, pt_comm_t *comm)
{
    pt_schema_t *schema = &dataset->schema;
    pt_status_t status = PT_OK;
    bool is_reader = pt_comm_rank(comm) == 0;
    int32_t n_task = schema->n_task;
    PT_TRY(pt_comm_bcast(comm, &schema->input, sizeof schema->input, 0));
    PT_TRY(share_groups(schema, comm));
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
            size_t n = (size_t)task->n[s], width = (size_t)pt_task_labels(&task->info);
            if (task->index[s])
                PT_TRY(pt_comm_bcast(comm, task->index[s], n * sizeof(int64_t), 0));
            if (task->labels[s])
                PT_TRY(
                    pt_comm_bcast(comm, task->labels[s], n * width * sizeof(int32_t), 0));
        }
    return PT_OK;
}

/* Rank 0's tables are those of all; other readers read theirs only to see that they are the
 * same. */
static pt_status_t open_tables(pt_dataset_t *dataset, const char *path, const char *tasks,
                               bool takes_gaps, pt_comm_t *comm, bool is_reader)
{
    bool is_root = pt_comm_rank(comm) == 0;
    pt_schema_t own = {0};
    pt_status_t status = PT_OK;
    if (is_reader)
        status = read_tables(path, tasks, takes_gaps, is_root ? &dataset->schema : &own);
    PT_TRY_OR(done, pt_comm_agree(comm, status));
    PT_TRY_OR(done, share_tables(dataset, comm));
    if (is_reader && !is_root)
        status = pt_schema_check_same(&own, &dataset->schema, path);
    PT_TRY_OR(done, pt_comm_agree(comm, status));
done:
    pt_schema_release(&own);
    return status;
}

int32_t pt_dataset_n_stack(const pt_dataset_t *dataset)
{
    return (1 + dataset->schema.n_task) * PT_N_SPLIT;
}

pt_stack_t *pt_dataset_stack(pt_dataset_t *dataset, int32_t i)
{
    int32_t task = i / PT_N_SPLIT - 1, split = i % PT_N_SPLIT;
    return task < 0 ? &dataset->input[split] : &dataset->label[task][split];
}

static pt_status_t form_stacks(pt_dataset_t *dataset)
{
    const pt_schema_t *schema = &dataset->schema;
    PT_TRY(pt_alloc(&dataset->label, (size_t)schema->n_task, sizeof dataset->label[0]));
    for (int32_t i = 0; i < pt_dataset_n_stack(dataset); i++) {
        pt_stack_t *stack = pt_dataset_stack(dataset, i);
        int32_t t = i / PT_N_SPLIT - 1, s = i % PT_N_SPLIT;
        stack->array.space = stack->array.id = stack->array.stored = H5I_INVALID_HID;
        stack->scale = t < 0 ? schema->input.scale : 1;
        if (t < 0) {
            stack->cell = schema->input.cell;
            stack->n = schema->input.n[s];
            stack->n_value = pt_schema_input_values(&schema->input);
            stack->n_channel = schema->input.hwc[2];
        } else if (!pt_schema_has_table(&schema->task[t].info)) {
            stack->cell = schema->task[t].cell[s];
            stack->n = schema->task[t].n[s];
            stack->n_value = pt_task_labels(&schema->task[t].info);
            stack->n_channel = schema->task[t].info.channels;
        }
        stack->row_bytes = (size_t)stack->n_value * pt_cell_bytes(stack->cell);
    }
    return PT_OK;
}

/* It must still be as rank 0 found it. */
static pt_status_t open_stack(pt_dataset_t *dataset, int32_t i)
{
    const char *path = dataset->path;
    pt_stack_t *stack = pt_dataset_stack(dataset, i);
    int32_t t = i / PT_N_SPLIT - 1;
    pt_split_t split = (pt_split_t)(i % PT_N_SPLIT);
    pt_schema_input_t input = dataset->schema.input;
    int64_t n = 0;
    if (t < 0) {
        input.n[split] = 0;
        PT_TRY(pt_schema_open_input(&input, dataset->file, path, split, &stack->array));
        n = input.n[split];
    } else if (stack->n > 0) {
        pt_schema_task_t task = dataset->schema.task[t];
        PT_TRY(pt_schema_open_labels(&task, dataset->file, path, split, &stack->array));
        PT_TRY(pt_schema_look_at_labels(&task, &stack->array, split, &input));
        n = task.cell[split] == stack->cell ? stack->array.dim[0] : -1;
    }
    if (n != stack->n)
        PT_FAIL(MISMATCH, "%s: changed while it was read", path);
    return PT_OK;
}

pt_status_t pt_dataset_open_stacks(pt_dataset_t *dataset)
{
    pt_status_t status = PT_OK;
    PT_TRY(pt_h5_open(dataset->path, &dataset->file));
    for (int32_t i = 0; status == PT_OK && i < pt_dataset_n_stack(dataset); i++)
        status = open_stack(dataset, i);
    return pt_h5_judge(status, dataset->file, dataset->path);
}

void pt_dataset_close_stacks(pt_dataset_t *dataset)
{
    for (int32_t i = 0; dataset->label && i < pt_dataset_n_stack(dataset); i++)
        pt_h5_array_close(&pt_dataset_stack(dataset, i)->array);
    pt_h5_close(dataset->file);
    dataset->file = H5I_INVALID_HID;
}

static pt_status_t fill_rows(pt_dataset_t *dataset)
{
    PT_TRY(pt_dataset_open_stacks(dataset));
    for (int32_t i = 0; i < pt_dataset_n_stack(dataset); i++) {
        const pt_stack_t *stack = pt_dataset_stack(dataset, i);
        int64_t n_rest = stack->n - stack->n_held;
        if (stack->n_held > 0)
            PT_TRY(pt_schema_read_cells(&stack->array, 0, stack->n_held, stack->cell,
                                        stack->scale, stack->rows));
        if (n_rest > 0)
            PT_TRY(pt_schema_read_cells(&stack->array, stack->n_held, n_rest, stack->cell,
                                        stack->scale, stack->rest));
    }
    return PT_OK;
}

pt_status_t pt_dataset_loaded(pt_dataset_t *dataset)
{
    if (dataset->disk)
        PT_TRY(pt_shared_ready(dataset->disk));
    return dataset->memory ? pt_shared_ready(dataset->memory) : PT_OK;
}

/* Which rows are held in memory, `room` bytes at most, stack after stack; bytes of all that
 * are and of all that are not. */
static void share_room(pt_dataset_t *dataset, size_t room, size_t *held, size_t *rest)
{
    *held = *rest = 0;
    for (int32_t i = 0; i < pt_dataset_n_stack(dataset); i++) {
        pt_stack_t *stack = pt_dataset_stack(dataset, i);
        size_t bytes = (size_t)stack->n * stack->row_bytes;
        size_t left = room > *held ? room - *held : 0;
        stack->n_held = bytes <= left ? stack->n : (int64_t)(left / stack->row_bytes);
        *held += pt_align_up((size_t)stack->n_held * stack->row_bytes);
        *rest += pt_align_up((size_t)(stack->n - stack->n_held) * stack->row_bytes);
    }
}

static void place_stacks(pt_dataset_t *dataset, char *held, char *rest)
{
    for (int32_t i = 0; i < pt_dataset_n_stack(dataset); i++) {
        pt_stack_t *stack = pt_dataset_stack(dataset, i);
        int64_t n_rest = stack->n - stack->n_held;
        if (stack->n_held > 0) {
            stack->rows = held;
            held += pt_align_up((size_t)stack->n_held * stack->row_bytes);
        }
        if (n_rest > 0) {
            stack->rest = rest;
            rest += pt_align_up((size_t)n_rest * stack->row_bytes);
        }
    }
}

static pt_status_t load_stacks(pt_dataset_t *dataset, pt_comm_t *comm, pt_comm_t *node,
                               size_t room)
{
    size_t n_held, n_rest;
    void *held = NULL, *rest = NULL;
    share_room(dataset, room, &n_held, &n_rest);
    if (n_held > 0)
        PT_AGREE(comm, pt_shared_new(node, n_held, &dataset->memory, &held));
    if (n_rest > 0)
        PT_AGREE(comm, pt_shared_new_on_disk(node, n_rest, &dataset->disk, &rest));
    place_stacks(dataset, held, rest);
    dataset->bytes += n_held;
    dataset->is_loaded = true;
    pt_status_t status = PT_OK;
    if (pt_comm_rank(node) == 0)
        status = fill_rows(dataset);
    pt_dataset_close_stacks(dataset);
    PT_AGREE(comm, status);
    return pt_dataset_loaded(dataset);
}

pt_status_t pt_dataset_stage(pt_dataset_t *dataset)
{
    dataset->staging.bytes = STAGING_BYTES;
    for (int32_t i = 0; i < pt_dataset_n_stack(dataset); i++) {
        size_t room = pt_stack_room(pt_dataset_stack(dataset, i));
        if (room > dataset->staging.bytes)
            dataset->staging.bytes = room;
    }
    PT_TRY(pt_alloc(&dataset->staging.room, dataset->staging.bytes, 1));
    dataset->bytes += dataset->staging.bytes;
    return pt_dataset_open_stacks(dataset);
}

static size_t table_bytes(const pt_schema_t *schema)
{
    size_t bytes = (size_t)schema->n_task * sizeof schema->task[0] +
                   (size_t)schema->n_name * sizeof schema->name[0];
    for (int s = 0; s < PT_N_SPLIT; s++)
        bytes += schema->group[s] ? (size_t)schema->input.n[s] * sizeof(int64_t) : 0;
    for (int32_t t = 0; t < schema->n_task; t++)
        for (int s = 0; s < PT_N_SPLIT; s++) {
            const pt_schema_task_t *task = &schema->task[t];
            size_t n = (size_t)task->n[s], width = (size_t)pt_task_labels(&task->info);
            bytes += task->index[s] ? n * sizeof(int64_t) : 0;
            bytes += task->labels[s] ? n * width * sizeof(int32_t) : 0;
        }
    return bytes;
}

/* One rank of a node reads the file, and who finds another file there than that one: the
 * file system is not asked by all ranks of a large job.  Collective over `node`. */
static pt_status_t find_readers(const char *path, pt_comm_t *node, bool *is_reader)
{
    uint64_t mine[2] = {0, 0}, first[2];
    struct stat file;
    if (stat(path, &file) == 0) {
        mine[0] = (uint64_t)file.st_dev;
        mine[1] = (uint64_t)file.st_ino;
    }
    memcpy(first, mine, sizeof first);
    PT_TRY(pt_comm_bcast(node, first, sizeof first, 0));
    *is_reader = pt_comm_rank(node) == 0 || memcmp(first, mine, sizeof first) != 0;
    return PT_OK;
}

/* The inputs of a file that this rank trains on no sample of. */
static pt_status_t digest_unused(const pt_dataset_t *dataset, const char *path,
                                 char of_input[PT_N_SPLIT][33])
{
    pt_dataset_t own = {
        .schema = dataset->schema, .path = dataset->path, .file = H5I_INVALID_HID};
    pt_status_t status;
    PT_TRY_OR(done, form_stacks(&own));
    PT_TRY_OR(done, pt_dataset_stage(&own));
    PT_TRY_OR(done, pt_dataset_form_digest(&own, path, of_input));
done:
    pt_dataset_close_stacks(&own);
    pt_free(own.label);
    pt_free(own.staging.room);
    return status;
}

static bool has_wide_inputs(const pt_schema_input_t *input)
{
    bool is_wide = false;
    for (int s = 0; s < PT_N_SPLIT; s++)
        is_wide = is_wide || (input->n[s] > 0 && pt_number_is_wide(input->number[s]));
    return is_wide;
}

/* What is in memory may have lost something of the file's numbers. */
static pt_status_t digest_used(pt_dataset_t *dataset, const char *path,
                               char of_input[PT_N_SPLIT][33])
{
    bool must_open = dataset->file < 0 && has_wide_inputs(&dataset->schema.input);
    pt_status_t status = must_open ? pt_dataset_open_stacks(dataset) : PT_OK;
    if (status == PT_OK)
        status = pt_dataset_form_digest(dataset, path, of_input);
    if (must_open)
        pt_dataset_close_stacks(dataset);
    return status;
}

/* All readers must have the inputs that rank 0 has. */
static pt_status_t compare_inputs(pt_dataset_t *dataset, const char *path, pt_comm_t *comm,
                                  pt_comm_t *node, bool is_reader)
{
    char mine[PT_N_SPLIT][33] = {""}, first[PT_N_SPLIT][33];
    bool is_used = !dataset->is_loaded || pt_comm_rank(node) == 0;
    pt_status_t status = PT_OK;
    if (is_reader)
        status =
            is_used ? digest_used(dataset, path, mine) : digest_unused(dataset, path, mine);
    PT_AGREE(comm, status);
    memcpy(first, mine, sizeof first);
    PT_TRY(pt_comm_bcast(comm, first, sizeof first, 0));
    if (is_reader)
        status = pt_dataset_check_inputs(dataset, path, mine, first);
    PT_AGREE(comm, status);
    return pt_comm_bcast(comm, &dataset->digest, sizeof dataset->digest, 0);
}

static pt_status_t open_dataset(const char *path, const char *tasks, bool takes_gaps,
                                pt_comm_t *comm, pt_comm_t *node, bool is_loaded,
                                size_t room, pt_dataset_t **out)
{
    pt_dataset_t *dataset = NULL;
    bool is_reader = false;
    pt_status_t status = pt_alloc(&dataset, 1, sizeof *dataset);
    if (status == PT_OK) {
        dataset->file = H5I_INVALID_HID;
        status = pt_alloc(&dataset->path, strlen(path) + 1, 1);
    }
    PT_TRY_OR(fail, pt_comm_agree(comm, status));
    memcpy(dataset->path, path, strlen(path) + 1);
    PT_TRY_OR(fail, find_readers(path, node, &is_reader));
    PT_TRY_OR(fail, open_tables(dataset, path, tasks, takes_gaps, comm, is_reader));
    PT_TRY_OR(fail, pt_comm_agree(comm, form_stacks(dataset)));
    dataset->bytes = sizeof *dataset + table_bytes(&dataset->schema);
    if (is_loaded) {
        PT_TRY_OR(fail, load_stacks(dataset, comm, node, room));
    } else {
        PT_TRY_OR(fail, pt_comm_agree(comm, pt_dataset_stage(dataset)));
    }
    PT_TRY_OR(fail, compare_inputs(dataset, path, comm, node, is_reader));
    *out = dataset;
    return PT_OK;
fail:
    pt_dataset_close(dataset);
    return status;
}

pt_status_t pt_dataset_open(const char *path, const char *tasks, pt_comm_t *comm,
                            pt_comm_t *node, pt_cache_t cache, pt_dataset_t **out)
{
    return open_dataset(path, tasks, false, comm, node, cache != PT_CACHE_NONE,
                        cache == PT_CACHE_MEMORY ? SIZE_MAX : 0, out);
}

pt_status_t pt_dataset_open_bounded(const char *path, const char *tasks, pt_comm_t *comm,
                                    pt_comm_t *node, int64_t bytes, pt_dataset_t **out)
{
    return open_dataset(path, tasks, false, comm, node, true, (size_t)bytes, out);
}

pt_status_t pt_dataset_open_labels(const char *path, const char *tasks, pt_comm_t *comm,
                                   pt_comm_t *node, pt_dataset_t **out)
{
    return open_dataset(path, tasks, true, comm, node, false, 0, out);
}

void pt_dataset_close(pt_dataset_t *dataset)
{
    if (!dataset)
        return;
    pt_dataset_close_stacks(dataset);
    for (int32_t t = 0; dataset->task_standard && t < dataset->schema.n_task; t++)
        pt_free(dataset->task_standard[t]);
    pt_free(dataset->task_standard);
    pt_free(dataset->standard);
    pt_shared_free(dataset->memory);
    pt_shared_free(dataset->disk);
    pt_free(dataset->label);
    pt_free(dataset->staging.room);
    pt_free(dataset->path);
    pt_schema_release(&dataset->schema);
    pt_free(dataset);
}
