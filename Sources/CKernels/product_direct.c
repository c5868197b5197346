// Matrix products that are not worth packing: small ones, whole batches of them, and those of few rows with a matrix that stays in the caches.
//
// Rows of b are read where they lie; columns are turned into rows, some at a time. Every element is summed up in the order of k, as in product.c.
#ifndef FX_PASS
#define FX_FILE "product_direct.c"
#define FX_FLOATS
#define FX_VECTORS
#include "targets.h"

void fx_product_direct(int dtype, ptrdiff_t count, ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, const void *a, ptrdiff_t a_step, ptrdiff_t a_row,
                       ptrdiff_t a_col, const void *b, ptrdiff_t b_step, ptrdiff_t b_row, ptrdiff_t b_col, int adds, void *c,
                       ptrdiff_t c_step, ptrdiff_t ldc) {
  FX_DISPATCH(dtype, direct, count, m, n, k, a, a_step, a_row, a_col, b, b_step, b_row, b_col, adds, c, c_step, ldc);
}

#else
#include "product_tile.h"

// The rows of a tile of one and of more vectors, whose sums, row of b and broadcast fill the registers.
#define TALL 8
#if FX_REGISTERS == 32
#define TALLEST 8
#else
#define TALLEST 4
#endif
// The vectors of a strip.
#define WIDEST 3

// `padded` if all vectors of b are whole: what is beyond the last column is computed and not written.
FX_INLINE void FX(direct_tile)(int rows, int vectors, ptrdiff_t k, const T *a, ptrdiff_t a_row, ptrdiff_t a_col, const T *b, ptrdiff_t b_row,
                               int padded, int adds, T *c, ptrdiff_t ldc, ptrdiff_t last) {
  VEC sums[FX_TILE_MOST];
  FX(tile_clear)(rows, vectors, sums);
  if (padded || last == FX_LANES)
    FX(tile_sum)(rows, vectors, sums, k, a, a_row, a_col, b, b_row, FX_LANES, FX_LANES);
  else
    FX(tile_sum)(rows, vectors, sums, k, a, a_row, a_col, b, b_row, FX_LANES, last);
  FX(tile_write)(rows, vectors, sums, adds, c, ldc, last);
}

// All rows of so many vectors of columns.
FX_INLINE void FX(strip)(int vectors, ptrdiff_t m, ptrdiff_t k, const T *a, ptrdiff_t a_row, ptrdiff_t a_col, const T *b, ptrdiff_t b_row,
                         int padded, int adds, T *c, ptrdiff_t ldc, ptrdiff_t last) {
  if (vectors == 1 || TALLEST == TALL)
    for (; m >= TALL; m -= TALL, a += TALL * a_row, c += TALL * ldc)
      FX(direct_tile)(TALL, vectors, k, a, a_row, a_col, b, b_row, padded, adds, c, ldc, last);
  for (; m >= 4; m -= 4, a += 4 * a_row, c += 4 * ldc)
    FX(direct_tile)(4, vectors, k, a, a_row, a_col, b, b_row, padded, adds, c, ldc, last);
  if (m & 2) {
    FX(direct_tile)(2, vectors, k, a, a_row, a_col, b, b_row, padded, adds, c, ldc, last);
    a += 2 * a_row, c += 2 * ldc;
  }
  if (m & 1) FX(direct_tile)(1, vectors, k, a, a_row, a_col, b, b_row, padded, adds, c, ldc, last);
}

static void FX(strips)(ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, const T *a, ptrdiff_t a_row, ptrdiff_t a_col, const T *b, ptrdiff_t b_row,
                       int padded, int adds, T *c, ptrdiff_t ldc) {
  if (n > 2 * FX_LANES) return FX(strip)(3, m, k, a, a_row, a_col, b, b_row, padded, adds, c, ldc, n - 2 * FX_LANES);
  if (n > FX_LANES) return FX(strip)(2, m, k, a, a_row, a_col, b, b_row, padded, adds, c, ldc, n - FX_LANES);
  FX(strip)(1, m, k, a, a_row, a_col, b, b_row, padded, adds, c, ldc, n);
}

// Some rows of b as they would lie by rows, a vector of columns after the other: squares with rows and columns exchanged.
FX_INLINE void FX(turn)(ptrdiff_t n, ptrdiff_t k, const T *b, ptrdiff_t b_col, VEC *out, ptrdiff_t apart) {
  for (ptrdiff_t j = 0; j < n; j += FX_LANES)
    for (ptrdiff_t p = 0; p < k; p += FX_LANES) {
      VEC square[FX_LANES];
      ptrdiff_t steps = min_size(FX_LANES, k - p);
      FX_UNROLL for (ptrdiff_t i = 0; i < FX_LANES; i++)
        square[i] = j + i >= n          ? (VEC){0}
                    : steps == FX_LANES ? FX(load)(b + (j + i) * b_col + p)
                                        : FX(load_some)(b + (j + i) * b_col + p, steps);
      FX(transpose)(square);
      FX_UNROLL for (ptrdiff_t i = 0; i < FX_LANES; i++)
        if (i < steps) out[(p + i) * apart + j / FX_LANES] = square[i];
    }
}

static void FX(direct)(ptrdiff_t count, ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, const T *a, ptrdiff_t a_step, ptrdiff_t a_row, ptrdiff_t a_col,
                       const T *b, ptrdiff_t b_step, ptrdiff_t b_row, ptrdiff_t b_col, int adds, T *c, ptrdiff_t c_step, ptrdiff_t ldc) {
  // Strips of equal numbers of vectors: of four two and two.
  ptrdiff_t vectors = (n + FX_LANES - 1) / FX_LANES, strips = (vectors + WIDEST - 1) / WIDEST;
  ptrdiff_t width = strips > 0 ? (vectors + strips - 1) / strips * FX_LANES : 1;
  for (; count > 0; count--, a += a_step, b += b_step, c += c_step)
    for (ptrdiff_t j = 0; j < n; j += width) {
      ptrdiff_t columns = min_size(width, n - j);
      if (b_col == 1) {
        FX(strips)(m, columns, k, a, a_row, a_col, b + j, b_row, 0, adds, c + j, ldc);
        continue;
      }
      VEC turned[FX_TURNED * WIDEST];
      for (ptrdiff_t p = 0; p < k; p += FX_TURNED) {
        ptrdiff_t depth = min_size(FX_TURNED, k - p);
        FX(turn)(columns, depth, b + j * b_col + p * b_row, b_col, turned, width / FX_LANES);
        FX(strips)(m, columns, depth, a + p * a_col, a_row, a_col, (const T *)turned, width, 1, adds || p > 0, c + j, ldc);
      }
    }
}

#undef TALL
#undef TALLEST
#undef WIDEST
#endif
