// Products in which a factor of 0 leaves out what it multiplies, whatever that holds: attention's, whose masked keys may be infinite or NaN.
//
// The fast product is right unless it meets such elements; 0·∞ and 0·NaN are NaN. Then it is taken again of a copy with zeros in their places, which
// gives the bits that zeros there would have, and what they add where their factors are not 0 is added by itself.
#ifndef FX_PASS
#define FX_FILE "counted.c"
#define FX_FLOATS
#include "targets.h"

int fx_matrix_is_finite(int dtype, ptrdiff_t rows, ptrdiff_t n, ptrdiff_t row, ptrdiff_t column, const void *x) {
  return FX_RESULT(dtype, matrix_is_finite, rows, n, row, column, x);
}

void fx_copy_finite(int dtype, ptrdiff_t rows, ptrdiff_t n, ptrdiff_t row, ptrdiff_t column, const void *x, void *y) {
  FX_DISPATCH(dtype, copy_finite, rows, n, row, column, x, y);
}

void fx_add_infinite(int dtype, ptrdiff_t rows, ptrdiff_t n, ptrdiff_t k, const void *a, ptrdiff_t a_row, ptrdiff_t a_column,
                     const void *b, ptrdiff_t b_row, ptrdiff_t b_column, void *y) {
  FX_DISPATCH(dtype, add_infinite, rows, n, k, a, a_row, a_column, b, b_row, b_column, y);
}

void fx_clear_rows(int dtype, ptrdiff_t rows, ptrdiff_t outputs, const void *dy, ptrdiff_t n, void *x) {
  FX_DISPATCH(dtype, clear_rows, rows, outputs, dy, n, x);
}

#else

FX_INLINE int FX(is_finite)(T x) { return FX_OF(abs)(x) < (T)__builtin_inf(); }

static int FX(matrix_is_finite)(ptrdiff_t rows, ptrdiff_t n, ptrdiff_t row, ptrdiff_t column, const T *x) {
  for (ptrdiff_t r = 0; r < rows; r++, x += row) {
    int some = 0;
    if (column == 1) for (ptrdiff_t j = 0; j < n; j++) some |= FX(is_finite)(x[j]) ? 0 : 1;
    else for (ptrdiff_t j = 0; j < n; j++) some |= FX(is_finite)(x[j * column]) ? 0 : 1;
    if (some) return 0;
  }
  return 1;
}

static void FX(copy_finite)(ptrdiff_t rows, ptrdiff_t n, ptrdiff_t row, ptrdiff_t column, const T *x, T *y) {
  for (ptrdiff_t r = 0; r < rows; r++)
    for (ptrdiff_t j = 0; j < n; j++) {
      ptrdiff_t at = r * row + j * column;
      y[at] = FX(is_finite)(x[at]) ? x[at] : 0;
    }
}

static void FX(add_infinite)(ptrdiff_t rows, ptrdiff_t n, ptrdiff_t k, const T *a, ptrdiff_t a_row, ptrdiff_t a_column, const T *b,
                             ptrdiff_t b_row, ptrdiff_t b_column, T *y) {
  for (ptrdiff_t j = 0; j < k; j++)
    for (ptrdiff_t c = 0; c < n; c++) {
      T v = b[j * b_row + c * b_column];
      if (FX(is_finite)(v)) continue;
      for (ptrdiff_t r = 0; r < rows; r++) {
        T f = a[r * a_row + j * a_column];
        if (f != 0) y[r * n + c] += f * v;
      }
    }
}

static void FX(clear_rows)(ptrdiff_t rows, ptrdiff_t outputs, const T *dy, ptrdiff_t n, T *x) {
  for (ptrdiff_t r = 0; r < rows; r++, dy += outputs) {
    ptrdiff_t j = 0;
    while (j < outputs && dy[j] == 0) j++;
    if (j == outputs) memset(x + r * n, 0, (size_t)n * sizeof(T));
  }
}

#endif
