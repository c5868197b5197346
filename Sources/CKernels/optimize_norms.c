// Norms of parameters and gradients, and the optimizer that steps by them: LAMB.
#include <math.h>

#include "kernels.h"

#define SQUARE_LANES 16

// The sum of squares in double, in independent lanes and then in a tree: the order depends on n alone. A float's square is exact.
#define SQUARES(S, T)                                                                                         \
  FX_INLINE double squares_##S(ptrdiff_t n, const T *x) {                                                     \
    double lanes[SQUARE_LANES] = {0};                                                                         \
    ptrdiff_t i = 0;                                                                                          \
    for (; i + SQUARE_LANES <= n; i += SQUARE_LANES)                                                          \
      for (ptrdiff_t j = 0; j < SQUARE_LANES; j++) lanes[j] += (double)x[i + j] * (double)x[i + j];           \
    for (ptrdiff_t j = 0; j < n - i; j++) lanes[j] += (double)x[i + j] * (double)x[i + j];                    \
    for (ptrdiff_t w = SQUARE_LANES / 2; w > 0; w /= 2)                                                       \
      for (ptrdiff_t j = 0; j < w; j++) lanes[j] += lanes[j + w];                                             \
    return lanes[0];                                                                                          \
  }                                                                                                           \
  FX_CLONES static double all_squares_##S(ptrdiff_t n, const T *x) { return squares_##S(n, x); }
SQUARES(f32, float)
SQUARES(f64, double)

double fx_squares(int dtype, ptrdiff_t n, const void *x) { return dtype == FX_F32 ? all_squares_f32(n, x) : all_squares_f64(n, x); }

// The update is found twice rather than kept: that is cheaper than writing it and reading it again. The corrections 1/c₁ and 1/√c₂ come as
// factors, since divisions are what it costs.
#define LAMB_UPDATE(S) mean * scale / (sqrt_##S(square) * shrink + epsilon) + decay * p[i]

#define LAMB_BLOCK 1024

#define LAMB(S, T)                                                                                            \
  FX_CLONES static void lamb_moments_##S(ptrdiff_t n, T beta1, T rest1, T beta2, T rest2, T scale, T shrink, T epsilon, T decay, const T *g, \
                                         T *m, T *v, const T *p, double *norms) {                             \
    T updates[LAMB_BLOCK];                                                                                    \
    double ofParameter = 0, ofUpdate = 0;                                                                     \
    for (ptrdiff_t start = 0; start < n; start += LAMB_BLOCK) {                                               \
      ptrdiff_t count = min_size(LAMB_BLOCK, n - start);                                                      \
      FX_INDEPENDENT for (ptrdiff_t j = 0; j < count; j++) {                                                  \
        ptrdiff_t i = start + j;                                                                              \
        T mean = beta1 * m[i] + rest1 * g[i];                                                                 \
        T square = beta2 * v[i] + rest2 * (g[i] * g[i]);                                                      \
        m[i] = mean;                                                                                          \
        v[i] = square;                                                                                        \
        updates[j] = LAMB_UPDATE(S);                                                                          \
      }                                                                                                       \
      ofParameter += squares_##S(count, p + start);                                                           \
      ofUpdate += squares_##S(count, updates);                                                                \
    }                                                                                                         \
    norms[0] = ofParameter;                                                                                   \
    norms[1] = ofUpdate;                                                                                      \
  }                                                                                                           \
  FX_CLONES static void lamb_##S(ptrdiff_t n, T rate, T scale, T shrink, T epsilon, T decay, const T *m, const T *v, T *p) { \
    FX_INDEPENDENT for (ptrdiff_t i = 0; i < n; i++) {                                                        \
      T mean = m[i], square = v[i];                                                                           \
      p[i] = p[i] - rate * (LAMB_UPDATE(S));                                                                  \
    }                                                                                                         \
  }
LAMB(f32, float)
LAMB(f64, double)

void fx_lamb_moments(int dtype, ptrdiff_t n, double beta1, double beta2, double epsilon, double decay, double c1, double c2, const void *g, void *m,
                     void *v, const void *p, double *norms) {
  double scale = 1 / c1, shrink = 1 / sqrt(c2);
  if (dtype == FX_F32)
    lamb_moments_f32(n, (float)beta1, (float)(1 - beta1), (float)beta2, (float)(1 - beta2), (float)scale, (float)shrink, (float)epsilon, (float)decay,
                     g, m, v, p, norms);
  if (dtype == FX_F64) lamb_moments_f64(n, beta1, 1 - beta1, beta2, 1 - beta2, scale, shrink, epsilon, decay, g, m, v, p, norms);
}

void fx_lamb(int dtype, ptrdiff_t n, double rate, double epsilon, double decay, double c1, double c2, const void *m, const void *v, void *p) {
  double scale = 1 / c1, shrink = 1 / sqrt(c2);
  if (dtype == FX_F32) lamb_f32(n, (float)rate, (float)scale, (float)shrink, (float)epsilon, (float)decay, m, v, p);
  if (dtype == FX_F64) lamb_f64(n, rate, scale, shrink, epsilon, decay, m, v, p);
}
