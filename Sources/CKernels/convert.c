// Kernels between dtypes: comparisons to bool, selection by bool, casts; and constant and linear fills.
#ifndef FX_PASS
#define FX_FILE "convert.c"
#define FX_ELEMENTS
#define FX_HALVES
#include "loops.h"
#include "half.h"

#define I32_LIMIT 0x1p31
#define I64_LIMIT 0x1p63
#define SATURATED(TO, LOW, HIGH, LIMIT) (x != x ? 0 : x >= LIMIT ? HIGH : x < -LIMIT ? LOW : (TO)x)

#include "targets.h"

fx_kernel fx_compare(int op, int dtype) {
  if (op < 0 || op >= FX_OP_COUNT || dtype < 0) return NULL;
  if (dtype > FX_BOOL) return fx_complex_comparison(op, dtype);
  if (dtype <= FX_F64) return FX_RESULT(dtype, lookup, op);
  return dtype == FX_I32 ? FX_AT(lookup_i32)(op) : dtype == FX_I64 ? FX_AT(lookup_i64)(op) : FX_AT(lookup_b)(op);
}

// Only the bits move, so a kernel for each size is enough.
typedef struct { uint64_t low, high; } __attribute__((may_alias)) word16;
static void where_16(ptrdiff_t n, const void *a, const void *b, const void *c, void *out) {
  for (ptrdiff_t i = 0; i < n; i++) ((word16 *)out)[i] = ((const uint8_t *)a)[i] ? ((const word16 *)b)[i] : ((const word16 *)c)[i];
}

fx_kernel fx_where(int dtype) {
  if (dtype < 0 || dtype > FX_C128) return NULL;
  if (dtype == FX_C128) return where_16;
  if (dtype == FX_C64) return FX_AT(where_i64);
  if (dtype > FX_BOOL) return FX_AT(where_h);
  return dtype == FX_BOOL ? FX_AT(where_b) : dtype == FX_F32 || dtype == FX_I32 ? FX_AT(where_i32) : FX_AT(where_i64);
}

fx_kernel fx_cast(int from, int to) {
  if (from < 0 || from > FX_C128 || to < 0 || to > FX_C128) return NULL;
  if (from > FX_BF16 || to > FX_BF16) return fx_complex_cast(from, to);
  if (from > FX_BOOL) return FX_AT(cast_h)(from == FX_BF16, to);
  if (from <= FX_F64) return FX_RESULT(from, cast, to);
  return from == FX_I32 ? FX_AT(cast_i32)(to) : from == FX_I64 ? FX_AT(cast_i64)(to) : FX_AT(cast_b)(to);
}

ptrdiff_t fx_first_nan(int dtype, ptrdiff_t n, const void *x) {
  if (dtype == FX_F16 || dtype == FX_BF16) return FX_AT(first_nan_h)(dtype == FX_BF16 ? 0x7f80 : 0x7c00, n, x);
  return dtype > FX_F64 ? -1 : FX_RESULT(dtype, first_nan, n, x);
}

void fx_fill(int dtype, ptrdiff_t n, const void *value, void *out) {
  if (n <= 0) return;
  if (dtype == FX_C128) {
    word16 v;
    memcpy(&v, value, sizeof v);
    for (ptrdiff_t i = 0; i < n; i++) ((word16 *)out)[i] = v;
  } else if (dtype == FX_C64) FX_AT(fill_i64)(n, value, out);
  else if (dtype == FX_BOOL) memset(out, *(const uint8_t *)value, (size_t)n);
  else if (dtype > FX_BOOL) FX_AT(fill_h)(n, value, out);
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

#ifndef FX_IS_HALF
#define LIST "list_comparisons.h"
#define RESULT uint8_t
#include "list.h"
#undef LIST
#endif

// From one dtype to all others. What lies beyond the other's range gives the bound it lies beyond.
#if defined(FX_IS_HALF) || !defined(FX_IS_INTEGER)
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
#ifdef FX_IS_HALF
#define FROM(HALF, NAME, R, EXPRESSION) \
  LOOP(FX_INDEPENDENT, FX(HALF##_to_##NAME), R, EXPRESSION, float x = f32_of_##HALF(((const T *)a)[i]); (void)b, (void)c)
#define FROM_EACH(HALF, OTHER, TO_OTHER) \
  FROM(HALF, f32, float, x) FROM(HALF, f64, double, (double)x) FROM(HALF, i32, int32_t, TO_I32) FROM(HALF, i64, int64_t, TO_I64) \
  FROM(HALF, b, uint8_t, x != 0) FROM(HALF, other, uint16_t, TO_OTHER(x))
FROM_EACH(f16, bf16, bf16_of_f32)
FROM_EACH(bf16, f16, f16_of_f32)
FX_KERNEL(FX(same)) { (void)b, (void)c; if (n > 0 && a != out) memmove(out, a, (size_t)n * FX_SIZE); }
#undef FROM
#undef FROM_EACH

static fx_kernel FX(cast)(int is_bf16, int to) {
  static const fx_kernel table[2][7] = {
    {FX(f16_to_f32), FX(f16_to_f64), FX(f16_to_i32), FX(f16_to_i64), FX(f16_to_b), FX(same), FX(f16_to_other)},
    {FX(bf16_to_f32), FX(bf16_to_f64), FX(bf16_to_i32), FX(bf16_to_i64), FX(bf16_to_b), FX(bf16_to_other), FX(same)}};
  return table[is_bf16][to];
}
#else
KERNEL1(FX(to_f32), float, (float)x)
KERNEL1(FX(to_f64), double, (double)x)
KERNEL1(FX(to_i32), int32_t, TO_I32)
KERNEL1(FX(to_i64), int64_t, TO_I64)
KERNEL1(FX(to_b), uint8_t, x != 0)
KERNEL1(FX(to_f16), uint16_t, FX_OF(f16_of)(x))
KERNEL1(FX(to_bf16), uint16_t, FX_OF(bf16_of)(x))

static fx_kernel FX(cast)(int to) {
  static const fx_kernel table[7] = {FX(to_f32), FX(to_f64), FX(to_i32), FX(to_i64), FX(to_b), FX(to_f16), FX(to_bf16)};
  return table[to];
}
#endif
#undef TO_I32
#undef TO_I64

#ifdef FX_IS_INTEGER
FX_KERNEL(FX(where)) {
  FX_INDEPENDENT for (ptrdiff_t i = 0; i < n; i++) {
    FX_UNSIGNED y = ((const FX_UNSIGNED *)b)[i], z = ((const FX_UNSIGNED *)c)[i];
    ((FX_UNSIGNED *)out)[i] = ((const uint8_t *)a)[i] ? y : z;
  }
}
#endif
#ifdef FX_IS_HALF
// A NaN's bits, without the sign, are beyond infinity's.
static ptrdiff_t FX(first_nan)(T infinity, ptrdiff_t n, const T *x) {
  T any = 0;
  for (ptrdiff_t i = 0; i < n; i++) any |= (x[i] & 0x7fff) > infinity;
  if (!any) return -1;
  ptrdiff_t i = 0;
  while ((x[i] & 0x7fff) <= infinity) i++;
  return i;
}
#elif !defined(FX_IS_INTEGER)
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
#endif

#if defined(FX_IS_INTEGER) && !defined(FX_IS_BOOL) && !defined(FX_IS_HALF)
static void FX(arange)(ptrdiff_t n, ptrdiff_t first, uint64_t start, uint64_t step, T *out) {
  for (ptrdiff_t i = 0; i < n; i++) out[i] = (T)(start + (uint64_t)(first + i) * step);
}
#elif !defined(FX_IS_INTEGER)
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
