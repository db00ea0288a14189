/** @file
 * A small weights file as h5py writes one, to be read or damaged.
 */
#ifndef PT_TEST_SMALL_WEIGHTS_H
#define PT_TEST_SMALL_WEIGHTS_H

#include "tests/unit/h5_raw.h"

/** 1, -2, 3 ... fit into every width. */
static inline float small_weight(int i)
{
    return (float)(i % 2 ? -1 - i : 1 + i);
}

/** Half precision, which HDF5 has no name for. */
static inline hid_t half_type(void)
{
    hid_t type = H5Tcopy(H5T_IEEE_F32LE);
    ok(H5Tset_fields(type, 15, 10, 5, 0, 10));
    ok(H5Tset_size(type, 2));
    ok(H5Tset_ebias(type, 15));
    return type;
}

typedef enum storage { WHOLE, CHUNKED, PACKED } storage_t;

/** Put the first elements of small_weight() as `type`. */
static inline void put_weights(hid_t file, const char *name, hid_t type, int n_dim,
                               const hsize_t *dim, storage_t storage)
{
    float value[64];
    hid_t space = H5Screate_simple(n_dim, dim, NULL), links = H5Pcreate(H5P_LINK_CREATE);
    hid_t creation = H5Pcreate(H5P_DATASET_CREATE);
    ok(H5Pset_create_intermediate_group(links, 1));
    if (storage != WHOLE)
        ok(H5Pset_chunk(creation, n_dim, dim));
    if (storage == PACKED) {
        ok(H5Pset_shuffle(creation));
        ok(H5Pset_deflate(creation, 4));
    }
    for (int i = 0; i < 64; i++)
        value[i] = small_weight(i);
    hid_t array = H5Dcreate2(file, name, type, space, links, creation, H5P_DEFAULT);
    ok(array);
    ok(H5Dwrite(array, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, value));
    H5Dclose(array);
    H5Pclose(creation);
    H5Pclose(links);
    H5Sclose(space);
}

enum { SMALL_TENSORS = 5 };

/** Five tensors of all widths, and two arrays that are none. */
static inline void small_weights(const char *path)
{
    static const hsize_t four[4] = {4, 3, 3, 1}, two[2] = {5, 6}, one[1] = {7};
    static const int64_t count[1] = {12};
    hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    hid_t half = half_type();
    ok(file);
    put_text(file, "/", "format", "polytree weights");
    put_int(file, "/", "version", 1);
    put_weights(file, "stem.0.conv.weight", H5T_IEEE_F32LE, 4, four, WHOLE);
    put_weights(file, "l01.0.conv.weight", half, 4, four, WHOLE);
    put_weights(file, "more/l02.0.conv.weight", H5T_IEEE_F64BE, 2, two, WHOLE);
    put_weights(file, "more/below/chunk", H5T_IEEE_F32BE, 2, two, CHUNKED);
    put_weights(file, "last", H5T_IEEE_F64LE, 1, one, WHOLE);
    put_array(file, "more/batches", H5T_NATIVE_INT64, 1, (const hsize_t[]){1}, count);
    put_array(file, "letters", H5T_C_S1, 1, (const hsize_t[]){3}, "abc");
    H5Tclose(half);
    H5Fclose(file);
}

#endif
