// Winograd's transform of the filters, and its adjoint.
#include "winograd.h"

#if FX_WIDE

// What a filter's polynomial is divided by at each point p: Π (p − q) over the other points q.
#define SCALE_0 (1 / (A2 * B2))
#define SCALE_A (1 / (2 * A2 * (A2 - B2)))
#define SCALE_B (1 / (2 * B2 * (B2 - A2)))

/// What a filter's three taps are there, divided.
WIDE_INLINE void filter_axis(const f32_vector f[3], f32_vector u[6]) {
  f32_vector even_a = SCALE_A * (f[0] + A2 * f[2]), even_b = SCALE_B * (f[0] + B2 * f[2]);
  u[0] = SCALE_0 * f[0];
  u[1] = even_a + SCALE_A * A * f[1];
  u[2] = even_a - SCALE_A * A * f[1];
  u[3] = even_b + SCALE_B * B * f[1];
  u[4] = even_b - SCALE_B * B * f[1];
  u[5] = f[2];
}

/// Its adjoint.
WIDE_INLINE void filter_axis_adjoint(const f32_vector u[6], f32_vector f[3]) {
  f32_vector even_a = SCALE_A * (u[1] + u[2]), even_b = SCALE_B * (u[3] + u[4]);
  f[0] = SCALE_0 * u[0] + (even_a + even_b);
  f[1] = SCALE_A * A * (u[1] - u[2]) + SCALE_B * B * (u[3] - u[4]);
  f[2] = A2 * even_a + (B2 * even_b + u[5]);
}

WIDE void fx_winograd_filters(const fx_winograd *w, ptrdiff_t output_block, ptrdiff_t block, ptrdiff_t row_step, ptrdiff_t channel_step,
                              int reversed, const float *f, ptrdiff_t apart, float *u) {
  f32_vector taps[9 * lanes];
  ptrdiff_t outputs = w->outputs - output_block * lanes, channels = min_size(lanes, w->channels - block * lanes);
  ptrdiff_t wide = (w->channels + lanes - 1) / lanes * lanes;
  f += output_block * lanes * row_step + block * lanes * channel_step;
  u += (output_block / 2 * wide + block * lanes) * 2 * lanes + output_block % 2 * lanes;
  if (channel_step == 9) turn_in((stretch){9 * channels, -1, 0}, outputs, f, row_step, (float *)taps);
  else
    for (ptrdiff_t c = 0; c < channels; c++)
      turn_in((stretch){9, -1, 0}, outputs, f + c * channel_step, row_step, (float *)(taps + 9 * c));
  if (channels < lanes) memset(taps + 9 * channels, 0, (size_t)(lanes - channels) * 9 * sizeof(f32_vector));
  for (ptrdiff_t c = 0; c < lanes; c++, u += 2 * lanes) {
    const f32_vector *from = taps + 9 * c + (reversed ? 8 : 0);
    ptrdiff_t step = reversed ? -1 : 1;
    f32_vector half[6][3];
    _Pragma("clang loop unroll(full)") for (int i = 0; i < 3; i++) {
      f32_vector column[3], points[6];
      _Pragma("clang loop unroll(full)") for (int j = 0; j < 3; j++) column[j] = from[(3 * j + i) * step];
      filter_axis(column, points);
      _Pragma("clang loop unroll(full)") for (int j = 0; j < 6; j++) half[j][i] = points[j];
    }
    _Pragma("clang loop unroll(full)") for (int j = 0; j < 6; j++) {
      f32_vector points[6];
      filter_axis(half[j], points);
      _Pragma("clang loop unroll(full)") for (int i = 0; i < 6; i++) store(u + (6 * j + i) * apart, points[i]);
    }
  }
}

WIDE int fx_winograd_filters_adjoint(const fx_winograd *w, ptrdiff_t o, ptrdiff_t block, const float *u, ptrdiff_t apart, float *f) {
  ptrdiff_t channels = w->channels - block * lanes, wide = (w->channels + lanes - 1) / lanes * lanes;
  f32_vector half[3][6], square[lanes];
  u += o * wide + block * lanes, f += (o * w->channels + block * lanes) * 9;
  _Pragma("clang loop unroll(full)") for (int i = 0; i < 6; i++) {
    f32_vector points[6], column[3];
    _Pragma("clang loop unroll(full)") for (int j = 0; j < 6; j++) points[j] = load(u + (6 * j + i) * apart);
    filter_axis_adjoint(points, column);
    _Pragma("clang loop unroll(full)") for (int j = 0; j < 3; j++) half[j][i] = column[j];
  }
  _Pragma("clang loop unroll(full)") for (int j = 0; j < 3; j++) filter_axis_adjoint(half[j], square + 3 * j);
  f32_vector zero = {0};
  _Pragma("clang loop unroll(full)") for (int i = 0; i < 9; i++) zero += 0 * square[i];
  _Pragma("clang loop unroll(full)") for (int i = 9; i < lanes; i++) square[i] = (f32_vector){0};
  transpose_f32(square);
  _Pragma("clang loop unroll(full)") for (int i = 0; i < lanes; i++)
    if (i < channels) store_some(f + 9 * i, square[i], 9);
  return is_zero(zero);
}

#else

void fx_winograd_filters(const fx_winograd *w, ptrdiff_t output_block, ptrdiff_t block, ptrdiff_t row_step, ptrdiff_t channel_step,
                         int reversed, const float *f, ptrdiff_t apart, float *u) {}
int fx_winograd_filters_adjoint(const fx_winograd *w, ptrdiff_t o, ptrdiff_t block, const float *u, ptrdiff_t apart, float *f) {
  return 0;
}

#endif
