/* Reading NumPy's .npy files: the header in its notation, then one array of numbers. */
#include "io/npy.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "polytree/base/memory.h"
#include "polytree/io/file.h"
#include "io/number.h"

/* The header is a dictionary as Python writes it; `at` moves through it. */
typedef struct header {
    const char *path, *at, *end;
    bool has_number, has_order, has_shape;
    pt_npy_header_t *is;
} header_t;

static pt_status_t fail_header(const header_t *h)
{
    PT_FAIL(FORMAT, "%s: its header is no dictionary of descr, fortran_order and shape",
            h->path);
}

static void skip_space(header_t *h)
{
    while (h->at < h->end && (*h->at == ' ' || *h->at == '\n'))
        h->at++;
}

static bool take(header_t *h, const char *text)
{
    size_t n = strlen(text);
    skip_space(h);
    if ((size_t)(h->end - h->at) < n || memcmp(h->at, text, n) != 0)
        return false;
    h->at += n;
    return true;
}

/* Byte order, kind, bytes: "<f4".  A boolean is a byte of 0 or 1. */
static bool parse_type(const char *type, pt_number_t *number)
{
    static const struct {
        const char *kind, *bytes;
        pt_number_kind_t is;
    } known[] = {{"b", "1", PT_NUMBER_UNSIGNED},
                 {"u", "1248", PT_NUMBER_UNSIGNED},
                 {"i", "1248", PT_NUMBER_SIGNED},
                 {"f", "248", PT_NUMBER_FLOAT}};
    if (!memchr("<>|", type[0], 3))
        return false;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (type[1] == known[i].kind[0] && type[2] != '\0' &&
            strchr(known[i].bytes, type[2])) {
            *number = (pt_number_t){known[i].is, type[2] - '0', type[0] == '>'};
            return true;
        }
    return false;
}

static pt_status_t take_type(header_t *h)
{
    if (!take(h, "'"))
        return fail_header(h);
    const char *type = h->at, *quote = memchr(type, '\'', (size_t)(h->end - type));
    int n = quote && quote - type < 20 ? (int)(quote - type) : 0;
    if (n == 3 && parse_type(type, &h->is->number)) {
        h->at = quote + 1;
        h->is->is_bool = type[1] == 'b';
        h->has_number = true;
        return PT_OK;
    }
    PT_FAIL(FORMAT, "%s: numbers of type '%.*s', expected b1, i1 to i8, u1 to u8, f2 to f8",
            h->path, n, type);
}

static pt_status_t take_shape(header_t *h)
{
    if (!take(h, "("))
        return fail_header(h);
    for (h->is->n_dim = 0; !take(h, ")"); h->is->n_dim++) {
        int64_t n = 0;
        skip_space(h);
        const char *begin = h->at;
        if (h->is->n_dim == PT_NPY_MAX_DIM)
            PT_FAIL(FORMAT, "%s: more than %d dimensions", h->path, PT_NPY_MAX_DIM);
        for (; h->at < h->end && *h->at >= '0' && *h->at <= '9'; h->at++)
            if (__builtin_mul_overflow(n, 10, &n) ||
                __builtin_add_overflow(n, *h->at - '0', &n))
                PT_FAIL(FORMAT, "%s: absurd shape", h->path);
        if (h->at == begin)
            return fail_header(h);
        h->is->dim[h->is->n_dim] = n;
        take(h, ",");
    }
    h->has_shape = true;
    return PT_OK;
}

static pt_status_t parse(header_t *h)
{
    if (!take(h, "{"))
        return fail_header(h);
    while (!take(h, "}")) {
        if (take(h, "'descr':")) {
            PT_TRY(take_type(h));
        } else if (take(h, "'fortran_order':")) {
            h->is->is_fortran = take(h, "True");
            h->has_order = h->is->is_fortran || take(h, "False");
        } else if (take(h, "'shape':")) {
            PT_TRY(take_shape(h));
        } else {
            return fail_header(h);
        }
        take(h, ",");
    }
    if (!h->has_number || !h->has_order || !h->has_shape)
        return fail_header(h);
    return PT_OK;
}

/* Magic, version, length of the header (2 bytes, from version 2 on 4), header, values. */
pt_status_t pt_npy_read_header(const char *path, const char *text, size_t bytes,
                               pt_npy_header_t *header)
{
    static const char magic[] = "\x93NUMPY";
    const unsigned char *head = (const unsigned char *)text;
    if (bytes < 12 || memcmp(text, magic, 6) != 0)
        PT_FAIL(FORMAT, "%s: not a file of NumPy's (.npy)", path);
    if (head[6] < 1 || head[6] > 3)
        PT_FAIL(FORMAT, "%s: .npy version %d, expected 1 to 3", path, head[6]);
    size_t n = head[8] | (size_t)head[9] << 8, begin = 10;
    if (head[6] > 1) {
        n |= (size_t)head[10] << 16 | (size_t)head[11] << 24;
        begin = 12;
    }
    if (n > PT_NPY_MAX_HEADER - begin)
        PT_FAIL(FORMAT, "%s: a header of %zu bytes, expected at most %zu", path, n,
                PT_NPY_MAX_HEADER - begin);
    if (n > bytes - begin)
        PT_FAIL(FORMAT, "%s: cut off in its header", path);
    header_t h = {.path = path, .at = text + begin, .end = text + begin + n, .is = header};
    *header = (pt_npy_header_t){.count = 1, .bytes = begin + n};
    PT_TRY(parse(&h));
    for (int32_t d = 0; d < header->n_dim; d++)
        if (__builtin_mul_overflow(header->count, header->dim[d], &header->count) ||
            header->count > INT64_MAX / header->number.bytes)
            PT_FAIL(FORMAT, "%s: absurd shape", path);
    return PT_OK;
}

/* Where C order's element i stands in Fortran order. */
static int64_t fortran_place(const pt_npy_t *npy, int64_t i)
{
    int64_t place = 0, stride = npy->count;
    for (int32_t d = npy->n_dim - 1; d >= 0; d--) {
        stride /= npy->dim[d];
        place += i % npy->dim[d] * stride;
        i /= npy->dim[d];
    }
    return place;
}

static pt_status_t take_values(const pt_npy_header_t *h, const char *path,
                               const char *values, size_t bytes, pt_npy_t *npy)
{
    if ((size_t)h->count * (size_t)h->number.bytes != bytes)
        PT_FAIL(FORMAT, "%s: %zu bytes of values, expected %lld of %d bytes", path, bytes,
                (long long)h->count, h->number.bytes);
    *npy = (pt_npy_t){.n_dim = h->n_dim, .count = h->count};
    memcpy(npy->dim, h->dim, sizeof npy->dim);
    PT_TRY(pt_alloc(&npy->value, (size_t)h->count, sizeof *npy->value));
    for (int64_t i = 0; i < h->count; i++) {
        size_t place = (size_t)(h->is_fortran ? fortran_place(npy, i) : i);
        pt_number_convert(h->number, values + place * (size_t)h->number.bytes, 1,
                          PT_CELL_F64, &npy->value[i]);
    }
    return PT_OK;
}

pt_status_t pt_npy_read(const char *path, pt_npy_t *npy)
{
    char *text = NULL;
    size_t bytes = 0;
    pt_npy_header_t h;
    PT_TRY(pt_file_read(path, &text, &bytes));
    pt_status_t status = pt_npy_read_header(path, text, bytes, &h);
    if (status == PT_OK)
        status = take_values(&h, path, text + h.bytes, bytes - h.bytes, npy);
    pt_free(text);
    return status;
}

void pt_npy_release(pt_npy_t *npy)
{
    pt_free(npy->value);
    *npy = (pt_npy_t){.value = NULL};
}
