// Products of a few rows with a matrix that is too large for the caches: each of its elements is read once and used for all rows.
//
// The large operand w comes by rows of k (dot products, several rows at a time) or by rows of outputs (sums of whole rows).
#ifndef FX_PASS
#define FX_FILE "product_thin.c"
#define FX_FLOATS
#define FX_VECTORS
#include "targets.h"

void fx_product_thin_dots(int dtype, ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, const void *a, ptrdiff_t lda, const void *w, ptrdiff_t ldw,
                          int adds, void *y, ptrdiff_t y_row, ptrdiff_t y_col) {
  FX_DISPATCH(dtype, thin_dots, m, n, k, a, lda, w, ldw, adds, y, y_row, y_col);
}

void fx_product_thin_sums(int dtype, ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, const void *a, ptrdiff_t a_row, ptrdiff_t a_col, const void *w,
                          ptrdiff_t ldw, void *y, ptrdiff_t ldy) {
  FX_DISPATCH(dtype, thin_sums, m, n, k, a, a_row, a_col, w, ldw, y, ldy);
}

#else
#include "product_tile.h"

// Pairs that fill the registers: rows of a, and rows of w (dots) or vectors of its rows (sums). With 16 registers more rows go in two turns.
#if FX_REGISTERS == 32
#define FOR_ROWS(rows, DO)     \
  switch (rows) {              \
    case 1: DO(1, 8); break;   \
    case 2: DO(2, 8); break;   \
    case 3: DO(3, 6); break;   \
    case 4: DO(4, 4); break;   \
    case 5: DO(5, 4); break;   \
    case 6: DO(6, 4); break;   \
    case 7: DO(7, 3); break;   \
    default: DO(8, 3); break;  \
  }
#define MOST_ROWS 8
#else
#define FOR_ROWS(rows, DO)     \
  switch (rows) {              \
    case 1: DO(1, 8); break;   \
    case 2: DO(2, 4); break;   \
    case 3: DO(3, 3); break;   \
    default: DO(4, 3); break;  \
  }
#define MOST_ROWS 4
#endif

// sums[i, j] += a[i]·w[j], a vector of each, or its first `some` elements.
FX_INLINE void FX(dots_step)(int rows, int several, VEC *sums, const T *a, ptrdiff_t lda, const T *w, ptrdiff_t ldw, ptrdiff_t some) {
  VEC x[FX_TILE_MOST];
  FX_UNROLL for (int j = 0; j < several; j++) x[j] = some == FX_LANES ? FX(load)(w + j * ldw) : FX(load_some)(w + j * ldw, some);
  FX_UNROLL for (int i = 0; i < rows; i++) {
    VEC row = some == FX_LANES ? FX(load)(a + i * lda) : FX(load_some)(a + i * lda, some);
    FX_UNROLL for (int j = 0; j < several; j++) sums[i * several + j] = sums[i * several + j] + row * x[j];
  }
}

FX_INLINE void FX(dots_write)(VEC sums, int adds, T *out) {
  T sum = FX(total)(sums);
  *out = adds ? *out + sum : sum;
}

// y[i·y_row + j·y_col] = Σ a[i, p]·w[j, p], for `rows` rows of a, `several` of w at a time.
FX_INLINE void FX(dots)(int rows, int several, ptrdiff_t k, const T *a, ptrdiff_t lda, const T *w, ptrdiff_t ldw, int adds, T *y,
                        ptrdiff_t y_row, ptrdiff_t y_col) {
  VEC sums[FX_TILE_MOST];
  FX(tile_clear)(rows, several, sums);
  ptrdiff_t p = 0;
  for (; p + FX_LANES <= k; p += FX_LANES) FX(dots_step)(rows, several, sums, a + p, lda, w + p, ldw, FX_LANES);
  if (p < k) FX(dots_step)(rows, several, sums, a + p, lda, w + p, ldw, k - p);
  // As many sums as a vector has elements are totalled at once, if they go side by side.
  if (y_col == 1) {
    FX_UNROLL for (int i = 0; i < rows; i++) {
      FX_UNROLL for (int j = 0; j + FX_LANES <= several; j += FX_LANES) {
        VEC all = FX(totals)(sums + i * several + j);
        T *out = y + i * y_row + j;
        FX(store)(out, adds ? FX(load)(out) + all : all);
      }
      FX_UNROLL for (int j = several / FX_LANES * FX_LANES; j < several; j++)
        FX(dots_write)(sums[i * several + j], adds, y + i * y_row + j);
    }
    return;
  }
  FX_UNROLL for (int i = 0; i < rows; i++)
    FX_UNROLL for (int j = 0; j < several; j++) FX(dots_write)(sums[i * several + j], adds, y + i * y_row + j * y_col);
}

static void FX(thin_dots)(ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, const T *a, ptrdiff_t lda, const T *w, ptrdiff_t ldw, int adds, T *y,
                          ptrdiff_t y_row, ptrdiff_t y_col) {
  if (m > MOST_ROWS) {
    // Some rows of w at a time, which then still lie in a cache.
    for (ptrdiff_t j = 0; j < n; j += 3)
      for (ptrdiff_t i = 0; i < m; i += MOST_ROWS)
        FX(thin_dots)(min_size(MOST_ROWS, m - i), min_size(3, n - j), k, a + i * lda, lda, w + j * ldw, ldw, adds,
                      y + i * y_row + j * y_col, y_row, y_col);
    return;
  }
#define DOTS(rows, several)                                                                                                              \
  for (; j + several <= n; j += several) FX(dots)(rows, several, k, a, lda, w + j * ldw, ldw, adds, y + j * y_col, y_row, y_col);        \
  for (; j < n; j++) FX(dots)(rows, 1, k, a, lda, w + j * ldw, ldw, adds, y + j * y_col, y_row, y_col)
  ptrdiff_t j = 0;
  FOR_ROWS(m, DOTS)
#undef DOTS
}

// y[i, j] += Σ over k rows of w, for `rows` rows of a, `vectors` at a time.
FX_INLINE void FX(sums)(int rows, int vectors, ptrdiff_t k, const T *a, ptrdiff_t a_row, ptrdiff_t a_col, const T *w, ptrdiff_t ldw, T *y,
                        ptrdiff_t ldy, ptrdiff_t last) {
  VEC sums[FX_TILE_MOST];
  FX(tile_read)(rows, vectors, sums, y, ldy, last);
  FX(tile_sum)(rows, vectors, sums, k, a, a_row, a_col, w, ldw, FX_LANES, last);
  FX(tile_write)(rows, vectors, sums, 0, y, ldy, last);
}

// So many rows of w are read side by side; from one turn to the next the sums stay in a cache.
#define DEPTH 16

static void FX(thin_sums)(ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, const T *a, ptrdiff_t a_row, ptrdiff_t a_col, const T *w, ptrdiff_t ldw, T *y,
                          ptrdiff_t ldy) {
  for (ptrdiff_t p = 0; p < k; p += DEPTH, a += DEPTH * a_col, w += DEPTH * ldw) {
    ptrdiff_t depth = min_size(DEPTH, k - p);
    for (ptrdiff_t i = 0; i < m; i += MOST_ROWS) {
      const T *x = a + i * a_row;
      T *out = y + i * ldy;
      ptrdiff_t j = 0;
#define SUMS(rows, vectors)                                                                                                              \
  for (; j + vectors * FX_LANES <= n; j += vectors * FX_LANES)                                                                           \
    FX(sums)(rows, vectors, depth, x, a_row, a_col, w + j, ldw, out + j, ldy, FX_LANES);                                                 \
  for (; j < n; j += FX_LANES) FX(sums)(rows, 1, depth, x, a_row, a_col, w + j, ldw, out + j, ldy, min_size(FX_LANES, n - j))
      FOR_ROWS(min_size(MOST_ROWS, m - i), SUMS)
#undef SUMS
    }
  }
}

#undef DEPTH
#undef MOST_ROWS
#undef FOR_ROWS
#endif
