// OpenBLAS as this process starts it: one thread, and the kernels of this processor.
#include "CKernels.h"

#if defined(__linux__)
#include <stdlib.h>
#include <string.h>
#include <strings.h>

// Weak: other libraries with the interface of CBLAS, and OpenBLAS built for one processor or without threads, lack some of these functions.
extern void openblas_set_num_threads(int count) __attribute__((weak));
extern int blas_thread_shutdown_(void) __attribute__((weak));
extern char *openblas_get_config(void) __attribute__((weak));
extern char *openblas_get_corename(void) __attribute__((weak));
extern void gotoblas_dynamic_init(void) __attribute__((weak));
extern void gotoblas_dynamic_quit(void) __attribute__((weak));

static char before[32];

const char *fx_blas_config(void) { return openblas_get_config ? openblas_get_config() : NULL; }
const char *fx_blas_core(void) { return openblas_get_corename ? openblas_get_corename() : NULL; }
const char *fx_blas_core_before(void) { return *before ? before : NULL; }

// The vectors that a core type's kernels use: 0 SSE, 1 AVX, 2 AVX2, 3 AVX-512. A type that is not known here is newer than this list.
static int vectors_of(const char *core) {
  static const char *const sse[] = {"Katmai",     "Coppermine", "Northwood", "Prescott", "Banias",       "Atom",      "Core2",  "Penryn",
                                    "Dunnington", "Nehalem",    "Athlon",    "Opteron",  "Opteron_SSE3", "Barcelona", "Bobcat", "Nano"};
  static const char *const avx[] = {"Sandybridge", "Bulldozer", "Piledriver", "Steamroller"};
  for (size_t i = 0; i < sizeof sse / sizeof *sse; i++)
    if (strcasecmp(core, sse[i]) == 0) return 0;
  for (size_t i = 0; i < sizeof avx / sizeof *avx; i++)
    if (strcasecmp(core, avx[i]) == 0) return 1;
  // OpenBLAS's own choice for processors of AMD that have AVX-512 is Zen.
  return strcasecmp(core, "Haswell") == 0 || strcasecmp(core, "Excavator") == 0 ? 2 : 3;
}

const char *fx_blas_fitting_core(void) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  const char *core = fx_blas_core(), *config = fx_blas_config(), *level = getenv("FLUXION_CPU");
  if (!core || !config || !strstr(config, "DYNAMIC_ARCH")) return NULL;
  // A level below the processor's is meant for BLAS too.
  int most = !level || !*level || strcmp(level, "avx512") == 0 ? 3 : strcmp(level, "avx2") == 0 ? 2 : 0;
  if (most >= 3 && __builtin_cpu_supports("x86-64-v4")) return vectors_of(core) < 3 ? "SkylakeX" : NULL;
  if (most >= 2 && __builtin_cpu_supports("x86-64-v3")) return vectors_of(core) < 2 ? "Haswell" : NULL;
#endif
  return NULL;
}

// An OpenBLAS that is older than the processor may not know it, and takes the kernels that every processor has: Debian's 0.3.21 runs SSE
// kernels on a server with AVX-512. It chooses in a constructor of its own, before any code of ours, by OPENBLAS_CORETYPE or the
// processor's model, and keeps the choice in one pointer to a table, which each call reads. gotoblas_dynamic_quit (0.3.21: one instruction)
// clears the pointer and nothing else, and gotoblas_dynamic_init chooses again if it is clear: both are exported. Nothing that is allocated
// before depends on the choice: buffers have one size for all types, and a table's block sizes are computed when it is chosen. What is not
// safe is to do so during a call of BLAS; this runs in a constructor, before main, with OpenBLAS's threads ended. A user's
// OPENBLAS_CORETYPE is left alone, and child processes inherit none.
static void choose_core(void) {
  if (!gotoblas_dynamic_init || !gotoblas_dynamic_quit || getenv("OPENBLAS_CORETYPE")) return;
  const char *fitting = fx_blas_fitting_core();
  if (!fitting || setenv("OPENBLAS_CORETYPE", fitting, 1) != 0) return;
  strncpy(before, fx_blas_core(), sizeof before - 1);
  gotoblas_dynamic_quit();
  gotoblas_dynamic_init();
  unsetenv("OPENBLAS_CORETYPE");
}

// OpenBLAS starts a thread for each processor when it is loaded, and each then looks for work for some 30 ms, before anybody can say that
// there will be none: products are shared among Fluxion's own threads. A constructor runs before `main` and after those of the libraries
// that are linked.
__attribute__((constructor)) static void prepare(void) {
  if (openblas_set_num_threads) openblas_set_num_threads(1);
  if (blas_thread_shutdown_) blas_thread_shutdown_();
  choose_core();
}

#else

const char *fx_blas_config(void) { return NULL; }
const char *fx_blas_core(void) { return NULL; }
const char *fx_blas_core_before(void) { return NULL; }
const char *fx_blas_fitting_core(void) { return NULL; }

#if defined(__APPLE__)
#include <stdlib.h>

// Products are shared among Fluxion's own threads. Accelerate reads this at its first call, and for all threads; a user's own setting
// stays.
__attribute__((constructor)) static void limit_threads(void) { setenv("VECLIB_MAXIMUM_THREADS", "1", 0); }
#endif

#endif
