// Matrix products that CBLAS does not have, or takes longer to begin than to do: of integers, of rank one, and very small ones.
#include "kernels.h"

// A panel of b, 32 rows of 128 columns, is made contiguous on the stack; each row of c then takes 32 scaled rows of it.
#define PANEL_ROWS 32
#define PANEL_COLUMNS 128

#define MATMUL(S, T)                                                                                          \
  FX_CLONES static void matmul_##S(ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, const T *a, ptrdiff_t a_row,        \
                                   ptrdiff_t a_col, const T *b, ptrdiff_t b_row, ptrdiff_t b_col, T *c) {     \
    T panel[PANEL_ROWS][PANEL_COLUMNS];                                                                       \
    for (ptrdiff_t j0 = 0; j0 < n; j0 += PANEL_COLUMNS)                                                       \
      for (ptrdiff_t l0 = 0; l0 < k; l0 += PANEL_ROWS) {                                                      \
        ptrdiff_t columns = min_size(PANEL_COLUMNS, n - j0), rows = min_size(PANEL_ROWS, k - l0);             \
        for (ptrdiff_t l = 0; l < rows; l++)                                                                  \
          for (ptrdiff_t j = 0; j < columns; j++) panel[l][j] = b[(l0 + l) * b_row + (j0 + j) * b_col];       \
        for (ptrdiff_t i = 0; i < m; i++) {                                                                   \
          T sums[PANEL_COLUMNS], *out = c + i * n + j0;                                                       \
          memcpy(sums, out, (size_t)columns * sizeof(T));                                                     \
          for (ptrdiff_t l = 0; l < rows; l++) {                                                              \
            T x = a[i * a_row + (l0 + l) * a_col];                                                            \
            for (ptrdiff_t j = 0; j < columns; j++) sums[j] += x * panel[l][j];                               \
          }                                                                                                   \
          memcpy(out, sums, (size_t)columns * sizeof(T));                                                     \
        }                                                                                                     \
      }                                                                                                       \
  }
MATMUL(i32, uint32_t)
MATMUL(i64, uint64_t)

#define OUTER(S, T)                                                                                                     \
  FX_CLONES static void outer_##S(ptrdiff_t m, ptrdiff_t n, const T *a, ptrdiff_t step, const T *restrict b, T *restrict c) { \
    for (ptrdiff_t i = 0; i < m; i++) {                                                                                 \
      T x = a[i * step];                                                                                                \
      for (ptrdiff_t j = 0; j < n; j++) c[i * n + j] = x * b[j];                                                        \
    }                                                                                                                   \
  }
OUTER(f32, float)
OUTER(f64, double)

void fx_outer(int dtype, ptrdiff_t m, ptrdiff_t n, const void *a, ptrdiff_t step, const void *b, void *c) {
  if (dtype == FX_F32) outer_f32(m, n, a, step, b, c);
  if (dtype == FX_F64) outer_f64(m, n, a, step, b, c);
}

void fx_matmul_int(int dtype, ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, const void *a, ptrdiff_t a_row, ptrdiff_t a_col, const void *b,
                   ptrdiff_t b_row, ptrdiff_t b_col, void *c) {
  if (m <= 0 || n <= 0) return;
  memset(c, 0, (size_t)(m * n) * (dtype == FX_I32 ? 4 : 8));
  if (dtype == FX_I32) matmul_i32(m, n, k, a, a_row, a_col, b, b_row, b_col, c);
  if (dtype == FX_I64) matmul_i64(m, n, k, a, a_row, a_col, b, b_row, b_col, c);
}

// MARK: Small products

// A row of c at a time, in stretches that stay in registers.
#define STRETCH 16
#define SMALL(S, T)                                                                                                        \
  FX_CLONES static void small_##S(ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, const T *a, ptrdiff_t a_row, ptrdiff_t a_col,     \
                                  const T *b, ptrdiff_t b_row, ptrdiff_t b_col, int adds, T *c, ptrdiff_t ldc) {           \
    for (ptrdiff_t i = 0; i < m; i++)                                                                                      \
      for (ptrdiff_t j0 = 0; j0 < n; j0 += STRETCH) {                                                                      \
        T sums[STRETCH] = {0}, *out = c + i * ldc + j0;                                                                    \
        ptrdiff_t width = min_size(STRETCH, n - j0);                                                                       \
        for (ptrdiff_t l = 0; l < k; l++) {                                                                                \
          T x = a[i * a_row + l * a_col];                                                                                  \
          const T *row = b + l * b_row + j0 * b_col;                                                                       \
          if (width == STRETCH && b_col == 1)                                                                              \
            for (ptrdiff_t j = 0; j < STRETCH; j++) sums[j] += x * row[j];                                                 \
          else                                                                                                             \
            _Pragma("clang loop vectorize(disable) unroll(disable)") for (ptrdiff_t j = 0; j < width; j++)                 \
              sums[j] += x * row[j * b_col];                                                                               \
        }                                                                                                                  \
        for (ptrdiff_t j = 0; j < width; j++) out[j] = adds ? out[j] + sums[j] : sums[j];                                  \
      }                                                                                                                    \
  }
SMALL(f32, float)
SMALL(f64, double)

void fx_matmul_small(int dtype, ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, const void *a, ptrdiff_t a_row, ptrdiff_t a_col, const void *b,
                     ptrdiff_t b_row, ptrdiff_t b_col, int adds, void *c, ptrdiff_t ldc) {
  if (dtype == FX_F32)
    small_f32(m, n, k, a, a_row, a_col, b, b_row, b_col, adds, c, ldc);
  else
    small_f64(m, n, k, a, a_row, a_col, b, b_row, b_col, adds, c, ldc);
}
