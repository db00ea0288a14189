/** @file
 * LAPACK's routines in use, which OpenBLAS has as Fortran's symbols and no header declares.
 */
#ifndef LINALG_LAPACK_H
#define LINALG_LAPACK_H

/** Cholesky's decomposition of a symmetric positive definite matrix, in place. */
void dpotrf_(const char *uplo, const int *n, double *a, const int *lda, int *info);
/** Solutions for `nrhs` right-hand sides, in place, by what dpotrf_() has left. */
void dpotrs_(const char *uplo, const int *n, const int *nrhs, const double *a,
             const int *lda, double *b, const int *ldb, int *info);

#endif
