/* Data sets that are written input by input. */
#include <stdio.h>

#include "polytree/base/memory.h"
#include "io/dataset.h"

/* Rows are written together up to about this size. */
enum { BLOCK_BYTES = 1 << 16 };

/* One array of the file, and the rows that are on their way there. */
typedef struct column {
    pt_cell_t cell;
    int32_t n_dim;
    int64_t dim[4];
    int64_t n_value; /* of a row */
    size_t row_bytes;
    hid_t id;
    char *block; /* rows n_put.. of the file */
    int64_t n_block, n_held;
    pt_label_t *label;
    int64_t n_put; /* rows that are in the file */
} column_t;

/* The arrays of a split that are filled. */
typedef struct fill {
    hid_t file;
    const char *path;
    pt_split_t split;
    const pt_dataset_source_t *source;
    column_t image;
    column_t *task;
    pt_label_t **label; /* of each task */
    int64_t n_input;    /* that have come */
} fill_t;

static hid_t file_type(pt_cell_t cell)
{
    return cell == PT_CELL_U8    ? H5T_STD_U8LE
           : cell == PT_CELL_I32 ? H5T_STD_I32LE
           : cell == PT_CELL_F64 ? H5T_IEEE_F64LE
                                 : H5T_IEEE_F32LE;
}

static pt_cell_t cell_of(const pt_task_info_t *info)
{
    int32_t most = pt_schema_has_classes(info) ? info->classes - 1 : 1;
    if (info->has_ignore && (info->ignore < 0 || info->ignore > most))
        most = info->ignore < 0 ? INT32_MAX : info->ignore;
    return pt_task_is_float(info) ? PT_CELL_F32
           : most <= UINT8_MAX    ? PT_CELL_U8
                                  : PT_CELL_I32;
}

static pt_status_t open_column(const fill_t *c, column_t *column, const char *name)
{
    char full[160];
    column->n_value = 1;
    for (int32_t i = 1; i < column->n_dim; i++)
        column->n_value *= column->dim[i];
    column->row_bytes = (size_t)column->n_value * pt_cell_bytes(column->cell);
    column->n_block = (int64_t)(BLOCK_BYTES / column->row_bytes);
    column->n_block = column->n_block < 1                ? 1
                      : column->n_block > column->dim[0] ? column->dim[0]
                                                         : column->n_block;
    snprintf(full, sizeof full, "%s/%s", pt_split_name(c->split), name);
    PT_TRY(pt_alloc(&column->block, (size_t)column->n_block, column->row_bytes));
    return pt_h5_put_array(c->file, c->path, full, file_type(column->cell),
                           pt_cell_type(column->cell), column->n_dim, column->dim, NULL,
                           &column->id);
}

static pt_status_t open_task(fill_t *c, int32_t t)
{
    char name[96];
    const pt_dataset_source_t *source = c->source;
    const pt_task_info_t *info = &source->task[t].info;
    column_t *column = &c->task[t];
    bool is_regression = info->kind == PT_TASK_REGRESSION;
    bool is_map = !is_regression || pt_task_is_map(info);
    int64_t channels = info->kind == PT_TASK_NORMALS ? 3
                       : is_regression               ? info->channels
                                                     : 1;
    if (is_regression && is_map &&
        (info->height != source->height || info->width != source->width))
        PT_FAIL(SHAPE, "task %s: maps of another size than the inputs", info->name);
    *column = (column_t){.cell = cell_of(info), .id = H5I_INVALID_HID};
    column->dim[column->n_dim++] = source->task[t].rows[c->split].n;
    if (is_map) {
        column->dim[column->n_dim++] = source->height;
        column->dim[column->n_dim++] = source->width;
    }
    if (channels > 1 || is_regression)
        column->dim[column->n_dim++] = channels;
    snprintf(name, sizeof name, "tasks/%s/labels", info->name);
    PT_TRY(open_column(c, column, name));
    PT_TRY(pt_alloc(&column->label, (size_t)column->n_value, sizeof *column->label));
    c->label[t] = column->label;
    return PT_OK;
}

bool pt_dataset_fills_task(const pt_task_source_t *task, pt_split_t split)
{
    return task->rows[split].n > 0 && !pt_schema_has_table(&task->info) &&
           !task->values[split];
}

static pt_status_t open_columns(fill_t *c)
{
    const pt_dataset_source_t *source = c->source;
    PT_TRY(pt_alloc(&c->task, (size_t)source->n_task, sizeof *c->task));
    for (int32_t t = 0; t < source->n_task; t++)
        c->task[t].id = H5I_INVALID_HID;
    PT_TRY(pt_alloc(&c->label, (size_t)source->n_task, sizeof *c->label));
    c->image = (column_t){
        .cell = source->is_double  ? PT_CELL_F64
                : source->is_float ? PT_CELL_F32
                                   : PT_CELL_U8,
        .n_dim = 4,
        .dim = {source->n[c->split], source->height, source->width, source->channels},
        .id = H5I_INVALID_HID};
    if (source->is_features) {
        c->image.n_dim = 2;
        c->image.dim[1] = source->channels;
    }
    if (source->images[c->split] == NULL)
        PT_TRY(open_column(c, &c->image, source->is_features ? "inputs" : "images"));
    for (int32_t t = 0; t < source->n_task; t++)
        if (pt_dataset_fills_task(&source->task[t], c->split))
            PT_TRY(open_task(c, t));
    return PT_OK;
}

static void close_column(column_t *column)
{
    pt_h5_close(column->id);
    pt_free(column->block);
    pt_free(column->label);
}

static void close_columns(fill_t *c)
{
    close_column(&c->image);
    for (int32_t t = 0; c->task && t < c->source->n_task; t++)
        close_column(&c->task[t]);
    pt_free(c->task);
    pt_free(c->label);
}

/* Where the next row of a column is formed; NULL: the column is not filled. */
static void *next_row(column_t *column)
{
    return column->block ? column->block + (size_t)column->n_held * column->row_bytes
                         : NULL;
}

static pt_status_t store_labels(const pt_task_info_t *info, column_t *column)
{
    void *row = next_row(column);
    for (int64_t i = 0; i < column->n_value; i++) {
        int32_t label = column->label[i].i;
        if (column->cell == PT_CELL_F32) {
            ((float *)row)[i] = column->label[i].f;
            continue;
        }
        if (label == PT_LABEL_NONE && !info->has_ignore)
            PT_FAIL(RANGE, "task %s has no number for a missing label", info->name);
        label = label == PT_LABEL_NONE ? info->ignore : label;
        if (column->cell == PT_CELL_I32)
            ((int32_t *)row)[i] = label;
        else if (label >= 0 && label <= UINT8_MAX)
            ((uint8_t *)row)[i] = (uint8_t)label;
        else
            PT_FAIL(RANGE, "task %s: label %d of %d classes", info->name, label,
                    info->classes);
    }
    return PT_OK;
}

/* The row that was formed is one of the column's; its last goes to the file in any case. */
static pt_status_t keep_row(const fill_t *c, column_t *column)
{
    column->n_held++;
    if (column->n_held < column->n_block && column->n_put + column->n_held < column->dim[0])
        return PT_OK;
    PT_TRY(pt_h5_put_rows(column->id, c->path, pt_cell_type(column->cell), column->n_dim,
                          column->dim, column->n_put, column->n_held, column->block));
    column->n_put += column->n_held;
    column->n_held = 0;
    return PT_OK;
}

static pt_status_t keep_input(fill_t *c)
{
    if (c->image.block)
        PT_TRY(keep_row(c, &c->image));
    for (int32_t t = 0; t < c->source->n_task; t++) {
        column_t *column = &c->task[t];
        const pt_task_source_t *task = &c->source->task[t];
        const int64_t *index = task->rows[c->split].index;
        int64_t row = column->n_put + column->n_held;
        if (!column->label || row == column->dim[0] || (index && index[row] != c->n_input))
            continue;
        PT_TRY(store_labels(&task->info, column));
        PT_TRY(keep_row(c, column));
    }
    c->n_input++;
    return PT_OK;
}

pt_status_t pt_dataset_write_filled(hid_t file, const char *path,
                                    const pt_dataset_source_t *source, pt_split_t first,
                                    pt_split_t last)
{
    fill_t fill[PT_N_SPLIT] = {{.n_input = 0}};
    int64_t n = 0;
    pt_status_t status = PT_OK;
    for (int s = (int)first; s <= (int)last; s++) {
        fill[s] = (fill_t){.file = file,
                           .path = path,
                           .split = (pt_split_t)s,
                           .source = source,
                           .image.id = H5I_INVALID_HID};
        n += source->n[s];
    }
    for (int s = (int)first; s <= (int)last; s++)
        if (source->n[s] > 0)
            PT_TRY_OR(done, open_columns(&fill[s]));
    for (int64_t i = 0; i < n; i++) {
        fill_t *c = &fill[source->order ? source->order[i] : first];
        PT_TRY_OR(done, source->fill(source->context, c->split, c->n_input,
                                     next_row(&c->image), c->label));
        PT_TRY_OR(done, keep_input(c));
    }
done:
    for (int s = (int)first; s <= (int)last; s++)
        if (fill[s].source)
            close_columns(&fill[s]);
    return status;
}
