#!/usr/bin/env bash
# ScaLAPACK 2.2.1 (Debian 12, Open MPI): pdsyevd() of a matrix that fits one block returns wrong
# eigenvalues on every process but the one that owns the block, with INFO = 0.
#
# What one expects: w is an output on all processes, the same on each, whatever the block size;
# so it is with pdsyev(), and with pdsyevd() once the matrix has more than one block.
# What happens: where N <= NB the other processes keep what they had before the work, here the
# diagonal.  Who goes on with w there computes with other numbers than the owner.
#
# Seen, of the 4 x 4 second difference on a grid of 1 x 2:
#   pdsyev, blocks of 1, both ranks: 0.3820 1.3820 2.6180 3.6180
#   pdsyev, blocks of 4, both ranks: the same
#   pdsyevd, blocks of 1, both ranks: the same
#   pdsyevd, blocks of 4, rank 0: the same
#   pdsyevd, blocks of 4, rank 1: info 0, eigenvalues other than those (2.0000 four times)
set -eu
apt-get install -y --no-install-recommends libscalapack-openmpi-dev=2.2.1-2+b1 \
    libopenmpi-dev=4.1.4-3+b1 libopenmpi3=4.1.4-3+b1 openmpi-bin=4.1.4-3+b1 libopenblas0-pthread gcc libc6-dev >/dev/null
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
cat >look.c <<'END'
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>

int Csys2blacs_handle(MPI_Comm comm);
void Cblacs_gridinit(int *context, const char *order, int n_row, int n_column);
void Cblacs_gridinfo(int context, int *n_row, int *n_column, int *row, int *column);
void Cblacs_gridexit(int context);
int numroc_(const int *n, const int *nb, const int *at, const int *first, const int *size);
void descinit_(int *desc, const int *m, const int *n, const int *mb, const int *nb, const int *row,
               const int *column, const int *context, const int *ld, int *info);
void pdsyevd_(const char *job, const char *uplo, const int *n, double *a, const int *ia,
              const int *ja, const int *desc, double *w, double *z, const int *iz, const int *jz,
              const int *descz, double *work, const int *lwork, int *iwork, const int *liwork,
              int *info);
void pdsyev_(const char *job, const char *uplo, const int *n, double *a, const int *ia,
             const int *ja, const int *desc, double *w, double *z, const int *iz, const int *jz,
             const int *descz, double *work, const int *lwork, int *info);

enum { N = 4, ROOM = 100000 };

/* The second difference on four points: the diagonal is 2, beside it is -1. */
static double entry(int i, int j)
{
    return i == j ? 2 : abs(i - j) == 1 ? -1 : 0;
}

int main(int argc, char **argv)
{
    const int n = N, one = 1, zero = 0, room = ROOM, nb[2] = {N, 1};
    int rank, size, n_row, n_column, row, column, info;
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    int context = Csys2blacs_handle(MPI_COMM_WORLD);
    Cblacs_gridinit(&context, "Row", 1, size);
    Cblacs_gridinfo(context, &n_row, &n_column, &row, &column);
    double *work = malloc(ROOM * sizeof *work);
    int *iwork = malloc(ROOM * sizeof *iwork);
    for (int k = 0; k < 4; k++) {
        const int *b = &nb[k % 2];
        double a[N * N] = {0}, z[N * N] = {0}, w[N] = {0};
        int rows = numroc_(&n, b, &row, &zero, &n_row), desc[9], ld = rows > 1 ? rows : 1;
        int columns = numroc_(&n, b, &column, &zero, &n_column);
        for (int j = 0; j < columns; j++)
            for (int i = 0; i < rows; i++)
                a[i + j * ld] = entry(i, (j / *b * n_column + column) * *b + j % *b);
        descinit_(desc, &n, &n, b, b, &zero, &zero, &context, &ld, &info);
        if (k < 2)
            pdsyevd_("V", "L", &n, a, &one, &one, desc, w, z, &one, &one, desc, work, &room,
                     iwork, &room, &info);
        else
            pdsyev_("V", "L", &n, a, &one, &one, desc, w, z, &one, &one, desc, work, &room, &info);
        for (int r = 0; r < size; r++) {
            MPI_Barrier(MPI_COMM_WORLD);
            if (r == rank)
                printf("%s, blocks of %d, rank %d: info %d, eigenvalues %.4f %.4f %.4f %.4f\n",
                       k < 2 ? "pdsyevd" : "pdsyev", *b, rank, info, w[0], w[1], w[2], w[3]);
            fflush(stdout);
        }
    }
    free(work);
    free(iwork);
    Cblacs_gridexit(context);
    MPI_Finalize();
    return 0;
}
END
mpicc.openmpi look.c -o look -lscalapack-openmpi
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_btl_vader_single_copy_mechanism=none OPENBLAS_NUM_THREADS=1
mpirun.openmpi --oversubscribe -n 2 ./look | sort | tee seen
right="info 0, eigenvalues 0.3820 1.3820 2.6180 3.6180"
[ "$(grep -c "$right" seen)" = 7 ]
grep -q "^pdsyevd, blocks of 4, rank 1: info 0, eigenvalues" seen
[ "$(grep "^pdsyevd, blocks of 4, rank 1" seen | grep -c "$right")" = 0 ]
