// Softmax, its logarithm, log-sum-exp and the gradients, row by row.
//
// Rows are short as often as long. They are taken in groups of about 2,048 elements, so that the exponentials are one vector loop
// over the group; of long ones a group is one row, in blocks. Many rows that are very short are in softmax_short.c.
#include "math32.h"
#include "turned.h"

#define GROUP 2048

#define SOFTMAX(S, T, I, INFINITE)                                                                            \
  DEFINE_LANES(sum_##S, T, T, 0, STEP_SUM)                                                                    \
  DEFINE_EXTREME(max_##S, T, I, -INFINITE, STEP_MAX, >)                                                       \
  DEFINE_INFINITE_ROW(S, T, INFINITE)                                                                         \
                                                                                                              \
  /* Of elements less their row's largest. */                                                                 \
  FX_INLINE void exp_all_##S(ptrdiff_t n, T *x) {                                                             \
    for (ptrdiff_t j = 0; j < n; j++) x[j] = exp_falling_##S(-x[j]);                                          \
  }                                                                                                           \
  FX_INLINE void subtract_##S(ptrdiff_t n, const T *x, T c, T *y) {                                           \
    FX_INDEPENDENT for (ptrdiff_t j = 0; j < n; j++) y[j] = x[j] - c;                                         \
  }                                                                                                           \
  /* Σ exp(x − shift) of a row longer than a group; the exponentials go to y if it is given. */               \
  FX_INLINE T exp_sum_##S(ptrdiff_t n, const T *x, T shift, T *y) {                                           \
    T block[FX_BLOCK];                                                                                        \
    cascade_sum_##S c;                                                                                        \
    c.count = 0, c.depth = 0;                                                                                 \
    for (ptrdiff_t i = 0; i < n; i += FX_BLOCK) {                                                             \
      ptrdiff_t count = min_size(FX_BLOCK, n - i);                                                            \
      for (ptrdiff_t j = 0; j < count; j++) block[j] = exp_falling_##S(shift - x[i + j]);                     \
      push_sum_##S(&c, block_sum_##S(count, block));                                                          \
      if (y) memcpy(y + i, block, (size_t)count * sizeof(T));                                                 \
    }                                                                                                         \
    return total_sum_##S(&c);                                                                                 \
  }                                                                                                           \
                                                                                                              \
  FX_CLONES static void softmax_##S(int logarithmic, ptrdiff_t rows, ptrdiff_t n, const T *x, T *y) {         \
    T e[GROUP], shift[GROUP], sums[GROUP];                                                                    \
    ptrdiff_t group = max_size(1, GROUP / n);                                                                 \
    for (ptrdiff_t start = 0; start < rows; start += group, x += group * n, y += group * n) {                 \
      ptrdiff_t count = min_size(group, rows - start);                                                        \
      for (ptrdiff_t r = 0; r < count; r++) {                                                                 \
        shift[r] = row_max_##S(n, x + r * n);                                                                 \
        if (n <= GROUP) subtract_##S(n, x + r * n, shift[r], e + r * n);                                      \
      }                                                                                                       \
      if (n <= GROUP) exp_all_##S(count * n, e);                                                              \
      for (ptrdiff_t r = 0; r < count; r++)                                                                   \
        sums[r] = n <= GROUP ? row_sum_##S(n, e + r * n) : exp_sum_##S(n, x, shift[0], logarithmic ? NULL : y); \
      if (logarithmic)                                                                                        \
        for (ptrdiff_t r = 0; r < count; r++) sums[r] = log_##S(sums[r]);                                     \
      for (ptrdiff_t r = 0; r < count; r++) {                                                                 \
        T *out = y + r * n, sum = sums[r];                                                                    \
        if (logarithmic) {                                                                                    \
          const T *in = x + r * n;                                                                            \
          T m = shift[r];                                                                                     \
          FX_INDEPENDENT for (ptrdiff_t j = 0; j < n; j++) out[j] = (in[j] - m) - sum;                        \
        } else {                                                                                              \
          const T *in = n <= GROUP ? e + r * n : y;                                                           \
          FX_INDEPENDENT for (ptrdiff_t j = 0; j < n; j++) out[j] = in[j] / sum;                              \
        }                                                                                                     \
      }                                                                                                       \
    }                                                                                                         \
  }                                                                                                           \
                                                                                                              \
  FX_CLONES static void softmax_backward_##S(ptrdiff_t rows, ptrdiff_t n, const T *y, const T *dy, T *dx) {   \
    T block[FX_BLOCK];                                                                                        \
    for (ptrdiff_t r = 0; r < rows; r++, y += n, dy += n, dx += n) {                                          \
      cascade_sum_##S c;                                                                                      \
      c.count = 0, c.depth = 0;                                                                               \
      for (ptrdiff_t i = 0; i < n; i += FX_BLOCK) {                                                           \
        ptrdiff_t count = min_size(FX_BLOCK, n - i);                                                          \
        for (ptrdiff_t j = 0; j < count; j++) block[j] = y[i + j] * dy[i + j];                                \
        push_sum_##S(&c, block_sum_##S(count, block));                                                        \
      }                                                                                                       \
      T sum = total_sum_##S(&c);                                                                              \
      FX_INDEPENDENT for (ptrdiff_t j = 0; j < n; j++) dx[j] = y[j] * (dy[j] - sum);                          \
    }                                                                                                         \
  }                                                                                                           \
                                                                                                              \
  /* What counts nothing, a row of zeros in dy, has no gradient, whatever its probabilities. */              \
  FX_CLONES static void log_softmax_backward_##S(ptrdiff_t rows, ptrdiff_t n, const T *y, const T *dy, T *dx) { \
    T e[GROUP];                                                                                               \
    ptrdiff_t group = max_size(1, GROUP / n);                                                                 \
    for (ptrdiff_t start = 0; start < rows; start += group) {                                                 \
      ptrdiff_t count = min_size(group, rows - start);                                                        \
      if (n <= GROUP) {                                                                                       \
        memcpy(e, y, (size_t)(count * n) * sizeof(T));                                                        \
        exp_all_##S(count * n, e);                                                                            \
      }                                                                                                       \
      for (ptrdiff_t r = 0; r < count; r++, y += n, dy += n, dx += n) {                                       \
        T sum = row_sum_##S(n, dy);                                                                           \
        const T *p = e + r * n;                                                                               \
        if (sum == 0) {                                                                                       \
          memmove(dx, dy, (size_t)n * sizeof(T));                                                             \
        } else if (n <= GROUP) {                                                                              \
          FX_INDEPENDENT for (ptrdiff_t j = 0; j < n; j++) dx[j] = dy[j] - p[j] * sum;                        \
        } else {                                                                                              \
          FX_INDEPENDENT for (ptrdiff_t j = 0; j < n; j++) dx[j] = dy[j] - exp_##S(y[j]) * sum;               \
        }                                                                                                     \
      }                                                                                                       \
    }                                                                                                         \
  }                                                                                                           \
                                                                                                              \
  /* A row's largest element is the shift, or if it is infinite or NaN the result. */                         \
  FX_CLONES static void logsumexp_##S(ptrdiff_t rows, ptrdiff_t n, const T *x, T *y) {                        \
    T e[GROUP], shift[GROUP];                                                                                 \
    ptrdiff_t group = max_size(1, GROUP / n);                                                                 \
    for (ptrdiff_t start = 0; start < rows; start += group, x += group * n) {                                 \
      ptrdiff_t count = min_size(group, rows - start);                                                        \
      for (ptrdiff_t r = 0; r < count; r++) {                                                                 \
        shift[r] = row_max_##S(n, x + r * n);                                                                 \
        if (n <= GROUP) subtract_##S(n, x + r * n, shift[r], e + r * n);                                      \
      }                                                                                                       \
      if (n <= GROUP) exp_all_##S(count * n, e);                                                              \
      for (ptrdiff_t r = 0; r < count; r++)                                                                   \
        y[start + r] = n <= GROUP ? row_sum_##S(n, e + r * n) : exp_sum_##S(n, x, shift[0], NULL);            \
      for (ptrdiff_t r = 0; r < count; r++)                                                                   \
        y[start + r] = abs_##S(shift[r]) < INFINITE ? shift[r] + log_##S(y[start + r]) : shift[r];            \
    }                                                                                                         \
  }                                                                                                           \
                                                                                                              \
  /* At the label p − 1 is taken as eᶻ − 1, which keeps its digits when the model is nearly certain. */       \
  FX_CLONES static void cross_entropy_backward_##S(ptrdiff_t rows, ptrdiff_t n, const T *x, const int64_t *labels, const T *dy, T *dx) { \
    T e[GROUP], shift[GROUP], sums[GROUP], at_label[GROUP];                                                   \
    ptrdiff_t group = max_size(1, GROUP / n);                                                                 \
    for (ptrdiff_t start = 0; start < rows; start += group) {                                                 \
      ptrdiff_t count = min_size(group, rows - start);                                                        \
      for (ptrdiff_t r = 0; r < count; r++) {                                                                 \
        shift[r] = row_max_##S(n, x + r * n);                                                                 \
        if (n <= GROUP) subtract_##S(n, x + r * n, shift[r], e + r * n);                                      \
      }                                                                                                       \
      if (n <= GROUP) exp_all_##S(count * n, e);                                                              \
      for (ptrdiff_t r = 0; r < count; r++)                                                                   \
        sums[r] = n <= GROUP ? row_sum_##S(n, e + r * n) : exp_sum_##S(n, x, shift[0], dx);                   \
      for (ptrdiff_t r = 0; r < count; r++) {                                                                 \
        int64_t label = labels[start + r];                                                                    \
        at_label[r] = label < 0 ? 0 : x[r * n + label] - shift[r];                                            \
      }                                                                                                       \
      for (ptrdiff_t r = 0; r < count; r++) at_label[r] = expm1_##S(at_label[r] - log_##S(sums[r]));          \
      for (ptrdiff_t r = 0; r < count; r++, x += n, dx += n) {                                                \
        int64_t label = labels[start + r];                                                                    \
        T g = dy[start + r], sum = sums[r];                                                                   \
        const T *p = n <= GROUP ? e + r * n : dx;                                                             \
        if (label < 0 || g == 0) {                                                                            \
          memset(dx, 0, (size_t)n * sizeof(T));                                                               \
          continue;                                                                                           \
        }                                                                                                     \
        if (shift[r] == INFINITE) {                                                                           \
          infinite_row_##S(n, x, label, g, dx);                                                               \
          continue;                                                                                           \
        }                                                                                                     \
        FX_INDEPENDENT for (ptrdiff_t j = 0; j < n; j++) dx[j] = g * (p[j] / sum);                            \
        dx[label] = g * at_label[r];                                                                          \
      }                                                                                                       \
    }                                                                                                         \
  }
SOFTMAX(f32, float, int32_t, __builtin_inff())
SOFTMAX(f64, double, int64_t, __builtin_inf())

// Whether rows are short enough, and enough, for tiles of which so many are in use at once: they have to fit into the first-level cache.
static int in_tiles(int dtype, ptrdiff_t rows, ptrdiff_t n, int tiles) {
  ptrdiff_t bytes = tiles * n * TILE * (dtype == FX_F32 ? 4 : 8);
  return rows >= FEW_ROWS && n <= SHORT_ROW && bytes <= 1 << 15;
}

void fx_softmax(int dtype, int logarithmic, ptrdiff_t rows, ptrdiff_t n, const void *x, void *y) {
  if (n <= 0) return;
  if (in_tiles(dtype, rows, n, 2)) return fx_softmax_short(dtype, logarithmic, rows, n, x, y);
  if (dtype == FX_F32) softmax_f32(logarithmic, rows, n, x, y);
  if (dtype == FX_F64) softmax_f64(logarithmic, rows, n, x, y);
}

void fx_softmax_backward(int dtype, int logarithmic, ptrdiff_t rows, ptrdiff_t n, const void *y, const void *dy, void *dx) {
  if (n <= 0) return;
  if (in_tiles(dtype, rows, n, 3)) return fx_softmax_backward_short(dtype, logarithmic, rows, n, y, dy, dx);
  if (dtype == FX_F32) (logarithmic ? log_softmax_backward_f32 : softmax_backward_f32)(rows, n, y, dy, dx);
  if (dtype == FX_F64) (logarithmic ? log_softmax_backward_f64 : softmax_backward_f64)(rows, n, y, dy, dx);
}

void fx_logsumexp(int dtype, ptrdiff_t rows, ptrdiff_t n, const void *x, void *y) {
  if (n <= 0) return;
  if (in_tiles(dtype, rows, n, 2)) return fx_logsumexp_short(dtype, rows, n, x, y);
  if (dtype == FX_F32) logsumexp_f32(rows, n, x, y);
  if (dtype == FX_F64) logsumexp_f64(rows, n, x, y);
}

void fx_cross_entropy_backward(int dtype, ptrdiff_t rows, ptrdiff_t n, const void *x, const int64_t *labels, const void *dy, void *dx) {
  if (n <= 0) return;
  if (in_tiles(dtype, rows, n, 2)) return fx_cross_entropy_backward_short(dtype, rows, n, x, labels, dy, dx);
  if (dtype == FX_F32) cross_entropy_backward_f32(rows, n, x, labels, dy, dx);
  if (dtype == FX_F64) cross_entropy_backward_f64(rows, n, x, labels, dy, dx);
}
