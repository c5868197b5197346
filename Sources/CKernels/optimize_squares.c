// Optimizers that divide the gradient by a mean or sum of its squares: RMSProp, Adagrad, Adadelta. As in optimize.c, coefficients are
// computed in double and rounded once, and each combination of flags is a loop without branches.
#include "kernels.h"

#define RMSPROP_LOOP(T, S, CENTERED, MOMENTUM)                                                                \
  FX_INDEPENDENT for (ptrdiff_t i = 0; i < n; i++) {                                                          \
    T d = g[i] + decay * p[i];                                                                                \
    T square = alpha * v[i] + rest * (d * d);                                                                 \
    v[i] = square;                                                                                            \
    if (CENTERED) {                                                                                           \
      T mean = alpha * m[i] + rest * d;                                                                       \
      m[i] = mean;                                                                                            \
      square = square - mean * mean;                                                                          \
      /* Rounding may take a variance below 0, whose root is no number. */                                    \
      square = square < 0 ? 0 : square;                                                                       \
    }                                                                                                         \
    T way = d / (sqrt_##S(square) + epsilon);                                                                 \
    if (MOMENTUM) {                                                                                           \
      way = momentum * b[i] + way;                                                                            \
      b[i] = way;                                                                                             \
    }                                                                                                         \
    p[i] = p[i] - rate * way;                                                                                 \
  }

#define RMSPROP(S, T)                                                                                         \
  FX_CLONES static void rmsprop_##S(ptrdiff_t n, T rate, T alpha, T rest, T epsilon, T decay, T momentum,     \
                                    const T *g, T *v, T *m, T *b, T *p) {                                     \
    if (m && b) { RMSPROP_LOOP(T, S, 1, 1) }                                                                  \
    else if (m) { RMSPROP_LOOP(T, S, 1, 0) }                                                                  \
    else if (b) { RMSPROP_LOOP(T, S, 0, 1) }                                                                  \
    else { RMSPROP_LOOP(T, S, 0, 0) }                                                                         \
  }
RMSPROP(f32, float)
RMSPROP(f64, double)

void fx_rmsprop(int dtype, ptrdiff_t n, double rate, double alpha, double epsilon, double decay, double momentum, const void *g, void *v, void *m,
                void *b, void *p) {
  if (dtype == FX_F32)
    rmsprop_f32(n, (float)rate, (float)alpha, (float)(1 - alpha), (float)epsilon, (float)decay, (float)momentum, g, v, m, b, p);
  if (dtype == FX_F64) rmsprop_f64(n, rate, alpha, 1 - alpha, epsilon, decay, momentum, g, v, m, b, p);
}

#define ADAGRAD(S, T)                                                                                         \
  FX_CLONES static void adagrad_##S(ptrdiff_t n, T rate, T epsilon, T decay, T start, const T *g, T *s, T *p) { \
    FX_INDEPENDENT for (ptrdiff_t i = 0; i < n; i++) {                                                        \
      T d = g[i] + decay * p[i];                                                                              \
      T sum = (s[i] + start) + d * d;                                                                         \
      s[i] = sum;                                                                                             \
      p[i] = p[i] - rate * d / (sqrt_##S(sum) + epsilon);                                                     \
    }                                                                                                         \
  }
ADAGRAD(f32, float)
ADAGRAD(f64, double)

void fx_adagrad(int dtype, ptrdiff_t n, double rate, double epsilon, double decay, double start, const void *g, void *s, void *p) {
  if (dtype == FX_F32) adagrad_f32(n, (float)rate, (float)epsilon, (float)decay, (float)start, g, s, p);
  if (dtype == FX_F64) adagrad_f64(n, rate, epsilon, decay, start, g, s, p);
}

#define ADADELTA(S, T)                                                                                        \
  FX_CLONES static void adadelta_##S(ptrdiff_t n, T rate, T rho, T rest, T epsilon, T decay, const T *g, T *v, T *u, T *p) { \
    FX_INDEPENDENT for (ptrdiff_t i = 0; i < n; i++) {                                                        \
      T d = g[i] + decay * p[i];                                                                              \
      T square = rho * v[i] + rest * (d * d);                                                                 \
      T change = sqrt_##S(u[i] + epsilon) / sqrt_##S(square + epsilon) * d;                                   \
      v[i] = square;                                                                                          \
      u[i] = rho * u[i] + rest * (change * change);                                                           \
      p[i] = p[i] - rate * change;                                                                            \
    }                                                                                                         \
  }
ADADELTA(f32, float)
ADADELTA(f64, double)

void fx_adadelta(int dtype, ptrdiff_t n, double rate, double rho, double epsilon, double decay, const void *g, void *v, void *u, void *p) {
  if (dtype == FX_F32) adadelta_f32(n, (float)rate, (float)rho, (float)(1 - rho), (float)epsilon, (float)decay, g, v, u, p);
  if (dtype == FX_F64) adadelta_f64(n, rate, rho, 1 - rho, epsilon, decay, g, v, u, p);
}
