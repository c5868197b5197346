// Elementary functions of float32, one number at a time and without branches, in the form that clang turns into vector loops.
//
// The polynomials are minimax fits (Remez exchange in 40 digits, coefficients rounded to float32); each states its interval and its
// error relative to the function. Constants split in HI and LO are such that a product of HI with an exponent is exact.
#ifndef FLUXION_MATH32_H
#define FLUXION_MATH32_H

#include "math64.h"

// Adding 1.5·2²³ rounds to the nearest integer and leaves it in the low bits of the sum.
#define ROUND_F32 12582912.0f
#define ROUND_F32_BITS 0x4b400000u
#define LOG2E_F32 1.44269504f
#define LN2_HI_F32 0.693145751953125f
#define LN2_LO_F32 1.42860682e-6f

/// 2ⁿ for n in −126 ... 127.
FX_INLINE float power_of_two_f32(int32_t n) { return from_bits_f32(((uint32_t)n + 127u) << 23); }

/// (eʳ − 1 − r) / r² on ±0.3466: degree 4, 2^-28.2.
FX_INLINE float exp_tail_f32(float r) {
  float p = 0.00138314476f;
  p = p * r + 0.00836904347f;
  p = p * r + 0.0416681357f;
  p = p * r + 0.166665167f;
  return p * r + 0.49999994f;
}

/// eʳ − 1 near 0.
FX_INLINE float expm1_core_f32(float r) { return r * r * exp_tail_f32(r) + r; }

/// x = n·ln 2 + r with |r| <= ln 2 / 2. NaN stays in r, and n is then any number.
FX_INLINE float reduce_ln2_f32(float x, int32_t *n) {
  float t = x * LOG2E_F32 + ROUND_F32;
  *n = (int32_t)(bits_f32(t) - ROUND_F32_BITS);
  float k = t - ROUND_F32;
  float r = x - k * LN2_HI_F32;
  return r - k * LN2_LO_F32;
}

/// eˣ·2^shift, shift 0 or −1. The power of two is applied in two halves, so that results below the normal range round once.
FX_INLINE float exp_scaled_f32(float x, int32_t shift) {
  x = x < -104.0f ? -104.0f : x;
  x = x > 90.0f ? 90.0f : x;
  int32_t n;
  float r = reduce_ln2_f32(x, &n), h = 1.0f + r;
  float y = h + (r * r * exp_tail_f32(r) + (r - (h - 1.0f)));
  n = (int32_t)((uint32_t)n + (uint32_t)shift);
  int32_t half = n >> 1;
  return y * power_of_two_f32(half) * power_of_two_f32((int32_t)((uint32_t)n - (uint32_t)half));
}

FX_INLINE float exp_f32(float x) { return exp_scaled_f32(x, 0); }

/// eˣ for |x| <= 87.
FX_INLINE float exp_middle_f32(float x) {
  int32_t n;
  float y = 1.0f + expm1_core_f32(reduce_ln2_f32(x, &n));
  return y * power_of_two_f32(n);
}

/// 2ⁿ(eʳ − 1) + (2ⁿ − 1), with n − 1 in place of n so that 2¹²⁸ is not needed.
FX_INLINE float expm1_f32(float x) {
  float z = x < -20.0f ? -20.0f : x;
  z = z > 89.0f ? 89.0f : z;
  int32_t n;
  float y = expm1_core_f32(reduce_ln2_f32(z, &n));
  float s = power_of_two_f32((int32_t)((uint32_t)n - 1u));
  y = 2.0f * (s * y + (s - 0.5f));
  return abs_f32(x) < 0x1p-26f ? x : y;
}

/// (log(1 + f) − f + f²/2) / f³ on −1/3 ... 1/3: degree 7, 2^-27.4 of log(1 + f).
FX_INLINE float log_tail_f32(float f) {
  float p = -0.128916964f;
  p = p * f + 0.139844507f;
  p = p * f + -0.121842586f;
  p = p * f + 0.140058666f;
  p = p * f + -0.16680488f;
  p = p * f + 0.200104058f;
  p = p * f + -0.249997973f;
  return p * f + 0.333332151f;
}

/// log(1 + f) + e·ln 2 + c.
FX_INLINE float log_core_f32(float f, float e, float c) {
  float y = f * f * (f * log_tail_f32(f) - 0.5f);
  y = y + (e * LN2_LO_F32 + c);
  return e * LN2_HI_F32 + (f + y);
}

/// x = m·2ᵉ, m in 2/3 ..< 4/3, for a positive normal x.
FX_INLINE float split_f32(float x, int32_t *e) {
  uint32_t u = bits_f32(x) - 0x3f2aaaabu;
  *e = (int32_t)u >> 23;
  return from_bits_f32((u & 0x007fffffu) + 0x3f2aaaabu);
}

FX_INLINE float log_f32(float x) {
  int subnormal = x < 0x1p-126f;
  int32_t e;
  float m = split_f32(subnormal ? x * 0x1p23f : x, &e);
  float y = log_core_f32(m - 1.0f, (float)e - (subnormal ? 23.0f : 0.0f), 0.0f);
  y = x < __builtin_inff() ? y : x;
  y = x == 0.0f ? -__builtin_inff() : y;
  return x < 0.0f ? __builtin_nanf("") : y;
}

/// With u = 1 + x rounded: log u, plus what the rounding lost, relative to u. Near 0, x itself is the reduced argument.
FX_INLINE float log1p_f32(float x) {
  float u = 1.0f + x;
  int32_t e;
  float m = split_f32(u, &e);
  float lost = x >= 1.0f ? 1.0f - (u - x) : x - (u - 1.0f);
  float f = e == 0 ? x : m - 1.0f;
  float y = log_core_f32(f, (float)e, e == 0 ? 0.0f : lost / u);
  y = x < __builtin_inff() ? y : x;
  y = x == -1.0f ? -__builtin_inff() : y;
  y = x < -1.0f ? __builtin_nanf("") : y;
  return x == 0.0f ? x : y;  // keeps the sign of zero
}

// MARK: circular functions

/// Up to here the number of quarter turns is exact in the reduction below.
#define TURN_LIMIT_F32 100000.0f

/// x less the nearest multiple of π/2, which is made in float64 (π/2 as 33 + 53 bits) because float32 would cancel; and the quarter turns.
FX_INLINE float reduce_turn_f32(float x, uint32_t *quarter) {
  float t = x * 0.636619772f + ROUND_F32;
  *quarter = bits_f32(t);
  double k = (double)(t - ROUND_F32);
  double r = (double)x - k * PIO2_33_1;
  return (float)(r - k * PIO2_33_2);
}

/// Odd, on ±π/4: degree 7, 2^-28.0.
FX_INLINE float sin_core_f32(float r) {
  float z = r * r;
  float p = -0.000195184082f;
  p = p * z + 0.0083321901f;
  p = p * z + -0.166666552f;
  return r * z * p + r;
}

/// Even, on ±π/4: degree 8, 2^-33.1.
FX_INLINE float cos_core_f32(float r) {
  float z = r * r;
  float p = 2.44306739e-05f;
  p = p * z + -0.00138873013f;
  p = p * z + 0.0416666456f;
  return z * z * p + (1.0f - 0.5f * z);
}

/// sin(r + quarter·π/2).
FX_INLINE float sin_quarter_f32(float r, uint32_t quarter) {
  float s = sin_core_f32(r), c = cos_core_f32(r);
  float y = (quarter & 1) ? c : s;
  return from_bits_f32(bits_f32(y) ^ ((quarter & 2) << 30));
}

FX_INLINE float sin_f32(float x) {
  uint32_t q;
  float r = reduce_turn_f32(x, &q);
  float y = sin_quarter_f32(r, q);
  return x == 0.0f ? x : y;
}

FX_INLINE float cos_f32(float x) {
  uint32_t q;
  float r = reduce_turn_f32(x, &q);
  return sin_quarter_f32(r, q + 1);
}

FX_INLINE float tan_f32(float x) {
  uint32_t q;
  float r = reduce_turn_f32(x, &q);
  float s = sin_core_f32(r), c = cos_core_f32(r);
  float y = ((q & 1) ? -c : s) / ((q & 1) ? s : c);
  return x == 0.0f ? x : y;
}

// MARK: hyperbolic functions

/// Below 0.625 an odd polynomial of degree 11 (2^-27.8), above 1 − 2 / (e²ˣ + 1).
FX_INLINE float tanh_f32(float x) {
  float a = abs_f32(x), z = x * x;
  float p = -0.00571419019f;
  p = p * z + 0.0206481386f;
  p = p * z + -0.053742785f;
  p = p * z + 0.133314833f;
  p = p * z + -0.333332837f;
  float small = a * z * p + a;
  float b = a > 10.0f ? 10.0f : a;
  float large = 1.0f - 2.0f / (exp_middle_f32(2.0f * b) + 1.0f);
  return sign_from_f32(a < 0.625f ? small : large, x);
}

/// From t = eᵃ − 1 below 1, else from h = eᵃ/2, which does not overflow before the result does.
FX_INLINE float sinh_f32(float x) {
  float a = abs_f32(x);
  float t = expm1_f32(a > 1.0f ? 1.0f : a), h = exp_scaled_f32(a, -1);
  float y = a < 1.0f ? 0.5f * (t + t / (t + 1.0f)) : h - 0.25f / h;
  return sign_from_f32(a < 0x1p-13f ? a : y, x);
}

FX_INLINE float cosh_f32(float x) {
  float h = exp_scaled_f32(abs_f32(x), -1);
  return h + 0.25f / h;
}

// In float64, rounded once.
FX_INLINE float asinh_f32(float x) { return (float)asinh_f64((double)x); }
FX_INLINE float acosh_f32(float x) { return (float)acosh_f64((double)x); }
FX_INLINE float atanh_f32(float x) { return (float)atanh_f64((double)x); }

/// e⁻ᵃ for a >= 0: n is never positive, so that 2ⁿ⁺⁶⁴·2⁻⁶⁴ reaches below the normal range and rounds once.
FX_INLINE float exp_falling_f32(float a) {
  float x = a > 104.0f ? -104.0f : -a;
  int32_t n;
  float y = 1.0f + expm1_core_f32(reduce_ln2_f32(x, &n));
  return y * power_of_two_f32((int32_t)((uint32_t)n + 64u)) * 0x1p-64f;
}

/// 1 / (1 + e⁻ˣ), always from e^-|x| so that the left tail keeps its digits; at most 2.5 ulp from the truth.
FX_INLINE float sigmoid_f32(float x) {
  float e = exp_falling_f32(abs_f32(x));
  return (x < 0.0f ? e : 1.0f) / (1.0f + e);
}

/// x·sigmoid(x). Below the normal range the factor is multiplied by x before it is rounded; from −120 on nothing is left.
FX_INLINE float silu_f32(float x) {
  float z = -abs_f32(x);
  z = z < -120.0f ? -120.0f : z;
  int32_t n;
  float y = 1.0f + expm1_core_f32(reduce_ln2_f32(z, &n));
  float scaled = y * power_of_two_f32((int32_t)((uint32_t)n + 64u));
  return (x < 0.0f ? z * scaled * 0x1p-64f : x) / (1.0f + scaled * 0x1p-64f);
}

/// log(1 + eˣ) = max(x, 0) + log(1 + e), e = e^-|x|, and log(1 + e) = e − e²·p(e): degree 8 on 0 ... 1, 2^-27.5. At most 2.5 ulp from the truth.
FX_INLINE float softplus_f32(float x) {
  float e = exp_falling_f32(abs_f32(x));
  float p = 0.0033184723f;
  p = p * e + -0.020204585f;
  p = p * e + 0.0576644428f;
  p = p * e + -0.106805556f;
  p = p * e + 0.153553963f;
  p = p * e + -0.196954012f;
  p = p * e + 0.249585867f;
  p = p * e + -0.33330512f;
  p = p * e + 0.499999315f;
  return (x > 0.0f ? x : 0.0f) + (e - e * e * p);
}

/// log cosh x: below 0.75 x²·P(x²), degree 6 (2^-32.2), which keeps the digits near 0; above |x| − log 2 + log(1 + e^(−2|x|)).
FX_INLINE float log_cosh_f32(float x) {
  float a = abs_f32(x), z = a * a;
  float p = 0.000134305723f;
  p = p * z + -0.000656266406f;
  p = p * z + 0.00215741852f;
  p = p * z + -0.00674042851f;
  p = p * z + 0.0222217087f;
  p = p * z + -0.0833333135f;
  p = p * z + 0.5f;
  float large = (a - LN2_HI_F32) + (softplus_f32(-2.0f * a) - LN2_LO_F32);
  return a < 0.75f ? z * p : large;
}

/// log(1 − eˣ) for x < 0.
FX_INLINE float log1m_exp_f32(float x) { return x > -0.693147f ? log_f32(-expm1_f32(x)) : log1p_f32(-exp_f32(x)); }

#endif
