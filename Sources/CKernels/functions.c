// Element-wise instructions that are elementary functions of floats: the loops around math32.h, math64.h and special.h, and around
// the C library where nothing of our own is better yet.
#ifndef FX_PASS
#define FX_FILE "functions.c"
#define FX_FLOATS
#include <math.h>

#include "loops.h"
#include "power.h"
#include "special.h"

// The remainder with the sign of the divisor, as torch.remainder: exact, by way of fmod.
FX_INLINE float remainder_f32(float x, float y) {
  float r = fmodf(x, y);
  return ((r != 0) & ((r < 0) != (y < 0))) ? r + y : r;
}
FX_INLINE double remainder_f64(double x, double y) {
  double r = fmod(x, y);
  return ((r != 0) & ((r < 0) != (y < 0))) ? r + y : r;
}

/// In float64 nothing overflows or is lost. ∞ wins over NaN.
FX_INLINE float hypot_f32(float x, float y) {
  double a = (double)abs_f32(x), b = (double)abs_f32(y);
  float r = (float)sqrt_f64(a * a + b * b);
  return ((a == __builtin_inf()) | (b == __builtin_inf())) ? __builtin_inff() : r;
}

/// Scaled by a power of two that brings the larger operand to 1 ..< 2.
FX_INLINE double hypot_f64(double x, double y) {
  double a = abs_f64(x), b = abs_f64(y);
  double large = a > b ? a : b, small = a > b ? b : a;
  uint64_t exponent = bits_f64(large) >> 52;
  exponent = exponent < 1 ? 1 : exponent > 2045 ? 2045 : exponent;
  double down = from_bits_f64((2046u - exponent) << 52), up = from_bits_f64(exponent << 52);
  double l = large * down, s = small * down;
  double r = sqrt_f64(l * l + s * s) * up;
  r = ((x != x) | (y != y)) ? x + y : r;
  return ((a == __builtin_inf()) | (b == __builtin_inf())) ? __builtin_inf() : r;
}

/// x less the nearest multiple of y, exact in float64 while the quotient has at most 28 bits; a zero has the sign of x, as fmod's has.
FX_INLINE float remainder_near_f32(float x, float y) {
  double q = (double)x / (double)y, k = (q + ROUND_F64) - ROUND_F64;
  float r = (float)((double)x - k * (double)y);
  r = r == 0 ? sign_from_f32(0, x) : r;
  return ((r != 0) & ((r < 0) != (y < 0))) ? r + y : r;
}
/// The same with the sign of the dividend.
FX_INLINE float truncated_near_f32(float x, float y) {
  double q = (double)x / (double)y, k = (q + ROUND_F64) - ROUND_F64;
  float r = (float)((double)x - k * (double)y);
  r = ((r != 0) & ((r < 0) != (x < 0))) ? r + sign_from_f32(y, x) : r;
  return r == 0 ? sign_from_f32(0, x) : r;
}

#define FAR_QUOTIENT(X, Y) !((abs_f32(X) < 0x1p28f * abs_f32(Y)) & (abs_f32(Y) < __builtin_inff()))

#include "targets.h"

fx_kernel fx_function_kernel(int op, int dtype) { return FX_RESULT(dtype, lookup, op); }

#else

#if FX_IS_F32
// The tail of the normal distribution, which few numbers are in, has its own formula: only blocks that have some of them compute it.
/// Whether there is one below NORMAL_TAIL_F32 (or a negative NaN): as unsigned numbers the bits of negative ones are the largest, and their maximum is one
/// instruction.
FX_INLINE int FX(any_below)(const float *xs, ptrdiff_t from, ptrdiff_t to) {
  uint32_t top = 0;
  for (ptrdiff_t i = from; i < to; i++) {
    uint32_t u = bits_f32(xs[i]);
    top = u > top ? u : top;
  }
  return top > bits_f32(NORMAL_TAIL_F32);
}

FX_INLINE void FX(normal_loop)(int scales, int has_tail, ptrdiff_t from, ptrdiff_t to, const float *xs, float *os) {
  FX_INDEPENDENT for (ptrdiff_t i = from; i < to; i++) {
    float x = xs[i], y;
    if (has_tail && scales) y = x < NORMAL_TAIL_F32 ? (x < -120.0f ? -120.0f : x) * normal_cdf_tail_f32(x) : x * normal_cdf_middle_f32(x);
    else if (has_tail) y = x < NORMAL_TAIL_F32 ? normal_cdf_tail_f32(x) : normal_cdf_middle_f32(x);
    else y = scales ? x * normal_cdf_middle_f32(x) : normal_cdf_middle_f32(x);
    os[i] = y;
  }
}
FX_INLINE void FX(normal)(int scales, ptrdiff_t n, const float *xs, float *os) {
  for (ptrdiff_t start = 0; start < n; start += 256) {
    ptrdiff_t end = min_size(start + 256, n);
    if (!FX(any_below)(xs, start, end)) {
      FX(normal_loop)(scales, 0, start, end, xs, os);
      continue;
    }
    for (ptrdiff_t from = start; from < end; from += 32) {
      ptrdiff_t to = min_size(from + 32, end);
      if (FX(any_below)(xs, from, to)) FX(normal_loop)(scales, 1, from, to, xs, os);
      else FX(normal_loop)(scales, 0, from, to, xs, os);
    }
  }
}
FX_KERNEL(KERNEL_OF(NORMAL_CDF)) { (void)b, (void)c, FX(normal)(0, n, a, out); }
FX_KERNEL(KERNEL_OF(GELU)) { (void)b, (void)c, FX(normal)(1, n, a, out); }
PATCHED_KERNEL(KERNEL_OF(FMOD), FIRST; SECOND, truncated_near_f32(x, y), FAR_QUOTIENT(x, y), fmodf(x, y))
PATCHED_KERNEL(KERNEL_OF(REM), FIRST; SECOND, remainder_near_f32(x, y), FAR_QUOTIENT(x, y), remainder_f32(x, y))
#define LIMIT TURN_LIMIT_F32
#define LIBRARY(NAME) NAME##f
#define MORE , ENTRY(NORMAL_CDF), ENTRY(GELU), ENTRY(FMOD), ENTRY(REM)
#else
#define LIMIT TURN_LIMIT_F64
#define LIBRARY(NAME) NAME
#define MORE
#endif

// Beyond LIMIT the reductions of sin, cos and tan have too few bits of π.
PATCHED_KERNEL(KERNEL_OF(SIN), FIRST, FX_OF(sin)(x), (FX_OF(abs)(x) > LIMIT), LIBRARY(sin)(x))
PATCHED_KERNEL(KERNEL_OF(COS), FIRST, FX_OF(cos)(x), (FX_OF(abs)(x) > LIMIT), LIBRARY(cos)(x))
PATCHED_KERNEL(KERNEL_OF(TAN), FIRST, FX_OF(tan)(x), (FX_OF(abs)(x) > LIMIT), LIBRARY(tan)(x))

#define ENTRY(OP) [FX_##OP] = KERNEL_OF(OP)
#define LIST "list_functions.h"
#define OTHERS ENTRY(SIN), ENTRY(COS), ENTRY(TAN) MORE
#include "list.h"
#undef LIMIT
#undef LIBRARY
#undef MORE
#undef LIST
#undef OTHERS

#endif
