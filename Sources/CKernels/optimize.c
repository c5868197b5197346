// Optimizer steps, one pass over each parameter. Coefficients are computed in double and rounded to the parameter's type once.
#include <math.h>

#include "kernels.h"

// What is the same for all elements is a constant of the loop, so that each combination of the flags is a loop without branches.
#define SGD_LOOP(T, MOMENTUM, FIRST, NESTEROV)                                                                \
  FX_INDEPENDENT for (ptrdiff_t i = 0; i < n; i++) {                                                          \
    T d = g[i] + decay * p[i];                                                                                \
    if (MOMENTUM) {                                                                                           \
      T velocity = FIRST ? d : momentum * v[i] + undamped * d;                                                \
      v[i] = velocity;                                                                                        \
      d = NESTEROV ? d + momentum * velocity : velocity;                                                      \
    }                                                                                                         \
    p[i] = p[i] - rate * d;                                                                                   \
  }

#define SGD(S, T)                                                                                             \
  FX_CLONES static void sgd_##S(ptrdiff_t n, T rate, T momentum, T undamped, T decay, int nesterov, int first, \
                                const T *g, T *v, T *p) {                                                     \
    if (momentum == 0) { SGD_LOOP(T, 0, 0, 0) }                                                               \
    else if (first && nesterov) { SGD_LOOP(T, 1, 1, 1) }                                                      \
    else if (first) { SGD_LOOP(T, 1, 1, 0) }                                                                  \
    else if (nesterov) { SGD_LOOP(T, 1, 0, 1) }                                                               \
    else { SGD_LOOP(T, 1, 0, 0) }                                                                             \
  }
SGD(f32, float)
SGD(f64, double)

void fx_sgd(int dtype, ptrdiff_t n, double rate, double momentum, double dampening, double decay, int nesterov, int first,
            const void *g, void *v, void *p) {
  if (dtype == FX_F32)
    sgd_f32(n, (float)rate, (float)momentum, (float)(1 - dampening), (float)decay, nesterov, first, g, v, p);
  if (dtype == FX_F64) sgd_f64(n, rate, momentum, 1 - dampening, decay, nesterov, first, g, v, p);
}

// `shrink` is 1 − rate·decay for AdamW, `decay` the weight in the gradient for Adam; the other is neutral. With TOP the divisor is the
// largest v so far (AMSGrad).
#define ADAM_LOOP(T, S, TOP)                                                                                  \
  FX_INDEPENDENT for (ptrdiff_t i = 0; i < n; i++) {                                                          \
    T d = g[i] + decay * p[i];                                                                                \
    T mean = beta1 * m[i] + rest1 * d;                                                                        \
    T square = beta2 * v[i] + rest2 * (d * d);                                                                \
    m[i] = mean;                                                                                              \
    v[i] = square;                                                                                            \
    if (TOP) {                                                                                                \
      square = top[i] > square ? top[i] : square;                                                             \
      top[i] = square;                                                                                        \
    }                                                                                                         \
    p[i] = p[i] * shrink - rate * mean / (sqrt_##S(square) / root + epsilon);                                 \
  }

#define ADAM(S, T)                                                                                            \
  FX_CLONES static void adam_##S(ptrdiff_t n, T beta1, T rest1, T beta2, T rest2, T rate, T root, T epsilon,  \
                                 T decay, T shrink, const T *g, T *m, T *v, T *top, T *p) {                   \
    if (top) { ADAM_LOOP(T, S, 1) }                                                                           \
    else { ADAM_LOOP(T, S, 0) }                                                                               \
  }
ADAM(f32, float)
ADAM(f64, double)

void fx_adam(int dtype, ptrdiff_t n, double rate, double beta1, double beta2, double epsilon, double decay, int decoupled, double c1, double c2,
             const void *g, void *m, void *v, void *top, void *p) {
  double corrected = rate / c1, root = sqrt(c2);
  double shrink = decoupled ? 1 - rate * decay : 1, added = decoupled ? 0 : decay;
  if (dtype == FX_F32)
    adam_f32(n, (float)beta1, (float)(1 - beta1), (float)beta2, (float)(1 - beta2), (float)corrected, (float)root, (float)epsilon,
             (float)added, (float)shrink, g, m, v, top, p);
  if (dtype == FX_F64) adam_f64(n, beta1, 1 - beta1, beta2, 1 - beta2, corrected, root, epsilon, added, shrink, g, m, v, top, p);
}
