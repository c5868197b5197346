// Samples anywhere in planes, with the channels inside: as sample.c has them, but a place is read once for up to 16 channels, which lie
// side by side in a copy.
#ifndef FX_PASS
#define FX_FILE "sample_channels.c"
#define FX_FLOATS
#include "kernels.h"

// Elements [n, width] of [channels, n], zeros for channels that are not there.
static void turn_in(int size, ptrdiff_t channels, ptrdiff_t n, ptrdiff_t width, const void *x, void *to) {
  if (channels < width) memset(to, 0, (size_t)(n * width * size));
  fx_copy(size, 2, (ptrdiff_t[]){n, channels}, (ptrdiff_t[]){1, n}, x, (ptrdiff_t[]){width, 1}, to);
}

static void turn_out(int size, ptrdiff_t channels, ptrdiff_t n, ptrdiff_t width, const void *x, void *to) {
  fx_copy(size, 2, (ptrdiff_t[]){channels, n}, (ptrdiff_t[]){1, width}, x, (ptrdiff_t[]){n, 1}, to);
}

#define EACH for (ptrdiff_t c = 0; c < W; c++)

#include "targets.h"

ptrdiff_t fx_sample_width(ptrdiff_t channels) { return channels <= 4 ? 4 : channels <= 8 ? 8 : 16; }

#define ELEMENT (dtype == FX_F32 ? (int)sizeof(float) : (int)sizeof(double))
// Of each stretch of channels, with its copies of a plane's n elements and of the points.
#define STRETCHES(BODY)                                                                                       \
  int size = ELEMENT;                                                                                         \
  ptrdiff_t width = fx_sample_width(channels);                                                                \
  char *planes = memory, *values = planes + n * width * size;                                                 \
  for (ptrdiff_t from = 0; from < channels; from += width) {                                                  \
    ptrdiff_t count = min_size(width, channels - from), at_plane = from * n * size, at_values = from * points * size; \
    BODY                                                                                                      \
  }

void fx_sample_inside(int dtype, ptrdiff_t channels, ptrdiff_t n, ptrdiff_t taps, ptrdiff_t points, const int64_t *places,
                      const void *weights, const void *x, void *y, void *memory) {
  STRETCHES({
    turn_in(size, count, n, width, (const char *)x + at_plane, planes);
    FX_DISPATCH(dtype, sample, width, taps, points, places, weights, (void *)planes, (void *)values);
    turn_out(size, count, points, width, values, (char *)y + at_values);
  })
}

void fx_sample_weights_inside(int dtype, ptrdiff_t channels, ptrdiff_t n, ptrdiff_t taps, ptrdiff_t points, const int64_t *places,
                              const void *x, const void *y, void *weights, void *memory) {
  memset(weights, 0, (size_t)(taps * points * ELEMENT));
  STRETCHES({
    turn_in(size, count, n, width, (const char *)x + at_plane, planes);
    turn_in(size, count, points, width, (const char *)y + at_values, values);
    FX_DISPATCH(dtype, sample_weights, width, taps, points, places, (void *)planes, (void *)values, weights);
  })
}

#else

FX_INLINE void FX(points)(ptrdiff_t W, ptrdiff_t taps, ptrdiff_t points, const int64_t *places, const T *weights, const T *x, T *y) {
  for (ptrdiff_t p = 0; p < points; p++) {
    T sums[16] = {0};
    for (ptrdiff_t t = 0; t < taps; t++) {
      int64_t at = places[t * points + p];
      T w = weights[t * points + p];
      if (at >= 0) EACH sums[c] += w * x[at * W + c];
    }
    memcpy(y + p * W, sums, (size_t)W * sizeof(T));
  }
}

FX_INLINE void FX(points_weights)(ptrdiff_t W, ptrdiff_t taps, ptrdiff_t points, const int64_t *places, const T *x, const T *y,
                                  T *weights) {
  for (ptrdiff_t p = 0; p < points; p++)
    for (ptrdiff_t t = 0; t < taps; t++) {
      int64_t at = places[t * points + p];
      if (at < 0) continue;
      T products[16];
      EACH products[c] = x[at * W + c] * y[p * W + c];
      for (ptrdiff_t half = W / 2; half > 0; half /= 2)
        for (ptrdiff_t c = 0; c < half; c++) products[c] += products[c + half];
      weights[t * points + p] += products[0];
    }
}

static void FX(sample)(ptrdiff_t width, ptrdiff_t taps, ptrdiff_t points, const int64_t *places, const T *weights, const T *x, T *y) {
  if (width == 4) FX(points)(4, taps, points, places, weights, x, y);
  else if (width == 8) FX(points)(8, taps, points, places, weights, x, y);
  else FX(points)(16, taps, points, places, weights, x, y);
}

static void FX(sample_weights)(ptrdiff_t width, ptrdiff_t taps, ptrdiff_t points, const int64_t *places, const T *x, const T *y,
                               T *weights) {
  if (width == 4) FX(points_weights)(4, taps, points, places, x, y, weights);
  else if (width == 8) FX(points_weights)(8, taps, points, places, x, y, weights);
  else FX(points_weights)(16, taps, points, places, x, y, weights);
}

#endif
