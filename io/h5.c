/* HDF5 files and the arrays in them, opened, read and written with every step checked. */
#include "io/h5.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "polytree/base/memory.h"

/* Of rows that are converted together. */
enum { WIDE_BYTES = 1 << 22 };

static herr_t keep_first(unsigned n, const H5E_error2_t *error, void *text)
{
    if (n == 0 && error->desc)
        snprintf(text, 128, "%s", error->desc);
    return 0;
}

const char *pt_h5_cause(char text[128])
{
    text[0] = '\0';
    H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, keep_first, text);
    return text;
}

static pt_status_t check_readable(const char *path)
{
    struct stat info;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        PT_FAIL(IO, "%s: cannot open: %s", path, strerror(errno));
    int failed = fstat(fd, &info) ? errno : 0;
    close(fd);
    if (failed)
        PT_FAIL(IO, "%s: %s", path, strerror(failed));
    if (!S_ISREG(info.st_mode))
        PT_FAIL(IO, "%s: not a regular file", path);
    return PT_OK;
}

/* Files are replaced by rename and never written in place, so that locks (which some
 * cluster file systems refuse) have nothing to protect. */
static hid_t access_list(void)
{
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    hid_t list = H5Pcreate(H5P_FILE_ACCESS);
    if (list >= 0) {
        H5Pset_fclose_degree(list, H5F_CLOSE_STRONG);
        H5Pset_file_locking(list, false, true);
    }
    return list;
}

pt_status_t pt_h5_open(const char *path, hid_t *file)
{
    char cause[128];
    PT_TRY(check_readable(path));
    hid_t list = access_list();
    hid_t id = H5I_INVALID_HID;
    if (H5Pset_driver(list, pt_h5_reader(), NULL) >= 0)
        id = H5Fopen(path, H5F_ACC_RDONLY, list);
    pt_h5_cause(cause);
    pt_h5_close(list);
    if (id < 0)
        PT_FAIL(FORMAT, "%s: not a readable HDF5 file: %s", path, cause);
    *file = id;
    return PT_OK;
}

pt_status_t pt_h5_create(const char *path, hid_t *file)
{
    char cause[128];
    hid_t list = access_list(), id = H5I_INVALID_HID;
    if (H5Pset_driver(list, pt_h5_writer(), NULL) >= 0)
        id = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, list);
    pt_h5_cause(cause);
    pt_h5_close(list);
    if (id < 0)
        PT_FAIL(IO, "%s: cannot create: %s", path,
                pt_h5_write_error() ? strerror(pt_h5_write_error()) : cause);
    *file = id;
    return PT_OK;
}

pt_status_t pt_h5_finish(pt_status_t status, const char *path, hid_t file)
{
    char cause[128];
    bool is_closed = H5Fclose(file) >= 0;
    PT_TRY(status);
    if (pt_h5_write_error())
        PT_FAIL(IO, "%s: cannot write: %s", path, strerror(pt_h5_write_error()));
    if (!is_closed)
        PT_FAIL(LIBRARY, "%s: cannot close: %s", path, pt_h5_cause(cause));
    return PT_OK;
}

void pt_h5_close(hid_t id)
{
    if (id >= 0)
        H5Idec_ref(id);
}

bool pt_h5_has(hid_t parent, const char *name)
{
    char part[PT_H5_MAX_WHERE];
    for (size_t i = 1; i < sizeof part; i++) {
        if (name[i] != '/' && name[i] != '\0')
            continue;
        memcpy(part, name, i);
        part[i] = '\0';
        if (H5Lexists(parent, part, H5P_DEFAULT) <= 0 ||
            H5Oexists_by_name(parent, part, H5P_DEFAULT) <= 0)
            return false;
        if (name[i] == '\0')
            return true;
    }
    return false;
}

pt_status_t pt_h5_group_open(hid_t parent, const char *path, const char *name, hid_t *group)
{
    char cause[128];
    if (!pt_h5_has(parent, name))
        PT_FAIL(FORMAT, "%s: no group '%s'", path, name);
    hid_t id = H5Gopen2(parent, name, H5P_DEFAULT);
    if (id < 0)
        PT_FAIL(FORMAT, "%s: '%s' is no readable group: %s", path, name,
                pt_h5_cause(cause));
    *group = id;
    return PT_OK;
}

bool pt_h5_type_is_sound(hid_t type)
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
    bool is_number = (is_integer || class == H5T_FLOAT) && pt_h5_type_is_sound(base) &&
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
    bool is_sound = pt_h5_type_is_sound(array->stored);
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

pt_status_t pt_h5_array_open_plain(hid_t parent, const char *path, const char *name,
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
    if (status == PT_OK)
        status = pt_h5_check_storage(array, file);
    pt_h5_close(file);
    if (status != PT_OK)
        pt_h5_array_close(array);
    return status;
}

pt_status_t pt_h5_array_open(hid_t parent, const char *path, const char *name,
                             pt_h5_array_t *array)
{
    PT_TRY(pt_h5_array_open_plain(parent, path, name, array));
    pt_status_t status = array->is_virtual ? pt_h5_check_sources(array, path) : PT_OK;
    if (status != PT_OK)
        pt_h5_array_close(array);
    return status;
}

void pt_h5_array_close(pt_h5_array_t *array)
{
    pt_h5_close(array->stored);
    pt_h5_close(array->space);
    pt_h5_close(array->id);
    array->id = array->space = array->stored = H5I_INVALID_HID;
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

pt_status_t pt_h5_array_read_text(const pt_h5_array_t *array, void *out)
{
    return array->count == 0 ? PT_OK : read_stored(array, 0, 1, out);
}

typedef struct walk {
    const char *path;
    pt_h5_visit_t visit;
    void *context;
    pt_status_t status;
} walk_t;

static herr_t visit_object(hid_t file, const char *name, const H5O_info_t *info,
                           void *context)
{
    walk_t *walk = context;
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
    walk_t walk = {path, visit, context, PT_OK};
    herr_t failed =
        H5Ovisit2(file, H5_INDEX_NAME, H5_ITER_INC, visit_object, &walk, H5O_INFO_BASIC);
    PT_TRY(walk.status);
    if (failed < 0)
        PT_FAIL(FORMAT, "%s: cannot list its arrays: %s", path, pt_h5_cause(cause));
    return PT_OK;
}

pt_status_t pt_h5_put_array(hid_t parent, const char *path, const char *name,
                            hid_t file_type, hid_t type, int32_t n_dim, const int64_t *dim,
                            const void *data, hid_t *id)
{
    char cause[128] = "";
    hsize_t size[PT_H5_MAX_DIM];
    int64_t count = 1;
    for (int32_t i = 0; i < n_dim; i++) {
        size[i] = (hsize_t)dim[i];
        count *= dim[i];
    }
    hid_t space = n_dim == 0 ? H5Screate(H5S_SCALAR) : H5Screate_simple(n_dim, size, NULL);
    hid_t links = H5Pcreate(H5P_LINK_CREATE);
    H5Pset_create_intermediate_group(links, 1);
    /* Without times the same content is the same bytes. */
    hid_t creation = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_obj_track_times(creation, false);
    hid_t array = H5Dcreate2(parent, name, file_type, space, links, creation, H5P_DEFAULT);
    herr_t failed = array < 0 ? -1 : 0;
    if (failed >= 0 && count > 0 && data != NULL)
        failed = H5Dwrite(array, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, data);
    if (failed < 0)
        pt_h5_cause(cause);
    pt_h5_close(creation);
    pt_h5_close(links);
    pt_h5_close(space);
    if (failed < 0) {
        pt_h5_close(array);
        PT_FAIL(IO, "%s: cannot write '%s': %s", path, name, cause);
    }
    *id = array;
    return PT_OK;
}

pt_status_t pt_h5_put_rows(hid_t id, const char *path, hid_t type, int32_t n_dim,
                           const int64_t *dim, int64_t first, int64_t n, const void *data)
{
    char cause[128];
    hsize_t start[PT_H5_MAX_DIM] = {(hsize_t)first}, size[PT_H5_MAX_DIM] = {(hsize_t)n};
    for (int32_t i = 1; i < n_dim; i++)
        size[i] = (hsize_t)dim[i];
    hid_t memory = H5Screate_simple(n_dim, size, NULL), space = H5Dget_space(id);
    herr_t failed = H5Sselect_hyperslab(space, H5S_SELECT_SET, start, NULL, size, NULL);
    if (failed >= 0)
        failed = H5Dwrite(id, type, memory, space, H5P_DEFAULT, data);
    pt_h5_cause(cause);
    pt_h5_close(space);
    pt_h5_close(memory);
    if (failed < 0)
        PT_FAIL(LIBRARY, "%s: cannot write row %lld: %s", path, (long long)first, cause);
    if (pt_h5_write_error())
        PT_FAIL(IO, "%s: cannot write: %s", path, strerror(pt_h5_write_error()));
    return PT_OK;
}
