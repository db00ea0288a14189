/* Data sets that are written input by input. */
#include <stdio.h>

#include "polytree/base/memory.h"
#include "io/dataset.h"

/* One array of the file, and the row that is on its way there. */
typedef struct column {
    pt_cell_t cell;
    int32_t n_dim;
    int64_t dim[4];
    int64_t n_value; /* of a row */
    hid_t id;
    void *row;
    pt_label_t *label;
    int64_t n_put; /* rows that are in the file */
} column_t;

typedef struct fill {
    hid_t file;
    const char *path;
    pt_split_t split;
    const pt_dataset_source_t *source;
    column_t image;
    column_t *task;
    pt_label_t **label; /* of each task */
} fill_t;

static hid_t file_type(pt_cell_t cell)
{
    return cell == PT_CELL_U8    ? H5T_STD_U8LE
           : cell == PT_CELL_I32 ? H5T_STD_I32LE
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
    snprintf(full, sizeof full, "%s/%s", pt_split_name(c->split), name);
    PT_TRY(pt_alloc(&column->row, (size_t)column->n_value, pt_cell_bytes(column->cell)));
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

static pt_status_t open_columns(fill_t *c)
{
    const pt_dataset_source_t *source = c->source;
    PT_TRY(pt_alloc(&c->task, (size_t)source->n_task, sizeof *c->task));
    for (int32_t t = 0; t < source->n_task; t++)
        c->task[t].id = H5I_INVALID_HID;
    PT_TRY(pt_alloc(&c->label, (size_t)source->n_task, sizeof *c->label));
    c->image = (column_t){
        .cell = source->is_float ? PT_CELL_F32 : PT_CELL_U8,
        .n_dim = 4,
        .dim = {source->n[c->split], source->height, source->width, source->channels},
        .id = H5I_INVALID_HID};
    if (source->images[c->split] == NULL)
        PT_TRY(open_column(c, &c->image, "images"));
    for (int32_t t = 0; t < source->n_task; t++)
        if (!pt_schema_has_table(&source->task[t].info) &&
            source->task[t].rows[c->split].n > 0)
            PT_TRY(open_task(c, t));
    return PT_OK;
}

static void close_column(column_t *column)
{
    pt_h5_close(column->id);
    pt_free(column->row);
    pt_free(column->label);
}

static pt_status_t store_labels(const pt_task_info_t *info, column_t *column)
{
    for (int64_t i = 0; i < column->n_value; i++) {
        int32_t label = column->label[i].i;
        if (column->cell == PT_CELL_F32) {
            ((float *)column->row)[i] = column->label[i].f;
            continue;
        }
        if (label == PT_LABEL_NONE && !info->has_ignore)
            PT_FAIL(RANGE, "task %s has no number for a missing label", info->name);
        label = label == PT_LABEL_NONE ? info->ignore : label;
        if (column->cell == PT_CELL_I32)
            ((int32_t *)column->row)[i] = label;
        else if (label >= 0 && label <= UINT8_MAX)
            ((uint8_t *)column->row)[i] = (uint8_t)label;
        else
            PT_FAIL(RANGE, "task %s: label %d of %d classes", info->name, label,
                    info->classes);
    }
    return PT_OK;
}

static pt_status_t put_row(const fill_t *c, column_t *column)
{
    return pt_h5_put_rows(column->id, c->path, pt_cell_type(column->cell), column->n_dim,
                          column->dim, column->n_put++, 1, column->row);
}

static pt_status_t put_input(fill_t *c, int64_t i)
{
    if (c->image.row)
        PT_TRY(put_row(c, &c->image));
    for (int32_t t = 0; t < c->source->n_task; t++) {
        column_t *column = &c->task[t];
        const pt_task_source_t *task = &c->source->task[t];
        const int64_t *index = task->rows[c->split].index;
        if (!column->label || column->n_put == column->dim[0] ||
            (index && index[column->n_put] != i))
            continue;
        PT_TRY(store_labels(&task->info, column));
        PT_TRY(put_row(c, column));
    }
    return PT_OK;
}

pt_status_t pt_dataset_write_filled(hid_t file, const char *path, pt_split_t split,
                                    const pt_dataset_source_t *source)
{
    fill_t c = {.file = file, .path = path, .split = split, .source = source};
    pt_status_t status = open_columns(&c);
    for (int64_t i = 0; status == PT_OK && i < source->n[split]; i++) {
        status = source->fill(source->context, split, i, c.image.row, c.label);
        if (status == PT_OK)
            status = put_input(&c, i);
    }
    close_column(&c.image);
    for (int32_t t = 0; c.task && t < source->n_task; t++)
        close_column(&c.task[t]);
    pt_free(c.task);
    pt_free(c.label);
    return status;
}
