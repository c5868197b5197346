// The gamma function's relatives, the inverse error function and sin(πx)/(πx): one number at a time, in float64, which float32 rounds.
#ifndef FLUXION_GAMMA_H
#define FLUXION_GAMMA_H

#include "math64.h"
#include "special.h"

#define PI_F64 3.141592653589793

/// sin(πx), exact at multiples of ½: only the distance to the nearest integer is multiplied by π.
FX_INLINE double sin_pi_f64(double x) {
  double r = x - 2.0 * __builtin_elementwise_rint(0.5 * x), a = abs_f64(r);
  return sin_f64(PI_F64 * sign_from_f64(a > 0.5 ? 1.0 - a : a, r));
}

FX_INLINE float sin_pi_f32(float x) {
  float r = x - 2.0f * __builtin_elementwise_rint(0.5f * x), a = abs_f32(r);
  return sin_f32((float)PI_F64 * sign_from_f32(a > 0.5f ? 1.0f - a : a, r));
}

/// log |Γ(x)|, its absolute error some 1e-15: for x >= 0 by Stirling's series at x + 8, less the logarithm of x(x + 1)…(x + 7); below 0 by
/// reflection.
FX_INLINE double log_gamma_near_f64(double x) {
  double y = x < 0.0 ? 1.0 - x : x;
  int small = y < 8.0;
  double p = y * (y + 1.0) * (y + 2.0) * (y + 3.0) * ((y + 4.0) * (y + 5.0) * (y + 6.0) * (y + 7.0));
  double z = small ? y + 8.0 : y, w = 1.0 / z, q = w * w;
  double s = 0.006410256410256410;
  s = s * q + -0.0019175269175269176;
  s = s * q + 0.00084175084175084171;
  s = s * q + -0.00059523809523809529;
  s = s * q + 0.00079365079365079365;
  s = s * q + -0.0027777777777777779;
  s = s * q + 0.083333333333333329;
  double g = (z - 0.5) * log_f64(z) - z + (0.91893853320467267 + s * w);
  g = z < __builtin_inf() ? g : z;
  g -= log_f64(small ? p : 1.0);
  g = ((y == 1.0) | (y == 2.0)) ? 0.0 : g;
  double reflected = log_f64(PI_F64 / abs_f64(sin_pi_f64(x))) - g;
  reflected = x == -__builtin_inf() ? __builtin_inf() : reflected;
  return x < 0.0 ? reflected : g;
}

/// ψ(x), the derivative of log Γ: the asymptotic series at x + 10, less 1/x + … + 1/(x + 9) as one fraction; below 0 by reflection. A pole
/// at 0 has the sign of its side; the others have none.
FX_INLINE double digamma_f64(double x) {
  double y = x < 0.0 ? 1.0 - x : x;
  int small = y < 10.0;
  double n = 1.0, d = small ? y : 1.0;
  for (int k = 1; k < 10; k++) {
    double t = small ? y + (double)k : 1.0;
    n = n * t + d;
    d = d * t;
  }
  double z = small ? y + 10.0 : y, w = 1.0 / z, q = w * w;
  double s = 0.44325980392156861;
  s = s * q + -0.083333333333333329;
  s = s * q + 0.021092796092796094;
  s = s * q + -0.0075757575757575760;
  s = s * q + 0.0041666666666666666;
  s = s * q + -0.0039682539682539680;
  s = s * q + 0.0083333333333333332;
  s = s * q + -0.083333333333333329;
  double g = log_f64(z) - 0.5 * w + q * s;
  g = small ? g - n / d : g;
  double r = x - __builtin_elementwise_rint(x);
  double turn = r == 0.0 ? __builtin_nan("") : PI_F64 / tan_f64(PI_F64 * r);
  return x < 0.0 ? g - turn : g;
}

/// ψ′(x), in the same way.
FX_INLINE double trigamma_f64(double x) {
  double y = x < 0.0 ? 1.0 - x : x;
  int small = y < 10.0;
  double n = 1.0, d = small ? y * y : 1.0;
  for (int k = 1; k < 10; k++) {
    double t = small ? y + (double)k : 1.0, u = t * t;
    n = n * u + d;
    d = d * u;
  }
  double z = small ? y + 10.0 : y, w = 1.0 / z, q = w * w;
  double s = -7.0921568627450980;
  s = s * q + 1.1666666666666667;
  s = s * q + -0.25311355311355310;
  s = s * q + 0.075757575757575760;
  s = s * q + -0.033333333333333333;
  s = s * q + 0.023809523809523808;
  s = s * q + -0.033333333333333333;
  s = s * q + 0.16666666666666666;
  double g = w + 0.5 * q + w * q * s;
  g = small ? g + n / d : g;
  double v = PI_F64 / sin_pi_f64(x);
  return x < 0.0 ? v * v - g : g;
}

/// A step of Halley's towards the y >= 0 with erf y = a, by the error of erf or, where that is near 1, of erfc.
FX_INLINE double erf_inverse_step_f64(double y, double a) {
  double off = a < 0.5 ? erf_f64(y) - a : (1.0 - a) - erfc_f64(y);
  double u = off * (0.88622692545275794 * exp_f64(y * y));
  return y - u / (1.0 + y * u);
}

/// The number whose error function is x: a closed approximation (Winitzki 2008, 2e-3) and three steps.
FX_INLINE double erf_inverse_f64(double x) {
  double a = abs_f64(x), l = log1p_f64(-a * a), m = 4.3307467508 + 0.5 * l;
  double y = sqrt_f64(-6.8027210884 * l / (sqrt_f64(m * m - 6.8027210884 * l) + m));
  y = a == 0.0 ? 0.0 : y;
  // Written out: a loop in a loop is not vectorised.
  y = erf_inverse_step_f64(erf_inverse_step_f64(erf_inverse_step_f64(y, a), a), a);
  y = a == 1.0 ? __builtin_inf() : a > 1.0 ? __builtin_nan("") : y;
  return sign_from_f64(y, x);
}

// MARK: functions with an order

/// Σ 1/(x + k)ˢ over k >= 0 for x > 0 and an integer s >= 2: terms up to where Euler and Maclaurin's formula converges, and that.
static inline double hurwitz_zeta(double s, double x) {
  // B₂ⱼ / (2j)!
  static const double c[] = {8.3333333333333329e-2, -1.3888888888888889e-3, 3.3068783068783071e-5, -8.2671957671957675e-7,
                             2.0876756987868101e-8, -5.2841901386874935e-10, 1.3382536530684679e-11, -3.3896802963225831e-13,
                             8.5860620562778450e-15, -2.1748686985580620e-16};
  double sum = 0.0, w = x;
  while (w < 10.0 + 0.5 * s) {
    double term = __builtin_pow(w, -s);
    sum += term;
    w += 1.0;
    if (term <= sum * 0x1p-60 || sum == __builtin_inf()) return sum;
  }
  double power = __builtin_pow(w, -s);
  // w^(1 − s) is there where w^(−s) is not any more.
  sum += __builtin_pow(w, 1.0 - s) / (s - 1.0) + 0.5 * power;
  double factor = s * power / w;
  for (int j = 0; j < 10; j++) {
    sum += factor * c[j];
    factor *= (s + 2.0 * j + 1.0) * (s + 2.0 * j + 2.0) / (w * w);
  }
  return sum;
}

/// ψ⁽ⁿ⁾(x) = (−1)ⁿ⁺¹ n! Σ 1/(x + k)ⁿ⁺¹; of a negative x the terms below 0 and above 0 are two sums.
static inline double polygamma_f64(double n, double x) {
  if (n == 0.0) return digamma_f64(x);
  if (n == 1.0) return trigamma_f64(x);
  if (!(n > 0.0) || x != x || x == -__builtin_inf()) return __builtin_nan("");
  double s = n + 1.0, sign = __builtin_fmod(n, 2.0) == 0.0 ? -1.0 : 1.0, zeta;
  if (x > 0.0) {
    zeta = x == __builtin_inf() ? 0.0 : hurwitz_zeta(s, x);
  } else {
    double below = __builtin_ceil(x) - x, above = x - __builtin_floor(x);
    zeta = below == 0.0 ? __builtin_inf() : hurwitz_zeta(s, above) - sign * (hurwitz_zeta(s, 1.0 - x) - hurwitz_zeta(s, below));
  }
  return sign * __builtin_tgamma(s) * zeta;
}

/// The n-th derivative of sin(πx)/(πx): πⁿ·s(πx), where s has a power series and, as u·sₙ + n·sₙ₋₁ = sin(u + nπ/2), a recurrence that is
/// stable for u > n.
static inline double sinc_f64(double n, double x) {
  double u = PI_F64 * x, s;
  if (u == 0.0 && n == 0.0) return 1.0;
  if (abs_f64(u) < n + 2.0) {
    double m = __builtin_fmod(n, 2.0), k = 0.5 * (n + m);
    // (−1)ᵏ uᵐ / (m! (m + n + 1)) over k >= n/2, m = 2k − n.
    double term = __builtin_fmod(k, 2.0) == 0.0 ? 1.0 : -1.0;
    if (m == 1.0) term *= u;
    s = 0.0;
    for (; abs_f64(term) > 0x1p-60 || m < 2.0; m += 2.0) {
      s += term / (m + n + 1.0);
      term *= -u * u / ((m + 1.0) * (m + 2.0));
      if (term == 0.0) break;
    }
  } else {
    double r = x - 2.0 * __builtin_rint(0.5 * x), sine = sin_pi_f64(x), cosine = cos_f64(PI_F64 * r);
    s = sine / u;
    for (double k = 1.0; k <= n; k += 1.0) {
      double turned = __builtin_fmod(k, 2.0) == 0.0 ? sine : cosine;
      s = ((__builtin_fmod(k, 4.0) >= 2.0 ? -turned : turned) - k * s) / u;
    }
  }
  return s * __builtin_pow(PI_F64, n);
}

#endif
