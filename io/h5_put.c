/* Arrays in HDF5 files that are written: whole, or row by row. */
#include <string.h>

#include "io/h5.h"

/* Lists of creation: without times the same content is the same bytes. */
static hid_t creation_list(int32_t n_dim, const hsize_t *size, const pt_h5_packing_t *pack)
{
    hsize_t chunk[PT_H5_MAX_DIM];
    hid_t list = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_obj_track_times(list, false);
    if (pack->gzip == 0)
        return list;
    for (int32_t i = 0; i < n_dim; i++)
        chunk[i] = i == 0 ? (hsize_t)pack->rows : size[i];
    H5Pset_chunk(list, n_dim, chunk);
    H5Pset_deflate(list, (unsigned)pack->gzip);
    return list;
}

static pt_status_t put_array(hid_t parent, const char *path, const char *name,
                             hid_t file_type, hid_t type, int32_t n_dim, const int64_t *dim,
                             const pt_h5_packing_t *pack, const void *data, hid_t *id)
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
    hid_t creation = creation_list(n_dim, size, pack);
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

pt_status_t pt_h5_put_array(hid_t parent, const char *path, const char *name,
                            hid_t file_type, hid_t type, int32_t n_dim, const int64_t *dim,
                            const void *data, hid_t *id)
{
    const pt_h5_packing_t plain = {.gzip = 0};
    return put_array(parent, path, name, file_type, type, n_dim, dim, &plain, data, id);
}

pt_status_t pt_h5_put_packed(hid_t parent, const char *path, const char *name, hid_t type,
                             int32_t n_dim, const int64_t *dim, const pt_h5_packing_t *pack,
                             hid_t *id)
{
    return put_array(parent, path, name, type, type, n_dim, dim, pack, NULL, id);
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
