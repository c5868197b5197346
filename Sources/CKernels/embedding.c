// Rows of a table, picked and added up by positions that are already checked.
#ifndef FX_PASS
#define FX_FILE "embedding.c"
#define FX_FLOATS
#include "targets.h"

void fx_combine_rows(int dtype, ptrdiff_t count, ptrdiff_t n, ptrdiff_t first, ptrdiff_t last, const int64_t *from,
                     const int64_t *to, const void *factors, const void *x, void *y) {
  FX_DISPATCH(dtype, combine_rows, count, n, first, last, from, to, factors, x, y);
}

void fx_largest_rows(int dtype, ptrdiff_t count, ptrdiff_t n, ptrdiff_t first, ptrdiff_t last, const int64_t *from,
                     const int64_t *to, const void *x, int64_t *y) {
  FX_DISPATCH(dtype, largest_rows, count, n, first, last, from, to, x, y);
}

// Sums of many terms.
void fx_combine_rows_long(ptrdiff_t count, ptrdiff_t n, ptrdiff_t first, ptrdiff_t last, const int64_t *from, const int64_t *to,
                          const float *factors, const float *x, float *y, float *rest) {
  FX_AT(combine_rows_long_f32)(count, n, first, last, from, to, factors, x, y, rest);
}

void fx_add_totals(ptrdiff_t n, const float *x, double *totals) { FX_AT(add_totals_f32)(n, x, totals); }

void fx_write_totals(ptrdiff_t n, const double *totals, int adds, float *y) { FX_AT(write_totals_f32)(n, totals, adds, y); }

#else

static void FX(combine_rows)(ptrdiff_t count, ptrdiff_t n, ptrdiff_t first, ptrdiff_t last, const int64_t *from, const int64_t *to,
                             const T *factors, const T *x, T *y) {
  for (ptrdiff_t j = 0; j < count; j++) {
    if (to[j] < 0) continue;
    const T *source = x + (from ? from[j] : j) * n;
    T *target = y + to[j] * n;
    if (factors) {
      T f = factors[j];
      if (f == 0) continue;
      FX_INDEPENDENT for (ptrdiff_t i = first; i < last; i++) target[i] += f * source[i];
    } else {
      FX_INDEPENDENT for (ptrdiff_t i = first; i < last; i++) target[i] += source[i];
    }
  }
}

static void FX(largest_rows)(ptrdiff_t count, ptrdiff_t n, ptrdiff_t first, ptrdiff_t last, const int64_t *from, const int64_t *to,
                             const T *x, int64_t *y) {
  for (ptrdiff_t j = 0; j < count; j++) {
    if (to[j] < 0) continue;
    const T *source = x + from[j] * n;
    int64_t *target = y + to[j] * n;
    for (ptrdiff_t i = first; i < last; i++) {
      T best = target[i] < 0 ? source[i] : x[target[i] * n + i];
      if (target[i] < 0 || source[i] > best || (source[i] != source[i] && best == best)) target[i] = from[j];
    }
  }
}

#if FX_IS_F32
static void FX(combine_rows_long)(ptrdiff_t count, ptrdiff_t n, ptrdiff_t first, ptrdiff_t last, const int64_t *from, const int64_t *to,
                                  const float *factors, const float *x, float *y, float *rest) {
  for (ptrdiff_t j = 0; j < count; j++) {
    if (to[j] < 0) continue;
    const float *source = x + (from ? from[j] : j) * n;
    float *target = y + to[j] * n, *more = rest + to[j] * n, f = factors ? factors[j] : 1;
    FX_INDEPENDENT for (ptrdiff_t i = first; i < last; i++) add_exactly(target + i, more + i, f * source[i]);
  }
}

static void FX(add_totals)(ptrdiff_t n, const float *x, double *totals) {
  for (ptrdiff_t i = 0; i < n; i++) totals[i] += (double)x[i];
}

static void FX(write_totals)(ptrdiff_t n, const double *totals, int adds, float *y) {
  if (adds)
    for (ptrdiff_t i = 0; i < n; i++) y[i] = (float)((double)y[i] + totals[i]);
  else
    for (ptrdiff_t i = 0; i < n; i++) y[i] = (float)totals[i];
}
#endif

#endif
