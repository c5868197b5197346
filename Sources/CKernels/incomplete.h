// The incomplete gamma functions, Hurwitz's zeta function, the normal distribution's relatives and orthogonal polynomials, one number at a
// time in
// float64, which float32 rounds. Numbers in brackets are equations of NIST's Digital Library of Mathematical Functions
// (https://dlmf.nist.gov).
#ifndef FLUXION_INCOMPLETE_H
#define FLUXION_INCOMPLETE_H

#include "gamma.h"

#define ROOT_2 1.4142135623730951
#define ROOT_PI 1.7724538509055160
#define ROOT_2PI 2.5066282746310005

// MARK: incomplete gamma functions

/// m − log(1 + m), which is m²/2 − m³/3 + … near 0.
static double log_distance(double m) {
  if (__builtin_fabs(m) > 0.1) return m - log1p(m);
  double power = m * m, sum = 0.0;
  for (double k = 2.0; k < 24.0; k += 1.0) sum += power / k, power *= -m;
  return sum;
}

/// log Γ*(a), what Stirling's formula is short of (5.11.1).
static double stirling_rest(double a) {
  double w = 1.0 / a, q = w * w;
  return w * (8.3333333333333329e-2 + q * (-2.7777777777777779e-3 + q * (7.9365079365079365e-4 + q * (-5.9523809523809529e-4 + q *
         (8.4175084175084171e-4 + q * (-1.9175269175269176e-3 + q * 6.4102564102564103e-3))))));
}

/// xᵃ·e⁻ˣ/Γ(a + 1).
static double gamma_power(double a, double x) {
  if (a < 12.0) return exp(a * log(x) - x) / tgamma(a + 1.0);
  return exp(-a * log_distance((x - a) / a) - stirling_rest(a)) / (ROOT_2PI * sqrt(a));
}

/// For large a, of which x is near: the expansion (8.12.3, 8.12.7) with c₀ and c₁ (8.12.10), by their Taylor series, as (8.12.9) cancels.
static double gamma_uniform(double a, double x, int upper) {
  static const double c0[] = {-0.33333333333333333, 0.083333333333333333, -0.014814814814814815, 0.0011574074074074074,
                                0.0003527336860670194, -0.00017875514403292181, 3.9192631785224378e-5, -2.1854485106799922e-6,
                                -1.85406221071516e-6, 8.296711340953086e-7, -1.7665952736826079e-7, 6.7078535434014986e-9,
                                1.0261809784240308e-8, -4.3820360184533532e-9, 9.1476995822367902e-10, -2.551419399494625e-11};
  static const double c1[] = {-0.0018518518518518519, -0.0034722222222222222, 0.0026455026455026455, -0.00099022633744855967,
                                0.00020576131687242798, -4.0187757201646091e-7, -1.8098550334489978e-5, 7.6491609160811101e-6,
                                -1.6120900894563446e-6, 4.6471278028074343e-9, 1.378633446915721e-7, -5.752545603517705e-8,
                                1.1951628599778147e-8, -1.7543241719747648e-11, -1.0091543710600413e-9, 4.1627929918425826e-10};
  double m = (x - a) / a, e = __builtin_copysign(sqrt(2.0 * log_distance(m)), m), s0 = 0.0, s1 = 0.0;
  for (int k = 15; k >= 0; k--) s0 = s0 * e + c0[k], s1 = s1 * e + c1[k];
  double rest = exp(-0.5 * a * e * e) / (ROOT_2PI * sqrt(a)) * (s0 + s1 / a);
  double part = 0.5 * erfc((upper ? e : -e) * sqrt(0.5 * a));
  return upper ? part + rest : part - rest;
}

/// P(a, x), or Q(a, x) = 1 − P(a, x): for x below a + 1 by the series (8.7.1), above by the continued fraction (8.9.2).
static double gamma_part(double a, double x, int upper) {
  if (!(a >= 0.0) || !(x >= 0.0) || (a == 0.0 && x == 0.0)) return __builtin_nan("");
  if (a == __builtin_inf()) return x == __builtin_inf() ? __builtin_nan("") : upper ? 1.0 : 0.0;
  if (x == __builtin_inf() || a == 0.0) return upper ? 0.0 : 1.0;
  if (x == 0.0) return upper ? 1.0 : 0.0;
  if (a > 20000.0 && __builtin_fabs(x - a) < 0.3 * a) return gamma_uniform(a, x, upper);
  if (x < a + 1.0) {
    double term = 1.0, sum = 1.0;
    for (double k = 1.0; k < 100000.0 && term > sum * 0x1p-60; k += 1.0) sum += term *= x / (a + k);
    double y = sum * gamma_power(a, x);
    return upper ? 1.0 - y : y;
  }
  // Lentz's way from the front.
  double b = x + 1.0 - a, c = 0x1p+1000, d = 1.0 / b, h = d;
  for (double k = 1.0; k < 100000.0; k += 1.0) {
    double n = k * (a - k);
    b += 2.0;
    d = b + n * d, d = d == 0.0 ? 0x1p+1000 : 1.0 / d;
    c = b + n / c, c = c == 0.0 ? 0x1p-1000 : c;
    h *= c * d;
    if (__builtin_fabs(c * d - 1.0) < 0x1p-54) break;
  }
  double y = h * a * gamma_power(a, x);
  // Below 1 the factor a / Γ(a + 1) is 1 / Γ(a).
  return upper ? y : 1.0 - y;
}

// MARK: Hurwitz's zeta function

/// Σ (q + k)⁻ˢ over k >= 0, s > 1 (25.11.1). Of a negative q, which wants an integer s, the terms below 0 and above 0 are two sums.
static double zeta(double s, double q) {
  if (s == 1.0) return __builtin_inf();
  if (!(s > 1.0) || q != q) return __builtin_nan("");
  if (s == __builtin_inf()) return q > 1.0 ? 0.0 : q == 1.0 ? 1.0 : q > 0.0 ? __builtin_inf() : __builtin_nan("");
  if (q > 0.0) return hurwitz_zeta(s, q);
  double below = __builtin_ceil(q) - q, above = q - __builtin_floor(q);
  if (below == 0.0) return __builtin_inf();
  if (s != __builtin_floor(s) || q == -__builtin_inf()) return __builtin_nan("");
  double sign = __builtin_fmod(s, 2.0) == 0.0 ? 1.0 : -1.0;
  return hurwitz_zeta(s, above) + sign * (hurwitz_zeta(s, below) - hurwitz_zeta(s, 1.0 - q));
}

// MARK: the normal distribution

/// exp(x²)·erfc(x); above 3 by the continued fraction (7.9.1), from behind.
static double erfc_scaled(double x) {
  if (x < 3.0) {
    double square = x * x, rest = __builtin_fma(x, x, -square), y = exp(square);
    return (y < __builtin_inf() ? y + y * rest : y) * erfc(x);
  }
  double t = x;
  for (double k = 60.0; k > 0.0; k -= 1.0) t = x + 0.5 * k / t;
  return x == __builtin_inf() ? 0.0 : 1.0 / (ROOT_PI * t);
}

/// log Φ(x).
static double log_normal_cdf(double x) {
  if (x < -1.0) return log(0.5 * erfc_scaled(-x / ROOT_2)) - 0.5 * x * x;
  return log1p(-0.5 * erfc(x / ROOT_2));
}

/// The x with Φ(x) = p: an approximation (Abramowitz and Stegun 26.2.23, 5e-4), and Newton's steps with log Φ.
static double normal_quantile(double p) {
  if (!(p > 0.0) || !(p < 1.0)) return p == 0.0 ? -__builtin_inf() : p == 1.0 ? __builtin_inf() : __builtin_nan("");
  double small = p > 0.5 ? 1.0 - p : p, goal = log(small), t = sqrt(-2.0 * goal);
  double x = (2.515517 + t * (0.802853 + t * 0.010328)) / (1.0 + t * (1.432788 + t * (0.189269 + t * 0.001308))) - t;
  for (int i = 0; i < 4; i++) {
    double l = log_normal_cdf(x);
    x -= (l - goal) * ROOT_2PI * exp(0.5 * x * x + l);
  }
  return p > 0.5 ? -x : p == 0.5 ? 0.0 : x;
}

// MARK: orthogonal polynomials

/// The d-th derivative of a polynomial of degree n by its recurrence (18.9.1), differentiated: kind + 16·d says which.
static double polynomial(double code, double n, double x) {
  if (!(code >= 0.0) || !(code < 128.0)) return __builtin_nan("");
  int kind = (int)code % 16, order = (int)code / 16;
  if (n != n || x != x || n > 0x1p20 || kind > 11) return __builtin_nan("");
  if (n <= -1.0) return 0.0;
  double scale = 1.0;
  if (kind >= 4 && kind < 8) {
    // Shifted: of 2x − 1.
    kind -= 4, x = 2.0 * x - 1.0;
    for (int d = 0; d < order; d++) scale *= 2.0;
  }
  // p of k + 1 = (a·x + b)·p − c·p of k − 1.
  double before[8] = {0}, p[8] = {1.0};
  double first_slope = kind == 0 || kind == 9 || kind == 11 ? 1.0 : kind == 10 ? -1.0 : 2.0;
  double first_constant = kind == 2 ? -1.0 : kind == 3 || kind == 10 ? 1.0 : 0.0;
  for (double k = 0.0; k < __builtin_floor(n); k += 1.0) {
    double a = kind < 4 || kind == 8 ? 2.0 : kind == 9 ? 1.0 : kind == 10 ? -1.0 / (k + 1.0) : (2.0 * k + 1.0) / (k + 1.0);
    double b = kind == 10 ? (2.0 * k + 1.0) / (k + 1.0) : 0.0;
    double c = kind < 4 ? 1.0 : kind == 8 ? 2.0 * k : kind == 9 ? k : k / (k + 1.0);
    if (k == 0.0) a = first_slope, b = first_constant;
    for (int d = order; d >= 0; d--) {
      double next = (a * x + b) * p[d] - c * before[d] + (d ? (double)d * a * p[d - 1] : 0.0);
      before[d] = p[d], p[d] = next;
    }
    if (p[0] != p[0]) return __builtin_nan("");
  }
  return scale * p[order];
}

#endif
