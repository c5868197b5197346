// The instruction set in use: the best that the processor and the operating system have, or what FLUXION_CPU names, for tests and support.
#include "kernels.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#if defined(__x86_64__)
#include <cpuid.h>
#if defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif
#endif

static const char *const names[FX_LEVEL_COUNT] = {"baseline", "neon", "avx2", "avx512"};

#if defined(__aarch64__)
// NEON belongs to every 64-bit Arm processor: it is the baseline there.
int fx_level = FX_NEON;
#else
int fx_level = FX_BASELINE;
#endif

// The units for products of bfloat16 beyond the level's vectors; FLUXION_CPU=avx512 has none of them.
enum { NO_UNIT, DOT_PRODUCTS, TILES, UNIT_COUNT };
static const char *const unit_names[UNIT_COUNT] = {"avx512", "avx512-bf16", "amx"};
static int most_units = TILES;
// The one in use, plus 1; 0 before the first product.
static atomic_int unit_in_use;

static int has_unit(int unit) {
  if (unit == NO_UNIT) return 1;
#if defined(__x86_64__)
  unsigned a = 0, b = 0, c = 0, d = 0;
  if (!__get_cpuid_count(7, 0, &a, &b, &c, &d)) return 0;
  unsigned leaves = a, features = d;
  if (!__get_cpuid_count(7, leaves > 0 ? 1 : 0, &a, &b, &c, &d) || leaves == 0 || !(a >> 5 & 1)) return 0;
  return unit == DOT_PRODUCTS || ((features >> 22 & 1) && (features >> 24 & 1));
#else
  return 0;
#endif
}

// The system keeps a thread's tiles only for a process that has asked for them; threads inherit that.
static int may_use_tiles(void) {
#if defined(__x86_64__) && defined(__linux__)
  enum { REQUEST_PERMISSION = 0x1023, TILE_DATA = 18 };
  return syscall(SYS_arch_prctl, REQUEST_PERMISSION, TILE_DATA) == 0;
#else
  return 0;
#endif
}

static int best_unit(void) {
  if (fx_level != FX_AVX512) return NO_UNIT;
  if (most_units >= TILES && has_unit(TILES) && may_use_tiles()) return TILES;
  return most_units >= DOT_PRODUCTS && has_unit(DOT_PRODUCTS) ? DOT_PRODUCTS : NO_UNIT;
}

int fx_bfloat16_unit(void) {
  int unit = atomic_load_explicit(&unit_in_use, memory_order_relaxed);
  if (unit > 0) return unit - 1;
  unit = best_unit();
  atomic_store_explicit(&unit_in_use, unit + 1, memory_order_relaxed);
  return unit;
}

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
      most_units = NO_UNIT;
      return;
    }
  for (int unit = NO_UNIT; unit < UNIT_COUNT; unit++)
    if (strcmp(wanted, unit_names[unit]) == 0 && fx_level == FX_AVX512 && has_unit(unit)) {
      most_units = unit;
      return;
    }
  fprintf(stderr, "FLUXION_CPU: this processor has no '%s'; it has", wanted);
  for (int level = 0; level < FX_LEVEL_COUNT; level++)
    if (is_there(level)) fprintf(stderr, " %s%s", names[level], level == fx_level ? "" : ",");
  for (int unit = DOT_PRODUCTS; unit < UNIT_COUNT; unit++)
    if (fx_level == FX_AVX512 && has_unit(unit)) fprintf(stderr, ", %s", unit_names[unit]);
  fprintf(stderr, "; %s is used\n", names[fx_level]);
}
