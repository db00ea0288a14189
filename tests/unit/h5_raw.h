/** @file
 * HDF5 files as others write them, or as they should not be: the library without polytree.
 */
#ifndef PT_TEST_H5_RAW_H
#define PT_TEST_H5_RAW_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <hdf5.h>

static inline void ok(hid_t id)
{
    assert_true(id >= 0);
}

/** Set an attribute, whether there is one of that name or not. */
static inline void put_int(hid_t file, const char *object, const char *name, int64_t value)
{
    hid_t space = H5Screate(H5S_SCALAR);
    if (H5Aexists_by_name(file, object, name, H5P_DEFAULT) > 0)
        ok(H5Adelete_by_name(file, object, name, H5P_DEFAULT));
    hid_t attr = H5Acreate_by_name(file, object, name, H5T_STD_I64LE, space, H5P_DEFAULT,
                                   H5P_DEFAULT, H5P_DEFAULT);
    ok(H5Awrite(attr, H5T_NATIVE_INT64, &value));
    H5Aclose(attr);
    H5Sclose(space);
}

/** A variable string, as h5py writes it. */
static inline void put_text(hid_t file, const char *object, const char *name,
                            const char *text)
{
    hid_t space = H5Screate(H5S_SCALAR), type = H5Tcopy(H5T_C_S1);
    H5Tset_size(type, H5T_VARIABLE);
    H5Tset_cset(type, H5T_CSET_UTF8);
    if (H5Aexists_by_name(file, object, name, H5P_DEFAULT) > 0)
        ok(H5Adelete_by_name(file, object, name, H5P_DEFAULT));
    hid_t attr = H5Acreate_by_name(file, object, name, type, space, H5P_DEFAULT,
                                   H5P_DEFAULT, H5P_DEFAULT);
    ok(H5Awrite(attr, type, &text));
    H5Aclose(attr);
    H5Tclose(type);
    H5Sclose(space);
}

/** Put an array in the place of another, or a new one; groups on the way are made. */
static inline void put_array(hid_t file, const char *name, hid_t type, int n_dim,
                             const hsize_t *dim, const void *data)
{
    if (H5Lexists(file, name, H5P_DEFAULT) > 0)
        ok(H5Ldelete(file, name, H5P_DEFAULT));
    hid_t space = H5Screate_simple(n_dim, dim, NULL), links = H5Pcreate(H5P_LINK_CREATE);
    H5Pset_create_intermediate_group(links, 1);
    hid_t array = H5Dcreate2(file, name, type, space, links, H5P_DEFAULT, H5P_DEFAULT);
    ok(array);
    if (data)
        ok(H5Dwrite(array, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, data));
    H5Dclose(array);
    H5Pclose(links);
    H5Sclose(space);
}

#endif
