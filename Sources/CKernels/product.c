// The parts of a matrix product of some size: operands packed into panels, and tiles of the result kept in registers.
//
// Packed operands lie as the innermost loop reads them: panels of FX_TILE_ROWS rows of a, or of FX_TILE_VECTORS vectors of columns of b, k after
// k. Every element of the result is summed up in the order of k by itself, so its bits do not depend on how a product is cut.
#ifndef FX_PASS
#define FX_FILE "product.c"
#define FX_FLOATS
#define FX_VECTORS
#include "targets.h"

int fx_product_rows(int dtype) { return FX_RESULT(dtype, panel_rows); }
int fx_product_columns(int dtype) { return FX_RESULT(dtype, panel_columns); }

void fx_product_pack(int dtype, int is_rows, ptrdiff_t lines, ptrdiff_t k, const void *x, ptrdiff_t across, ptrdiff_t along, void *out) {
  FX_DISPATCH(dtype, pack, is_rows, lines, k, x, across, along, out);
}

void fx_product_tiles(int dtype, ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, const void *a, const void *b, int adds, void *c, ptrdiff_t ldc) {
  FX_DISPATCH(dtype, tiles, m, n, k, a, b, adds, c, ldc);
}

#else
#include "product_tile.h"

#define COLUMNS (FX_TILE_VECTORS * FX_LANES)
// Panels that are packed side by side.
#define SEVERAL 8

static int FX(panel_rows)(void) { return FX_TILE_ROWS; }
static int FX(panel_columns)(void) { return COLUMNS; }

// MARK: Packing

// One panel: `width` lines (rows of a, columns of b) of which `lines` are there, the rest zeros; `across` from line to line, `along` k.
FX_INLINE void FX(panel)(ptrdiff_t width, ptrdiff_t lines, ptrdiff_t k, const T *x, ptrdiff_t across, ptrdiff_t along, T *out) {
  ptrdiff_t p = 0;
  if (along == 1)
    for (; p + FX_LANES <= k; p += FX_LANES)
      FX_UNROLL for (ptrdiff_t w = 0; w < width; w += FX_LANES) {
        VEC square[FX_LANES];
        FX_UNROLL for (ptrdiff_t i = 0; i < FX_LANES; i++)
          square[i] = w + i < lines ? FX(load)(x + (w + i) * across + p) : (VEC){0};
        FX(transpose)(square);
        FX_UNROLL for (ptrdiff_t i = 0; i < FX_LANES; i++)
          memcpy(out + (p + i) * width + w, &square[i], (size_t)min_size(width - w, FX_LANES) * sizeof(T));
      }
  for (; p < k; p++)
    for (ptrdiff_t w = 0; w < width; w++) out[p * width + w] = w < lines ? x[w * across + p * along] : 0;
}

// Panels of which each step of k is one stretch of memory: several at a time, so that whole rows are read one after the other.
FX_INLINE void FX(panels)(ptrdiff_t width, ptrdiff_t count, ptrdiff_t k, const T *x, ptrdiff_t along, T *out) {
  for (ptrdiff_t p = 0; p < k; p++, x += along)
    for (ptrdiff_t w = 0; w < count; w++) memcpy(out + (w * k + p) * width, x + w * width, (size_t)width * sizeof(T));
}

FX_INLINE void FX(pack_lines)(ptrdiff_t width, ptrdiff_t lines, ptrdiff_t k, const T *x, ptrdiff_t across, ptrdiff_t along, T *out) {
  while (lines > 0) {
    ptrdiff_t count = min_size(SEVERAL, lines / width);
    if (across == 1 && count > 0)
      FX(panels)(width, count, k, x, along, out);
    else
      FX(panel)(width, min_size(width, lines), k, x, across, along, out), count = 1;
    x += count * width * across, out += count * width * k, lines -= count * width;
  }
}

static void FX(pack)(int is_rows, ptrdiff_t lines, ptrdiff_t k, const T *x, ptrdiff_t across, ptrdiff_t along, T *out) {
  if (is_rows)
    FX(pack_lines)(FX_TILE_ROWS, lines, k, x, across, along, out);
  else
    FX(pack_lines)(COLUMNS, lines, k, x, across, along, out);
}

// MARK: Tiles

// A tile of packed operands, of which `kept` rows and `last` elements of the last vector are there.
FX_INLINE void FX(tile)(int rows, int vectors, ptrdiff_t kept, ptrdiff_t last, ptrdiff_t k, const T *a, const T *b, int adds, T *c,
                        ptrdiff_t ldc) {
  VEC sums[FX_TILE_MOST];
  FX(tile_clear)(rows, vectors, sums);
  // The result's rows lie far from each other: by the end of a long sum they are there.
  if (k >= 64)
    for (ptrdiff_t i = 0; i < kept; i++)
      for (int j = 0; j < vectors; j++) __builtin_prefetch(c + i * ldc + j * FX_LANES, 1);
  FX(tile_sum)(rows, vectors, sums, k, a, 1, FX_TILE_ROWS, b, COLUMNS, FX_LANES, FX_LANES);
  if (kept == rows && last == FX_LANES) return FX(tile_write)(rows, vectors, sums, adds, c, ldc, FX_LANES);
  FX_UNROLL for (int i = 0; i < rows; i++)
    if (i < kept) FX(tile_write)(1, vectors, sums + i * vectors, adds, c + i * ldc, ldc, last);
}

// By the rows, for so many vectors.
FX_INLINE void FX(tiles_of)(int vectors, ptrdiff_t kept, ptrdiff_t last, ptrdiff_t k, const T *a, const T *b, int adds, T *c, ptrdiff_t ldc) {
  if (kept > FX_TILE_SOME) return FX(tile)(FX_TILE_ROWS, vectors, kept, last, k, a, b, adds, c, ldc);
  if (kept > FX_TILE_FEW) return FX(tile)(FX_TILE_SOME, vectors, kept, last, k, a, b, adds, c, ldc);
  FX(tile)(FX_TILE_FEW, vectors, kept, last, k, a, b, adds, c, ldc);
}

static void FX(tiles)(ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, const T *a, const T *b, int adds, T *c, ptrdiff_t ldc) {
  for (ptrdiff_t j = 0; j < n; j += COLUMNS) {
    ptrdiff_t width = min_size(COLUMNS, n - j), vectors = (width + FX_LANES - 1) / FX_LANES, last = width - (vectors - 1) * FX_LANES;
    for (ptrdiff_t i = 0; i < m; i += FX_TILE_ROWS) {
      ptrdiff_t kept = min_size(FX_TILE_ROWS, m - i);
      const T *rows = a + i * k, *columns = b + j * k;
      T *out = c + i * ldc + j;
#if FX_TILE_VECTORS > 2
      if (vectors == 3) FX(tiles_of)(3, kept, last, k, rows, columns, adds, out, ldc);
#endif
      if (vectors == 2) FX(tiles_of)(2, kept, last, k, rows, columns, adds, out, ldc);
      if (vectors == 1) FX(tiles_of)(1, kept, last, k, rows, columns, adds, out, ldc);
    }
  }
}

#undef COLUMNS
#undef SEVERAL
#endif
