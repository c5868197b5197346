// Reductions of one axis: along rows (the axis is contiguous, or else gathered block by block), along columns (what lies beside is contiguous, so whole
// rows are joined element by element) and of many short rows. Positions of extremes are in extremes.c.
#ifndef FX_PASS
#define FX_FILE "reduce.c"
#define FX_ELEMENTS
#include "turned.h"

// Columns at a time, and after how many rows their accumulators are emptied.
#define COLUMN_BLOCK 512
#define ROW_BLOCK 64

#include "targets.h"

void fx_reduce(int op, int dtype, ptrdiff_t outer, ptrdiff_t n, ptrdiff_t inner, const ptrdiff_t strides[3], const void *x, void *y) {
  if (outer <= 0 || inner <= 0 || op < 0 || op > FX_R_ARGMIN || dtype < 0 || dtype > FX_BOOL) return;
  ptrdiff_t steps[3] = {strides[0], strides[1], strides[2]};
  if (inner == 1 && steps[0] == 1 && steps[1] != 1) {  // a transposed matrix: its rows are columns
    inner = outer, outer = 1;
    steps[2] = steps[0], steps[0] = 0;
  }
  // A few columns only are gathered instead: their loop would be all remainder.
  reduction_way way = inner >= 8 && steps[2] == 1 ? COLUMNS : ROWS;
  // Rows one after the other along some axis, each shorter than the lanes of one.
  int is_grid = outer > 1 && inner > 1;
  if (way == ROWS && !is_grid && n > 0 && n <= SHORT_ROW && outer * inner >= FEW_ROWS) {
    way = SHORT_ROWS;
    if (outer == 1) outer = inner, inner = 1, steps[0] = steps[2];
  }
  if (op >= FX_R_ARGMAX) fx_extreme_positions(op == FX_R_ARGMAX, dtype, way, outer, n, inner, steps, x, y);
  else FX_DISPATCH_ELEMENTS(dtype, reduce, way, op, outer, n, inner, steps, x, y);
}

void fx_reduce_join(int op, int dtype, int bands, ptrdiff_t outer, ptrdiff_t n, ptrdiff_t inner, const void *x, void *y) {
  if (op >= 0 && op <= FX_R_ALL) FX_DISPATCH_ELEMENTS(dtype, join, op, bands, outer, n, inner, x, y);
}

#else
#include "turned.h"

// Not worth vectors: such a loop waits for memory.
FX_FUNCTION void FX(collect)(ptrdiff_t n, const T *x, ptrdiff_t s, T *out) {
  _Pragma("clang loop vectorize(disable)") for (ptrdiff_t j = 0; j < n; j++) out[j] = x[j * s];
}

#define REDUCTION sum
#define TOTAL FX_TOTAL
#define INIT 0
#define STEP l + v
#include "reduce_axis.h"
#define REDUCTION prod
#define TOTAL FX_TOTAL
#define INIT 1
#define STEP l * v
#include "reduce_axis.h"
#ifndef FX_IS_BOOL
#define REDUCTION max
#define TOTAL T
#define INIT FX_LOWEST
#define STEP ((v > l) | FX_IS_NAN(v)) ? v : l
#ifndef FX_IS_INTEGER
#define BETTER >
#endif
#include "reduce_axis.h"
#define REDUCTION min
#define TOTAL T
#define INIT FX_HIGHEST
#define STEP ((v < l) | FX_IS_NAN(v)) ? v : l
#ifndef FX_IS_INTEGER
#define BETTER <
#endif
#include "reduce_axis.h"
#endif

// Any and all: whether there is an element that is not 0, or that is. Truth values are all bits of an integer as wide as the element, so that they are
// joined in its lanes.
FX_INLINE FX_UNSIGNED FX(is_true)(T v) { return (FX_UNSIGNED)(0 - (FX_UNSIGNED)(v != 0)); }

FX_INLINE FX_UNSIGNED FX(find_in_row)(FX_UNSIGNED turned, ptrdiff_t n, ptrdiff_t s, const T *row) {
  FX_UNSIGNED some = 0;
  if (s == 1) for (ptrdiff_t k = 0; k < n; k++) some |= FX(is_true)(row[k]) ^ turned;
  else _Pragma("clang loop vectorize(disable)") for (ptrdiff_t k = 0; k < n; k++) some |= FX(is_true)(row[k * s]) ^ turned;
  return some;
}
FX_INLINE void FX(find_in_columns)(FX_UNSIGNED turned, ptrdiff_t n, ptrdiff_t count, ptrdiff_t s, const T *x, FX_UNSIGNED *found) {
  ptrdiff_t k = 0;
  for (; k + 4 <= n; k += 4) {
    const T *a = x + k * s, *b = a + s, *c = b + s, *d = c + s;
    for (ptrdiff_t i = 0; i < count; i++) {
      FX_UNSIGNED p = FX(is_true)(a[i]), q = FX(is_true)(b[i]), r = FX(is_true)(c[i]), t = FX(is_true)(d[i]);
      found[i] |= ((p | q | r | t) & ~turned) | (~(p & q & r & t) & turned);
    }
  }
  for (; k < n; k++)
    for (ptrdiff_t i = 0; i < count; i++) found[i] |= FX(is_true)(x[k * s + i]) ^ turned;
}

FX_FUNCTION void FX(find)(int all, reduction_way way, ptrdiff_t outer, ptrdiff_t n, ptrdiff_t inner, const ptrdiff_t *strides, const T *x, uint8_t *y) {
  FX_UNSIGNED found[COLUMN_BLOCK], turned = all ? (FX_UNSIGNED)-1 : 0;
  ptrdiff_t block = way == COLUMNS ? COLUMN_BLOCK : 1;
  for (ptrdiff_t o = 0; o < outer; o++)
    for (ptrdiff_t start = 0; start < inner; start += block) {
      ptrdiff_t count = min_size(block, inner - start);
      const T *from = x + o * strides[0] + start * strides[2];
      for (ptrdiff_t i = 0; i < count; i++) found[i] = 0;
      if (way == COLUMNS) FX(find_in_columns)(turned, n, count, strides[1], from, found);
      else found[0] = FX(find_in_row)(turned, n, strides[1], from);
      for (ptrdiff_t i = 0; i < count; i++) y[o * inner + start + i] = (found[i] != 0) != all;
    }
}

// The same of many short rows.
FX_FUNCTION void FX(find_short)(int all, ptrdiff_t rows, ptrdiff_t n, const ptrdiff_t *strides, const T *x, uint8_t *y) {
  T tile[SHORT_ROW * TILE];
  if (rows < TILE) memset(tile, 0, (size_t)n * TILE * sizeof *tile);
  for (ptrdiff_t start = 0; start < rows; start += TILE) {
    ptrdiff_t count = min_size(TILE, rows - start);
    FX_UNSIGNED found[TILE] = {0}, turned = all ? (FX_UNSIGNED)-1 : 0;
    FX(turn)(count, n, x + start * strides[0], strides[0], strides[1], tile);
    for (ptrdiff_t j = 0; j < n; j++) EACH_ROW found[r] |= FX(is_true)(tile[j * TILE + r]) ^ turned;
    for (ptrdiff_t r = 0; r < count; r++) y[start + r] = (found[r] != 0) != all;
  }
}

static void FX(reduce)(reduction_way way, int op, ptrdiff_t outer, ptrdiff_t n, ptrdiff_t inner, const ptrdiff_t *strides, const T *x, void *y) {
  if (op == FX_R_SUM) return FX(axis_sum)(way, outer, n, inner, strides, x, y);
  if (op == FX_R_PROD) return FX(axis_prod)(way, outer, n, inner, strides, x, y);
#ifndef FX_IS_BOOL
  if (op == FX_R_MAX) return FX(axis_max)(way, outer, n, inner, strides, x, y);
  if (op == FX_R_MIN) return FX(axis_min)(way, outer, n, inner, strides, x, y);
#endif
  int any = op == FX_R_ANY || op == FX_R_MAX;
  if (way == SHORT_ROWS) FX(find_short)(!any, outer, n, strides, x, y);
  else FX(find)(!any, way, outer, n, inner, strides, x, y);
}

static void FX(join)(int op, int bands, ptrdiff_t outer, ptrdiff_t n, ptrdiff_t inner, const void *x, void *y) {
#ifdef FX_IS_BOOL
  // Truth values come to the same in any order.
  int any = op == FX_R_ANY || op == FX_R_MAX;
  const uint8_t *values = x;
  uint8_t *to = y;
  for (ptrdiff_t o = 0; o < outer; o++)
    for (ptrdiff_t i = 0; i < inner; i++) {
      int found = !any;
      for (ptrdiff_t k = 0; k < n; k++) found = any ? found | values[(o * n + k) * inner + i] : found & values[(o * n + k) * inner + i];
      to[o * inner + i] = (uint8_t)found;
    }
#else
  if (op == FX_R_SUM) FX(join_all_sum)(bands, outer, n, inner, x, y);
  if (op == FX_R_PROD) FX(join_all_prod)(bands, outer, n, inner, x, y);
  if (op == FX_R_MAX) FX(join_all_max)(bands, outer, n, inner, x, y);
  if (op == FX_R_MIN) FX(join_all_min)(bands, outer, n, inner, x, y);
#endif
}

#endif
