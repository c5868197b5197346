// Adam's relatives: Adamax, NAdam, RAdam, Lion. As in optimize.c, coefficients are computed in double and rounded once; `shrink` is
// 1 − rate·decay where weight decay is decoupled, `decay` the parameter's weight in the gradient where it is not.
#include <math.h>

#include "kernels.h"

#define MOMENTS(T)                                                                                            \
  T d = g[i] + decay * p[i];                                                                                  \
  T mean = beta1 * m[i] + rest1 * d;                                                                          \
  m[i] = mean;

#define ADAMAX(S, T)                                                                                          \
  FX_CLONES static void adamax_##S(ptrdiff_t n, T beta1, T rest1, T beta2, T rate, T epsilon, T decay, const T *g, T *m, T *u, \
                                   T *p) {                                                                    \
    FX_INDEPENDENT for (ptrdiff_t i = 0; i < n; i++) {                                                        \
      MOMENTS(T)                                                                                              \
      T faded = beta2 * u[i], size = abs_##S(d) + epsilon;                                                    \
      T largest = faded > size ? faded : size;                                                                \
      u[i] = largest;                                                                                         \
      p[i] = p[i] - rate * mean / largest;                                                                    \
    }                                                                                                         \
  }
ADAMAX(f32, float)
ADAMAX(f64, double)

void fx_adamax(int dtype, ptrdiff_t n, double rate, double beta1, double beta2, double epsilon, double decay, double c1, const void *g, void *m,
               void *u, void *p) {
  double corrected = rate / c1;
  if (dtype == FX_F32)
    adamax_f32(n, (float)beta1, (float)(1 - beta1), (float)beta2, (float)corrected, (float)epsilon, (float)decay, g, m, u, p);
  if (dtype == FX_F64) adamax_f64(n, beta1, 1 - beta1, beta2, corrected, epsilon, decay, g, m, u, p);
}

#define NADAM(S, T)                                                                                           \
  FX_CLONES static void nadam_##S(ptrdiff_t n, T beta1, T rest1, T beta2, T rest2, T now, T ahead, T root, T epsilon, T decay, \
                                  T shrink, const T *g, T *m, T *v, T *p) {                                   \
    FX_INDEPENDENT for (ptrdiff_t i = 0; i < n; i++) {                                                        \
      MOMENTS(T)                                                                                              \
      T square = beta2 * v[i] + rest2 * (d * d);                                                              \
      v[i] = square;                                                                                          \
      p[i] = p[i] * shrink - (now * d + ahead * mean) / (sqrt_##S(square) / root + epsilon);                  \
    }                                                                                                         \
  }
NADAM(f32, float)
NADAM(f64, double)

void fx_nadam(int dtype, ptrdiff_t n, double now, double ahead, double beta1, double beta2, double epsilon, double decay, double shrink, double c2,
              const void *g, void *m, void *v, void *p) {
  double root = sqrt(c2);
  if (dtype == FX_F32)
    nadam_f32(n, (float)beta1, (float)(1 - beta1), (float)beta2, (float)(1 - beta2), (float)now, (float)ahead, (float)root, (float)epsilon,
              (float)decay, (float)shrink, g, m, v, p);
  if (dtype == FX_F64) nadam_f64(n, beta1, 1 - beta1, beta2, 1 - beta2, now, ahead, root, epsilon, decay, shrink, g, m, v, p);
}

#define RADAM_LOOP(T, S, ADAPTIVE)                                                                            \
  FX_INDEPENDENT for (ptrdiff_t i = 0; i < n; i++) {                                                          \
    MOMENTS(T)                                                                                                \
    T square = beta2 * v[i] + rest2 * (d * d);                                                                \
    v[i] = square;                                                                                            \
    p[i] = p[i] * shrink - (ADAPTIVE ? rate * mean / (sqrt_##S(square) + epsilon) : rate * mean);             \
  }

#define RADAM(S, T)                                                                                           \
  FX_CLONES static void radam_##S(ptrdiff_t n, T beta1, T rest1, T beta2, T rest2, T rate, int adaptive, T epsilon, T decay, T shrink, \
                                  const T *g, T *m, T *v, T *p) {                                             \
    if (adaptive) { RADAM_LOOP(T, S, 1) }                                                                     \
    else { RADAM_LOOP(T, S, 0) }                                                                              \
  }
RADAM(f32, float)
RADAM(f64, double)

void fx_radam(int dtype, ptrdiff_t n, double rate, int adaptive, double beta1, double beta2, double epsilon, double decay, double shrink,
              const void *g, void *m, void *v, void *p) {
  if (dtype == FX_F32)
    radam_f32(n, (float)beta1, (float)(1 - beta1), (float)beta2, (float)(1 - beta2), (float)rate, adaptive, (float)epsilon, (float)decay,
              (float)shrink, g, m, v, p);
  if (dtype == FX_F64) radam_f64(n, beta1, 1 - beta1, beta2, 1 - beta2, rate, adaptive, epsilon, decay, shrink, g, m, v, p);
}

#define LION(S, T)                                                                                            \
  FX_CLONES static void lion_##S(ptrdiff_t n, T rate, T beta1, T rest1, T beta2, T rest2, T shrink, const T *g, T *m, T *p) { \
    FX_INDEPENDENT for (ptrdiff_t i = 0; i < n; i++) {                                                        \
      T way = beta1 * m[i] + rest1 * g[i];                                                                    \
      m[i] = beta2 * m[i] + rest2 * g[i];                                                                     \
      /* 0 and what is no number are their own signs. */                                                      \
      T sign = way > 0 ? 1 : (way < 0 ? -1 : way);                                                            \
      p[i] = p[i] * shrink - rate * sign;                                                                     \
    }                                                                                                         \
  }
LION(f32, float)
LION(f64, double)

void fx_lion(int dtype, ptrdiff_t n, double rate, double beta1, double beta2, double shrink, const void *g, void *m, void *p) {
  if (dtype == FX_F32)
    lion_f32(n, (float)rate, (float)beta1, (float)(1 - beta1), (float)beta2, (float)(1 - beta2), (float)shrink, g, m, p);
  if (dtype == FX_F64) lion_f64(n, rate, beta1, 1 - beta1, beta2, 1 - beta2, shrink, g, m, p);
}
