// Rows brought to mean 0 and deviation 1 (or to a mean square of 1), and channels of images, with what their gradients need.
//
// A row's statistics are computed again for its gradient: the row is in the cache then, and nothing has to be kept. Where they are not to be trusted
// the row is done again with those of moments.h, in double.
#include "lanes.h"
#include "moments.h"

// What a row or channel becomes by its exact moments, and its gradient: dx = factor·scale·(g − mean of g − y·mean of g·y), g = dy·w.
#define EXACT(S, T)                                                                                           \
  static int exact_row_##S(int centered, ptrdiff_t n, T epsilon, const T *x, const T *w, const T *b, T *y) {  \
    exact_moments m;                                                                                          \
    if (!exact_moments_##S(1, 0, n, centered, (double)epsilon, x, &m)) return 0;                              \
    for (ptrdiff_t j = 0; j < n; j++) y[j] = (T)exact_##S(&m, x[j]) * (w ? w[j] : 1) + (b ? b[j] : 0);        \
    return 1;                                                                                                 \
  }                                                                                                           \
  static int exact_row_backward_##S(int centered, ptrdiff_t n, T epsilon, const T *x, const T *w, const T *dy, T *dx, T *dw, T *db) { \
    exact_moments m;                                                                                          \
    if (!exact_moments_##S(1, 0, n, centered, (double)epsilon, x, &m)) return 0;                              \
    double sum = 0, products = 0;                                                                             \
    for (ptrdiff_t j = 0; j < n; j++) {                                                                       \
      double g = (double)dy[j] * (w ? (double)w[j] : 1);                                                      \
      sum += g, products += g * exact_##S(&m, x[j]);                                                          \
    }                                                                                                         \
    double mean = centered ? sum / (double)n : 0, slope = products / (double)n;                               \
    for (ptrdiff_t j = 0; j < n; j++) {                                                                       \
      double y = exact_##S(&m, x[j]), g = (double)dy[j] * (w ? (double)w[j] : 1);                             \
      dx[j] = (T)(m.factor * (g - mean - y * slope) * m.scale);                                               \
      if (dw) dw[j] += dy[j] * (T)y;                                                                          \
      if (db) db[j] += dy[j];                                                                                 \
    }                                                                                                         \
    return 1;                                                                                                 \
  }                                                                                                           \
  static int exact_channel_##S(ptrdiff_t batch, ptrdiff_t step, ptrdiff_t n, T epsilon, const T *x, T w, T b, T *mean, T *variance, \
                               T *y) {                                                                        \
    exact_moments m;                                                                                          \
    if (!exact_moments_##S(batch, step, n, 1, (double)epsilon, x, &m)) return 0;                              \
    *mean = (T)((m.first + m.mean) / m.scale), *variance = (T)(m.spread / m.scale / m.scale);                 \
    for (ptrdiff_t i = 0; i < batch; i++)                                                                     \
      for (ptrdiff_t j = 0; j < n; j++) y[i * step + j] = (T)exact_##S(&m, x[i * step + j]) * w + b;          \
    return 1;                                                                                                 \
  }                                                                                                           \
  static int exact_channel_backward_##S(ptrdiff_t batch, ptrdiff_t step, ptrdiff_t n, T epsilon, const T *x, T w, const T *dy, T *dx, \
                                        T *dw, T *db) {                                                       \
    exact_moments m;                                                                                          \
    if (!exact_moments_##S(batch, step, n, 1, (double)epsilon, x, &m)) return 0;                              \
    double sum = 0, products = 0, count = (double)batch * (double)n;                                          \
    for (ptrdiff_t i = 0; i < batch; i++)                                                                     \
      for (ptrdiff_t at = i * step; at < i * step + n; at++) sum += (double)dy[at], products += (double)dy[at] * exact_##S(&m, x[at]); \
    *dw = (T)products, *db = (T)sum;                                                                          \
    for (ptrdiff_t i = 0; i < batch; i++)                                                                     \
      for (ptrdiff_t at = i * step; at < i * step + n; at++)                                                  \
        dx[at] = (T)((double)w * m.factor * ((double)dy[at] - sum / count - exact_##S(&m, x[at]) * (products / count)) * m.scale); \
    return 1;                                                                                                 \
  }

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
      T v = squares_##S(n, x, m) / (T)n;                                                                      \
      if (doubtful_##S(m, v, epsilon) && exact_row_##S(centered, n, epsilon, x, w, b, y)) continue;           \
      T r = 1 / sqrt_##S(v + epsilon);                                                                        \
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
  FX_INLINE int is_zero_##S(ptrdiff_t n, const T *x) {                                                        \
    ptrdiff_t j = 0;                                                                                          \
    while (j < n && x[j] == 0) j++;                                                                           \
    return j == n;                                                                                            \
  }                                                                                                           \
  /* `g` is the row's dy·w, kept in dx until dx takes its place. Rows that count nothing may hold anything. */ \
  FX_CLONES static void norm_rows_backward_##S(int centered, ptrdiff_t rows, ptrdiff_t n, T epsilon,          \
                                               const T *x, const T *w, const T *dy, T *dx, T *dw, T *db) {    \
    for (ptrdiff_t row = 0; row < rows; row++, x += n, dy += n, dx += n) {                                    \
      if (is_zero_##S(n, dy)) {                                                                               \
        memset(dx, 0, (size_t)n * sizeof(T));                                                                 \
        continue;                                                                                             \
      }                                                                                                       \
      T m = centered ? row_sum_##S(n, x) / (T)n : 0;                                                          \
      T v = squares_##S(n, x, m) / (T)n;                                                                      \
      if (doubtful_##S(m, v, epsilon) && exact_row_backward_##S(centered, n, epsilon, x, w, dy, dx, dw, db)) continue; \
      T r = 1 / sqrt_##S(v + epsilon);                                                                        \
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
      if (doubtful_##S(m, v, epsilon) &&                                                                      \
          exact_channel_##S(batch, step, n, epsilon, x, w ? w[c] : 1, b ? b[c] : 0, mean + c, variance + c, y)) \
        continue;                                                                                             \
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
      if (doubtful_##S(mean[c], variance[c], epsilon) &&                                                      \
          exact_channel_backward_##S(batch, step, n, epsilon, x, w ? w[c] : 1, dy, dx, dw + c, db + c))       \
        continue;                                                                                             \
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
MOMENTS_OF_FLOATS
EXACT(f32, float)
EXACT(f64, double)
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
