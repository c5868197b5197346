// The parts of a matrix product for AVX-512: operands packed into panels, and tiles of the result kept in registers.
//
// Packed operands lie as the innermost loop reads them: panels of FX_TILE_ROWS rows of a, or of two vectors of columns of b, k after k.
// Every element of the result is summed up in the order of k by itself, so its bits do not depend on how a product is cut.
#include "kernels.h"

#if defined(__x86_64__) && defined(__linux__) && !defined(FX_SANITIZED)

#define ROWS FX_TILE_ROWS
// Feature by feature: by the name of the level, x86-64-v4, clang would halve these vectors to 256 bits.
#define FEATURES target("avx2,fma,bmi,bmi2,avx512f,avx512bw,avx512cd,avx512dq,avx512vl")
#define WIDE __attribute__((FEATURES))
#define WIDE_INLINE static inline __attribute__((always_inline, FEATURES))

typedef float f32_vector __attribute__((vector_size(64)));
typedef double f64_vector __attribute__((vector_size(64)));
// The same anywhere in memory.
typedef float f32_loose __attribute__((vector_size(64), aligned(4)));
typedef double f64_loose __attribute__((vector_size(64), aligned(8)));
enum { f32_lanes = 16, f64_lanes = 8 };

int fx_product_columns(int dtype) {
  if (!__builtin_cpu_supports("x86-64-v4")) return 0;
  return dtype == FX_F32 ? 2 * f32_lanes : dtype == FX_F64 ? 2 * f64_lanes : 0;
}

// MARK: Packing

// Exchanges rows and columns of a square of vectors: blocks of 1, 2, 4 … lanes change places with those of the row as far away.
#define EXCHANGE(V, x, count, s, LOW, HIGH)                                 \
  _Pragma("clang loop unroll(full)") for (int i = 0; i < count; i++)        \
    if (!(i & s)) {                                                         \
      V low = x[i], high = x[i + s];                                        \
      x[i] = __builtin_shufflevector(low, high, LOW);                       \
      x[i + s] = __builtin_shufflevector(low, high, HIGH);                  \
    }
#define LIST(...) __VA_ARGS__

WIDE_INLINE void transpose_f32(f32_vector x[16]) {
  EXCHANGE(f32_vector, x, 16, 1, LIST(0, 16, 2, 18, 4, 20, 6, 22, 8, 24, 10, 26, 12, 28, 14, 30),
           LIST(1, 17, 3, 19, 5, 21, 7, 23, 9, 25, 11, 27, 13, 29, 15, 31))
  EXCHANGE(f32_vector, x, 16, 2, LIST(0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29),
           LIST(2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31))
  EXCHANGE(f32_vector, x, 16, 4, LIST(0, 1, 2, 3, 16, 17, 18, 19, 8, 9, 10, 11, 24, 25, 26, 27),
           LIST(4, 5, 6, 7, 20, 21, 22, 23, 12, 13, 14, 15, 28, 29, 30, 31))
  EXCHANGE(f32_vector, x, 16, 8, LIST(0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23),
           LIST(8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31))
}

WIDE_INLINE void transpose_f64(f64_vector x[8]) {
  EXCHANGE(f64_vector, x, 8, 1, LIST(0, 8, 2, 10, 4, 12, 6, 14), LIST(1, 9, 3, 11, 5, 13, 7, 15))
  EXCHANGE(f64_vector, x, 8, 2, LIST(0, 1, 8, 9, 4, 5, 12, 13), LIST(2, 3, 10, 11, 6, 7, 14, 15))
  EXCHANGE(f64_vector, x, 8, 4, LIST(0, 1, 2, 3, 8, 9, 10, 11), LIST(4, 5, 6, 7, 12, 13, 14, 15))
}

// One panel: `width` lines (rows of a, columns of b) of which `lines` are there, the rest zeros; `across` from line to line, `along` k.
#define PACK(S, T)                                                                                                            \
  WIDE_INLINE void panel_##S(ptrdiff_t width, ptrdiff_t lines, ptrdiff_t k, const T *x, ptrdiff_t across, ptrdiff_t along,    \
                             T *out) {                                                                                        \
    ptrdiff_t p = 0;                                                                                                          \
    if (across == 1 && lines == width) {                                                                                      \
      for (; p < k; p++) memcpy(out + p * width, x + p * along, (size_t)width * sizeof(T));                                   \
    } else if (along == 1) {                                                                                                  \
      for (; p + S##_lanes <= k; p += S##_lanes)                                                                              \
        _Pragma("clang loop unroll(full)") for (ptrdiff_t w = 0; w < width; w += S##_lanes) {                                 \
          S##_vector square[S##_lanes];                                                                                       \
          ptrdiff_t kept = min_size(width - w, S##_lanes);                                                                    \
          _Pragma("clang loop unroll(full)") for (ptrdiff_t i = 0; i < S##_lanes; i++)                                        \
            square[i] = w + i < lines ? *(const S##_loose *)(x + (w + i) * across + p) : (S##_vector){0};                     \
          transpose_##S(square);                                                                                              \
          _Pragma("clang loop unroll(full)") for (ptrdiff_t i = 0; i < S##_lanes; i++)                                        \
            memcpy(out + (p + i) * width + w, &square[i], (size_t)kept * sizeof(T));                                          \
        }                                                                                                                     \
    }                                                                                                                         \
    for (; p < k; p++)                                                                                                        \
      for (ptrdiff_t w = 0; w < width; w++) out[p * width + w] = w < lines ? x[w * across + p * along] : 0;                   \
  }                                                                                                                           \
  WIDE static void pack_rows_##S(ptrdiff_t m, ptrdiff_t k, const T *x, ptrdiff_t across, ptrdiff_t along, T *out) {           \
    for (ptrdiff_t i = 0; i < m; i += ROWS, x += ROWS * across, out += ROWS * k)                                              \
      panel_##S(ROWS, min_size(ROWS, m - i), k, x, across, along, out);                                                       \
  }                                                                                                                           \
  WIDE static void pack_columns_##S(ptrdiff_t n, ptrdiff_t k, const T *x, ptrdiff_t across, ptrdiff_t along, T *out) {        \
    enum { columns = 2 * S##_lanes };                                                                                         \
    for (ptrdiff_t j = 0; j < n; j += columns, x += columns * across, out += columns * k)                                     \
      panel_##S(columns, min_size(columns, n - j), k, x, across, along, out);                                                 \
  }
PACK(f32, float)
PACK(f64, double)

void fx_product_pack(int dtype, int is_rows, ptrdiff_t lines, ptrdiff_t k, const void *x, ptrdiff_t across, ptrdiff_t along, void *out) {
  if (dtype == FX_F32)
    (is_rows ? pack_rows_f32 : pack_columns_f32)(lines, k, x, across, along, out);
  else
    (is_rows ? pack_rows_f64 : pack_columns_f64)(lines, k, x, across, along, out);
}

// MARK: Tiles

// `rows` × `vectors` sums in registers; full ones use 28 of 32, two more hold b and one a.
#define TILE(S, T, rows, vectors)                                                                                             \
  WIDE static void tile_##S##_##rows##_##vectors(ptrdiff_t k, const T *a, const T *b, T *c, ptrdiff_t ldc, int adds) {        \
    S##_vector sums[rows][vectors];                                                                                           \
    _Pragma("clang loop unroll(full)") for (int i = 0; i < rows; i++)                                                         \
      _Pragma("clang loop unroll(full)") for (int j = 0; j < vectors; j++) sums[i][j] = (S##_vector){0};                      \
    /* The result's rows lie far from each other: by the end of a long sum they are there. */                                 \
    if (k >= 64)                                                                                                              \
      for (int i = 0; i < rows; i++)                                                                                          \
        for (int j = 0; j < vectors; j++) __builtin_prefetch(c + i * ldc + j * S##_lanes, 1);                                 \
    for (ptrdiff_t p = 0; p < k; p++, a += ROWS, b += 2 * S##_lanes) {                                                        \
      S##_vector row[vectors];                                                                                                \
      _Pragma("clang loop unroll(full)") for (int j = 0; j < vectors; j++) row[j] = *(const S##_loose *)(b + j * S##_lanes);  \
      _Pragma("clang loop unroll(full)") for (int i = 0; i < rows; i++) {                                                     \
        _Pragma("clang loop unroll(full)") for (int j = 0; j < vectors; j++) sums[i][j] = sums[i][j] + a[i] * row[j];         \
      }                                                                                                                       \
    }                                                                                                                         \
    _Pragma("clang loop unroll(full)") for (int i = 0; i < rows; i++) {                                                       \
      S##_loose *out = (S##_loose *)(c + i * ldc);                                                                            \
      _Pragma("clang loop unroll(full)") for (int j = 0; j < vectors; j++) out[j] = adds ? out[j] + sums[i][j] : sums[i][j];  \
    }                                                                                                                         \
  }

#define PRODUCT(S, T)                                                                                                         \
  TILE(S, T, 14, 2) TILE(S, T, 8, 2) TILE(S, T, 4, 2) TILE(S, T, 14, 1) TILE(S, T, 8, 1) TILE(S, T, 4, 1)                     \
  WIDE static void tiles_##S(ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, const T *a, const T *b, int adds, T *c, ptrdiff_t ldc) {  \
    typedef void (*tile)(ptrdiff_t, const T *, const T *, T *, ptrdiff_t, int);                                               \
    enum { columns = 2 * S##_lanes };                                                                                         \
    for (ptrdiff_t j = 0; j < n; j += columns)                                                                                \
      for (ptrdiff_t i = 0; i < m; i += ROWS) {                                                                               \
        ptrdiff_t rows = min_size(ROWS, m - i), width = min_size(columns, n - j);                                             \
        int is_narrow = width <= S##_lanes;                                                                                   \
        tile run = rows <= 4   ? is_narrow ? tile_##S##_4_1 : tile_##S##_4_2                                                  \
                   : rows <= 8 ? is_narrow ? tile_##S##_8_1 : tile_##S##_8_2                                                  \
                               : is_narrow ? tile_##S##_14_1 : tile_##S##_14_2;                                               \
        T *out = c + i * ldc + j;                                                                                             \
        if ((rows == ROWS || rows == 8 || rows == 4) && (width == columns || width == S##_lanes)) {                           \
          run(k, a + i * k, b + j * k, out, ldc, adds);                                                                       \
          continue;                                                                                                           \
        }                                                                                                                     \
        /* What stands over the result's edge goes nowhere. */                                                                \
        T edge[ROWS * columns];                                                                                               \
        run(k, a + i * k, b + j * k, edge, columns, 0);                                                                       \
        for (ptrdiff_t r = 0; r < rows; r++)                                                                                  \
          for (ptrdiff_t q = 0; q < width; q++) {                                                                             \
            T sum = edge[r * columns + q], *to = out + r * ldc + q;                                                           \
            *to = adds ? *to + sum : sum;                                                                                     \
          }                                                                                                                   \
      }                                                                                                                       \
  }
PRODUCT(f32, float)
PRODUCT(f64, double)

void fx_product_tiles(int dtype, ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, const void *a, const void *b, int adds, void *c, ptrdiff_t ldc) {
  if (dtype == FX_F32)
    tiles_f32(m, n, k, a, b, adds, c, ldc);
  else
    tiles_f64(m, n, k, a, b, adds, c, ldc);
}

#else  // Elsewhere CBLAS's own kernels are the best there is.

int fx_product_columns(int dtype) { return 0; }
void fx_product_pack(int dtype, int is_rows, ptrdiff_t lines, ptrdiff_t k, const void *x, ptrdiff_t across, ptrdiff_t along, void *out) {}
void fx_product_tiles(int dtype, ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, const void *a, const void *b, int adds, void *c, ptrdiff_t ldc) {}

#endif
