// The instruction set in use: the best that the processor and the operating system have, or what FLUXION_CPU names, for tests and support.
#include "kernels.h"

#include <stdio.h>
#include <stdlib.h>

static const char *const names[FX_LEVEL_COUNT] = {"baseline", "neon", "avx2", "avx512"};

#if defined(__aarch64__)
// NEON belongs to every 64-bit Arm processor: it is the baseline there.
int fx_level = FX_NEON;
#else
int fx_level = FX_BASELINE;
#endif

static int is_there(int level) {
#if defined(__x86_64__)
  if (level == FX_AVX512) return __builtin_cpu_supports("x86-64-v4") != 0;
  if (level == FX_AVX2) return __builtin_cpu_supports("x86-64-v3") != 0;
  return level == FX_BASELINE;
#elif defined(__aarch64__)
  return level == FX_NEON;
#else
  return level == FX_BASELINE;
#endif
}

const char *fx_level_name(int level) { return level >= 0 && level < FX_LEVEL_COUNT && is_there(level) ? names[level] : NULL; }

int fx_current_level(void) { return fx_level; }

// Before main, so that no thread ever sees it change.
__attribute__((constructor)) static void choose(void) {
#if defined(__x86_64__)
  __builtin_cpu_init();
#endif
  for (int level = 0; level < FX_LEVEL_COUNT; level++)
    if (is_there(level)) fx_level = level;
  const char *wanted = getenv("FLUXION_CPU");
  if (!wanted || !*wanted) return;
#if defined(__aarch64__)
  if (strcmp(wanted, names[FX_BASELINE]) == 0) return;
#endif
  for (int level = 0; level < FX_LEVEL_COUNT; level++)
    if (strcmp(wanted, names[level]) == 0 && is_there(level)) {
      fx_level = level;
      return;
    }
  fprintf(stderr, "FLUXION_CPU: this processor has no '%s'; it has", wanted);
  for (int level = 0; level < FX_LEVEL_COUNT; level++)
    if (is_there(level)) fprintf(stderr, " %s%s", names[level], level == fx_level ? "" : ",");
  fprintf(stderr, "; %s is used\n", names[fx_level]);
}
