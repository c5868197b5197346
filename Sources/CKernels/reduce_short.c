// Reductions of many short rows, and the positions of their extremes, a tile of rows at a time.
#include "turned.h"

typedef void reduction(ptrdiff_t rows, ptrdiff_t n, ptrdiff_t step, ptrdiff_t along, const void *x, void *y);

// BODY for each tile of `count` rows from `start` on.
#define EACH_TILE(T, SIZE, ...)                                                                               \
  if (rows < TILE) memset(tile, 0, (size_t)n * TILE * sizeof *tile);                                          \
  for (ptrdiff_t start = 0; start < rows; start += TILE) {                                                    \
    ptrdiff_t count = min_size(TILE, rows - start);                                                           \
    turn_##SIZE(count, n, (const T *)x + start * step, step, along, tile);                                    \
    __VA_ARGS__                                                                                               \
  }

#define SHORT_ROWS(NAME, SIZE, T, A, INIT, STEP)                                                              \
  DEFINE_LANES(NAME, T, A, INIT, STEP)                                                                        \
  DEFINE_TILE(NAME, T, A, INIT)                                                                               \
  FX_CLONES static void short_##NAME(ptrdiff_t rows, ptrdiff_t n, ptrdiff_t step, ptrdiff_t along, const void *x, void *y) { \
    T tile[SHORT_ROW * TILE];                                                                                 \
    A results[TILE];                                                                                          \
    EACH_TILE(T, SIZE, {                                                                                      \
      tile_##NAME(n, tile, results);                                                                          \
      memcpy((A *)y + start, results, (size_t)count * sizeof(A));                                             \
    })                                                                                                        \
  }

#define SHORT_POSITIONS(NAME, SIZE, T, I, BETTER)                                                             \
  FX_CLONES static void position_##NAME(ptrdiff_t rows, ptrdiff_t n, ptrdiff_t step, ptrdiff_t along, const void *x, void *y) { \
    T tile[SHORT_ROW * TILE], best[TILE];                                                                     \
    I where[TILE];                                                                                            \
    int64_t *to = y;                                                                                          \
    EACH_TILE(T, SIZE, {                                                                                      \
      EACH_ROW best[r] = tile[r], where[r] = 0;                                                               \
      for (ptrdiff_t j = 1; j < n; j++)                                                                       \
        EACH_ROW {                                                                                            \
          T v = tile[j * TILE + r], l = best[r];                                                              \
          int take = (v BETTER l) | ((v != v) & (l == l));                                                    \
          best[r] = take ? v : l;                                                                             \
          where[r] = take ? (I)j : where[r];                                                                  \
        }                                                                                                     \
      for (ptrdiff_t r = 0; r < count; r++) to[start + r] = (int64_t)where[r];                                \
    })                                                                                                        \
  }

// S, T: the element, of SIZE bytes; A: the accumulator of sums and products; I: an integer as wide as the element.
#define ALL(S, SIZE, T, A, I, LOW, HIGH)                  \
  SHORT_ROWS(sum_##S, SIZE, T, A, 0, STEP_SUM)            \
  SHORT_ROWS(prod_##S, SIZE, T, A, 1, STEP_PROD)          \
  SHORT_ROWS(max_##S, SIZE, T, T, LOW, STEP_MAX)          \
  SHORT_ROWS(min_##S, SIZE, T, T, HIGH, STEP_MIN)         \
  SHORT_ROWS(any_##S, SIZE, T, uint8_t, 0, STEP_ANY)      \
  SHORT_ROWS(all_##S, SIZE, T, uint8_t, 1, STEP_ALL)      \
  SHORT_POSITIONS(max_##S, SIZE, T, I, >)                 \
  SHORT_POSITIONS(min_##S, SIZE, T, I, <)

ALL(f32, 4, float, float, uint32_t, -__builtin_inff(), __builtin_inff())
ALL(f64, 8, double, double, uint64_t, -__builtin_inf(), __builtin_inf())
ALL(i32, 4, int32_t, uint64_t, uint32_t, INT32_MIN, INT32_MAX)
ALL(i64, 8, int64_t, uint64_t, uint64_t, INT64_MIN, INT64_MAX)
ALL(b, 1, uint8_t, uint64_t, uint8_t, 0, 1)

#define LINE(S)                                                                                               \
  {short_sum_##S, short_prod_##S, short_max_##S, short_min_##S, short_any_##S, short_all_##S, position_max_##S, position_min_##S}

void fx_reduce_short(int op, int dtype, ptrdiff_t rows, ptrdiff_t n, ptrdiff_t step, ptrdiff_t along, const void *x, void *y) {
  static reduction *const table[5][8] = {LINE(f32), LINE(f64), LINE(i32), LINE(i64), LINE(b)};
  table[dtype][op](rows, n, step, along, x, y);
}
