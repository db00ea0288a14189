/* Eigenvalues and vectors of a symmetric matrix, checked.
 *
 * pdsyevr is the one of ScaLAPACK 2.2.1's solvers that has stood every shape and grid; what
 * others returned as sound was at times wrong, so that nothing is believed unchecked. */
#include <math.h>
#include <string.h>

#include "linalg/matrix_private.h"
#include "polytree/base/memory.h"
#include "polytree/par/reduce.h"

#if PT_WITH_SCALAPACK

/* |A v - lambda v| relative to n max |a|, and |V^T V - I|. */
#define RESIDUAL_MOST 1e-12
#define ORTHOGONAL_MOST 1e-10

static const int FIRST = 1;

static pt_status_t call(pt_matrix_t *copy, int n_found, double *w, pt_matrix_t *z,
                        double *work, int n_work, int *iwork, int n_iwork)
{
    int n = (int)copy->n_row, from = n - n_found + 1, m = 0, nz = 0, info = 0;
    const double unused = 0;
    pdsyevr_("V", "I", "U", &n, copy->data, &FIRST, &FIRST, copy->description, &unused,
             &unused, &from, &n, &m, &nz, w, z->data, &FIRST, &FIRST, z->description, work,
             &n_work, iwork, &n_iwork, &info);
    if (info != 0)
        PT_FAIL(NUMERIC, "pdsyevr of %d x %d returned INFO = %d", n, n, info);
    if (n_work >= 0 && (m != n_found || nz != n_found))
        PT_FAIL(NUMERIC, "pdsyevr found %d values and %d vectors of %d", m, nz, n_found);
    return PT_OK;
}

/* With the room that it asks for. */
static pt_status_t solve(pt_matrix_t *copy, int n_found, double *w, pt_matrix_t *z)
{
    double asked[4] = {0}, *work = NULL;
    int iasked[4] = {0}, *iwork = NULL;
    PT_AGREE(copy->grid->comm, call(copy, n_found, w, z, asked, -1, iasked, -1));
    int n_work = (int)asked[0], n_iwork = iasked[0];
    pt_status_t status = pt_alloc(&work, (size_t)n_work, sizeof *work);
    if (status == PT_OK)
        status = pt_alloc(&iwork, (size_t)n_iwork, sizeof *iwork);
    PT_TRY_OR(done, pt_comm_agree(copy->grid->comm, status));
    status = call(copy, n_found, w, z, work, n_work, iwork, n_iwork);
    status = pt_comm_agree(copy->grid->comm, status);
done:
    pt_free(work);
    pt_free(iwork);
    return status;
}

/* The largest |m| over all ranks, of what is on and above the diagonal or of all. */
static pt_status_t find_largest(const pt_matrix_t *m, bool is_upper, int64_t n_col,
                                double *out)
{
    const double *x = m->data;
    double largest = 0;
    int64_t bits;
    for (int64_t j = 0; j < n_col; j++) {
        int64_t col = pt_matrix_own_col(m, j), last = is_upper ? j + 1 : m->n_row;
        for (int64_t i = 0; i < last && col >= 0; i++) {
            int64_t row = pt_matrix_own_row(m, i);
            double size = row < 0 ? 0 : fabs(x[col * m->own_row + row]);
            largest = size <= largest ? largest : size; /* NaN too */
        }
    }
    largest = isnan(largest) ? (double)INFINITY : largest;
    memcpy(&bits, &largest, sizeof bits);
    PT_TRY(pt_max_i64(m->grid->comm, PT_TRAFFIC_CONTROL, &bits, 1));
    memcpy(out, &bits, sizeof bits);
    return PT_OK;
}

/* Add `by` times column j of v to that of m, which lies as v does. */
static void add_column(pt_matrix_t *m, const pt_matrix_t *v, int64_t j, double by)
{
    int64_t col = pt_matrix_own_col(m, j);
    double *x = m->data;
    const double *y = v->data;
    for (int64_t i = 0; col >= 0 && i < m->own_row; i++)
        x[col * m->own_row + i] += by * y[col * v->own_row + i];
}

static void add_diagonal(pt_matrix_t *m, int64_t n, double x)
{
    for (int64_t i = 0; i < n; i++) {
        int64_t row = pt_matrix_own_row(m, i), col = pt_matrix_own_col(m, i);
        if (row >= 0 && col >= 0)
            ((double *)m->data)[col * m->own_row + row] += x;
    }
}

static pt_status_t check(const pt_matrix_t *a, const double *value, const pt_matrix_t *v,
                         int64_t n_found)
{
    const double one = 1, zero = 0;
    int n = (int)a->n_row, k = (int)n_found;
    double size, residual, odd;
    pt_matrix_t r;
    PT_TRY(pt_matrix_init(&r, a->grid, true, n, n, a->row_block, a->col_block));
    pdsymm_("L", "U", &n, &k, &one, a->data, &FIRST, &FIRST, a->description, v->data,
            &FIRST, &FIRST, v->description, &zero, r.data, &FIRST, &FIRST, r.description);
    for (int64_t j = 0; j < n_found; j++)
        add_column(&r, v, j, -value[j]);
    pt_status_t status = find_largest(a, true, n, &size);
    if (status == PT_OK)
        status = find_largest(&r, false, n_found, &residual);
    if (status == PT_OK) {
        pdgemm_("T", "N", &k, &k, &n, &one, v->data, &FIRST, &FIRST, v->description,
                v->data, &FIRST, &FIRST, v->description, &zero, r.data, &FIRST, &FIRST,
                r.description);
        add_diagonal(&r, n_found, -1);
        /* What is below those rows is the residual still. */
        for (int64_t i = n_found; i < n; i++) {
            int64_t row = pt_matrix_own_row(&r, i);
            for (int64_t c = 0; row >= 0 && c < r.own_col; c++)
                ((double *)r.data)[c * r.own_row + row] = 0;
        }
        status = find_largest(&r, false, n_found, &odd);
    }
    pt_matrix_release(&r);
    PT_TRY(status);
    if (!(residual <= RESIDUAL_MOST * (double)n * size) || !(odd <= ORTHOGONAL_MOST))
        PT_FAIL(NUMERIC,
                "eigenvectors of %d x %d are not such: |A v - lambda v| is %.3g where "
                "%.3g is most, |V^T V - I| %.3g",
                n, n, residual, RESIDUAL_MOST * (double)n * size, odd);
    return PT_OK;
}

pt_status_t pt_matrix_eigen(const pt_matrix_t *a, int64_t n, double *value,
                            pt_matrix_t *vector)
{
    pt_comm_t *comm = a->grid->comm;
    pt_matrix_t copy = {.data = NULL}, z = {.data = NULL};
    double *w = NULL;
    *vector = z;
    if (!a->is_double || a->n_row != a->n_col || a->row_block != a->col_block || n < 1 ||
        n > a->n_row)
        PT_FAIL(SHAPE, "%lld eigenvalues of %lld x %lld in blocks of %lld x %lld",
                (long long)n, (long long)a->n_row, (long long)a->n_col,
                (long long)a->row_block, (long long)a->col_block);
    pt_status_t status = pt_alloc(&w, (size_t)a->n_row, sizeof *w);
    PT_TRY_OR(done, pt_comm_agree(comm, status));
    PT_TRY_OR(done, pt_matrix_init(&copy, a->grid, true, a->n_row, a->n_col, a->row_block,
                                   a->col_block));
    PT_TRY_OR(done, pt_matrix_init(&z, a->grid, true, a->n_row, a->n_col, a->row_block,
                                   a->col_block));
    memcpy(copy.data, a->data, (size_t)(a->own_row * a->own_col) * sizeof(double));
    PT_TRY_OR(done, solve(&copy, (int)n, w, &z));
    PT_TRY_OR(done, check(a, w, &z, n));
    memcpy(value, w, (size_t)n * sizeof *value);
    *vector = z;
    z.data = NULL;
done:
    pt_matrix_release(&copy);
    pt_matrix_release(&z);
    pt_free(w);
    return status;
}

#else

pt_status_t pt_matrix_eigen(const pt_matrix_t *a, int64_t n, double *value,
                            pt_matrix_t *vector)
{
    (void)a, (void)n, (void)value, (void)vector;
    PT_FAIL(MISSING, "this build is without ScaLAPACK");
}

#endif
