// Convolutions as products of a small matrix held in registers with rows of an image: no columns are written out.
//
// The image's stretch that a tile of places sees is copied once, with its padding. Then each tap of the window is a row of it, shifted:
// the sum over taps and channels is a matrix product whose second operand overlaps itself, and stays in the first-level cache.
//
// A block of the result, `rows` by two vectors, is summed up in registers. Where there are 32 of 16 floats (AVX-512) it is larger than
// where there are 16 of 8: both are compiled, and the processor chooses.
#include "kernels.h"

#if defined(__x86_64__)
#define HAS_WIDE __builtin_cpu_supports("avx512f")
#else
#define HAS_WIDE 0
#endif
#define WIDE_ROWS 8
#define NARROW_ROWS 6

void fx_tile_shape(int dtype, ptrdiff_t *rows, ptrdiff_t *lanes) {
  *rows = HAS_WIDE ? WIDE_ROWS : NARROW_ROWS;
  *lanes = (HAS_WIDE ? 64 : 32) / (dtype == FX_F32 ? 4 : 8);
}

// MARK: Operands

#define PAD(S, T)                                                                                             \
  FX_CLONES static void pad_##S(const fx_tile *t, ptrdiff_t channels, const T *x, T *y) {                     \
    const fx_window *w = &t->window;                                                                          \
    ptrdiff_t stride = w->stride[2], n = w->input[2], phase = t->size[2];                                     \
    ptrdiff_t first = t->start[2] * stride - w->before[2];                                                    \
    for (ptrdiff_t c = 0; c < channels; c++, x += w->input[0] * w->input[1] * n)                              \
      for (ptrdiff_t z = 0; z < t->size[0]; z++)                                                              \
        for (ptrdiff_t v = 0; v < t->size[1]; v++) {                                                          \
          T *restrict out = y + c * t->plane + (z * t->size[1] + v) * stride * phase;                         \
          ptrdiff_t iz = t->start[0] * w->stride[0] - w->before[0] + z, iy = t->start[1] * w->stride[1] - w->before[1] + v; \
          if (iz < 0 || iz >= w->input[0] || iy < 0 || iy >= w->input[1]) {                                   \
            memset(out, 0, (size_t)(stride * phase) * sizeof(T));                                             \
            continue;                                                                                         \
          }                                                                                                   \
          const T *in = x + (iz * w->input[1] + iy) * n + first;                                              \
          for (ptrdiff_t s = 0; s < stride; s++, out += phase) {                                              \
            /* Elements i of the phase lie at i·stride + s, inside from ..< to. */                            \
            ptrdiff_t offset = s + first;                                                                     \
            ptrdiff_t from = min_size(phase, offset >= 0 ? 0 : (stride - 1 - offset) / stride);               \
            ptrdiff_t to = max_size(from, min_size(phase, offset >= n ? 0 : (n - offset + stride - 1) / stride)); \
            for (ptrdiff_t i = 0; i < from; i++) out[i] = 0;                                                  \
            if (stride == 1) for (ptrdiff_t i = from; i < to; i++) out[i] = in[i];                            \
            else if (stride == 2) for (ptrdiff_t i = from; i < to; i++) out[i] = in[2 * i + s];               \
            else for (ptrdiff_t i = from; i < to; i++) out[i] = in[i * stride + s];                           \
            for (ptrdiff_t i = to; i < phase; i++) out[i] = 0;                                                \
          }                                                                                                   \
        }                                                                                                     \
  }                                                                                                           \
  static void pack_##S(ptrdiff_t rows, ptrdiff_t channels, ptrdiff_t taps, ptrdiff_t row_step, ptrdiff_t channel_step, int reversed, \
                       const T *x, T *y) {                                                                    \
    ptrdiff_t height, lanes;                                                                                  \
    fx_tile_shape(sizeof(T) == 4 ? FX_F32 : FX_F64, &height, &lanes);                                         \
    for (ptrdiff_t from = 0; from < rows; from += height)                                                     \
      for (ptrdiff_t c = 0; c < channels; c++)                                                                \
        for (ptrdiff_t k = 0; k < taps; k++)                                                                  \
          for (ptrdiff_t r = from; r < from + height; r++)                                                    \
            *y++ = r < rows ? x[r * row_step + c * channel_step + (reversed ? taps - 1 - k : k)] : 0;         \
  }
PAD(f32, float)
PAD(f64, double)

void fx_tile_pad(int dtype, const fx_tile *t, ptrdiff_t channels, const void *x, void *y) {
  if (dtype == FX_F32) pad_f32(t, channels, x, y);
  if (dtype == FX_F64) pad_f64(t, channels, x, y);
}
void fx_tile_pack(int dtype, ptrdiff_t rows, ptrdiff_t channels, ptrdiff_t taps, ptrdiff_t row_step, ptrdiff_t channel_step, int reversed,
                  const void *x, void *y) {
  if (dtype == FX_F32) pack_f32(rows, channels, taps, row_step, channel_step, reversed, x, y);
  if (dtype == FX_F64) pack_f64(rows, channels, taps, row_step, channel_step, reversed, x, y);
}

// MARK: The result

// A long sum is one of shorter ones, whose roundings are of smaller numbers.
#define STRETCH 64
// So many terms are added up in the elements' own precision, what they give in double.
#define LONGEST (256 * STRETCH)

// `count` rows of two vectors: sums over k of a[k, row] times the vectors at b + offsets[k].
#define PRODUCT(NAME, T, LANES, ROWS)                                                                         \
  typedef T vector_##NAME __attribute__((vector_size(LANES * sizeof(T)), aligned(sizeof(T))));                \
  FX_INLINE void store_##NAME(ptrdiff_t lanes, const T *values, T *y) {                                       \
    if (lanes == LANES) memcpy(y, values, LANES * sizeof(T));                                                 \
    else for (ptrdiff_t i = 0; i < lanes; i++) y[i] = values[i];                                              \
  }                                                                                                           \
  FX_INLINE void block_##NAME(ptrdiff_t count, ptrdiff_t depth, const T *a, const T *b0, const T *b1, const ptrdiff_t *offsets, \
                              const T *bias, T *y0, ptrdiff_t n0, T *y1, ptrdiff_t n1, ptrdiff_t lead) {      \
    vector_##NAME totals[ROWS][2];                                                                            \
    _Pragma("clang loop unroll(full)") for (int r = 0; r < ROWS; r++) {                                       \
      T first = bias && r < count ? bias[r] : 0;                                                              \
      totals[r][0] = totals[r][1] = (vector_##NAME){0} + first;                                               \
    }                                                                                                         \
    double far[ROWS][2][LANES];                                                                               \
    if (depth > LONGEST) memset(far, 0, sizeof far);                                                          \
    for (ptrdiff_t start = 0; start < depth; start += STRETCH) {                                              \
      if (start > 0 && start % LONGEST == 0) {                                                                \
        _Pragma("clang loop unroll(full)") for (int r = 0; r < ROWS; r++)                                     \
          _Pragma("clang loop unroll(full)") for (int v = 0; v < 2; v++) {                                    \
            vector_##NAME total = totals[r][v];                                                               \
            for (int l = 0; l < LANES; l++) far[r][v][l] += (double)total[l];                                 \
            totals[r][v] = (vector_##NAME){0};                                                                \
          }                                                                                                   \
      }                                                                                                       \
      vector_##NAME sums[ROWS][2];                                                                            \
      _Pragma("clang loop unroll(full)") for (int r = 0; r < ROWS; r++) sums[r][0] = sums[r][1] = (vector_##NAME){0}; \
      for (ptrdiff_t k = start, end = min_size(depth, start + STRETCH); k < end; k++, a += ROWS) {            \
        vector_##NAME x0 = *(const vector_##NAME *)(b0 + offsets[k]), x1 = *(const vector_##NAME *)(b1 + offsets[k]); \
        _Pragma("clang loop unroll(full)") for (int r = 0; r < ROWS; r++) {                                   \
          sums[r][0] += a[r] * x0;                                                                            \
          sums[r][1] += a[r] * x1;                                                                            \
        }                                                                                                     \
      }                                                                                                       \
      _Pragma("clang loop unroll(full)") for (int r = 0; r < ROWS; r++) {                                     \
        totals[r][0] += sums[r][0];                                                                           \
        totals[r][1] += sums[r][1];                                                                           \
      }                                                                                                       \
    }                                                                                                         \
    _Pragma("clang loop unroll(full)") for (int r = 0; r < ROWS; r++)                                         \
      if (r < count) {                                                                                        \
        /* Copies, so that the totals themselves have no address and stay in registers. */                    \
        vector_##NAME first = totals[r][0], second = totals[r][1];                                            \
        if (depth > LONGEST)                                                                                  \
          for (int l = 0; l < LANES; l++) {                                                                   \
            first[l] = (T)(far[r][0][l] + (double)first[l]);                                                  \
            second[l] = (T)(far[r][1][l] + (double)second[l]);                                                \
          }                                                                                                   \
        store_##NAME(n0, (const T *)&first, y0 + r * lead);                                                   \
        store_##NAME(n1, (const T *)&second, y1 + r * lead);                                                  \
      }                                                                                                       \
  }                                                                                                           \
  FX_CLONES static void product_##NAME(ptrdiff_t rows, ptrdiff_t depth, const T *a, const ptrdiff_t *offsets, ptrdiff_t count, \
                                       const fx_run *runs, const T *b, const T *bias, T *y, ptrdiff_t lead) { \
    /* As many rows of a at a time as stay in half a second-level cache. */                                   \
    ptrdiff_t most = max_size(1, (384 << 10) / (ROWS * depth * (ptrdiff_t)sizeof(T) + 1)) * ROWS;             \
    for (ptrdiff_t top = 0; top < rows; top += most)                                                          \
      for (ptrdiff_t v = 0; v < count; v += 2) {                                                              \
        fx_run one = runs[v], two = v + 1 < count ? runs[v + 1] : (fx_run){one.from, one.to, 0};              \
        for (ptrdiff_t r = top; r < rows && r < top + most; r += ROWS)                                        \
          block_##NAME(min_size(ROWS, rows - r), depth, a + r * depth, b + one.from, b + two.from, offsets, bias ? bias + r : bias, \
                       y + r * lead + one.to, one.count, y + r * lead + two.to, two.count, lead);             \
      }                                                                                                       \
  }
PRODUCT(wide_f32, float, 16, WIDE_ROWS)
PRODUCT(wide_f64, double, 8, WIDE_ROWS)
PRODUCT(narrow_f32, float, 8, NARROW_ROWS)
PRODUCT(narrow_f64, double, 4, NARROW_ROWS)

void fx_tile_product(int dtype, ptrdiff_t rows, ptrdiff_t depth, const void *a, const ptrdiff_t *offsets, ptrdiff_t count, const fx_run *runs,
                     const void *b, const void *bias, void *y, ptrdiff_t lead) {
  int wide = HAS_WIDE;
  if (dtype == FX_F32 && wide) product_wide_f32(rows, depth, a, offsets, count, runs, b, bias, y, lead);
  else if (dtype == FX_F32) product_narrow_f32(rows, depth, a, offsets, count, runs, b, bias, y, lead);
  else if (dtype == FX_F64 && wide) product_wide_f64(rows, depth, a, offsets, count, runs, b, bias, y, lead);
  else if (dtype == FX_F64) product_narrow_f64(rows, depth, a, offsets, count, runs, b, bias, y, lead);
}

// MARK: The weight

// ROWS taps by VECTORS vectors of outputs: sums over the places of a run of b[place + offset of the tap] times dy's outputs there.
#define WEIGHT(NAME, T, LANES, ROWS, VECTORS)                                                                 \
  FX_INLINE void weight_block_##NAME##VECTORS(ptrdiff_t count, const ptrdiff_t *offsets, ptrdiff_t run_count, const fx_run *runs, \
                                              const T *b, const T *dy, ptrdiff_t lead, T *sums_out) {         \
    vector_##NAME sums[ROWS][VECTORS];                                                                        \
    ptrdiff_t summed = 0;                                                                                     \
    const T *taps[ROWS];                                                                                      \
    _Pragma("clang loop unroll(full)") for (int r = 0; r < ROWS; r++) {                                       \
      /* Rows beyond the last one repeat it, for nothing. */                                                  \
      taps[r] = b + offsets[r < count ? r : count - 1];                                                       \
      _Pragma("clang loop unroll(full)") for (int v = 0; v < VECTORS; v++) sums[r][v] = (vector_##NAME){0};   \
    }                                                                                                         \
    for (ptrdiff_t i = 0; i < run_count; i++) {                                                               \
      const T *values = dy + runs[i].to * lead;                                                               \
      for (ptrdiff_t p = runs[i].from; p < runs[i].from + runs[i].count; p++, values += lead) {               \
        vector_##NAME d[VECTORS];                                                                             \
        _Pragma("clang loop unroll(full)") for (int v = 0; v < VECTORS; v++) d[v] = *(const vector_##NAME *)(values + v * LANES); \
        _Pragma("clang loop unroll(full)") for (int r = 0; r < ROWS; r++)                                     \
          _Pragma("clang loop unroll(full)") for (int v = 0; v < VECTORS; v++) sums[r][v] += taps[r][p] * d[v]; \
      }                                                                                                       \
      summed += runs[i].count;                                                                                \
      if (summed < STRETCH && i + 1 < run_count) continue;                                                    \
      summed = 0;                                                                                             \
      _Pragma("clang loop unroll(full)") for (int r = 0; r < ROWS; r++)                                       \
        _Pragma("clang loop unroll(full)") for (int v = 0; v < VECTORS; v++) {                                \
          if (r < count) *(vector_##NAME *)(sums_out + r * lead + v * LANES) += sums[r][v];                   \
          sums[r][v] = (vector_##NAME){0};                                                                    \
        }                                                                                                     \
    }                                                                                                         \
  }
#define WEIGHTS(NAME, T, LANES, ROWS)                                                                         \
  WEIGHT(NAME, T, LANES, ROWS, 1)                                                                             \
  WEIGHT(NAME, T, LANES, ROWS, 2)                                                                             \
  FX_CLONES static void weights_##NAME(ptrdiff_t depth, const ptrdiff_t *offsets, ptrdiff_t count, const fx_run *runs, const T *b, \
                                       const T *dy, ptrdiff_t lead, T *sums) {                                \
    for (ptrdiff_t o = 0; o < lead; o += 2 * LANES)                                                           \
      for (ptrdiff_t k = 0; k < depth; k += ROWS) {                                                           \
        ptrdiff_t rows = min_size(ROWS, depth - k);                                                           \
        if (o + LANES < lead) weight_block_##NAME##2(rows, offsets + k, count, runs, b, dy + o, lead, sums + k * lead + o); \
        else weight_block_##NAME##1(rows, offsets + k, count, runs, b, dy + o, lead, sums + k * lead + o);    \
      }                                                                                                       \
  }
WEIGHTS(wide_f32, float, 16, WIDE_ROWS)
WEIGHTS(wide_f64, double, 8, WIDE_ROWS)
WEIGHTS(narrow_f32, float, 8, NARROW_ROWS)
WEIGHTS(narrow_f64, double, 4, NARROW_ROWS)

void fx_tile_weight(int dtype, ptrdiff_t depth, const ptrdiff_t *offsets, ptrdiff_t count, const fx_run *runs, const void *b, const void *dy,
                    ptrdiff_t lead, void *sums) {
  int wide = HAS_WIDE;
  if (dtype == FX_F32 && wide) weights_wide_f32(depth, offsets, count, runs, b, dy, lead, sums);
  else if (dtype == FX_F32) weights_narrow_f32(depth, offsets, count, runs, b, dy, lead, sums);
  else if (dtype == FX_F64 && wide) weights_wide_f64(depth, offsets, count, runs, b, dy, lead, sums);
  else if (dtype == FX_F64) weights_narrow_f64(depth, offsets, count, runs, b, dy, lead, sums);
}
