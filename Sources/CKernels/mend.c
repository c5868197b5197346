// Means, variances and norms of rows that the usual sums did not give: those whose result says so are computed again, in double and scaled.
#include "moments.h"

// Whether a norm, a mean or a variance is to be computed again. Loops without a branch: nearly always nothing is.
#define MEND(S, TYPE)                                                                                         \
  FX_CLONES static int any_outside_##S(ptrdiff_t n, const TYPE *y, TYPE low, TYPE high) {                     \
    int some = 0;                                                                                             \
    for (ptrdiff_t i = 0; i < n; i++) some |= !(y[i] >= low && y[i] <= high);                                 \
    return some;                                                                                              \
  }                                                                                                           \
  FX_CLONES static int any_doubtful_##S(ptrdiff_t n, const TYPE *means, const TYPE *y) {                      \
    int some = 0;                                                                                             \
    for (ptrdiff_t i = 0; i < n; i++) some |= doubtful_##S(means[i], y[i], 0);                                \
    return some;                                                                                              \
  }                                                                                                           \
  /* The mean by the scaled sum; of what is infinite or NaN nothing better than what is there. */             \
  static void mend_means_##S(ptrdiff_t rows, ptrdiff_t n, const TYPE *x, TYPE *y) {                           \
    exact_moments m;                                                                                          \
    for (ptrdiff_t r = 0; r < rows; r++, x += n)                                                              \
      if (!(abs_##S(y[r]) <= LARGEST_##S) && exact_moments_##S(1, 0, n, 1, 0, x, &m))                         \
        y[r] = (TYPE)((m.first + m.mean) / m.scale);                                                          \
  }                                                                                                           \
  static void mend_variances_##S(ptrdiff_t rows, ptrdiff_t n, double divisor, int root, const TYPE *x, const TYPE *means, TYPE *y) { \
    exact_moments m;                                                                                          \
    for (ptrdiff_t r = 0; r < rows; r++, x += n)                                                              \
      if (doubtful_##S(means[r], y[r], 0) && exact_moments_##S(1, 0, n, 1, 0, x, &m)) {                       \
        double v = m.spread * ((double)n / divisor);                                                          \
        y[r] = (TYPE)(root ? sqrt_f64(v) / m.scale : v / m.scale / m.scale);                                  \
      } else if (root) {                                                                                      \
        y[r] = sqrt_##S(y[r]);                                                                                \
      }                                                                                                       \
  }                                                                                                           \
  /* (Σ |x|ᵖ)^(1/p), of elements over the largest, or for a negative p over the smallest. */                  \
  static void mend_norms_##S(ptrdiff_t rows, ptrdiff_t n, double order, TYPE low, TYPE high, const TYPE *x, TYPE *y) { \
    for (ptrdiff_t r = 0; r < rows; r++, x += n) {                                                            \
      if (y[r] >= low && y[r] <= high) continue;                                                              \
      double scale = exact_scale_##S(1, 0, n, x), least = 1, sum = 0;                                         \
      if (scale == 0) continue;                                                                               \
      if (order < 0) {                                                                                        \
        least = __builtin_inf();                                                                              \
        for (ptrdiff_t j = 0; j < n; j++) least = __builtin_fmin(least, (double)abs_##S(x[j]) * scale);       \
        if (least == 0) continue;                                                                             \
      }                                                                                                       \
      for (ptrdiff_t j = 0; j < n; j++) {                                                                     \
        double z = (double)abs_##S(x[j]) * scale / least;                                                     \
        sum += order == 2 ? z * z : __builtin_pow(z, order);                                                  \
      }                                                                                                       \
      y[r] = (TYPE)((order == 2 ? sqrt_f64(sum) : __builtin_pow(sum, 1 / order)) * least / scale);            \
    }                                                                                                         \
  }
#define LARGEST_f32 __FLT_MAX__
#define LARGEST_f64 __DBL_MAX__
MOMENTS_OF_FLOATS
MEND(f32, float)
MEND(f64, double)

int fx_any_outside(int dtype, ptrdiff_t n, const void *y, double low, double high) {
  return dtype == FX_F32 ? any_outside_f32(n, y, (float)low, (float)high) : any_outside_f64(n, y, low, high);
}

int fx_any_doubtful(int dtype, ptrdiff_t n, const void *means, const void *variances) {
  return dtype == FX_F32 ? any_doubtful_f32(n, means, variances) : any_doubtful_f64(n, means, variances);
}

int fx_is_doubtful(int dtype, ptrdiff_t i, double epsilon, const void *means, const void *variances) {
  if (dtype == FX_F32) return doubtful_f32(((const float *)means)[i], ((const float *)variances)[i], (float)epsilon);
  return doubtful_f64(((const double *)means)[i], ((const double *)variances)[i], epsilon);
}

void fx_mend_means(int dtype, ptrdiff_t rows, ptrdiff_t n, const void *x, void *y) {
  if (dtype == FX_F32) mend_means_f32(rows, n, x, y);
  if (dtype == FX_F64) mend_means_f64(rows, n, x, y);
}

void fx_mend_variances(int dtype, ptrdiff_t rows, ptrdiff_t n, double divisor, int root, const void *x, const void *means, void *y) {
  if (dtype == FX_F32) mend_variances_f32(rows, n, divisor, root, x, means, y);
  if (dtype == FX_F64) mend_variances_f64(rows, n, divisor, root, x, means, y);
}

void fx_mend_norms(int dtype, ptrdiff_t rows, ptrdiff_t n, double order, double low, double high, const void *x, void *y) {
  if (dtype == FX_F32) mend_norms_f32(rows, n, order, (float)low, (float)high, x, y);
  if (dtype == FX_F64) mend_norms_f64(rows, n, order, low, high, x, y);
}
