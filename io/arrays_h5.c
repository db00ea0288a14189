/* Arrays of results as HDF5: each is a data set, names of classes are its attribute. */
#include <string.h>

#include "polytree/base/memory.h"
#include "io/arrays.h"
#include "io/h5.h"

typedef struct open_file {
    hid_t file;
    hid_t id[]; /**< of each array */
} h5_file_t;

static hid_t type_of(const pt_array_t *array)
{
    if (array->type != PT_ARRAY_TEXT)
        return H5Tcopy(array->type == PT_ARRAY_I32   ? H5T_STD_I32LE
                       : array->type == PT_ARRAY_F64 ? H5T_IEEE_F64LE
                                                     : H5T_IEEE_F32LE);
    hid_t type = H5Tcopy(H5T_C_S1);
    H5Tset_size(type, (size_t)array->text_bytes);
    H5Tset_strpad(type, H5T_STR_NULLPAD);
    H5Tset_cset(type, H5T_CSET_UTF8);
    return type;
}

static int32_t shape_of(const pt_arrays_t *a, const pt_array_t *array, int64_t *dim)
{
    dim[0] = a->n_row;
    memcpy(dim + 1, array->dim, sizeof array->dim);
    return 1 + array->n_dim;
}

static pt_status_t put_class_names(const pt_array_t *array, const char *path, hid_t id)
{
    const char **name;
    if (array->class_name == NULL)
        return PT_OK;
    PT_TRY(pt_alloc(&name, (size_t)array->n_class_name, sizeof *name));
    for (int64_t c = 0; c < array->n_class_name; c++)
        name[c] = array->class_name[c].text;
    pt_status_t status =
        pt_h5_put_texts(id, path, "class_names", name, array->n_class_name);
    pt_free(name);
    return status;
}

static pt_status_t create(pt_arrays_t *a)
{
    h5_file_t *f;
    PT_TRY(pt_alloc(&f, 1, sizeof *f + (size_t)a->n * sizeof f->id[0]));
    a->state = f;
    f->file = H5I_INVALID_HID;
    for (int32_t i = 0; i < a->n; i++)
        f->id[i] = H5I_INVALID_HID;
    PT_TRY(pt_h5_create(a->temp, &f->file));
    PT_TRY(pt_h5_put_text(f->file, a->temp, "format", "polytree predictions"));
    PT_TRY(pt_h5_put_int(f->file, a->temp, "version", 1));
    for (int32_t i = 0; i < a->n; i++) {
        int64_t dim[1 + PT_ARRAY_MAX_DIM];
        hid_t type = type_of(&a->array[i]);
        int32_t n_dim = shape_of(a, &a->array[i], dim);
        pt_status_t status = pt_h5_put_array(f->file, a->temp, a->array[i].name, type, type,
                                             n_dim, dim, NULL, &f->id[i]);
        pt_h5_close(type);
        PT_TRY(status);
        PT_TRY(put_class_names(&a->array[i], a->temp, f->id[i]));
    }
    return PT_OK;
}

static pt_status_t put(pt_arrays_t *a, int64_t n, const void *const *row)
{
    const h5_file_t *f = a->state;
    pt_status_t status = PT_OK;
    for (int32_t i = 0; status == PT_OK && i < a->n; i++) {
        int64_t dim[1 + PT_ARRAY_MAX_DIM];
        bool is_text = a->array[i].type == PT_ARRAY_TEXT;
        hid_t type = is_text                            ? type_of(&a->array[i])
                     : a->array[i].type == PT_ARRAY_I32 ? H5T_NATIVE_INT32
                     : a->array[i].type == PT_ARRAY_F64 ? H5T_NATIVE_DOUBLE
                                                        : H5T_NATIVE_FLOAT;
        int32_t n_dim = shape_of(a, &a->array[i], dim);
        status = pt_h5_put_rows(f->id[i], a->temp, type, n_dim, dim, a->at, n, row[i]);
        if (is_text)
            pt_h5_close(type);
    }
    return status;
}

static pt_status_t finish(pt_status_t status, pt_arrays_t *a)
{
    h5_file_t *f = a->state;
    if (f == NULL)
        return status;
    for (int32_t i = 0; i < a->n; i++)
        pt_h5_close(f->id[i]);
    if (f->file >= 0)
        status = pt_h5_finish(status, a->temp, f->file);
    pt_free(f);
    return status;
}

const arrays_format_t arrays_h5 = {
    .end = ".h5", .create = create, .put = put, .finish = finish};
