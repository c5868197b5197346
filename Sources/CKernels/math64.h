// Elementary functions of float64, in the same form as math32.h: one number at a time, no branches, minimax polynomials of our own.
// Integers stay unsigned: AVX2 has neither an arithmetic shift nor a conversion for 64 bits.
#ifndef FLUXION_MATH64_H
#define FLUXION_MATH64_H

#include "kernels.h"

// Adding 1.5·2⁵² rounds to the nearest integer and leaves it in the low bits of the sum.
#define ROUND_F64 6755399441055744.0
#define ROUND_F64_BITS 0x4338000000000000u
#define LOG2E_F64 1.4426950408889634
#define LN2_F64 0.6931471805599453
#define LN2_HI_F64 0x1.62e42fefa2p-1
#define LN2_LO_F64 0x1.9ef35793c7673p-41
// π/2 as 33 + 53 bits (for float32, 2¹⁷ quarter turns) and as 36 + 36 + 53 bits (for float64).
#define PIO2_33_1 0x1.921fb544p+0
#define PIO2_33_2 0x1.0b4611a626331p-34
#define PIO2_36_1 0x1.921fb5444p+0
#define PIO2_36_2 0x1.68c234c4cp-39
#define PIO2_36_3 0x1.98a2e03707345p-77

/// 2ⁿ for n in −1022 ... 1023, in two's complement.
FX_INLINE double power_of_two_f64(uint64_t n) { return from_bits_f64((n + 1023u) << 52); }

/// (eʳ − 1 − r) / r² on ±0.3466: degree 9, 2^-57.9.
FX_INLINE double exp_tail_f64(double r) {
  double p = 2.5020041086947609e-08;
  p = p * r + 2.7630751751068369e-07;
  p = p * r + 2.75575305810809e-06;
  p = p * r + 2.4801491749733827e-05;
  p = p * r + 0.00019841269560434826;
  p = p * r + 0.0013888888944861291;
  p = p * r + 0.0083333333334737383;
  p = p * r + 0.041666666666525791;
  p = p * r + 0.16666666666666438;
  return p * r + 0.50000000000000111;
}

/// eʳ − 1 near 0.
FX_INLINE double expm1_core_f64(double r) { return r * r * exp_tail_f64(r) + r; }

/// x = n·ln 2 + r with |r| <= ln 2 / 2.
FX_INLINE double reduce_ln2_f64(double x, uint64_t *n) {
  double t = x * LOG2E_F64 + ROUND_F64;
  *n = bits_f64(t) - ROUND_F64_BITS;
  double k = t - ROUND_F64;
  double r = x - k * LN2_HI_F64;
  return r - k * LN2_LO_F64;
}

/// y·2ⁿ for n in −2044 ... 2046, in two halves, so that results below the normal range round once. What is shifted is positive.
FX_INLINE double scale_f64(double y, uint64_t n) {
  uint64_t half = ((n + 4096u) >> 1) - 2048u;
  return y * power_of_two_f64(half) * power_of_two_f64(n - half);
}

/// eˣ·2^shift, shift 0 or −1.
FX_INLINE double exp_scaled_f64(double x, int64_t shift) {
  x = x < -746.0 ? -746.0 : x;
  x = x > 711.0 ? 711.0 : x;
  uint64_t n;
  double y = 1.0 + expm1_core_f64(reduce_ln2_f64(x, &n));
  return scale_f64(y, n + (uint64_t)shift);
}

FX_INLINE double exp_f64(double x) { return exp_scaled_f64(x, 0); }

/// 2ⁿ(eʳ − 1) + (2ⁿ − 1), with n − 1 in place of n so that 2¹⁰²⁴ is not needed.
FX_INLINE double expm1_f64(double x) {
  double z = x < -40.0 ? -40.0 : x;
  z = z > 710.0 ? 710.0 : z;
  uint64_t n;
  double y = expm1_core_f64(reduce_ln2_f64(z, &n));
  double s = power_of_two_f64(n - 1u);
  y = 2.0 * (s * y + (s - 0.5));
  return abs_f64(x) < 0x1p-55 ? x : y;
}

/// log(1 + f) = 2·atanh(s) with s = f / (2 + f). Here, with z = s², (2·atanh(s) − 2s) / s = z·P(z) for |s| <= 0.1716: degree 6, 2^-59.5
/// of the logarithm.
FX_INLINE double log_tail_f64(double z) {
  double p = 0.14795859418811214;
  p = p * z + 0.15314064451988033;
  p = p * z + 0.18183563550584708;
  p = p * z + 0.22222198593817219;
  p = p * z + 0.28571428742110738;
  p = p * z + 0.3999999999941643;
  p = p * z + 0.6666666666666734;
  return p * z;
}

/// log(1 + f) + e·ln 2 + c. As 2s = f − s·f, and s·f = f²/2 − s·f²/2, the leading terms f − f²/2 are kept apart from the small rest.
FX_INLINE double log_core_f64(double f, double e, double c) {
  double s = f / (2.0 + f), h = 0.5 * f * f;
  double rest = s * (h + log_tail_f64(s * s)) + (e * LN2_LO_F64 + c);
  return e * LN2_HI_F64 - ((h - rest) - f);
}

/// x = m·2ᵉ, m in √½ ..< √2, for a positive normal x. The exponent becomes a double by way of the low bits of 2⁵².
FX_INLINE double split_f64(double x, double *e) {
  uint64_t half = 0x3fe6a09e667f3bcdu, u = bits_f64(x) - half + (1023ull << 52);
  *e = from_bits_f64((u >> 52) | 0x4330000000000000u) - (0x1p52 + 1023.0);
  return from_bits_f64((u & 0x000fffffffffffffu) + half);
}

FX_INLINE double log_f64(double x) {
  int subnormal = x < 0x1p-1022;
  double e, m = split_f64(subnormal ? x * 0x1p54 : x, &e);
  double y = log_core_f64(m - 1.0, e - (subnormal ? 54.0 : 0.0), 0.0);
  y = x < __builtin_inf() ? y : x;
  y = x == 0.0 ? -__builtin_inf() : y;
  return x < 0.0 ? __builtin_nan("") : y;
}

/// As log1p_f32.
FX_INLINE double log1p_f64(double x) {
  double u = 1.0 + x, e, m = split_f64(u, &e);
  double lost = x >= 1.0 ? 1.0 - (u - x) : x - (u - 1.0);
  double f = e == 0.0 ? x : m - 1.0;
  double y = log_core_f64(f, e, e == 0.0 ? 0.0 : lost / u);
  y = x < __builtin_inf() ? y : x;
  y = x == -1.0 ? -__builtin_inf() : y;
  y = x < -1.0 ? __builtin_nan("") : y;
  return abs_f64(x) < 0x1p-60 ? x : y;  // keeps the sign of zero
}

// MARK: circular functions

/// 2¹⁷: up to here the products of the quarter turns with the first two parts of π/2 are exact.
#define TURN_LIMIT_F64 131072.0

/// x less the nearest multiple of π/2 as a sum r + tail, and the quarter turns.
FX_INLINE double reduce_turn_f64(double x, double *tail, uint64_t *quarter) {
  double t = x * 0.6366197723675814 + ROUND_F64;
  *quarter = bits_f64(t);
  double k = t - ROUND_F64;
  double r0 = x - k * PIO2_36_1;
  double p = k * PIO2_36_2;
  double r1 = r0 - p;
  double q = k * PIO2_36_3 - ((r0 - r1) - p);
  double r = r1 - q;
  *tail = (r1 - r) - q;
  return r;
}

/// Odd, on ±π/4: degree 13, 2^-58.0. Of the tail only the first order matters.
FX_INLINE double sin_core_f64(double r, double tail) {
  double z = r * r;
  double p = 1.5896682107938025e-10;
  p = p * z + -2.5050756721196031e-08;
  p = p * z + 2.7557313687618261e-06;
  p = p * z + -0.000198412698298135;
  p = p * z + 0.0083333333333224548;
  p = p * z + -0.16666666666666632;
  return r + (r * z * p + tail * (1.0 - 0.5 * z));
}

/// Even, on ±π/4: degree 14, 2^-64.2. What 1 − r²/2 loses to rounding is added back.
FX_INLINE double cos_core_f64(double r, double tail) {
  double z = r * r, h = 0.5 * z, w = 1.0 - h;
  double p = -1.1359802765761877e-11;
  p = p * z + 2.0875727063544735e-09;
  p = p * z + -2.7557314387493479e-07;
  p = p * z + 2.4801587289636354e-05;
  p = p * z + -0.0013888888888874441;
  p = p * z + 0.041666666666666602;
  return w + (((1.0 - w) - h) + (z * z * p - r * tail));
}

/// sin(r + tail + quarter·π/2).
FX_INLINE double sin_quarter_f64(double r, double tail, uint64_t quarter) {
  double s = sin_core_f64(r, tail), c = cos_core_f64(r, tail);
  double y = (quarter & 1) ? c : s;
  return from_bits_f64(bits_f64(y) ^ ((quarter & 2) << 62));
}

FX_INLINE double sin_f64(double x) {
  uint64_t q;
  double tail, r = reduce_turn_f64(x, &tail, &q);
  double y = sin_quarter_f64(r, tail, q);
  return x == 0.0 ? x : y;
}

FX_INLINE double cos_f64(double x) {
  uint64_t q;
  double tail, r = reduce_turn_f64(x, &tail, &q);
  return sin_quarter_f64(r, tail, q + 1);
}

FX_INLINE double tan_f64(double x) {
  uint64_t q;
  double tail, r = reduce_turn_f64(x, &tail, &q);
  double s = sin_core_f64(r, tail), c = cos_core_f64(r, tail);
  double y = ((q & 1) ? -c : s) / ((q & 1) ? s : c);
  return x == 0.0 ? x : y;
}

// MARK: hyperbolic functions

/// t / (t + 2) with t = e²ˣ − 1.
FX_INLINE double tanh_f64(double x) {
  double a = abs_f64(x);
  double t = expm1_f64(2.0 * (a > 20.0 ? 20.0 : a));
  return sign_from_f64(t / (t + 2.0), x);
}

FX_INLINE double sinh_f64(double x) {
  double a = abs_f64(x);
  double t = expm1_f64(a > 1.0 ? 1.0 : a), h = exp_scaled_f64(a, -1);
  double y = a < 1.0 ? 0.5 * (t + t / (t + 1.0)) : h - 0.25 / h;
  return sign_from_f64(a < 0x1p-28 ? a : y, x);
}

FX_INLINE double cosh_f64(double x) {
  double h = exp_scaled_f64(abs_f64(x), -1);
  return h + 0.25 / h;
}

/// log(1 + a + a² / (1 + √(1 + a²))), and log a + log 2 from where 1 has nothing to add to a, long before a² overflows.
FX_INLINE double asinh_f64(double x) {
  double a = abs_f64(x);
  int large = a > 0x1p60;
  double w = a + a * a / (1.0 + sqrt_f64(1.0 + a * a));
  return sign_from_f64(log1p_f64(large ? a : w) + (large ? LN2_F64 : 0.0), x);
}

FX_INLINE double acosh_f64(double x) {
  int large = x > 0x1p60;
  double t = x - 1.0, w = t + sqrt_f64(2.0 * t + t * t);
  double y = log1p_f64(large ? x : w) + (large ? LN2_F64 : 0.0);
  return x < 1.0 ? __builtin_nan("") : y;
}

FX_INLINE double atanh_f64(double x) {
  double a = abs_f64(x);
  return sign_from_f64(0.5 * log1p_f64(2.0 * a / (1.0 - a)), x);
}

/// e⁻ᵃ for a >= 0.
FX_INLINE double exp_falling_f64(double a) { return exp_f64(-a); }

FX_INLINE double sigmoid_f64(double x) {
  double e = exp_f64(-abs_f64(x));
  return (x < 0.0 ? e : 1.0) / (1.0 + e);
}

/// x·sigmoid(x), as silu_f32.
FX_INLINE double silu_f64(double x) {
  double z = -abs_f64(x);
  z = z < -760.0 ? -760.0 : z;
  uint64_t n;
  double y = 1.0 + expm1_core_f64(reduce_ln2_f64(z, &n));
  double scaled = y * power_of_two_f64(n + 512u);
  return (x < 0.0 ? z * scaled * 0x1p-512 : x) / (1.0 + scaled * 0x1p-512);
}

/// log(1 + eˣ) = max(x, 0) + log(1 + e^-|x|).
FX_INLINE double softplus_f64(double x) { return (x > 0.0 ? x : 0.0) + log1p_f64(exp_f64(-abs_f64(x))); }

/// As log_cosh_f32, degree 13 (2^-63).
FX_INLINE double log_cosh_f64(double x) {
  double a = abs_f64(x), z = a * a;
  double p = -5.80498178860264e-08;
  p = p * z + 3.8393373172512575e-07;
  p = p * z + -1.4322917408037258e-06;
  p = p * z + 4.2783652715752475e-06;
  p = p * z + -1.190068054797497e-05;
  p = p * z + 3.2761798631172384e-05;
  p = p * z + -9.09857380976145e-05;
  p = p * z + 0.0002565799607027344;
  p = p * z + -0.0007386028952126015;
  p = p * z + 0.00218694884905133;
  p = p * z + -0.006746031745840997;
  p = p * z + 0.022222222222218053;
  p = p * z + -0.0833333333333333;
  p = p * z + 0.5;
  double large = (a - LN2_HI_F64) + (softplus_f64(-2.0 * a) - LN2_LO_F64);
  return a < 0.75 ? z * p : large;
}

/// log(1 − eˣ) for x < 0.
FX_INLINE double log1m_exp_f64(double x) { return x > -0.693147 ? log_f64(-expm1_f64(x)) : log1p_f64(-exp_f64(x)); }

#endif
