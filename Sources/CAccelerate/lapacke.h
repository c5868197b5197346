// LAPACKE's routines with a workspace, for matrices by columns, by way of Fortran's: all arguments by address, and the info last.
#ifndef FLUXION_LAPACKE_H
#define FLUXION_LAPACKE_H

#define LAPACK_COL_MAJOR 102

// LAPACK's routines as Accelerate has them: all arguments by address.
#define FX_LAPACK(S, T)                                                                                                       \
  void S##potrf_(const char *uplo, const int *n, T *a, const int *lda, int *info) FX_ACCELERATE(S##potrf);                    \
  void S##getrf_(const int *m, const int *n, T *a, const int *lda, int *ipiv, int *info) FX_ACCELERATE(S##getrf);             \
  void S##getrs_(const char *trans, const int *n, const int *nrhs, const T *a, const int *lda, const int *ipiv, T *b,         \
                 const int *ldb, int *info) FX_ACCELERATE(S##getrs);                                                          \
  void S##getri_(const int *n, T *a, const int *lda, const int *ipiv, T *work, const int *lwork, int *info)                   \
      FX_ACCELERATE(S##getri);                                                                                                \
  void S##sytrf_(const char *uplo, const int *n, T *a, const int *lda, int *ipiv, T *work, const int *lwork, int *info)       \
      FX_ACCELERATE(S##sytrf);                                                                                                \
  void S##geqrf_(const int *m, const int *n, T *a, const int *lda, T *tau, T *work, const int *lwork, int *info)              \
      FX_ACCELERATE(S##geqrf);                                                                                                \
  void S##orgqr_(const int *m, const int *n, const int *k, T *a, const int *lda, const T *tau, T *work, const int *lwork,     \
                 int *info) FX_ACCELERATE(S##orgqr);                                                                          \
  void S##gesdd_(const char *job, const int *m, const int *n, T *a, const int *lda, T *s, T *u, const int *ldu, T *vt,        \
                 const int *ldvt, T *work, const int *lwork, int *iwork, int *info) FX_ACCELERATE(S##gesdd);                  \
  void S##gebrd_(const int *m, const int *n, T *a, const int *lda, T *d, T *e, T *tauq, T *taup, T *work, const int *lwork,   \
                 int *info) FX_ACCELERATE(S##gebrd);                                                                          \
  void S##bdsdc_(const char *uplo, const char *compq, const int *n, T *d, T *e, T *u, const int *ldu, T *vt, const int *ldvt, \
                 T *q, int *iq, T *work, int *iwork, int *info) FX_ACCELERATE(S##bdsdc);                                      \
  void S##ormbr_(const char *vect, const char *side, const char *trans, const int *m, const int *n, const int *k, const T *a, \
                 const int *lda, const T *tau, T *c, const int *ldc, T *work, const int *lwork, int *info)                    \
      FX_ACCELERATE(S##ormbr);                                                                                                \
  void S##syevd_(const char *job, const char *uplo, const int *n, T *a, const int *lda, T *w, T *work, const int *lwork,      \
                 int *iwork, const int *liwork, int *info) FX_ACCELERATE(S##syevd);                                           \
  void S##geev_(const char *left, const char *right, const int *n, T *a, const int *lda, T *wr, T *wi, T *vl,                 \
                const int *ldvl, T *vr, const int *ldvr, T *work, const int *lwork, int *info) FX_ACCELERATE(S##geev);        \
  void S##gels_(const char *trans, const int *m, const int *n, const int *nrhs, T *a, const int *lda, T *b, const int *ldb,   \
                T *work, const int *lwork, int *info) FX_ACCELERATE(S##gels);                                                 \
  void S##gelsy_(const int *m, const int *n, const int *nrhs, T *a, const int *lda, T *b, const int *ldb, int *jpvt,          \
                 const T *rcond, int *rank, T *work, const int *lwork, int *info) FX_ACCELERATE(S##gelsy);                    \
  void S##gelss_(const int *m, const int *n, const int *nrhs, T *a, const int *lda, T *b, const int *ldb, T *s,               \
                 const T *rcond, int *rank, T *work, const int *lwork, int *info) FX_ACCELERATE(S##gelss);                    \
  void S##gelsd_(const int *m, const int *n, const int *nrhs, T *a, const int *lda, T *b, const int *ldb, T *s,               \
                 const T *rcond, int *rank, T *work, const int *lwork, int *iwork, int *info) FX_ACCELERATE(S##gelsd);        \
  void S##laswp_(const int *n, T *a, const int *lda, const int *k1, const int *k2, const int *ipiv, const int *incx)          \
      FX_ACCELERATE(S##laswp);

FX_LAPACK(s, float)
FX_LAPACK(d, double)

#undef FX_LAPACK

#define FX_LAPACKE(S, T)                                                                                                      \
  static inline int LAPACKE_##S##potrf_work(int layout, char uplo, int n, T *a, int lda) {                                    \
    int info = 0;                                                                                                             \
    S##potrf_(&uplo, &n, a, &lda, &info);                                                                                     \
    return info;                                                                                                              \
  }                                                                                                                           \
  static inline int LAPACKE_##S##getrf_work(int layout, int m, int n, T *a, int lda, int *ipiv) {                             \
    int info = 0;                                                                                                             \
    S##getrf_(&m, &n, a, &lda, ipiv, &info);                                                                                  \
    return info;                                                                                                              \
  }                                                                                                                           \
  static inline int LAPACKE_##S##getrs_work(int layout, char trans, int n, int nrhs, const T *a, int lda, const int *ipiv,    \
                                            T *b, int ldb) {                                                                  \
    int info = 0;                                                                                                             \
    S##getrs_(&trans, &n, &nrhs, a, &lda, ipiv, b, &ldb, &info);                                                  \
    return info;                                                                                                              \
  }                                                                                                                           \
  static inline int LAPACKE_##S##getri_work(int layout, int n, T *a, int lda, const int *ipiv, T *work, int lwork) {          \
    int info = 0;                                                                                                             \
    S##getri_(&n, a, &lda, ipiv, work, &lwork, &info);                                                                 \
    return info;                                                                                                              \
  }                                                                                                                           \
  static inline int LAPACKE_##S##sytrf_work(int layout, char uplo, int n, T *a, int lda, int *ipiv, T *work, int lwork) {     \
    int info = 0;                                                                                                             \
    S##sytrf_(&uplo, &n, a, &lda, ipiv, work, &lwork, &info);                                                                 \
    return info;                                                                                                              \
  }                                                                                                                           \
  static inline int LAPACKE_##S##geqrf_work(int layout, int m, int n, T *a, int lda, T *tau, T *work, int lwork) {            \
    int info = 0;                                                                                                             \
    S##geqrf_(&m, &n, a, &lda, tau, work, &lwork, &info);                                                                     \
    return info;                                                                                                              \
  }                                                                                                                           \
  static inline int LAPACKE_##S##orgqr_work(int layout, int m, int n, int k, T *a, int lda, const T *tau, T *work,            \
                                            int lwork) {                                                                      \
    int info = 0;                                                                                                             \
    S##orgqr_(&m, &n, &k, a, &lda, tau, work, &lwork, &info);                                                            \
    return info;                                                                                                              \
  }                                                                                                                           \
  static inline int LAPACKE_##S##gesdd_work(int layout, char job, int m, int n, T *a, int lda, T *s, T *u, int ldu, T *vt,    \
                                            int ldvt, T *work, int lwork, int *iwork) {                                       \
    int info = 0;                                                                                                             \
    S##gesdd_(&job, &m, &n, a, &lda, s, u, &ldu, vt, &ldvt, work, &lwork, iwork, &info);                                      \
    return info;                                                                                                              \
  }                                                                                                                           \
  static inline int LAPACKE_##S##gebrd_work(int layout, int m, int n, T *a, int lda, T *d, T *e, T *tauq, T *taup, T *work,   \
                                            int lwork) {                                                                      \
    int info = 0;                                                                                                             \
    S##gebrd_(&m, &n, a, &lda, d, e, tauq, taup, work, &lwork, &info);                                                        \
    return info;                                                                                                              \
  }                                                                                                                           \
  static inline int LAPACKE_##S##bdsdc_work(int layout, char uplo, char compq, int n, T *d, T *e, T *u, int ldu, T *vt,       \
                                            int ldvt, T *q, int *iq, T *work, int *iwork) {                                   \
    int info = 0;                                                                                                             \
    S##bdsdc_(&uplo, &compq, &n, d, e, u, &ldu, vt, &ldvt, q, iq, work, iwork, &info);                                        \
    return info;                                                                                                              \
  }                                                                                                                           \
  static inline int LAPACKE_##S##ormbr_work(int layout, char vect, char side, char trans, int m, int n, int k, const T *a,    \
                                            int lda, const T *tau, T *c, int ldc, T *work, int lwork) {                       \
    int info = 0;                                                                                                             \
    S##ormbr_(&vect, &side, &trans, &m, &n, &k, a, &lda, tau, c, &ldc, work, &lwork, &info);                        \
    return info;                                                                                                              \
  }                                                                                                                           \
  static inline int LAPACKE_##S##syevd_work(int layout, char job, char uplo, int n, T *a, int lda, T *w, T *work, int lwork,  \
                                            int *iwork, int liwork) {                                                         \
    int info = 0;                                                                                                             \
    S##syevd_(&job, &uplo, &n, a, &lda, w, work, &lwork, iwork, &liwork, &info);                                              \
    return info;                                                                                                              \
  }                                                                                                                           \
  static inline int LAPACKE_##S##geev_work(int layout, char left, char right, int n, T *a, int lda, T *wr, T *wi, T *vl,      \
                                           int ldvl, T *vr, int ldvr, T *work, int lwork) {                                   \
    int info = 0;                                                                                                             \
    S##geev_(&left, &right, &n, a, &lda, wr, wi, vl, &ldvl, vr, &ldvr, work, &lwork, &info);                                  \
    return info;                                                                                                              \
  }                                                                                                                           \
  static inline int LAPACKE_##S##gels_work(int layout, char trans, int m, int n, int nrhs, T *a, int lda, T *b, int ldb,      \
                                           T *work, int lwork) {                                                              \
    int info = 0;                                                                                                             \
    S##gels_(&trans, &m, &n, &nrhs, a, &lda, b, &ldb, work, &lwork, &info);                                                   \
    return info;                                                                                                              \
  }                                                                                                                           \
  static inline int LAPACKE_##S##gelsy_work(int layout, int m, int n, int nrhs, T *a, int lda, T *b, int ldb, int *jpvt,      \
                                            T rcond, int *rank, T *work, int lwork) {                                         \
    int info = 0;                                                                                                             \
    S##gelsy_(&m, &n, &nrhs, a, &lda, b, &ldb, jpvt, &rcond, rank, work, &lwork, &info);                                      \
    return info;                                                                                                              \
  }                                                                                                                           \
  static inline int LAPACKE_##S##gelss_work(int layout, int m, int n, int nrhs, T *a, int lda, T *b, int ldb, T *s, T rcond,  \
                                            int *rank, T *work, int lwork) {                                                  \
    int info = 0;                                                                                                             \
    S##gelss_(&m, &n, &nrhs, a, &lda, b, &ldb, s, &rcond, rank, work, &lwork, &info);                                         \
    return info;                                                                                                              \
  }                                                                                                                           \
  static inline int LAPACKE_##S##gelsd_work(int layout, int m, int n, int nrhs, T *a, int lda, T *b, int ldb, T *s, T rcond,  \
                                            int *rank, T *work, int lwork, int *iwork) {                                      \
    int info = 0;                                                                                                             \
    S##gelsd_(&m, &n, &nrhs, a, &lda, b, &ldb, s, &rcond, rank, work, &lwork, iwork, &info);                                  \
    return info;                                                                                                              \
  }                                                                                                                           \
  static inline int LAPACKE_##S##laswp_work(int layout, int n, T *a, int lda, int k1, int k2, const int *ipiv, int incx) {    \
    S##laswp_(&n, a, &lda, &k1, &k2, ipiv, &incx);                                                                     \
    return 0;                                                                                                                 \
  }

FX_LAPACKE(s, float)
FX_LAPACKE(d, double)
#undef FX_LAPACKE

// Complex numbers, as pairs.
#define FX_COMPLEX_LAPACK(S, T) \
  void S##potrf_(const char *uplo, const int *n, T *a, const int *lda, int *info) FX_ACCELERATE(S##potrf); \
  void S##getrf_(const int *m, const int *n, T *a, const int *lda, int *ipiv, int *info) FX_ACCELERATE(S##getrf); \
  void S##geqrf_(const int *m, const int *n, T *a, const int *lda, T *tau, T *work, const int *lwork, int *info) FX_ACCELERATE(S##geqrf); \
  void S##ungqr_(const int *m, const int *n, const int *k, T *a, const int *lda, const T *tau, T *work, const int *lwork, int *info) FX_ACCELERATE(S##ungqr); \
  void S##gesdd_(const char *job, const int *m, const int *n, T *a, const int *lda, T *s, T *u, const int *ldu, T *vt, const int *ldvt, T *work, const int *lwork, T *rwork, int *iwork, int *info) FX_ACCELERATE(S##gesdd); \
  void S##heevd_(const char *job, const char *uplo, const int *n, T *a, const int *lda, T *w, T *work, const int *lwork, T *rwork, const int *lrwork, int *iwork, const int *liwork, int *info) FX_ACCELERATE(S##heevd); \
  void S##geev_(const char *left, const char *right, const int *n, T *a, const int *lda, T *w, T *vl, const int *ldvl, T *vr, const int *ldvr, T *work, const int *lwork, T *rwork, int *info) FX_ACCELERATE(S##geev); \
  void S##hetrf_(const char *uplo, const int *n, T *a, const int *lda, int *ipiv, T *work, const int *lwork, int *info) FX_ACCELERATE(S##hetrf); \
  void S##sytrf_(const char *uplo, const int *n, T *a, const int *lda, int *ipiv, T *work, const int *lwork, int *info) FX_ACCELERATE(S##sytrf); \
  static inline int LAPACKE_##S##potrf_work(int layout, char uplo, int n, T *a, int lda) { int info = 0; S##potrf_(&uplo, &n, a, &lda, &info); return info; } \
  static inline int LAPACKE_##S##getrf_work(int layout, int m, int n, T *a, int lda, int *ipiv) { int info = 0; S##getrf_(&m, &n, a, &lda, ipiv, &info); return info; } \
  static inline int LAPACKE_##S##geqrf_work(int layout, int m, int n, T *a, int lda, T *tau, T *work, int lwork) { int info = 0; S##geqrf_(&m, &n, a, &lda, tau, work, &lwork, &info); return info; } \
  static inline int LAPACKE_##S##ungqr_work(int layout, int m, int n, int k, T *a, int lda, const T *tau, T *work, int lwork) { int info = 0; S##ungqr_(&m, &n, &k, a, &lda, tau, work, &lwork, &info); return info; } \
  static inline int LAPACKE_##S##gesdd_work(int layout, char job, int m, int n, T *a, int lda, T *s, T *u, int ldu, T *vt, int ldvt, T *work, int lwork, T *rwork, int *iwork) { int info = 0; S##gesdd_(&job, &m, &n, a, &lda, s, u, &ldu, vt, &ldvt, work, &lwork, rwork, iwork, &info); return info; } \
  static inline int LAPACKE_##S##heevd_work(int layout, char job, char uplo, int n, T *a, int lda, T *w, T *work, int lwork, T *rwork, int lrwork, int *iwork, int liwork) { int info = 0; S##heevd_(&job, &uplo, &n, a, &lda, w, work, &lwork, rwork, &lrwork, iwork, &liwork, &info); return info; } \
  static inline int LAPACKE_##S##geev_work(int layout, char left, char right, int n, T *a, int lda, T *w, T *vl, int ldvl, T *vr, int ldvr, T *work, int lwork, T *rwork) { int info = 0; S##geev_(&left, &right, &n, a, &lda, w, vl, &ldvl, vr, &ldvr, work, &lwork, rwork, &info); return info; } \
  static inline int LAPACKE_##S##hetrf_work(int layout, char uplo, int n, T *a, int lda, int *ipiv, T *work, int lwork) { int info = 0; S##hetrf_(&uplo, &n, a, &lda, ipiv, work, &lwork, &info); return info; } \
  static inline int LAPACKE_##S##sytrf_work(int layout, char uplo, int n, T *a, int lda, int *ipiv, T *work, int lwork) { int info = 0; S##sytrf_(&uplo, &n, a, &lda, ipiv, work, &lwork, &info); return info; }
FX_COMPLEX_LAPACK(c, float)
FX_COMPLEX_LAPACK(z, double)
#undef FX_COMPLEX_LAPACK

#endif
