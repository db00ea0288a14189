/* Asking an open data set: its tasks and sizes, and stored inputs and labels as numbers. */
#include "io/dataset.h"

#include <math.h>
#include <string.h>

int32_t pt_dataset_n_task(const pt_dataset_t *dataset)
{
    return dataset->schema.n_task;
}

const char *pt_dataset_file_task(const pt_dataset_t *dataset, int32_t i)
{
    return i < dataset->schema.n_name ? dataset->schema.name[i] : NULL;
}

const pt_task_info_t *pt_dataset_task(const pt_dataset_t *dataset, int32_t task)
{
    return &dataset->schema.task[task].info;
}

const pt_class_name_t *pt_dataset_class_names(const pt_dataset_t *dataset, int32_t task)
{
    return dataset->schema.task[task].class_name;
}

pt_input_info_t pt_dataset_input_info(const pt_dataset_t *dataset)
{
    const pt_schema_input_t *input = &dataset->schema.input;
    return (pt_input_info_t){.hwc = {input->hwc[0], input->hwc[1], input->hwc[2]},
                             .is_image = input->is_image,
                             .is_byte = input->cell == PT_CELL_U8,
                             .scale = input->scale,
                             .standard = dataset->standard,
                             .name = dataset->schema.input_name};
}

void pt_dataset_input(const pt_dataset_t *dataset, int64_t hwc[3])
{
    memcpy(hwc, dataset->schema.input.hwc, sizeof dataset->schema.input.hwc);
}

int64_t pt_dataset_n_input(const pt_dataset_t *dataset, pt_split_t split)
{
    return dataset->schema.input.n[split];
}

const int64_t *pt_dataset_group(const pt_dataset_t *dataset, pt_split_t split)
{
    return dataset->schema.group[split];
}

pt_task_rows_t pt_dataset_rows(const pt_dataset_t *dataset, pt_split_t split, int32_t task)
{
    const pt_schema_task_t *t = &dataset->schema.task[task];
    return (pt_task_rows_t){
        .n = t->n[split], .index = t->index[split], .labels = t->labels[split]};
}

int64_t pt_task_rows_find(const pt_task_rows_t *rows, int64_t row)
{
    if (!rows->index)
        return row < rows->n ? row : -1;
    int64_t low = 0, high = rows->n;
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        if (rows->index[middle] < row)
            low = middle + 1;
        else
            high = middle;
    }
    return low < rows->n && rows->index[low] == row ? low : -1;
}

int64_t pt_dataset_n_labelled(const pt_dataset_t *dataset, pt_split_t split, int32_t task)
{
    return dataset->schema.task[task].tally[split].n_row;
}

bool pt_dataset_is_coarse(const pt_dataset_t *dataset, int32_t task,
                          char text[PT_COARSE_TEXT])
{
    return pt_schema_is_coarse(&dataset->schema.task[task], text);
}

bool pt_dataset_is_blurred(const pt_dataset_t *dataset, int32_t task,
                           char text[PT_COARSE_TEXT])
{
    const pt_schema_t *schema = &dataset->schema;
    const pt_blur_t *blur =
        task < 0 ? &dataset->blur : &schema->task[task].tally[PT_SPLIT_TRAIN].blur;
    return pt_schema_is_blurred(schema, task, blur, text);
}

const pt_dataset_digest_t *pt_dataset_digest(const pt_dataset_t *dataset)
{
    return &dataset->digest;
}

bool pt_dataset_is_digest(const pt_dataset_digest_t *digest, const char *text)
{
    return strcmp(digest->text, text) == 0 || strcmp(digest->rounded, text) == 0;
}

size_t pt_dataset_bytes(const pt_dataset_t *dataset)
{
    return dataset->bytes;
}

void pt_dataset_expect(const pt_dataset_t *dataset, pt_split_t split, const int64_t *row,
                       int64_t n)
{
    pt_stack_expect(&dataset->input[split], row, n);
}

pt_status_t pt_dataset_read(pt_dataset_t *dataset, pt_split_t split, const int64_t *row,
                            int64_t n, float *out)
{
    const pt_schema_input_t *input = &dataset->schema.input;
    const pt_stack_t *stack = &dataset->input[split];
    int64_t values = pt_schema_input_values(input), k;
    const char *stored;
    for (int64_t i = 0; i < n; i++)
        if (row[i] < 0 || row[i] >= stack->n)
            PT_FAIL(RANGE, "%s input %lld is asked for, there are %lld",
                    pt_split_name(split), (long long)row[i], (long long)stack->n);
    for (int64_t i = 0; i < n; i += k) {
        PT_TRY(pt_stack_fetch(stack, &dataset->staging, row + i, n - i, &stored, &k));
        for (int64_t j = 0; j < k; j++)
            if (!pt_schema_convert_input(input, stored + (size_t)j * stack->row_bytes,
                                         out + (i + j) * values))
                PT_FAIL(FORMAT, "%s: row %lld has a value that is not finite",
                        stack->array.where, (long long)row[i + j]);
    }
    return PT_OK;
}

/* Labels of rows of a task, or what is formed of them. */
static pt_status_t read_rows(pt_dataset_t *dataset, pt_split_t split, int32_t task,
                             const int64_t *row, int64_t n,
                             void (*convert)(const pt_task_info_t *, pt_cell_t,
                                             const void *, pt_label_t *),
                             pt_label_t *out)
{
    const pt_schema_task_t *t = &dataset->schema.task[task];
    const pt_stack_t *stack = &dataset->label[task][split];
    int64_t width = pt_task_labels(&t->info), k;
    const char *stored;
    for (int64_t i = 0; i < n; i++)
        if (row[i] < 0 || row[i] >= t->n[split])
            PT_FAIL(RANGE, "%s row %lld of task %s is asked for, there are %lld",
                    pt_split_name(split), (long long)row[i], t->info.name,
                    (long long)t->n[split]);
    for (int64_t i = 0; pt_schema_has_table(&t->info) && i < n; i++)
        convert(&t->info, PT_CELL_I32, t->labels[split] + row[i] * width, out + i * width);
    pt_stack_expect(stack, row, n);
    for (int64_t i = 0; !pt_schema_has_table(&t->info) && i < n; i += k) {
        PT_TRY(pt_stack_fetch(stack, &dataset->staging, row + i, n - i, &stored, &k));
        for (int64_t j = 0; j < k; j++)
            convert(&t->info, stack->cell, stored + (size_t)j * stack->row_bytes,
                    out + (i + j) * width);
    }
    return PT_OK;
}

pt_status_t pt_dataset_read_labels(pt_dataset_t *dataset, pt_split_t split, int32_t task,
                                   const int64_t *row, int64_t n, pt_label_t *out)
{
    return read_rows(dataset, split, task, row, n, pt_schema_convert_labels, out);
}

pt_status_t pt_dataset_read_rests(pt_dataset_t *dataset, pt_split_t split, int32_t task,
                                  const int64_t *row, int64_t n, pt_label_t *out)
{
    return read_rows(dataset, split, task, row, n, pt_schema_convert_rests, out);
}
