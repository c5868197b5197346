// Means and deviations that the usual sums do not give: of elements whose squares or sums overflow or vanish, or that are so nearly equal that the
// rounding of their mean counts. The usual sums come first; what they give says whether it can be trusted.
//
// Elements are scaled by a power of two to sizes up to 1 and less the first of them (a constant row has deviation 0 exactly), and summed up in double.
#ifndef FLUXION_MOMENTS_H
#define FLUXION_MOMENTS_H

#include "kernels.h"

/// Of scaled elements z = x·scale: y = (z − first − mean)·factor has mean 0 and deviation 1. `spread` is the mean of (z − first − mean)².
typedef struct { double scale, first, mean, spread, factor; } exact_moments;

// Sums of an expression of z over the elements j of all stretches, in eight lanes.
#define EXACT_SUM(SUM, EXPRESSION)                                                                            \
  double SUM = 0;                                                                                             \
  {                                                                                                           \
    double lanes[8] = {0};                                                                                    \
    for (ptrdiff_t i = 0; i < batch; i++) {                                                                   \
      const T *row = x + i * step;                                                                            \
      ptrdiff_t j = 0;                                                                                        \
      for (; j + 8 <= n; j += 8)                                                                              \
        for (ptrdiff_t l = 0; l < 8; l++) { double z = (double)row[j + l] * scale - first; lanes[l] += EXPRESSION; } \
      for (ptrdiff_t l = 0; j + l < n; l++) { double z = (double)row[j + l] * scale - first; lanes[l] += EXPRESSION; } \
    }                                                                                                         \
    for (ptrdiff_t l = 0; l < 8; l++) SUM += lanes[l];                                                        \
  }

// LOW, HIGH: which variances keep their digits, as do their inverses. NEAR: a deviation of at least 1/512 of the mean in float32 has that many times
// the mean's rounding, which is 2⁻¹⁵ of it.
#define MOMENTS(S, TYPE, LARGEST, LOW, HIGH, NEAR)                                                            \
  FX_INLINE int doubtful_##S(TYPE mean, TYPE variance, TYPE epsilon) {                                        \
    TYPE total = variance + epsilon;                                                                          \
    return !(total >= LOW && total <= HIGH) | (total < mean * mean * NEAR);                                   \
  }                                                                                                           \
  /* A power of two that brings the largest of `batch` stretches to 0.5 … 1; 0 if all are 0 or some infinite or NaN. */ \
  static double exact_scale_##S(ptrdiff_t batch, ptrdiff_t step, ptrdiff_t n, const TYPE *x) {                \
    TYPE most = 0;                                                                                            \
    for (ptrdiff_t i = 0; i < batch; i++)                                                                     \
      for (ptrdiff_t j = 0; j < n; j++) {                                                                     \
        TYPE size = abs_##S(x[i * step + j]);                                                                 \
        if (!(size <= LARGEST)) return 0;                                                                     \
        most = size > most ? size : most;                                                                     \
      }                                                                                                       \
    int exponent = 0;                                                                                         \
    (void)__builtin_frexp((double)most, &exponent);                                                           \
    return most == 0 ? 0 : __builtin_ldexp(1, exponent < -1000 ? 1000 : -exponent);                           \
  }                                                                                                           \
  /* Of `batch` stretches of n elements, `step` apart; 0 where nothing better is to be had. */                \
  static int exact_moments_##S(ptrdiff_t batch, ptrdiff_t step, ptrdiff_t n, int centered, double epsilon, const TYPE *x, \
                               exact_moments *m) {                                                            \
    typedef TYPE T;                                                                                           \
    double scale = exact_scale_##S(batch, step, n, x), count = (double)batch * (double)n;                     \
    if (scale == 0) return 0;                                                                                 \
    double first = centered ? (double)x[0] * scale : 0, mean = 0;                                             \
    if (centered) {                                                                                           \
      EXACT_SUM(sum, z)                                                                                       \
      mean = sum / count;                                                                                     \
    }                                                                                                         \
    EXACT_SUM(squares, (z - mean) * (z - mean))                                                               \
    double bound = sqrt_f64(epsilon) * scale;                                                                 \
    m->scale = scale, m->first = first, m->mean = mean, m->spread = squares / count;                          \
    m->factor = 1 / sqrt_f64(m->spread + bound * bound);                                                      \
    return 1;                                                                                                 \
  }                                                                                                           \
  FX_INLINE double exact_##S(const exact_moments *m, TYPE x) {                                                \
    return (((double)x * m->scale - m->first) - m->mean) * m->factor;                                         \
  }

#define MOMENTS_OF_FLOATS                                                 \
  MOMENTS(f32, float, __FLT_MAX__, 1e-30f, 1e30f, 3.8e-6f)                \
  MOMENTS(f64, double, __DBL_MAX__, 1e-280, 1e280, 9e-13)

#endif
