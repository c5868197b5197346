// Norms of parameters and gradients, and the optimizer that steps by them: LAMB.
#ifndef FX_PASS
#define FX_FILE "optimize_norms.c"
#define FX_FLOATS
#include <math.h>

#include "kernels.h"

#define SQUARE_LANES 16
#define LAMB_BLOCK 1024

#include "targets.h"

double fx_squares(int dtype, ptrdiff_t n, const void *x) { return FX_RESULT(dtype, squares, n, x); }

int fx_all_finite(int dtype, ptrdiff_t n, const void *x) { return FX_RESULT(dtype, all_finite, n, x); }

// The corrections 1/c₁ and 1/√c₂ come as factors, since divisions are what it costs.
void fx_lamb_moments(int dtype, ptrdiff_t n, double beta1, double beta2, double epsilon, double decay, double c1, double c2, const void *g, void *m,
                     void *v, const void *p, double *norms) {
  FX_DISPATCH(dtype, lamb_moments, n, beta1, beta2, 1 / c1, 1 / sqrt(c2), epsilon, decay, g, m, v, p, norms);
}

void fx_lamb(int dtype, ptrdiff_t n, double rate, double epsilon, double decay, double c1, double c2, const void *m, const void *v, void *p) {
  FX_DISPATCH(dtype, lamb, n, rate, 1 / c1, 1 / sqrt(c2), epsilon, decay, m, v, p);
}

#else

// The sum of squares in double, in independent lanes and then in a tree: the order depends on n alone. A float's square is exact.
FX_FUNCTION double FX(squares)(ptrdiff_t n, const T *x) {
  double lanes[SQUARE_LANES] = {0};
  ptrdiff_t i = 0;
  for (; i + SQUARE_LANES <= n; i += SQUARE_LANES)
    for (ptrdiff_t j = 0; j < SQUARE_LANES; j++) lanes[j] += (double)x[i + j] * (double)x[i + j];
  for (ptrdiff_t j = 0; j < n - i; j++) lanes[j] += (double)x[i + j] * (double)x[i + j];
  for (ptrdiff_t w = SQUARE_LANES / 2; w > 0; w /= 2)
    for (ptrdiff_t j = 0; j < w; j++) lanes[j] += lanes[j + w];
  return lanes[0];
}

// What gradients are asked before a step is made along them. An element is infinite or NaN if its exponent has all bits, so that the largest
// magnitude, taken as an integer, tells. One load an element.
static int FX(all_finite)(ptrdiff_t n, const FX_WORD *x) {
  FX_WORD largest = 0, sign = (FX_WORD)((FX_UNSIGNED)1 << (8 * sizeof(T) - 1)), infinite = FX_IS_F32 ? 0x7F800000 : (FX_WORD)INT64_C(0x7FF0000000000000);
  for (ptrdiff_t i = 0; i < n; i++) {
    FX_WORD magnitude = x[i] & ~sign;
    largest = magnitude > largest ? magnitude : largest;
  }
  return largest < infinite;
}

// The update is found twice rather than kept: that is cheaper than writing it and reading it again.
FX_INLINE T FX(lamb_update)(T mean, T square, T scale, T shrink, T epsilon, T decay, T p) {
  return mean * scale / (FX_OF(sqrt)(square) * shrink + epsilon) + decay * p;
}

static void FX(lamb_moments)(ptrdiff_t n, double first, double second, double correction, double root, double least, double weight, const T *g,
                             T *m, T *v, const T *p, double *norms) {
  T beta1 = (T)first, rest1 = (T)(1 - first), beta2 = (T)second, rest2 = (T)(1 - second);
  T scale = (T)correction, shrink = (T)root, epsilon = (T)least, decay = (T)weight, updates[LAMB_BLOCK];
  double of_parameter = 0, of_update = 0;
  for (ptrdiff_t start = 0; start < n; start += LAMB_BLOCK) {
    ptrdiff_t count = min_size(LAMB_BLOCK, n - start);
    FX_INDEPENDENT for (ptrdiff_t j = 0; j < count; j++) {
      ptrdiff_t i = start + j;
      T mean = beta1 * m[i] + rest1 * g[i];
      T square = beta2 * v[i] + rest2 * (g[i] * g[i]);
      m[i] = mean;
      v[i] = square;
      updates[j] = FX(lamb_update)(mean, square, scale, shrink, epsilon, decay, p[i]);
    }
    of_parameter += FX(squares)(count, p + start);
    of_update += FX(squares)(count, updates);
  }
  norms[0] = of_parameter;
  norms[1] = of_update;
}

static void FX(lamb)(ptrdiff_t n, double step, double correction, double root, double least, double weight, const T *m, const T *v, T *p) {
  T rate = (T)step, scale = (T)correction, shrink = (T)root, epsilon = (T)least, decay = (T)weight;
  FX_INDEPENDENT for (ptrdiff_t i = 0; i < n; i++)
    p[i] = p[i] - rate * (FX(lamb_update)(m[i], v[i], scale, shrink, epsilon, decay, p[i]));
}

#endif
