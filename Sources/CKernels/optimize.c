// Optimizer steps, one pass over each parameter. Coefficients are computed in double and rounded to the parameter's type once.
#ifndef FX_PASS
#define FX_FILE "optimize.c"
#define FX_FLOATS
#include <math.h>

#include "targets.h"

void fx_sgd(int dtype, ptrdiff_t n, double rate, double momentum, double dampening, double decay, int nesterov, int first,
            const void *g, void *v, void *p) {
  FX_DISPATCH(dtype, sgd, n, rate, momentum, 1 - dampening, decay, nesterov, first, g, v, p);
}

// `shrink` is 1 − rate·decay for AdamW, `added` the weight in the gradient for Adam; the other is neutral.
void fx_adam(int dtype, ptrdiff_t n, double rate, double beta1, double beta2, double epsilon, double decay, int decoupled, double c1, double c2,
             const void *g, void *m, void *v, void *top, void *p) {
  double shrink = decoupled ? 1 - rate * decay : 1, added = decoupled ? 0 : decay;
  FX_DISPATCH(dtype, adam, n, beta1, beta2, rate / c1, sqrt(c2), epsilon, added, shrink, g, m, v, top, p);
}

#else

// What is the same for all elements is a constant of the loop, so that each combination of the flags is a loop without branches.
FX_INLINE void FX(sgd_loop)(int has_momentum, int first, int nesterov, ptrdiff_t n, T rate, T momentum, T undamped, T decay, const T *g, T *v,
                            T *p) {
  FX_INDEPENDENT for (ptrdiff_t i = 0; i < n; i++) {
    T d = g[i] + decay * p[i];
    if (has_momentum) {
      T velocity = first ? d : momentum * v[i] + undamped * d;
      v[i] = velocity;
      d = nesterov ? d + momentum * velocity : velocity;
    }
    p[i] = p[i] - rate * d;
  }
}

static void FX(sgd)(ptrdiff_t n, double rate, double momentum, double undamped, double decay, int nesterov, int first, const T *g, T *v, T *p) {
  T r = (T)rate, m = (T)momentum, u = (T)undamped, d = (T)decay;
  if (m == 0) FX(sgd_loop)(0, 0, 0, n, r, m, u, d, g, v, p);
  else if (first && nesterov) FX(sgd_loop)(1, 1, 1, n, r, m, u, d, g, v, p);
  else if (first) FX(sgd_loop)(1, 1, 0, n, r, m, u, d, g, v, p);
  else if (nesterov) FX(sgd_loop)(1, 0, 1, n, r, m, u, d, g, v, p);
  else FX(sgd_loop)(1, 0, 0, n, r, m, u, d, g, v, p);
}

// With `top` the divisor is the largest v so far (AMSGrad).
FX_INLINE void FX(adam_loop)(int has_top, ptrdiff_t n, T beta1, T rest1, T beta2, T rest2, T rate, T root, T epsilon, T decay, T shrink,
                             const T *g, T *m, T *v, T *top, T *p) {
  FX_INDEPENDENT for (ptrdiff_t i = 0; i < n; i++) {
    T d = g[i] + decay * p[i];
    T mean = beta1 * m[i] + rest1 * d;
    T square = beta2 * v[i] + rest2 * (d * d);
    m[i] = mean;
    v[i] = square;
    if (has_top) {
      square = top[i] > square ? top[i] : square;
      top[i] = square;
    }
    p[i] = p[i] * shrink - rate * mean / (FX_OF(sqrt)(square) / root + epsilon);
  }
}

static void FX(adam)(ptrdiff_t n, double beta1, double beta2, double rate, double root, double epsilon, double decay, double shrink,
                     const T *g, T *m, T *v, T *top, T *p) {
  T b1 = (T)beta1, r1 = (T)(1 - beta1), b2 = (T)beta2, r2 = (T)(1 - beta2);
  if (top) FX(adam_loop)(1, n, b1, r1, b2, r2, (T)rate, (T)root, (T)epsilon, (T)decay, (T)shrink, g, m, v, top, p);
  else FX(adam_loop)(0, n, b1, r1, b2, r2, (T)rate, (T)root, (T)epsilon, (T)decay, (T)shrink, g, m, v, top, p);
}

#endif
