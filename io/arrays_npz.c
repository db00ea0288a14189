/* Arrays of results as NumPy's npz: a zip archive of .npy files, none compressed.
 *
 * Sizes are known before the first row, so that each array has its place in the file and
 * rows go there; the sums, which stand before the values, are written at the end:
 *
 *     entry      "PK\3\4", name, .npy header, values      (of every array)
 *     directory  "PK\1\2", sum, sizes, place, name        (of every array)
 *     end        "PK\6\6" and its place, "PK\5\6"
 *
 * All of them have the long form for sizes of more than 32 bits (APPNOTE.TXT 6.3.9, 4.5.3).
 * Names of classes are an array of their own, TASK/class_names.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <zlib.h>

#include "polytree/base/memory.h"
#include "io/arrays.h"

enum { LOCAL_BYTES = 30, LOCAL_EXTRA = 20, SUM_AT = 14, CENTRAL_EXTRA = 28 };
enum { VERSION = 45, IS_UTF8 = 1 << 11, MIDNIGHT = 0, DAY_ONE = 33 /* of 1980 */ };
enum { ENTRY_NAME = PT_ARRAY_NAME + 16 };

/* One file of the archive. */
typedef struct entry {
    char name[ENTRY_NAME];
    char head[256]; /**< of its .npy */
    size_t head_bytes;
    uint64_t place, values, size; /**< of the entry, of its values; bytes of the .npy */
    uLong sum;
    uint64_t done; /**< bytes of values written */
} npz_entry_t;

typedef struct archive {
    FILE *file;
    int32_t n; /**< entries: those of the arrays first */
    npz_entry_t *entry;
} npz_file_t;

/* Integers are little endian. */
static void put(FILE *file, int bytes, uint64_t value)
{
    for (int i = 0; i < bytes; i++)
        putc((int)(value >> (8 * i) & 0xff), file);
}

/* NumPy's header: its length, with what is before it, is a multiple of 64. */
static void make_head(npz_entry_t *e, const char *type, int32_t n_dim, const int64_t *dim)
{
    int n = 10 + snprintf(e->head + 10, sizeof e->head - 10,
                          "{'descr': '%s', 'fortran_order': False, 'shape': (", type);
    for (int32_t d = 0; d < n_dim; d++)
        n += snprintf(e->head + n, sizeof e->head - (size_t)n, d == 0 ? "%lld," : " %lld,",
                      (long long)dim[d]);
    if (n_dim > 1)
        n--; /* a comma behind one number alone makes it a tuple */
    n += snprintf(e->head + n, sizeof e->head - (size_t)n, "), }");
    while ((n + 1) % 64 != 0)
        e->head[n++] = ' ';
    e->head[n++] = '\n';
    memcpy(e->head, "\x93NUMPY\1", 8);
    e->head[8] = (char)((n - 10) & 0xff);
    e->head[9] = (char)((n - 10) >> 8);
    e->head_bytes = (size_t)n;
}

static void describe_array(const pt_arrays_t *a, const pt_array_t *array, npz_entry_t *e)
{
    int64_t dim[1 + PT_ARRAY_MAX_DIM] = {a->n_row};
    char type[32];
    memcpy(dim + 1, array->dim, sizeof array->dim);
    if (array->type == PT_ARRAY_TEXT)
        snprintf(type, sizeof type, "|S%lld", (long long)array->text_bytes);
    else
        snprintf(type, sizeof type, "%s",
                 array->type == PT_ARRAY_I32   ? "<i4"
                 : array->type == PT_ARRAY_F64 ? "<f8"
                                               : "<f4");
    snprintf(e->name, sizeof e->name, "%s.npy", array->name);
    make_head(e, type, 1 + array->n_dim, dim);
    e->size = e->head_bytes + (uint64_t)a->n_row * pt_array_row_bytes(array);
}

static void describe_names(const pt_array_t *array, npz_entry_t *e)
{
    char type[32];
    snprintf(type, sizeof type, "|S%zu", sizeof array->class_name[0].text);
    const char *end = strrchr(array->name, '/');
    int n = end != NULL ? (int)(end - array->name) + 1 : 0;
    snprintf(e->name, sizeof e->name, "%.*sclass_names.npy", n, array->name);
    make_head(e, type, 1, &array->n_class_name);
    e->size =
        e->head_bytes + (uint64_t)array->n_class_name * sizeof array->class_name[0].text;
}

/* Once for all arrays that have the same. */
static bool has_names(const pt_arrays_t *a, int32_t i)
{
    const pt_class_name_t *name = a->array[i].class_name;
    for (int32_t j = 0; j < i; j++)
        if (a->array[j].class_name == name)
            return false;
    return name != NULL;
}

static pt_status_t begin_entry(pt_arrays_t *a, npz_entry_t *e, uint64_t *place)
{
    FILE *file = ((npz_file_t *)a->state)->file;
    size_t name = strlen(e->name);
    e->place = *place;
    e->values = e->place + LOCAL_BYTES + name + LOCAL_EXTRA + e->head_bytes;
    *place = e->values - e->head_bytes + e->size;
    e->sum = crc32(0, (const Bytef *)e->head, (uInt)e->head_bytes);
    if (fseeko(file, (off_t)e->place, SEEK_SET) != 0)
        return arrays_fail(a);
    fwrite("PK\3\4", 1, 4, file);
    put(file, 2, VERSION);
    put(file, 2, IS_UTF8);
    put(file, 2, 0); /* stored */
    put(file, 2, MIDNIGHT);
    put(file, 2, DAY_ONE);
    put(file, 4, 0); /* its sum comes last */
    put(file, 4, UINT32_MAX);
    put(file, 4, UINT32_MAX);
    put(file, 2, name);
    put(file, 2, LOCAL_EXTRA);
    fwrite(e->name, 1, name, file);
    put(file, 2, 1); /* the long sizes */
    put(file, 2, LOCAL_EXTRA - 4);
    put(file, 8, e->size);
    put(file, 8, e->size);
    fwrite(e->head, 1, e->head_bytes, file);
    return ferror(file) ? arrays_fail(a) : PT_OK;
}

static pt_status_t put_values(pt_arrays_t *a, npz_entry_t *e, const void *data,
                              size_t bytes)
{
    FILE *file = ((npz_file_t *)a->state)->file;
    if (fseeko(file, (off_t)(e->values + e->done), SEEK_SET) != 0 ||
        fwrite(data, 1, bytes, file) != bytes)
        return arrays_fail(a);
    e->sum = crc32_z(e->sum, data, bytes);
    e->done += bytes;
    return PT_OK;
}

static pt_status_t create(pt_arrays_t *a)
{
    npz_file_t *z;
    uint64_t place = 0;
    PT_TRY(pt_alloc(&z, 1, sizeof *z));
    a->state = z;
    PT_TRY(pt_alloc(&z->entry, 2 * (size_t)a->n, sizeof *z->entry));
    z->file = fopen(a->temp, "wb");
    if (z->file == NULL)
        return arrays_fail(a);
    for (int32_t i = 0; i < a->n; i++)
        describe_array(a, &a->array[i], &z->entry[z->n++]);
    for (int32_t i = 0; i < a->n; i++)
        if (has_names(a, i))
            describe_names(&a->array[i], &z->entry[z->n++]);
    for (int32_t i = 0; i < z->n; i++)
        PT_TRY(begin_entry(a, &z->entry[i], &place));
    for (int32_t i = 0, at = a->n; i < a->n; i++)
        if (has_names(a, i))
            PT_TRY(put_values(a, &z->entry[at++], a->array[i].class_name,
                              (size_t)a->array[i].n_class_name *
                                  sizeof a->array[i].class_name[0].text));
    return PT_OK;
}

static pt_status_t put_rows(pt_arrays_t *a, int64_t n, const void *const *row)
{
    npz_file_t *z = a->state;
    for (int32_t i = 0; i < a->n; i++)
        PT_TRY(put_values(a, &z->entry[i], row[i],
                          (size_t)n * pt_array_row_bytes(&a->array[i])));
    return PT_OK;
}

static void put_directory_entry(FILE *file, const npz_entry_t *e)
{
    size_t name = strlen(e->name);
    fwrite("PK\1\2", 1, 4, file);
    put(file, 2, VERSION);
    put(file, 2, VERSION);
    put(file, 2, IS_UTF8);
    put(file, 2, 0);
    put(file, 2, MIDNIGHT);
    put(file, 2, DAY_ONE);
    put(file, 4, e->sum);
    put(file, 4, UINT32_MAX);
    put(file, 4, UINT32_MAX);
    put(file, 2, name);
    put(file, 2, CENTRAL_EXTRA);
    put(file, 2, 0); /* no comment, on no other disk, without attributes */
    put(file, 2, 0);
    put(file, 2, 0);
    put(file, 4, 0);
    put(file, 4, UINT32_MAX);
    fwrite(e->name, 1, name, file);
    put(file, 2, 1);
    put(file, 2, CENTRAL_EXTRA - 4);
    put(file, 8, e->size);
    put(file, 8, e->size);
    put(file, 8, e->place);
}

static void put_end(FILE *file, uint64_t n, uint64_t begin, uint64_t end)
{
    fwrite("PK\6\6", 1, 4, file);
    put(file, 8, 44); /* bytes that follow of it */
    put(file, 2, VERSION);
    put(file, 2, VERSION);
    put(file, 4, 0);
    put(file, 4, 0);
    put(file, 8, n);
    put(file, 8, n);
    put(file, 8, end - begin);
    put(file, 8, begin);
    fwrite("PK\6\7", 1, 4, file);
    put(file, 4, 0);
    put(file, 8, end);
    put(file, 4, 1);
    fwrite("PK\5\6", 1, 4, file);
    put(file, 4, 0);
    put(file, 4, UINT32_MAX); /* numbers of entries */
    put(file, 4, UINT32_MAX);
    put(file, 4, UINT32_MAX);
    put(file, 2, 0);
}

static pt_status_t put_directory(pt_arrays_t *a)
{
    npz_file_t *z = a->state;
    uint64_t begin = 0;
    for (int32_t i = 0; i < z->n; i++) {
        const npz_entry_t *e = &z->entry[i];
        begin = e->values - e->head_bytes + e->size;
        if (fseeko(z->file, (off_t)(e->place + SUM_AT), SEEK_SET) != 0)
            return arrays_fail(a);
        put(z->file, 4, e->sum);
    }
    if (fseeko(z->file, (off_t)begin, SEEK_SET) != 0)
        return arrays_fail(a);
    for (int32_t i = 0; i < z->n; i++)
        put_directory_entry(z->file, &z->entry[i]);
    off_t end = ftello(z->file);
    put_end(z->file, (uint64_t)z->n, begin, (uint64_t)end);
    return ferror(z->file) || end < 0 ? arrays_fail(a) : PT_OK;
}

static pt_status_t finish(pt_status_t status, pt_arrays_t *a)
{
    npz_file_t *z = a->state;
    if (z == NULL)
        return status;
    if (status == PT_OK)
        status = put_directory(a);
    if (z->file != NULL && fclose(z->file) != 0 && status == PT_OK)
        status = arrays_fail(a);
    pt_free(z->entry);
    pt_free(z);
    return status;
}

const arrays_format_t arrays_npz = {
    .end = ".npz", .create = create, .put = put_rows, .finish = finish};
