// The error function and the normal distribution of both float types, and float32's inverse circular functions. Polynomials as in math32.h.
#ifndef FLUXION_SPECIAL_H
#define FLUXION_SPECIAL_H

#include "math32.h"

// MARK: error functions

/// The factor P of erfc_core_f32.
FX_INLINE float erfc_factor_f32(float q) {
  float p = 7.77409514e-06f;
  p = p * q + -0.000312196644f;
  p = p * q + -0.000484214805f;
  p = p * q + 0.00307046459f;
  p = p * q + -0.00122788444f;
  p = p * q + -0.0268371888f;
  p = p * q + 0.119529448f;
  p = p * q + -0.31046629f;
  p = p * q + 0.59022826f;
  p = p * q + -0.88339448f;
  return p * q + 1.07400692f;
}

/// erfc(a) for a >= 0 as e^(−a²)·P(q) / (a + 3), with q = (a − 3) / (a + 3): degree 10, 2^-26.9 on 0 ... 10.2.
/// a² is taken as h² + (a − h)(a + h) with h the upper 12 bits of a: an error in a² would be one of the exponential.
FX_INLINE float erfc_core_f32(float a) {
  a = a > 10.2f ? 10.2f : a;
  float h = from_bits_f32(bits_f32(a) & 0xfffff000u);
  float hi = -h * h, lo = (h - a) * (a + h);
  float t = (hi + lo) * LOG2E_F32 + ROUND_F32;
  int32_t n = (int32_t)(bits_f32(t) - ROUND_F32_BITS), half = n >> 1;
  float k = t - ROUND_F32;
  float r = hi - k * LN2_HI_F32;
  r = r + (lo - k * LN2_LO_F32);
  float u = 1.0f + r, e = u + (r * r * exp_tail_f32(r) + (r - (u - 1.0f)));
  float b = a + 3.0f, q = (a - 3.0f) / b;
  float y = e * erfc_factor_f32(q) / b;
  return y * power_of_two_f32(half) * power_of_two_f32((int32_t)((uint32_t)n - (uint32_t)half));
}

/// erf(x) / x − 1 for z = x², |x| <= 0.92: degree 6, 2^-29.0.
FX_INLINE float erf_small_f32(float z) {
  float p = 7.95189044e-05f;
  p = p * z + -0.000804135168f;
  p = p * z + 0.00519184954f;
  p = p * z + -0.0268555768f;
  p = p * z + 0.112836242f;
  p = p * z + -0.376126289f;
  return p * z + 0.128379166f;
}

FX_INLINE float erfc_f32(float x) {
  float a = abs_f32(x), y = erfc_core_f32(a);
  y = x < 0.0f ? 2.0f - y : y;
  return a < 0.92f ? 1.0f - (x * erf_small_f32(x * x) + x) : y;
}

/// Beyond 0.92 as 1 − e^g with g = log erfc: degree 7, 2^-30.7 of erf on 0.92 ... 3.95.
FX_INLINE float erf_f32(float x) {
  float a = abs_f32(x), small = a * erf_small_f32(x * x) + a;
  float b = a > 3.95f ? 3.95f : a;
  b = b < 0.9f ? 0.9f : b;
  float g = -2.11188344e-05f;
  g = g * b + 0.000434617075f;
  g = g * b + -0.00417140266f;
  g = g * b + 0.0251197312f;
  g = g * b + -0.108280174f;
  g = g * b + -0.633346915f;
  g = g * b + -1.12951493f;
  g = g * b + 0.000174683504f;
  return sign_from_f32(a < 0.92f ? small : 1.0f - exp_middle_f32(g), x);
}

/// The normal distribution's Φ(x) = (1 + erf(x/√2)) / 2, as 0.5 + x·P(x²)/Q(x²): degrees 5 and 5, 2^-25.6 of Φ − 0.5 on 0 ... 5.55.
///
/// At most 2.8·2^-24 from the truth, which is not relative: for x >= NORMAL_TAIL_F32, in less than half of erf's time.
FX_INLINE float normal_cdf_middle_f32(float x) {
  float a = x > 5.55f ? 5.55f : x;
  a = a < -5.55f ? -5.55f : a;
  float z = a * a;
  float p = 2.26100081e-08f;
  p = p * z + 6.29406441e-06f;
  p = p * z + 0.000166681697f;
  p = p * z + 0.0046639326f;
  p = p * z + 0.0336881727f;
  p = p * z + 0.398942262f;
  float q = 1.18910987e-06f;
  q = q * z + 7.27280785e-05f;
  q = q * z + 0.00187265570f;
  q = q * z + 0.0285432078f;
  q = q * z + 0.251110107f;
  q = q * z + 1.0f;
  float y = a * (p / q) + 0.5f;
  y = y < 0.0f ? 0.0f : y;
  return y > 1.0f ? 1.0f : y;
}

/// Below here Φ is small, and has a formula with as many digits as any.
#define NORMAL_TAIL_F32 -3.5f

/// Φ(x) for x < 0 as erfc_core_f32, its exponent −x²/2 in two parts from x itself.
FX_INLINE float normal_cdf_tail_f32(float x) {
  float a = abs_f32(x);
  a = a > 14.5f ? 14.5f : a;
  float h = from_bits_f32(bits_f32(a) & 0xfffff000u);
  float hi = -0.5f * h * h, lo = 0.5f * (h - a) * (a + h);
  float t = hi * LOG2E_F32 + ROUND_F32;
  int32_t n = (int32_t)(bits_f32(t) - ROUND_F32_BITS);
  float k = t - ROUND_F32;
  float r = hi - k * LN2_HI_F32;
  r = r + (lo - k * LN2_LO_F32);
  float u = 1.0f + r, e = u + (r * r * exp_tail_f32(r) + (r - (u - 1.0f)));
  float b = a + 4.24264069f, q = (a - 4.24264069f) / b;
  return e * (erfc_factor_f32(q) * 0.707106781f) / b * power_of_two_f32((int32_t)((uint32_t)n + 64u)) * 0x1p-64f;
}

/// x·P(w), w = −log(1 − x²), in three stretches of degree 7: 2^-27.7 for w <= 2.5, 2^-25.3 to 6.5, and in √w 2^-26.8 beyond. At most 3 ulp from the truth.
FX_INLINE float erf_inverse_f32(float x) {
  float a = abs_f32(x), w = -log_f32((1.0f - a) * (1.0f + a));
  int low = w < 2.5f, high = w > 6.5f;
#define STRETCH(LOW, MIDDLE, HIGH) (low ? LOW : high ? HIGH : MIDDLE)
  float t = (high ? sqrt_f32(w) : w) - STRETCH(1.25f, 4.5f, 3.27475476f);
  float p = STRETCH(-3.34804952e-07f, 9.07171938e-08f, -0.000262118992f);
  p = p * t + STRETCH(-4.66588745e-06f, 7.11603889e-07f, 0.00090151804f);
  p = p * t + STRETCH(3.12115408e-05f, -1.34526053e-05f, -0.00159099232f);
  p = p * t + STRETCH(0.000143227779f, 8.30064237e-05f, 0.00229061465f);
  p = p * t + STRETCH(-0.00225382089f, -3.28940928e-06f, -0.00350790145f);
  p = p * t + STRETCH(0.00251179701f, -0.00736789638f, 0.00510123419f);
  p = p * t + STRETCH(0.249519646f, 0.221035272f, 1.00551784f);
  p = p * t + STRETCH(1.18956161f, 1.97113264f, 3.10877371f);
#undef STRETCH
  float y = a * p;
  y = a == 1.0f ? __builtin_inff() : a > 1.0f ? __builtin_nanf("") : y;
  return sign_from_f32(y, x);
}

/// As erfc_core_f32: degree 22, 2^-53.4 on 0 ... 27.3. The exponent −a² comes in two parts.
FX_INLINE double erfc_scaled_f64(double a, double hi, double lo) {
  double t = (hi + lo) * LOG2E_F64 + ROUND_F64;
  uint64_t n = bits_f64(t) - ROUND_F64_BITS;
  double k = t - ROUND_F64;
  double r = hi - k * LN2_HI_F64;
  r = r + (lo - k * LN2_LO_F64);
  double u = 1.0 + r, e = u + (r * r * exp_tail_f64(r) + (r - (u - 1.0)));
  double b = a + 3.0, q = (a - 3.0) / b;
  double p = -1.4122657374388368e-09;
  p = p * q + -6.0111329813700416e-09;
  p = p * q + 1.9158684216929768e-09;
  p = p * q + 4.749154865949538e-08;
  p = p * q + 4.0695823805134783e-08;
  p = p * q + -2.3117026153788545e-07;
  p = p * q + -4.0272987543114308e-07;
  p = p * q + 9.977667979597374e-07;
  p = p * q + 2.7622989501509146e-06;
  p = p * q + -4.7488618193640828e-06;
  p = p * q + -1.7469412231554297e-05;
  p = p * q + 3.03980792826413e-05;
  p = p * q + 0.00010756121370141896;
  p = p * q + -0.00027677783165479789;
  p = p * q + -0.00054830965199862552;
  p = p * q + 0.0030340619993184459;
  p = p * q + -0.0012124166305499647;
  p = p * q + -0.026827234624327612;
  p = p * q + 0.11952776128743282;
  p = p * q + -0.31046726190057333;
  p = p * q + 0.59022835710409938;
  p = p * q + -0.88339445316988363;
  p = p * q + 1.0740069070883398;
  return scale_f64(e * p / b, n);
}

/// As erf_small_f32, for |x| <= 1: degree 11, 2^-55.9.
FX_INLINE double erf_small_f64(double z) {
  double p = -7.5713325824563584e-10;
  p = p * z + 1.3598304826225411e-08;
  p = p * z + -1.6180004667172171e-07;
  p = p * z + 1.6443665360639542e-06;
  p = p * z + -1.4924429294634736e-05;
  p = p * z + 0.00012055278771066798;
  p = p * z + -0.00085483254334839831;
  p = p * z + 0.0052239775958091593;
  p = p * z + -0.026866170641867394;
  p = p * z + 0.11283791670936534;
  p = p * z + -0.37612638903183337;
  return p * z + 0.12837916709551256;
}

FX_INLINE double erfc_core_f64(double a) {
  a = a > 27.3 ? 27.3 : a;
  double h = from_bits_f64(bits_f64(a) & 0xfffffffff8000000u);
  return erfc_scaled_f64(a, -h * h, (h - a) * (a + h));
}

FX_INLINE double erfc_f64(double x) {
  double a = abs_f64(x), y = erfc_core_f64(a);
  y = x < 0.0 ? 2.0 - y : y;
  return a < 0.85 ? 1.0 - (x * erf_small_f64(x * x) + x) : y;
}

FX_INLINE double erf_f64(double x) {
  double a = abs_f64(x), small = a * erf_small_f64(x * x) + a;
  return sign_from_f64(a < 1.0 ? small : 1.0 - erfc_core_f64(a), x);
}

/// erfc(|x|/√2) / 2, its exponent −x²/2 from x itself: what x/√2 loses to rounding would be multiplied by x².
FX_INLINE double normal_cdf_f64(double x) {
  double a = abs_f64(x);
  a = a > 38.6 ? 38.6 : a;
  double h = from_bits_f64(bits_f64(a) & 0xfffffffff8000000u);
  double y = 0.5 * erfc_scaled_f64(a * 0.70710678118654752, -0.5 * h * h, 0.5 * (h - a) * (a + h));
  y = x > 0.0 ? 1.0 - y : y;
  return x == x ? y : x;
}

// MARK: inverse circular functions of float32

#define PI_F32 3.14159274f
#define PI_LO_F32 -8.74227766e-8f
#define HALF_PI_F32 1.57079637f
#define HALF_PI_LO_F32 -4.37113883e-8f

/// Odd, on 0 ... 1: degree 19, 2^-28.2.
FX_INLINE float atan_core_f32(float t) {
  float z = t * t;
  float p = -0.0017825627f;
  p = p * z + 0.0108679067f;
  p = p * z + -0.0310961343f;
  p = p * z + 0.0578809828f;
  p = p * z + -0.0839929879f;
  p = p * z + 0.109508805f;
  p = p * z + -0.142640159f;
  p = p * z + 0.199985296f;
  p = p * z + -0.333332986f;
  return t * z * p + t;
}

/// The angle of the point (x, y): the smaller coordinate over the larger one, then the octant.
FX_INLINE float atan2_f32(float y, float x) {
  float a = abs_f32(x), b = abs_f32(y);
  int steep = b > a;
  float small = steep ? a : b, large = steep ? b : a;
  float t = small == large ? 1.0f : small / large;  // covers ∞/∞
  t = large == 0.0f ? 0.0f : t;
  float w = atan_core_f32(t);
  w = steep ? HALF_PI_F32 - (w - HALF_PI_LO_F32) : w;
  w = (bits_f32(x) >> 31) ? PI_F32 - (w - PI_LO_F32) : w;
  w = ((x != x) | (y != y)) ? x + y : w;
  return sign_from_f32(w, y);
}

FX_INLINE float atan_f32(float x) {
  float a = abs_f32(x);
  int steep = a > 1.0f;
  float w = atan_core_f32((steep ? 1.0f : a) / (steep ? a : 1.0f));
  return sign_from_f32(steep ? HALF_PI_F32 - (w - HALF_PI_LO_F32) : w, x);
}

/// (asin(t) − t) / t with z = t² on 0 ... 1/4: degree 4 in z, 2^-27.6.
FX_INLINE float asin_tail_f32(float z) {
  float p = 0.0422118083f;
  p = p * z + 0.0241521057f;
  p = p * z + 0.045476038f;
  p = p * z + 0.0749525204f;
  p = p * z + 0.166667536f;
  return p * z;
}

/// Above one half by asin(a) = π/2 − 2·asin(√((1 − a) / 2)).
FX_INLINE float asin_f32(float x) {
  float a = abs_f32(x);
  int large = a > 0.5f;
  float z = large ? 0.5f * (1.0f - a) : a * a, s = large ? sqrt_f32(z) : a;
  float w = s * asin_tail_f32(z) + s;
  return sign_from_f32(large ? HALF_PI_F32 - (2.0f * w - HALF_PI_LO_F32) : w, x);
}

FX_INLINE float acos_f32(float x) {
  float a = abs_f32(x);
  int large = a > 0.5f;
  float z = large ? 0.5f * (1.0f - a) : a * a, s = large ? sqrt_f32(z) : a;
  float w = s * asin_tail_f32(z) + s;
  float near = HALF_PI_F32 - (sign_from_f32(w, x) - HALF_PI_LO_F32);
  float far = x < 0.0f ? PI_F32 - (2.0f * w - PI_LO_F32) : 2.0f * w;
  return large ? far : (x != x ? x : near);
}

#endif
