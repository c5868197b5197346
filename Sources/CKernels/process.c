// What the process may use, and what it is not to start.
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "CKernels.h"

#if defined(__linux__)
#include <sched.h>
#include <string.h>

int fx_processors(void) {
  // A bit for each of 65,536 processors: the system refuses sets that are too small for it.
  unsigned long set[65536 / (8 * sizeof(unsigned long))];
  memset(set, 0, sizeof set);
  if (sched_getaffinity(0, sizeof set, (cpu_set_t *)set) != 0) return 0;
  int count = 0;
  for (size_t i = 0; i < sizeof set / sizeof *set; i++) count += __builtin_popcountl(set[i]);
  return count;
}

// OpenBLAS starts a thread for each processor when it is loaded, and each then looks for work for some 30 ms, before anybody can say that there
// will be none: products are shared among Fluxion's own threads. A constructor runs before `main` and after those of the libraries that are
// linked. Weak: other libraries with the interface of CBLAS, and OpenBLAS without threads, lack these functions.
extern void openblas_set_num_threads(int count) __attribute__((weak));
extern int blas_thread_shutdown_(void) __attribute__((weak));

__attribute__((constructor)) static void end_threads(void) {
  if (openblas_set_num_threads) openblas_set_num_threads(1);
  if (blas_thread_shutdown_) blas_thread_shutdown_();
}

#else

int fx_processors(void) { return 0; }

#if defined(__APPLE__)
#include <stdlib.h>

// Products are shared among Fluxion's own threads. Accelerate reads this at its first call, and for all threads; a user's own setting stays.
__attribute__((constructor)) static void limit_threads(void) { setenv("VECLIB_MAXIMUM_THREADS", "1", 0); }
#endif

#endif
