// OpenBLAS's core type, chosen again at the start of a process (Sources/CKernels/blas.c): prints what it runs, and for which it was chosen,
// and checks that products and factorisations are right afterwards, on one thread and on several. Each run is one such start. With
// FLUXION_TEST_CORE=Prescott OpenBLAS has chosen that before, as for a processor that it does not know.
#include <cblas.h>
#include <lapacke.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "CKernels.h"

extern void gotoblas_dynamic_init(void) __attribute__((weak));
extern void gotoblas_dynamic_quit(void) __attribute__((weak));

// Before the constructor that is tested.
__attribute__((constructor(101))) static void fall_asleep(void) {
  const char *core = getenv("FLUXION_TEST_CORE");
  if (!core || !gotoblas_dynamic_init || !gotoblas_dynamic_quit || setenv("OPENBLAS_CORETYPE", core, 1) != 0) return;
  gotoblas_dynamic_quit();
  gotoblas_dynamic_init();
  unsetenv("OPENBLAS_CORETYPE");
}

static double number(unsigned long i) { return (double)((i * 2654435761u) % 1024) / 512 - 1; }

// The largest difference between OpenBLAS's products and sums in order, and what a system's solution leaves.
static double difference(void) {
  double worst = 0;
  static const int sizes[] = {1, 3, 8, 17, 64, 100, 129, 300};
  for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
    int n = sizes[s], *pivots = malloc((size_t)n * sizeof *pivots);
    double *a = malloc((size_t)(n * n) * 8), *b = malloc((size_t)(n * n) * 8), *c = malloc((size_t)(n * n) * 8), *x = malloc((size_t)n * 8);
    float *f = malloc((size_t)(n * n) * 4), *g = malloc((size_t)(n * n) * 4), *h = malloc((size_t)(n * n) * 4);
    for (int i = 0; i < n * n; i++) {
      a[i] = number((unsigned long)i) + (i % (n + 1) == 0 ? 2 * n : 0), b[i] = number((unsigned long)i + 77);
      f[i] = (float)a[i], g[i] = (float)b[i];
    }
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, n, n, n, 1, a, n, b, n, 0, c, n);
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, n, n, n, 1, f, n, g, n, 0, h, n);
    for (int i = 0; i < n; i++)
      for (int j = 0; j < n; j++) {
        double sum = 0, turned = 0;
        for (int k = 0; k < n; k++) sum += a[i * n + k] * b[k * n + j], turned += a[i * n + k] * b[j * n + k];
        worst = fmax(worst, fabs(sum - c[i * n + j]) / (1e-13 * n));
        worst = fmax(worst, fabs(turned - h[i * n + j]) / (1e-5 * n));
      }
    for (int i = 0; i < n; i++) x[i] = cblas_ddot(n, a + i * n, 1, b, 1);
    memcpy(c, a, (size_t)(n * n) * 8);
    if (LAPACKE_dgesv(LAPACK_ROW_MAJOR, n, 1, c, n, pivots, x, 1) != 0) return INFINITY;
    for (int i = 0; i < n; i++) worst = fmax(worst, fabs(x[i] - b[i]) / (1e-12 * n));
    free(a), free(b), free(c), free(x), free(f), free(g), free(h), free(pivots);
  }
  return worst;
}

static void *worker(void *result) {
  *(double *)result = difference();
  return NULL;
}

int main(void) {
  const char *core = fx_blas_core(), *own = fx_blas_core_before(), *fitting = fx_blas_fitting_core();
  printf("%s%s%s%s%s\n", core ? core : "unknown", own ? ", chosen for " : "", own ? own : "", fitting ? "; would fit: " : "",
         fitting ? fitting : "");
  double worst = difference(), results[4];
  pthread_t threads[4];
  for (int i = 0; i < 4; i++) pthread_create(&threads[i], NULL, worker, &results[i]);
  for (int i = 0; i < 4; i++) {
    pthread_join(threads[i], NULL);
    worst = fmax(worst, results[i]);
  }
  if (!(worst <= 1)) return fprintf(stderr, "products and solutions are %g times as far off as roundings allow\n", worst), 1;
  return 0;
}
