#include "io/h5.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* No lossless filter of HDF5 gets past about 1000:1 (deflate: 1032), so a larger ratio of
 * values to storage is a header that lies; small arrays pass whatever the ratio. */
enum { MAX_RATIO = 2048, SMALL_BYTES = 1 << 20 };

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

/* A chunk is read whole, so that one larger than the file could have filled would take any
 * amount of memory; one larger than its array can be has less behind it than the library
 * goes on to copy. */
static bool has_sound_chunks(const pt_h5_array_t *array, hid_t list, hsize_t file_bytes)
{
    hsize_t dim[H5S_MAX_RANK], most[H5S_MAX_RANK], bytes = array->item_bytes;
    int n_dim = H5Pget_chunk(list, H5S_MAX_RANK, dim);
    if (n_dim != array->n_dim ||
        H5Sget_simple_extent_dims(array->space, NULL, most) != n_dim)
        return false;
    for (int i = 0; i < n_dim; i++)
        if (dim[i] > most[i] || __builtin_mul_overflow(bytes, dim[i], &bytes))
            return false;
    return bytes / MAX_RATIO <= file_bytes;
}

static pt_status_t check_storage(pt_h5_array_t *array, hid_t file)
{
    hsize_t file_bytes = 0;
    hid_t list = H5Dget_create_plist(array->id);
    H5D_layout_t layout = H5Pget_layout(list);
    int n_external = H5Pget_external_count(list);
    bool has_size = H5Fget_filesize(file, &file_bytes) >= 0;
    array->is_filtered = H5Pget_nfilters(list) != 0;
    bool is_sound = layout != H5D_CHUNKED || has_sound_chunks(array, list, file_bytes);
    pt_h5_close(list);
    if (layout == H5D_VIRTUAL || n_external != 0)
        PT_FAIL(FORMAT, "%s: its values are in another file, expected them in this one",
                array->where);

    int64_t bytes = 0;
    if (__builtin_mul_overflow(array->count, (int64_t)array->item_bytes, &bytes))
        PT_FAIL(FORMAT, "%s: %lld elements are too many", array->where,
                (long long)array->count);
    if (!has_size)
        PT_FAIL(FORMAT, "%s: the size of its file is unknown", array->where);
    if (!is_sound)
        PT_FAIL(FORMAT, "%s: the shape of its chunks is absurd", array->where);
    hsize_t stored = H5Dget_storage_size(array->id);
    hsize_t want = layout == H5D_CHUNKED  ? (hsize_t)bytes / MAX_RATIO
                   : bytes <= SMALL_BYTES ? 0
                                          : (hsize_t)bytes;
    if (stored > file_bytes || stored < want)
        PT_FAIL(FORMAT, "%s: %lld bytes of values, but %llu bytes stored in a file of %llu",
                array->where, (long long)bytes, (unsigned long long)stored,
                (unsigned long long)file_bytes);
    haddr_t offset = layout == H5D_CONTIGUOUS ? H5Dget_offset(array->id) : HADDR_UNDEF;
    if (offset != HADDR_UNDEF && offset > file_bytes - stored)
        PT_FAIL(FORMAT, "%s: its values lie past the end of the file", array->where);
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

static pt_status_t look_at(pt_h5_array_t *array)
{
    hsize_t dim[H5S_MAX_RANK];
    hid_t type = H5Dget_type(array->id);
    array->type = H5Tget_class(type);
    array->item_bytes = H5Tget_size(type);
    bool is_sound = pt_h5_type_is_sound(type);
    pt_h5_close(type);
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

pt_status_t pt_h5_array_open(hid_t parent, const char *path, const char *name,
                             pt_h5_array_t *array)
{
    char cause[128];
    *array = (pt_h5_array_t){.id = H5I_INVALID_HID, .space = H5I_INVALID_HID};
    snprintf(array->where, sizeof array->where, "%s: /%s", path, name);
    if (!pt_h5_has(parent, name))
        PT_FAIL(FORMAT, "%s: no data set '%s'", path, name);
    array->id = H5Dopen2(parent, name, H5P_DEFAULT);
    if (array->id < 0)
        PT_FAIL(FORMAT, "%s: no readable data set: %s", array->where, pt_h5_cause(cause));
    hid_t file = H5Iget_file_id(array->id);
    pt_status_t status = look_at(array);
    if (status == PT_OK)
        status = check_storage(array, file);
    pt_h5_close(file);
    if (status != PT_OK)
        pt_h5_array_close(array);
    return status;
}

void pt_h5_array_close(pt_h5_array_t *array)
{
    pt_h5_close(array->space);
    pt_h5_close(array->id);
    array->space = array->id = H5I_INVALID_HID;
}

pt_status_t pt_h5_array_read(const pt_h5_array_t *array, int64_t first, int64_t n,
                             hid_t type, void *out)
{
    char cause[128];
    if (array->count == 0 || n == 0)
        return PT_OK;
    if (array->n_dim == 0) {
        if (H5Dread(array->id, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, out) < 0)
            PT_FAIL(FORMAT, "%s: cannot read: %s", array->where, pt_h5_cause(cause));
        return PT_OK;
    }
    hsize_t start[PT_H5_MAX_DIM] = {(hsize_t)first}, size[PT_H5_MAX_DIM] = {(hsize_t)n};
    for (int32_t i = 1; i < array->n_dim; i++)
        size[i] = (hsize_t)array->dim[i];
    hid_t memory = H5Screate_simple(array->n_dim, size, NULL);
    herr_t failed =
        H5Sselect_hyperslab(array->space, H5S_SELECT_SET, start, NULL, size, NULL);
    if (failed >= 0)
        failed = H5Dread(array->id, type, memory, array->space, H5P_DEFAULT, out);
    pt_h5_cause(cause);
    pt_h5_close(memory);
    if (failed < 0)
        PT_FAIL(FORMAT, "%s: cannot read rows %lld to %lld: %s", array->where,
                (long long)first, (long long)(first + n - 1), cause);
    return PT_OK;
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
