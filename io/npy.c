#include "io/npy.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "polytree/base/memory.h"
#include "polytree/io/file.h"

static double get_f4(const char *p)
{
    float x;
    memcpy(&x, p, sizeof x);
    return (double)x;
}
static double get_f8(const char *p)
{
    double x;
    memcpy(&x, p, sizeof x);
    return x;
}
static double get_i1(const char *p)
{
    return *(const signed char *)p;
}
static double get_u1(const char *p)
{
    return *(const unsigned char *)p;
}
static double get_i2(const char *p)
{
    int16_t x;
    memcpy(&x, p, sizeof x);
    return x;
}
static double get_i4(const char *p)
{
    int32_t x;
    memcpy(&x, p, sizeof x);
    return x;
}
static double get_i8(const char *p)
{
    int64_t x;
    memcpy(&x, p, sizeof x);
    return (double)x;
}

typedef struct number {
    const char *name;
    size_t bytes;
    double (*get)(const char *p);
} number_t;

static const number_t numbers[] = {
    {"<f4", 4, get_f4}, {"<f8", 8, get_f8}, {"|u1", 1, get_u1}, {"|i1", 1, get_i1},
    {"<i2", 2, get_i2}, {"<i4", 4, get_i4}, {"<i8", 8, get_i8}};

/* The header is a dictionary as Python writes it; `at` moves through it. */
typedef struct header {
    const char *path, *at, *end;
    const number_t *number;
    bool has_order, is_fortran, has_shape;
    int32_t n_dim;
    int64_t dim[PT_NPY_MAX_DIM];
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

static pt_status_t take_type(header_t *h)
{
    if (!take(h, "'"))
        return fail_header(h);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        if (take(h, numbers[i].name)) {
            h->number = &numbers[i];
            return take(h, "'") ? PT_OK : fail_header(h);
        }
    const char *quote = memchr(h->at, '\'', (size_t)(h->end - h->at));
    int n = quote && quote - h->at < 20 ? (int)(quote - h->at) : 0;
    PT_FAIL(
        FORMAT,
        "%s: numbers of type '%.*s', expected little-endian f4, f8, i2, i4, i8, or u1, i1",
        h->path, n, h->at);
}

static pt_status_t take_shape(header_t *h)
{
    if (!take(h, "("))
        return fail_header(h);
    for (h->n_dim = 0; !take(h, ")"); h->n_dim++) {
        int64_t n = 0;
        skip_space(h);
        const char *begin = h->at;
        if (h->n_dim == PT_NPY_MAX_DIM)
            PT_FAIL(FORMAT, "%s: more than %d dimensions", h->path, PT_NPY_MAX_DIM);
        for (; h->at < h->end && *h->at >= '0' && *h->at <= '9'; h->at++)
            if (__builtin_mul_overflow(n, 10, &n) ||
                __builtin_add_overflow(n, *h->at - '0', &n))
                PT_FAIL(FORMAT, "%s: absurd shape", h->path);
        if (h->at == begin)
            return fail_header(h);
        h->dim[h->n_dim] = n;
        take(h, ",");
    }
    h->has_shape = true;
    return PT_OK;
}

static pt_status_t read_header(header_t *h)
{
    if (!take(h, "{"))
        return fail_header(h);
    while (!take(h, "}")) {
        if (take(h, "'descr':")) {
            PT_TRY(take_type(h));
        } else if (take(h, "'fortran_order':")) {
            h->is_fortran = take(h, "True");
            h->has_order = h->is_fortran || take(h, "False");
        } else if (take(h, "'shape':")) {
            PT_TRY(take_shape(h));
        } else {
            return fail_header(h);
        }
        take(h, ",");
    }
    if (h->number == NULL || !h->has_order || !h->has_shape)
        return fail_header(h);
    return PT_OK;
}

/* Magic, version, length of the header (2 bytes, from version 2 on 4), header, values. */
static pt_status_t find_header(const char *path, const char *text, size_t bytes,
                               header_t *h)
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
    if (n > bytes - begin)
        PT_FAIL(FORMAT, "%s: cut off in its header", path);
    *h = (header_t){.path = path, .at = text + begin, .end = text + begin + n};
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

static pt_status_t take_values(const header_t *h, size_t bytes, pt_npy_t *npy)
{
    int64_t count = 1;
    size_t need;
    for (int32_t d = 0; d < h->n_dim; d++)
        if (__builtin_mul_overflow(count, h->dim[d], &count))
            PT_FAIL(FORMAT, "%s: absurd shape", h->path);
    if (__builtin_mul_overflow((size_t)count, h->number->bytes, &need) || need != bytes)
        PT_FAIL(FORMAT, "%s: %zu bytes of values, expected %lld of %zu bytes", h->path,
                bytes, (long long)count, h->number->bytes);
    *npy = (pt_npy_t){.n_dim = h->n_dim, .count = count};
    memcpy(npy->dim, h->dim, sizeof npy->dim);
    PT_TRY(pt_alloc(&npy->value, (size_t)count, sizeof *npy->value));
    for (int64_t i = 0; i < count; i++) {
        int64_t place = h->is_fortran ? fortran_place(npy, i) : i;
        npy->value[i] = h->number->get(h->end + (size_t)place * h->number->bytes);
    }
    return PT_OK;
}

pt_status_t pt_npy_read(const char *path, pt_npy_t *npy)
{
    char *text = NULL;
    size_t bytes = 0;
    header_t h;
    PT_TRY(pt_file_read(path, &text, &bytes));
    pt_status_t status = find_header(path, text, bytes, &h);
    if (status == PT_OK)
        status = read_header(&h);
    if (status == PT_OK)
        status = take_values(&h, (size_t)(text + bytes - h.end), npy);
    pt_free(text);
    return status;
}

void pt_npy_release(pt_npy_t *npy)
{
    pt_free(npy->value);
    *npy = (pt_npy_t){.value = NULL};
}
