/* Attributes of HDF5 objects: texts and numbers, whatever type they are stored with. */
#include "io/h5.h"

#include <stdio.h>
#include <string.h>

#include "polytree/base/memory.h"
#include "polytree/base/text.h"

bool pt_h5_attr_has(hid_t object, const char *name)
{
    return H5Aexists(object, name) > 0;
}

static pt_status_t attr_open(hid_t object, const char *where, const char *name, hid_t *attr,
                             hid_t *type, int64_t *count)
{
    if (!pt_h5_attr_has(object, name))
        PT_FAIL(FORMAT, "%s: no attribute '%s'", where, name);
    hid_t id = H5Aopen(object, name, H5P_DEFAULT);
    hid_t space = id < 0 ? H5I_INVALID_HID : H5Aget_space(id);
    *type = id < 0 ? H5I_INVALID_HID : H5Aget_type(id);
    hssize_t n = space < 0 ? -1 : H5Sget_simple_extent_npoints(space);
    pt_h5_close(space);
    if (id < 0 || *type < 0 || n < 0) {
        pt_h5_close(*type);
        pt_h5_close(id);
        PT_FAIL(FORMAT, "%s: attribute '%s' cannot be read", where, name);
    }
    *attr = id;
    *count = n;
    return PT_OK;
}

/* The type to read a string attribute with; the library does not convert between
 * character sets, so that of the file is taken. */
static hid_t string_type(hid_t stored, size_t bytes)
{
    hid_t type = H5Tcopy(H5T_C_S1);
    H5Tset_size(type, bytes);
    H5Tset_cset(type, H5Tget_cset(stored));
    H5Tset_strpad(type, H5Tget_strpad(stored));
    return type;
}

/* Characters that a string of fixed size has at most, without its NUL. */
static size_t fixed_length(hid_t stored)
{
    size_t size = H5Tget_size(stored);
    return H5Tget_strpad(stored) == H5T_STR_NULLTERM ? size - 1 : size;
}

/* n strings of fixed size, each into `bytes` of `out`, which are more than that. */
static herr_t read_fixed(hid_t attr, hid_t stored, int64_t n, char *out, size_t bytes,
                         size_t *size)
{
    size_t length = fixed_length(stored), step = H5Tget_size(stored);
    bool is_blank = H5Tget_strpad(stored) == H5T_STR_SPACEPAD;
    hid_t type = string_type(stored, step);
    char *all = NULL;
    herr_t failed = pt_alloc(&all, (size_t)n, step) == PT_OK ? 0 : -1;
    failed = failed < 0 ? failed : H5Aread(attr, type, all);
    for (int64_t i = 0; failed >= 0 && i < n; i++) {
        char *text = out + (size_t)i * bytes;
        memcpy(text, all + (size_t)i * step, length);
        text[length] = '\0';
        *size = strlen(text);
        while (is_blank && *size > 0 && text[*size - 1] == ' ')
            text[--*size] = '\0';
    }
    pt_free(all);
    pt_h5_close(type);
    return failed;
}

static pt_status_t read_texts(hid_t object, const char *where, const char *name, int64_t n,
                              char *out, size_t bytes)
{
    hid_t attr, stored;
    int64_t count;
    size_t size = 0;
    herr_t failed = 0;
    PT_TRY(attr_open(object, where, name, &attr, &stored, &count));
    bool is_text = H5Tget_class(stored) == H5T_STRING && count == n;
    if (is_text && H5Tis_variable_str(stored) > 0)
        failed = pt_h5_attr_variable_texts(attr, n, out, bytes, &size) ? 0 : -1;
    else if (is_text && fixed_length(stored) < bytes)
        failed = read_fixed(attr, stored, n, out, bytes, &size);
    else if (is_text)
        size = fixed_length(stored);
    pt_h5_close(stored);
    pt_h5_close(attr);
    if (!is_text || failed < 0)
        PT_FAIL(FORMAT, "%s: attribute '%s' is not %s", where, name,
                n == 1 ? "one readable string" : "a list of readable strings");
    if (size >= bytes)
        PT_FAIL(FORMAT, "%s: attribute '%s' has %zu bytes, expected at most %zu", where,
                name, size, bytes - 1);
    return PT_OK;
}

pt_status_t pt_h5_attr_text(hid_t object, const char *where, const char *name, char *out,
                            size_t bytes)
{
    return read_texts(object, where, name, 1, out, bytes);
}

pt_status_t pt_h5_attr_texts(hid_t object, const char *where, const char *name, int64_t n,
                             char *out, size_t bytes)
{
    PT_TRY(read_texts(object, where, name, n, out, bytes));
    for (int64_t i = 0; i < n; i++) {
        const char *text = out + (size_t)i * bytes,
                   *fault = pt_text_fault(text, strlen(text));
        if (fault != NULL)
            PT_FAIL(FORMAT, "%s: attribute '%s': string %lld %s", where, name, (long long)i,
                    fault);
    }
    return PT_OK;
}

/* One number, of the classes that `cell` can hold. */
static pt_status_t read_number(hid_t object, const char *where, const char *name,
                               pt_cell_t cell, void *out)
{
    hid_t attr, stored;
    int64_t count, bad = 0;
    pt_number_t number;
    bool is_bool, is_float = pt_cell_is_float(cell);
    char bytes[8];
    PT_TRY(attr_open(object, where, name, &attr, &stored, &count));
    if (count == 1 && pt_h5_type_number(stored, &number, &is_bool) &&
        (is_float || number.kind != PT_NUMBER_FLOAT) && H5Aread(attr, stored, bytes) >= 0)
        bad = -1;
    pt_h5_close(stored);
    pt_h5_close(attr);
    if (bad < 0)
        bad = pt_number_convert(number, bytes, 1, cell, out);
    else
        PT_FAIL(FORMAT, "%s: attribute '%s' is not one %s", where, name,
                is_float ? "number" : "integer");
    if (bad >= 0)
        PT_FAIL(FORMAT, "%s: attribute '%s' is not %s", where, name, pt_cell_name(cell));
    return PT_OK;
}

pt_status_t pt_h5_attr_int(hid_t object, const char *where, const char *name, int64_t *out)
{
    return read_number(object, where, name, PT_CELL_I64, out);
}

pt_status_t pt_h5_attr_u64(hid_t object, const char *where, const char *name, uint64_t *out)
{
    return read_number(object, where, name, PT_CELL_U64, out);
}

pt_status_t pt_h5_attr_real(hid_t object, const char *where, const char *name, double *out)
{
    return read_number(object, where, name, PT_CELL_F64, out);
}

pt_status_t pt_h5_attr_count(hid_t object, const char *where, const char *name,
                             int64_t *out)
{
    hid_t attr, stored;
    int64_t count;
    PT_TRY(attr_open(object, where, name, &attr, &stored, &count));
    bool is_text = H5Tget_class(stored) == H5T_STRING;
    pt_h5_close(stored);
    pt_h5_close(attr);
    if (!is_text)
        PT_FAIL(FORMAT, "%s: attribute '%s' does not hold strings", where, name);
    *out = count;
    return PT_OK;
}

static pt_status_t put(hid_t object, const char *path, const char *name, hid_t file_type,
                       hid_t type, hid_t space, const void *data)
{
    char cause[128] = "";
    hid_t attr = H5Acreate2(object, name, file_type, space, H5P_DEFAULT, H5P_DEFAULT);
    herr_t failed = attr < 0 ? -1 : H5Awrite(attr, type, data);
    if (failed < 0)
        pt_h5_cause(cause);
    pt_h5_close(attr);
    pt_h5_close(space);
    if (failed < 0)
        PT_FAIL(IO, "%s: cannot write attribute '%s': %s", path, name, cause);
    return PT_OK;
}

pt_status_t pt_h5_put_text(hid_t object, const char *path, const char *name,
                           const char *text)
{
    hid_t type = H5Tcopy(H5T_C_S1);
    /* Without the NUL, so that a text as long as its reader's room allows fits there. */
    H5Tset_size(type, text[0] != '\0' ? strlen(text) : 1);
    H5Tset_strpad(type, H5T_STR_NULLPAD);
    H5Tset_cset(type, H5T_CSET_UTF8);
    pt_status_t status = put(object, path, name, type, type, H5Screate(H5S_SCALAR), text);
    pt_h5_close(type);
    return status;
}

pt_status_t pt_h5_put_texts(hid_t object, const char *path, const char *name,
                            const char *const *text, int64_t n)
{
    hsize_t size = (hsize_t)n;
    hid_t type = H5Tcopy(H5T_C_S1);
    H5Tset_size(type, H5T_VARIABLE);
    H5Tset_cset(type, H5T_CSET_UTF8);
    pt_status_t status =
        put(object, path, name, type, type, H5Screate_simple(1, &size, NULL), text);
    pt_h5_close(type);
    return status;
}

pt_status_t pt_h5_put_int(hid_t object, const char *path, const char *name, int64_t value)
{
    return put(object, path, name, H5T_STD_I64LE, H5T_NATIVE_INT64, H5Screate(H5S_SCALAR),
               &value);
}

pt_status_t pt_h5_put_real(hid_t object, const char *path, const char *name, double value)
{
    return put(object, path, name, H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, H5Screate(H5S_SCALAR),
               &value);
}

pt_status_t pt_h5_put_u64(hid_t object, const char *path, const char *name, uint64_t value)
{
    return put(object, path, name, H5T_STD_U64LE, H5T_NATIVE_UINT64, H5Screate(H5S_SCALAR),
               &value);
}
