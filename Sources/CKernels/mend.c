// Means, variances, norms and normalised rows that the usual sums did not give: those whose result says so are computed again, in double and scaled.
//
// Elements are scaled by a power of two to sizes up to 1 and less the first of them (a constant row has deviation 0 exactly).
#ifndef FX_PASS
#define FX_FILE "mend.c"
#define FX_FLOATS
#define FX_ONCE
#include "moments.h"

/// Of scaled elements z = x·scale: y = (z − first − mean)·factor has mean 0 and deviation 1. `spread` is the mean of (z − first − mean)².
typedef struct { double scale, first, mean, spread, factor; } exact_moments;

#include "targets.h"

int fx_any_outside(int dtype, ptrdiff_t n, const void *y, double low, double high) { return FX_RESULT(dtype, any_outside, n, y, low, high); }

int fx_any_doubtful(int dtype, ptrdiff_t n, const void *means, const void *variances) {
  return FX_RESULT(dtype, any_doubtful, n, means, variances);
}

int fx_is_doubtful(int dtype, ptrdiff_t i, double epsilon, const void *means, const void *variances) {
  if (dtype == FX_F32) return doubtful_f32(((const float *)means)[i], ((const float *)variances)[i], (float)epsilon);
  return doubtful_f64(((const double *)means)[i], ((const double *)variances)[i], epsilon);
}

void fx_mend_means(int dtype, ptrdiff_t rows, ptrdiff_t n, const void *x, void *y) { FX_DISPATCH(dtype, mend_means, rows, n, x, y); }

void fx_mend_variances(int dtype, ptrdiff_t rows, ptrdiff_t n, double divisor, int root, const void *x, const void *means, void *y) {
  FX_DISPATCH(dtype, mend_variances, rows, n, divisor, root, x, means, y);
}

void fx_mend_norms(int dtype, ptrdiff_t rows, ptrdiff_t n, double order, double low, double high, const void *x, void *y) {
  FX_DISPATCH(dtype, mend_norms, rows, n, order, low, high, x, y);
}

int fx_exact_row(int dtype, int centered, ptrdiff_t n, double epsilon, const void *x, const void *w, const void *b, void *y) {
  return FX_RESULT(dtype, exact_row, centered, n, epsilon, x, w, b, y);
}

int fx_exact_row_backward(int dtype, int centered, ptrdiff_t n, double epsilon, const void *x, const void *w, const void *dy, void *dx, void *dw,
                          void *db) {
  return FX_RESULT(dtype, exact_row_backward, centered, n, epsilon, x, w, dy, dx, dw, db);
}

int fx_exact_channel(int dtype, ptrdiff_t batch, ptrdiff_t step, ptrdiff_t n, double epsilon, const void *x, double w, double b, void *mean,
                     void *variance, void *y) {
  return FX_RESULT(dtype, exact_channel, batch, step, n, epsilon, x, w, b, mean, variance, y);
}

int fx_exact_channel_backward(int dtype, ptrdiff_t batch, ptrdiff_t step, ptrdiff_t n, double epsilon, const void *x, double w, const void *dy,
                              void *dx, void *dw, void *db) {
  return FX_RESULT(dtype, exact_channel_backward, batch, step, n, epsilon, x, w, dy, dx, dw, db);
}

#else

// Whether a norm, a mean or a variance is to be computed again. Loops without a branch: nearly always nothing is.
static int FX(any_outside)(ptrdiff_t n, const T *y, double low, double high) {
  T least = (T)low, most = (T)high;
  int some = 0;
  for (ptrdiff_t i = 0; i < n; i++) some |= !((y[i] >= least) & (y[i] <= most));
  return some;
}

static int FX(any_doubtful)(ptrdiff_t n, const T *means, const T *y) {
  int some = 0;
  for (ptrdiff_t i = 0; i < n; i++) some |= FX_OF(doubtful)(means[i], y[i], 0);
  return some;
}

// A power of two that brings the largest of `batch` stretches to 0.5 … 1; 0 if all are 0 or some infinite or NaN.
static double FX(exact_scale)(ptrdiff_t batch, ptrdiff_t step, ptrdiff_t n, const T *x) {
  T most = 0;
  for (ptrdiff_t i = 0; i < batch; i++)
    for (ptrdiff_t j = 0; j < n; j++) {
      T size = FX_OF(abs)(x[i * step + j]);
      if (!(size < FX_HIGHEST)) return 0;
      most = size > most ? size : most;
    }
  int exponent = 0;
  (void)__builtin_frexp((double)most, &exponent);
  return most == 0 ? 0 : __builtin_ldexp(1, exponent < -1000 ? 1000 : -exponent);
}

// Σ z, or Σ (z − mean)² if `squared`, over the scaled elements z of all stretches, in eight lanes.
FX_INLINE double FX(exact_sum)(int squared, ptrdiff_t batch, ptrdiff_t step, ptrdiff_t n, double scale, double first, double mean, const T *x) {
  double lanes[8] = {0}, sum = 0;
  for (ptrdiff_t i = 0; i < batch; i++)
    for (ptrdiff_t j = 0; j < n; j++) {
      double z = (double)x[i * step + j] * scale - first;
      lanes[j % 8] += squared ? (z - mean) * (z - mean) : z;
    }
  for (ptrdiff_t l = 0; l < 8; l++) sum += lanes[l];
  return sum;
}

// Of `batch` stretches of n elements, `step` apart; 0 where nothing better is to be had.
static int FX(exact_moments)(ptrdiff_t batch, ptrdiff_t step, ptrdiff_t n, int centered, double epsilon, const T *x, exact_moments *m) {
  double scale = FX(exact_scale)(batch, step, n, x), count = (double)batch * (double)n;
  if (scale == 0) return 0;
  double first = centered ? (double)x[0] * scale : 0;
  double mean = centered ? FX(exact_sum)(0, batch, step, n, scale, first, 0, x) / count : 0;
  double squares = FX(exact_sum)(1, batch, step, n, scale, first, mean, x), bound = sqrt_f64(epsilon) * scale;
  m->scale = scale, m->first = first, m->mean = mean, m->spread = squares / count;
  m->factor = 1 / sqrt_f64(m->spread + bound * bound);
  return 1;
}
FX_INLINE double FX(exact)(const exact_moments *m, T x) { return (((double)x * m->scale - m->first) - m->mean) * m->factor; }

// The mean by the scaled sum; of what is infinite or NaN nothing better than what is there.
static void FX(mend_means)(ptrdiff_t rows, ptrdiff_t n, const T *x, T *y) {
  exact_moments m;
  for (ptrdiff_t r = 0; r < rows; r++, x += n)
    if (!(FX_OF(abs)(y[r]) < FX_HIGHEST) && FX(exact_moments)(1, 0, n, 1, 0, x, &m)) y[r] = (T)((m.first + m.mean) / m.scale);
}

static void FX(mend_variances)(ptrdiff_t rows, ptrdiff_t n, double divisor, int root, const T *x, const T *means, T *y) {
  exact_moments m;
  for (ptrdiff_t r = 0; r < rows; r++, x += n)
    if (FX_OF(doubtful)(means[r], y[r], 0) && FX(exact_moments)(1, 0, n, 1, 0, x, &m)) {
      double v = m.spread * ((double)n / divisor);
      y[r] = (T)(root ? sqrt_f64(v) / m.scale : v / m.scale / m.scale);
    } else if (root) {
      y[r] = FX_OF(sqrt)(y[r]);
    }
}

// (Σ |x|ᵖ)^(1/p), of elements over the largest, or for a negative p over the smallest.
static void FX(mend_norms)(ptrdiff_t rows, ptrdiff_t n, double order, double low, double high, const T *x, T *y) {
  for (ptrdiff_t r = 0; r < rows; r++, x += n) {
    if (y[r] >= (T)low && y[r] <= (T)high) continue;
    double scale = FX(exact_scale)(1, 0, n, x), least = 1, sum = 0;
    if (scale == 0) continue;
    if (order < 0) {
      least = __builtin_inf();
      for (ptrdiff_t j = 0; j < n; j++) least = __builtin_fmin(least, (double)FX_OF(abs)(x[j]) * scale);
      if (least == 0) continue;
    }
    for (ptrdiff_t j = 0; j < n; j++) {
      double z = (double)FX_OF(abs)(x[j]) * scale / least;
      sum += order == 2 ? z * z : __builtin_pow(z, order);
    }
    y[r] = (T)((order == 2 ? sqrt_f64(sum) : __builtin_pow(sum, 1 / order)) * least / scale);
  }
}

// What a row or channel becomes by its exact moments, and its gradient: dx = factor·scale·(g − mean of g − y·mean of g·y), g = dy·w.
static int FX(exact_row)(int centered, ptrdiff_t n, double epsilon, const T *x, const T *w, const T *b, T *y) {
  exact_moments m;
  if (!FX(exact_moments)(1, 0, n, centered, epsilon, x, &m)) return 0;
  for (ptrdiff_t j = 0; j < n; j++) y[j] = (T)FX(exact)(&m, x[j]) * (w ? w[j] : 1) + (b ? b[j] : 0);
  return 1;
}

static int FX(exact_row_backward)(int centered, ptrdiff_t n, double epsilon, const T *x, const T *w, const T *dy, T *dx, T *dw, T *db) {
  exact_moments m;
  if (!FX(exact_moments)(1, 0, n, centered, epsilon, x, &m)) return 0;
  double sum = 0, products = 0;
  for (ptrdiff_t j = 0; j < n; j++) {
    double g = (double)dy[j] * (w ? (double)w[j] : 1);
    sum += g, products += g * FX(exact)(&m, x[j]);
  }
  double mean = centered ? sum / (double)n : 0, slope = products / (double)n;
  for (ptrdiff_t j = 0; j < n; j++) {
    double y = FX(exact)(&m, x[j]), g = (double)dy[j] * (w ? (double)w[j] : 1);
    dx[j] = (T)(m.factor * (g - mean - y * slope) * m.scale);
    if (dw) dw[j] += dy[j] * (T)y;
    if (db) db[j] += dy[j];
  }
  return 1;
}

static int FX(exact_channel)(ptrdiff_t batch, ptrdiff_t step, ptrdiff_t n, double epsilon, const T *x, double w, double b, T *mean, T *variance,
                             T *y) {
  exact_moments m;
  if (!FX(exact_moments)(batch, step, n, 1, epsilon, x, &m)) return 0;
  *mean = (T)((m.first + m.mean) / m.scale), *variance = (T)(m.spread / m.scale / m.scale);
  for (ptrdiff_t i = 0; i < batch; i++)
    for (ptrdiff_t j = 0; j < n; j++) y[i * step + j] = (T)FX(exact)(&m, x[i * step + j]) * (T)w + (T)b;
  return 1;
}

static int FX(exact_channel_backward)(ptrdiff_t batch, ptrdiff_t step, ptrdiff_t n, double epsilon, const T *x, double w, const T *dy, T *dx, T *dw,
                                      T *db) {
  exact_moments m;
  if (!FX(exact_moments)(batch, step, n, 1, epsilon, x, &m)) return 0;
  double sum = 0, products = 0, count = (double)batch * (double)n;
  for (ptrdiff_t i = 0; i < batch; i++)
    for (ptrdiff_t at = i * step; at < i * step + n; at++) sum += (double)dy[at], products += (double)dy[at] * FX(exact)(&m, x[at]);
  *dw = (T)products, *db = (T)sum;
  for (ptrdiff_t i = 0; i < batch; i++)
    for (ptrdiff_t at = i * step; at < i * step + n; at++)
      dx[at] = (T)(w * m.factor * ((double)dy[at] - sum / count - FX(exact)(&m, x[at]) * (products / count)) * m.scale);
  return 1;
}

#endif
