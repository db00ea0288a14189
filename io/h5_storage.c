/* How an array's values are stored in a file, and whether they can be what its shape says.
 */
#include <stdio.h>
#include <string.h>

#include "polytree/base/text.h"
#include "io/h5.h"

/* No lossless filter of HDF5 gets past about 1000:1 (deflate: 1032), so a larger ratio of
 * values to the file is a header that lies, or speaks of values that were never written;
 * small arrays pass whatever the ratio. */
enum { MAX_RATIO = 2048, SMALL_BYTES = 1 << 20, UNWRITTEN_BYTES = 1 << 24 };

/* A chunk is read whole, so that one larger than the file could have filled would take any
 * amount of memory; one larger than its array can be has less behind it than the library
 * goes on to copy. */
static bool has_sound_chunks(pt_h5_array_t *array, hid_t list, hsize_t file_bytes)
{
    hsize_t dim[H5S_MAX_RANK], most[H5S_MAX_RANK], bytes = array->item_bytes;
    int n_dim = H5Pget_chunk(list, H5S_MAX_RANK, dim);
    if (n_dim != array->n_dim ||
        H5Sget_simple_extent_dims(array->space, NULL, most) != n_dim)
        return false;
    for (int i = 0; i < n_dim; i++) {
        if (dim[i] > most[i] || __builtin_mul_overflow(bytes, dim[i], &bytes))
            return false;
        array->chunk[i] = (int64_t)dim[i];
    }
    array->chunk_rows = (int64_t)dim[0];
    return n_dim > 0 && dim[0] > 0 && dim[0] <= INT64_MAX / 4 &&
           bytes / MAX_RATIO <= file_bytes;
}

/* The library would say that rows cannot be read, when they are. */
static pt_status_t check_filters(const pt_h5_array_t *array, hid_t list)
{
    for (int i = 0; i < H5Pget_nfilters(list); i++) {
        char name[64] = "";
        unsigned flags, config;
        size_t n_value = 0;
        H5Z_filter_t filter = H5Pget_filter2(list, (unsigned)i, &flags, &n_value, NULL,
                                             sizeof name, name, &config);
        if (filter < 0 || H5Zfilter_avail(filter) > 0)
            continue;
        name[sizeof name - 1] = '\0';
        PT_FAIL(
            FORMAT,
            "%s: packed by a filter that is not here, number %d%s%s: write it anew with "
            "gzip or without",
            array->where, (int)filter,
            name[0] && pt_is_text(name, strlen(name)) ? ", " : "",
            pt_is_text(name, strlen(name)) ? name : "");
    }
    return PT_OK;
}

/* Bytes that may stand for an array: those of its file, and more where some were never
 * written. */
static pt_status_t check_bytes(const pt_h5_array_t *array, H5D_layout_t layout,
                               hsize_t file_bytes)
{
    int64_t bytes = 0;
    if (__builtin_mul_overflow(array->count, (int64_t)array->item_bytes, &bytes))
        PT_FAIL(FORMAT, "%s: %lld elements are too many", array->where,
                (long long)array->count);
    hsize_t stored = layout == H5D_VIRTUAL ? 0 : H5Dget_storage_size(array->id);
    bool is_whole = layout == H5D_COMPACT || (layout == H5D_CONTIGUOUS && stored > 0);
    bool is_sound =
        is_whole ? bytes <= SMALL_BYTES || stored >= (hsize_t)bytes
                 : bytes <= UNWRITTEN_BYTES || (hsize_t)bytes / MAX_RATIO <= file_bytes;
    if (stored > file_bytes || !is_sound)
        PT_FAIL(FORMAT, "%s: %lld bytes of values, but %llu bytes stored in a file of %llu",
                array->where, (long long)bytes, (unsigned long long)stored,
                (unsigned long long)file_bytes);
    haddr_t offset = layout == H5D_CONTIGUOUS ? H5Dget_offset(array->id) : HADDR_UNDEF;
    if (offset != HADDR_UNDEF && offset > file_bytes - stored)
        PT_FAIL(FORMAT, "%s: its values lie past the end of the file", array->where);
    return PT_OK;
}

pt_status_t pt_h5_check_storage(pt_h5_array_t *array, hid_t file)
{
    hsize_t file_bytes = 0;
    H5D_fill_value_t fill = H5D_FILL_VALUE_DEFAULT;
    hid_t list = H5Dget_create_plist(array->id);
    H5D_layout_t layout = H5Pget_layout(list);
    int n_external = H5Pget_external_count(list);
    bool has_size = H5Fget_filesize(file, &file_bytes) >= 0;
    H5Pfill_value_defined(list, &fill);
    array->is_filtered = H5Pget_nfilters(list) != 0;
    array->is_virtual = layout == H5D_VIRTUAL;
    array->has_no_fill = fill == H5D_FILL_VALUE_UNDEFINED;
    array->chunk_rows = 1;
    bool is_sound = layout != H5D_CHUNKED || has_sound_chunks(array, list, file_bytes);
    pt_status_t status = check_filters(array, list);
    pt_h5_close(list);
    PT_TRY(status);
    if (n_external != 0)
        PT_FAIL(FORMAT, "%s: its values are in another file, expected them in this one",
                array->where);
    if (!has_size)
        PT_FAIL(FORMAT, "%s: the size of its file is unknown", array->where);
    if (!is_sound)
        PT_FAIL(FORMAT, "%s: the shape of its chunks is absurd", array->where);
    return check_bytes(array, layout, file_bytes);
}

double pt_h5_row_cost(const pt_h5_array_t *array)
{
    double bytes = (double)array->item_bytes;
    if (array->chunk[0] > 0)
        bytes *= (double)array->chunk[0];
    for (int32_t i = 1; i < array->n_dim; i++) {
        int64_t of = array->chunk[i] > 0 ? array->chunk[i] : 1;
        bytes *= (double)((array->dim[i] - 1) / of + 1) * (double)of;
    }
    return bytes;
}
