/** @file
 * ScaLAPACK's and BLACS's routines in use, which no header declares.
 */
#ifndef LINALG_SCALAPACK_H
#define LINALG_SCALAPACK_H

#include <mpi.h>

/* BLACS: a context is a grid of ranks; -1 on a rank outside of it. */
int Csys2blacs_handle(MPI_Comm comm);
void Cblacs_gridinit(int *context, const char *order, int n_row, int n_col);
void Cblacs_gridinfo(int context, int *n_row, int *n_col, int *row, int *col);
void Cblacs_gridexit(int context);

/** Elements of n, in blocks of nb, that process `at` of n_at has. */
int numroc_(const int *n, const int *nb, const int *at, const int *src, const int *n_at);

/* Copy an m x n part of a to b; the context has all ranks of both. */
void Cpsgemr2d(int m, int n, const float *a, int ia, int ja, const int *desc_a, float *b,
               int ib, int jb, const int *desc_b, int context);
void Cpdgemr2d(int m, int n, const double *a, int ia, int ja, const int *desc_a, double *b,
               int ib, int jb, const int *desc_b, int context);

/* c = alpha a a^T + beta c. */
void pssyrk_(const char *uplo, const char *trans, const int *n, const int *k,
             const float *alpha, const float *a, const int *ia, const int *ja,
             const int *desc_a, const float *beta, float *c, const int *ic, const int *jc,
             const int *desc_c);
void pdsyrk_(const char *uplo, const char *trans, const int *n, const int *k,
             const double *alpha, const double *a, const int *ia, const int *ja,
             const int *desc_a, const double *beta, double *c, const int *ic, const int *jc,
             const int *desc_c);
/* c = alpha op(a) op(b) + beta c. */
void pdgemm_(const char *trans_a, const char *trans_b, const int *m, const int *n,
             const int *k, const double *alpha, const double *a, const int *ia,
             const int *ja, const int *desc_a, const double *b, const int *ib,
             const int *jb, const int *desc_b, const double *beta, double *c, const int *ic,
             const int *jc, const int *desc_c);
void pdsymm_(const char *side, const char *uplo, const int *m, const int *n,
             const double *alpha, const double *a, const int *ia, const int *ja,
             const int *desc_a, const double *b, const int *ib, const int *jb,
             const int *desc_b, const double *beta, double *c, const int *ic, const int *jc,
             const int *desc_c);

/* Eigenvalues il .. iu, ascending, and their vectors; a is overwritten. */
void pdsyevr_(const char *jobz, const char *range, const char *uplo, const int *n,
              double *a, const int *ia, const int *ja, const int *desc_a, const double *vl,
              const double *vu, const int *il, const int *iu, int *m, int *nz, double *w,
              double *z, const int *iz, const int *jz, const int *desc_z, double *work,
              const int *lwork, int *iwork, const int *liwork, int *info);

#endif
