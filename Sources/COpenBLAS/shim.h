// CBLAS and LAPACKE as Debian, Fedora and Arch install them with OpenBLAS.
#ifndef FLUXION_COPENBLAS_H
#define FLUXION_COPENBLAS_H
#include <cblas.h>
#include <lapacke.h>
#endif
