// Products in which a factor of 0 leaves out what it multiplies, whatever that holds: attention's, whose masked keys may be infinite or NaN.
//
// The fast product is right unless it meets such elements; 0·∞ and 0·NaN are NaN. Then it is taken again of a copy with zeros in their places, which
// gives the bits that zeros there would have, and what they add where their factors are not 0 is added by itself.
#include "kernels.h"

#define COUNTED(S, T, BITS, EXPONENT)                                                                         \
  FX_INLINE int is_finite_##S(T x) { return (bits_##S(x) & EXPONENT) != EXPONENT; }                           \
  FX_CLONES static int matrix_is_finite_##S(ptrdiff_t rows, ptrdiff_t n, ptrdiff_t row, ptrdiff_t column, const T *x) { \
    for (ptrdiff_t r = 0; r < rows; r++, x += row) {                                                          \
      BITS some = 0;                                                                                          \
      if (column == 1) for (ptrdiff_t j = 0; j < n; j++) some |= is_finite_##S(x[j]) ? 0 : 1;                 \
      else for (ptrdiff_t j = 0; j < n; j++) some |= is_finite_##S(x[j * column]) ? 0 : 1;                    \
      if (some) return 0;                                                                                     \
    }                                                                                                         \
    return 1;                                                                                                 \
  }                                                                                                           \
  static void copy_finite_##S(ptrdiff_t rows, ptrdiff_t n, ptrdiff_t row, ptrdiff_t column, const T *x, T *y) { \
    for (ptrdiff_t r = 0; r < rows; r++)                                                                      \
      for (ptrdiff_t j = 0; j < n; j++) {                                                                     \
        ptrdiff_t at = r * row + j * column;                                                                  \
        y[at] = is_finite_##S(x[at]) ? x[at] : 0;                                                             \
      }                                                                                                       \
  }                                                                                                           \
  static void add_infinite_##S(ptrdiff_t rows, ptrdiff_t n, ptrdiff_t k, const T *a, ptrdiff_t a_row, ptrdiff_t a_column, \
                               const T *b, ptrdiff_t b_row, ptrdiff_t b_column, T *y) {                       \
    for (ptrdiff_t j = 0; j < k; j++)                                                                         \
      for (ptrdiff_t c = 0; c < n; c++) {                                                                     \
        T v = b[j * b_row + c * b_column];                                                                    \
        if (is_finite_##S(v)) continue;                                                                       \
        for (ptrdiff_t r = 0; r < rows; r++) {                                                                \
          T f = a[r * a_row + j * a_column];                                                                  \
          if (f != 0) y[r * n + c] += f * v;                                                                  \
        }                                                                                                     \
      }                                                                                                       \
  }                                                                                                           \
  static void clear_rows_##S(ptrdiff_t rows, ptrdiff_t outputs, const T *dy, ptrdiff_t n, T *x) {             \
    for (ptrdiff_t r = 0; r < rows; r++, dy += outputs) {                                                     \
      ptrdiff_t j = 0;                                                                                        \
      while (j < outputs && dy[j] == 0) j++;                                                                  \
      if (j == outputs) memset(x + r * n, 0, (size_t)n * sizeof(T));                                          \
    }                                                                                                         \
  }
COUNTED(f32, float, uint32_t, 0x7f800000u)
COUNTED(f64, double, uint64_t, 0x7ff0000000000000u)

int fx_matrix_is_finite(int dtype, ptrdiff_t rows, ptrdiff_t n, ptrdiff_t row, ptrdiff_t column, const void *x) {
  return dtype == FX_F32 ? matrix_is_finite_f32(rows, n, row, column, x) : matrix_is_finite_f64(rows, n, row, column, x);
}

void fx_copy_finite(int dtype, ptrdiff_t rows, ptrdiff_t n, ptrdiff_t row, ptrdiff_t column, const void *x, void *y) {
  if (dtype == FX_F32) copy_finite_f32(rows, n, row, column, x, y);
  if (dtype == FX_F64) copy_finite_f64(rows, n, row, column, x, y);
}

void fx_add_infinite(int dtype, ptrdiff_t rows, ptrdiff_t n, ptrdiff_t k, const void *a, ptrdiff_t a_row, ptrdiff_t a_column, const void *b,
                     ptrdiff_t b_row, ptrdiff_t b_column, void *y) {
  if (dtype == FX_F32) add_infinite_f32(rows, n, k, a, a_row, a_column, b, b_row, b_column, y);
  if (dtype == FX_F64) add_infinite_f64(rows, n, k, a, a_row, a_column, b, b_row, b_column, y);
}

void fx_clear_rows(int dtype, ptrdiff_t rows, ptrdiff_t outputs, const void *dy, ptrdiff_t n, void *x) {
  if (dtype == FX_F32) clear_rows_f32(rows, outputs, dy, n, x);
  if (dtype == FX_F64) clear_rows_f64(rows, outputs, dy, n, x);
}
