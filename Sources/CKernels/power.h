// Powers of both float types.
#ifndef FLUXION_POWER_H
#define FLUXION_POWER_H

#include "math32.h"

/// 2^(y·log₂|x|) in float64: log₂ to 2^-52, the power of two to 2^-51, so that after one rounding to float32 what has an exact result
/// gets it and anything else is off by half a unit (but for one case in millions).
FX_INLINE float pow_f32(float x, float y) {
  double a = (double)abs_f32(x), b = (double)y;
  double e, m = split_f64(a, &e);
  double s = (m - 1.0) / (m + 1.0), z = s * s;
  double p = 0.24305474752542795;
  p = p * z + 0.26143467204059717;
  p = p * z + 0.32061660532196296;
  p = p * z + 0.41219840055520957;
  p = p * z + 0.57707801724019492;
  p = p * z + 0.96179669392441391;
  p = p * z + 2.8853900817779272;
  double l = p * s + e;
  l = a == 0.0 ? -__builtin_inf() : l;
  l = a < __builtin_inf() ? l : a;
  double w = ((a == 1.0) & (y == y)) ? 0.0 : b * l;  // (±1)^±∞ is 1
  w = w < -200.0 ? -200.0 : w;
  w = w > 200.0 ? 200.0 : w;
  double t = w + ROUND_F64, f = w - (t - ROUND_F64);
  double g = 7.1117692463256673e-09;
  g = g * f + 1.0210515973357036e-07;
  g = g * f + 1.3215235536959042e-06;
  g = g * f + 1.5252647701837359e-05;
  g = g * f + 0.00015403530801016369;
  g = g * f + 0.001333355824654766;
  g = g * f + 0.0096181291073806352;
  g = g * f + 0.055504108664346311;
  g = g * f + 0.24022650695910472;
  g = g * f + 0.69314718055995161;
  g = g * f + 1.0;
  float r = (float)(g * power_of_two_f64(bits_f64(t) - ROUND_F64_BITS));
  // The sign and the domain. From 2²⁴ on every float is an even integer, the infinities too.
  double c = abs_f32(y) < 16777216.0f ? b : 0.0, u = c + ROUND_F64;
  int integer = u - ROUND_F64 == c, odd = (int)(bits_f64(u) & 1);
  r = from_bits_f32(bits_f32(r) ^ ((odd & integer) ? bits_f32(x) & 0x80000000u : 0u));
  r = ((x < 0.0f) & (x > -__builtin_inff()) & !integer) ? __builtin_nanf("") : r;
  return ((x == 1.0f) | (y == 0.0f)) ? 1.0f : r;
}

/// The upper 26 bits: products of two such numbers are exact.
FX_INLINE double upper_f64(double x) { return from_bits_f64(bits_f64(x) & 0xfffffffff8000000u); }

/// 2^(y·log₂|x|) with numbers in two parts, the upper one of 26 bits: the logarithm to 2^-64 of itself, as the exponent can be 1,074. At most 1.2 ulp
/// from the truth.
FX_INLINE double pow_f64(double x, double y) {
  double a = abs_f64(x);
  int subnormal = a < 0x1p-1022;
  double e, m = split_f64(subnormal ? a * 0x1p54 : a, &e);
  e = subnormal ? e - 54.0 : e;
  // s = (m − 1) / (m + 1), what m + 1 loses to rounding included.
  double n = m - 1.0, d = m + 1.0, dh = upper_f64(d), dl = (d - dh) + (m - (d - 1.0)), inverse = 1.0 / d;
  double sh = upper_f64(n * inverse), sl = ((n - sh * dh) - sh * dl) * inverse;
  double square = sh * sh, below = sl * (2.0 * sh + sl), z = square + below, zh = upper_f64(z), zl = (square - zh) + below;
  // log₂ m = s·(2/ln 2 + z·(2/(3·ln 2) + z·P(z))), z = s²: degree 7, 2^-57.6 of P.
  double p = 0.16913313507166816;
  p = p * z + 0.16888493888236517;
  p = p * z + 0.19238058029189203;
  p = p * z + 0.22195278829883697;
  p = p * z + 0.26230819147110007;
  p = p * z + 0.32059889796714025;
  p = p * z + 0.4121985831111439;
  p = p * z + 0.5770780163555853;
  p = p * z;
  double ah = upper_f64(0x1.ec709d8p-1 + p), al = (0x1.ec709d8p-1 - ah) + (p + 0x1.0e80ff5d27f05p-27);
  double th = zh * ah, tl = zh * al + zl * (ah + al);
  double bh = upper_f64(0x1.7154760p+1 + th), bl = ((0x1.7154760p+1 - bh) + th) + (tl + 0x1.4ae0bf85ddf44p-25);
  double lh = sh * bh, ll = sh * bl + sl * (bh + bl);
  double h = upper_f64(e + lh), l = ((e - h) + lh) + ll;
  // The exponent w + v. Beyond ±1100 there is no more to it.
  double yh = upper_f64(y), yl = y - yh;
  double w = yh * h, v = yh * l + yl * (h + l);
  int beyond = (a == 0.0) | !(a < __builtin_inf());
  w = beyond ? y * (a == 0.0 ? -__builtin_inf() : a) : w;
  w = a == 1.0 ? 0.0 : w;
  w = y == y ? w : y;
  int far = !(abs_f64(w) < 1100.0);
  v = (far | beyond | (a == 1.0)) ? 0.0 : v;
  w = w < -1100.0 ? -1100.0 : w;
  w = w > 1100.0 ? 1100.0 : w;
  double t = w + ROUND_F64, f = (w - (t - ROUND_F64)) + v;
  double r = scale_f64(1.0 + expm1_core_f64(f * LN2_F64), bits_f64(t) - ROUND_F64_BITS);
  // The sign and the domain. From 2⁵³ on every number is an even integer.
  double half = 0.5 * y;
  int integer = __builtin_elementwise_rint(y) == y, odd = integer & (__builtin_elementwise_rint(half) != half);
  r = from_bits_f64(bits_f64(r) ^ (odd ? bits_f64(x) & 0x8000000000000000u : 0u));
  r = ((x < 0.0) & (x > -__builtin_inf()) & !integer) ? __builtin_nan("") : r;
  r = x == x ? r : x;
  return ((x == 1.0) | (y == 0.0)) ? 1.0 : r;
}

#endif
