// Rows of a table, picked and added up by positions that are already checked.
#include "kernels.h"

#define COMBINATION(S, T)                                                                                     \
  FX_CLONES static void combine_rows_##S(ptrdiff_t count, ptrdiff_t n, ptrdiff_t first, ptrdiff_t last,       \
                                         const int64_t *from, const int64_t *to, const T *factors, const T *x, T *y) { \
    for (ptrdiff_t j = 0; j < count; j++) {                                                                   \
      if (to[j] < 0) continue;                                                                                \
      const T *source = x + (from ? from[j] : j) * n;                                                         \
      T *target = y + to[j] * n;                                                                              \
      if (factors) {                                                                                          \
        T f = factors[j];                                                                                     \
        if (f == 0) continue;                                                                                 \
        FX_INDEPENDENT for (ptrdiff_t i = first; i < last; i++) target[i] += f * source[i];                   \
      } else {                                                                                                \
        FX_INDEPENDENT for (ptrdiff_t i = first; i < last; i++) target[i] += source[i];                       \
      }                                                                                                       \
    }                                                                                                         \
  }                                                                                                           \
                                                                                                              \
  FX_CLONES static void largest_rows_##S(ptrdiff_t count, ptrdiff_t n, ptrdiff_t first, ptrdiff_t last,       \
                                         const int64_t *from, const int64_t *to, const T *x, int64_t *y) {    \
    for (ptrdiff_t j = 0; j < count; j++) {                                                                   \
      if (to[j] < 0) continue;                                                                                \
      const T *source = x + from[j] * n;                                                                      \
      int64_t *target = y + to[j] * n;                                                                        \
      for (ptrdiff_t i = first; i < last; i++) {                                                              \
        T best = target[i] < 0 ? source[i] : x[target[i] * n + i];                                            \
        if (target[i] < 0 || source[i] > best || (source[i] != source[i] && best == best)) target[i] = from[j]; \
      }                                                                                                       \
    }                                                                                                         \
  }
COMBINATION(f32, float)
COMBINATION(f64, double)

void fx_combine_rows(int dtype, ptrdiff_t count, ptrdiff_t n, ptrdiff_t first, ptrdiff_t last, const int64_t *from,
                     const int64_t *to, const void *factors, const void *x, void *y) {
  if (dtype == FX_F32) combine_rows_f32(count, n, first, last, from, to, factors, x, y);
  if (dtype == FX_F64) combine_rows_f64(count, n, first, last, from, to, factors, x, y);
}

void fx_largest_rows(int dtype, ptrdiff_t count, ptrdiff_t n, ptrdiff_t first, ptrdiff_t last, const int64_t *from,
                     const int64_t *to, const void *x, int64_t *y) {
  if (dtype == FX_F32) largest_rows_f32(count, n, first, last, from, to, x, y);
  if (dtype == FX_F64) largest_rows_f64(count, n, first, last, from, to, x, y);
}
