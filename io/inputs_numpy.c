/* Inputs that are an array of NumPy's, of a .npy or in a .npz. */
#include <string.h>

#include "polytree/base/memory.h"
#include "io/inputs.h"
#include "io/npz.h"

typedef struct open_array {
    const char *wanted; /* NULL: see is_known() */
    char name[128];     /* in a .npz */
    int32_t n_array, n_known;
    pt_npz_t *npz;
    double scale;
    int64_t values; /* of a row */
    bool is_byte;   /* whose values are divided, as those of a data set are */
    double *row;
    uint8_t *bytes;
} open_array_t;

static bool fits(const char *path, bool is_folder, const char head[8])
{
    (void)path;
    return !is_folder && (memcmp(head, "\x93NUMPY", 6) == 0 || memcmp(head, "PK", 2) == 0);
}

/* As in a data set, or as those that one is made of are called unless told otherwise. */
static bool is_known(const char *name)
{
    return strcmp(name, "images") == 0 || strcmp(name, "inputs") == 0 ||
           strcmp(name, "x") == 0;
}

/* Arrays whose name is known are taken, else the only one. */
static pt_status_t choose(void *context, const char *name)
{
    open_array_t *a = context;
    bool is_it = a->wanted != NULL ? strcmp(name, a->wanted) == 0 : is_known(name);
    if (a->n_array++ == 0 || is_it)
        strncpy(a->name, name, sizeof a->name - 1);
    a->n_known += is_it;
    return PT_OK;
}

static pt_status_t check_choice(const pt_inputs_t *in, const open_array_t *a)
{
    if (a->wanted != NULL && a->n_known != 1)
        PT_FAIL(FORMAT, "%s: no array '%s'", in->path, a->wanted);
    if (a->n_array == 0 || (a->n_array > 1 && a->n_known != 1))
        PT_FAIL(FORMAT,
                "%s: %d arrays, expected one alone, or one called 'images', 'inputs' or "
                "'x'; --inputs names another",
                in->path, (int)a->n_array);
    return PT_OK;
}

/* [n, height, width, channels], of one channel also [n, height, width]; [n, features]. */
static pt_status_t check_shape(pt_inputs_t *in, const open_array_t *a)
{
    int64_t dim[PT_NPY_MAX_DIM] = {0}, hwc[3] = {1, 1, 1};
    int32_t n_dim = pt_npz_shape(a->npz, dim);
    in->n = dim[0];
    if (in->n == 0)
        PT_FAIL(FORMAT, "%s: it holds nothing", pt_npz_where(a->npz));
    for (int32_t d = 1; d < n_dim; d++)
        hwc[n_dim == 2 ? 2 : d - 1] = dim[d];
    return inputs_check_shape(in, pt_npz_where(a->npz), n_dim > 2, hwc);
}

static pt_status_t find_numbers(pt_inputs_t *in, open_array_t *a)
{
    bool is_bool;
    pt_number_t number = pt_npz_number(a->npz, &is_bool);
    bool is_integer = number.kind != PT_NUMBER_FLOAT && !is_bool;
    PT_TRY(inputs_find_scale(in, pt_npz_where(a->npz), is_integer ? number.bytes : 0,
                             number.kind == PT_NUMBER_SIGNED, &a->scale));
    a->is_byte =
        is_integer && pt_number_is_cell(number, PT_CELL_U8) && a->scale == 1.0 / UINT8_MAX;
    inputs_say_blur(in, pt_npz_where(a->npz), number, a->scale);
    return a->is_byte ? inputs_take_bytes(in, pt_npz_where(a->npz)) : PT_OK;
}

static pt_status_t open_inputs(pt_inputs_t *in)
{
    open_array_t *a;
    in->split = PT_N_SPLIT;
    PT_TRY(pt_alloc(&a, 1, sizeof *a));
    in->state = a;
    a->wanted = in->options.array;
    PT_TRY(pt_npz_list(in->path, choose, a));
    PT_TRY(check_choice(in, a));
    PT_TRY(pt_npz_open(in->path, a->name, &a->npz));
    PT_TRY(check_shape(in, a));
    PT_TRY(find_numbers(in, a));
    a->values = pt_npz_width(a->npz);
    PT_TRY(pt_alloc(&a->row, (size_t)a->values, sizeof *a->row));
    return pt_alloc(&a->bytes, (size_t)a->values, 1);
}

static pt_status_t read_row(pt_inputs_t *in, open_array_t *a, float *out)
{
    if (a->is_byte) {
        PT_TRY(pt_npz_next(a->npz, PT_CELL_U8, a->bytes));
        for (int64_t i = 0; i < a->values; i++)
            out[i] = (float)a->bytes[i] / 255.0f;
        return PT_OK;
    }
    PT_TRY(pt_npz_next(a->npz, PT_CELL_F64, a->row));
    inputs_take_numbers(in, a->values, a->row, a->scale, out);
    return PT_OK;
}

/* Rows come in order; those of other ranks are passed over. */
static pt_status_t read_rows(pt_inputs_t *in, int64_t first, int64_t n, float *out)
{
    open_array_t *a = in->state;
    while (pt_npz_row(a->npz) < first)
        PT_TRY(read_row(in, a, out));
    for (int64_t i = 0; i < n; i++)
        PT_TRY(read_row(in, a, out + i * a->values));
    return PT_OK;
}

static void close_inputs(pt_inputs_t *in)
{
    open_array_t *a = in->state;
    if (a == NULL)
        return;
    pt_npz_close(a->npz);
    pt_free(a->row);
    pt_free(a->bytes);
    pt_free(a);
}

const inputs_kind_t inputs_numpy = {
    .fits = fits, .open = open_inputs, .read = read_rows, .close = close_inputs};
