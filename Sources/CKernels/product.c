// The parts of a matrix product for AVX-512: operands packed into panels, and tiles of the result kept in registers.
//
// Packed operands lie as the innermost loop reads them: panels of FX_TILE_ROWS rows of a, or of two vectors of columns of b, k after k.
// Every element of the result is summed up in the order of k by itself, so its bits do not depend on how a product is cut.
#include "wide.h"

#if FX_WIDE

#define ROWS FX_TILE_ROWS

int fx_product_columns(int dtype) {
  if (!__builtin_cpu_supports("x86-64-v4")) return 0;
  return dtype == FX_F32 ? 2 * f32_lanes : dtype == FX_F64 ? 2 * f64_lanes : 0;
}

// MARK: Packing

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
