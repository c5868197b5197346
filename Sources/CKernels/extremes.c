// The first position of the largest or smallest element, or of the first NaN.
#ifndef FX_PASS
#define FX_FILE "extremes.c"
#define FX_ELEMENTS
#include "turned.h"
#define COLUMN_BLOCK 512
#include "targets.h"

void fx_extreme_positions(int largest, int dtype, reduction_way way, ptrdiff_t outer, ptrdiff_t n, ptrdiff_t inner, const ptrdiff_t *strides,
                          const void *x, int64_t *y) {
  if (n <= 0) return;
  if (way == COLUMNS && n > (ptrdiff_t)UINT32_MAX) way = ROWS;
  FX_DISPATCH_ELEMENTS(dtype, positions, way, largest, outer, n, inner, strides, x, y);
}

#else
#include "turned.h"

#define REDUCTION max
#define TOTAL T
#define INIT FX_LOWEST
#define STEP ((v > l) | FX_IS_NAN(v)) ? v : l
#ifndef FX_IS_INTEGER
#define BETTER >
#endif
#include "reduction.h"
#define REDUCTION min
#define TOTAL T
#define INIT FX_HIGHEST
#define STEP ((v < l) | FX_IS_NAN(v)) ? v : l
#ifndef FX_IS_INTEGER
#define BETTER <
#endif
#include "reduction.h"

static ptrdiff_t FX(find)(ptrdiff_t n, const T *x, T best) {
  ptrdiff_t i = 0;
  for (; i + WIDTH <= n; i += WIDTH) {
    FX_UNSIGNED found = 0;
    _Pragma("clang loop unroll(disable)") for (ptrdiff_t j = 0; j < WIDTH; j++) found |= (FX_UNSIGNED)((x[i + j] == best) | FX_IS_NAN(x[i + j]));
    if (found) break;
  }
  while (x[i] != best && !FX_IS_NAN(x[i])) i++;
  return i;
}

// Along rows: the extreme of each block first, in lanes; then the first element equal to it, in the one block that has it.
static void FX(rows)(int largest, ptrdiff_t outer, ptrdiff_t n, ptrdiff_t inner, const ptrdiff_t *strides, const T *x, int64_t *y) {
  T gathered[BLOCK];
  ptrdiff_t s = strides[1];
  for (ptrdiff_t o = 0; o < outer; o++)
    for (ptrdiff_t i = 0; i < inner; i++) {
      const T *row = x + o * strides[0] + i * strides[2];
      ptrdiff_t where = 0;
      T best = row[0];
      for (ptrdiff_t k = 0; k < n && !FX_IS_NAN(best); k += BLOCK) {
        ptrdiff_t count = min_size(BLOCK, n - k);
        if (s != 1)
          for (ptrdiff_t j = 0; j < count; j++) gathered[j] = row[(k + j) * s];
        const T *block = s == 1 ? row + k : gathered;
        T value = largest ? FX(block_max)(count, block) : FX(block_min)(count, block);
        if ((largest ? FX(join_max)(best, value) : FX(join_min)(best, value)) == best) continue;
        best = value, where = k;
      }
      ptrdiff_t count = min_size(BLOCK, n - where);
      if (s != 1)
        for (ptrdiff_t j = 0; j < count; j++) gathered[j] = row[(where + j) * s];
      y[o * inner + i] = where + FX(find)(count, s == 1 ? row + where : gathered, best);
    }
}

// Whether v takes the place of the best so far: a NaN does, of a number.
FX_INLINE int FX(takes)(int largest, T v, T best) { return (largest ? v > best : v < best) | (FX_IS_NAN(v) & !FX_IS_NAN(best)); }

// Along columns: the best row of each column so far, and its number in an integer as wide as the element.
FX_INLINE void FX(columns)(int largest, ptrdiff_t outer, ptrdiff_t n, ptrdiff_t inner, const ptrdiff_t *strides, const T *x, int64_t *y) {
#ifdef FX_IS_BOOL
  typedef uint32_t place;
#else
  typedef FX_UNSIGNED place;
#endif
  T best[COLUMN_BLOCK];
  place where[COLUMN_BLOCK];
  for (ptrdiff_t o = 0; o < outer; o++)
    for (ptrdiff_t start = 0; start < inner; start += COLUMN_BLOCK) {
      ptrdiff_t count = min_size(COLUMN_BLOCK, inner - start);
      const T *row = x + o * strides[0] + start;
      for (ptrdiff_t i = 0; i < count; i++) best[i] = row[i], where[i] = 0;
      for (ptrdiff_t k = 1; k < n; k++) {
        row += strides[1];
        for (ptrdiff_t i = 0; i < count; i++) {
          T v = row[i], l = best[i];
          int take = FX(takes)(largest, v, l);
          best[i] = take ? v : l;
          where[i] = take ? (place)k : where[i];
        }
      }
      for (ptrdiff_t i = 0; i < count; i++) y[o * inner + start + i] = (int64_t)where[i];
    }
}

FX_INLINE void FX(short_rows)(int largest, ptrdiff_t rows, ptrdiff_t n, const ptrdiff_t *strides, const T *x, int64_t *y) {
  T tile[SHORT_ROW * TILE], best[TILE];
  FX_UNSIGNED where[TILE];
  if (rows < TILE) memset(tile, 0, (size_t)n * TILE * sizeof *tile);
  for (ptrdiff_t start = 0; start < rows; start += TILE) {
    ptrdiff_t count = min_size(TILE, rows - start);
    FX(turn)(count, n, x + start * strides[0], strides[0], strides[1], tile);
    EACH_ROW best[r] = tile[r], where[r] = 0;
    for (ptrdiff_t j = 1; j < n; j++)
      EACH_ROW {
        T v = tile[j * TILE + r], l = best[r];
        int take = FX(takes)(largest, v, l);
        best[r] = take ? v : l;
        where[r] = take ? (FX_UNSIGNED)j : where[r];
      }
    for (ptrdiff_t r = 0; r < count; r++) y[start + r] = (int64_t)where[r];
  }
}

static void FX(positions)(reduction_way way, int largest, ptrdiff_t outer, ptrdiff_t n, ptrdiff_t inner, const ptrdiff_t *strides, const T *x,
                          int64_t *y) {
  if (way == ROWS) FX(rows)(largest, outer, n, inner, strides, x, y);
  else if (way == SHORT_ROWS && largest) FX(short_rows)(1, outer, n, strides, x, y);
  else if (way == SHORT_ROWS) FX(short_rows)(0, outer, n, strides, x, y);
  else if (largest) FX(columns)(1, outer, n, inner, strides, x, y);
  else FX(columns)(0, outer, n, inner, strides, x, y);
}

#endif
