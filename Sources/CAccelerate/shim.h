// What COpenBLAS is elsewhere, of Apple's Accelerate: CBLAS as it comes, and LAPACKE's names for LAPACK's routines, which Accelerate has as
// Fortran calls them. Only what the library uses: matrices by columns, workspaces the caller's.
#ifndef FLUXION_CACCELERATE_H
#define FLUXION_CACCELERATE_H

#define ACCELERATE_NEW_LAPACK
#include <Accelerate/Accelerate.h>
#include "lapacke.h"

/// One thread, the caller's: work is cut for threads by the library itself.
static inline void openblas_set_num_threads(int count) {
  BLASSetThreading(count == 1 ? BLAS_THREADING_SINGLE_THREADED : BLAS_THREADING_MULTI_THREADED);
}

#endif
