// Optimizers that divide the gradient by a mean or sum of its squares: RMSProp, Adagrad, Adadelta. As in optimize.c, coefficients are
// computed in double and rounded once, and each combination of flags is a loop without branches.
#ifndef FX_PASS
#define FX_FILE "optimize_squares.c"
#define FX_FLOATS
#include "targets.h"

void fx_rmsprop(int dtype, ptrdiff_t n, double rate, double alpha, double epsilon, double decay, double momentum, const void *g, void *v, void *m,
                void *b, void *p) {
  FX_DISPATCH(dtype, rmsprop, n, rate, alpha, epsilon, decay, momentum, g, v, m, b, p);
}

void fx_adagrad(int dtype, ptrdiff_t n, double rate, double epsilon, double decay, double start, const void *g, void *s, void *p) {
  FX_DISPATCH(dtype, adagrad, n, rate, epsilon, decay, start, g, s, p);
}

void fx_adadelta(int dtype, ptrdiff_t n, double rate, double rho, double epsilon, double decay, const void *g, void *v, void *u, void *p) {
  FX_DISPATCH(dtype, adadelta, n, rate, rho, epsilon, decay, g, v, u, p);
}

#else

FX_INLINE void FX(rmsprop_loop)(int centered, int has_momentum, ptrdiff_t n, T rate, T alpha, T rest, T epsilon, T decay, T momentum, const T *g,
                                T *v, T *m, T *b, T *p) {
  FX_INDEPENDENT for (ptrdiff_t i = 0; i < n; i++) {
    T d = g[i] + decay * p[i];
    T square = alpha * v[i] + rest * (d * d);
    v[i] = square;
    if (centered) {
      T mean = alpha * m[i] + rest * d;
      m[i] = mean;
      square = square - mean * mean;
      // Rounding may take a variance below 0, whose root is no number.
      square = square < 0 ? 0 : square;
    }
    T way = d / (FX_OF(sqrt)(square) + epsilon);
    if (has_momentum) {
      way = momentum * b[i] + way;
      b[i] = way;
    }
    p[i] = p[i] - rate * way;
  }
}

static void FX(rmsprop)(ptrdiff_t n, double rate, double alpha, double epsilon, double decay, double momentum, const T *g, T *v, T *m, T *b, T *p) {
  T r = (T)rate, a = (T)alpha, rest = (T)(1 - alpha), e = (T)epsilon, d = (T)decay, k = (T)momentum;
  if (m && b) FX(rmsprop_loop)(1, 1, n, r, a, rest, e, d, k, g, v, m, b, p);
  else if (m) FX(rmsprop_loop)(1, 0, n, r, a, rest, e, d, k, g, v, m, b, p);
  else if (b) FX(rmsprop_loop)(0, 1, n, r, a, rest, e, d, k, g, v, m, b, p);
  else FX(rmsprop_loop)(0, 0, n, r, a, rest, e, d, k, g, v, m, b, p);
}

static void FX(adagrad)(ptrdiff_t n, double step, double least, double weight, double initial, const T *g, T *s, T *p) {
  T rate = (T)step, epsilon = (T)least, decay = (T)weight, start = (T)initial;
  FX_INDEPENDENT for (ptrdiff_t i = 0; i < n; i++) {
    T d = g[i] + decay * p[i];
    T sum = (s[i] + start) + d * d;
    s[i] = sum;
    p[i] = p[i] - rate * d / (FX_OF(sqrt)(sum) + epsilon);
  }
}

static void FX(adadelta)(ptrdiff_t n, double step, double fading, double least, double weight, const T *g, T *v, T *u, T *p) {
  T rate = (T)step, rho = (T)fading, rest = (T)(1 - fading), epsilon = (T)least, decay = (T)weight;
  FX_INDEPENDENT for (ptrdiff_t i = 0; i < n; i++) {
    T d = g[i] + decay * p[i];
    T square = rho * v[i] + rest * (d * d);
    T change = FX_OF(sqrt)(u[i] + epsilon) / FX_OF(sqrt)(square + epsilon) * d;
    v[i] = square;
    u[i] = rho * u[i] + rest * (change * change);
    p[i] = p[i] - rate * change;
  }
}

#endif
