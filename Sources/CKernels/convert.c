// Kernels between dtypes: comparisons to bool, selection by bool, casts; and constant and linear fills.
#include "loops.h"

// MARK: comparisons to bool

#define COMPARISONS(X, S, T)                                               \
  X(S, T, 2, EQ, eq, x == y)                                               \
  X(S, T, 2, NE, ne, x != y)                                               \
  X(S, T, 2, LT, lt, x < y)                                                \
  X(S, T, 2, LE, le, x <= y)                                               \
  X(S, T, 2, GT, gt, x > y)                                                \
  X(S, T, 2, GE, ge, x >= y)                                               \
  X(S, T, 1, ISNAN, isnan, x != x)
#define DEFINE_COMPARISON(S, T, N, OP, NAME, EXPRESSION) KERNEL##N(kernel_##NAME##_##S, T, uint8_t, EXPRESSION)

COMPARISONS(DEFINE_COMPARISON, f32, float)
COMPARISONS(DEFINE_COMPARISON, f64, double)
COMPARISONS(DEFINE_COMPARISON, i32, int32_t)
COMPARISONS(DEFINE_COMPARISON, i64, int64_t)
COMPARISONS(DEFINE_COMPARISON, b, uint8_t)

fx_kernel fx_compare(int op, int dtype) {
  static const fx_kernel table[5][FX_OP_COUNT] = {
    {COMPARISONS(KERNEL_ENTRY, f32, float)},
    {COMPARISONS(KERNEL_ENTRY, f64, double)},
    {COMPARISONS(KERNEL_ENTRY, i32, int32_t)},
    {COMPARISONS(KERNEL_ENTRY, i64, int64_t)},
    {COMPARISONS(KERNEL_ENTRY, b, uint8_t)},
  };
  return op < 0 || op >= FX_OP_COUNT || dtype < 0 || dtype > FX_BOOL ? NULL : table[dtype][op];
}

// MARK: selection by bool

// Only the bits move, so a kernel for each size is enough.
#define WHERE_KERNEL(SIZE, T)                                                                                 \
  FX_KERNEL(where_##SIZE) {                                                                                   \
    const uint8_t *mask = a;                                                                                  \
    const T *ys = b, *zs = c;                                                                                 \
    T *os = out;                                                                                              \
    FX_INDEPENDENT for (ptrdiff_t i = 0; i < n; i++) {                                                        \
      T y = ys[i], z = zs[i];                                                                                 \
      os[i] = mask[i] ? y : z;                                                                                \
    }                                                                                                         \
  }
WHERE_KERNEL(1, uint8_t)
WHERE_KERNEL(4, uint32_t)
WHERE_KERNEL(8, uint64_t)

fx_kernel fx_where(int dtype) {
  static const fx_kernel table[5] = {where_4, where_8, where_4, where_8, where_1};
  return dtype < 0 || dtype > FX_BOOL ? NULL : table[dtype];
}

// MARK: casts

#define I32_LIMIT 0x1p31
#define I64_LIMIT 0x1p63
#define SATURATED(T, LOW, HIGH, LIMIT) (x != x ? 0 : x >= LIMIT ? HIGH : x < -LIMIT ? LOW : (T)x)
#define TO_I32 SATURATED(int32_t, INT32_MIN, INT32_MAX, I32_LIMIT)
#define TO_I64 SATURATED(int64_t, INT64_MIN, INT64_MAX, I64_LIMIT)

#define NARROWED (x > INT32_MAX ? INT32_MAX : x < INT32_MIN ? INT32_MIN : (int32_t)x)

// From one dtype to all others. What lies beyond the other's range gives the bound it lies beyond.
#define CASTS(S, T, INT32, INT64)                                          \
  KERNEL1(cast_##S##_f32, T, float, (float)x)                              \
  KERNEL1(cast_##S##_f64, T, double, (double)x)                            \
  KERNEL1(cast_##S##_i32, T, int32_t, INT32)                               \
  KERNEL1(cast_##S##_i64, T, int64_t, INT64)                               \
  KERNEL1(cast_##S##_b, T, uint8_t, x != 0)
CASTS(f32, float, TO_I32, TO_I64)
CASTS(f64, double, TO_I32, TO_I64)
CASTS(i32, int32_t, x, x)
CASTS(i64, int64_t, NARROWED, x)
CASTS(b, uint8_t, x != 0, x != 0)

#define CAST_ROW(S) {cast_##S##_f32, cast_##S##_f64, cast_##S##_i32, cast_##S##_i64, cast_##S##_b}

fx_kernel fx_cast(int from, int to) {
  static const fx_kernel table[5][5] = {CAST_ROW(f32), CAST_ROW(f64), CAST_ROW(i32), CAST_ROW(i64), CAST_ROW(b)};
  return from < 0 || from > FX_BOOL || to < 0 || to > FX_BOOL ? NULL : table[from][to];
}

#define FIRST_NAN(NAME, T)                                                                                    \
  FX_CLONES static int NAME##_any(ptrdiff_t n, const T *x) {                                                  \
    int any = 0;                                                                                              \
    for (ptrdiff_t i = 0; i < n; i++) any |= x[i] != x[i];                                                    \
    return any;                                                                                               \
  }                                                                                                           \
  static ptrdiff_t NAME(ptrdiff_t n, const T *x) {                                                            \
    if (!NAME##_any(n, x)) return -1;                                                                         \
    ptrdiff_t i = 0;                                                                                          \
    while (x[i] == x[i]) i++;                                                                                 \
    return i;                                                                                                 \
  }
FIRST_NAN(first_nan_f32, float)
FIRST_NAN(first_nan_f64, double)

ptrdiff_t fx_first_nan(int dtype, ptrdiff_t n, const void *x) {
  return dtype == FX_F32 ? first_nan_f32(n, x) : dtype == FX_F64 ? first_nan_f64(n, x) : -1;
}

// MARK: fills

FX_CLONES static void fill_4(ptrdiff_t n, const void *value, uint32_t *out) {
  uint32_t v;
  memcpy(&v, value, 4);
  for (ptrdiff_t i = 0; i < n; i++) out[i] = v;
}

FX_CLONES static void fill_8(ptrdiff_t n, const void *value, uint64_t *out) {
  uint64_t v;
  memcpy(&v, value, 8);
  for (ptrdiff_t i = 0; i < n; i++) out[i] = v;
}

void fx_fill(int dtype, ptrdiff_t n, const void *value, void *out) {
  if (n <= 0) return;
  if (dtype == FX_BOOL) memset(out, *(const uint8_t *)value, (size_t)n);
  else if (dtype == FX_F32 || dtype == FX_I32) fill_4(n, value, out);
  else fill_8(n, value, out);
}

// No contraction here: the last bit of a float64 must not depend on the processor.
#define ARANGE(NAME, T, C, NUMBER)                                                                            \
  FX_CLONES static void NAME(ptrdiff_t n, ptrdiff_t first, C start, C step, T *out) {                         \
    _Pragma("clang fp contract(off)")                                                                         \
    for (ptrdiff_t i = 0; i < n; i++) {                                                                       \
      C product = (C)(NUMBER)(first + i) * step;                                                              \
      out[i] = (T)(start + product);                                                                          \
    }                                                                                                         \
  }
ARANGE(arange_f32, float, double, int64_t)
ARANGE(arange_f64, double, double, int64_t)
ARANGE(arange_i32, int32_t, uint64_t, uint64_t)
ARANGE(arange_i64, int64_t, uint64_t, uint64_t)

void fx_arange_f(int dtype, ptrdiff_t n, ptrdiff_t first, double start, double step, void *out) {
  if (dtype == FX_F32) arange_f32(n, first, start, step, out);
  if (dtype == FX_F64) arange_f64(n, first, start, step, out);
}

void fx_arange_i(int dtype, ptrdiff_t n, ptrdiff_t first, int64_t start, int64_t step, void *out) {
  if (dtype == FX_I32) arange_i32(n, first, (uint64_t)start, (uint64_t)step, out);
  if (dtype == FX_I64) arange_i64(n, first, (uint64_t)start, (uint64_t)step, out);
}
