/* Arrays in HDF5 files: opened with every check, listed, and read row by row. */
#include <stdio.h>
#include <string.h>

#include "polytree/base/memory.h"
#include "io/h5.h"

/* Of rows that are converted together. */
enum { WIDE_BYTES = 1 << 22 };

/* Whether a number's bits lie within its bytes: the library trusts a file's word. */
static bool type_is_sound(hid_t type)
{
    H5T_class_t class = H5Tget_class(type);
    size_t bits = 8 * H5Tget_size(type), precision, sign, exponent, e_bits, mantissa,
           m_bits;
    int offset;
    if (class != H5T_INTEGER && class != H5T_FLOAT)
        return true;
    precision = H5Tget_precision(type);
    offset = H5Tget_offset(type);
    if (precision == 0 || offset < 0 || precision > bits ||
        (size_t)offset > bits - precision)
        return false;
    if (class == H5T_INTEGER)
        return true;
    return H5Tget_fields(type, &sign, &exponent, &e_bits, &mantissa, &m_bits) >= 0 &&
           sign < bits && e_bits <= bits && exponent <= bits - e_bits && m_bits <= bits &&
           mantissa <= bits - m_bits;
}

bool pt_h5_type_number(hid_t type, pt_number_t *number, bool *is_bool)
{
    H5T_class_t class = H5Tget_class(type);
    hid_t base = class == H5T_ENUM ? H5Tget_super(type) : type;
    size_t bytes = H5Tget_size(base), sign, exponent, e_bits, mantissa, m_bits;
    H5T_order_t order = H5Tget_order(base);
    bool is_integer = H5Tget_class(base) == H5T_INTEGER;
    bool is_number = (is_integer || class == H5T_FLOAT) && type_is_sound(base) &&
                     (bytes == 1 || bytes == 2 || bytes == 4 || bytes == 8) &&
                     H5Tget_precision(base) == 8 * bytes &&
                     (order == H5T_ORDER_LE || order == H5T_ORDER_BE);
    *is_bool = class == H5T_ENUM && is_number;
    if (is_number && is_integer)
        number->kind =
            H5Tget_sign(base) == H5T_SGN_2 ? PT_NUMBER_SIGNED : PT_NUMBER_UNSIGNED;
    if (is_number && !is_integer) {
        static const size_t exponent_bits[] = {[2] = 5, [4] = 8, [8] = 11};
        number->kind = PT_NUMBER_FLOAT;
        is_number =
            bytes > 1 &&
            H5Tget_fields(base, &sign, &exponent, &e_bits, &mantissa, &m_bits) >= 0 &&
            sign == 8 * bytes - 1 && mantissa == 0 && exponent == m_bits &&
            e_bits == exponent_bits[bytes] && m_bits == sign - e_bits &&
            H5Tget_ebias(base) == ((size_t)1 << (e_bits - 1)) - 1 &&
            H5Tget_norm(base) == H5T_NORM_IMPLIED;
    }
    number->bytes = (int32_t)bytes;
    number->is_big = order == H5T_ORDER_BE;
    if (base != type)
        pt_h5_close(base);
    return is_number;
}

static pt_status_t look_at(pt_h5_array_t *array)
{
    hsize_t dim[H5S_MAX_RANK];
    array->stored = H5Dget_type(array->id);
    array->type = H5Tget_class(array->stored);
    array->item_bytes = H5Tget_size(array->stored);
    bool is_sound = type_is_sound(array->stored);
    array->is_number = pt_h5_type_number(array->stored, &array->number, &array->is_bool);
    if (array->is_bool)
        array->type = H5T_INTEGER;
    array->space = H5Dget_space(array->id);
    int n_dim = H5Sget_simple_extent_dims(array->space, dim, NULL);
    if (array->type == H5T_NO_CLASS || array->item_bytes == 0 || !is_sound || n_dim < 0)
        PT_FAIL(FORMAT, "%s: unreadable type or shape", array->where);
    if (n_dim > PT_H5_MAX_DIM)
        PT_FAIL(FORMAT, "%s: %d dimensions, expected at most %d", array->where, n_dim,
                PT_H5_MAX_DIM);
    array->n_dim = n_dim;
    array->count = H5Sget_simple_extent_type(array->space) == H5S_NULL ? 0 : 1;
    for (int i = 0; i < n_dim; i++) {
        array->dim[i] = (int64_t)dim[i];
        if (dim[i] > INT64_MAX ||
            __builtin_mul_overflow(array->count, array->dim[i], &array->count))
            PT_FAIL(FORMAT, "%s: absurd shape", array->where);
    }
    return PT_OK;
}

void pt_h5_array_close(pt_h5_array_t *array)
{
    pt_h5_close(array->stored);
    pt_h5_close(array->space);
    pt_h5_close(array->id);
    array->id = array->space = array->stored = H5I_INVALID_HID;
}

/* Behind an external link, which a seal of this file says nothing about. */
static bool is_linked_from(hid_t array, hid_t parent)
{
    H5O_info_t there, here;
    return H5Oget_info2(array, &there, H5O_INFO_BASIC) < 0 ||
           H5Oget_info2(parent, &here, H5O_INFO_BASIC) < 0 || there.fileno != here.fileno;
}

/* Without a look at the sources of a virtual one. */
static pt_status_t open_plain(hid_t parent, const char *path, const char *name,
                              pt_h5_array_t *array)
{
    char cause[128];
    *array = (pt_h5_array_t){
        .id = H5I_INVALID_HID, .space = H5I_INVALID_HID, .stored = H5I_INVALID_HID};
    snprintf(array->where, sizeof array->where, "%s: /%s", path, name);
    if (!pt_h5_has(parent, name))
        PT_FAIL(FORMAT, "%s: no data set '%s'", path, name);
    array->id = H5Dopen2(parent, name, H5P_DEFAULT);
    if (array->id < 0)
        PT_FAIL(FORMAT, "%s: no readable data set: %s", array->where, pt_h5_cause(cause));
    hid_t file = H5Iget_file_id(array->id);
    pt_status_t status = look_at(array);
    if (status == PT_OK && is_linked_from(array->id, parent))
        status = PT_ERROR(FORMAT,
                          "%s: its values are in another file, expected them in this one",
                          array->where);
    if (status == PT_OK)
        status = pt_h5_check_storage(array, file);
    array->seal = pt_h5_seal(file);
    pt_h5_close(file);
    if (status != PT_OK)
        pt_h5_array_close(array);
    return status;
}

/* Whether the source has what is taken of it: all, as much as goes to `place`, or a part.
 */
static bool has_taken(const pt_h5_array_t *source, hid_t taken, hid_t place)
{
    hsize_t first[H5S_MAX_RANK], last[H5S_MAX_RANK];
    if (H5Sget_select_type(taken) == H5S_SEL_ALL)
        return H5Sget_select_npoints(place) == source->count;
    if (H5Sget_simple_extent_ndims(taken) != source->n_dim ||
        H5Sget_select_bounds(taken, first, last) < 0)
        return false;
    for (int32_t i = 0; i < source->n_dim; i++)
        if (last[i] >= (hsize_t)source->dim[i])
            return false;
    return true;
}

static pt_status_t check_source(const pt_h5_array_t *array, const char *path, hid_t file,
                                hid_t list, size_t i)
{
    char from[PT_H5_MAX_WHERE], name[PT_H5_MAX_WHERE];
    pt_h5_array_t source;
    ssize_t from_bytes = H5Pget_virtual_filename(list, i, from, sizeof from);
    ssize_t name_bytes = H5Pget_virtual_dsetname(list, i, name, sizeof name);
    if (from_bytes != 1 || from[0] != '.')
        PT_FAIL(FORMAT, "%s: its values are in another file, expected them in this one",
                array->where);
    if (name_bytes < 1 || name_bytes >= (ssize_t)sizeof name || strchr(name, '%'))
        PT_FAIL(FORMAT, "%s: source %zu has no plain name", array->where, i);
    PT_TRY(open_plain(file, path, name + strspn(name, "/"), &source));
    hid_t taken = H5Pget_virtual_srcspace(list, i), place = H5Pget_virtual_vspace(list, i);
    pt_status_t status = PT_OK;
    if (source.is_virtual)
        status =
            PT_ERROR(FORMAT, "%s: its source '%s' is virtual itself", array->where, name);
    else if (H5Tequal(source.stored, array->stored) <= 0)
        status =
            PT_ERROR(FORMAT, "%s: its source '%s' is of another type", array->where, name);
    else if (!has_taken(&source, taken, place))
        status = PT_ERROR(FORMAT, "%s: its source '%s' is not of the size that it takes",
                          array->where, name);
    pt_h5_close(place);
    pt_h5_close(taken);
    pt_h5_array_close(&source);
    return status;
}

/* That the sources of a virtual array are there: the library would take fill values for
 * those that are not. */
static pt_status_t check_sources(const pt_h5_array_t *array, const char *path)
{
    size_t n = 0;
    hid_t list = H5Dget_create_plist(array->id), file = H5Iget_file_id(array->id);
    pt_status_t status = PT_OK;
    if (H5Pget_virtual_count(list, &n) < 0)
        status = PT_ERROR(FORMAT, "%s: its sources are unknown", array->where);
    for (size_t i = 0; status == PT_OK && i < n; i++)
        status = check_source(array, path, file, list, i);
    pt_h5_close(file);
    pt_h5_close(list);
    return status;
}

pt_status_t pt_h5_array_open(hid_t parent, const char *path, const char *name,
                             pt_h5_array_t *array)
{
    PT_TRY(open_plain(parent, path, name, array));
    pt_status_t status = array->is_virtual ? check_sources(array, path) : PT_OK;
    if (status != PT_OK)
        pt_h5_array_close(array);
    return status;
}

static int64_t row_values(const pt_h5_array_t *array)
{
    return array->n_dim > 0 ? array->count / array->dim[0] : 1;
}

/* As the file holds it: the library (1.10.8) has faults in its conversions, and takes some
 * values for others without an error. */
static pt_status_t read_stored(const pt_h5_array_t *array, int64_t first, int64_t n,
                               void *out)
{
    char cause[128];
    hid_t memory = H5S_ALL, space = H5S_ALL;
    herr_t failed = 0;
    if (array->has_no_fill)
        memset(out, 0, (size_t)(n * row_values(array)) * array->item_bytes);
    if (array->n_dim > 0) {
        hsize_t start[PT_H5_MAX_DIM] = {(hsize_t)first}, size[PT_H5_MAX_DIM] = {(hsize_t)n};
        for (int32_t i = 1; i < array->n_dim; i++)
            size[i] = (hsize_t)array->dim[i];
        memory = H5Screate_simple(array->n_dim, size, NULL);
        space = array->space;
        failed = H5Sselect_hyperslab(space, H5S_SELECT_SET, start, NULL, size, NULL);
    }
    if (failed >= 0)
        failed = H5Dread(array->id, array->stored, memory, space, H5P_DEFAULT, out);
    pt_h5_cause(cause);
    if (array->n_dim > 0)
        pt_h5_close(memory);
    /* Not every read that fails below it is one that the library tells of. */
    if (array->seal != NULL)
        PT_TRY(pt_seal_judge(array->seal, array->where));
    if (failed < 0)
        PT_FAIL(FORMAT, "%s: cannot read rows %lld to %lld: %s", array->where,
                (long long)first, (long long)(first + n - 1), cause);
    return PT_OK;
}

static pt_status_t convert(const pt_h5_array_t *array, int64_t first, int64_t n,
                           const void *stored, pt_cell_t cell, void *out)
{
    int64_t values = row_values(array);
    int64_t bad = pt_number_convert(array->number, stored, n * values, cell, out);
    if (bad >= 0)
        PT_FAIL(FORMAT, "%s: row %lld has a value that is not %s", array->where,
                (long long)(first + bad / values), pt_cell_name(cell));
    return PT_OK;
}

/* Numbers that are wider in the file go through a buffer, whole chunks at a time, so that
 * each is unpacked once. */
static pt_status_t read_wide(const pt_h5_array_t *array, int64_t first, int64_t n,
                             pt_cell_t cell, void *out)
{
    size_t row_bytes = (size_t)row_values(array) * array->item_bytes;
    size_t out_bytes = (size_t)row_values(array) * pt_cell_bytes(cell);
    int64_t chunk = array->chunk_rows, rows = (int64_t)(WIDE_BYTES / row_bytes) + 1;
    void *buffer = NULL;
    pt_status_t status = PT_OK;
    rows = (rows + chunk - 1) / chunk * chunk;
    PT_TRY(pt_alloc(&buffer, (size_t)(rows < n ? rows : n), row_bytes));
    for (int64_t end = first + n; status == PT_OK && first < end;) {
        int64_t now = rows - first % chunk;
        now = now < end - first ? now : end - first;
        status = read_stored(array, first, now, buffer);
        if (status == PT_OK)
            status = convert(array, first, now, buffer, cell, out);
        out = (char *)out + (size_t)now * out_bytes;
        first += now;
    }
    pt_free(buffer);
    return status;
}

pt_status_t pt_h5_array_read(const pt_h5_array_t *array, int64_t first, int64_t n,
                             pt_cell_t cell, void *out)
{
    if (array->count == 0 || n == 0)
        return PT_OK;
    if (!array->is_number)
        PT_FAIL(FORMAT, "%s: expected integers of 1 to 8 bytes or floats of 2, 4 or 8",
                array->where);
    if (array->item_bytes > pt_cell_bytes(cell))
        return read_wide(array, first, n, cell, out);
    size_t spare = pt_cell_bytes(cell) - array->item_bytes;
    char *stored = (char *)out + (size_t)(n * row_values(array)) * spare;
    PT_TRY(read_stored(array, first, n, stored));
    return pt_number_is_cell(array->number, cell)
               ? PT_OK
               : convert(array, first, n, stored, cell, out);
}

pt_status_t pt_h5_array_read_raw(const pt_h5_array_t *array, int64_t first, int64_t n,
                                 void *out)
{
    return array->count == 0 || n == 0 ? PT_OK : read_stored(array, first, n, out);
}

pt_status_t pt_h5_array_read_text(const pt_h5_array_t *array, void *out)
{
    return array->count == 0 ? PT_OK : read_stored(array, 0, 1, out);
}

typedef struct h5_walk {
    const char *path;
    pt_h5_visit_t visit;
    void *context;
    pt_status_t status;
} h5_walk_t;

static herr_t visit_object(hid_t file, const char *name, const H5O_info_t *info,
                           void *context)
{
    h5_walk_t *walk = context;
    pt_h5_array_t array;
    if (info->type != H5O_TYPE_DATASET)
        return 0;
    walk->status = pt_h5_array_open(file, walk->path, name, &array);
    if (walk->status != PT_OK)
        return 1;
    walk->status = walk->visit(walk->context, name, &array);
    pt_h5_array_close(&array);
    return walk->status != PT_OK;
}

pt_status_t pt_h5_visit_arrays(hid_t file, const char *path, pt_h5_visit_t visit,
                               void *context)
{
    char cause[128];
    h5_walk_t walk = {path, visit, context, PT_OK};
    herr_t failed =
        H5Ovisit2(file, H5_INDEX_NAME, H5_ITER_INC, visit_object, &walk, H5O_INFO_BASIC);
    PT_TRY(walk.status);
    if (failed < 0)
        PT_FAIL(FORMAT, "%s: cannot list its arrays: %s", path, pt_h5_cause(cause));
    return PT_OK;
}
