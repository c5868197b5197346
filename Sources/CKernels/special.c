// Element-wise instructions on floats beyond the elementary functions: other bases, quotients rounded down, signs, and the functions
// of gamma.h.
#ifndef FX_PASS
#define FX_FILE "special.c"
#define FX_FLOATS
#if defined(__APPLE__) && !defined(_REENTRANT)
#define _REENTRANT  // Apple's header declares `lgamma_r` only where this is defined.
#endif
#include <math.h>

#include "gamma.h"
#include "loops.h"
#include "math32.h"

// MARK: bases 2 and 10

/// 2ˣ = 2ⁿ·e^(r·ln 2), exact at integers.
FX_INLINE double exp2_f64(double x) {
  x = x < -1080.0 ? -1080.0 : x;
  x = x > 1026.0 ? 1026.0 : x;
  double t = x + ROUND_F64;
  double y = 1.0 + expm1_core_f64((x - (t - ROUND_F64)) * LN2_F64);
  return scale_f64(y, bits_f64(t) - ROUND_F64_BITS);
}

FX_INLINE float exp2_f32(float x) {
  x = x < -160.0f ? -160.0f : x;
  x = x > 130.0f ? 130.0f : x;
  float t = x + ROUND_F32;
  float y = 1.0f + expm1_core_f32((x - (t - ROUND_F32)) * (float)LN2_F64);
  int32_t n = (int32_t)(bits_f32(t) - ROUND_F32_BITS), half = n >> 1;
  return y * power_of_two_f32(half) * power_of_two_f32((int32_t)((uint32_t)n - (uint32_t)half));
}

// log₁₀ e and log₁₀ 2 in two parts, the first short enough for exact products.
#define LOG10E_HI 0x1.bcb7b0p-2
#define LOG10E_LO 0x1.526e50e32a6abp-26
#define LOG10_2_HI 0x1.344135p-2
#define LOG10_2_LO 0x1.3ef3fde623e25p-31

/// What logarithms give beyond the positive finite numbers.
FX_INLINE double log_limits_f64(double x, double y) {
  y = x < __builtin_inf() ? y : x;
  y = x == 0.0 ? -__builtin_inf() : y;
  return x < 0.0 ? __builtin_nan("") : y;
}

/// e + log m / ln 2, exact at powers of two.
FX_INLINE double log2_f64(double x) {
  int subnormal = x < 0x1p-1022;
  double e, m = split_f64(subnormal ? x * 0x1p54 : x, &e);
  return log_limits_f64(x, (subnormal ? e - 54.0 : e) + log_core_f64(m - 1.0, 0.0, 0.0) * LOG2E_F64);
}

/// The logarithm of m in two parts as well, so that powers of ten come out whole.
FX_INLINE double log10_f64(double x) {
  int subnormal = x < 0x1p-1022;
  double e, m = split_f64(subnormal ? x * 0x1p54 : x, &e);
  e = subnormal ? e - 54.0 : e;
  double f = m - 1.0, s = f / (2.0 + f), h = 0.5 * f * f, rest = s * (h + log_tail_f64(s * s));
  double hi = from_bits_f64(bits_f64(f - h) & 0xffffffff00000000u), lo = (f - hi) - h + rest;
  double a = e * LOG10_2_HI, b = hi * LOG10E_HI, sum = a + b;
  double lost = abs_f64(a) > abs_f64(b) ? (a - sum) + b : (b - sum) + a;
  return log_limits_f64(x, sum + (lost + (e * LOG10_2_LO + ((lo + hi) * LOG10E_LO + lo * LOG10E_HI))));
}

/// e + f·log₂ e, the product by two parts of log₂ e, + the rest: exact at powers of two, at most 2 ulp from the truth.
FX_INLINE float log2_f32(float x) {
  int subnormal = x < 0x1p-126f;
  int32_t e;
  float f = split_f32(subnormal ? x * 0x1p23f : x, &e) - 1.0f;
  float h = from_bits_f32(bits_f32(f) & 0xfffff000u);
  float rest = f * f * (f * log_tail_f32(f) - 0.5f);
  float low = h * 0x1.51d94ap-10f + ((f - h) * LOG2E_F32 + rest * LOG2E_F32);
  float y = h * 0x1.71p+0f + ((float)e - (subnormal ? 23.0f : 0.0f)) + low;
  y = x < __builtin_inff() ? y : x;
  y = x == 0.0f ? -__builtin_inff() : y;
  return x < 0.0f ? __builtin_nanf("") : y;
}
FX_INLINE float log10_f32(float x) { return (float)log10_f64((double)x); }

// MARK: quotients

// What ⌊q⌋ of a rounded quotient is to be, given the rest of the exact one: where rounding took q up to an integer, the rest has the wrong sign.
FX_INLINE float floored_f32(float x, float y, float q, float floored, float rest) {
  floored -= (float)(((rest < 0) != (y < 0)) & (rest != 0) & (rest == rest));
  floored = ((q == 0) & (x != 0) & ((x < 0) != (y < 0))) ? -1 : floored;
  return ((abs_f32(x) == __builtin_inff()) & (y != 0)) ? __builtin_nanf("") : floored;  // ∞ has no floor
}
FX_INLINE double floored_f64(double x, double y, double q, double floored, double rest) {
  floored -= (double)(((rest < 0) != (y < 0)) & (rest != 0) & (rest == rest));
  floored = ((q == 0) & (x != 0) & ((x < 0) != (y < 0))) ? -1 : floored;
  return ((abs_f64(x) == __builtin_inf()) & (y != 0)) ? __builtin_nan("") : floored;
}
FX_INLINE float floor_divide_f32(float x, float y) {
  float q = x / y, floored = __builtin_elementwise_floor(q);
  return floored_f32(x, y, q, floored, (float)((double)x - (double)floored * (double)y));
}
FX_INLINE double floor_divide_f64(double x, double y) {
  double q = x / y, floored = __builtin_elementwise_floor(q);
  return floored_f64(x, y, q, floored, __builtin_fma(-floored, y, x));
}

// The library's logarithm of Γ is exact near its zeros too, and what it says of the sign goes nowhere else.
FX_INLINE double log_gamma_f64(double x) {
  int sign;
  return lgamma_r(x, &sign);
}


#include "targets.h"

fx_kernel fx_special_kernel(int op, int dtype) { return FX_RESULT(dtype, lookup, op); }

#else

// Of functions with an order the lowest ones, which all orders but those of derivatives are, have vector loops.
KERNEL1(FX(trigamma), T, trigamma_f64((double)x))
KERNEL1(FX(sinc), T, x == 0 ? 1 : FX_OF(sin_pi)(x) / ((T)PI_F64 * x))

static int FX(all_equal)(ptrdiff_t n, const T *orders, T order) {
  ptrdiff_t others = 0;
  for (ptrdiff_t i = 0; i < n; i++) others += orders[i] != order;
  return others == 0;
}
FX_KERNEL(KERNEL_OF(POLYGAMMA)) {
  if (FX(all_equal)(n, a, 1)) { FX(trigamma)(n, b, b, c, out); return; }
  for (ptrdiff_t i = 0; i < n; i++) ((T *)out)[i] = (T)polygamma_f64((double)((const T *)a)[i], (double)((const T *)b)[i]);
}
FX_KERNEL(KERNEL_OF(SINC)) {
  if (FX(all_equal)(n, a, 0)) { FX(sinc)(n, b, b, c, out); return; }
  for (ptrdiff_t i = 0; i < n; i++) ((T *)out)[i] = (T)sinc_f64((double)((const T *)a)[i], (double)((const T *)b)[i]);
}

#define LIST "list_special.h"
#define OTHERS [FX_POLYGAMMA] = KERNEL_OF(POLYGAMMA), [FX_SINC] = KERNEL_OF(SINC)
#include "list.h"
#undef LIST
#undef OTHERS

#endif
