// What Winograd's transforms F(4 × 4, 3 × 3) share, in a pass of targets.h with FX_VECTORS: 36 products for 16 results of a 3 × 3 filter, where the
// sum as it is written has 144.
//
// A tile of 4 × 4 results sees 6 × 6 numbers. Both these and the filter are evaluated, as polynomials, at the points 0, ±43/64, ±3/2 and ∞
// along each axis; multiplied there, summed up over channels, and taken back to the coefficients that are the results. With these points the
// largest error is a third of that with the usual 0, ±1, ±2 and ∞.
//
// A vector holds FX_LANES channels (or outputs) of one place, so that transforms are sums of whole vectors. In memory planes follow each other: they
// are turned, a square of planes by places at a time, on their way in and out.
#ifndef FLUXION_WINOGRAD_H
#define FLUXION_WINOGRAD_H

// The points a and b.
#define A 0.671875f
#define B 1.5f
#define A2 (A * A)
#define B2 (B * B)

/// A stretch of a plane's places, rows of `length` that go on `pitch` places later in the strip.
typedef struct { ptrdiff_t count, length, pitch; } stretch;

#endif

FX_INLINE VEC FX(load_first)(const T *x, ptrdiff_t n) { return n >= FX_LANES ? FX(load)(x) : FX(load_some)(x, n); }
FX_INLINE void FX(store_first)(T *x, VEC v, ptrdiff_t n) {
  if (n >= FX_LANES) FX(store)(x, v);
  else FX(store_some)(x, v, n);
}

/// Turns a stretch of FX_LANES planes to vectors of so many channels, one for each place.
FX_INLINE void FX(turn_in)(stretch s, ptrdiff_t channels, const T *x, ptrdiff_t plane, T *out) {
  ptrdiff_t column = 0;
  for (ptrdiff_t p = 0; p < s.count; p += FX_LANES) {
    VEC square[FX_LANES];
    ptrdiff_t count = s.count - p;
    FX_UNROLL for (int i = 0; i < FX_LANES; i++) square[i] = i < channels ? FX(load_first)(x + i * plane + p, count) : (VEC){0};
    FX(transpose)(square);
    FX_UNROLL for (int i = 0; i < FX_LANES; i++)
      if (i < count) {
        FX(store)(out + column * FX_LANES, square[i]);
        if (++column == s.length) column = 0, out += s.pitch * FX_LANES;
      }
  }
}

/// Whether no number is NaN, which 0 times infinity is, too.
FX_INLINE int FX(is_zero)(VEC x) {
  T sum = 0;
  for (int l = 0; l < FX_LANES; l++) sum += x[l];
  return sum == 0;
}

/// What six or fewer vectors of one axis are transformed to.
typedef void FX(axis)(const VEC *, VEC *);

/// Both axes of a square: `from` by `from` vectors, (j, i) at x + j·row + i·step, to `to` by `to` of them at y + j·y_row + i·y_step, each with `start`
/// if there is one. Then it returns 0 for each lane whose numbers are finite, else NaN.
FX_INLINE VEC FX(both_axes)(FX(axis) *axis, int from, int to, const T *x, ptrdiff_t row, ptrdiff_t step, T *y, ptrdiff_t y_row,
                            ptrdiff_t y_step, const VEC *start) {
  VEC half[6][6], zero = {0};
  FX_UNROLL for (int i = 0; i < from; i++) {
    VEC d[6], points[6];
    FX_UNROLL for (int j = 0; j < from; j++) d[j] = FX(load)(x + j * row + i * step);
    axis(d, points);
    FX_UNROLL for (int j = 0; j < to; j++) half[j][i] = points[j];
  }
  FX_UNROLL for (int j = 0; j < to; j++) {
    VEC points[6];
    axis(half[j], points);
    FX_UNROLL for (int i = 0; i < to; i++) FX(store)(y + j * y_row + i * y_step, start ? points[i] + *start : points[i]);
    if (start) zero += 0 * ((points[0] + points[1]) + (points[2] + points[3]));
  }
  return zero;
}
