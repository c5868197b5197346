// The products between Winograd's transforms: for each of a tile's 36 numbers a matrix product, tiles by channels by outputs.
//
// The way back adds and subtracts large sums, so their roundings are what the result's error is made of. A sum is therefore one of sums over
// 64, and those of sums over 8: its error is half of that of one long sum. Its order depends on nothing but its length.
#ifndef FX_PASS
#define FX_FILE "winograd_product.c"
#define FX_FLOATS
#define FX_VECTORS
#include "kernels.h"

enum { shorter = 8, longer = 64 };

// Cut evenly: a tile of few rows waits for its sums.
FX_INLINE ptrdiff_t rows_from(ptrdiff_t i, ptrdiff_t count, ptrdiff_t parts) { return count * i / parts; }

#include "targets.h"

void fx_winograd_products(ptrdiff_t count, ptrdiff_t channels, ptrdiff_t outputs, const float *v, const float *u, float *m,
                          ptrdiff_t lead) {
  FX_AT(products_f32)(count, channels, outputs, v, u, m, lead);
}

void fx_winograd_products_adjoint(ptrdiff_t count, ptrdiff_t outputs, ptrdiff_t wide, const float *m, ptrdiff_t lead, const float *v,
                                  int adds, float *u) {
  FX_AT(products_adjoint_f32)(count, outputs, wide, m, lead, v, adds, u);
}

#elif FX_IS_F32
#include "product_tile.h"

// The rows of a tile: with 32 registers both the sums and those of eight stay there.
#undef TALLEST
#if FX_REGISTERS == 32
#define TALLEST 7
#else
#define TALLEST FX_TILE_ROWS
#endif

// How the operands of a tile lie: a's element (row i, k) at i·a_row + k·a_step, b's vector (k, j) at k·b_step + j·b_vector, but every FX_LANES of k
// a goes on a_block later, b b_block.
typedef struct { ptrdiff_t a_row, a_step, a_block, b_step, b_vector, b_block; } FX(layout);

// `rows` × `vectors` of c, summed over k.
FX_INLINE void FX(tile)(int rows, int vectors, FX(layout) l, ptrdiff_t k, const T *a, const T *b, int adds, T *c, ptrdiff_t lead) {
  for (ptrdiff_t first = 0; first < k; first += longer, adds = 1) {
    VEC totals[FX_TILE_MOST];
    FX(tile_clear)(rows, vectors, totals);
    for (ptrdiff_t start = first, end = min_size(k, first + longer), count; start < end; start += count) {
      VEC sums[FX_TILE_MOST];
      FX(tile_clear)(rows, vectors, sums);
      count = min_size(shorter, end - start);
      for (ptrdiff_t part = 0; part < count; part += FX_LANES) {
        ptrdiff_t p = start + part;
        FX(tile_sum)(rows, vectors, sums, min_size(count - part, FX_LANES), a + p / FX_LANES * l.a_block + p % FX_LANES * l.a_step, l.a_row,
                     l.a_step, b + p / FX_LANES * l.b_block + p % FX_LANES * l.b_step, l.b_step, l.b_vector, FX_LANES);
      }
      FX(tile_total)(rows, vectors, totals, sums);
    }
    FX(tile_write)(rows, vectors, totals, adds, c, lead, FX_LANES);
  }
}

FX_INLINE void FX(tile_of)(ptrdiff_t rows, int vectors, FX(layout) l, ptrdiff_t k, const T *a, const T *b, int adds, T *c, ptrdiff_t lead) {
  switch (rows) {
    case 1: return FX(tile)(1, vectors, l, k, a, b, adds, c, lead);
    case 2: return FX(tile)(2, vectors, l, k, a, b, adds, c, lead);
    case 3: return FX(tile)(3, vectors, l, k, a, b, adds, c, lead);
    case 4: return FX(tile)(4, vectors, l, k, a, b, adds, c, lead);
    case 5: return FX(tile)(5, vectors, l, k, a, b, adds, c, lead);
    case 6: return FX(tile)(6, vectors, l, k, a, b, adds, c, lead);
#if TALLEST == 7
    case 7: return FX(tile)(7, vectors, l, k, a, b, adds, c, lead);
#endif
  }
}

static void FX(products)(ptrdiff_t count, ptrdiff_t channels, ptrdiff_t outputs, const T *v, const T *u, T *m, ptrdiff_t lead) {
  ptrdiff_t parts = (count + TALLEST - 1) / TALLEST, k = (channels + FX_LANES - 1) / FX_LANES * FX_LANES;
  FX(layout) l = {FX_LANES, 1, count * FX_LANES, 2 * FX_LANES, FX_LANES, 2 * FX_LANES * FX_LANES};
  for (ptrdiff_t i = 0; i < parts; i++) {
    ptrdiff_t from = rows_from(i, count, parts), rows = rows_from(i + 1, count, parts) - from;
    if (outputs > FX_LANES) FX(tile_of)(rows, 2, l, k, v + from * FX_LANES, u, 0, m + from * lead, lead);
    else FX(tile_of)(rows, 1, l, k, v + from * FX_LANES, u, 0, m + from * lead, lead);
  }
}

static void FX(products_adjoint)(ptrdiff_t count, ptrdiff_t outputs, ptrdiff_t wide, const T *m, ptrdiff_t lead, const T *v, int adds,
                                 T *u) {
  ptrdiff_t parts = (outputs + TALLEST - 1) / TALLEST;
  FX(layout) l = {1, lead, lead * FX_LANES, FX_LANES, count * FX_LANES, FX_LANES * FX_LANES};
  for (ptrdiff_t c = 0; c < wide; c += 2 * FX_LANES)
    for (ptrdiff_t i = 0; i < parts; i++) {
      ptrdiff_t from = rows_from(i, outputs, parts), rows = rows_from(i + 1, outputs, parts) - from;
      if (c + FX_LANES < wide) FX(tile_of)(rows, 2, l, count, m + from, v + c * count, adds, u + from * wide + c, wide);
      else FX(tile_of)(rows, 1, l, count, m + from, v + c * count, adds, u + from * wide + c, wide);
    }
}

#endif
