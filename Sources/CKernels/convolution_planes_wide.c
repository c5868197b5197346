// Convolutions where every output sees one channel, for AVX-512 and windows of 3, 5 or 7 without gaps and a stride of 1 or 2: what
// convolution_planes.c does, to the same bits.
//
// There each tap loads its vector anew, and most of them lie across two cache lines. Here the rows of the copy begin at whole vectors, each of
// which is loaded once and shifted by permutes for all taps of a row.
#include "wide.h"

#if FX_WIDE
#include <immintrin.h>

#define UNROLL _Pragma("clang loop unroll(full)")

#define SEQUENCE_f32(m) m, m + 1, m + 2, m + 3, m + 4, m + 5, m + 6, m + 7, m + 8, m + 9, m + 10, m + 11, m + 12, m + 13, m + 14, m + 15
#define SEQUENCE_f64(m) m, m + 1, m + 2, m + 3, m + 4, m + 5, m + 6, m + 7
#define EVERY_SECOND_f32(m) m, m + 2, m + 4, m + 6, m + 8, m + 10, m + 12, m + 14, m + 16, m + 18, m + 20, m + 22, m + 24, m + 26, m + 28, m + 30
#define EVERY_SECOND_f64(m) m, m + 2, m + 4, m + 6, m + 8, m + 10, m + 12, m + 14

WIDE_INLINE f32_vector first_f32(ptrdiff_t n, const float *x) { return (f32_vector)_mm512_maskz_loadu_ps((__mmask16)((1u << n) - 1), x); }
WIDE_INLINE f64_vector first_f64(ptrdiff_t n, const double *x) { return (f64_vector)_mm512_maskz_loadu_pd((__mmask8)((1u << n) - 1), x); }
WIDE_INLINE void put_f32(ptrdiff_t n, f32_vector v, float *y) { _mm512_mask_storeu_ps(y, (__mmask16)((1u << n) - 1), (__m512)v); }
WIDE_INLINE void put_f64(ptrdiff_t n, f64_vector v, double *y) { _mm512_mask_storeu_pd(y, (__mmask8)((1u << n) - 1), (__m512d)v); }

WIDE_INLINE double total_f64(f64_vector v) { return _mm512_reduce_add_pd((__m512d)v); }
WIDE_INLINE double total_f32(f32_vector v) {
  __m512 x = (__m512)v;
  return total_f64((f64_vector)(_mm512_cvtps_pd(_mm512_castps512_ps256(x)) + _mm512_cvtps_pd(_mm512_extractf32x8_ps(x, 1))));
}

#define PLANES(S, T)                                                                                          \
  /* The vector that begins `m` elements behind the start of a, which b follows. */                           \
  WIDE_INLINE S##_vector shifted_##S(S##_vector a, S##_vector b, int m) {                                     \
    switch (m) {                                                                                              \
      case 1: return __builtin_shufflevector(a, b, SEQUENCE_##S(1));                                          \
      case 2: return __builtin_shufflevector(a, b, SEQUENCE_##S(2));                                          \
      case 3: return __builtin_shufflevector(a, b, SEQUENCE_##S(3));                                          \
      case 4: return __builtin_shufflevector(a, b, SEQUENCE_##S(4));                                          \
      case 5: return __builtin_shufflevector(a, b, SEQUENCE_##S(5));                                          \
      case 6: return __builtin_shufflevector(a, b, SEQUENCE_##S(6));                                          \
      default: return a;                                                                                      \
    }                                                                                                         \
  }                                                                                                           \
  WIDE_INLINE void pad_##S(int STRIDE, const fx_tile *t, const T *x, T *y) {                                  \
    const fx_window *w = &t->window;                                                                          \
    ptrdiff_t first = t->start[2] * STRIDE - w->before[2], phase = t->size[2], line = STRIDE * phase;         \
    /* What is seen of a row: from its element `from`, which lies at `to` of a phase that may be the second. */ \
    ptrdiff_t from = max_size(0, first), n = min_size(w->input[2], first + line) - from;                      \
    ptrdiff_t to = (from - first) / STRIDE, odd = (from - first) % STRIDE;                                    \
    ptrdiff_t top = t->start[1] * w->stride[1] - w->before[1], front = t->start[0] * w->stride[0] - w->before[0]; \
    for (ptrdiff_t z = max_size(0, -front); z < min_size(t->size[0], w->input[0] - front); z++)               \
      for (ptrdiff_t v = max_size(0, -top); v < min_size(t->size[1], w->input[1] - top); v++) {               \
        const T *in = x + ((front + z) * w->input[1] + top + v) * w->input[2] + from;                         \
        T *out = y + (z * t->size[1] + v) * line + to, *second = odd ? out + 1 : out + phase;                 \
        if (odd) out += phase;                                                                                \
        if (STRIDE == 1)                                                                                      \
          for (ptrdiff_t i = 0; i < n; i += S##_lanes) {                                                      \
            ptrdiff_t count = min_size(n - i, S##_lanes);                                                     \
            put_##S(count, first_##S(count, in + i), out + i);                                                \
          }                                                                                                   \
        else                                                                                                  \
          for (ptrdiff_t i = 0; i < n; i += 2 * S##_lanes, out += S##_lanes, second += S##_lanes) {           \
            if (i + 2 * S##_lanes <= n) {                                                                     \
              S##_vector a = *(const S##_loose *)(in + i), b = *(const S##_loose *)(in + i + S##_lanes);      \
              *(S##_loose *)out = __builtin_shufflevector(a, b, EVERY_SECOND_##S(0));                         \
              *(S##_loose *)second = __builtin_shufflevector(a, b, EVERY_SECOND_##S(1));                      \
              continue;                                                                                       \
            }                                                                                                 \
            ptrdiff_t count = min_size(n - i, 2 * S##_lanes);                                                 \
            S##_vector a = first_##S(min_size(count, S##_lanes), in + i);                                     \
            S##_vector b = first_##S(max_size(count - S##_lanes, 0), in + i + S##_lanes);                     \
            put_##S((count + 1) / 2, __builtin_shufflevector(a, b, EVERY_SECOND_##S(0)), out);                \
            put_##S(count / 2, __builtin_shufflevector(a, b, EVERY_SECOND_##S(1)), second);                   \
          }                                                                                                   \
      }                                                                                                       \
  }                                                                                                           \
  WIDE static void pad_##S##_1(const fx_tile *t, const T *x, T *y) { pad_##S(1, t, x, y); }                   \
  WIDE static void pad_##S##_2(const fx_tile *t, const T *x, T *y) { pad_##S(2, t, x, y); }                   \
  /* R rows of V vectors, summed up in registers; `height` rows and `width` elements of them are written. */  \
  WIDE_INLINE void block_##S(int R, int V, int K, int STRIDE, ptrdiff_t layers, ptrdiff_t layer, ptrdiff_t lines, ptrdiff_t line, ptrdiff_t phase, \
                             const T *weight, T bias, const T *in, T *out, ptrdiff_t lead, ptrdiff_t height, ptrdiff_t width, ptrdiff_t row) { \
    S##_vector sums[8];                                                                                       \
    UNROLL for (int i = 0; i < R * V; i++) sums[i] = (S##_vector){0} + bias;                                  \
    for (ptrdiff_t z = 0; z < layers; z++)                                                                    \
      for (ptrdiff_t v = 0; v < lines; v++, weight += K) {                                                    \
        const T *from = in + z * layer + v * line;                                                            \
        UNROLL for (int r = 0; r < R; r++) {                                                                  \
          S##_vector x[2][9];                                                                                 \
          const T *at = from + (r < height ? r * row : 0);                                                    \
          UNROLL for (int s = 0; s < STRIDE; s++) UNROLL for (int i = 0; i <= V; i++)                         \
            x[s][i] = *(const S##_vector *)(at + s * phase + i * S##_lanes);                                  \
          UNROLL for (int k = 0; k < K; k++) UNROLL for (int i = 0; i < V; i++)                               \
            sums[r * V + i] += weight[k] * shifted_##S(x[k % STRIDE][i], x[k % STRIDE][i + 1], k / STRIDE);   \
        }                                                                                                     \
      }                                                                                                       \
    UNROLL for (int r = 0; r < R; r++) UNROLL for (int i = 0; i < V; i++) {                                   \
      ptrdiff_t count = min_size(width - i * S##_lanes, S##_lanes);                                           \
      if (r < height && count > 0) put_##S(count, sums[r * V + i], out + r * lead + i * S##_lanes);           \
    }                                                                                                         \
  }                                                                                                           \
  WIDE_INLINE void plane_##S(int K, int STRIDE, const fx_tile *t, const T *weight, T bias, const T *copy, T *y) { \
    const fx_window *w = &t->window;                                                                          \
    ptrdiff_t phase = t->size[2], line = STRIDE * phase, layer = t->size[1] * line, row = w->stride[1] * line, lead = w->output[2]; \
    for (ptrdiff_t z = 0; z < t->count[0]; z++)                                                               \
      for (ptrdiff_t x = 0; x < t->count[2]; ) {                                                              \
        const T *in = copy + z * w->stride[0] * layer + x;                                                    \
        T *out = y + ((t->start[0] + z) * w->output[1] + t->start[1]) * lead + t->start[2] + x;               \
        ptrdiff_t width = t->count[2] - x, height = t->count[1];                                              \
        if (height <= 2) {                                                                                    \
          for (ptrdiff_t i = 0; i < height; i++)                                                              \
            block_##S(1, 8, K, STRIDE, w->window[0], layer, w->window[1], line, phase, weight, bias, in + i * row, out + i * lead, lead, \
                      1, width, row);                                                                         \
          x += 8 * S##_lanes;                                                                                 \
        } else if (width > S##_lanes) {                                                                       \
          for (ptrdiff_t i = 0; i < height; i += 4)                                                           \
            block_##S(4, 2, K, STRIDE, w->window[0], layer, w->window[1], line, phase, weight, bias, in + i * row, out + i * lead, lead, \
                      height - i, width, row);                                                                \
          x += 2 * S##_lanes;                                                                                 \
        } else {                                                                                              \
          for (ptrdiff_t i = 0; i < height; i += 8)                                                           \
            block_##S(8, 1, K, STRIDE, w->window[0], layer, w->window[1], line, phase, weight, bias, in + i * row, out + i * lead, lead, \
                      height - i, width, row);                                                                \
          x += S##_lanes;                                                                                     \
        }                                                                                                     \
      }                                                                                                       \
  }                                                                                                           \
  /* The sums over the tile's places for N rows of taps. */                                                   \
  WIDE_INLINE void weight_block_##S(int N, int K, int STRIDE, const fx_tile *t, const T *copy, const T *y, double *sums) { \
    const fx_window *w = &t->window;                                                                          \
    ptrdiff_t phase = t->size[2], line = STRIDE * phase, layer = t->size[1] * line, row = w->stride[1] * line; \
    S##_vector total[3][7];                                                                                   \
    UNROLL for (int n = 0; n < N; n++) UNROLL for (int k = 0; k < K; k++) total[n][k] = (S##_vector){0};      \
    for (ptrdiff_t z = 0; z < t->count[0]; z++)                                                               \
      for (ptrdiff_t i = 0; i < t->count[1]; i++) {                                                           \
        const T *in = copy + z * w->stride[0] * layer + i * row;                                              \
        const T *dy = y + ((t->start[0] + z) * w->output[1] + t->start[1] + i) * w->output[2] + t->start[2];  \
        for (ptrdiff_t x = 0; x < t->count[2]; x += S##_lanes) {                                              \
          S##_vector d = first_##S(min_size(S##_lanes, t->count[2] - x), dy + x);                             \
          UNROLL for (int n = 0; n < N; n++) UNROLL for (int s = 0; s < STRIDE; s++) {                        \
            const T *from = in + n * line + s * phase + x;                                                    \
            S##_vector a = *(const S##_vector *)from, b = *(const S##_vector *)(from + S##_lanes);            \
            UNROLL for (int k = s; k < K; k += STRIDE) total[n][k] += d * shifted_##S(a, b, k / STRIDE);      \
          }                                                                                                   \
        }                                                                                                     \
      }                                                                                                       \
    UNROLL for (int n = 0; n < N; n++) UNROLL for (int k = 0; k < K; k++) sums[n * K + k] += total_##S(total[n][k]); \
  }                                                                                                           \
  WIDE_INLINE void plane_weight_##S(int K, int STRIDE, const fx_tile *t, const T *copy, const T *y, double *sums) { \
    const fx_window *w = &t->window;                                                                          \
    ptrdiff_t line = STRIDE * t->size[2], v;                                                                  \
    for (ptrdiff_t z = 0; z < w->window[0]; z++, copy += t->size[1] * line) {                                 \
      /* As many sums as leave registers for the tables of the permutes. */                                   \
      v = 0;                                                                                                  \
      if (K < 7 || STRIDE > 1) for (; v + 3 <= w->window[1]; v += 3, sums += 3 * K) weight_block_##S(3, K, STRIDE, t, copy + v * line, y, sums); \
      for (; v + 2 <= w->window[1]; v += 2, sums += 2 * K) weight_block_##S(2, K, STRIDE, t, copy + v * line, y, sums); \
      for (; v < w->window[1]; v++, sums += K) weight_block_##S(1, K, STRIDE, t, copy + v * line, y, sums);   \
    }                                                                                                         \
  }                                                                                                           \
  INSTANCES(S, T, 3, 1) INSTANCES(S, T, 3, 2) INSTANCES(S, T, 5, 1) INSTANCES(S, T, 5, 2) INSTANCES(S, T, 7, 1) INSTANCES(S, T, 7, 2)
#define INSTANCES(S, T, K, STRIDE)                                                                            \
  WIDE static void plane_##S##_##K##_##STRIDE(const fx_tile *t, const T *weight, T bias, const T *copy, T *y) { \
    plane_##S(K, STRIDE, t, weight, bias, copy, y);                                                           \
  }                                                                                                           \
  WIDE static void plane_weight_##S##_##K##_##STRIDE(const fx_tile *t, const T *copy, const T *y, double *sums) { \
    plane_weight_##S(K, STRIDE, t, copy, y, sums);                                                            \
  }
PLANES(f32, float)
PLANES(f64, double)

#define CHOOSE(S, T)                                                                                          \
  switch (t->window.window[2] * 2 + t->window.stride[2]) {                                                    \
    case 3 * 2 + 1: CALL(S, T, 3, 1); return 1;                                                               \
    case 3 * 2 + 2: CALL(S, T, 3, 2); return 1;                                                               \
    case 5 * 2 + 1: CALL(S, T, 5, 1); return 1;                                                               \
    case 5 * 2 + 2: CALL(S, T, 5, 2); return 1;                                                               \
    case 7 * 2 + 1: CALL(S, T, 7, 1); return 1;                                                               \
    case 7 * 2 + 2: CALL(S, T, 7, 2); return 1;                                                               \
    default: return 0;                                                                                        \
  }

static int fits(const fx_tile *t, int dtype) {
  const fx_window *w = &t->window;
  ptrdiff_t lanes = dtype == FX_F32 ? f32_lanes : f64_lanes;
  return w->dilation[0] == 1 && w->dilation[1] == 1 && w->dilation[2] == 1 && w->stride[2] <= 2 && t->size[2] % lanes == 0
      && w->window[0] * w->window[1] <= 128 && __builtin_cpu_supports("x86-64-v4");
}

int fx_plane_pad_wide(int dtype, const fx_tile *t, const void *x, void *y) {
  if (t->window.stride[2] > 2 || !__builtin_cpu_supports("x86-64-v4")) return 0;
  if (dtype == FX_F32) (t->window.stride[2] == 1 ? pad_f32_1 : pad_f32_2)(t, x, y);
  else (t->window.stride[2] == 1 ? pad_f64_1 : pad_f64_2)(t, x, y);
  return 1;
}

int fx_plane_wide(int dtype, const fx_tile *t, const void *weight, const void *bias, const void *copy, void *y) {
  if (!fits(t, dtype)) return 0;
#define CALL(S, T, K, STRIDE) plane_##S##_##K##_##STRIDE(t, weight, bias ? *(const T *)bias : 0, copy, y)
  if (dtype == FX_F32) { CHOOSE(f32, float) } else { CHOOSE(f64, double) }
#undef CALL
}

int fx_plane_weight_wide(int dtype, const fx_tile *t, const void *copy, const void *y, double *sums) {
  if (!fits(t, dtype)) return 0;
#define CALL(S, T, K, STRIDE) plane_weight_##S##_##K##_##STRIDE(t, copy, y, sums)
  if (dtype == FX_F32) { CHOOSE(f32, float) } else { CHOOSE(f64, double) }
#undef CALL
}
#else
int fx_plane_pad_wide(int dtype, const fx_tile *t, const void *x, void *y) { return 0; }
int fx_plane_wide(int dtype, const fx_tile *t, const void *weight, const void *bias, const void *copy, void *y) { return 0; }
int fx_plane_weight_wide(int dtype, const fx_tile *t, const void *copy, const void *y, double *sums) { return 0; }
#endif
