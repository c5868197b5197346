// Element-wise instructions that are elementary functions of floats: the loops around math32.h, math64.h and special.h, and around
// the C library where nothing of our own is better yet.
#include <math.h>

#include "loops.h"
#include "power.h"
#include "special.h"

#define VECTORISED(X, S, T)                                                \
  X(S, T, 1, EXP, exp, exp_##S(x))                                         \
  X(S, T, 1, EXPM1, expm1, expm1_##S(x))                                   \
  X(S, T, 1, LOG, log, log_##S(x))                                         \
  X(S, T, 1, LOG1P, log1p, log1p_##S(x))                                   \
  X(S, T, 1, SINH, sinh, sinh_##S(x))                                      \
  X(S, T, 1, COSH, cosh, cosh_##S(x))                                      \
  X(S, T, 1, TANH, tanh, tanh_##S(x))                                      \
  X(S, T, 1, ASINH, asinh, asinh_##S(x))                                   \
  X(S, T, 1, ACOSH, acosh, acosh_##S(x))                                   \
  X(S, T, 1, ATANH, atanh, atanh_##S(x))                                   \
  X(S, T, 1, ERF, erf, erf_##S(x))                                         \
  X(S, T, 1, ERFC, erfc, erfc_##S(x))                                      \
  X(S, T, 1, SIGMOID, sigmoid, sigmoid_##S(x))                             \
  X(S, T, 1, SILU, silu, silu_##S(x))                                      \
  X(S, T, 2, ELU, elu, x <= 0 ? y * expm1_##S(x) : x)                      \
  X(S, T, 2, POW, pow, pow_##S(x, y))                                      \
  X(S, T, 1, SOFTPLUS, softplus, softplus_##S(x))                          \
  X(S, T, 1, LOG_COSH, log_cosh, log_cosh_##S(x))                          \
  X(S, T, 1, LOG1M_EXP, log1m_exp, log1m_exp_##S(x))                       \
  X(S, T, 2, LOG_ADD_EXP, log_add_exp, (x > y ? x : y) + softplus_##S(x == y ? 0 : -abs_##S(x - y))) \
  X(S, T, 2, HYPOT, hypot, hypot_##S(x, y))

#define VECTORISED_F32(X, S, T)                                            \
  X(S, T, 1, ASIN, asin, asin_f32(x))                                      \
  X(S, T, 1, ACOS, acos, acos_f32(x))                                      \
  X(S, T, 1, ATAN, atan, atan_f32(x))                                      \
  X(S, T, 2, ATAN2, atan2, atan2_f32(x, y))

#define LIBRARY_F64(X, S, T)                                               \
  X(S, T, 1, NORMAL_CDF, normal_cdf, normal_cdf_f64(x))                    \
  X(S, T, 1, GELU, gelu, gelu_f64(x))                                        \
  X(S, T, 1_SCALAR, ASIN, asin, asin(x))                                   \
  X(S, T, 1_SCALAR, ACOS, acos, acos(x))                                   \
  X(S, T, 1_SCALAR, ATAN, atan, atan(x))                                   \
  X(S, T, 2_SCALAR, ATAN2, atan2, atan2(x, y))                             \
  X(S, T, 2_SCALAR, REM, rem, remainder_f64(x, y))

// The remainder with the sign of the divisor, as torch.remainder: exact, by way of fmod.
FX_INLINE float remainder_f32(float x, float y) {
  float r = fmodf(x, y);
  return ((r != 0) & ((r < 0) != (y < 0))) ? r + y : r;
}
FX_INLINE double remainder_f64(double x, double y) {
  double r = fmod(x, y);
  return ((r != 0) & ((r < 0) != (y < 0))) ? r + y : r;
}

FX_INLINE double gelu_f64(double x) { return (x < -60.0 ? -60.0 : x) * normal_cdf_f64(x); }

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

VECTORISED(DEFINE_KERNEL, f32, float)
VECTORISED(DEFINE_KERNEL, f64, double)
VECTORISED_F32(DEFINE_KERNEL, f32, float)
LIBRARY_F64(DEFINE_KERNEL, f64, double)

// The tail of the normal distribution, which few numbers are in, has its own formula: only blocks that have some of them compute it.
/// Whether there is one below NORMAL_TAIL_F32 (or a negative NaN): as unsigned numbers the bits of negative ones are the largest, and their maximum is one
/// instruction.
FX_INLINE int any_below_f32(const float *xs, ptrdiff_t from, ptrdiff_t to) {
  uint32_t top = 0;
  for (ptrdiff_t i = from; i < to; i++) {
    uint32_t u = bits_f32(xs[i]);
    top = u > top ? u : top;
  }
  return top > bits_f32(NORMAL_TAIL_F32);
}
#define NORMAL_LOOP(FROM, TO, EXPRESSION)                                                                     \
  FX_INDEPENDENT for (ptrdiff_t i = FROM; i < TO; i++) {                                                      \
    float x = xs[i];                                                                                          \
    os[i] = EXPRESSION;                                                                                       \
  }
#define NORMAL_KERNEL(NAME, MIDDLE, TAIL)                                                                     \
  FX_KERNEL(kernel_##NAME##_f32) {                                                                            \
    (void)b, (void)c;                                                                                         \
    const float *xs = a;                                                                                      \
    float *os = out;                                                                                          \
    for (ptrdiff_t start = 0; start < n; start += 256) {                                                      \
      ptrdiff_t end = min_size(start + 256, n);                                                               \
      if (!any_below_f32(xs, start, end)) {                                                                   \
        NORMAL_LOOP(start, end, MIDDLE)                                                                       \
        continue;                                                                                             \
      }                                                                                                       \
      for (ptrdiff_t from = start; from < end; from += 32) {                                                  \
        ptrdiff_t to = min_size(from + 32, end);                                                              \
        if (any_below_f32(xs, from, to)) {                                                                     \
          NORMAL_LOOP(from, to, x < NORMAL_TAIL_F32 ? TAIL : MIDDLE)                                          \
        } else {                                                                                              \
          NORMAL_LOOP(from, to, MIDDLE)                                                                       \
        }                                                                                                     \
      }                                                                                                       \
    }                                                                                                         \
  }
NORMAL_KERNEL(normal_cdf, normal_cdf_middle_f32(x), normal_cdf_tail_f32(x))
NORMAL_KERNEL(gelu, x * normal_cdf_middle_f32(x), (x < -120.0f ? -120.0f : x) * normal_cdf_tail_f32(x))

// Beyond LIMIT the reductions of sin, cos and tan have too few bits of π.
#define TURN_KERNEL(NAME, T, S, LIMIT, LIBRARY)                                                               \
  PATCHED_KERNEL(kernel_##NAME##_##S, T, b, T x = ((const T *)a)[start + i], NAME##_##S(x), (abs_##S(x) > LIMIT), LIBRARY(x))
TURN_KERNEL(sin, float, f32, TURN_LIMIT_F32, sinf)
TURN_KERNEL(cos, float, f32, TURN_LIMIT_F32, cosf)
TURN_KERNEL(tan, float, f32, TURN_LIMIT_F32, tanf)
TURN_KERNEL(sin, double, f64, TURN_LIMIT_F64, sin)
TURN_KERNEL(cos, double, f64, TURN_LIMIT_F64, cos)
TURN_KERNEL(tan, double, f64, TURN_LIMIT_F64, tan)

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
PATCHED_KERNEL(kernel_fmod_f32, float, b, float x = ((const float *)a)[start + i]; float y = ((const float *)b)[start + i],
               truncated_near_f32(x, y), FAR_QUOTIENT(x, y), fmodf(x, y))
PATCHED_KERNEL(kernel_rem_f32, float, b, float x = ((const float *)a)[start + i]; float y = ((const float *)b)[start + i],
               remainder_near_f32(x, y), FAR_QUOTIENT(x, y), remainder_f32(x, y))

#define TURNS(S) [FX_SIN] = kernel_sin_##S, [FX_COS] = kernel_cos_##S, [FX_TAN] = kernel_tan_##S

fx_kernel fx_function_kernel(int op, int dtype) {
  static const fx_kernel table[2][FX_OP_COUNT] = {
    {VECTORISED(KERNEL_ENTRY, f32, float) VECTORISED_F32(KERNEL_ENTRY, f32, float) TURNS(f32), [FX_NORMAL_CDF] = kernel_normal_cdf_f32,
     [FX_GELU] = kernel_gelu_f32, [FX_REM] = kernel_rem_f32,
     [FX_FMOD] = kernel_fmod_f32},
    {VECTORISED(KERNEL_ENTRY, f64, double) LIBRARY_F64(KERNEL_ENTRY, f64, double) TURNS(f64)},
  };
  return table[dtype][op];
}
