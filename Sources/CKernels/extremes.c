// The first position of the largest or smallest element, or of the first NaN.
#include "lanes.h"

// Along rows: the extreme of each block first, in lanes; then the first element equal to it, in the one block that has it.
#define POSITIONS_IN_ROWS(NAME, T)                                                                            \
  FX_INLINE ptrdiff_t find_##NAME(ptrdiff_t n, const T *x, T best) {                                          \
    ptrdiff_t i = 0;                                                                                          \
    for (; i + FX_LANES <= n; i += FX_LANES) {                                                                \
      unsigned found = 0;                                                                                     \
      for (ptrdiff_t j = 0; j < FX_LANES; j++) found |= (x[i + j] == best) | (x[i + j] != x[i + j]);          \
      if (found) break;                                                                                       \
    }                                                                                                         \
    while (x[i] != best && x[i] == x[i]) i++;                                                                 \
    return i;                                                                                                 \
  }                                                                                                           \
  FX_CLONES static void rows_##NAME(ptrdiff_t outer, ptrdiff_t n, ptrdiff_t inner, const ptrdiff_t *strides,  \
                                    const T *x, int64_t *y) {                                                 \
    T gathered[FX_BLOCK];                                                                                     \
    ptrdiff_t s = strides[1];                                                                                 \
    for (ptrdiff_t o = 0; o < outer; o++)                                                                     \
      for (ptrdiff_t i = 0; i < inner; i++) {                                                                 \
        const T *row = x + o * strides[0] + i * strides[2];                                                   \
        ptrdiff_t where = 0;                                                                                  \
        T best = row[0];                                                                                      \
        for (ptrdiff_t k = 0; k < n && best == best; k += FX_BLOCK) {                                         \
          ptrdiff_t count = min_size(FX_BLOCK, n - k);                                                        \
          if (s != 1)                                                                                         \
            for (ptrdiff_t j = 0; j < count; j++) gathered[j] = row[(k + j) * s];                             \
          T value = block_##NAME(count, s == 1 ? row + k : gathered);                                         \
          if (join_##NAME(best, value) == best) continue;                                                     \
          best = value, where = k;                                                                            \
        }                                                                                                     \
        ptrdiff_t count = min_size(FX_BLOCK, n - where);                                                      \
        if (s != 1)                                                                                           \
          for (ptrdiff_t j = 0; j < count; j++) gathered[j] = row[(where + j) * s];                           \
        y[o * inner + i] = where + find_##NAME(count, s == 1 ? row + where : gathered, best);                 \
      }                                                                                                       \
  }

// Along columns: the best row of each column so far, and its number in an integer as wide as the element.
#define COLUMN_BLOCK 512
#define POSITIONS_IN_COLUMNS(NAME, T, I, BETTER)                                                              \
  FX_CLONES static void columns_##NAME(ptrdiff_t outer, ptrdiff_t n, ptrdiff_t inner,                         \
                                       const ptrdiff_t *strides, const T *x, int64_t *y) {                    \
    T best[COLUMN_BLOCK];                                                                                     \
    I where[COLUMN_BLOCK];                                                                                    \
    for (ptrdiff_t o = 0; o < outer; o++)                                                                     \
      for (ptrdiff_t start = 0; start < inner; start += COLUMN_BLOCK) {                                       \
        ptrdiff_t count = min_size(COLUMN_BLOCK, inner - start);                                              \
        const T *row = x + o * strides[0] + start;                                                            \
        for (ptrdiff_t i = 0; i < count; i++) best[i] = row[i], where[i] = 0;                                 \
        for (ptrdiff_t k = 1; k < n; k++) {                                                                   \
          row += strides[1];                                                                                  \
          for (ptrdiff_t i = 0; i < count; i++) {                                                             \
            T v = row[i], l = best[i];                                                                        \
            int take = (v BETTER l) | ((v != v) & (l == l));                                                  \
            best[i] = take ? v : l;                                                                           \
            where[i] = take ? (I)k : where[i];                                                                \
          }                                                                                                   \
        }                                                                                                     \
        for (ptrdiff_t i = 0; i < count; i++) y[o * inner + start + i] = (int64_t)where[i];                   \
      }                                                                                                       \
  }

#define POSITIONS_OF_FLOATS(S, T, I, INFINITE)                  \
  DEFINE_EXTREME(max_##S, T, I, -INFINITE, STEP_MAX, >)         \
  DEFINE_EXTREME(min_##S, T, I, INFINITE, STEP_MIN, <)          \
  POSITIONS(S, T, I)
#define POSITIONS_OF_INTEGERS(S, T, I, LOW, HIGH)   \
  DEFINE_LANES(max_##S, T, T, LOW, STEP_MAX)        \
  DEFINE_LANES(min_##S, T, T, HIGH, STEP_MIN)       \
  POSITIONS(S, T, I)
#define POSITIONS(S, T, I)                          \
  POSITIONS_IN_ROWS(max_##S, T)                     \
  POSITIONS_IN_ROWS(min_##S, T)                     \
  POSITIONS_IN_COLUMNS(max_##S, T, I, >)            \
  POSITIONS_IN_COLUMNS(min_##S, T, I, <)

POSITIONS_OF_FLOATS(f32, float, uint32_t, __builtin_inff())
POSITIONS_OF_FLOATS(f64, double, uint64_t, __builtin_inf())
POSITIONS_OF_INTEGERS(i32, int32_t, uint32_t, INT32_MIN, INT32_MAX)
POSITIONS_OF_INTEGERS(i64, int64_t, uint64_t, INT64_MIN, INT64_MAX)
POSITIONS_OF_INTEGERS(b, uint8_t, uint32_t, 0, 1)

#define CASE(DTYPE, S)                                                                                        \
  case DTYPE:                                                                                                 \
    if (largest && columns) columns_max_##S(outer, n, inner, strides, x, y);                                  \
    else if (largest) rows_max_##S(outer, n, inner, strides, x, y);                                           \
    else if (columns) columns_min_##S(outer, n, inner, strides, x, y);                                        \
    else rows_min_##S(outer, n, inner, strides, x, y);                                                        \
    break;

void fx_extreme_positions(int largest, int dtype, int columns, ptrdiff_t outer, ptrdiff_t n, ptrdiff_t inner,
                          const ptrdiff_t *strides, const void *x, int64_t *y) {
  if (n <= 0) return;
  columns = columns && n <= (ptrdiff_t)UINT32_MAX;
  switch (dtype) {
    CASE(FX_F32, f32)
    CASE(FX_F64, f64)
    CASE(FX_I32, i32)
    CASE(FX_I64, i64)
    CASE(FX_BOOL, b)
  }
}
