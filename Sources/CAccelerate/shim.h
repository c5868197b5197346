// What COpenBLAS is elsewhere, of Apple's Accelerate: CBLAS as it comes, and LAPACKE's names for LAPACK's routines, which Accelerate has as
// Fortran calls them. Only what the library uses: matrices by columns, workspaces the caller's.
//
// Declared here and not by Accelerate's own header: that one gives the interface of LAPACK 3.9 (ACCELERATE_NEW_LAPACK; the old one is deprecated,
// and not safe from several threads at once) only where the compiler's command defines it, in every package that imports this module, as a
// header cannot define anything for the module it imports. The new interface's functions with 32-bit sizes are those with this suffix.
#ifndef FLUXION_CACCELERATE_H
#define FLUXION_CACCELERATE_H

#define FX_ACCELERATE(name) __asm("_" #name "$NEWLAPACK")

enum CBLAS_ORDER { CblasRowMajor = 101, CblasColMajor = 102 };
enum CBLAS_TRANSPOSE { CblasNoTrans = 111, CblasTrans = 112, CblasConjTrans = 113 };
enum CBLAS_UPLO { CblasUpper = 121, CblasLower = 122 };
enum CBLAS_DIAG { CblasNonUnit = 131, CblasUnit = 132 };
enum CBLAS_SIDE { CblasLeft = 141, CblasRight = 142 };

float cblas_sdot(int n, const float *x, int incx, const float *y, int incy) FX_ACCELERATE(cblas_sdot);
double cblas_ddot(int n, const double *x, int incx, const double *y, int incy) FX_ACCELERATE(cblas_ddot);
void cblas_sgemv(enum CBLAS_ORDER order, enum CBLAS_TRANSPOSE trans, int m, int n, float alpha, const float *a, int lda, const float *x, int incx,
                 float beta, float *y, int incy) FX_ACCELERATE(cblas_sgemv);
void cblas_dgemv(enum CBLAS_ORDER order, enum CBLAS_TRANSPOSE trans, int m, int n, double alpha, const double *a, int lda, const double *x,
                 int incx, double beta, double *y, int incy) FX_ACCELERATE(cblas_dgemv);
void cblas_sgemm(enum CBLAS_ORDER order, enum CBLAS_TRANSPOSE transa, enum CBLAS_TRANSPOSE transb, int m, int n, int k, float alpha,
                 const float *a, int lda, const float *b, int ldb, float beta, float *c, int ldc) FX_ACCELERATE(cblas_sgemm);
void cblas_dgemm(enum CBLAS_ORDER order, enum CBLAS_TRANSPOSE transa, enum CBLAS_TRANSPOSE transb, int m, int n, int k, double alpha,
                 const double *a, int lda, const double *b, int ldb, double beta, double *c, int ldc) FX_ACCELERATE(cblas_dgemm);
void cblas_strsm(enum CBLAS_ORDER order, enum CBLAS_SIDE side, enum CBLAS_UPLO uplo, enum CBLAS_TRANSPOSE transa, enum CBLAS_DIAG diag, int m,
                 int n, float alpha, const float *a, int lda, float *b, int ldb) FX_ACCELERATE(cblas_strsm);
void cblas_dtrsm(enum CBLAS_ORDER order, enum CBLAS_SIDE side, enum CBLAS_UPLO uplo, enum CBLAS_TRANSPOSE transa, enum CBLAS_DIAG diag, int m,
                 int n, double alpha, const double *a, int lda, double *b, int ldb) FX_ACCELERATE(cblas_dtrsm);

// Complex numbers as pairs.
#define FX_COMPLEX_BLAS(S)                                                                                                                        \
  void cblas_##S##gemm(enum CBLAS_ORDER order, enum CBLAS_TRANSPOSE transa, enum CBLAS_TRANSPOSE transb, int m, int n, int k, const void *alpha, \
                       const void *a, int lda, const void *b, int ldb, const void *beta, void *c, int ldc) FX_ACCELERATE(cblas_##S##gemm);        \
  void cblas_##S##trsm(enum CBLAS_ORDER order, enum CBLAS_SIDE side, enum CBLAS_UPLO uplo, enum CBLAS_TRANSPOSE transa, enum CBLAS_DIAG diag,    \
                       int m, int n, const void *alpha, const void *a, int lda, void *b, int ldb) FX_ACCELERATE(cblas_##S##trsm);
FX_COMPLEX_BLAS(c)
FX_COMPLEX_BLAS(z)
#undef FX_COMPLEX_BLAS

#include "lapacke.h"

// Since macOS 15: how many threads the calling thread's products may take. 0 is as many as there are, 1 is one.
int BLASSetThreading(unsigned int threading);

/// One thread, the caller's: work is cut for threads by the library itself.
static inline void openblas_set_num_threads(int count) { BLASSetThreading(count == 1 ? 1 : 0); }

#endif
