// Winograd's transform of the filters, and its adjoint.
#ifndef FX_PASS
#define FX_FILE "winograd_filters.c"
#define FX_FLOATS
#define FX_VECTORS
#include "targets.h"

void fx_winograd_filters(const fx_winograd *w, ptrdiff_t output_block, ptrdiff_t block, ptrdiff_t row_step, ptrdiff_t channel_step,
                         int reversed, const float *f, ptrdiff_t apart, float *u) {
  FX_AT(filters_f32)(w, output_block, block, row_step, channel_step, reversed, f, apart, u);
}

int fx_winograd_filters_adjoint(const fx_winograd *w, ptrdiff_t o, ptrdiff_t block, const float *u, ptrdiff_t apart, float *f) {
  return FX_AT(filters_adjoint_f32)(w, o, block, u, apart, f);
}

#elif FX_IS_F32
#include "winograd.h"

// What a filter's polynomial is divided by at each point p: Π (p − q) over the other points q.
#define SCALE_0 (1 / (A2 * B2))
#define SCALE_A (1 / (2 * A2 * (A2 - B2)))
#define SCALE_B (1 / (2 * B2 * (B2 - A2)))

/// What a filter's three taps are there, divided.
FX_INLINE void FX(filter_axis)(const VEC *f, VEC *u) {
  VEC even_a = SCALE_A * (f[0] + A2 * f[2]), even_b = SCALE_B * (f[0] + B2 * f[2]);
  u[0] = SCALE_0 * f[0];
  u[1] = even_a + SCALE_A * A * f[1];
  u[2] = even_a - SCALE_A * A * f[1];
  u[3] = even_b + SCALE_B * B * f[1];
  u[4] = even_b - SCALE_B * B * f[1];
  u[5] = f[2];
}

/// Its adjoint.
FX_INLINE void FX(filter_axis_adjoint)(const VEC *u, VEC *f) {
  VEC even_a = SCALE_A * (u[1] + u[2]), even_b = SCALE_B * (u[3] + u[4]);
  f[0] = SCALE_0 * u[0] + (even_a + even_b);
  f[1] = SCALE_A * A * (u[1] - u[2]) + SCALE_B * B * (u[3] - u[4]);
  f[2] = A2 * even_a + (B2 * even_b + u[5]);
}

static void FX(filters)(const fx_winograd *w, ptrdiff_t output_block, ptrdiff_t block, ptrdiff_t row_step, ptrdiff_t channel_step,
                        int reversed, const T *f, ptrdiff_t apart, T *u) {
  VEC taps[9 * FX_LANES];
  ptrdiff_t outputs = w->outputs - output_block * FX_LANES, channels = min_size(FX_LANES, w->channels - block * FX_LANES);
  ptrdiff_t wide = (w->channels + FX_LANES - 1) / FX_LANES * FX_LANES;
  f += output_block * FX_LANES * row_step + block * FX_LANES * channel_step;
  u += (output_block / 2 * wide + block * FX_LANES) * 2 * FX_LANES + output_block % 2 * FX_LANES;
  if (channel_step == 9) FX(turn_in)((stretch){9 * channels, -1, 0}, outputs, f, row_step, (T *)taps);
  else
    for (ptrdiff_t c = 0; c < channels; c++)
      FX(turn_in)((stretch){9, -1, 0}, outputs, f + c * channel_step, row_step, (T *)(taps + 9 * c));
  if (channels < FX_LANES) memset(taps + 9 * channels, 0, (size_t)(FX_LANES - channels) * 9 * sizeof(VEC));
  for (ptrdiff_t c = 0; c < FX_LANES; c++, u += 2 * FX_LANES) {
    const VEC *from = taps + 9 * c + (reversed ? 8 : 0);
    ptrdiff_t step = reversed ? -1 : 1;
    FX(both_axes)(FX(filter_axis), 3, 6, (const T *)from, 3 * step * FX_LANES, step * FX_LANES, u, 6 * apart, apart, NULL);
  }
}

static int FX(filters_adjoint)(const fx_winograd *w, ptrdiff_t o, ptrdiff_t block, const T *u, ptrdiff_t apart, T *f) {
  ptrdiff_t channels = w->channels - block * FX_LANES, wide = (w->channels + FX_LANES - 1) / FX_LANES * FX_LANES;
  VEC taps[9];
  u += o * wide + block * FX_LANES, f += (o * w->channels + block * FX_LANES) * 9;
  FX(both_axes)(FX(filter_axis_adjoint), 6, 3, u, 6 * apart, apart, (T *)taps, 3 * FX_LANES, FX_LANES, NULL);
  VEC zero = {0};
  FX_UNROLL for (int i = 0; i < 9; i++) zero += 0 * taps[i];
  FX_UNROLL for (int first = 0; first < 9; first += FX_LANES) {
    VEC square[FX_LANES];
    FX_UNROLL for (int i = 0; i < FX_LANES; i++) square[i] = first + i < 9 ? taps[first + i] : (VEC){0};
    FX(transpose)(square);
    FX_UNROLL for (int i = 0; i < FX_LANES; i++)
      if (i < channels) FX(store_first)(f + 9 * i + first, square[i], 9 - first);
  }
  return FX(is_zero)(zero);
}

#endif
