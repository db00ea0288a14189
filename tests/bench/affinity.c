/* The product of task affinity, n probes of k features each on a grid of all ranks, against
 * one rank's own sgemm of that product's size, in one run: GFLOP/s and their ratio,
 * alternating.
 *
 *     mpirun -n 2 build/tests/bench/affinity [N [K]] */
#include <cblas.h>
#include <stdio.h>
#include <stdlib.h>

#include "polytree/base/clock.h"
#include "polytree/base/memory.h"
#include "polytree/linalg/matrix.h"
#include "polytree/par/par.h"

enum { ROUNDS = 5, BLOCK = 64 };

typedef struct bench {
    pt_grid_t *grid;
    pt_matrix_t x, s;
    float *a, *c; /* of one rank's sgemm */
    int64_t n, k, part;
} bench_t;

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* All ranks at once: n x k times k x part, as many operations as a rank has of the whole.
 */
static double run_sgemm(bench_t *b)
{
    int n = (int)b->n, k = (int)b->k, part = (int)b->part;
    double begin = pt_clock();
    cblas_sgemm(CblasColMajor, CblasTrans, CblasNoTrans, n, part, k, 1, b->a, k, b->a, k, 0,
                b->c, n);
    return pt_clock() - begin;
}

static pt_status_t run(bench_t *b)
{
    pt_comm_t *world = pt_comm_world();
    int32_t size = pt_comm_size(world);
    double own[ROUNDS], all[ROUNDS], flop = (double)b->n * (double)b->n * (double)b->k;
    for (int i = 0; i < ROUNDS; i++) {
        PT_TRY(pt_comm_barrier(world));
        own[i] = 2 * (double)b->n * (double)b->part * (double)b->k / run_sgemm(b);
        PT_TRY(pt_comm_barrier(world));
        double begin = pt_clock();
        PT_TRY(pt_matrix_gram(&b->x, 0, &b->s));
        PT_TRY(pt_comm_barrier(world));
        all[i] = flop / (pt_clock() - begin); /* half of n x n */
    }
    qsort(own, ROUNDS, sizeof own[0], by_size);
    qsort(all, ROUNDS, sizeof all[0], by_size);
    if (pt_comm_rank(world) == 0)
        printf("n %lld, k %lld, %d ranks: product %.1f GFLOP/s, sgemm %.1f on each: %.2f\n",
               (long long)b->n, (long long)b->k, (int)size, all[ROUNDS / 2] * 1e-9,
               own[ROUNDS / 2] * 1e-9, all[ROUNDS / 2] / (own[ROUNDS / 2] * size));
    return PT_OK;
}

static pt_status_t measure(int64_t n, int64_t k)
{
    bench_t b = {.n = n, .k = k, .part = n / 2 / pt_comm_size(pt_comm_world())};
    pt_status_t status = PT_OK;
    PT_TRY(pt_grid_new(pt_comm_world(), false, &b.grid));
    PT_TRY_OR(done, pt_matrix_init(&b.x, b.grid, false, k, n, BLOCK, BLOCK));
    PT_TRY_OR(done, pt_matrix_init(&b.s, b.grid, false, n, n, BLOCK, BLOCK));
    PT_TRY_OR(done, pt_alloc(&b.a, (size_t)(n * k), sizeof *b.a));
    PT_TRY_OR(done, pt_alloc(&b.c, (size_t)(n * b.part), sizeof *b.c));
    for (int64_t i = 0; i < n * k; i++)
        b.a[i] = (float)(i % 17) / 17;
    for (int64_t i = 0; i < b.x.own_row * b.x.own_col; i++)
        ((float *)b.x.data)[i] = (float)(i % 13) / 13;
    status = run(&b);
done:
    pt_matrix_release(&b.x);
    pt_matrix_release(&b.s);
    pt_free(b.a);
    pt_free(b.c);
    pt_grid_free(b.grid);
    return status;
}

int main(int argc, char **argv)
{
    if (pt_par_start(&argc, &argv) != PT_OK)
        return 1;
    int64_t n = argc > 1 ? atoll(argv[1]) : 4000, k = argc > 2 ? atoll(argv[2]) : 4096;
    if (n < 2 * pt_comm_size(pt_comm_world()) || k < 1 || measure(n, k) != PT_OK)
        pt_par_abort(1);
    pt_par_stop();
    return 0;
}
