/* Reading a weights file: trained tensors by name, each checked before it is believed. */
#include "polytree/io/weights.h"

#include <math.h>
#include <string.h>

#include "polytree/base/memory.h"
#include "polytree/base/text.h"
#include "io/checkpoint.h"
#include "io/h5.h"

#define FORMAT_NAME "polytree weights"
enum { FORMAT_VERSION = 1 };

/* Of a checkpoint's names: the tensors of the network. */
#define WEIGHT "weight/"

typedef struct weights_reading {
    const char *path;
    pt_checkpoint_t *weights;
} weights_reading_t;

static pt_status_t check_tensor(const char *path, const char *name,
                                const pt_record_t *record)
{
    const float *value = record->data;
    if (!pt_is_text(name, strlen(name)))
        PT_FAIL(FORMAT, "%s: an array has a name that is no text", path);
    for (int64_t i = 0; i < pt_record_count(record); i++)
        if (!isfinite(value[i]))
            PT_FAIL(FORMAT, "%s: '%s' has an element (number %lld) that is no finite float",
                    path, name, (long long)i);
    return PT_OK;
}

static pt_status_t read_tensor(void *context, const char *name, const pt_h5_array_t *array)
{
    const weights_reading_t *to = context;
    pt_record_t record = {.dtype = PT_DTYPE_F32, .n_dim = array->n_dim, .in_payload = true};
    pt_status_t status;
    if (array->type != H5T_FLOAT)
        return PT_OK;
    /* HDF5 (1.10.8) believes that what it has unpacked is as long as it should be. */
    if (array->is_filtered)
        PT_FAIL(FORMAT, "%s: its values are compressed, expected them without a filter",
                array->where);
    memcpy(record.dim, array->dim, sizeof record.dim);
    PT_TRY(pt_alloc(&record.data, (size_t)pt_record_count(&record), sizeof(float)));
    PT_TRY_OR(failed, pt_h5_array_read(array, 0, array->n_dim > 0 ? array->dim[0] : 1,
                                       PT_CELL_F32, record.data));
    PT_TRY_OR(failed, check_tensor(to->path, name, &record));
    return pt_checkpoint_take(to->weights, to->path, name, &record);
failed:
    pt_free(record.data);
    return status;
}

static pt_status_t check_header(hid_t file, const char *path, bool *is_checkpoint)
{
    char format[32];
    int64_t version;
    if (pt_h5_attr_text(file, path, "format", format, sizeof format) != PT_OK)
        format[0] = '\0';
    *is_checkpoint = strcmp(format, PT_CHECKPOINT_FORMAT) == 0;
    if (*is_checkpoint)
        return PT_OK;
    if (strcmp(format, FORMAT_NAME) != 0)
        PT_FAIL(FORMAT,
                "%s: an HDF5 file, but no weights: expected the attribute format = '%s', "
                "or a checkpoint",
                path, FORMAT_NAME);
    PT_TRY(pt_h5_attr_int(file, path, "version", &version));
    if (version != FORMAT_VERSION)
        PT_FAIL(FORMAT, "%s: weights of version %lld, expected %d", path,
                (long long)version, FORMAT_VERSION);
    return PT_OK;
}

/* The tensors of a checkpoint, under their own names. */
static pt_status_t keep_tensors(pt_checkpoint_t *checkpoint)
{
    int32_t n = 0;
    for (int32_t i = 0; i < checkpoint->n_record; i++) {
        pt_record_t *r = &checkpoint->record[i];
        if (r->dtype != PT_DTYPE_F32 || strncmp(r->name, WEIGHT, strlen(WEIGHT)) != 0) {
            pt_free(r->data);
            continue;
        }
        memmove(r->name, r->name + strlen(WEIGHT), sizeof r->name - strlen(WEIGHT));
        checkpoint->record[n++] = *r;
    }
    checkpoint->n_record = n;
    return pt_checkpoint_seal(checkpoint);
}

static pt_status_t read_tensors(hid_t file, const char *path, pt_checkpoint_t *weights)
{
    weights_reading_t to = {path, weights};
    weights->owns_data = true;
    PT_TRY(pt_h5_visit_arrays(file, path, read_tensor, &to));
    return pt_checkpoint_seal(weights);
}

static pt_status_t read_file(const char *path, pt_checkpoint_t *weights)
{
    hid_t file = H5I_INVALID_HID;
    bool is_checkpoint = false;
    PT_TRY(pt_h5_open(path, &file));
    pt_status_t status = check_header(file, path, &is_checkpoint);
    if (status == PT_OK && !is_checkpoint)
        status = read_tensors(file, path, weights);
    H5Fclose(file);
    PT_TRY(status);
    if (!is_checkpoint)
        return PT_OK;
    PT_TRY(pt_checkpoint_read(weights, path));
    PT_TRY(keep_tensors(weights));
    for (int32_t i = 0; i < weights->n_record; i++)
        PT_TRY(check_tensor(path, weights->record[i].name, &weights->record[i]));
    return PT_OK;
}

pt_status_t pt_weights_read(const char *path, pt_checkpoint_t *weights)
{
    pt_checkpoint_t read;
    pt_status_t status;
    pt_checkpoint_init(&read);
    PT_TRY_OR(failed, read_file(path, &read));
    *weights = read;
    return PT_OK;
failed:
    pt_checkpoint_release(&read);
    return status;
}
