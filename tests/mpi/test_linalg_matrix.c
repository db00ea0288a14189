/* Matrices over grids of any number of ranks: products and eigenvectors are those that one
 * rank forms of the same numbers, also where most ranks own nothing. */
#include <math.h>
#include <stdlib.h>

#include "polytree/linalg/matrix.h"
#include "tests/mpi/main.h"

/* The number of row i and column j, the same on all ranks. */
static double number(int64_t i, int64_t j)
{
    return cos((double)(7 * i * i + 3 * j + i * j)) + (double)(i == j);
}

static void fill(pt_matrix_t *m, double (*of)(int64_t, int64_t))
{
    for (int64_t i = 0; i < m->n_row; i++)
        for (int64_t j = 0; j < m->n_col; j++) {
            int64_t row = pt_matrix_own_row(m, i), col = pt_matrix_own_col(m, j);
            if (row < 0 || col < 0)
                continue;
            if (m->is_double)
                ((double *)m->data)[col * m->own_row + row] = of(i, j);
            else
                ((float *)m->data)[col * m->own_row + row] = (float)of(i, j);
        }
}

static double product(int64_t i, int64_t j, int64_t k)
{
    double sum = 0;
    for (int64_t l = 0; l < k; l++)
        sum += number(l, i) * number(l, j);
    return sum;
}

/* Columns dealt out one by one go to a square grid, are multiplied there, and the products
 * go back behind columns that stay as they were. */
static void one_product(pt_grid_t *row, pt_grid_t *square, bool is_double, int64_t n,
                        int64_t k, int64_t block)
{
    pt_matrix_t dealt, a, c, back;
    assert_int_equal(pt_matrix_init(&dealt, row, is_double, k, n, k, 1), PT_OK);
    assert_int_equal(pt_matrix_init(&a, square, is_double, k, n, block, block), PT_OK);
    assert_int_equal(pt_matrix_init(&c, square, is_double, n, n, block, block), PT_OK);
    assert_int_equal(pt_matrix_init(&back, row, is_double, n, 2 * n, n, 1), PT_OK);
    fill(&dealt, number);
    fill(&back, number);
    assert_int_equal(pt_matrix_copy(&dealt, &a, 0), PT_OK);
    assert_int_equal(pt_matrix_gram(&a, 0, &c), PT_OK);
    assert_int_equal(pt_matrix_gram(&a, 1, &c), PT_OK);
    assert_int_equal(pt_matrix_copy(&c, &back, n), PT_OK);
    double *all = calloc((size_t)(2 * n * n), sizeof *all);
    double bound = (is_double ? 1e-13 : 1e-5) * (double)(k + 1);
    assert_int_equal(pt_matrix_whole(&back, all), PT_OK);
    for (int64_t j = 0; j < n; j++)
        for (int64_t i = 0; i < n; i++) {
            assert_true(fabs(all[j * n + i] - number(i, j)) < 1e-6);
            assert_true(i > j || fabs(all[(n + j) * n + i] - 2 * product(i, j, k)) < bound);
        }
    assert_int_equal(pt_matrix_copy(&c, &back, n + 1), PT_E_SHAPE);
    free(all);
    pt_matrix_release(&dealt);
    pt_matrix_release(&a);
    pt_matrix_release(&c);
    pt_matrix_release(&back);
}

static void products_are_those_of_one_rank(void **state)
{
    static const int64_t shape[][3] = {{1, 1, 1},  {1, 5, 4},  {7, 3, 2},
                                       {7, 3, 64}, {33, 9, 4}, {20, 50, 8}};
    pt_grid_t *row, *square;
    (void)state;
    if (!pt_grid_is_there()) {
        puts("this build is without ScaLAPACK");
        skip();
    }
    assert_int_equal(pt_grid_new(pt_comm_world(), true, &row), PT_OK);
    assert_int_equal(pt_grid_new(pt_comm_world(), false, &square), PT_OK);
    for (size_t i = 0; i < sizeof shape / sizeof shape[0]; i++)
        for (int is_double = 0; is_double < 2; is_double++)
            one_product(row, square, is_double, shape[i][0], shape[i][1], shape[i][2]);
    pt_grid_free(row);
    pt_grid_free(square);
}

static double symmetric(int64_t i, int64_t j)
{
    return i <= j ? number(i, j) : number(j, i);
}

/* Two clusters of like things, whose eigenvalues come in crowds. */
static double clustered(int64_t i, int64_t j)
{
    return i % 2 == j % 2 ? 0.5 + 0.5 * (double)(i == j) : 0;
}

/* Values of the first and the last are known; vectors are checked by the solver itself, so
 * that what it returns is held against the matrix once more, element by element. */
static void one_solution(pt_grid_t *grid, double (*of)(int64_t, int64_t), int64_t n,
                         int64_t n_found, int64_t block)
{
    pt_matrix_t a, v;
    double *value = calloc((size_t)n, sizeof *value);
    double *all = calloc((size_t)(n * n), sizeof *all);
    assert_int_equal(pt_matrix_init(&a, grid, true, n, n, block, block), PT_OK);
    fill(&a, of);
    assert_int_equal(pt_matrix_eigen(&a, n_found, value, &v), PT_OK);
    assert_int_equal(pt_matrix_whole(&v, all), PT_OK);
    for (int64_t j = 0; j < n_found; j++) {
        assert_true(j == 0 || value[j] >= value[j - 1]);
        for (int64_t i = 0; i < n; i++) {
            double sum = 0;
            for (int64_t k = 0; k < n; k++)
                sum += of(i, k) * all[j * n + k];
            assert_true(fabs(sum - value[j] * all[j * n + i]) < 1e-11 * (double)n);
        }
    }
    pt_matrix_release(&a);
    pt_matrix_release(&v);
    free(value);
    free(all);
}

static void eigenvectors_are_such(void **state)
{
    static const int64_t shape[][3] = {{1, 1, 1},   {2, 2, 8},   {5, 5, 1},
                                       {12, 3, 64}, {30, 30, 4}, {31, 7, 32}};
    pt_grid_t *grid;
    (void)state;
    if (!pt_grid_is_there())
        skip();
    assert_int_equal(pt_grid_new(pt_comm_world(), false, &grid), PT_OK);
    for (size_t i = 0; i < sizeof shape / sizeof shape[0]; i++) {
        one_solution(grid, symmetric, shape[i][0], shape[i][1], shape[i][2]);
        one_solution(grid, clustered, shape[i][0], shape[i][1], shape[i][2]);
    }
    pt_matrix_t a, v;
    double value;
    assert_int_equal(pt_matrix_init(&a, grid, true, 4, 4, 2, 2), PT_OK);
    assert_int_equal(pt_matrix_eigen(&a, 5, &value, &v), PT_E_SHAPE);
    pt_matrix_release(&a);
    pt_grid_free(grid);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(products_are_those_of_one_rank),
        cmocka_unit_test(eigenvectors_are_such),
    };
    return run_on_ranks(argc, argv, tests, NULL, NULL);
}
