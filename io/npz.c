/* Reading arrays of NumPy's as streams: .npz is a zip of .npy. */
#include "io/npz.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "polytree/base/memory.h"
#include "polytree/base/text.h"
#include "io/utf8.h"

enum { BLOCK = 1 << 16, MAX_WIDTH = 1 << 26 };

struct pt_npz {
    const char *path;
    FILE *file; /* of a .npy; else the archive */
    struct archive *archive;
    pt_npy_header_t header;
    int64_t width, row;
    char *buffer; /* of the array, from `at` to `end` */
    size_t capacity, at, end;
    char where[256];
};

static pt_status_t fail_archive(const char *path, struct archive *archive)
{
    const char *why = archive ? archive_error_string(archive) : NULL;
    PT_FAIL(FORMAT, "%s: not a readable .npz: %s", path, why ? why : "no memory");
}

static pt_status_t open_archive(const char *path, struct archive **archive)
{
    *archive = archive_read_new();
    if (!*archive || archive_read_support_format_zip(*archive) != ARCHIVE_OK ||
        archive_read_open_filename(*archive, path, BLOCK) != ARCHIVE_OK)
        return fail_archive(path, *archive);
    return PT_OK;
}

/* The next member that is an array, and its name without ".npy"; *name "" behind the last.
 */
static pt_status_t next_array(const char *path, struct archive *archive, char *name,
                              size_t room, int64_t *bytes)
{
    static const char ending[] = ".npy";
    struct archive_entry *entry;
    for (;;) {
        pt_utf8_t utf8 = pt_utf8_enter();
        int result = archive_read_next_header(archive, &entry);
        const char *found = result == ARCHIVE_OK || result == ARCHIVE_WARN
                                ? archive_entry_pathname_utf8(entry)
                                : "";
        size_t n = found ? strlen(found) : 0;
        bool is_array = n > 4 && n - 4 < room && strcmp(found + n - 4, ending) == 0;
        if (is_array) {
            memcpy(name, found, n - 4);
            name[n - 4] = '\0';
        }
        pt_utf8_leave(utf8);
        if (result != ARCHIVE_OK && result != ARCHIVE_WARN && result != ARCHIVE_EOF)
            return fail_archive(path, archive);
        if (result == ARCHIVE_EOF)
            name[0] = '\0';
        else if (is_array)
            *bytes = archive_entry_size_is_set(entry) ? archive_entry_size(entry) : -1;
        if (is_array || result == ARCHIVE_EOF)
            return PT_OK;
    }
}

static bool is_npy(const char *path)
{
    size_t n = strlen(path);
    return n > 4 && strcmp(path + n - 4, ".npy") == 0;
}

pt_status_t pt_npz_list(const char *path, pt_npz_visit_t visit, void *context)
{
    struct archive *archive = NULL;
    char name[256];
    int64_t bytes;
    if (is_npy(path))
        return visit(context, "");
    pt_status_t status = open_archive(path, &archive);
    while (status == PT_OK) {
        status = next_array(path, archive, name, sizeof name, &bytes);
        if (status != PT_OK || name[0] == '\0')
            break;
        status = visit(context, name);
    }
    archive_read_free(archive);
    return status;
}

/* More of the array behind what is not yet taken, up to `want` bytes in all. */
static pt_status_t fill(pt_npz_t *npz, size_t want)
{
    size_t kept = npz->end - npz->at;
    if (npz->at > 0 && kept > 0)
        memmove(npz->buffer, npz->buffer + npz->at, kept);
    npz->at = 0;
    npz->end = kept;
    PT_TRY(pt_grow(&npz->buffer, &npz->capacity, want + BLOCK, 1));
    while (npz->end < want) {
        char *to = npz->buffer + npz->end;
        la_ssize_t n = npz->file ? (la_ssize_t)fread(to, 1, BLOCK, npz->file)
                                 : archive_read_data(npz->archive, to, BLOCK);
        if (npz->file && ferror(npz->file))
            PT_FAIL(IO, "%s: cannot read: %s", npz->path, strerror(errno));
        if (n < 0)
            return fail_archive(npz->where, npz->archive);
        if (n == 0)
            break;
        npz->end += (size_t)n;
    }
    return PT_OK;
}

static pt_status_t find_array(pt_npz_t *npz, const char *name, int64_t *bytes)
{
    char found[256];
    if (is_npy(npz->path)) {
        struct stat info;
        npz->file = fopen(npz->path, "rb");
        if (!npz->file || fstat(fileno(npz->file), &info))
            PT_FAIL(IO, "%s: cannot open: %s", npz->path, strerror(errno));
        *bytes = info.st_size;
        return PT_OK;
    }
    PT_TRY(open_archive(npz->path, &npz->archive));
    do {
        PT_TRY(next_array(npz->path, npz->archive, found, sizeof found, bytes));
        if (found[0] == '\0')
            PT_FAIL(USAGE, "%s: no array '%.128s'", npz->path, name);
    } while (strcmp(found, name) != 0);
    return PT_OK;
}

static pt_status_t open_array(pt_npz_t *npz, const char *name)
{
    pt_npy_header_t *h = &npz->header;
    int64_t bytes;
    PT_TRY(find_array(npz, name, &bytes));
    PT_TRY(fill(npz, PT_NPY_MAX_HEADER));
    PT_TRY(pt_npy_read_header(npz->where, npz->buffer, npz->end, h));
    npz->at = h->bytes;
    if (h->n_dim == 0 || h->count == 0)
        PT_FAIL(FORMAT, "%s: %s, expected rows", npz->where,
                h->n_dim == 0 ? "a single number" : "holds nothing");
    if (h->is_fortran && h->n_dim > 1)
        PT_FAIL(FORMAT, "%s: in Fortran order: save it by np.ascontiguousarray",
                npz->where);
    npz->width = h->count / h->dim[0];
    if (npz->width > MAX_WIDTH)
        PT_FAIL(FORMAT, "%s: %lld values in a row, expected at most %d", npz->where,
                (long long)npz->width, MAX_WIDTH);
    if (bytes >= 0 && bytes != (int64_t)h->bytes + h->count * h->number.bytes)
        PT_FAIL(FORMAT, "%s: %lld bytes, expected %lld as its shape says", npz->where,
                (long long)bytes, (long long)h->bytes + h->count * h->number.bytes);
    return PT_OK;
}

pt_status_t pt_npz_open(const char *path, const char *name, pt_npz_t **out)
{
    pt_npz_t *npz;
    PT_TRY(pt_alloc(&npz, 1, sizeof *npz));
    pt_text_t where = pt_text_in(npz->where, sizeof npz->where);
    pt_text_add(&where, name[0] ? "%.160s: array '%.64s'" : "%.160s", path, name);
    npz->path = path;
    pt_status_t status = open_array(npz, name);
    if (status == PT_OK)
        *out = npz;
    else
        pt_npz_close(npz);
    return status;
}

void pt_npz_close(pt_npz_t *npz)
{
    if (!npz)
        return;
    if (npz->file)
        fclose(npz->file);
    archive_read_free(npz->archive);
    pt_free(npz->buffer);
    pt_free(npz);
}

int32_t pt_npz_shape(const pt_npz_t *npz, int64_t dim[PT_NPY_MAX_DIM])
{
    memcpy(dim, npz->header.dim, sizeof npz->header.dim);
    return npz->header.n_dim;
}

pt_number_t pt_npz_number(const pt_npz_t *npz, bool *is_bool)
{
    *is_bool = npz->header.is_bool;
    return npz->header.number;
}

int64_t pt_npz_width(const pt_npz_t *npz)
{
    return npz->width;
}

int64_t pt_npz_row(const pt_npz_t *npz)
{
    return npz->row;
}

const char *pt_npz_where(const pt_npz_t *npz)
{
    return npz->where;
}

pt_status_t pt_npz_next(pt_npz_t *npz, pt_cell_t cell, void *out)
{
    size_t bytes = (size_t)npz->width * (size_t)npz->header.number.bytes;
    if (npz->row == npz->header.dim[0])
        PT_FAIL(INTERNAL, "%s: read beyond its last row", npz->where);
    if (npz->end - npz->at < bytes)
        PT_TRY(fill(npz, bytes));
    if (npz->end - npz->at < bytes)
        PT_FAIL(FORMAT, "%s: is cut off in row %lld of %lld", npz->where,
                (long long)npz->row, (long long)npz->header.dim[0]);
    int64_t fault =
        pt_number_convert(npz->header.number, npz->buffer + npz->at, npz->width, cell, out);
    if (fault >= 0)
        PT_FAIL(FORMAT, "%s: row %lld: value %lld is no %s", npz->where,
                (long long)npz->row, (long long)fault, pt_cell_name(cell));
    npz->at += bytes;
    npz->row++;
    return PT_OK;
}
