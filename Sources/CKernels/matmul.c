// Matrix products of integers, and of rank one.
#ifndef FX_PASS
#define FX_FILE "matmul.c"
#define FX_NUMBERS
#include "targets.h"

void fx_outer(int dtype, ptrdiff_t m, ptrdiff_t n, const void *a, ptrdiff_t step, const void *b, void *c) {
  FX_DISPATCH(dtype, outer, m, n, a, step, b, c);
}

void fx_matmul_int(int dtype, ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, const void *a, ptrdiff_t a_row, ptrdiff_t a_col, const void *b,
                   ptrdiff_t b_row, ptrdiff_t b_col, void *c) {
  if (m <= 0 || n <= 0) return;
  memset(c, 0, (size_t)(m * n) * (dtype == FX_I32 ? 4 : 8));
  if (dtype == FX_I32) FX_AT(matmul_i32)(m, n, k, a, a_row, a_col, b, b_row, b_col, c);
  if (dtype == FX_I64) FX_AT(matmul_i64)(m, n, k, a, a_row, a_col, b, b_row, b_col, c);
}

#elif FX_IS_INTEGER

// Unsigned, so that sums wrap.
#define WORD FX(word)
typedef __typeof__(_Generic((T)0, int32_t: (uint32_t)0, default: (uint64_t)0)) WORD;

// A panel of b, HEIGHT rows of WIDTH columns, is made contiguous on the stack; each row of c then takes so many scaled rows of it.
#define HEIGHT 32
#define WIDTH 128

static void FX(matmul)(ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, const WORD *a, ptrdiff_t a_row, ptrdiff_t a_col, const WORD *b, ptrdiff_t b_row,
                       ptrdiff_t b_col, WORD *c) {
  WORD panel[HEIGHT][WIDTH];
  for (ptrdiff_t j0 = 0; j0 < n; j0 += WIDTH)
    for (ptrdiff_t l0 = 0; l0 < k; l0 += HEIGHT) {
      ptrdiff_t columns = min_size(WIDTH, n - j0), rows = min_size(HEIGHT, k - l0);
      for (ptrdiff_t l = 0; l < rows; l++)
        for (ptrdiff_t j = 0; j < columns; j++) panel[l][j] = b[(l0 + l) * b_row + (j0 + j) * b_col];
      for (ptrdiff_t i = 0; i < m; i++) {
        WORD sums[WIDTH], *out = c + i * n + j0;
        memcpy(sums, out, (size_t)columns * sizeof(T));
        for (ptrdiff_t l = 0; l < rows; l++) {
          WORD x = a[i * a_row + (l0 + l) * a_col];
          for (ptrdiff_t j = 0; j < columns; j++) sums[j] += x * panel[l][j];
        }
        memcpy(out, sums, (size_t)columns * sizeof(T));
      }
    }
}
#undef WORD
#undef HEIGHT
#undef WIDTH

#else

static void FX(outer)(ptrdiff_t m, ptrdiff_t n, const T *a, ptrdiff_t step, const T *restrict b, T *restrict c) {
  for (ptrdiff_t i = 0; i < m; i++) {
    T x = a[i * step];
    for (ptrdiff_t j = 0; j < n; j++) c[i * n + j] = x * b[j];
  }
}

#endif
