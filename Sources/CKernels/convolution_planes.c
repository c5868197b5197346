// Convolutions where every output sees one channel (depthwise ones): sums in registers over a padded copy of the plane.
//
// A block of the result is eight vectors, enough to hide the latency of an addition: of one or two rows, of four or of eight, as their length asks for.
// Each tap's number is taken once for the eight.
#ifndef FX_PASS
#define FX_FILE "convolution_planes.c"
#define FX_FLOATS
#define FX_VECTORS
#include "kernels.h"

// The taps that are added up one after the other; what they give is added up in double.
#define LONGEST 1024

#include "targets.h"

void fx_tile_plane(int dtype, const fx_tile *t, ptrdiff_t taps, const ptrdiff_t *offsets, const void *weight, const void *bias,
                   const void *copy, void *y) {
  FX_DISPATCH(dtype, plane, t, taps, offsets, weight, bias, copy, y);
}

void fx_tile_plane_weight(int dtype, const fx_tile *t, ptrdiff_t taps, const ptrdiff_t *offsets, const void *copy, const void *y,
                          double *sums) {
  FX_DISPATCH(dtype, plane_weight, t, taps, offsets, copy, y, sums);
}

#else

// MARK: The result

// R rows of V vectors to their places; `height` rows and `width` elements of them are there.
FX_INLINE void FX(put_block)(int R, int V, const VEC *sums, T *out, ptrdiff_t lead, ptrdiff_t height, ptrdiff_t width) {
  FX_UNROLL for (int r = 0; r < R; r++) FX_UNROLL for (int v = 0; v < V; v++) {
    ptrdiff_t count = width - v * FX_LANES;
    if (r >= height || count <= 0) continue;
    if (count >= FX_LANES) FX(store)(out + r * lead + v * FX_LANES, sums[r * V + v]);
    else FX(store_some)(out + r * lead + v * FX_LANES, sums[r * V + v], count);
  }
}

// Rows lie `row` apart in the copy.
FX_INLINE void FX(block)(int R, int V, ptrdiff_t taps, const ptrdiff_t *offsets, const T *weight, T bias, const T *in, ptrdiff_t row,
                         T *out, ptrdiff_t lead, ptrdiff_t height, ptrdiff_t width) {
  VEC sums[8];
  double totals[8 * FX_LANES];
  if (taps > LONGEST) memset(totals, 0, sizeof totals);
  FX_UNROLL for (int i = 0; i < R * V; i++) sums[i] = (VEC){0} + bias;
  for (ptrdiff_t k = 0; k < taps; k++) {
    if (k > 0 && k % LONGEST == 0)
      FX_UNROLL for (int i = 0; i < R * V; i++) {
        VEC s = sums[i];
        for (int l = 0; l < FX_LANES; l++) totals[i * FX_LANES + l] += (double)s[l];
        sums[i] = (VEC){0};
      }
    const T *from = in + offsets[k];
    FX_UNROLL for (int r = 0; r < R; r++) FX_UNROLL for (int v = 0; v < V; v++)
      sums[r * V + v] += weight[k] * FX(load)(from + (r < height ? r * row : 0) + v * FX_LANES);
  }
  if (taps > LONGEST)
    FX_UNROLL for (int i = 0; i < R * V; i++) {
      VEC s = sums[i];
      for (int l = 0; l < FX_LANES; l++) s[l] = (T)(totals[i * FX_LANES + l] + (double)s[l]);
      sums[i] = s;
    }
  FX(put_block)(R, V, sums, out, lead, height, width);
}

#if FX_BYTES == 64
// Windows of 3, 5 or 7 without gaps and with a stride of 1 or 2, to the same bits: most of a tap's vectors lie across two cache lines, so each
// whole vector of the copy, whose rows begin at such, is loaded once and shifted by permutes for all taps of a row.
#if FX_IS_F32
#define SEQUENCE(m) m, m + 1, m + 2, m + 3, m + 4, m + 5, m + 6, m + 7, m + 8, m + 9, m + 10, m + 11, m + 12, m + 13, m + 14, m + 15
#else
#define SEQUENCE(m) m, m + 1, m + 2, m + 3, m + 4, m + 5, m + 6, m + 7
#endif
// The vector that begins `m` elements behind the start of a, which b follows.
FX_INLINE VEC FX(shifted)(VEC a, VEC b, int m) {
  switch (m) {
    case 1: return __builtin_shufflevector(a, b, SEQUENCE(1));
    case 2: return __builtin_shufflevector(a, b, SEQUENCE(2));
    case 3: return __builtin_shufflevector(a, b, SEQUENCE(3));
    case 4: return __builtin_shufflevector(a, b, SEQUENCE(4));
    case 5: return __builtin_shufflevector(a, b, SEQUENCE(5));
    case 6: return __builtin_shufflevector(a, b, SEQUENCE(6));
    default: return a;
  }
}
#undef SEQUENCE

// Which window it is, as 2·taps + stride of a row; 0 if another.
FX_INLINE ptrdiff_t FX(shape)(const fx_tile *t) {
  const fx_window *w = &t->window;
  int fits = w->dilation[0] == 1 && w->dilation[1] == 1 && w->dilation[2] == 1 && w->stride[2] <= 2 && t->size[2] % FX_LANES == 0
      && w->window[0] * w->window[1] <= 128;
  return fits && w->window[2] % 2 == 1 && w->window[2] >= 3 && w->window[2] <= 7 ? 2 * w->window[2] + w->stride[2] : 0;
}

FX_INLINE void FX(shifting_block)(int R, int V, int K, int stride, const fx_tile *t, const T *weight, T bias, const T *in, ptrdiff_t row,
                                  T *out, ptrdiff_t lead, ptrdiff_t height, ptrdiff_t width) {
  ptrdiff_t phase = t->size[2], line = stride * phase, layer = t->size[1] * line;
  VEC sums[8];
  FX_UNROLL for (int i = 0; i < R * V; i++) sums[i] = (VEC){0} + bias;
  for (ptrdiff_t z = 0; z < t->window.window[0]; z++)
    for (ptrdiff_t v = 0; v < t->window.window[1]; v++, weight += K) {
      const T *from = in + z * layer + v * line;
      FX_UNROLL for (int r = 0; r < R; r++) {
        VEC x[2][9];
        const T *at = from + (r < height ? r * row : 0);
        FX_UNROLL for (int s = 0; s < stride; s++) FX_UNROLL for (int i = 0; i <= V; i++)
          x[s][i] = *(const VEC *)(at + s * phase + i * FX_LANES);
        FX_UNROLL for (int k = 0; k < K; k++) FX_UNROLL for (int i = 0; i < V; i++)
          sums[r * V + i] += weight[k] * FX(shifted)(x[k % stride][i], x[k % stride][i + 1], k / stride);
      }
    }
  FX(put_block)(R, V, sums, out, lead, height, width);
}
#endif

// A block by the way that suits the window: K taps in a row, 0 for any.
FX_INLINE void FX(any_block)(int R, int V, int K, int stride, const fx_tile *t, ptrdiff_t taps, const ptrdiff_t *offsets, const T *weight,
                             T bias, const T *in, ptrdiff_t row, T *out, ptrdiff_t lead, ptrdiff_t height, ptrdiff_t width) {
#if FX_BYTES == 64
  if (K > 0) return FX(shifting_block)(R, V, K, stride, t, weight, bias, in, row, out, lead, height, width);
#endif
  FX(block)(R, V, taps, offsets, weight, bias, in, row, out, lead, height, width);
}

FX_INLINE void FX(blocks)(int K, int stride, const fx_tile *t, ptrdiff_t taps, const ptrdiff_t *offsets, const T *weight, T bias,
                          const T *copy, T *y) {
  const fx_window *w = &t->window;
  ptrdiff_t line = t->size[2] * w->stride[2], row = w->stride[1] * line, height = t->count[1], lead = w->output[2];
  for (ptrdiff_t z = 0; z < t->count[0]; z++)
    for (ptrdiff_t x = 0, vectors; x < t->count[2]; x += vectors * FX_LANES) {
      const T *in = copy + z * w->stride[0] * t->size[1] * line + x;
      T *out = y + ((t->start[0] + z) * w->output[1] + t->start[1]) * lead + t->start[2] + x;
      ptrdiff_t width = t->count[2] - x;
      vectors = height <= 2 && width > 2 * FX_LANES ? 8 : width > FX_LANES ? 2 : 1;
      for (ptrdiff_t i = 0; i < height; i += 8 / vectors) {
        const T *from = in + i * row;
        T *to = out + i * lead;
        if (vectors == 8) FX(any_block)(1, 8, K, stride, t, taps, offsets, weight, bias, from, row, to, lead, 1, width);
        else if (vectors == 2) FX(any_block)(4, 2, K, stride, t, taps, offsets, weight, bias, from, row, to, lead, height - i, width);
        else FX(any_block)(8, 1, K, stride, t, taps, offsets, weight, bias, from, row, to, lead, height - i, width);
      }
    }
}

static void FX(plane)(const fx_tile *t, ptrdiff_t taps, const ptrdiff_t *offsets, const T *weight, const T *bias, const T *copy, T *y) {
  T first = bias ? *bias : 0;
#if FX_BYTES == 64
  switch (FX(shape)(t)) {
    case 2 * 3 + 1: return FX(blocks)(3, 1, t, taps, offsets, weight, first, copy, y);
    case 2 * 3 + 2: return FX(blocks)(3, 2, t, taps, offsets, weight, first, copy, y);
    case 2 * 5 + 1: return FX(blocks)(5, 1, t, taps, offsets, weight, first, copy, y);
    case 2 * 5 + 2: return FX(blocks)(5, 2, t, taps, offsets, weight, first, copy, y);
    case 2 * 7 + 1: return FX(blocks)(7, 1, t, taps, offsets, weight, first, copy, y);
    case 2 * 7 + 2: return FX(blocks)(7, 2, t, taps, offsets, weight, first, copy, y);
  }
#endif
  FX(blocks)(0, 0, t, taps, offsets, weight, first, copy, y);
}

// MARK: The weight

FX_INLINE double FX(double_total)(VEC x) {
  double lanes[FX_LANES];
  FX_UNROLL for (int l = 0; l < FX_LANES; l++) lanes[l] = (double)x[l];
  FX_UNROLL for (int half = FX_LANES / 2; half > 0; half /= 2)
    FX_UNROLL for (int l = 0; l < half; l++) lanes[l] += lanes[l + half];
  return lanes[0];
}

// The tile's rows: where they begin in the copy, and in y.
FX_INLINE const T *FX(seen_row)(const fx_tile *t, const T *copy, ptrdiff_t z, ptrdiff_t i) {
  const fx_window *w = &t->window;
  return copy + (z * w->stride[0] * t->size[1] + i * w->stride[1]) * w->stride[2] * t->size[2];
}

FX_INLINE const T *FX(made_row)(const fx_tile *t, const T *y, ptrdiff_t z, ptrdiff_t i) {
  const fx_window *w = &t->window;
  return y + ((t->start[0] + z) * w->output[1] + t->start[1] + i) * w->output[2] + t->start[2];
}

FX_INLINE VEC FX(load_row)(const T *row, ptrdiff_t n) { return n >= FX_LANES ? FX(load)(row) : FX(load_some)(row, n); }

// Up to eight taps at a time: their sums over the tile's places.
FX_INLINE void FX(weight_block)(int N, const fx_tile *t, const ptrdiff_t *offsets, const T *copy, const T *y, double *sums) {
  VEC total[8];
  FX_UNROLL for (int k = 0; k < N; k++) total[k] = (VEC){0};
  for (ptrdiff_t z = 0; z < t->count[0]; z++)
    for (ptrdiff_t i = 0; i < t->count[1]; i++) {
      const T *in = FX(seen_row)(t, copy, z, i), *dy = FX(made_row)(t, y, z, i);
      for (ptrdiff_t x = 0; x < t->count[2]; x += FX_LANES) {
        VEC d = FX(load_row)(dy + x, t->count[2] - x);
        FX_UNROLL for (int k = 0; k < N; k++) total[k] += d * FX(load)(in + offsets[k] + x);
      }
    }
  FX_UNROLL for (int k = 0; k < N; k++) sums[k] += FX(double_total)(total[k]);
}

#if FX_BYTES == 64
// The same for N rows of K taps.
FX_INLINE void FX(shifting_weight_block)(int N, int K, int stride, const fx_tile *t, const T *copy, const T *y, double *sums) {
  ptrdiff_t phase = t->size[2], line = stride * phase;
  VEC total[3][7];
  FX_UNROLL for (int n = 0; n < N; n++) FX_UNROLL for (int k = 0; k < K; k++) total[n][k] = (VEC){0};
  for (ptrdiff_t z = 0; z < t->count[0]; z++)
    for (ptrdiff_t i = 0; i < t->count[1]; i++) {
      const T *in = FX(seen_row)(t, copy, z, i), *dy = FX(made_row)(t, y, z, i);
      for (ptrdiff_t x = 0; x < t->count[2]; x += FX_LANES) {
        VEC d = FX(load_row)(dy + x, t->count[2] - x);
        FX_UNROLL for (int n = 0; n < N; n++) FX_UNROLL for (int s = 0; s < stride; s++) {
          const T *from = in + n * line + s * phase + x;
          VEC a = *(const VEC *)from, b = *(const VEC *)(from + FX_LANES);
          FX_UNROLL for (int k = s; k < K; k += stride) total[n][k] += d * FX(shifted)(a, b, k / stride);
        }
      }
    }
  FX_UNROLL for (int n = 0; n < N; n++) FX_UNROLL for (int k = 0; k < K; k++) sums[n * K + k] += FX(double_total)(total[n][k]);
}

FX_INLINE void FX(shifting_weight)(int K, int stride, const fx_tile *t, const T *copy, const T *y, double *sums) {
  const fx_window *w = &t->window;
  ptrdiff_t line = stride * t->size[2];
  for (ptrdiff_t z = 0; z < w->window[0]; z++, copy += t->size[1] * line) {
    ptrdiff_t v = 0;
    // As many sums as leave registers for the tables of the permutes.
    if (K < 7 || stride > 1)
      for (; v + 3 <= w->window[1]; v += 3, sums += 3 * K) FX(shifting_weight_block)(3, K, stride, t, copy + v * line, y, sums);
    for (; v + 2 <= w->window[1]; v += 2, sums += 2 * K) FX(shifting_weight_block)(2, K, stride, t, copy + v * line, y, sums);
    for (; v < w->window[1]; v++, sums += K) FX(shifting_weight_block)(1, K, stride, t, copy + v * line, y, sums);
  }
}
#endif

static void FX(plane_weight)(const fx_tile *t, ptrdiff_t taps, const ptrdiff_t *offsets, const T *copy, const T *y, double *sums) {
#if FX_BYTES == 64
  switch (FX(shape)(t)) {
    case 2 * 3 + 1: return FX(shifting_weight)(3, 1, t, copy, y, sums);
    case 2 * 3 + 2: return FX(shifting_weight)(3, 2, t, copy, y, sums);
    case 2 * 5 + 1: return FX(shifting_weight)(5, 1, t, copy, y, sums);
    case 2 * 5 + 2: return FX(shifting_weight)(5, 2, t, copy, y, sums);
    case 2 * 7 + 1: return FX(shifting_weight)(7, 1, t, copy, y, sums);
    case 2 * 7 + 2: return FX(shifting_weight)(7, 2, t, copy, y, sums);
  }
#endif
  ptrdiff_t k = 0;
  for (; k + 8 <= taps; k += 8) FX(weight_block)(8, t, offsets + k, copy, y, sums + k);
  for (; k + 3 <= taps; k += 3) FX(weight_block)(3, t, offsets + k, copy, y, sums + k);
  for (; k < taps; k++) FX(weight_block)(1, t, offsets + k, copy, y, sums + k);
}

#endif
