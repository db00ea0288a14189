/* Checkpoints in memory: named arrays that are added, sorted, found and checksummed. */
#include "io/checkpoint.h"

#include <stdlib.h>
#include <string.h>

#include "polytree/base/hash.h"
#include "polytree/base/memory.h"

static const struct {
    const char *name;
    size_t bytes;
} dtype_table[] = {
    [PT_DTYPE_F32] = {"f32", 4}, [PT_DTYPE_F64] = {"f64", 8},   [PT_DTYPE_I64] = {"i64", 8},
    [PT_DTYPE_U64] = {"u64", 8}, [PT_DTYPE_TEXT] = {"text", 1},
};

const char *pt_dtype_name(pt_dtype_t dtype)
{
    return dtype_table[dtype].name;
}

int64_t pt_record_count(const pt_record_t *record)
{
    int64_t count = 1;
    for (int32_t i = 0; i < record->n_dim; i++)
        count *= record->dim[i];
    return count;
}

size_t pt_record_bytes(const pt_record_t *record)
{
    return (size_t)pt_record_count(record) * dtype_table[record->dtype].bytes;
}

uint64_t pt_record_checksum(const pt_record_t *record)
{
    return pt_hash64(record->data, pt_record_bytes(record), 0);
}

void pt_checkpoint_init(pt_checkpoint_t *checkpoint)
{
    *checkpoint = (pt_checkpoint_t){.is_sorted = true};
}

void pt_checkpoint_release(pt_checkpoint_t *checkpoint)
{
    for (int32_t i = 0; checkpoint->owns_data && i < checkpoint->n_record; i++)
        pt_free(checkpoint->record[i].data);
    pt_free(checkpoint->record);
    pt_checkpoint_init(checkpoint);
}

/* Names become HDF5 paths: no empty part, no "." that HDF5 would swallow. */
static bool is_name(const char *name)
{
    size_t bytes = strlen(name);
    if (bytes == 0 || bytes >= sizeof((pt_record_t *)0)->name)
        return false;
    for (const char *part = name; part; part = strchr(part, '/')) {
        part += *part == '/' && part != name;
        size_t n = strcspn(part, "/");
        if (n == 0 || (n == 1 && part[0] == '.') || (n == 2 && !strncmp(part, "..", 2)))
            return false;
    }
    return true;
}

pt_status_t pt_checkpoint_add(pt_checkpoint_t *checkpoint, const char *name,
                              pt_dtype_t dtype, const int64_t *dim, int32_t n_dim,
                              const void *data, bool in_payload)
{
    pt_record_t record = {.dtype = dtype, .n_dim = n_dim, .in_payload = in_payload};
    int64_t bytes = (int64_t)dtype_table[dtype].bytes;
    if (!is_name(name))
        PT_FAIL(RANGE, "'%.130s' is no name for an array of a checkpoint", name);
    if (n_dim < 0 || n_dim > 4 || (dtype == PT_DTYPE_TEXT && n_dim != 1))
        PT_FAIL(RANGE, "checkpoint array %s: %d dimensions", name, n_dim);
    for (int32_t i = 0; i < n_dim; i++) {
        record.dim[i] = dim[i];
        if (dim[i] < 0 || __builtin_mul_overflow(bytes, dim[i], &bytes))
            PT_FAIL(RANGE, "checkpoint array %s: dimension %d is %lld", name, i,
                    (long long)dim[i]);
    }
    if (!data && bytes > 0)
        PT_FAIL(RANGE, "checkpoint array %s: no data", name);
    strcpy(record.name, name);
    memcpy(&record.data, &data, sizeof data);

    size_t n = (size_t)checkpoint->n_record;
    PT_TRY(pt_grow(&checkpoint->record, &checkpoint->capacity, n + 1, sizeof record));
    if (n > 0 && strcmp(checkpoint->record[n - 1].name, name) >= 0)
        checkpoint->is_sorted = false;
    checkpoint->record[n] = record;
    checkpoint->n_record++;
    return PT_OK;
}

pt_status_t pt_checkpoint_keep(pt_checkpoint_t *checkpoint, const pt_record_t *record,
                               const char *name)
{
    size_t bytes = pt_record_bytes(record);
    void *data;
    PT_TRY(pt_alloc(&data, bytes, 1));
    memcpy(data, record->data, bytes);
    pt_status_t status =
        pt_checkpoint_add(checkpoint, name != NULL ? name : record->name, record->dtype,
                          record->dim, record->n_dim, data, record->in_payload);
    if (status != PT_OK)
        pt_free(data);
    return status;
}

pt_status_t pt_checkpoint_take(pt_checkpoint_t *checkpoint, const char *path,
                               const char *name, const pt_record_t *record)
{
    pt_status_t status;
    if (strlen(name) >= sizeof record->name)
        status = PT_ERROR(FORMAT, "%s: array '%.64s...' has a name longer than %zu bytes",
                          path, name, sizeof record->name - 1);
    else
        status = pt_checkpoint_add(checkpoint, name, record->dtype, record->dim,
                                   record->n_dim, record->data, record->in_payload);
    if (status != PT_OK)
        pt_free(record->data);
    return status;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const pt_record_t *)a)->name, ((const pt_record_t *)b)->name);
}

const pt_record_t *pt_checkpoint_find(const pt_checkpoint_t *checkpoint, const char *name)
{
    pt_record_t key;
    if (strlen(name) >= sizeof key.name)
        return NULL;
    strcpy(key.name, name);
    if (checkpoint->is_sorted && checkpoint->n_record > 0)
        return bsearch(&key, checkpoint->record, (size_t)checkpoint->n_record, sizeof key,
                       by_name);
    for (int32_t i = 0; i < checkpoint->n_record; i++)
        if (strcmp(checkpoint->record[i].name, name) == 0)
            return &checkpoint->record[i];
    return NULL;
}

pt_status_t pt_checkpoint_get(const pt_checkpoint_t *checkpoint, const char *name,
                              pt_dtype_t dtype, int64_t count, const void **data)
{
    const pt_record_t *record = pt_checkpoint_find(checkpoint, name);
    if (!record)
        PT_FAIL(FORMAT, "checkpoint has no array '%s'", name);
    if (record->dtype != dtype || pt_record_count(record) != count)
        PT_FAIL(FORMAT, "checkpoint array '%s' holds %lld x %s, expected %lld x %s", name,
                (long long)pt_record_count(record), pt_dtype_name(record->dtype),
                (long long)count, pt_dtype_name(dtype));
    *data = record->data;
    return PT_OK;
}

pt_status_t pt_checkpoint_copy(const pt_checkpoint_t *checkpoint, const char *name,
                               pt_dtype_t dtype, int64_t count, void *out)
{
    const void *data;
    PT_TRY(pt_checkpoint_get(checkpoint, name, dtype, count, &data));
    memcpy(out, data, (size_t)count * dtype_table[dtype].bytes);
    return PT_OK;
}

static pt_status_t copy_record(const pt_record_t *from, size_t cut, pt_checkpoint_t *to)
{
    pt_record_t copy = *from;
    size_t bytes = pt_record_bytes(from);
    PT_TRY(pt_alloc(&copy.data, bytes, 1));
    if (bytes > 0)
        memcpy(copy.data, from->data, bytes);
    return pt_checkpoint_take(to, "memory", from->name + cut, &copy);
}

pt_status_t pt_checkpoint_copy_all(const pt_checkpoint_t *from, const char *begin,
                                   size_t cut, pt_checkpoint_t *to)
{
    to->owns_data = true;
    for (int32_t i = 0; i < from->n_record; i++)
        if (strncmp(from->record[i].name, begin, strlen(begin)) == 0)
            PT_TRY(copy_record(&from->record[i], cut, to));
    return PT_OK;
}

pt_status_t pt_checkpoint_text(const pt_checkpoint_t *checkpoint, const char *name,
                               char **out)
{
    const pt_record_t *r = pt_checkpoint_find(checkpoint, name);
    char *text;
    if (r == NULL || r->dtype != PT_DTYPE_TEXT || r->n_dim != 1)
        PT_FAIL(FORMAT, "checkpoint has no text '%s'", name);
    PT_TRY(pt_alloc(&text, (size_t)r->dim[0] + 1, 1));
    memcpy(text, r->data, (size_t)r->dim[0]);
    *out = text;
    return PT_OK;
}

pt_status_t pt_checkpoint_seal(pt_checkpoint_t *checkpoint)
{
    pt_digest_t *digest = NULL;
    if (checkpoint->n_record > 0)
        qsort(checkpoint->record, (size_t)checkpoint->n_record, sizeof(pt_record_t),
              by_name);
    checkpoint->is_sorted = true;
    for (int32_t i = 1; i < checkpoint->n_record; i++)
        if (by_name(&checkpoint->record[i - 1], &checkpoint->record[i]) == 0)
            PT_FAIL(RANGE, "checkpoint array '%s' stands twice",
                    checkpoint->record[i].name);

    PT_TRY(pt_digest_new(&digest));
    for (int32_t i = 0; i < checkpoint->n_record; i++) {
        const pt_record_t *r = &checkpoint->record[i];
        int32_t head[2] = {(int32_t)r->dtype, r->n_dim};
        if (!r->in_payload)
            continue;
        pt_digest_add(digest, r->name, strlen(r->name) + 1);
        pt_digest_add(digest, head, sizeof head);
        pt_digest_add(digest, r->dim, (size_t)r->n_dim * sizeof r->dim[0]);
        pt_digest_add(digest, r->data, pt_record_bytes(r));
    }
    pt_digest_hex(digest, checkpoint->digest);
    pt_digest_free(digest);
    return PT_OK;
}
