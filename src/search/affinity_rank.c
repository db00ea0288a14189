/* Spearman's correlations of the dissimilarities of a level.
 *
 * Each point's similarities, n x n, are formed on the square grid and brought to one rank,
 * which ranks those above the diagonal.  1 - x turns their order around for all points
 * alike, which no correlation notices, so that x itself is ranked. */
#include <math.h>
#include <string.h>

#include "polytree/base/memory.h"
#include "search/affinity_parts.h"

enum {
    DIGIT_BITS = 11,
    N_DIGIT = 1 << DIGIT_BITS,
    N_PASS = 3,
    PANEL = 1 << 14 /* rows of ranks that are multiplied together */
};

/* Unsigned numbers in the order of the floats; -0 is 0. */
static uint32_t key_of(float x)
{
    uint32_t bits;
    x = x == 0 ? 0 : x;
    memcpy(&bits, &x, sizeof bits);
    return (bits & 0x80000000u) != 0 ? ~bits : bits | 0x80000000u;
}

/* Order by one digit of the upper half, those with the same as they were. */
static void sort_pass(const uint64_t *src, int64_t n, int shift, uint64_t *dst)
{
    int64_t begin[N_DIGIT + 1] = {0};
    for (int64_t i = 0; i < n; i++)
        begin[(src[i] >> shift & (N_DIGIT - 1)) + 1]++;
    for (int32_t d = 0; d < N_DIGIT; d++)
        begin[d + 1] += begin[d];
    for (int64_t i = 0; i < n; i++)
        dst[begin[src[i] >> shift & (N_DIGIT - 1)]++] = src[i];
}

pt_status_t affinity_rank(const float *x, int64_t n, uint32_t *twice)
{
    uint64_t *one = NULL, *other = NULL;
    pt_status_t status = PT_OK;
    if (n > UINT32_MAX / 2)
        PT_FAIL(RANGE, "%lld numbers to rank", (long long)n);
    PT_TRY_OR(done, pt_alloc(&one, (size_t)n, sizeof *one));
    PT_TRY_OR(done, pt_alloc(&other, (size_t)n, sizeof *other));
    for (int64_t i = 0; i < n; i++)
        one[i] = (uint64_t)key_of(x[i]) << 32 | (uint64_t)i;
    for (int pass = 0; pass < N_PASS; pass++) {
        sort_pass(one, n, 32 + pass * DIGIT_BITS, other);
        uint64_t *sorted = other;
        other = one;
        one = sorted;
    }
    for (int64_t first = 0, end; first < n; first = end) {
        for (end = first + 1; end < n && one[end] >> 32 == one[first] >> 32; end++)
            continue;
        for (int64_t i = first; i < end; i++)
            twice[one[i] & UINT32_MAX] = (uint32_t)(first + 1 + end);
    }
done:
    pt_free(one);
    pt_free(other);
    return status;
}

/* What a level is ranked with. */
typedef struct ranking {
    int64_t n_pair;     /* i < j */
    pt_matrix_t square; /* similarities of one point ... */
    pt_matrix_t whole;  /* ... and those of as many points as there are ranks, one each */
    float *x;           /* [n_pair] */
    int32_t n_own;      /* points of this rank */
    uint32_t **twice;   /* [n_own][n_pair] */
} ranking_t;

static pt_status_t open_ranking(const affinity_work_t *w, ranking_t *r)
{
    int32_t size = pt_comm_size(w->comm), rank = pt_comm_rank(w->comm);
    int64_t n = w->n_probe;
    pt_status_t status = PT_OK;
    r->n_pair = n * (n - 1) / 2;
    r->n_own = (w->n_point - rank + size - 1) / size;
    r->n_own = w->n_point > rank ? r->n_own : 0;
    PT_TRY(
        pt_matrix_init(&r->square, w->square, false, n, n, AFFINITY_BLOCK, AFFINITY_BLOCK));
    PT_TRY(pt_matrix_init(&r->whole, w->row, false, n, n * size, n, n));
    PT_TRY_OR(done, pt_alloc(&r->x, (size_t)r->n_pair, sizeof *r->x));
    PT_TRY_OR(done, pt_alloc(&r->twice, (size_t)r->n_own + 1, sizeof *r->twice));
    for (int32_t i = 0; i < r->n_own; i++)
        PT_TRY_OR(done, pt_alloc(&r->twice[i], (size_t)r->n_pair, sizeof **r->twice));
done:
    return pt_comm_agree(w->comm, status);
}

static void close_ranking(ranking_t *r)
{
    for (int32_t i = 0; r->twice != NULL && i < r->n_own; i++)
        pt_free(r->twice[i]);
    pt_free(r->twice);
    pt_free(r->x);
    pt_matrix_release(&r->square);
    pt_matrix_release(&r->whole);
}

/* Similarities of a point's probes, to the rank that has it. */
static pt_status_t multiply(affinity_work_t *w, ranking_t *r, int32_t p)
{
    const affinity_point_t *point = &w->point[p];
    pt_matrix_t x = {.data = NULL};
    PT_TRY(pt_matrix_init(&x, w->square, false, point->n_feature, w->n_probe,
                          AFFINITY_BLOCK, AFFINITY_BLOCK));
    pt_status_t status = pt_matrix_copy(&point->x, &x, 0);
    if (status == PT_OK)
        status = pt_matrix_gram(&x, 0, &r->square);
    if (status == PT_OK)
        status =
            pt_matrix_copy(&r->square, &r->whole, p % pt_comm_size(w->comm) * w->n_probe);
    pt_matrix_release(&x);
    return status;
}

/* The point of the round that this rank has. */
static pt_status_t rank_own(const affinity_work_t *w, ranking_t *r, int32_t last)
{
    int32_t size = pt_comm_size(w->comm);
    int32_t p = last - last % size + pt_comm_rank(w->comm);
    const float *s = r->whole.data;
    int64_t at = 0;
    if (p > last)
        return PT_OK;
    for (int64_t j = 1; j < w->n_probe; j++) {
        memcpy(r->x + at, s + j * w->n_probe, (size_t)j * sizeof *s);
        at += j;
    }
    return affinity_rank(r->x, r->n_pair, r->twice[p / size]);
}

static size_t bytes_of_point(const affinity_work_t *w, const affinity_point_t *point)
{
    int32_t size = pt_comm_size(w->comm);
    int64_t own = (w->n_probe / size + w->microbatch) * point->n_feature;
    return (size_t)own * sizeof(float);
}

/* What does not depend on how many points are read at once. */
static size_t bytes_of_ranking(const affinity_work_t *w)
{
    int64_t size = pt_comm_size(w->comm), n = w->n_probe, pairs = n * (n - 1) / 2;
    int64_t own = (w->n_point + size - 1) / size;
    int64_t largest = 0;
    for (int32_t p = 0; p < w->n_point; p++)
        largest = w->point[p].n_feature > largest ? w->point[p].n_feature : largest;
    /* whole and square; x; those that are sorted; ranks; features on the square grid. */
    return (size_t)(n * n * 4 + n * n * 4 / size + pairs * (4 + 16 + 4 * own) +
                    largest * n * 4 / size);
}

/* Points that are read together, with all the memory that there may be. */
static pt_status_t count_pass(const affinity_work_t *w, int32_t first, int32_t *n)
{
    size_t bytes = bytes_of_ranking(w), each = bytes_of_point(w, &w->point[first]);
    *n = 0;
    while (first + *n < w->n_point && bytes + each <= w->spec->memory) {
        bytes += each;
        ++*n;
        each = first + *n < w->n_point ? bytes_of_point(w, &w->point[first + *n]) : 0;
    }
    if (*n > 0)
        return PT_OK;
    affinity_work_t fewer = *w;
    do
        fewer.n_probe -= fewer.n_probe / 16 + 1;
    while (fewer.n_probe > 3 &&
           bytes_of_ranking(&fewer) + bytes_of_point(&fewer, &w->point[first]) >
               w->spec->memory);
    PT_FAIL(CONFIG,
            "%lld probes of %d kinds of %lld features take %.3g GB on a rank, --memory "
            "allows %.3g: %lld probes would fit, or more ranks",
            (long long)w->n_probe, (int)w->n_point, (long long)w->point[first].n_feature,
            (double)(bytes + each) * 1e-9, (double)w->spec->memory * 1e-9,
            (long long)fewer.n_probe);
}

static pt_status_t rank_points(affinity_work_t *w, ranking_t *r)
{
    int32_t size = pt_comm_size(w->comm), n;
    for (int32_t first = 0; first < w->n_point; first += n) {
        PT_TRY(count_pass(w, first, &n));
        pt_status_t status = affinity_read(w, first, n);
        for (int32_t p = first; status == PT_OK && p < first + n; p++) {
            status = multiply(w, r, p);
            if (status == PT_OK && (p % size == size - 1 || p == w->n_point - 1))
                status = pt_comm_agree(w->comm, rank_own(w, r, p));
        }
        affinity_forget(w, first, n);
        PT_TRY(status);
    }
    return PT_OK;
}

/* Rows first .. of the ranks of all points, less their mean. */
static void fill_panel(const ranking_t *r, int64_t first, pt_matrix_t *panel)
{
    double *to = panel->data;
    for (int64_t p = 0; p < panel->own_col; p++)
        for (int64_t i = 0; i < panel->n_row; i++)
            *to++ = first + i < r->n_pair
                        ? (double)r->twice[p][first + i] - (double)(r->n_pair + 1)
                        : 0;
}

static pt_status_t add_products(affinity_work_t *w, const ranking_t *r, pt_matrix_t *panel,
                                pt_matrix_t *spread, pt_matrix_t *product)
{
    int32_t n = w->n_point;
    PT_TRY(pt_matrix_init(panel, w->row, true, PANEL, n, PANEL, 1));
    PT_TRY(
        pt_matrix_init(spread, w->square, true, PANEL, n, AFFINITY_BLOCK, AFFINITY_BLOCK));
    PT_TRY(pt_matrix_init(product, w->square, true, n, n, AFFINITY_BLOCK, AFFINITY_BLOCK));
    for (int64_t first = 0; first < r->n_pair; first += PANEL) {
        fill_panel(r, first, panel);
        PT_TRY(pt_matrix_copy(panel, spread, 0));
        PT_TRY(pt_matrix_gram(spread, first > 0, product));
    }
    return PT_OK;
}

pt_status_t affinity_correlate(affinity_work_t *w, double *rho)
{
    ranking_t r = {.n_pair = 0};
    pt_matrix_t panel = {.data = NULL}, spread = panel, product = panel;
    int32_t n = w->n_point, pass;
    PT_TRY(count_pass(w, 0, &pass));
    pt_status_t status = open_ranking(w, &r);
    if (status == PT_OK)
        status = rank_points(w, &r);
    if (status == PT_OK)
        status = add_products(w, &r, &panel, &spread, &product);
    if (status == PT_OK)
        status = pt_matrix_whole(&product, rho);
    close_ranking(&r);
    pt_matrix_release(&panel);
    pt_matrix_release(&spread);
    pt_matrix_release(&product);
    PT_TRY(status);
    for (int32_t i = 0; i < n; i++)
        for (int32_t j = i + 1; j < n; j++) {
            double size = sqrt(rho[(size_t)i * (size_t)n + (size_t)i]) *
                          sqrt(rho[(size_t)j * (size_t)n + (size_t)j]);
            double *upper = &rho[(size_t)j * (size_t)n + (size_t)i];
            *upper = size > 0 ? *upper / size : (double)NAN;
            rho[(size_t)i * (size_t)n + (size_t)j] = *upper;
        }
    for (int32_t i = 0; i < n; i++) {
        double *own = &rho[(size_t)i * (size_t)n + (size_t)i];
        *own = *own > 0 ? 1 : (double)NAN;
    }
    return PT_OK;
}
