/* Arrays of results as CSV (RFC 4180): a line for every row, a column for every value. */
#include <stdio.h>
#include <string.h>

#include "polytree/base/memory.h"
#include "io/arrays.h"

/* In quotes where it has what would end a cell. */
static void put_cell(FILE *file, const char *text, size_t bytes)
{
    size_t n = strnlen(text, bytes);
    bool is_plain = true;
    for (size_t i = 0; i < n; i++)
        is_plain = is_plain && strchr(",\"\r\n", text[i]) == NULL;
    if (is_plain) {
        fwrite(text, 1, n, file);
        return;
    }
    putc('"', file);
    for (size_t i = 0; i < n; i++) {
        if (text[i] == '"')
            putc('"', file);
        putc(text[i], file);
    }
    putc('"', file);
}

static void put_header(FILE *file, const pt_array_t *array)
{
    char name[PT_ARRAY_NAME + sizeof array->class_name->text + 1];
    for (int64_t j = 0, n = arrays_count(array); j < n; j++) {
        int bytes = snprintf(name, sizeof name, ",%s", array->column);
        size_t at = (size_t)bytes, room = sizeof name - at;
        if (array->n_dim > 0 && array->class_name != NULL)
            bytes += snprintf(name + at, room, ".%s", array->class_name[j].text);
        else if (array->n_dim > 0)
            bytes += snprintf(name + at, room, ".%lld", (long long)j);
        putc(',', file);
        put_cell(file, name + 1, (size_t)bytes - 1);
    }
}

static pt_status_t create(pt_arrays_t *a)
{
    FILE *file = fopen(a->temp, "w");
    if (file == NULL)
        return arrays_fail(a);
    a->state = file;
    fputs("row", file);
    for (int32_t i = 0; i < a->n; i++)
        put_header(file, &a->array[i]);
    putc('\n', file);
    return ferror(file) ? arrays_fail(a) : PT_OK;
}

static void put_value(FILE *file, const pt_array_t *array, const void *row, int64_t i)
{
    const int32_t *integer = row;
    const float *single = row;
    const double *wide = row;
    const char *text = row;
    bool is_named = array->type == PT_ARRAY_I32 && array->class_name != NULL &&
                    integer[i] < array->n_class_name;
    if (array->type == PT_ARRAY_TEXT)
        put_cell(file, text + i * array->text_bytes, (size_t)array->text_bytes);
    else if (is_named)
        put_cell(file, array->class_name[integer[i]].text,
                 sizeof array->class_name[0].text);
    else if (array->type == PT_ARRAY_I32)
        fprintf(file, "%d", (int)integer[i]);
    else if (array->type == PT_ARRAY_F64) /* what is read back is the same number */
        fprintf(file, "%.17g", wide[i]);
    else
        fprintf(file, "%.9g", (double)single[i]);
}

static pt_status_t put(pt_arrays_t *a, int64_t n, const void *const *row)
{
    FILE *file = a->state;
    for (int64_t r = 0; r < n; r++) {
        fprintf(file, "%lld", (long long)(a->at + r));
        for (int32_t i = 0; i < a->n; i++)
            for (int64_t j = 0, m = arrays_count(&a->array[i]); j < m; j++) {
                putc(',', file);
                put_value(file, &a->array[i], row[i], r * m + j);
            }
        putc('\n', file);
    }
    return ferror(file) ? arrays_fail(a) : PT_OK;
}

static pt_status_t finish(pt_status_t status, pt_arrays_t *a)
{
    FILE *file = a->state;
    if (file != NULL && fclose(file) != 0 && status == PT_OK)
        status = arrays_fail(a);
    return status;
}

const arrays_format_t arrays_csv = {
    .end = ".csv", .create = create, .put = put, .finish = finish};
