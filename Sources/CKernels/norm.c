// Rows brought to mean 0 and deviation 1 (or to a mean square of 1), and channels of images, with what their gradients need.
//
// A row's statistics are computed again for its gradient: the row is in the cache then, and nothing has to be kept.
#include "lanes.h"

#define NORM(S, T)                                                                                            \
  DEFINE_LANES(sum_##S, T, T, 0, STEP_SUM)                                                                    \
                                                                                                              \
  /* Σ (x − m)² */                                                                                            \
  FX_INLINE T squares_##S(ptrdiff_t n, const T *x, T m) {                                                     \
    T block[FX_BLOCK];                                                                                        \
    cascade_sum_##S c;                                                                                        \
    c.count = 0, c.depth = 0;                                                                                 \
    for (ptrdiff_t i = 0; i < n; i += FX_BLOCK) {                                                             \
      ptrdiff_t count = min_size(FX_BLOCK, n - i);                                                            \
      for (ptrdiff_t j = 0; j < count; j++) block[j] = (x[i + j] - m) * (x[i + j] - m);                       \
      push_sum_##S(&c, block_sum_##S(count, block));                                                          \
    }                                                                                                         \
    return total_sum_##S(&c);                                                                                 \
  }                                                                                                           \
  /* Σ a·(x − m) */                                                                                           \
  FX_INLINE T products_##S(ptrdiff_t n, const T *a, const T *x, T m) {                                        \
    T block[FX_BLOCK];                                                                                        \
    cascade_sum_##S c;                                                                                        \
    c.count = 0, c.depth = 0;                                                                                 \
    for (ptrdiff_t i = 0; i < n; i += FX_BLOCK) {                                                             \
      ptrdiff_t count = min_size(FX_BLOCK, n - i);                                                            \
      for (ptrdiff_t j = 0; j < count; j++) block[j] = a[i + j] * (x[i + j] - m);                             \
      push_sum_##S(&c, block_sum_##S(count, block));                                                          \
    }                                                                                                         \
    return total_sum_##S(&c);                                                                                 \
  }                                                                                                           \
                                                                                                              \
  FX_CLONES static void norm_rows_##S(int centered, ptrdiff_t rows, ptrdiff_t n, T epsilon, const T *x,       \
                                      const T *w, const T *b, T *y) {                                         \
    for (ptrdiff_t row = 0; row < rows; row++, x += n, y += n) {                                              \
      T m = centered ? row_sum_##S(n, x) / (T)n : 0;                                                          \
      T r = 1 / sqrt_##S(squares_##S(n, x, m) / (T)n + epsilon);                                              \
      if (w && b) {                                                                                           \
        FX_INDEPENDENT for (ptrdiff_t j = 0; j < n; j++) y[j] = (x[j] - m) * r * w[j] + b[j];                 \
      } else if (w) {                                                                                         \
        FX_INDEPENDENT for (ptrdiff_t j = 0; j < n; j++) y[j] = (x[j] - m) * r * w[j];                        \
      } else if (b) {                                                                                         \
        FX_INDEPENDENT for (ptrdiff_t j = 0; j < n; j++) y[j] = (x[j] - m) * r + b[j];                        \
      } else {                                                                                                \
        FX_INDEPENDENT for (ptrdiff_t j = 0; j < n; j++) y[j] = (x[j] - m) * r;                               \
      }                                                                                                       \
    }                                                                                                         \
  }                                                                                                           \
                                                                                                              \
  /* `g` is the row's dy·w, kept in dx until dx takes its place. */                                           \
  FX_CLONES static void norm_rows_backward_##S(int centered, ptrdiff_t rows, ptrdiff_t n, T epsilon,          \
                                               const T *x, const T *w, const T *dy, T *dx, T *dw, T *db) {    \
    for (ptrdiff_t row = 0; row < rows; row++, x += n, dy += n, dx += n) {                                    \
      T m = centered ? row_sum_##S(n, x) / (T)n : 0;                                                          \
      T r = 1 / sqrt_##S(squares_##S(n, x, m) / (T)n + epsilon);                                              \
      const T *g = dy;                                                                                        \
      if (w) {                                                                                                \
        FX_INDEPENDENT for (ptrdiff_t j = 0; j < n; j++) dx[j] = dy[j] * w[j];                                \
        g = dx;                                                                                               \
      }                                                                                                       \
      T mean = centered ? row_sum_##S(n, g) / (T)n : 0;                                                       \
      T slope = products_##S(n, g, x, m) * r * r / (T)n;                                                      \
      FX_INDEPENDENT for (ptrdiff_t j = 0; j < n; j++) dx[j] = r * (g[j] - mean - (x[j] - m) * slope);        \
      if (dw) {                                                                                               \
        FX_INDEPENDENT for (ptrdiff_t j = 0; j < n; j++) dw[j] += dy[j] * ((x[j] - m) * r);                   \
      }                                                                                                       \
      if (db) {                                                                                               \
        FX_INDEPENDENT for (ptrdiff_t j = 0; j < n; j++) db[j] += dy[j];                                      \
      }                                                                                                       \
    }                                                                                                         \
  }                                                                                                           \
                                                                                                              \
  /* Partial sums of stretches are added up in double: there may be as many stretches as elements. */         \
  FX_CLONES static void norm_channels_##S(ptrdiff_t batch, ptrdiff_t step, ptrdiff_t channels, ptrdiff_t n,   \
                                          T epsilon, const T *x, const T *w, const T *b, T *mean,             \
                                          T *variance, T *y) {                                                \
    for (ptrdiff_t c = 0; c < channels; c++, x += n, y += n) {                                                \
      double sum = 0, squares = 0;                                                                            \
      for (ptrdiff_t i = 0; i < batch; i++) sum += row_sum_##S(n, x + i * step);                              \
      T m = (T)(sum / ((double)batch * (double)n));                                                           \
      for (ptrdiff_t i = 0; i < batch; i++) squares += squares_##S(n, x + i * step, m);                       \
      T v = (T)(squares / ((double)batch * (double)n));                                                       \
      mean[c] = m, variance[c] = v;                                                                           \
      T scale = (w ? w[c] : 1) / sqrt_##S(v + epsilon), shift = b ? b[c] : 0;                                 \
      for (ptrdiff_t i = 0; i < batch; i++) {                                                                 \
        const T *from = x + i * step;                                                                         \
        T *to = y + i * step;                                                                                 \
        FX_INDEPENDENT for (ptrdiff_t j = 0; j < n; j++) to[j] = (from[j] - m) * scale + shift;               \
      }                                                                                                       \
    }                                                                                                         \
  }                                                                                                           \
                                                                                                              \
  FX_CLONES static void norm_channels_backward_##S(ptrdiff_t batch, ptrdiff_t step, ptrdiff_t channels,       \
                                                   ptrdiff_t n, T epsilon, const T *x, const T *w,            \
                                                   const T *mean, const T *variance, const T *dy, T *dx,      \
                                                   T *dw, T *db) {                                            \
    for (ptrdiff_t c = 0; c < channels; c++, x += n, dy += n, dx += n) {                                      \
      double sum = 0, products = 0, count = (double)batch * (double)n;                                        \
      T m = mean[c], r = 1 / sqrt_##S(variance[c] + epsilon);                                                 \
      for (ptrdiff_t i = 0; i < batch; i++) {                                                                 \
        sum += row_sum_##S(n, dy + i * step);                                                                 \
        products += products_##S(n, dy + i * step, x + i * step, m);                                          \
      }                                                                                                       \
      dw[c] = (T)(products * r), db[c] = (T)sum;                                                              \
      T average = (T)(sum / count), slope = (T)(products * r * r / count), scale = (w ? w[c] : 1) * r;        \
      for (ptrdiff_t i = 0; i < batch; i++) {                                                                 \
        const T *xs = x + i * step, *ds = dy + i * step;                                                      \
        T *to = dx + i * step;                                                                                \
        FX_INDEPENDENT for (ptrdiff_t j = 0; j < n; j++) to[j] = scale * (ds[j] - average - (xs[j] - m) * slope); \
      }                                                                                                       \
    }                                                                                                         \
  }
NORM(f32, float)
NORM(f64, double)

void fx_norm_rows(int dtype, int centered, ptrdiff_t rows, ptrdiff_t n, double epsilon, const void *x, const void *w, const void *b,
                  void *y) {
  if (dtype == FX_F32) norm_rows_f32(centered, rows, n, (float)epsilon, x, w, b, y);
  if (dtype == FX_F64) norm_rows_f64(centered, rows, n, epsilon, x, w, b, y);
}

void fx_norm_rows_backward(int dtype, int centered, ptrdiff_t rows, ptrdiff_t n, double epsilon, const void *x, const void *w,
                           const void *dy, void *dx, void *dw, void *db) {
  if (dtype == FX_F32) norm_rows_backward_f32(centered, rows, n, (float)epsilon, x, w, dy, dx, dw, db);
  if (dtype == FX_F64) norm_rows_backward_f64(centered, rows, n, epsilon, x, w, dy, dx, dw, db);
}

void fx_norm_channels(int dtype, ptrdiff_t batch, ptrdiff_t step, ptrdiff_t channels, ptrdiff_t n, double epsilon, const void *x,
                      const void *w, const void *b, void *mean, void *variance, void *y) {
  if (dtype == FX_F32) norm_channels_f32(batch, step, channels, n, (float)epsilon, x, w, b, mean, variance, y);
  if (dtype == FX_F64) norm_channels_f64(batch, step, channels, n, epsilon, x, w, b, mean, variance, y);
}

void fx_norm_channels_backward(int dtype, ptrdiff_t batch, ptrdiff_t step, ptrdiff_t channels, ptrdiff_t n, double epsilon,
                               const void *x, const void *w, const void *mean, const void *variance, const void *dy, void *dx,
                               void *dw, void *db) {
  if (dtype == FX_F32) norm_channels_backward_f32(batch, step, channels, n, (float)epsilon, x, w, mean, variance, dy, dx, dw, db);
  if (dtype == FX_F64) norm_channels_backward_f64(batch, step, channels, n, epsilon, x, w, mean, variance, dy, dx, dw, db);
}
