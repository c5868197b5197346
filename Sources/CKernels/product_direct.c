// Matrix products for AVX-512 that are not worth packing: small ones, whole batches of them, and those of few rows with a large matrix.
//
// Rows of b are read where they lie, the last vector of a row by a mask. Every element of a small product is summed up in the order of k,
// as in product.c.
#include "wide.h"

#if FX_WIDE
#include <immintrin.h>

typedef __mmask16 f32_some;
typedef __mmask8 f64_some;
#define f32_load(m, p) (f32_vector)_mm512_maskz_loadu_ps(m, p)
#define f64_load(m, p) (f64_vector)_mm512_maskz_loadu_pd(m, p)
#define f32_store(p, m, x) _mm512_mask_storeu_ps(p, m, (__m512)(x))
#define f64_store(p, m, x) _mm512_mask_storeu_pd(p, m, (__m512d)(x))
// Of a row of n elements the first vector's.
#define SOME(S, n) ((n) >= S##_lanes ? (S##_some)-1 : (S##_some)((1u << (n)) - 1))
#define FULLY _Pragma("clang loop unroll(full)")

// MARK: Small products

// `rows` × `vectors` sums in registers, the last vector of each row by a mask.
#define TILE(S, T, rows, vectors)                                                                                             \
  WIDE_INLINE void direct_##S##_##rows##_##vectors(ptrdiff_t k, const T *a, ptrdiff_t a_row, ptrdiff_t a_col, const T *b,     \
                                                   ptrdiff_t b_row, int adds, T *c, ptrdiff_t ldc, S##_some last) {           \
    S##_vector sums[rows][vectors];                                                                                           \
    FULLY for (int i = 0; i < rows; i++) FULLY for (int j = 0; j < vectors; j++) sums[i][j] = (S##_vector){0};                \
    for (ptrdiff_t p = 0; p < k; p++, a += a_col, b += b_row) {                                                               \
      S##_vector row[vectors];                                                                                                \
      FULLY for (int j = 0; j < vectors; j++)                                                                                 \
        row[j] = S##_load(j == vectors - 1 ? last : (S##_some)-1, b + j * S##_lanes);                                         \
      FULLY for (int i = 0; i < rows; i++)                                                                                    \
        FULLY for (int j = 0; j < vectors; j++) sums[i][j] = sums[i][j] + a[i * a_row] * row[j];                              \
    }                                                                                                                         \
    FULLY for (int i = 0; i < rows; i++)                                                                                      \
      FULLY for (int j = 0; j < vectors; j++) {                                                                               \
        S##_some some = j == vectors - 1 ? last : (S##_some)-1;                                                               \
        T *out = c + i * ldc + j * S##_lanes;                                                                                 \
        S##_vector sum = sums[i][j];                                                                                          \
        if (adds) sum = S##_load(some, out) + sum;                                                                            \
        S##_store(out, some, sum);                                                                                            \
      }                                                                                                                       \
  }

#define STRIP(S, T, vectors)                                                                                                  \
  TILE(S, T, 8, vectors) TILE(S, T, 4, vectors) TILE(S, T, 2, vectors) TILE(S, T, 1, vectors)                                 \
  WIDE static void strip_##S##_##vectors(ptrdiff_t m, ptrdiff_t k, const T *a, ptrdiff_t a_row, ptrdiff_t a_col, const T *b,  \
                                         ptrdiff_t b_row, int adds, T *c, ptrdiff_t ldc, S##_some last) {                     \
    for (; m >= 8; m -= 8, a += 8 * a_row, c += 8 * ldc)                                                                      \
      direct_##S##_8_##vectors(k, a, a_row, a_col, b, b_row, adds, c, ldc, last);                                             \
    if (m & 4) {                                                                                                              \
      direct_##S##_4_##vectors(k, a, a_row, a_col, b, b_row, adds, c, ldc, last);                                             \
      a += 4 * a_row, c += 4 * ldc;                                                                                           \
    }                                                                                                                         \
    if (m & 2) {                                                                                                              \
      direct_##S##_2_##vectors(k, a, a_row, a_col, b, b_row, adds, c, ldc, last);                                             \
      a += 2 * a_row, c += 2 * ldc;                                                                                           \
    }                                                                                                                         \
    if (m & 1) direct_##S##_1_##vectors(k, a, a_row, a_col, b, b_row, adds, c, ldc, last);                                    \
  }

// How large a b is turned at a time that lies by columns.
#define TURNED 128

#define DIRECT(S, T)                                                                                                          \
  STRIP(S, T, 1) STRIP(S, T, 2) STRIP(S, T, 3)                                                                                \
  /* Up to three vectors of columns; b by rows. */                                                                            \
  WIDE_INLINE void strip_##S(ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, const T *a, ptrdiff_t a_row, ptrdiff_t a_col, const T *b, \
                             ptrdiff_t b_row, int adds, T *c, ptrdiff_t ldc) {                                                \
    if (n > 2 * S##_lanes)                                                                                                    \
      strip_##S##_3(m, k, a, a_row, a_col, b, b_row, adds, c, ldc, SOME(S, n - 2 * S##_lanes));                               \
    else if (n > S##_lanes)                                                                                                   \
      strip_##S##_2(m, k, a, a_row, a_col, b, b_row, adds, c, ldc, SOME(S, n - S##_lanes));                                   \
    else                                                                                                                      \
      strip_##S##_1(m, k, a, a_row, a_col, b, b_row, adds, c, ldc, SOME(S, n));                                               \
  }                                                                                                                           \
  /* Some rows of b as they would lie by rows, a vector of columns after the other: squares with rows and columns exchanged. */ \
  WIDE_INLINE void turn_##S(ptrdiff_t n, ptrdiff_t k, const T *b, ptrdiff_t b_col, S##_vector *out, ptrdiff_t apart) {        \
    for (ptrdiff_t j = 0; j < n; j += S##_lanes)                                                                              \
      for (ptrdiff_t p = 0; p < k; p += S##_lanes) {                                                                          \
        S##_vector square[S##_lanes];                                                                                         \
        S##_some some = SOME(S, k - p);                                                                                       \
        FULLY for (ptrdiff_t i = 0; i < S##_lanes; i++)                                                                       \
          square[i] = j + i < n ? S##_load(some, b + (j + i) * b_col + p) : (S##_vector){0};                                  \
        transpose_##S(square);                                                                                                \
        FULLY for (ptrdiff_t i = 0; i < S##_lanes; i++)                                                                       \
          if (p + i < k) out[(p + i) * apart + j / S##_lanes] = square[i];                                                    \
      }                                                                                                                       \
  }                                                                                                                           \
  WIDE static void direct_##S(ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, const T *a, ptrdiff_t a_row, ptrdiff_t a_col,            \
                              const T *b, ptrdiff_t b_row, ptrdiff_t b_col, int adds, T *c, ptrdiff_t ldc) {                  \
    /* Strips of equal numbers of vectors: of four two and two. */                                                            \
    ptrdiff_t vectors = (n + S##_lanes - 1) / S##_lanes, strips = (vectors + 2) / 3;                                          \
    ptrdiff_t width = (vectors + strips - 1) / strips * S##_lanes;                                                            \
    for (ptrdiff_t j = 0; j < n; j += width) {                                                                                \
      ptrdiff_t columns = min_size(width, n - j);                                                                             \
      if (b_col == 1) {                                                                                                       \
        strip_##S(m, columns, k, a, a_row, a_col, b + j, b_row, adds, c + j, ldc);                                            \
        continue;                                                                                                             \
      }                                                                                                                       \
      S##_vector turned[TURNED * 3];                                                                                          \
      for (ptrdiff_t p = 0; p < k; p += TURNED) {                                                                             \
        ptrdiff_t depth = min_size(TURNED, k - p);                                                                            \
        turn_##S(columns, depth, b + j * b_col + p * b_row, b_col, turned, width / S##_lanes);                                \
        strip_##S(m, columns, depth, a + p * a_col, a_row, a_col, (const T *)turned, width, adds || p > 0, c + j, ldc);       \
      }                                                                                                                       \
    }                                                                                                                         \
  }
DIRECT(f32, float)
DIRECT(f64, double)

void fx_product_direct(int dtype, ptrdiff_t count, ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, const void *a, ptrdiff_t a_step, ptrdiff_t a_row,
                       ptrdiff_t a_col, const void *b, ptrdiff_t b_step, ptrdiff_t b_row, ptrdiff_t b_col, int adds, void *c,
                       ptrdiff_t c_step, ptrdiff_t ldc) {
  for (ptrdiff_t i = 0; i < count; i++)
    if (dtype == FX_F32)
      direct_f32(m, n, k, (const float *)a + i * a_step, a_row, a_col, (const float *)b + i * b_step, b_row, b_col, adds,
                 (float *)c + i * c_step, ldc);
    else
      direct_f64(m, n, k, (const double *)a + i * a_step, a_row, a_col, (const double *)b + i * b_step, b_row, b_col, adds,
                 (double *)c + i * c_step, ldc);
}

#else

void fx_product_direct(int dtype, ptrdiff_t count, ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, const void *a, ptrdiff_t a_step, ptrdiff_t a_row,
                       ptrdiff_t a_col, const void *b, ptrdiff_t b_step, ptrdiff_t b_row, ptrdiff_t b_col, int adds, void *c,
                       ptrdiff_t c_step, ptrdiff_t ldc) {}

#endif
