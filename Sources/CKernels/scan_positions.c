// The position of the largest or smallest element so far, along an axis.
#include "turned.h"

#define COLUMN_BLOCK 512

// Of equals the last counts, and of NaN's too.
#define POSITIONS(S, T, BETTER)                                                                               \
  FX_CLONES static void positions_##S(ptrdiff_t n, ptrdiff_t inner, ptrdiff_t step, const T *x, int64_t *y) { \
    T best[COLUMN_BLOCK];                                                                                     \
    int64_t where[COLUMN_BLOCK];                                                                              \
    if (inner == 1 && n > 0) {                                                                                \
      T top = *x;                                                                                             \
      int64_t at = 0;                                                                                         \
      for (ptrdiff_t k = 0; k < n; k++) {                                                                     \
        T v = x[k * step];                                                                                    \
        int take = (v BETTER top) | (v != v);                                                                 \
        top = take ? v : top;                                                                                 \
        at = take ? (int64_t)k : at;                                                                          \
        y[k * step] = at;                                                                                     \
      }                                                                                                       \
      return;                                                                                                 \
    }                                                                                                         \
    for (ptrdiff_t start = 0; start < inner; start += COLUMN_BLOCK) {                                         \
      ptrdiff_t count = min_size(COLUMN_BLOCK, inner - start);                                                \
      for (ptrdiff_t i = 0; i < count; i++) best[i] = 0, where[i] = 0;                                        \
      for (ptrdiff_t k = 0; k < n; k++) {                                                                     \
        const T *from = x + k * step + start;                                                                 \
        int64_t *to = y + k * step + start;                                                                   \
        FX_INDEPENDENT for (ptrdiff_t i = 0; i < count; i++) {                                                \
          T v = from[i];                                                                                      \
          int take = (k == 0) | (v BETTER best[i]) | (v != v);                                                \
          best[i] = take ? v : best[i];                                                                       \
          where[i] = take ? (int64_t)k : where[i];                                                            \
          to[i] = where[i];                                                                                   \
        }                                                                                                     \
      }                                                                                                       \
    }                                                                                                         \
  }
// Many rows: some of them together, turned, stretch by stretch; more would be in too many pages of memory at once. I is an integer of
// ISIZE bytes, as wide as the element where that will do.
#define STRETCH 32
#define TOGETHER 16
#define EACH_OF_THEM for (ptrdiff_t r = 0; r < TOGETHER; r++)
#define WIDEN_4(rows, n, where, apart, to)                                                                    \
  uint32_t back[STRETCH * TOGETHER];                                                                              \
  unturn_4(rows, n, where, n, back);                                                                          \
  for (ptrdiff_t r = 0; r < rows; r++)                                                                        \
    for (ptrdiff_t j = 0; j < n; j++) (to)[r * (apart) + j] = (int64_t)back[r * n + j];
#define WIDEN_8(rows, n, where, apart, to) unturn_8(rows, n, where, apart, to);
#define TURNED_POSITIONS(NAME, SIZE, T, ISIZE, I, BETTER)                                                     \
  FX_CLONES static void turned_##NAME(ptrdiff_t rows, ptrdiff_t apart, ptrdiff_t n, const T *x, int64_t *y) { \
    T tile[STRETCH * TILE], best[TOGETHER];                                                                   \
    I where[STRETCH * TILE], at[TOGETHER];                                                                    \
    for (ptrdiff_t start = 0; start < rows; start += TOGETHER, x += TOGETHER * apart, y += TOGETHER * apart) { \
      ptrdiff_t count = min_size(TOGETHER, rows - start);                                                     \
      if (count < TOGETHER) memset(tile, 0, sizeof tile);                                                     \
      for (ptrdiff_t k = 0; k < n; k += STRETCH) {                                                            \
        ptrdiff_t length = min_size(STRETCH, n - k);                                                          \
        turn_##SIZE(count, length, x + k, apart, 1, tile);                                                    \
        if (k == 0) EACH_OF_THEM best[r] = tile[r], at[r] = 0;                                                \
        for (ptrdiff_t j = 0; j < length; j++)                                                                \
          EACH_OF_THEM {                                                                                      \
            T v = tile[j * TILE + r], l = best[r];                                                            \
            int take = (v BETTER l) | (v != v);                                                               \
            best[r] = take ? v : l;                                                                           \
            at[r] = take ? (I)(k + j) : at[r];                                                                \
            where[j * TILE + r] = at[r];                                                                      \
          }                                                                                                   \
        WIDEN_##ISIZE(count, length, where, apart, y + k)                                                     \
      }                                                                                                       \
    }                                                                                                         \
  }

#define BOTH_POSITIONS(S, SIZE, T, ISIZE, I)         \
  TURNED_POSITIONS(max_##S, SIZE, T, ISIZE, I, >=)   \
  TURNED_POSITIONS(min_##S, SIZE, T, ISIZE, I, <=)   \
  POSITIONS(max_##S, T, >=)      \
  POSITIONS(min_##S, T, <=)
BOTH_POSITIONS(f32, 4, float, 4, uint32_t)
BOTH_POSITIONS(f64, 8, double, 8, uint64_t)
BOTH_POSITIONS(i32, 4, int32_t, 4, uint32_t)
BOTH_POSITIONS(i64, 8, int64_t, 8, uint64_t)
BOTH_POSITIONS(b, 1, uint8_t, 4, uint32_t)

#define POSITIONS_CASE(DTYPE, S, T)                                                                           \
  case DTYPE:                                                                                                 \
    if (is_turned && largest) turned_max_##S(outer, rows, n, x, y);                                           \
    else if (is_turned) turned_min_##S(outer, rows, n, x, y);                                                 \
    else for (ptrdiff_t o = 0; o < outer; o++) {                                                              \
      if (largest) positions_max_##S(n, inner, step, (const T *)x + o * rows, y + o * rows);                  \
      else positions_min_##S(n, inner, step, (const T *)x + o * rows, y + o * rows);                          \
    }                                                                                                         \
    break;

void fx_scan_positions(int largest, int dtype, ptrdiff_t outer, ptrdiff_t rows, ptrdiff_t n, ptrdiff_t step, ptrdiff_t inner,
                       const void *x, int64_t *y) {
  int is_turned = inner == 1 && step == 1 && outer >= FEW_ROWS && n <= (ptrdiff_t)UINT32_MAX;
  switch (dtype) {
    POSITIONS_CASE(FX_F32, f32, float)
    POSITIONS_CASE(FX_F64, f64, double)
    POSITIONS_CASE(FX_I32, i32, int32_t)
    POSITIONS_CASE(FX_I64, i64, int64_t)
    POSITIONS_CASE(FX_BOOL, b, uint8_t)
  }
}
