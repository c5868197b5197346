// One reduction of an axis, in a pass of targets.h: along rows, along columns and of many short rows. Included with the parameters of reduction.h.
#define OWN(part) FX_JOIN(FX_PAIR(part, REDUCTION), FX_TYPE, FX_LEVEL)
#define AXIS
#include "reduction.h"

// Rows; what is not contiguous is gathered block by block.
FX_FUNCTION void OWN(rows)(ptrdiff_t outer, ptrdiff_t n, ptrdiff_t inner, const ptrdiff_t *strides, const T *x, TOTAL *y) {
  T gathered[2 * BLOCK];
  ptrdiff_t s = strides[1], half = n / (2 * BLOCK) * BLOCK;
  for (ptrdiff_t o = 0; o < outer; o++)
    for (ptrdiff_t i = 0; i < inner; i++) {
      const T *row = x + o * strides[0] + i * strides[2];
      OWN(cascade) c;
      c.count = 0, c.depth = 0;
      for (ptrdiff_t k = 0; k < half; k += BLOCK) {
        const T *a = row + k, *b = a + half;
        if (s != 1) {
          FX(collect)(BLOCK, row + k * s, s, gathered), a = gathered;
          FX(collect)(BLOCK, row + (half + k) * s, s, gathered + BLOCK), b = gathered + BLOCK;
        }
        OWN(push)(&c, OWN(pair)(a, b));
      }
      for (ptrdiff_t k = 2 * half; k < n; k += BLOCK) {
        ptrdiff_t count = min_size(BLOCK, n - k);
        const T *block = row + k;
        if (s != 1) FX(collect)(count, row + k * s, s, gathered), block = gathered;
        OWN(push)(&c, OWN(block)(count, block));
      }
      y[o * inner + i] = OWN(total)(&c);
    }
}

// Adds up rows from ..< to of `count` columns, four at a time.
FX_INLINE void OWN(add_rows)(ptrdiff_t from, ptrdiff_t to, ptrdiff_t count, ptrdiff_t s, const T *x, TOTAL *y) {
  ptrdiff_t k = from;
  for (; k + 4 <= to; k += 4) {
    const T *a = x + k * s, *b = a + s, *c = b + s, *d = c + s;
    for (ptrdiff_t i = 0; i < count; i++)
      y[i] = OWN(join)(y[i], OWN(join)(OWN(join)((TOTAL)a[i], (TOTAL)b[i]), OWN(join)((TOTAL)c[i], (TOTAL)d[i])));
  }
  for (; k < to; k++)
    for (ptrdiff_t i = 0; i < count; i++) y[i] = OWN(step)(y[i], x[k * s + i]);
}

// Columns beside each other. Accumulators of up to 512 stay in the first-level cache. Those of floats are emptied into a second row of accumulators
// every 64 rows, that one into a third every 64 times: the error stays small for any n.
FX_FUNCTION void OWN(strip)(ptrdiff_t n, ptrdiff_t count, ptrdiff_t s, const T *x, TOTAL *y) {
  TOTAL first[COLUMN_BLOCK];
  for (ptrdiff_t i = 0; i < count; i++) first[i] = INIT;
#ifdef FX_IS_INTEGER
  OWN(add_rows)(0, n, count, s, x, first);
  memcpy(y, first, (size_t)count * sizeof *y);
#else
  TOTAL second[COLUMN_BLOCK], third[COLUMN_BLOCK];
  for (ptrdiff_t i = 0; i < count; i++) second[i] = third[i] = INIT;
  ptrdiff_t emptied = 0;
  for (ptrdiff_t start = 0; start < n; start += ROW_BLOCK) {
    OWN(add_rows)(start, min_size(n, start + ROW_BLOCK), count, s, x, first);
    for (ptrdiff_t i = 0; i < count; i++) second[i] = OWN(join)(second[i], first[i]), first[i] = INIT;
    if (++emptied % ROW_BLOCK != 0) continue;
    for (ptrdiff_t i = 0; i < count; i++) third[i] = OWN(join)(third[i], second[i]), second[i] = INIT;
  }
  for (ptrdiff_t i = 0; i < count; i++) y[i] = OWN(join)(third[i], second[i]);
#endif
}

// Many short rows, a tile at a time.
FX_FUNCTION void OWN(tiles)(ptrdiff_t rows, ptrdiff_t n, ptrdiff_t step, ptrdiff_t along, const T *x, TOTAL *y) {
  T tile[SHORT_ROW * TILE];
  TOTAL results[TILE];
  if (rows < TILE) memset(tile, 0, (size_t)n * TILE * sizeof *tile);
  for (ptrdiff_t start = 0; start < rows; start += TILE) {
    ptrdiff_t count = min_size(TILE, rows - start);
    FX(turn)(count, n, x + start * step, step, along, tile);
    OWN(tile)(n, tile, results);
    memcpy(y + start, results, (size_t)count * sizeof(TOTAL));
  }
}

static void OWN(axis)(reduction_way way, ptrdiff_t outer, ptrdiff_t n, ptrdiff_t inner, const ptrdiff_t *strides, const T *x, TOTAL *y) {
  if (way == ROWS) OWN(rows)(outer, n, inner, strides, x, y);
  if (way == SHORT_ROWS) OWN(tiles)(outer, n, strides[0], strides[1], x, y);
  if (way != COLUMNS) return;
  for (ptrdiff_t o = 0; o < outer; o++)
    for (ptrdiff_t i = 0; i < inner; i += COLUMN_BLOCK)
      OWN(strip)(n, min_size(COLUMN_BLOCK, inner - i), strides[1], x + o * strides[0] + i, y + o * inner + i);
}

// What follows a row's blocks, and a column's bands of ROW_BLOCK rows, where those were reduced one by one.
FX_FUNCTION void OWN(join_blocks)(ptrdiff_t outer, ptrdiff_t n, ptrdiff_t inner, const TOTAL *x, TOTAL *y) {
  for (ptrdiff_t o = 0; o < outer; o++)
    for (ptrdiff_t i = 0; i < inner; i++) {
      OWN(cascade) c;
      c.count = 0, c.depth = 0;
      for (ptrdiff_t k = 0; k < n; k++) OWN(push)(&c, x[(o * n + k) * inner + i]);
      y[o * inner + i] = OWN(total)(&c);
    }
}
FX_FUNCTION void OWN(join_bands)(ptrdiff_t outer, ptrdiff_t n, ptrdiff_t inner, const TOTAL *x, TOTAL *y) {
  TOTAL second[COLUMN_BLOCK], third[COLUMN_BLOCK];
  for (ptrdiff_t o = 0; o < outer; o++)
    for (ptrdiff_t start = 0; start < inner; start += COLUMN_BLOCK) {
      ptrdiff_t count = min_size(COLUMN_BLOCK, inner - start);
      for (ptrdiff_t i = 0; i < count; i++) second[i] = third[i] = INIT;
      for (ptrdiff_t k = 0; k < n; k++) {
        const TOTAL *first = x + (o * n + k) * inner + start;
        for (ptrdiff_t i = 0; i < count; i++) second[i] = OWN(join)(second[i], first[i]);
        if ((k + 1) % ROW_BLOCK != 0) continue;
        for (ptrdiff_t i = 0; i < count; i++) third[i] = OWN(join)(third[i], second[i]), second[i] = INIT;
      }
      for (ptrdiff_t i = 0; i < count; i++) y[o * inner + start + i] = OWN(join)(third[i], second[i]);
    }
}
FX_INLINE void OWN(join_all)(int bands, ptrdiff_t outer, ptrdiff_t n, ptrdiff_t inner, const TOTAL *x, TOTAL *y) {
  (bands ? OWN(join_bands) : OWN(join_blocks))(outer, n, inner, x, y);
}

#undef AXIS
#undef OWN
#undef REDUCTION
#undef TOTAL
#undef INIT
#undef STEP
