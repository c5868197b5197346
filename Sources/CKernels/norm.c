// Rows brought to mean 0 and deviation 1 (or to a mean square of 1), and channels of images, with what their gradients need.
//
// A row's statistics are computed again for its gradient: the row is in the cache then, and nothing has to be kept. Where they are not to be trusted
// the row is done again with exact ones, in double.
#ifndef FX_PASS
#define FX_FILE "norm.c"
#define FX_FLOATS
#include "moments.h"
#include "targets.h"

void fx_norm_rows(int dtype, int centered, ptrdiff_t rows, ptrdiff_t n, double epsilon, const void *x, const void *w, const void *b,
                  void *y) {
  FX_DISPATCH(dtype, norm_rows, centered, rows, n, epsilon, x, w, b, y);
}

void fx_norm_rows_backward(int dtype, int centered, ptrdiff_t rows, ptrdiff_t n, double epsilon, const void *x, const void *w,
                           const void *dy, void *dx, void *dw, void *db) {
  FX_DISPATCH(dtype, norm_rows_backward, centered, rows, n, epsilon, x, w, dy, dx, dw, db);
}

void fx_norm_channels(int dtype, ptrdiff_t batch, ptrdiff_t step, ptrdiff_t channels, ptrdiff_t n, double epsilon, const void *x,
                      const void *w, const void *b, void *mean, void *variance, void *y) {
  FX_DISPATCH(dtype, norm_channels, batch, step, channels, n, epsilon, x, w, b, mean, variance, y);
}

void fx_norm_channels_backward(int dtype, ptrdiff_t batch, ptrdiff_t step, ptrdiff_t channels, ptrdiff_t n, double epsilon,
                               const void *x, const void *w, const void *mean, const void *variance, const void *dy, void *dx,
                               void *dw, void *db) {
  FX_DISPATCH(dtype, norm_channels_backward, batch, step, channels, n, epsilon, x, w, mean, variance, dy, dx, dw, db);
}

#else

#define DTYPE (FX_IS_F32 ? FX_F32 : FX_F64)
#define REDUCTION sum
#define TOTAL T
#define INIT 0
#define STEP l + v
#include "reduction.h"

// Σ a·(x − m), or where a is NULL Σ (x − m)².
FX_INLINE T FX(products)(ptrdiff_t n, const T *a, const T *x, T m) {
  T block[BLOCK];
  FX(cascade_sum) c;
  c.count = 0, c.depth = 0;
  for (ptrdiff_t i = 0; i < n; i += BLOCK) {
    ptrdiff_t count = min_size(BLOCK, n - i);
    if (a) for (ptrdiff_t j = 0; j < count; j++) block[j] = a[i + j] * (x[i + j] - m);
    else for (ptrdiff_t j = 0; j < count; j++) block[j] = (x[i + j] - m) * (x[i + j] - m);
    FX(push_sum)(&c, FX(block_sum)(count, block));
  }
  return FX(total_sum)(&c);
}

FX_INLINE void FX(scale_row)(int weighs, int adds, ptrdiff_t n, const T *x, T m, T r, const T *w, const T *b, T *y) {
  FX_INDEPENDENT for (ptrdiff_t j = 0; j < n; j++)
    y[j] = weighs ? adds ? (x[j] - m) * r * w[j] + b[j] : (x[j] - m) * r * w[j] : adds ? (x[j] - m) * r + b[j] : (x[j] - m) * r;
}

static void FX(norm_rows)(int centered, ptrdiff_t rows, ptrdiff_t n, double epsilon, const T *x, const T *w, const T *b, T *y) {
  for (ptrdiff_t row = 0; row < rows; row++, x += n, y += n) {
    T m = centered ? FX(row_sum)(n, x) / (T)n : 0;
    T v = FX(products)(n, NULL, x, m) / (T)n;
    if (FX_OF(doubtful)(m, v, (T)epsilon) && fx_exact_row(DTYPE, centered, n, (T)epsilon, x, w, b, y)) continue;
    T r = 1 / FX_OF(sqrt)(v + (T)epsilon);
    if (w && b) FX(scale_row)(1, 1, n, x, m, r, w, b, y);
    else if (w) FX(scale_row)(1, 0, n, x, m, r, w, b, y);
    else if (b) FX(scale_row)(0, 1, n, x, m, r, w, b, y);
    else FX(scale_row)(0, 0, n, x, m, r, w, b, y);
  }
}

// `g` is the row's dy·w, kept in dx until dx takes its place. Rows that count nothing may hold anything.
static void FX(norm_rows_backward)(int centered, ptrdiff_t rows, ptrdiff_t n, double epsilon, const T *x, const T *w, const T *dy, T *dx, T *dw,
                                   T *db) {
  for (ptrdiff_t row = 0; row < rows; row++, x += n, dy += n, dx += n) {
    ptrdiff_t zeros = 0;
    while (zeros < n && dy[zeros] == 0) zeros++;
    if (zeros == n) {
      memset(dx, 0, (size_t)n * sizeof(T));
      continue;
    }
    T m = centered ? FX(row_sum)(n, x) / (T)n : 0;
    T v = FX(products)(n, NULL, x, m) / (T)n;
    if (FX_OF(doubtful)(m, v, (T)epsilon) && fx_exact_row_backward(DTYPE, centered, n, (T)epsilon, x, w, dy, dx, dw, db)) continue;
    T r = 1 / FX_OF(sqrt)(v + (T)epsilon);
    const T *g = dy;
    if (w) {
      FX_INDEPENDENT for (ptrdiff_t j = 0; j < n; j++) dx[j] = dy[j] * w[j];
      g = dx;
    }
    T mean = centered ? FX(row_sum)(n, g) / (T)n : 0;
    T slope = FX(products)(n, g, x, m) * r * r / (T)n;
    FX_INDEPENDENT for (ptrdiff_t j = 0; j < n; j++) dx[j] = r * (g[j] - mean - (x[j] - m) * slope);
    if (dw) FX_INDEPENDENT for (ptrdiff_t j = 0; j < n; j++) dw[j] += dy[j] * ((x[j] - m) * r);
    if (db) FX_INDEPENDENT for (ptrdiff_t j = 0; j < n; j++) db[j] += dy[j];
  }
}

// Partial sums of stretches are added up in double: there may be as many stretches as elements.
static void FX(norm_channels)(ptrdiff_t batch, ptrdiff_t step, ptrdiff_t channels, ptrdiff_t n, double epsilon, const T *x, const T *w, const T *b,
                              T *mean, T *variance, T *y) {
  for (ptrdiff_t c = 0; c < channels; c++, x += n, y += n) {
    double sum = 0, squares = 0;
    for (ptrdiff_t i = 0; i < batch; i++) sum += FX(row_sum)(n, x + i * step);
    T m = (T)(sum / ((double)batch * (double)n));
    for (ptrdiff_t i = 0; i < batch; i++) squares += FX(products)(n, NULL, x + i * step, m);
    T v = (T)(squares / ((double)batch * (double)n));
    mean[c] = m, variance[c] = v;
    T factor = w ? w[c] : 1, shift = b ? b[c] : 0;
    if (FX_OF(doubtful)(m, v, (T)epsilon) &&
        fx_exact_channel(DTYPE, batch, step, n, (T)epsilon, x, factor, shift, mean + c, variance + c, y))
      continue;
    T scale = factor / FX_OF(sqrt)(v + (T)epsilon);
    for (ptrdiff_t i = 0; i < batch; i++) {
      const T *from = x + i * step;
      T *to = y + i * step;
      FX_INDEPENDENT for (ptrdiff_t j = 0; j < n; j++) to[j] = (from[j] - m) * scale + shift;
    }
  }
}

static void FX(norm_channels_backward)(ptrdiff_t batch, ptrdiff_t step, ptrdiff_t channels, ptrdiff_t n, double epsilon, const T *x, const T *w,
                                       const T *mean, const T *variance, const T *dy, T *dx, T *dw, T *db) {
  for (ptrdiff_t c = 0; c < channels; c++, x += n, dy += n, dx += n) {
    T factor = w ? w[c] : 1;
    if (FX_OF(doubtful)(mean[c], variance[c], (T)epsilon) &&
        fx_exact_channel_backward(DTYPE, batch, step, n, (T)epsilon, x, factor, dy, dx, dw + c, db + c))
      continue;
    double sum = 0, products = 0, count = (double)batch * (double)n;
    T m = mean[c], r = 1 / FX_OF(sqrt)(variance[c] + (T)epsilon);
    for (ptrdiff_t i = 0; i < batch; i++) {
      sum += FX(row_sum)(n, dy + i * step);
      products += FX(products)(n, dy + i * step, x + i * step, m);
    }
    dw[c] = (T)(products * r), db[c] = (T)sum;
    T average = (T)(sum / count), slope = (T)(products * r * r / count), scale = factor * r;
    for (ptrdiff_t i = 0; i < batch; i++) {
      const T *xs = x + i * step, *ds = dy + i * step;
      T *to = dx + i * step;
      FX_INDEPENDENT for (ptrdiff_t j = 0; j < n; j++) to[j] = scale * (ds[j] - average - (xs[j] - m) * slope);
    }
  }
}
#undef DTYPE

#endif
