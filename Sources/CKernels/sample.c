// Weighted sums of elements anywhere in a plane, and what they send back.
#ifndef FX_PASS
#define FX_FILE "sample.c"
#define FX_FLOATS
#include "targets.h"

void fx_sample(int dtype, ptrdiff_t channels, ptrdiff_t n, ptrdiff_t taps, ptrdiff_t points, const int64_t *places, const void *weights,
               const void *x, void *y) {
  FX_DISPATCH(dtype, sample, channels, n, taps, points, places, weights, x, y);
}

void fx_sample_add(int dtype, ptrdiff_t channels, ptrdiff_t n, ptrdiff_t taps, ptrdiff_t points, const int64_t *places,
                   const void *weights, const void *y, void *x) {
  FX_DISPATCH(dtype, sample_add, channels, n, taps, points, places, weights, y, x);
}

void fx_sample_weights(int dtype, ptrdiff_t channels, ptrdiff_t n, ptrdiff_t taps, ptrdiff_t points, const int64_t *places, const void *x,
                       const void *y, void *weights) {
  FX_DISPATCH(dtype, sample_weights, channels, n, taps, points, places, x, y, weights);
}

void fx_sample_cubic(int dtype, ptrdiff_t axes, ptrdiff_t channels, ptrdiff_t n, ptrdiff_t points, const int64_t *places,
                     const void *factors, const void *x, const void *dy, void *y) {
  FX_DISPATCH(dtype, sample_cubic, axes, channels, n, points, places, factors, x, dy, y);
}

void fx_sample_add_long(ptrdiff_t channels, ptrdiff_t n, ptrdiff_t taps, ptrdiff_t points, const int64_t *places, const float *weights,
                        const float *y, float *x, float *rest) {
  for (ptrdiff_t c = 0; c < channels; c++, x += n, rest += n, y += points)
    for (ptrdiff_t t = 0; t < taps; t++)
      for (ptrdiff_t p = 0; p < points; p++) {
        int64_t at = places[t * points + p];
        if (at >= 0) add_exactly(x + at, rest + at, weights[t * points + p] * y[p]);
      }
}

#else

static void FX(sample)(ptrdiff_t channels, ptrdiff_t n, ptrdiff_t taps, ptrdiff_t points, const int64_t *places, const T *weights,
                       const T *x, T *y) {
  for (ptrdiff_t c = 0; c < channels; c++, x += n, y += points)
    for (ptrdiff_t p = 0; p < points; p++) {
      T sum = 0;
      for (ptrdiff_t t = 0; t < taps; t++) {
        int64_t at = places[t * points + p];
        if (at >= 0) sum += weights[t * points + p] * x[at];
      }
      y[p] = sum;
    }
}

static void FX(sample_add)(ptrdiff_t channels, ptrdiff_t n, ptrdiff_t taps, ptrdiff_t points, const int64_t *places, const T *weights,
                           const T *y, T *x) {
  for (ptrdiff_t c = 0; c < channels; c++, x += n, y += points)
    for (ptrdiff_t t = 0; t < taps; t++)
      for (ptrdiff_t p = 0; p < points; p++) {
        int64_t at = places[t * points + p];
        if (at >= 0) x[at] += weights[t * points + p] * y[p];
      }
}

static void FX(sample_weights)(ptrdiff_t channels, ptrdiff_t n, ptrdiff_t taps, ptrdiff_t points, const int64_t *places, const T *x,
                               const T *y, T *weights) {
  memset(weights, 0, (size_t)(taps * points) * sizeof(T));
  for (ptrdiff_t c = 0; c < channels; c++, x += n, y += points)
    for (ptrdiff_t t = 0; t < taps; t++)
      for (ptrdiff_t p = 0; p < points; p++) {
        int64_t at = places[t * points + p];
        if (at >= 0) weights[t * points + p] += x[at] * y[p];
      }
}

static void FX(sample_cubic)(ptrdiff_t axes, ptrdiff_t channels, ptrdiff_t n, ptrdiff_t points, const int64_t *places, const T *factors,
                             const T *x, const T *dy, T *y) {
  _Pragma("clang fp contract(off)")
  ptrdiff_t taps = axes == 3 ? 64 : 16;
  for (ptrdiff_t p = 0; p < points; p++) {
    T sum = 0;
    for (ptrdiff_t c = 0; c < channels; c++)
      for (ptrdiff_t t = 0; t < taps; t++) {
        int64_t at = places[t * points + p];
        if (at < 0) continue;
        T term = x[c * n + at];
        for (ptrdiff_t axis = axes - 1, rest = t; axis >= 0; axis--, rest /= 4)
          term = term * factors[(axis * 4 + rest % 4) * points + p];
        sum = sum + term * dy[c * points + p];
      }
    y[p] = sum;
  }
}

#endif
