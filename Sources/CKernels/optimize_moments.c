// Adam's relatives: Adamax, NAdam, RAdam, Lion. As in optimize.c, coefficients are computed in double and rounded once; `shrink` is
// 1 − rate·decay where weight decay is decoupled, `decay` the parameter's weight in the gradient where it is not.
#ifndef FX_PASS
#define FX_FILE "optimize_moments.c"
#define FX_FLOATS
#include <math.h>

#include "targets.h"

void fx_adamax(int dtype, ptrdiff_t n, double rate, double beta1, double beta2, double epsilon, double decay, double c1, const void *g, void *m,
               void *u, void *p) {
  FX_DISPATCH(dtype, adamax, n, beta1, beta2, rate / c1, epsilon, decay, g, m, u, p);
}

void fx_nadam(int dtype, ptrdiff_t n, double now, double ahead, double beta1, double beta2, double epsilon, double decay, double shrink, double c2,
              const void *g, void *m, void *v, void *p) {
  FX_DISPATCH(dtype, nadam, n, beta1, beta2, now, ahead, sqrt(c2), epsilon, decay, shrink, g, m, v, p);
}

void fx_radam(int dtype, ptrdiff_t n, double rate, int adaptive, double beta1, double beta2, double epsilon, double decay, double shrink,
              const void *g, void *m, void *v, void *p) {
  FX_DISPATCH(dtype, radam, n, beta1, beta2, rate, adaptive, epsilon, decay, shrink, g, m, v, p);
}

void fx_lion(int dtype, ptrdiff_t n, double rate, double beta1, double beta2, double shrink, const void *g, void *m, void *p) {
  FX_DISPATCH(dtype, lion, n, rate, beta1, beta2, shrink, g, m, p);
}

#else

static void FX(adamax)(ptrdiff_t n, double first, double second, double step, double least, double weight, const T *g, T *m, T *u, T *p) {
  T beta1 = (T)first, rest1 = (T)(1 - first), beta2 = (T)second, rate = (T)step, epsilon = (T)least, decay = (T)weight;
  FX_INDEPENDENT for (ptrdiff_t i = 0; i < n; i++) {
    T d = g[i] + decay * p[i];
    T mean = beta1 * m[i] + rest1 * d;
    m[i] = mean;
    T faded = beta2 * u[i], size = FX_OF(abs)(d) + epsilon;
    T largest = faded > size ? faded : size;
    u[i] = largest;
    p[i] = p[i] - rate * mean / largest;
  }
}

static void FX(nadam)(ptrdiff_t n, double first, double second, double present, double next, double correction, double least, double weight,
                      double rest, const T *g, T *m, T *v, T *p) {
  T beta1 = (T)first, rest1 = (T)(1 - first), beta2 = (T)second, rest2 = (T)(1 - second), now = (T)present, ahead = (T)next;
  T root = (T)correction, epsilon = (T)least, decay = (T)weight, shrink = (T)rest;
  FX_INDEPENDENT for (ptrdiff_t i = 0; i < n; i++) {
    T d = g[i] + decay * p[i];
    T mean = beta1 * m[i] + rest1 * d;
    m[i] = mean;
    T square = beta2 * v[i] + rest2 * (d * d);
    v[i] = square;
    p[i] = p[i] * shrink - (now * d + ahead * mean) / (FX_OF(sqrt)(square) / root + epsilon);
  }
}

FX_INLINE void FX(radam_loop)(int adaptive, ptrdiff_t n, T beta1, T rest1, T beta2, T rest2, T rate, T epsilon, T decay, T shrink, const T *g,
                              T *m, T *v, T *p) {
  FX_INDEPENDENT for (ptrdiff_t i = 0; i < n; i++) {
    T d = g[i] + decay * p[i];
    T mean = beta1 * m[i] + rest1 * d;
    m[i] = mean;
    T square = beta2 * v[i] + rest2 * (d * d);
    v[i] = square;
    p[i] = p[i] * shrink - (adaptive ? rate * mean / (FX_OF(sqrt)(square) + epsilon) : rate * mean);
  }
}

static void FX(radam)(ptrdiff_t n, double beta1, double beta2, double rate, int adaptive, double epsilon, double decay, double shrink,
                      const T *g, T *m, T *v, T *p) {
  T b1 = (T)beta1, r1 = (T)(1 - beta1), b2 = (T)beta2, r2 = (T)(1 - beta2);
  if (adaptive) FX(radam_loop)(1, n, b1, r1, b2, r2, (T)rate, (T)epsilon, (T)decay, (T)shrink, g, m, v, p);
  else FX(radam_loop)(0, n, b1, r1, b2, r2, (T)rate, (T)epsilon, (T)decay, (T)shrink, g, m, v, p);
}

static void FX(lion)(ptrdiff_t n, double step, double first, double second, double rest, const T *g, T *m, T *p) {
  T rate = (T)step, beta1 = (T)first, rest1 = (T)(1 - first), beta2 = (T)second, rest2 = (T)(1 - second), shrink = (T)rest;
  FX_INDEPENDENT for (ptrdiff_t i = 0; i < n; i++) {
    T way = beta1 * m[i] + rest1 * g[i];
    m[i] = beta2 * m[i] + rest2 * g[i];
    // 0 and what is no number are their own signs.
    T sign = way > 0 ? 1 : (way < 0 ? -1 : way);
    p[i] = p[i] * shrink - rate * sign;
  }
}

#endif
