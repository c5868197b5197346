// Kernels between dtypes: comparisons to bool, selection by bool, casts; and constant and linear fills.
#ifndef FX_PASS
#define FX_FILE "convert.c"
#define FX_ELEMENTS
#include "loops.h"

#define I32_LIMIT 0x1p31
#define I64_LIMIT 0x1p63
#define SATURATED(TO, LOW, HIGH, LIMIT) (x != x ? 0 : x >= LIMIT ? HIGH : x < -LIMIT ? LOW : (TO)x)

#include "targets.h"

fx_kernel fx_compare(int op, int dtype) {
  if (op < 0 || op >= FX_OP_COUNT || dtype < 0 || dtype > FX_BOOL) return NULL;
  if (dtype <= FX_F64) return FX_RESULT(dtype, lookup, op);
  return dtype == FX_I32 ? FX_AT(lookup_i32)(op) : dtype == FX_I64 ? FX_AT(lookup_i64)(op) : FX_AT(lookup_b)(op);
}

// Only the bits move, so a kernel for each size is enough.
fx_kernel fx_where(int dtype) {
  if (dtype < 0 || dtype > FX_BOOL) return NULL;
  return dtype == FX_BOOL ? FX_AT(where_b) : dtype == FX_F32 || dtype == FX_I32 ? FX_AT(where_i32) : FX_AT(where_i64);
}

fx_kernel fx_cast(int from, int to) {
  if (from < 0 || from > FX_BOOL || to < 0 || to > FX_BOOL) return NULL;
  if (from <= FX_F64) return FX_RESULT(from, cast, to);
  return from == FX_I32 ? FX_AT(cast_i32)(to) : from == FX_I64 ? FX_AT(cast_i64)(to) : FX_AT(cast_b)(to);
}

ptrdiff_t fx_first_nan(int dtype, ptrdiff_t n, const void *x) {
  return dtype > FX_F64 ? -1 : FX_RESULT(dtype, first_nan, n, x);
}

void fx_fill(int dtype, ptrdiff_t n, const void *value, void *out) {
  if (n <= 0) return;
  if (dtype == FX_BOOL) memset(out, *(const uint8_t *)value, (size_t)n);
  else if (dtype == FX_F32 || dtype == FX_I32) FX_AT(fill_i32)(n, value, out);
  else FX_AT(fill_i64)(n, value, out);
}

void fx_arange_f(int dtype, ptrdiff_t n, ptrdiff_t first, double start, double step, void *out) {
  FX_DISPATCH(dtype, arange, n, first, start, step, out);
}

void fx_arange_i(int dtype, ptrdiff_t n, ptrdiff_t first, int64_t start, int64_t step, void *out) {
  if (dtype == FX_I32) FX_AT(arange_i32)(n, first, (uint64_t)start, (uint64_t)step, out);
  if (dtype == FX_I64) FX_AT(arange_i64)(n, first, (uint64_t)start, (uint64_t)step, out);
}

#else

#define LIST "list_comparisons.h"
#define RESULT uint8_t
#include "list.h"
#undef LIST

// From one dtype to all others. What lies beyond the other's range gives the bound it lies beyond.
#ifndef FX_IS_INTEGER
#define TO_I32 SATURATED(int32_t, INT32_MIN, INT32_MAX, I32_LIMIT)
#define TO_I64 SATURATED(int64_t, INT64_MIN, INT64_MAX, I64_LIMIT)
#elif FX_SIZE == 8
#define TO_I32 (x > INT32_MAX ? INT32_MAX : x < INT32_MIN ? INT32_MIN : (int32_t)x)
#define TO_I64 x
#elif FX_SIZE == 4
#define TO_I32 x
#define TO_I64 x
#else
#define TO_I32 x != 0
#define TO_I64 x != 0
#endif
KERNEL1(FX(to_f32), float, (float)x)
KERNEL1(FX(to_f64), double, (double)x)
KERNEL1(FX(to_i32), int32_t, TO_I32)
KERNEL1(FX(to_i64), int64_t, TO_I64)
KERNEL1(FX(to_b), uint8_t, x != 0)
#undef TO_I32
#undef TO_I64

static fx_kernel FX(cast)(int to) {
  static const fx_kernel table[5] = {FX(to_f32), FX(to_f64), FX(to_i32), FX(to_i64), FX(to_b)};
  return table[to];
}

#ifdef FX_IS_INTEGER
FX_KERNEL(FX(where)) {
  FX_INDEPENDENT for (ptrdiff_t i = 0; i < n; i++) {
    FX_UNSIGNED y = ((const FX_UNSIGNED *)b)[i], z = ((const FX_UNSIGNED *)c)[i];
    ((FX_UNSIGNED *)out)[i] = ((const uint8_t *)a)[i] ? y : z;
  }
}
#else
static ptrdiff_t FX(first_nan)(ptrdiff_t n, const T *x) {
  FX_WORD any = 0;
  for (ptrdiff_t i = 0; i < n; i++) any |= x[i] != x[i];
  if (!any) return -1;
  ptrdiff_t i = 0;
  while (x[i] == x[i]) i++;
  return i;
}
#endif

#if defined(FX_IS_INTEGER) && !defined(FX_IS_BOOL)
static void FX(fill)(ptrdiff_t n, const void *value, FX_UNSIGNED *out) {
  FX_UNSIGNED v;
  memcpy(&v, value, sizeof v);
  for (ptrdiff_t i = 0; i < n; i++) out[i] = v;
}

static void FX(arange)(ptrdiff_t n, ptrdiff_t first, uint64_t start, uint64_t step, T *out) {
  for (ptrdiff_t i = 0; i < n; i++) out[i] = (T)(start + (uint64_t)(first + i) * step);
}
#elif !defined(FX_IS_BOOL)
// No contraction here: the last bit of a float64 must not depend on the processor.
static void FX(arange)(ptrdiff_t n, ptrdiff_t first, double start, double step, T *out) {
  _Pragma("clang fp contract(off)")
  for (ptrdiff_t i = 0; i < n; i++) {
    double product = (double)(int64_t)(first + i) * step;
    out[i] = (T)(start + product);
  }
}
#endif

#endif
