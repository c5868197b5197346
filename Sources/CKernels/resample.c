// Resampling: weighted sums of elements at given places, along one axis or anywhere in a plane.
#include "kernels.h"

#define RESAMPLE(S, T)                                                                                        \
  FX_CLONES static void resample_##S(ptrdiff_t outer, ptrdiff_t n, ptrdiff_t count, ptrdiff_t inner, ptrdiff_t taps, const int64_t *places, \
                                     const double *weights, const T *x, T *y) {                               \
    for (ptrdiff_t o = 0; o < outer; o++, x += n * inner, y += count * inner) {                               \
      if (taps > 64) { /* Of many terms rounding would count. */                                              \
        for (ptrdiff_t i = 0; i < count; i++)                                                                 \
          for (ptrdiff_t j = 0; j < inner; j += 64) {                                                         \
            double sums[64] = {0};                                                                            \
            ptrdiff_t width = min_size(64, inner - j);                                                        \
            for (ptrdiff_t t = 0; t < taps; t++) {                                                            \
              const T *in = x + places[i * taps + t] * inner + j;                                             \
              double f = (double)(T)weights[i * taps + t];                                                    \
              for (ptrdiff_t l = 0; l < width; l++) sums[l] += (double)in[l] * f;                             \
            }                                                                                                 \
            for (ptrdiff_t l = 0; l < width; l++) y[i * inner + j + l] = (T)sums[l];                          \
          }                                                                                                   \
        continue;                                                                                             \
      }                                                                                                       \
      if (inner == 1) {                                                                                       \
        for (ptrdiff_t i = 0; i < count; i++) {                                                               \
          T sum = x[places[i * taps]] * (T)weights[i * taps];                                                 \
          for (ptrdiff_t t = 1; t < taps; t++) sum += x[places[i * taps + t]] * (T)weights[i * taps + t];     \
          y[i] = sum;                                                                                         \
        }                                                                                                     \
        continue;                                                                                             \
      }                                                                                                       \
      for (ptrdiff_t i = 0; i < count; i++) {                                                                 \
        T *restrict out = y + i * inner;                                                                      \
        for (ptrdiff_t t = 0; t < taps; t++) {                                                                \
          const T *restrict in = x + places[i * taps + t] * inner;                                            \
          T f = (T)weights[i * taps + t];                                                                     \
          if (t == 0) for (ptrdiff_t j = 0; j < inner; j++) out[j] = in[j] * f;                               \
          else for (ptrdiff_t j = 0; j < inner; j++) out[j] += in[j] * f;                                     \
        }                                                                                                     \
      }                                                                                                       \
    }                                                                                                         \
  }                                                                                                           \
  FX_CLONES static void resample_add_##S(ptrdiff_t outer, ptrdiff_t n, ptrdiff_t count, ptrdiff_t inner, ptrdiff_t taps,    \
                                         const int64_t *places, const double *weights, const T *y, T *x) {    \
    for (ptrdiff_t o = 0; o < outer; o++, x += n * inner, y += count * inner)                                 \
      for (ptrdiff_t i = 0; i < count; i++)                                                                   \
        for (ptrdiff_t t = 0; t < taps; t++) {                                                                \
          T *restrict out = x + places[i * taps + t] * inner;                                                 \
          const T *restrict in = y + i * inner;                                                               \
          T f = (T)weights[i * taps + t];                                                                     \
          for (ptrdiff_t j = 0; j < inner; j++) out[j] += in[j] * f;                                          \
        }                                                                                                     \
  }
RESAMPLE(f32, float)
RESAMPLE(f64, double)

void fx_resample(int dtype, ptrdiff_t outer, ptrdiff_t n, ptrdiff_t count, ptrdiff_t inner, ptrdiff_t taps, const int64_t *places,
                 const double *weights, const void *x, void *y) {
  if (dtype == FX_F32) resample_f32(outer, n, count, inner, taps, places, weights, x, y);
  if (dtype == FX_F64) resample_f64(outer, n, count, inner, taps, places, weights, x, y);
}
void fx_resample_add(int dtype, ptrdiff_t outer, ptrdiff_t n, ptrdiff_t count, ptrdiff_t inner, ptrdiff_t taps, const int64_t *places,
                     const double *weights, const void *y, void *x) {
  if (dtype == FX_F32) resample_add_f32(outer, n, count, inner, taps, places, weights, y, x);
  if (dtype == FX_F64) resample_add_f64(outer, n, count, inner, taps, places, weights, y, x);
}

// As the ones above, with what rounding takes kept beside the sums.
void fx_resample_add_long(ptrdiff_t outer, ptrdiff_t n, ptrdiff_t count, ptrdiff_t inner, ptrdiff_t taps, const int64_t *places,
                          const double *weights, const float *y, float *x, float *rest) {
  for (ptrdiff_t o = 0; o < outer; o++, x += n * inner, rest += n * inner, y += count * inner)
    for (ptrdiff_t i = 0; i < count; i++)
      for (ptrdiff_t t = 0; t < taps; t++) {
        ptrdiff_t at = places[i * taps + t] * inner;
        float f = (float)weights[i * taps + t];
        for (ptrdiff_t j = 0; j < inner; j++) add_exactly(x + at + j, rest + at + j, y[i * inner + j] * f);
      }
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

#define SAMPLE(S, T)                                                                                          \
  FX_CLONES static void sample_##S(ptrdiff_t channels, ptrdiff_t n, ptrdiff_t taps, ptrdiff_t points, const int64_t *places, \
                                   const T *weights, const T *x, T *y) {                                      \
    for (ptrdiff_t c = 0; c < channels; c++, x += n, y += points)                                             \
      for (ptrdiff_t p = 0; p < points; p++) {                                                                \
        T sum = 0;                                                                                            \
        for (ptrdiff_t t = 0; t < taps; t++) {                                                                \
          int64_t at = places[t * points + p];                                                                \
          if (at >= 0) sum += weights[t * points + p] * x[at];                                                \
        }                                                                                                     \
        y[p] = sum;                                                                                           \
      }                                                                                                       \
  }                                                                                                           \
  static void sample_add_##S(ptrdiff_t channels, ptrdiff_t n, ptrdiff_t taps, ptrdiff_t points, const int64_t *places, \
                             const T *weights, const T *y, T *x) {                                            \
    for (ptrdiff_t c = 0; c < channels; c++, x += n, y += points)                                             \
      for (ptrdiff_t t = 0; t < taps; t++)                                                                    \
        for (ptrdiff_t p = 0; p < points; p++) {                                                              \
          int64_t at = places[t * points + p];                                                                \
          if (at >= 0) x[at] += weights[t * points + p] * y[p];                                               \
        }                                                                                                     \
  }                                                                                                           \
  FX_CLONES static void sample_weights_##S(ptrdiff_t channels, ptrdiff_t n, ptrdiff_t taps, ptrdiff_t points, const int64_t *places, \
                                           const T *x, const T *y, T *weights) {                              \
    memset(weights, 0, (size_t)(taps * points) * sizeof(T));                                                  \
    for (ptrdiff_t c = 0; c < channels; c++, x += n, y += points)                                             \
      for (ptrdiff_t t = 0; t < taps; t++)                                                                    \
        for (ptrdiff_t p = 0; p < points; p++) {                                                              \
          int64_t at = places[t * points + p];                                                                \
          if (at >= 0) weights[t * points + p] += x[at] * y[p];                                               \
        }                                                                                                     \
  }
SAMPLE(f32, float)
SAMPLE(f64, double)

void fx_sample(int dtype, ptrdiff_t channels, ptrdiff_t n, ptrdiff_t taps, ptrdiff_t points, const int64_t *places, const void *weights,
               const void *x, void *y) {
  if (dtype == FX_F32) sample_f32(channels, n, taps, points, places, weights, x, y);
  if (dtype == FX_F64) sample_f64(channels, n, taps, points, places, weights, x, y);
}
void fx_sample_add(int dtype, ptrdiff_t channels, ptrdiff_t n, ptrdiff_t taps, ptrdiff_t points, const int64_t *places, const void *weights,
                   const void *y, void *x) {
  if (dtype == FX_F32) sample_add_f32(channels, n, taps, points, places, weights, y, x);
  if (dtype == FX_F64) sample_add_f64(channels, n, taps, points, places, weights, y, x);
}
void fx_sample_weights(int dtype, ptrdiff_t channels, ptrdiff_t n, ptrdiff_t taps, ptrdiff_t points, const int64_t *places, const void *x,
                       const void *y, void *weights) {
  if (dtype == FX_F32) sample_weights_f32(channels, n, taps, points, places, x, y, weights);
  if (dtype == FX_F64) sample_weights_f64(channels, n, taps, points, places, x, y, weights);
}

#define SAMPLE_CUBIC(S, T)                                                                                    \
  static void sample_cubic_##S(ptrdiff_t axes, ptrdiff_t channels, ptrdiff_t n, ptrdiff_t points, const int64_t *places,            \
                               const T *factors, const T *x, const T *dy, T *y) {                             \
    _Pragma("clang fp contract(off)")                                                                         \
    ptrdiff_t taps = axes == 3 ? 64 : 16;                                                                     \
    for (ptrdiff_t p = 0; p < points; p++) {                                                                  \
      T sum = 0;                                                                                              \
      for (ptrdiff_t c = 0; c < channels; c++)                                                                \
        for (ptrdiff_t t = 0; t < taps; t++) {                                                                \
          int64_t at = places[t * points + p];                                                                \
          if (at < 0) continue;                                                                               \
          T term = x[c * n + at];                                                                             \
          for (ptrdiff_t axis = axes - 1, rest = t; axis >= 0; axis--, rest /= 4)                             \
            term = term * factors[(axis * 4 + rest % 4) * points + p];                                        \
          sum = sum + term * dy[c * points + p];                                                              \
        }                                                                                                     \
      y[p] = sum;                                                                                             \
    }                                                                                                         \
  }
SAMPLE_CUBIC(f32, float)
SAMPLE_CUBIC(f64, double)

void fx_sample_cubic(int dtype, ptrdiff_t axes, ptrdiff_t channels, ptrdiff_t n, ptrdiff_t points, const int64_t *places, const void *factors,
                     const void *x, const void *dy, void *y) {
  if (dtype == FX_F32) sample_cubic_f32(axes, channels, n, points, places, factors, x, dy, y);
  if (dtype == FX_F64) sample_cubic_f64(axes, channels, n, points, places, factors, x, dy, y);
}
