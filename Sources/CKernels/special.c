// Element-wise instructions on floats beyond the elementary functions: other bases, quotients rounded down, signs, and the functions
// of gamma.h.
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

/// ⌊x / y⌋ of the exact quotient: where rounding took it up to an integer, the rest has the wrong sign. −∞ and ∞ have no floor.
#define FLOORED(T, REST)                                                                        \
  T q = x / y, floored = __builtin_elementwise_floor(q), rest = REST;                           \
  floored -= (T)(((rest < 0) != (y < 0)) & (rest != 0) & (rest == rest));                       \
  floored = ((q == 0) & (x != 0) & ((x < 0) != (y < 0))) ? -1 : floored;                        \
  return ((abs_##T(x) == (T)__builtin_inf()) & (y != 0)) ? (T)__builtin_nan("") : floored;
#define abs_float abs_f32
#define abs_double abs_f64
FX_INLINE float floor_divide_f32(float x, float y) { FLOORED(float, (float)((double)x - (double)floored * (double)y)) }
FX_INLINE double floor_divide_f64(double x, double y) { FLOORED(double, __builtin_fma(-floored, y, x)) }

// MARK: kernels

#define SPECIAL(X, S, T)                                                   \
  X(S, T, 1, EXP2, exp2, exp2_##S(x))                                      \
  X(S, T, 1, LOG2, log2, log2_##S(x))                                      \
  X(S, T, 1, LOG10, log10, log10_##S(x))                                   \
  X(S, T, 1, ERFINV, erfinv, erf_inverse_##S(x))                           \
  X(S, T, 1, DIGAMMA, digamma, digamma_f64((double)x))                     \
  X(S, T, 2, COPYSIGN, copysign, sign_from_##S(x, y))

#define SPECIAL_F32(X, S, T)                                               \
  X(S, T, 1, LGAMMA, lgamma, log_gamma_near_f64((double)x))                \
  X(S, T, 2, FLOORDIV, floordiv, floor_divide_f32(x, y))

// The library's logarithm of Γ is exact near its zeros too, and what it says of the sign goes nowhere else.
FX_INLINE double log_gamma_f64(double x) {
  int sign;
  return lgamma_r(x, &sign);
}

#define SPECIAL_F64(X, S, T)                                               \
  X(S, T, 1_SCALAR, LGAMMA, lgamma, log_gamma_f64(x))                      \
  X(S, T, 2_SCALAR, FLOORDIV, floordiv, floor_divide_f64(x, y))            \
  X(S, T, 2_SCALAR, FMOD, fmod, fmod(x, y))

SPECIAL(DEFINE_KERNEL, f32, float)
SPECIAL(DEFINE_KERNEL, f64, double)
SPECIAL_F32(DEFINE_KERNEL, f32, float)
SPECIAL_F64(DEFINE_KERNEL, f64, double)

// Of functions with an order the lowest ones, which all orders but those of derivatives are, have vector loops.
#define ORDER_KERNEL(NAME, S, T, LOWEST, VECTOR, GENERAL)                                                     \
  KERNEL1(vector_##NAME##_##S, T, T, VECTOR)                                                                  \
  FX_SCALAR_KERNEL(kernel_##NAME##_##S) {                                                                     \
    const T *orders = a, *xs = b;                                                                             \
    T *os = out;                                                                                              \
    ptrdiff_t others = 0;                                                                                     \
    for (ptrdiff_t i = 0; i < n; i++) others += orders[i] != LOWEST;                                          \
    if (others == 0) { vector_##NAME##_##S(n, b, b, c, out); return; }                                        \
    for (ptrdiff_t i = 0; i < n; i++) os[i] = (T)GENERAL((double)orders[i], (double)xs[i]);                   \
  }
ORDER_KERNEL(polygamma, f32, float, 1, trigamma_f64((double)x), polygamma_f64)
ORDER_KERNEL(polygamma, f64, double, 1, trigamma_f64(x), polygamma_f64)
ORDER_KERNEL(sinc, f32, float, 0, x == 0 ? 1.0f : sin_pi_f32(x) / ((float)PI_F64 * x), sinc_f64)
ORDER_KERNEL(sinc, f64, double, 0, x == 0 ? 1.0 : sin_pi_f64(x) / (PI_F64 * x), sinc_f64)

#define ORDERS(S) [FX_POLYGAMMA] = kernel_polygamma_##S, [FX_SINC] = kernel_sinc_##S

fx_kernel fx_special_kernel(int op, int dtype) {
  static const fx_kernel table[2][FX_OP_COUNT] = {
    {SPECIAL(KERNEL_ENTRY, f32, float) SPECIAL_F32(KERNEL_ENTRY, f32, float) ORDERS(f32)},
    {SPECIAL(KERNEL_ENTRY, f64, double) SPECIAL_F64(KERNEL_ENTRY, f64, double) ORDERS(f64)},
  };
  return table[dtype][op];
}
