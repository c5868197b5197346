// Convolutions where every output sees one channel (depthwise ones): sums in registers over a padded copy of the plane.
//
// A block of the result is eight vectors, enough to hide the latency of an addition: of two rows, of four or of eight, as their length asks for.
// Each tap's number is taken once for the eight.
#include "kernels.h"

typedef float f32_vector __attribute__((vector_size(64)));
typedef double f64_vector __attribute__((vector_size(64)));

#define UNROLL _Pragma("clang loop unroll(full)")

// The taps that are added up one after the other; what they give is added up in double.
#define LONGEST 1024

// Elements with an even number among those of two vectors.
#define EVEN_f32(a, b) __builtin_shufflevector(a, b, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30)
#define EVEN_f64(a, b) __builtin_shufflevector(a, b, 0, 2, 4, 6, 8, 10, 12, 14)

#define PLANES(S, T)                                                                                          \
  enum { LANES_##S = 64 / sizeof(T) };                                                                        \
  /* out[i] = in[i·stride], i < n; up to `end` there is something to read. */                                 \
  FX_INLINE void take_##S(ptrdiff_t n, const T *in, ptrdiff_t stride, const T *end, T *out) {                 \
    ptrdiff_t i = 0;                                                                                          \
    S##_vector a, b;                                                                                          \
    if (stride == 1) {                                                                                        \
      for (; i + LANES_##S <= n; i += LANES_##S) memcpy(&a, in + i, sizeof a), memcpy(out + i, &a, sizeof a); \
      if (i > 0 && i < n) memcpy(&a, in + n - LANES_##S, sizeof a), memcpy(out + n - LANES_##S, &a, sizeof a); \
      else for (; i < n; i++) out[i] = in[i];                                                                 \
    } else if (stride == 2) {                                                                                 \
      for (; i + LANES_##S <= n && in + 2 * (i + LANES_##S) <= end; i += LANES_##S) {                         \
        memcpy(&a, in + 2 * i, sizeof a), memcpy(&b, in + 2 * i + LANES_##S, sizeof b);                       \
        a = EVEN_##S(a, b);                                                                                   \
        memcpy(out + i, &a, sizeof a);                                                                        \
      }                                                                                                       \
      for (; i < n; i++) out[i] = in[2 * i];                                                                  \
    } else for (; i < n; i++) out[i] = in[i * stride];                                                        \
  }                                                                                                           \
  /* As fx_tile_pad does, for one plane: many are small, and what is the same for all rows is reckoned once. */ \
  FX_CLONES static void pad_plane_##S(const fx_tile *t, const T *x, T *y) {                                   \
    const fx_window *w = &t->window;                                                                          \
    ptrdiff_t stride = w->stride[2], n = w->input[2], phase = t->size[2], first = t->start[2] * stride - w->before[2]; \
    const T *end = x + w->input[0] * w->input[1] * n;                                                         \
    ptrdiff_t top = t->start[1] * w->stride[1] - w->before[1], front = t->start[0] * w->stride[0] - w->before[0]; \
    for (ptrdiff_t s = 0; s < stride; s++) {                                                                  \
      /* Elements i of the phase lie at i·stride + s, inside from ..< to. */                                  \
      ptrdiff_t offset = s + first, from = min_size(phase, offset >= 0 ? 0 : (stride - 1 - offset) / stride); \
      ptrdiff_t to = max_size(from, min_size(phase, offset >= n ? 0 : (n - offset + stride - 1) / stride));   \
      for (ptrdiff_t z = max_size(0, -front); z < min_size(t->size[0], w->input[0] - front); z++)             \
        for (ptrdiff_t v = max_size(0, -top); v < min_size(t->size[1], w->input[1] - top); v++)               \
          take_##S(to - from, x + ((front + z) * w->input[1] + top + v) * n + first + from * stride + s, stride, end, \
                   y + ((z * t->size[1] + v) * stride + s) * phase + from);                                   \
    }                                                                                                         \
  }                                                                                                           \
  /* R rows, `row` apart in the copy, of V vectors; `height` rows and `width` elements of them are written. */ \
  FX_INLINE void block_##S(int R, int V, ptrdiff_t taps, const ptrdiff_t *offsets, const T *weight, T bias, const T *in, ptrdiff_t row, \
                           T *out, ptrdiff_t lead, ptrdiff_t height, ptrdiff_t width) {                       \
    S##_vector sums[8];                                                                                       \
    double totals[8 * LANES_##S];                                                                             \
    if (taps > LONGEST) memset(totals, 0, sizeof totals);                                                     \
    UNROLL for (int i = 0; i < R * V; i++) sums[i] = (S##_vector){0} + bias;                                  \
    for (ptrdiff_t k = 0; k < taps; k++) {                                                                    \
      if (k > 0 && k % LONGEST == 0) {                                                                        \
        UNROLL for (int i = 0; i < R * V; i++) {                                                              \
          for (int l = 0; l < LANES_##S; l++) totals[i * LANES_##S + l] += (double)sums[i][l];                \
          sums[i] = (S##_vector){0};                                                                          \
        }                                                                                                     \
      }                                                                                                       \
      const T *from = in + offsets[k];                                                                        \
      UNROLL for (int r = 0; r < R; r++) UNROLL for (int v = 0; v < V; v++) {                                 \
        S##_vector x;                                                                                         \
        memcpy(&x, from + (r < height ? r * row : 0) + v * LANES_##S, sizeof x);                              \
        sums[r * V + v] += weight[k] * x;                                                                     \
      }                                                                                                       \
    }                                                                                                         \
    if (taps > LONGEST)                                                                                       \
      UNROLL for (int i = 0; i < R * V; i++)                                                                  \
        for (int l = 0; l < LANES_##S; l++) sums[i][l] = (T)(totals[i * LANES_##S + l] + (double)sums[i][l]); \
    UNROLL for (int r = 0; r < R; r++) UNROLL for (int v = 0; v < V; v++) {                                   \
      ptrdiff_t count = width - v * LANES_##S;                                                                \
      T *to = out + r * lead + v * LANES_##S;                                                                 \
      if (r >= height || count <= 0) continue;                                                                \
      if (count >= LANES_##S) memcpy(to, &sums[r * V + v], sizeof sums[0]);                                   \
      else memcpy(to, &sums[r * V + v], (size_t)count * sizeof(T));                                           \
    }                                                                                                         \
  }                                                                                                           \
  FX_CLONES static void plane_##S(const fx_tile *t, ptrdiff_t taps, const ptrdiff_t *offsets, const T *weight, T bias, const T *copy, T *y) { \
    const fx_window *w = &t->window;                                                                          \
    ptrdiff_t length = t->size[2] * w->stride[2], row = w->stride[1] * length, width = t->count[2], lead = w->output[2]; \
    for (ptrdiff_t z = 0; z < t->count[0]; z++) {                                                             \
      const T *in = copy + z * w->stride[0] * t->size[1] * length;                                            \
      T *out = y + ((t->start[0] + z) * w->output[1] + t->start[1]) * lead + t->start[2];                     \
      ptrdiff_t rows = width <= LANES_##S ? 8 : width <= 2 * LANES_##S ? 4 : 2;                               \
      for (ptrdiff_t i = 0; i < t->count[1]; i += rows) {                                                     \
        const T *from = in + i * row;                                                                         \
        T *to = out + i * lead;                                                                               \
        ptrdiff_t height = min_size(rows, t->count[1] - i);                                                   \
        if (rows == 8) block_##S(8, 1, taps, offsets, weight, bias, from, row, to, lead, height, width);      \
        else if (rows == 4) block_##S(4, 2, taps, offsets, weight, bias, from, row, to, lead, height, width); \
        else                                                                                                  \
          for (ptrdiff_t x = 0; x < width; x += 4 * LANES_##S)                                                \
            block_##S(2, 4, taps, offsets, weight, bias, from + x, row, to + x, lead, height, width - x);     \
      }                                                                                                       \
    }                                                                                                         \
  }                                                                                                           \
  /* Up to eight taps at a time: their sums over the tile's rows, of which `dy` has whole vectors, zeros behind each row's end. */ \
  FX_INLINE void weight_block_##S(int N, const fx_tile *t, const ptrdiff_t *offsets, const T *copy, const T *dy, ptrdiff_t wide, double *sums) { \
    const fx_window *w = &t->window;                                                                          \
    ptrdiff_t length = t->size[2] * w->stride[2], row = w->stride[1] * length;                                \
    S##_vector total[8];                                                                                      \
    UNROLL for (int k = 0; k < N; k++) total[k] = (S##_vector){0};                                            \
    for (ptrdiff_t z = 0; z < t->count[0]; z++)                                                               \
      for (ptrdiff_t i = 0; i < t->count[1]; i++, dy += wide) {                                               \
        const T *in = copy + z * w->stride[0] * t->size[1] * length + i * row;                                \
        for (ptrdiff_t x = 0; x < wide; x += LANES_##S) {                                                     \
          S##_vector d, v;                                                                                    \
          memcpy(&d, dy + x, sizeof d);                                                                       \
          UNROLL for (int k = 0; k < N; k++) {                                                                \
            memcpy(&v, in + offsets[k] + x, sizeof v);                                                        \
            total[k] += d * v;                                                                                \
          }                                                                                                   \
        }                                                                                                     \
      }                                                                                                       \
    UNROLL for (int k = 0; k < N; k++)                                                                        \
      for (int l = 0; l < LANES_##S; l++) sums[k] += (double)total[k][l];                                     \
  }                                                                                                           \
  FX_CLONES static void plane_weight_##S(const fx_tile *t, ptrdiff_t taps, const ptrdiff_t *offsets, const T *copy, const T *y, T *rows, \
                                         double *sums) {                                                      \
    const fx_window *w = &t->window;                                                                          \
    ptrdiff_t wide = (t->count[2] + LANES_##S - 1) / LANES_##S * LANES_##S;                                   \
    T *to = rows;                                                                                             \
    for (ptrdiff_t z = 0; z < t->count[0]; z++)                                                               \
      for (ptrdiff_t i = 0; i < t->count[1]; i++, to += wide) {                                               \
        const T *from = y + ((t->start[0] + z) * w->output[1] + t->start[1] + i) * w->output[2] + t->start[2]; \
        for (ptrdiff_t x = 0; x < t->count[2]; x++) to[x] = from[x];                                          \
        for (ptrdiff_t x = t->count[2]; x < wide; x++) to[x] = 0;                                             \
      }                                                                                                       \
    ptrdiff_t k = 0;                                                                                          \
    for (; k + 8 <= taps; k += 8) weight_block_##S(8, t, offsets + k, copy, rows, wide, sums + k);            \
    for (; k + 3 <= taps; k += 3) weight_block_##S(3, t, offsets + k, copy, rows, wide, sums + k);            \
    for (; k < taps; k++) weight_block_##S(1, t, offsets + k, copy, rows, wide, sums + k);                    \
  }
PLANES(f32, float)
PLANES(f64, double)

void fx_tile_pad_plane(int dtype, const fx_tile *t, int is_clear, const void *x, void *y) {
  size_t count = (size_t)(t->size[0] * t->size[1] * t->window.stride[2] * t->size[2]);
  if (!is_clear) memset(y, 0, count * (dtype == FX_F32 ? sizeof(float) : sizeof(double)));
  if (fx_plane_pad_wide(dtype, t, x, y)) return;
  if (dtype == FX_F32) pad_plane_f32(t, x, y);
  if (dtype == FX_F64) pad_plane_f64(t, x, y);
}
void fx_tile_plane(int dtype, const fx_tile *t, ptrdiff_t taps, const ptrdiff_t *offsets, const void *weight, const void *bias, const void *copy,
                   void *y) {
  if (fx_plane_wide(dtype, t, weight, bias, copy, y)) return;
  if (dtype == FX_F32) plane_f32(t, taps, offsets, weight, bias ? *(const float *)bias : 0, copy, y);
  if (dtype == FX_F64) plane_f64(t, taps, offsets, weight, bias ? *(const double *)bias : 0, copy, y);
}
void fx_tile_plane_weight(int dtype, const fx_tile *t, ptrdiff_t taps, const ptrdiff_t *offsets, const void *copy, const void *y, void *rows,
                          double *sums) {
  if (fx_plane_weight_wide(dtype, t, copy, y, sums)) return;
  if (dtype == FX_F32) plane_weight_f32(t, taps, offsets, copy, y, rows, sums);
  if (dtype == FX_F64) plane_weight_f64(t, taps, offsets, copy, y, rows, sums);
}
