/* Matrices spread over a grid of ranks: where their elements lie, copies and products. */
#include "linalg/matrix_private.h"

#include <limits.h>
#include <string.h>

#include "polytree/base/memory.h"
#include "polytree/par/reduce.h"

#if PT_WITH_SCALAPACK

/* Rows of the squarest grid of n ranks: 1 where n is prime. */
static int32_t square_rows(int32_t n)
{
    int32_t best = 1;
    for (int32_t r = 2; (int64_t)r * r <= n; r++)
        if (n % r == 0)
            best = r;
    return best;
}

bool pt_grid_is_there(void)
{
    return true;
}

pt_status_t pt_grid_new(pt_comm_t *comm, bool is_row, pt_grid_t **out)
{
    pt_grid_t *g = NULL;
    int32_t size = pt_comm_size(comm);
    int32_t n_row = is_row ? 1 : square_rows(size);
    PT_AGREE(comm, pt_alloc(&g, 1, sizeof *g));
    g->comm = comm;
    g->context = Csys2blacs_handle(MPI_Comm_f2c((MPI_Fint)pt_comm_fortran(comm)));
    Cblacs_gridinit(&g->context, "Row", n_row, size / n_row);
    Cblacs_gridinfo(g->context, &g->n_row, &g->n_col, &g->row, &g->col);
    *out = g;
    return PT_OK;
}

/* BLACS's number of the communicator stays: all grids of one have the same. */
void pt_grid_free(pt_grid_t *grid)
{
    if (grid == NULL)
        return;
    Cblacs_gridexit(grid->context);
    pt_free(grid);
}

static int64_t own(int64_t n, int64_t block, int at, int n_at)
{
    int size = (int)n, nb = (int)block, src = 0;
    return numroc_(&size, &nb, &at, &src, &n_at);
}

static size_t item_bytes(bool is_double)
{
    return is_double ? sizeof(double) : sizeof(float);
}

pt_status_t pt_matrix_init(pt_matrix_t *m, const pt_grid_t *grid, bool is_double,
                           int64_t n_row, int64_t n_col, int64_t row_block,
                           int64_t col_block)
{
    enum { DENSE = 1 };
    *m = (pt_matrix_t){.grid = grid,
                       .is_double = is_double,
                       .n_row = n_row,
                       .n_col = n_col,
                       .row_block = row_block,
                       .col_block = col_block};
    if (n_row < 1 || n_col < 1 || row_block < 1 || col_block < 1 || n_row > INT_MAX ||
        n_col > INT_MAX || row_block > INT_MAX || col_block > INT_MAX)
        PT_FAIL(RANGE, "a matrix of %lld x %lld in blocks of %lld x %lld", (long long)n_row,
                (long long)n_col, (long long)row_block, (long long)col_block);
    m->own_row = own(n_row, row_block, grid->row, grid->n_row);
    m->own_col = own(n_col, col_block, grid->col, grid->n_col);
    int lead = m->own_row > 0 ? (int)m->own_row : 1;
    const int description[9] = {
        DENSE, grid->context, (int)n_row, (int)n_col, (int)row_block, (int)col_block, 0,
        0,     lead};
    memcpy(m->description, description, sizeof description);
    PT_AGREE(grid->comm, pt_alloc(&m->data, (size_t)lead * (size_t)(m->own_col + 1),
                                  item_bytes(is_double)));
    return PT_OK;
}

void pt_matrix_release(pt_matrix_t *m)
{
    pt_free(m->data);
    m->data = NULL;
}

static int64_t own_index(int64_t i, int64_t block, int at, int n_at)
{
    int64_t b = i / block;
    return b % n_at == at ? b / n_at * block + i % block : -1;
}

int64_t pt_matrix_own_row(const pt_matrix_t *m, int64_t row)
{
    return own_index(row, m->row_block, m->grid->row, m->grid->n_row);
}

int64_t pt_matrix_own_col(const pt_matrix_t *m, int64_t col)
{
    return own_index(col, m->col_block, m->grid->col, m->grid->n_col);
}

pt_status_t pt_matrix_copy(const pt_matrix_t *src, pt_matrix_t *dst, int64_t col)
{
    int n_row = (int)src->n_row, n_col = (int)src->n_col, to = (int)col + 1;
    if (src->is_double != dst->is_double || src->n_row != dst->n_row || col < 0 ||
        col + src->n_col > dst->n_col)
        PT_FAIL(SHAPE, "%lld x %lld do not go to column %lld of %lld x %lld",
                (long long)src->n_row, (long long)src->n_col, (long long)col,
                (long long)dst->n_row, (long long)dst->n_col);
    if (src->is_double)
        Cpdgemr2d(n_row, n_col, src->data, 1, 1, src->description, dst->data, 1, to,
                  dst->description, src->grid->context);
    else
        Cpsgemr2d(n_row, n_col, src->data, 1, 1, src->description, dst->data, 1, to,
                  dst->description, src->grid->context);
    return PT_OK;
}

/* Each element is one rank's: the sum over ranks of its bits is what it is. */
pt_status_t pt_matrix_whole(const pt_matrix_t *m, double *out)
{
    int64_t *bits = NULL;
    size_t n = (size_t)m->n_row * (size_t)m->n_col;
    PT_AGREE(m->grid->comm, pt_alloc(&bits, n, sizeof *bits));
    for (int64_t j = 0; j < m->n_col; j++) {
        int64_t col = pt_matrix_own_col(m, j);
        for (int64_t i = 0; i < m->n_row && col >= 0; i++) {
            int64_t row = pt_matrix_own_row(m, i), at = col * m->own_row + row;
            if (row < 0)
                continue;
            double x = m->is_double ? ((const double *)m->data)[at]
                                    : (double)((const float *)m->data)[at];
            memcpy(&bits[j * m->n_row + i], &x, sizeof x);
        }
    }
    pt_status_t status = pt_sum_i64(m->grid->comm, PT_TRAFFIC_CONTROL, bits, n);
    if (status == PT_OK)
        memcpy(out, bits, n * sizeof *out);
    pt_free(bits);
    return status;
}

pt_status_t pt_matrix_gram(const pt_matrix_t *a, double beta, pt_matrix_t *c)
{
    const double one = 1;
    const float one32 = 1, beta32 = (float)beta;
    const int first = 1;
    int n = (int)a->n_col, k = (int)a->n_row;
    if (a->is_double != c->is_double || a->n_col != c->n_row || a->n_col != c->n_col ||
        a->grid != c->grid)
        PT_FAIL(SHAPE, "the products of %lld columns do not go to %lld x %lld",
                (long long)a->n_col, (long long)c->n_row, (long long)c->n_col);
    if (a->is_double)
        pdsyrk_("U", "T", &n, &k, &one, a->data, &first, &first, a->description, &beta,
                c->data, &first, &first, c->description);
    else
        pssyrk_("U", "T", &n, &k, &one32, a->data, &first, &first, a->description, &beta32,
                c->data, &first, &first, c->description);
    return PT_OK;
}

#else /* A build without it refuses where a grid is asked for, so that there is no matrix. \
       */

bool pt_grid_is_there(void)
{
    return false;
}

static pt_status_t refuse(void)
{
    PT_FAIL(MISSING, "this build is without ScaLAPACK: task affinity needs it");
}

pt_status_t pt_grid_new(pt_comm_t *comm, bool is_row, pt_grid_t **out)
{
    (void)comm, (void)is_row, (void)out;
    return refuse();
}

void pt_grid_free(pt_grid_t *grid)
{
    (void)grid;
}

pt_status_t pt_matrix_init(pt_matrix_t *m, const pt_grid_t *grid, bool is_double,
                           int64_t n_row, int64_t n_col, int64_t row_block,
                           int64_t col_block)
{
    (void)m, (void)grid, (void)is_double, (void)n_row, (void)n_col;
    (void)row_block, (void)col_block;
    return refuse();
}

void pt_matrix_release(pt_matrix_t *m)
{
    (void)m;
}

int64_t pt_matrix_own_row(const pt_matrix_t *m, int64_t row)
{
    (void)m, (void)row;
    return -1;
}

int64_t pt_matrix_own_col(const pt_matrix_t *m, int64_t col)
{
    (void)m, (void)col;
    return -1;
}

pt_status_t pt_matrix_copy(const pt_matrix_t *src, pt_matrix_t *dst, int64_t col)
{
    (void)src, (void)dst, (void)col;
    return refuse();
}

pt_status_t pt_matrix_whole(const pt_matrix_t *m, double *out)
{
    (void)m, (void)out;
    return refuse();
}

pt_status_t pt_matrix_gram(const pt_matrix_t *a, double beta, pt_matrix_t *c)
{
    (void)a, (void)beta, (void)c;
    return refuse();
}

#endif
