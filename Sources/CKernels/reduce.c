// Reductions of one axis: along rows (the axis is contiguous, or else gathered block by block) and along columns (what lies beside
// is contiguous, so whole rows are joined element by element). Positions of extremes are in extremes.c, many short rows in reduce_short.c.
#include "turned.h"

typedef void reduction(ptrdiff_t outer, ptrdiff_t n, ptrdiff_t inner, const ptrdiff_t *strides, const void *x, void *y);

// Blocks of rows that are not contiguous are gathered. Not compiled in clones: such a loop waits for memory.
#define GATHER(S, T, R, EXPRESSION)                                                                           \
  static void gather_##S(ptrdiff_t n, const T *x, ptrdiff_t s, R *out) {                                      \
    for (ptrdiff_t j = 0; j < n; j++) { T v = x[j * s]; out[j] = EXPRESSION; }                                \
  }
GATHER(f32, float, float, v)
GATHER(f64, double, double, v)
GATHER(i32, int32_t, int32_t, v)
GATHER(i64, int64_t, int64_t, v)
GATHER(b, uint8_t, uint8_t, v)
// Any and all of other dtypes than bool, from blocks of truth values.
GATHER(true_f32, float, uint8_t, v != 0)
GATHER(true_f64, double, uint8_t, v != 0)
GATHER(true_i32, int32_t, uint8_t, v != 0)
GATHER(true_i64, int64_t, uint8_t, v != 0)

// T: elements in memory, B: elements of a block.
#define ROWS(NAME, T, BLOCK, B, A, GATHERING, DIRECT)                                                         \
  FX_CLONES static void rows_##NAME(ptrdiff_t outer, ptrdiff_t n, ptrdiff_t inner, const ptrdiff_t *strides,  \
                                    const void *x, void *y) {                                                 \
    B gathered[2 * FX_BLOCK];                                                                                 \
    ptrdiff_t s = strides[1], half = n / (2 * FX_BLOCK) * FX_BLOCK;                                           \
    for (ptrdiff_t o = 0; o < outer; o++)                                                                     \
      for (ptrdiff_t i = 0; i < inner; i++) {                                                                 \
        const T *row = (const T *)x + o * strides[0] + i * strides[2];                                        \
        cascade_##BLOCK c;                                                                                    \
        c.count = 0, c.depth = 0;                                                                             \
        for (ptrdiff_t k = 0; k < half; k += FX_BLOCK) {                                                      \
          const B *a = (const B *)(const void *)(row + k), *b = a + half;                                     \
          if (!DIRECT || s != 1) {                                                                            \
            GATHERING(FX_BLOCK, row + k * s, s, gathered), a = gathered;                                      \
            GATHERING(FX_BLOCK, row + (half + k) * s, s, gathered + FX_BLOCK), b = gathered + FX_BLOCK;       \
          }                                                                                                   \
          push_##BLOCK(&c, pair_##BLOCK(a, b));                                                               \
        }                                                                                                     \
        for (ptrdiff_t k = 2 * half; k < n; k += FX_BLOCK) {                                                  \
          ptrdiff_t count = min_size(FX_BLOCK, n - k);                                                        \
          const B *block = (const B *)(const void *)(row + k);                                                \
          if (!DIRECT || s != 1) GATHERING(count, row + k * s, s, gathered), block = gathered;                \
          push_##BLOCK(&c, block_##BLOCK(count, block));                                                      \
        }                                                                                                     \
        ((A *)y)[o * inner + i] = total_##BLOCK(&c);                                                          \
      }                                                                                                       \
  }

// Accumulators of up to 512 columns stay in the first-level cache. They are emptied into a second row of accumulators every 64
// rows, that one into a third every 64 times, and rows are added four at a time: the error stays small for any n.
#define COLUMN_BLOCK 512
#define ROW_BLOCK 64
#define COLUMNS(NAME, T, A, INIT)                                                                             \
  FX_INLINE void empty_##NAME(ptrdiff_t count, A *from, A *to) {                                              \
    for (ptrdiff_t i = 0; i < count; i++) to[i] = join_##NAME(to[i], from[i]), from[i] = INIT;                \
  }                                                                                                           \
  FX_INLINE void strip_##NAME(ptrdiff_t n, ptrdiff_t count, ptrdiff_t s, const T *x, A *y) {                  \
    A first[COLUMN_BLOCK], second[COLUMN_BLOCK], third[COLUMN_BLOCK];                                         \
    for (ptrdiff_t i = 0; i < count; i++) first[i] = second[i] = third[i] = INIT;                             \
    ptrdiff_t emptied = 0;                                                                                    \
    for (ptrdiff_t start = 0; start < n; start += ROW_BLOCK) {                                                \
      ptrdiff_t end = min_size(n, start + ROW_BLOCK), k = start;                                              \
      for (; k + 4 <= end; k += 4) {                                                                          \
        const T *a = x + k * s, *b = a + s, *c = b + s, *d = c + s;                                           \
        for (ptrdiff_t i = 0; i < count; i++)                                                                 \
          first[i] = join_##NAME(first[i], join_##NAME(join_##NAME((A)a[i], (A)b[i]),                         \
                                                       join_##NAME((A)c[i], (A)d[i])));                       \
      }                                                                                                       \
      for (; k < end; k++)                                                                                    \
        for (ptrdiff_t i = 0; i < count; i++) first[i] = step_##NAME(first[i], x[k * s + i]);                 \
      empty_##NAME(count, first, second);                                                                     \
      if (++emptied % ROW_BLOCK == 0) empty_##NAME(count, second, third);                                     \
    }                                                                                                         \
    for (ptrdiff_t i = 0; i < count; i++) y[i] = join_##NAME(third[i], second[i]);                            \
  }                                                                                                           \
  FX_CLONES static void columns_##NAME(ptrdiff_t outer, ptrdiff_t n, ptrdiff_t inner,                         \
                                       const ptrdiff_t *strides, const void *x, void *y) {                    \
    for (ptrdiff_t o = 0; o < outer; o++)                                                                     \
      for (ptrdiff_t i = 0; i < inner; i += COLUMN_BLOCK)                                                     \
        strip_##NAME(n, min_size(COLUMN_BLOCK, inner - i), strides[1], (const T *)x + o * strides[0] + i,     \
                     (A *)y + o * inner + i);                                                                 \
  }

// Any and all of columns: truth values are all bits of an integer as wide as the element, so that they are joined in its lanes.
#define TRUE_COLUMNS(NAME, T, U, INIT, JOIN)                                                                  \
  FX_CLONES static void columns_##NAME(ptrdiff_t outer, ptrdiff_t n, ptrdiff_t inner,                         \
                                       const ptrdiff_t *strides, const void *x, void *y) {                    \
    U truths[COLUMN_BLOCK];                                                                                   \
    ptrdiff_t s = strides[1];                                                                                 \
    for (ptrdiff_t o = 0; o < outer; o++)                                                                     \
      for (ptrdiff_t start = 0; start < inner; start += COLUMN_BLOCK) {                                       \
        ptrdiff_t count = min_size(COLUMN_BLOCK, inner - start), k = 0;                                       \
        const T *row = (const T *)x + o * strides[0] + start;                                                 \
        uint8_t *to = (uint8_t *)y + o * inner + start;                                                       \
        for (ptrdiff_t i = 0; i < count; i++) truths[i] = INIT;                                               \
        for (; k + 4 <= n; k += 4, row += 4 * s) {                                                            \
          const T *a = row, *b = a + s, *c = b + s, *d = c + s;                                               \
          for (ptrdiff_t i = 0; i < count; i++)                                                               \
            truths[i] = truths[i] JOIN(((U)-(U)(a[i] != 0) JOIN(U) - (U)(b[i] != 0))                          \
                                       JOIN((U)-(U)(c[i] != 0) JOIN(U) - (U)(d[i] != 0)));                    \
        }                                                                                                     \
        for (; k < n; k++, row += s)                                                                          \
          for (ptrdiff_t i = 0; i < count; i++) truths[i] = truths[i] JOIN(U) - (U)(row[i] != 0);             \
        for (ptrdiff_t i = 0; i < count; i++) to[i] = (uint8_t)(truths[i] & 1);                               \
      }                                                                                                       \
  }

#define REDUCTION(NAME, S, T, A, INIT, STEP) \
  DEFINE_LANES(NAME, T, A, INIT, STEP)       \
  ROWS(NAME, T, NAME, T, A, gather_##S, 1)   \
  COLUMNS(NAME, T, A, INIT)
#define EXTREME(NAME, S, T, I, INIT, STEP, BETTER) \
  DEFINE_EXTREME(NAME, T, I, INIT, STEP, BETTER)   \
  ROWS(NAME, T, NAME, T, T, gather_##S, 1)         \
  COLUMNS(NAME, T, T, INIT)

// S, T: the element; A: the accumulator of sums and products, unsigned for integers so that it wraps; LOW, HIGH: the extremes.
#define SUMS(S, T, A)                               \
  REDUCTION(sum_##S, S, T, A, 0, STEP_SUM)          \
  REDUCTION(prod_##S, S, T, A, 1, STEP_PROD)
#define FLOATS(S, T, I, INFINITE)                             \
  SUMS(S, T, T)                                               \
  EXTREME(max_##S, S, T, I, -INFINITE, STEP_MAX, >)           \
  EXTREME(min_##S, S, T, I, INFINITE, STEP_MIN, <)
#define INTEGERS(S, T, LOW, HIGH)                   \
  SUMS(S, T, uint64_t)                              \
  REDUCTION(max_##S, S, T, T, LOW, STEP_MAX)        \
  REDUCTION(min_##S, S, T, T, HIGH, STEP_MIN)
#define TRUTHS(S, T, U)                                             \
  ROWS(any_##S, T, any_b, uint8_t, uint8_t, gather_true_##S, 0)     \
  ROWS(all_##S, T, all_b, uint8_t, uint8_t, gather_true_##S, 0)     \
  TRUE_COLUMNS(any_##S, T, U, 0, |)                                 \
  TRUE_COLUMNS(all_##S, T, U, (U)-1, &)

FLOATS(f32, float, int32_t, __builtin_inff())
FLOATS(f64, double, int64_t, __builtin_inf())
INTEGERS(i32, int32_t, INT32_MIN, INT32_MAX)
INTEGERS(i64, int64_t, INT64_MIN, INT64_MAX)
REDUCTION(sum_b, b, uint8_t, uint64_t, 0, STEP_SUM)
REDUCTION(prod_b, b, uint8_t, uint64_t, 1, STEP_PROD)
REDUCTION(any_b, b, uint8_t, uint8_t, 0, STEP_ANY)
REDUCTION(all_b, b, uint8_t, uint8_t, 1, STEP_ALL)
TRUTHS(f32, float, uint32_t)
TRUTHS(f64, double, uint64_t)
TRUTHS(i32, int32_t, uint32_t)
TRUTHS(i64, int64_t, uint64_t)

#define BOTH(NAME) {rows_##NAME, columns_##NAME}
#define LINE(S) {BOTH(sum_##S), BOTH(prod_##S), BOTH(max_##S), BOTH(min_##S), BOTH(any_##S), BOTH(all_##S)}

void fx_reduce(int op, int dtype, ptrdiff_t outer, ptrdiff_t n, ptrdiff_t inner, const ptrdiff_t strides[3], const void *x, void *y) {
  static reduction *const table[5][6][2] = {
    LINE(f32), LINE(f64), LINE(i32), LINE(i64),
    {BOTH(sum_b), BOTH(prod_b), BOTH(any_b), BOTH(all_b), BOTH(any_b), BOTH(all_b)},
  };
  if (outer <= 0 || inner <= 0 || op < 0 || op > FX_R_ARGMIN || dtype < 0 || dtype > FX_BOOL) return;
  ptrdiff_t swapped[3] = {0, strides[1], strides[0]};
  if (inner == 1 && strides[0] == 1 && strides[1] != 1) {  // a transposed matrix: its rows are columns
    inner = outer, outer = 1;
    strides = swapped;
  }
  // A few columns only are gathered instead: their loop would be all remainder.
  int columns = inner >= 8 && strides[2] == 1;
  // Rows one after the other along some axis, each shorter than the lanes of one.
  int is_grid = outer > 1 && inner > 1;
  if (!columns && !is_grid && n > 0 && n <= SHORT_ROW && outer * inner >= FEW_ROWS)
    return fx_reduce_short(op, dtype, outer * inner, n, strides[outer > 1 ? 0 : 2], strides[1], x, y);
  if (op >= FX_R_ARGMAX) fx_extreme_positions(op == FX_R_ARGMAX, dtype, columns, outer, n, inner, strides, x, y);
  else table[dtype][op][columns](outer, n, inner, strides, x, y);
}
