// What the process may use.
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

#else

int fx_processors(void) { return 0; }

#endif
