// What Winograd's transforms F(4 × 4, 3 × 3) share: 36 products for 16 results of a 3 × 3 filter, where the sum as it is written has 144.
//
// A tile of 4 × 4 results sees 6 × 6 numbers. Both these and the filter are evaluated, as polynomials, at the points 0, ±43/64, ±3/2 and ∞
// along each axis; multiplied there, summed up over channels, and taken back to the coefficients that are the results. With these points the
// largest error is a third of that with the usual 0, ±1, ±2 and ∞.
//
// A vector holds 16 channels (or outputs) of one place, so that transforms are sums of whole vectors. In memory planes follow each other: they
// are turned, 16 of them by 16 places at a time, on their way in and out.
#ifndef FLUXION_WINOGRAD_H
#define FLUXION_WINOGRAD_H

#include "wide.h"

#if FX_WIDE
#include <immintrin.h>

enum { lanes = 16 };

// The points a and b.
#define A 0.671875f
#define B 1.5f
#define A2 (A * A)
#define B2 (B * B)

WIDE_INLINE f32_vector load(const float *x) { return *(const f32_loose *)x; }
WIDE_INLINE void store(float *x, f32_vector v) { *(f32_loose *)x = v; }
WIDE_INLINE f32_vector load_some(const float *x, ptrdiff_t n) {
  return n >= lanes ? load(x) : (f32_vector)_mm512_maskz_loadu_ps((__mmask16)((1u << n) - 1), x);
}
WIDE_INLINE void store_some(float *x, f32_vector v, ptrdiff_t n) {
  if (n >= lanes) store(x, v);
  else _mm512_mask_storeu_ps(x, (__mmask16)((1u << n) - 1), (__m512)v);
}

/// A stretch of a plane's places, rows of `length` that go on `pitch` places later in the strip.
typedef struct { ptrdiff_t count, length, pitch; } stretch;

/// Turns a stretch of 16 planes to vectors of 16 channels, one for each place.
WIDE_INLINE void turn_in(stretch s, ptrdiff_t channels, const float *x, ptrdiff_t plane, float *out) {
  ptrdiff_t column = 0;
  for (ptrdiff_t p = 0; p < s.count; p += lanes) {
    f32_vector square[lanes];
    ptrdiff_t count = s.count - p;
    _Pragma("clang loop unroll(full)") for (int i = 0; i < lanes; i++)
      square[i] = i < channels ? load_some(x + i * plane + p, count) : (f32_vector){0};
    transpose_f32(square);
    _Pragma("clang loop unroll(full)") for (int i = 0; i < lanes; i++)
      if (i < count) {
        store(out + column * lanes, square[i]);
        if (++column == s.length) column = 0, out += s.pitch * lanes;
      }
  }
}

/// Whether no number is NaN, which 0 times infinity is, too.
WIDE_INLINE int is_zero(f32_vector x) { return _mm512_cmp_ps_mask((__m512)x, _mm512_setzero_ps(), _CMP_EQ_OQ) == 0xffff; }

#endif
#endif
