// The gradient of products: for each element dy times the product of the others, without a division, so that zeros are like any number.
//
// A tree: products of the first half's elements and their fellows in the second, of those again, up to the product of all; on the way
// back each gets what its parent has times its fellow. Some four multiplications an element, of whole vectors but for the last levels.
#ifndef FX_PASS
#define FX_FILE "others.c"
#define FX_FLOATS
#include "turned.h"

// Columns at a time: what is above the elements stays in the second-level cache.
#define STRIP 64

#include "targets.h"

ptrdiff_t fx_product_others_memory(int dtype, ptrdiff_t n, ptrdiff_t inner) {
  return (n + 64) * min_size(STRIP, inner) * (dtype == FX_F32 ? 4 : 8);
}

void fx_product_others(int dtype, ptrdiff_t outer, ptrdiff_t n, ptrdiff_t inner, ptrdiff_t count, const void *x, const void *dy,
                       void *memory, void *dx) {
  if (n > 0) FX_DISPATCH(dtype, product_others, outer, n, inner, count, x, dy, memory, dx);
}

#else
#include "turned.h"

// Of n elements of `width` columns beside each other, the next ones `step` behind; levels has room for (n + 64) · width.
FX_FUNCTION void FX(others)(ptrdiff_t n, ptrdiff_t width, ptrdiff_t step, const T *x, const T *dy, T *levels, T *dx) {
  T *at[64];
  ptrdiff_t counts[64], top = 0;
  if (n == 1) {
    memcpy(dx, dy, (size_t)width * sizeof(T));
    return;
  }
  counts[0] = n, at[1] = levels;
  for (ptrdiff_t m = n; m > 1; top++) {
    ptrdiff_t half = m / 2, s = top ? width : step;
    const T *from = top ? at[top] : x;
    T *to = at[top + 1];
    // Rows that lie one after the other are one long row.
    ptrdiff_t rows = s == width ? 1 : half, length = s == width ? half * width : width;
    for (ptrdiff_t k = 0; k < rows; k++) {
      const T *first = from + k * s, *second = from + (half + k) * s;
      FX_INDEPENDENT for (ptrdiff_t i = 0; i < length; i++) to[k * width + i] = first[i] * second[i];
    }
    if (m & 1) memcpy(to + half * width, from + (m - 1) * s, (size_t)width * sizeof(T));
    m -= half;
    counts[top + 1] = m, at[top + 2] = to + m * width;
  }
  const T *parents = dy;
  for (ptrdiff_t level = top - 1; level >= 0; level--) {
    ptrdiff_t m = counts[level], half = m / 2, s = level ? width : step;
    const T *from = level ? at[level] : x;
    T *to = level ? at[level] : dx;
    ptrdiff_t rows = s == width ? 1 : half, length = s == width ? half * width : width;
    for (ptrdiff_t k = 0; k < rows; k++) {
      const T *first = from + k * s, *second = from + (half + k) * s;
      T *to_first = to + k * s, *to_second = to + (half + k) * s;
      FX_INDEPENDENT for (ptrdiff_t i = 0; i < length; i++) {
        T d = parents[k * width + i], a = first[i], b = second[i];
        to_first[i] = d * b, to_second[i] = d * a;
      }
    }
    if (m & 1) memcpy(to + (m - 1) * s, parents + half * width, (size_t)width * sizeof(T));
    parents = to;
  }
}

static void FX(product_others)(ptrdiff_t outer, ptrdiff_t n, ptrdiff_t inner, ptrdiff_t count, const T *x, const T *dy, T *levels, T *dx) {
  if (inner == 1 && n <= SHORT_ROW && outer >= FEW_ROWS) {
    T tile[SHORT_ROW * TILE], above[(SHORT_ROW + 64) * TILE], gradient[SHORT_ROW * TILE], d[TILE] = {0};
    memset(tile, 0, (size_t)n * TILE * sizeof *tile);
    for (ptrdiff_t start = 0; start < outer; start += TILE) {
      ptrdiff_t rows = min_size(TILE, outer - start);
      FX(turn)(rows, n, x + start * n, n, 1, tile);
      memcpy(d, dy + start, (size_t)rows * sizeof(T));
      FX(others)(n, TILE, TILE, tile, d, above, gradient);
      FX(unturn)(rows, n, gradient, n, dx + start * n);
    }
    return;
  }
  for (ptrdiff_t o = 0; o < outer; o++, x += n * inner, dx += n * inner, dy += inner)
    for (ptrdiff_t i = 0; i < count; i += STRIP) FX(others)(n, min_size(STRIP, count - i), inner, x + i, dy + i, levels, dx + i);
}

#endif
