/*
 * Checkpoints to files and back.
 *
 * One checkpoint file: root attributes `format`, `version`, `n_record`, `digest`; every
 * array with attributes `checksum` (XXH3 of its bytes) and `payload` (0 or 1).
 */
#include "io/checkpoint.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "polytree/base/memory.h"
#include "io/file.h"
#include "io/h5.h"

enum { FORMAT_VERSION = 1 };

/* HDF5 keeps texts as fixed strings, so that every tool shows them; they cannot be of
 * length 0, which is an array without space instead. */
static hid_t text_type(int64_t bytes)
{
    hid_t type = H5Tcopy(H5T_C_S1);
    H5Tset_size(type, bytes > 0 ? (size_t)bytes : 1);
    H5Tset_strpad(type, H5T_STR_NULLPAD);
    H5Tset_cset(type, H5T_CSET_UTF8);
    return type;
}

static pt_status_t write_record(hid_t file, const char *path, const pt_record_t *record)
{
    static const int64_t no_element = 0;
    hid_t id = H5I_INVALID_HID;
    if (record->dtype == PT_DTYPE_TEXT) {
        hid_t type = text_type(record->dim[0]);
        pt_status_t status =
            pt_h5_put_array(file, path, record->name, type, type,
                            record->dim[0] > 0 ? 0 : 1, &no_element, record->data, &id);
        pt_h5_close(type);
        PT_TRY(status);
    } else {
        const hid_t type[][2] = {[PT_DTYPE_F32] = {H5T_IEEE_F32LE, H5T_NATIVE_FLOAT},
                                 [PT_DTYPE_F64] = {H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE},
                                 [PT_DTYPE_I64] = {H5T_STD_I64LE, H5T_NATIVE_INT64},
                                 [PT_DTYPE_U64] = {H5T_STD_U64LE, H5T_NATIVE_UINT64}};
        PT_TRY(pt_h5_put_array(file, path, record->name, type[record->dtype][0],
                               type[record->dtype][1], record->n_dim, record->dim,
                               record->data, &id));
    }
    pt_status_t status = pt_h5_put_u64(id, path, "checksum", pt_record_checksum(record));
    if (status == PT_OK)
        status = pt_h5_put_int(id, path, "payload", record->in_payload);
    pt_h5_close(id);
    return status;
}

static pt_status_t write_file(const pt_checkpoint_t *checkpoint, const char *path)
{
    pt_status_t status = PT_OK;
    hid_t file = H5I_INVALID_HID;
    PT_TRY(pt_h5_create(path, &file));
    PT_TRY_OR(done, pt_h5_put_text(file, path, "format", PT_CHECKPOINT_FORMAT));
    PT_TRY_OR(done, pt_h5_put_int(file, path, "version", FORMAT_VERSION));
    PT_TRY_OR(done, pt_h5_put_int(file, path, "n_record", checkpoint->n_record));
    PT_TRY_OR(done, pt_h5_put_text(file, path, "digest", checkpoint->digest));
    for (int32_t i = 0; i < checkpoint->n_record; i++)
        PT_TRY_OR(done, write_record(file, path, &checkpoint->record[i]));
done:
    return pt_h5_finish(status, path, file);
}

/* Keep the current checkpoint as the previous one.  Where links are refused it is renamed,
 * and stands under its second name alone until the new one is in place. */
static pt_status_t keep_current(const char *current, const char *prev)
{
    if (!pt_path_exists(current))
        return PT_OK;
    if (unlink(prev) && errno != ENOENT)
        PT_FAIL(IO, "%s: cannot remove: %s", prev, strerror(errno));
    if (link(current, prev) && rename(current, prev))
        PT_FAIL(IO, "%s: cannot keep as %s: %s", current, prev, strerror(errno));
    return PT_OK;
}

pt_status_t pt_checkpoint_write(pt_checkpoint_t *checkpoint, const char *path,
                                const char *prev)
{
    pt_status_t status = PT_OK;
    char temp[PT_PATH_MAX];
    PT_TRY(pt_path_temp(path, temp));
    PT_TRY(pt_checkpoint_seal(checkpoint));

    PT_TRY_OR(done, write_file(checkpoint, temp));
    PT_TRY_OR(done, pt_file_sync(temp));
    PT_TRY_OR(done, keep_current(path, prev));
    PT_TRY_OR(done, pt_file_publish(temp, path));
done:
    if (status != PT_OK)
        unlink(temp);
    return pt_file_blame(status, temp, path);
}

static pt_status_t find_type(const pt_h5_array_t *array, pt_record_t *record)
{
    bool is_variable = H5Tis_variable_str(array->stored) > 0;

    record->n_dim = array->n_dim;
    memcpy(record->dim, array->dim, sizeof record->dim);
    if (array->type == H5T_FLOAT && array->item_bytes == 4) {
        record->dtype = PT_DTYPE_F32;
    } else if (array->type == H5T_FLOAT && array->item_bytes == 8) {
        record->dtype = PT_DTYPE_F64;
    } else if (array->type == H5T_INTEGER && array->item_bytes == 8) {
        record->dtype =
            array->number.kind == PT_NUMBER_SIGNED ? PT_DTYPE_I64 : PT_DTYPE_U64;
    } else if (array->type == H5T_STRING && !is_variable && array->n_dim <= 1 &&
               array->count == 1 - array->n_dim) {
        record->dtype = PT_DTYPE_TEXT;
        record->n_dim = 1;
        record->dim[0] = array->n_dim == 0 ? (int64_t)array->item_bytes : 0;
    } else {
        PT_FAIL(FORMAT, "%s: not a type that checkpoints have", array->where);
    }
    return PT_OK;
}

static pt_status_t read_values(const pt_h5_array_t *array, pt_record_t *record)
{
    pt_status_t status = PT_OK;
    static const pt_cell_t cell[] = {[PT_DTYPE_F32] = PT_CELL_F32,
                                     [PT_DTYPE_F64] = PT_CELL_F64,
                                     [PT_DTYPE_I64] = PT_CELL_I64,
                                     [PT_DTYPE_U64] = PT_CELL_U64};
    uint64_t checksum = 0;
    int64_t payload = 0;

    PT_TRY_OR(done, pt_h5_attr_u64(array->id, array->where, "checksum", &checksum));
    PT_TRY_OR(done, pt_h5_attr_int(array->id, array->where, "payload", &payload));
    PT_TRY_OR(done, pt_alloc(&record->data, pt_record_bytes(record), 1));
    if (record->dtype == PT_DTYPE_TEXT)
        PT_TRY_OR(done, pt_h5_array_read_text(array, record->data));
    else
        PT_TRY_OR(done, pt_h5_array_read(array, 0, array->n_dim > 0 ? array->dim[0] : 1,
                                         cell[record->dtype], record->data));
    record->in_payload = payload != 0;
    if (pt_record_checksum(record) != checksum)
        status =
            PT_ERROR(FORMAT, "%s: its checksum is %016" PRIx64 ", expected %016" PRIx64,
                     array->where, pt_record_checksum(record), checksum);
done:
    if (status != PT_OK) {
        pt_free(record->data);
        record->data = NULL;
    }
    return status;
}

typedef struct reading {
    const char *path;
    pt_checkpoint_t *checkpoint;
} reading_t;

static pt_status_t read_record(void *context, const char *name, const pt_h5_array_t *array)
{
    const reading_t *to = context;
    pt_record_t record = {.data = NULL};
    PT_TRY(find_type(array, &record));
    PT_TRY(read_values(array, &record));
    return pt_checkpoint_take(to->checkpoint, to->path, name, &record);
}

static pt_status_t check_header(hid_t file, const char *path, int64_t *n_record,
                                char digest[33])
{
    char format[32];
    int64_t version;
    if (pt_h5_attr_text(file, path, "format", format, sizeof format) != PT_OK ||
        strcmp(format, PT_CHECKPOINT_FORMAT) != 0)
        PT_FAIL(FORMAT, "%s: an HDF5 file, but no checkpoint", path);
    PT_TRY(pt_h5_attr_int(file, path, "version", &version));
    if (version != FORMAT_VERSION)
        PT_FAIL(FORMAT, "%s: checkpoint version %lld, expected %d", path,
                (long long)version, FORMAT_VERSION);
    PT_TRY(pt_h5_attr_int(file, path, "n_record", n_record));
    PT_TRY(pt_h5_attr_text(file, path, "digest", digest, 33));
    return PT_OK;
}

static pt_status_t read_file(pt_checkpoint_t *checkpoint, const char *path, hid_t file)
{
    char digest[33];
    int64_t n_record = 0;
    reading_t to = {path, checkpoint};
    PT_TRY(check_header(file, path, &n_record, digest));
    PT_TRY(pt_h5_visit_arrays(file, path, read_record, &to));
    if (checkpoint->n_record != n_record)
        PT_FAIL(FORMAT, "%s: holds %d arrays, expected %lld", path, checkpoint->n_record,
                (long long)n_record);
    PT_TRY(pt_checkpoint_seal(checkpoint));
    if (strcmp(checkpoint->digest, digest) != 0)
        PT_FAIL(FORMAT, "%s: its payload's digest is %s, expected %s", path,
                checkpoint->digest, digest);
    return PT_OK;
}

pt_status_t pt_checkpoint_read(pt_checkpoint_t *checkpoint, const char *path)
{
    hid_t file = H5I_INVALID_HID;
    PT_TRY(pt_h5_open(path, &file));
    pt_checkpoint_t read;
    pt_checkpoint_init(&read);
    read.owns_data = true;
    pt_status_t status = read_file(&read, path, file);
    H5Fclose(file);
    if (status != PT_OK) {
        pt_checkpoint_release(&read);
        return status;
    }
    pt_checkpoint_release(checkpoint);
    *checkpoint = read;
    return PT_OK;
}

static pt_status_t take_text(const pt_h5_array_t *array, char **text)
{
    pt_record_t record = {.data = NULL};
    pt_status_t status;
    PT_TRY(find_type(array, &record));
    if (record.dtype != PT_DTYPE_TEXT)
        PT_FAIL(FORMAT, "%s: expected a text", array->where);
    PT_TRY(read_values(array, &record));
    size_t n = (size_t)record.dim[0];
    PT_TRY_OR(done, pt_alloc(text, n + 1, 1));
    memcpy(*text, record.data, n);
done:
    pt_free(record.data);
    return status;
}

pt_status_t pt_checkpoint_read_text(const char *path, const char *name, char **text)
{
    hid_t file = H5I_INVALID_HID;
    pt_h5_array_t array;
    char digest[33];
    int64_t n_record;
    pt_status_t status;
    PT_TRY(pt_h5_open(path, &file));
    PT_TRY_OR(done, check_header(file, path, &n_record, digest));
    PT_TRY_OR(done, pt_h5_array_open(file, path, name, &array));
    status = take_text(&array, text);
    pt_h5_array_close(&array);
done:
    H5Fclose(file);
    return status;
}

/* What a reader wants to see of an array without a tool: texts of one line and counters. */
static void print_value(const pt_record_t *record, FILE *out)
{
    int64_t n = pt_record_count(record);
    const char *text = record->data;
    if (record->dtype == PT_DTYPE_TEXT && n <= 64 && !memchr(text, '\n', (size_t)n))
        fprintf(out, "  \"%.*s\"", (int)n, text);
    for (int64_t i = 0; record->dtype == PT_DTYPE_I64 && n <= 4 && i < n; i++)
        fprintf(out, "  %" PRId64, ((const int64_t *)record->data)[i]);
    for (int64_t i = 0; record->dtype == PT_DTYPE_U64 && n <= 4 && i < n; i++)
        fprintf(out, "  %" PRIu64, ((const uint64_t *)record->data)[i]);
    for (int64_t i = 0; record->dtype == PT_DTYPE_F64 && n <= 4 && i < n; i++)
        fprintf(out, "  %.17g", ((const double *)record->data)[i]);
}

pt_status_t pt_checkpoint_inspect(const char *path, FILE *out)
{
    pt_checkpoint_t checkpoint;
    int64_t bytes = 0;
    pt_checkpoint_init(&checkpoint);
    PT_TRY(pt_checkpoint_read(&checkpoint, path));
    for (int32_t i = 0; i < checkpoint.n_record; i++) {
        const pt_record_t *r = &checkpoint.record[i];
        char shape[96];
        pt_text_t text = pt_text_in(shape, sizeof shape);
        for (int32_t d = 0; d < r->n_dim; d++)
            pt_text_add(&text, "%s%lld", d ? "x" : "", (long long)r->dim[d]);
        fprintf(out, "%-48s %-4s %-16s %016" PRIx64 " %s", r->name, pt_dtype_name(r->dtype),
                shape, pt_record_checksum(r), r->in_payload ? "payload" : "-");
        print_value(r, out);
        fputc('\n', out);
        bytes += (int64_t)pt_record_bytes(r);
    }
    fprintf(out, "arrays  %d\nbytes   %lld\npayload %s\n", checkpoint.n_record,
            (long long)bytes, checkpoint.digest);
    pt_checkpoint_release(&checkpoint);
    return PT_OK;
}
