// The position of the largest or smallest element so far, along an axis.
#ifndef FX_PASS
#define FX_FILE "scan_positions.c"
#define FX_ELEMENTS
#include "turned.h"

#define COLUMN_BLOCK 512
// Rows that go together, and elements of them at a time: more would be in too many pages of memory at once.
#define TOGETHER 16
#define STRETCH 32
#define EACH_OF_THEM for (ptrdiff_t r = 0; r < TOGETHER; r++)

#include "targets.h"

void fx_scan_positions(int largest, int dtype, ptrdiff_t outer, ptrdiff_t rows, ptrdiff_t n, ptrdiff_t step, ptrdiff_t inner,
                       const void *x, int64_t *y) {
  if (inner == 1 && step == 1 && outer >= FEW_ROWS && n <= (ptrdiff_t)UINT32_MAX)
    FX_DISPATCH_ELEMENTS(dtype, together, largest, outer, rows, n, x, y);
  else FX_DISPATCH_ELEMENTS(dtype, positions, largest, outer, rows, n, inner, step, x, y);
}

#else
#include "turned.h"

// Of equals the last counts, and of NaN's too.
FX_INLINE int FX(takes)(int largest, T v, T best) { return (largest ? v >= best : v <= best) | FX_IS_NAN(v); }

FX_INLINE void FX(row)(int largest, ptrdiff_t n, ptrdiff_t step, const T *x, int64_t *y) {
  T best = *x;
  int64_t at = 0;
  for (ptrdiff_t k = 0; k < n; k++) {
    T v = x[k * step];
    int take = FX(takes)(largest, v, best);
    best = take ? v : best;
    at = take ? (int64_t)k : at;
    y[k * step] = at;
  }
}

FX_INLINE void FX(columns)(int largest, ptrdiff_t n, ptrdiff_t inner, ptrdiff_t step, const T *x, int64_t *y) {
  T best[COLUMN_BLOCK];
  int64_t where[COLUMN_BLOCK];
  for (ptrdiff_t start = 0; start < inner; start += COLUMN_BLOCK) {
    ptrdiff_t count = min_size(COLUMN_BLOCK, inner - start);
    for (ptrdiff_t i = 0; i < count; i++) best[i] = 0, where[i] = 0;
    for (ptrdiff_t k = 0; k < n; k++) {
      const T *from = x + k * step + start;
      int64_t *to = y + k * step + start;
      FX_INDEPENDENT for (ptrdiff_t i = 0; i < count; i++) {
        T v = from[i];
        int take = (k == 0) | FX(takes)(largest, v, best[i]);
        best[i] = take ? v : best[i];
        where[i] = take ? (int64_t)k : where[i];
        to[i] = where[i];
      }
    }
  }
}

static void FX(positions)(int largest, ptrdiff_t outer, ptrdiff_t rows, ptrdiff_t n, ptrdiff_t inner, ptrdiff_t step, const T *x, int64_t *y) {
  if (n <= 0) return;
  for (ptrdiff_t o = 0; o < outer; o++, x += rows, y += rows)
    if (inner == 1) FX(row)(largest, n, step, x, y);
    else if (largest) FX(columns)(1, n, inner, step, x, y);
    else FX(columns)(0, n, inner, step, x, y);
}

// Many rows: some of them together, turned, stretch by stretch. Places are integers as wide as the element where that will do.
#ifdef FX_IS_BOOL
#define PLACE uint32_t
#define UNTURN_PLACES FX_JOIN(unturn, i32, FX_LEVEL)
#else
#define PLACE FX_UNSIGNED
#define UNTURN_PLACES FX(unturn)
#endif
FX_INLINE void FX(stretches)(int largest, ptrdiff_t rows, ptrdiff_t apart, ptrdiff_t n, const T *x, int64_t *y) {
  T tile[STRETCH * TILE], best[TOGETHER];
  PLACE where[STRETCH * TILE], back[STRETCH * TOGETHER], at[TOGETHER];
  for (ptrdiff_t start = 0; start < rows; start += TOGETHER, x += TOGETHER * apart, y += TOGETHER * apart) {
    ptrdiff_t count = min_size(TOGETHER, rows - start);
    if (count < TOGETHER) memset(tile, 0, sizeof tile);
    for (ptrdiff_t k = 0; k < n; k += STRETCH) {
      ptrdiff_t length = min_size(STRETCH, n - k);
      FX(turn)(count, length, x + k, apart, 1, tile);
      if (k == 0) EACH_OF_THEM best[r] = tile[r], at[r] = 0;
      for (ptrdiff_t j = 0; j < length; j++)
        EACH_OF_THEM {
          T v = tile[j * TILE + r], l = best[r];
          int take = FX(takes)(largest, v, l);
          best[r] = take ? v : l;
          at[r] = take ? (PLACE)(k + j) : at[r];
          where[j * TILE + r] = at[r];
        }
      UNTURN_PLACES(count, length, (const void *)where, length, (void *)back);
      for (ptrdiff_t r = 0; r < count; r++)
        for (ptrdiff_t j = 0; j < length; j++) y[r * apart + k + j] = (int64_t)back[r * length + j];
    }
  }
}

static void FX(together)(int largest, ptrdiff_t rows, ptrdiff_t apart, ptrdiff_t n, const T *x, int64_t *y) {
  if (largest) FX(stretches)(1, rows, apart, n, x, y);
  else FX(stretches)(0, rows, apart, n, x, y);
}
#undef PLACE
#undef UNTURN_PLACES

#endif
