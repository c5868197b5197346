// Bessel functions and Airy's, one number at a time in float64, which float32 rounds. Numbers in brackets are equations of NIST's Digital
// Library of Mathematical Functions (https://dlmf.nist.gov).
#ifndef FLUXION_BESSEL_H
#define FLUXION_BESSEL_H

#include "gamma.h"

#define EULER_GAMMA 0.57721566490153286

// MARK: modified functions of the first kind

/// exp(-|x|)·Iₙ(|x|) for n = 0 and 1: the power series (10.25.2), all of whose terms are positive, or beyond 30 the asymptotic one
/// (10.40.1),
/// whose terms there fall below the last digit.
static double bessel_i_scaled(double n, double x) {
  x = __builtin_fabs(x);
  if (!(x < __builtin_inf())) return x == x ? 0.0 : x;
  if (x <= 30.0) {
    double q = 0.25 * x * x, term = n == 0.0 ? 1.0 : 0.5 * x, sum = term;
    for (double k = 1.0; term > sum * 0x1p-60; k += 1.0) sum += term *= q / (k * (k + n));
    return sum * exp(-x);
  }
  double term = 1.0, sum = 1.0;
  for (double k = 1.0; k < 60.0 && __builtin_fabs(term) > 0x1p-60; k += 1.0) {
    term *= -(4.0 * n * n - (2.0 * k - 1.0) * (2.0 * k - 1.0)) / (8.0 * k * x);
    sum += term;
  }
  return sum / sqrt(2.0 * PI_F64 * x);
}

static double bessel_i0e(double x) { return bessel_i_scaled(0.0, x); }
static double bessel_i1e(double x) { return __builtin_copysign(bessel_i_scaled(1.0, x), x); }
/// y·eˣ in two factors, of which neither overflows before the product does.
static double unscaled(double y, double x) {
  double half = exp(0.5 * x);
  return y == 0.0 && half == __builtin_inf() ? half : y * half * half;
}
static double bessel_i0(double x) { return unscaled(bessel_i0e(x), __builtin_fabs(x)); }
static double bessel_i1(double x) {
  double y = bessel_i_scaled(1.0, x);
  return __builtin_copysign(unscaled(y, __builtin_fabs(x)), x);
}

// MARK: modified functions of the second kind

/// eˣ·K(x) of the orders v and v + 1, |v| <= 1/2, for x >= 2: Steed's way through the second continued fraction (Temme 1975; Thompson and
/// Barnett 1987).
static void bessel_k_fraction(double v, double x, double *first, double *second) {
  double b = 2.0 * (1.0 + x), d = 1.0 / b, h = d, delta = d;
  double q1 = 0.0, q2 = 1.0, a1 = 0.25 - v * v, q = a1, c = a1, a = -a1, s = 1.0 + q * delta;
  for (double i = 2.0; i < 10000.0; i += 1.0) {
    a -= 2.0 * (i - 1.0);
    c = -a * c / i;
    double next = (q1 - b * q2) / a;
    q1 = q2, q2 = next;
    q += c * next;
    b += 2.0;
    d = 1.0 / (b + a * d);
    delta = (b * d - 1.0) * delta;
    h += delta;
    double step = q * delta;
    s += step;
    if (__builtin_fabs(step / s) < 0x1p-56) break;
  }
  *first = sqrt(PI_F64 / (2.0 * x)) / s;
  *second = *first * (v + x + 0.5 - a1 * h) / x;
}

/// eˣ·Kₙ(x) for n = 0 and 1: below 2 by the series (10.31.1, 10.31.2).
static double bessel_k_scaled(int n, double x) {
  if (!(x > 0.0)) return x == 0.0 ? __builtin_inf() : __builtin_nan("");
  if (x == __builtin_inf()) return 0.0;
  if (x >= 2.0) {
    double first, second;
    bessel_k_fraction(0.0, x, &first, &second);
    return n ? second : first;
  }
  double q = 0.25 * x * x, logarithm = log(0.5 * x);
  if (n == 0) {
    // Σ qᵏ/(k!)²·(1 + … + 1/k − γ − log(x/2))
    double term = 1.0, harmonic = -EULER_GAMMA - logarithm, sum = harmonic;
    for (double k = 1.0; k < 60.0 && term > 0x1p-70; k += 1.0) {
      term *= q / (k * k), harmonic += 1.0 / k;
      sum += term * harmonic;
    }
    return sum * exp(x);
  }
  // 1/x + Σ (x/2)²ᵏ⁺¹/(k!(k + 1)!)·(log(x/2) − (ψ(k + 1) + ψ(k + 2))/2)
  double term = 0.5 * x, psi = 1.0 - 2.0 * EULER_GAMMA, sum = term * (logarithm - 0.5 * psi);
  for (double k = 1.0; k < 60.0 && term > 0x1p-70 * x; k += 1.0) {
    term *= q / (k * (k + 1.0)), psi += 1.0 / k + 1.0 / (k + 1.0);
    sum += term * (logarithm - 0.5 * psi);
  }
  return (1.0 / x + sum) * exp(x);
}

static double bessel_k0e(double x) { return bessel_k_scaled(0, x); }
static double bessel_k1e(double x) { return bessel_k_scaled(1, x); }
static double bessel_k0(double x) { return x > 0.0 ? bessel_k_scaled(0, x) * exp(-x) : bessel_k_scaled(0, x); }
static double bessel_k1(double x) { return x > 0.0 ? bessel_k_scaled(1, x) * exp(-x) : bessel_k_scaled(1, x); }

// MARK: Airy's function

/// Ai and Ai′ at 2, 0, −2, …, −12.
static const double airy_values[][2] = {
  {0.0349241304232743791, -0.0530903844336536317},
  {0.355028053887817239, -0.258819403792806798},
  {0.227407428201685576, 0.618259020741691041},
  {-0.0702655329492895151, -0.79062857536858138},
  {-0.329145173629823105, 0.345935487281342895},
  {-0.0527050503563862026, 0.935560938198306551},
  {0.0402412384864431907, 0.996265044132790056},
  {-0.0665551750543731295, 1.02311045336797073},
};

/// Ai(x) and its derivative. Above 2 by modified Bessel functions of order 1/3 (9.6.2); from there to −12 by the Taylor series of the
/// solution of
/// y″ = x·y from the nearest value of a table; below by the asymptotic expansion (9.7.9, 9.7.10).
static void airy(double x, double *value, double *slope) {
  if (x != x) { *value = *slope = x; return; }
  double z = 2.0 / 3.0 * __builtin_fabs(x) * sqrt(__builtin_fabs(x));
  if (x > 2.5) {
    if (z > 745.0) { *value = 0.0, *slope = -0.0; return; }
    double first, second, scale = exp(-z) / PI_F64;
    bessel_k_fraction(1.0 / 3.0, z, &first, &second);
    *value = scale * sqrt(x / 3.0) * first;
    // K of order 2/3 = −2/3 from those of 1/3 and 4/3.
    *slope = -scale * x / sqrt(3.0) * (second - 2.0 / (3.0 * z) * first);
    return;
  }
  if (x >= -13.0) {
    int place = (int)__builtin_rint(1.0 - 0.5 * x);
    place = place < 0 ? 0 : place > 7 ? 7 : place;
    double from = 2.0 - 2.0 * (double)place, h = x - from;
    // (n + 2)(n + 1)·c of n + 2 = from·c of n + c of n − 1
    double before = 0.0, c = airy_values[place][0], next = airy_values[place][1], power = 1.0;
    double sum = c, derivative = 0.0;
    for (double n = 0.0; n < 60.0; n += 1.0) {
      derivative += (n + 1.0) * next * power;
      power *= h;
      sum += next * power;
      double after = (from * c + before) / ((n + 2.0) * (n + 1.0));
      before = c, c = next, next = after;
    }
    *value = sum, *slope = derivative;
    return;
  }
  if (x == -__builtin_inf()) { *value = 0.0, *slope = __builtin_nan(""); return; }
  // u and v are the coefficients of (9.7.2); the even and odd ones go to the cosine and the sine.
  double u = 1.0, p = 1.0, q = 0.0, r = 1.0, s = 0.0, power = 1.0;
  for (double k = 1.0; k < 24.0; k += 1.0) {
    u *= (6.0 * k - 5.0) * (6.0 * k - 3.0) * (6.0 * k - 1.0) / (216.0 * k * (2.0 * k - 1.0));
    power /= z;
    double v = -u * (6.0 * k + 1.0) / (6.0 * k - 1.0), sign = __builtin_fmod(k, 4.0) >= 2.0 ? -1.0 : 1.0;
    if (__builtin_fmod(k, 2.0) == 0.0) p += sign * u * power, r += sign * v * power;
    else q += sign * u * power, s += sign * v * power;
    if (u * power < 0x1p-60) break;
  }
  double root = sqrt(sqrt(-x)), angle = z - PI_F64 / 4.0, sine = sin(angle), cosine = cos(angle);
  *value = (cosine * p + sine * q) / (sqrt(PI_F64) * root);
  *slope = (sine * r - cosine * s) * root / sqrt(PI_F64);
}

static double airy_ai(double x) { double value, slope; airy(x, &value, &slope); return value; }
static double airy_ai_slope(double x) { double value, slope; airy(x, &value, &slope); return slope; }

#endif
