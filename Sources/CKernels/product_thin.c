// Products of a few rows with a matrix that is too large for the caches: each of its elements is read once and used for all rows.
//
// The large operand w comes by rows of k (dot products, several rows at a time) or by rows of outputs (sums of whole rows).
#include "wide.h"

#if FX_WIDE
#include <immintrin.h>

#define FULLY _Pragma("clang loop unroll(full)")
#define f32_total(x) _mm512_reduce_add_ps((__m512)(x))
#define f64_total(x) _mm512_reduce_add_pd((__m512d)(x))

// y[i·y_row + j·y_col] = Σ a[i, p]·w[j, p], for `rows` rows of a, `several` of w at a time.
#define DOTS(S, T, rows, several)                                                                                             \
  WIDE_INLINE void dots_##S##_##rows##_##several(ptrdiff_t k, const T *a, ptrdiff_t lda, const T *w, ptrdiff_t ldw, int adds, \
                                                 T *y, ptrdiff_t y_row, ptrdiff_t y_col) {                                    \
    S##_vector sums[rows][several];                                                                                           \
    FULLY for (int i = 0; i < rows; i++) FULLY for (int j = 0; j < several; j++) sums[i][j] = (S##_vector){0};                \
    ptrdiff_t p = 0;                                                                                                          \
    for (; p + S##_lanes <= k; p += S##_lanes) {                                                                              \
      S##_vector x[several];                                                                                                  \
      FULLY for (int j = 0; j < several; j++) x[j] = *(const S##_loose *)(w + j * ldw + p);                                   \
      FULLY for (int i = 0; i < rows; i++) {                                                                                  \
        S##_vector row = *(const S##_loose *)(a + i * lda + p);                                                               \
        FULLY for (int j = 0; j < several; j++) sums[i][j] = sums[i][j] + row * x[j];                                         \
      }                                                                                                                       \
    }                                                                                                                         \
    FULLY for (int i = 0; i < rows; i++)                                                                                      \
      FULLY for (int j = 0; j < several; j++) {                                                                               \
        T sum = S##_total(sums[i][j]), *out = y + i * y_row + j * y_col;                                                      \
        for (ptrdiff_t q = p; q < k; q++) sum += a[i * lda + q] * w[j * ldw + q];                                             \
        *out = adds ? *out + sum : sum;                                                                                       \
      }                                                                                                                       \
  }

// y[i, j] += Σ over `depth` rows of w.
#define SUMS(S, T, rows, depth)                                                                                               \
  WIDE_INLINE void sums_##S##_##rows##_##depth(ptrdiff_t n, const T *a, ptrdiff_t a_row, ptrdiff_t a_col, const T *w,         \
                                               ptrdiff_t ldw, T *y, ptrdiff_t ldy) {                                          \
    T x[rows][depth];                                                                                                         \
    FULLY for (int i = 0; i < rows; i++) FULLY for (int p = 0; p < depth; p++) x[i][p] = a[i * a_row + p * a_col];            \
    ptrdiff_t j = 0;                                                                                                          \
    for (; j + S##_lanes <= n; j += S##_lanes) {                                                                              \
      S##_vector row[depth];                                                                                                  \
      FULLY for (int p = 0; p < depth; p++) row[p] = *(const S##_loose *)(w + p * ldw + j);                                   \
      FULLY for (int i = 0; i < rows; i++) {                                                                                  \
        S##_vector sum = *(S##_loose *)(y + i * ldy + j);                                                                     \
        FULLY for (int p = 0; p < depth; p++) sum = sum + x[i][p] * row[p];                                                   \
        *(S##_loose *)(y + i * ldy + j) = sum;                                                                                \
      }                                                                                                                       \
    }                                                                                                                         \
    for (; j < n; j++)                                                                                                        \
      FULLY for (int i = 0; i < rows; i++)                                                                                    \
        FULLY for (int p = 0; p < depth; p++) y[i * ldy + j] += x[i][p] * w[p * ldw + j];                                     \
  }

// For 1 to 8 rows: pairs (rows, rows of w at a time) that fill the registers.
#define THIN(S, T, rows, several, depth)                                                                                      \
  DOTS(S, T, rows, several) DOTS(S, T, rows, 1) SUMS(S, T, rows, depth) SUMS(S, T, rows, 1)                                   \
  WIDE static void thin_dots_##S##_##rows(ptrdiff_t n, ptrdiff_t k, const T *a, ptrdiff_t lda, const T *w, ptrdiff_t ldw,     \
                                          int adds, T *y, ptrdiff_t y_row, ptrdiff_t y_col) {                                 \
    ptrdiff_t j = 0;                                                                                                          \
    for (; j + several <= n; j += several)                                                                                    \
      dots_##S##_##rows##_##several(k, a, lda, w + j * ldw, ldw, adds, y + j * y_col, y_row, y_col);                          \
    for (; j < n; j++) dots_##S##_##rows##_1(k, a, lda, w + j * ldw, ldw, adds, y + j * y_col, y_row, y_col);                 \
  }                                                                                                                           \
  WIDE static void thin_sums_##S##_##rows(ptrdiff_t n, ptrdiff_t k, const T *a, ptrdiff_t a_row, ptrdiff_t a_col, const T *w, \
                                          ptrdiff_t ldw, T *y, ptrdiff_t ldy) {                                               \
    ptrdiff_t p = 0;                                                                                                          \
    for (; p + depth <= k; p += depth) sums_##S##_##rows##_##depth(n, a + p * a_col, a_row, a_col, w + p * ldw, ldw, y, ldy); \
    for (; p < k; p++) sums_##S##_##rows##_1(n, a + p * a_col, a_row, a_col, w + p * ldw, ldw, y, ldy);                       \
  }
#define ALL(S, T)                                                                                                             \
  THIN(S, T, 1, 8, 8) THIN(S, T, 2, 8, 8) THIN(S, T, 3, 6, 6) THIN(S, T, 4, 4, 4)                                             \
  THIN(S, T, 5, 4, 4) THIN(S, T, 6, 4, 4) THIN(S, T, 7, 3, 3) THIN(S, T, 8, 3, 3)
ALL(f32, float)
ALL(f64, double)

#define BY_ROWS(way, S) \
  {way##_##S##_1, way##_##S##_2, way##_##S##_3, way##_##S##_4, way##_##S##_5, way##_##S##_6, way##_##S##_7, way##_##S##_8}

void fx_product_thin_dots(int dtype, ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, const void *a, ptrdiff_t lda, const void *w, ptrdiff_t ldw,
                          int adds, void *y, ptrdiff_t y_row, ptrdiff_t y_col) {
  static void (*const f32[])(ptrdiff_t, ptrdiff_t, const float *, ptrdiff_t, const float *, ptrdiff_t, int, float *, ptrdiff_t,
                             ptrdiff_t) = BY_ROWS(thin_dots, f32);
  static void (*const f64[])(ptrdiff_t, ptrdiff_t, const double *, ptrdiff_t, const double *, ptrdiff_t, int, double *, ptrdiff_t,
                             ptrdiff_t) = BY_ROWS(thin_dots, f64);
  if (dtype == FX_F32) f32[m - 1](n, k, a, lda, w, ldw, adds, y, y_row, y_col);
  if (dtype == FX_F64) f64[m - 1](n, k, a, lda, w, ldw, adds, y, y_row, y_col);
}

void fx_product_thin_sums(int dtype, ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, const void *a, ptrdiff_t a_row, ptrdiff_t a_col, const void *w,
                          ptrdiff_t ldw, void *y, ptrdiff_t ldy) {
  static void (*const f32[])(ptrdiff_t, ptrdiff_t, const float *, ptrdiff_t, ptrdiff_t, const float *, ptrdiff_t, float *, ptrdiff_t) =
      BY_ROWS(thin_sums, f32);
  static void (*const f64[])(ptrdiff_t, ptrdiff_t, const double *, ptrdiff_t, ptrdiff_t, const double *, ptrdiff_t, double *, ptrdiff_t) =
      BY_ROWS(thin_sums, f64);
  if (dtype == FX_F32) f32[m - 1](n, k, a, a_row, a_col, w, ldw, y, ldy);
  if (dtype == FX_F64) f64[m - 1](n, k, a, a_row, a_col, w, ldw, y, ldy);
}

#else

void fx_product_thin_dots(int dtype, ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, const void *a, ptrdiff_t lda, const void *w, ptrdiff_t ldw,
                          int adds, void *y, ptrdiff_t y_row, ptrdiff_t y_col) {}
void fx_product_thin_sums(int dtype, ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, const void *a, ptrdiff_t a_row, ptrdiff_t a_col, const void *w,
                          ptrdiff_t ldw, void *y, ptrdiff_t ldy) {}

#endif
