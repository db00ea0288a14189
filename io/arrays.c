/* Arrays of results into a file: which format, and its temporary name. */
#include "io/arrays.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "polytree/base/memory.h"
#include "io/file.h"

static const arrays_format_t *find_format(const char *path)
{
    static const arrays_format_t *const known[] = {&arrays_h5, &arrays_npz, &arrays_csv};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        size_t n = strlen(path), end = strlen(known[i]->end);
        if (n > end && strcmp(path + n - end, known[i]->end) == 0)
            return known[i];
    }
    return NULL;
}

int64_t arrays_count(const pt_array_t *array)
{
    int64_t count = 1;
    for (int32_t d = 0; d < array->n_dim; d++)
        count *= array->dim[d];
    return count;
}

size_t pt_array_row_bytes(const pt_array_t *array)
{
    int64_t value = array->type == PT_ARRAY_TEXT  ? array->text_bytes
                    : array->type == PT_ARRAY_F64 ? 8
                                                  : 4;
    return (size_t)(arrays_count(array) * value);
}

pt_status_t arrays_fail(const pt_arrays_t *arrays)
{
    PT_FAIL(IO, "%s: cannot write: %s", arrays->temp, strerror(errno));
}

pt_status_t pt_arrays_check(const char *path, int32_t n, const pt_array_t *array)
{
    const arrays_format_t *format = find_format(path);
    if (format == NULL)
        PT_FAIL(USAGE, "%s: expected a name that ends in .h5, .npz or .csv", path);
    for (int32_t i = 0; format == &arrays_csv && i < n; i++)
        if (array[i].n_dim > 1)
            PT_FAIL(SHAPE, "%s: a line of CSV has no place for the map %s: use .h5 or .npz",
                    path, array[i].name);
    return PT_OK;
}

pt_status_t pt_arrays_create(const char *path, int64_t n_row, int32_t n,
                             const pt_array_t *array, pt_arrays_t **out)
{
    pt_arrays_t *a;
    pt_status_t status;
    PT_TRY(pt_arrays_check(path, n, array));
    PT_TRY(pt_alloc(&a, 1, sizeof *a));
    a->format = find_format(path);
    a->n_row = n_row;
    a->n = n;
    strncpy(a->path, path, sizeof a->path - 1);
    PT_TRY_OR(failed, pt_path_temp(path, a->temp));
    PT_TRY_OR(failed, pt_alloc(&a->array, (size_t)n, sizeof *a->array));
    memcpy(a->array, array, (size_t)n * sizeof *a->array);
    pt_file_expose(a->temp);
    status = a->format->create(a);
    if (status != PT_OK)
        return pt_arrays_finish(status, a);
    *out = a;
    return PT_OK;
failed:
    pt_free(a->array);
    pt_free(a);
    return status;
}

pt_status_t pt_arrays_put(pt_arrays_t *arrays, int64_t n, const void *const *row)
{
    if (arrays->at + n > arrays->n_row)
        PT_FAIL(INTERNAL, "%s: more rows than were announced", arrays->path);
    PT_TRY(arrays->format->put(arrays, n, row));
    arrays->at += n;
    return PT_OK;
}

pt_status_t pt_arrays_finish(pt_status_t status, pt_arrays_t *arrays)
{
    pt_arrays_t *a = arrays;
    if (a == NULL)
        return status;
    if (status == PT_OK && a->at != a->n_row)
        status = PT_ERROR(INTERNAL, "%s: %lld rows of %lld", a->path, (long long)a->at,
                          (long long)a->n_row);
    status = a->format->finish(status, a);
    if (status == PT_OK)
        status = pt_file_publish(a->temp, a->path);
    if (status != PT_OK)
        unlink(a->temp);
    pt_file_expose(NULL);
    status = pt_file_blame(status, a->temp, a->path);
    pt_free(a->array);
    pt_free(a);
    return status;
}
