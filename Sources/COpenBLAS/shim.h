// CBLAS and LAPACKE as Debian, Fedora and Arch install them with OpenBLAS.
#ifndef FLUXION_COPENBLAS_H
#define FLUXION_COPENBLAS_H
#include <cblas.h>
// Complex numbers as pairs: Swift does not know C's, and all that it calls takes them by address.
#define LAPACK_COMPLEX_CUSTOM
#define lapack_complex_float float
#define lapack_complex_double double
#include <lapacke.h>
#endif
