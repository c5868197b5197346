// The weights of attention: softmax of scaled and masked scores, a row for each query, and its gradient. Both in place.
#include "lanes.h"
#include "math32.h"
#include "math64.h"

#define ATTENTION(S, T, INFINITE)                                                                             \
  DEFINE_LANES(sum_##S, T, T, 0, STEP_SUM)                                                                    \
  DEFINE_LANES(max_##S, T, T, -INFINITE, STEP_MAX)                                                            \
                                                                                                              \
  /* A few numbers in their order, more of them in lanes. */                                                  \
  FX_INLINE T sum_of_##S(ptrdiff_t n, const T *x) {                                                           \
    if (n >= 16) return row_sum_##S(n, x);                                                                    \
    T sum = 0;                                                                                                \
    for (ptrdiff_t j = 0; j < n; j++) sum += x[j];                                                            \
    return sum;                                                                                               \
  }                                                                                                           \
                                                                                                              \
  /* Row r sees `seen` + r keys if that is fewer than n (causal masks), the others have no weight. */         \
  FX_CLONES static void attention_weights_##S(ptrdiff_t rows, ptrdiff_t n, ptrdiff_t seen, T scale,           \
                                              const uint8_t *allowed, const T *added, ptrdiff_t mask_row,     \
                                              ptrdiff_t mask_column, T *x, T *factors) {                      \
    for (ptrdiff_t r = 0; r < rows; r++, x += n) {                                                            \
      ptrdiff_t count = min_size(n, seen + r);                                                                \
      FX_INDEPENDENT for (ptrdiff_t j = 0; j < count; j++) x[j] *= scale;                                     \
      if (allowed)                                                                                            \
        for (ptrdiff_t j = 0; j < count; j++)                                                                 \
          if (!allowed[r * mask_row + j * mask_column]) x[j] = -INFINITE;                                     \
      if (added)                                                                                              \
        for (ptrdiff_t j = 0; j < count; j++) {                                                               \
          T more = added[r * mask_row + j * mask_column];                                                     \
          x[j] = more == -INFINITE ? more : x[j] + more;                                                      \
        }                                                                                                     \
      T m = row_max_##S(count, x);                                                                            \
      if (m == -INFINITE) {                                                                                   \
        memset(x, 0, (size_t)n * sizeof(T));                                                                  \
        if (factors) factors[r] = 0;                                                                          \
        continue;                                                                                             \
      }                                                                                                       \
      FX_INDEPENDENT for (ptrdiff_t j = 0; j < count; j++) x[j] = exp_falling_##S(m - x[j]);                  \
      T f = 1 / sum_of_##S(count, x);                                                                         \
      if (factors) {                                                                                          \
        factors[r] = f;                                                                                       \
      } else {                                                                                                \
        FX_INDEPENDENT for (ptrdiff_t j = 0; j < count; j++) x[j] *= f;                                       \
      }                                                                                                       \
      if (count < n) memset(x + count, 0, (size_t)(n - count) * sizeof(T));                                   \
    }                                                                                                         \
  }                                                                                                           \
                                                                                                              \
  FX_CLONES static void scale_rows_##S(ptrdiff_t rows, ptrdiff_t n, const T *factors, T *x) {                 \
    for (ptrdiff_t r = 0; r < rows; r++, x += n) {                                                            \
      T f = factors[r];                                                                                       \
      FX_INDEPENDENT for (ptrdiff_t j = 0; j < n; j++) x[j] *= f;                                             \
    }                                                                                                         \
  }                                                                                                           \
                                                                                                              \
  /* Σ p·dp over the keys is Σ y·dy over the outputs, which are fewer. */                                     \
  FX_CLONES static void attention_scores_##S(ptrdiff_t rows, ptrdiff_t n, ptrdiff_t outputs, T scale,         \
                                             const T *y, const T *dy, const T *p, T *dp) {                    \
    T block[FX_BLOCK];                                                                                        \
    for (ptrdiff_t r = 0; r < rows; r++, p += n, dp += n, y += outputs, dy += outputs) {                      \
      T sum = 0;                                                                                              \
      for (ptrdiff_t i = 0; i < outputs; i += FX_BLOCK) {                                                     \
        ptrdiff_t count = min_size(FX_BLOCK, outputs - i);                                                    \
        for (ptrdiff_t j = 0; j < count; j++) block[j] = y[i + j] * dy[i + j];                                \
        sum += sum_of_##S(count, block);                                                                      \
      }                                                                                                       \
      FX_INDEPENDENT for (ptrdiff_t j = 0; j < n; j++) dp[j] = p[j] == 0 ? 0 : p[j] * (dp[j] - sum) * scale;  \
    }                                                                                                         \
  }                                                                                                           \
                                                                                                              \
  /* For products too small for CBLAS to be worth its call: eight lanes along the rows. */                    \
  FX_CLONES static void row_products_##S(ptrdiff_t rows, ptrdiff_t n, ptrdiff_t width, const T *a,            \
                                         ptrdiff_t a_row, const T *b, ptrdiff_t b_row, T *y) {                \
    for (ptrdiff_t r = 0; r < rows; r++, a += a_row, y += n)                                                  \
      for (ptrdiff_t c = 0; c < n; c++) {                                                                     \
        const T *other = b + c * b_row;                                                                       \
        T lanes[8] = {0};                                                                                     \
        ptrdiff_t i = 0;                                                                                      \
        for (; i + 8 <= width; i += 8)                                                                        \
          for (ptrdiff_t j = 0; j < 8; j++) lanes[j] += a[i + j] * other[i + j];                              \
        for (ptrdiff_t j = 0; j < width - i; j++) lanes[j] += a[i + j] * other[i + j];                        \
        for (ptrdiff_t w = 4; w > 0; w /= 2)                                                                  \
          for (ptrdiff_t j = 0; j < w; j++) lanes[j] += lanes[j + w];                                         \
        y[c] = lanes[0];                                                                                      \
      }                                                                                                       \
  }                                                                                                           \
  FX_CLONES static void row_sums_##S(ptrdiff_t rows, ptrdiff_t n, ptrdiff_t width, const T *a, const T *b,    \
                                     ptrdiff_t b_row, T *y) {                                                 \
    for (ptrdiff_t r = 0; r < rows; r++, a += n, y += width) {                                                \
      for (ptrdiff_t i = 0; i < width; i++) y[i] = 0;                                                         \
      for (ptrdiff_t c = 0; c < n; c++) {                                                                     \
        T f = a[c];                                                                                           \
        const T *other = b + c * b_row;                                                                       \
        FX_INDEPENDENT for (ptrdiff_t i = 0; i < width; i++) y[i] += f * other[i];                            \
      }                                                                                                       \
    }                                                                                                         \
  }
ATTENTION(f32, float, __builtin_inff())
ATTENTION(f64, double, __builtin_inf())

void fx_attention_weights(int dtype, ptrdiff_t rows, ptrdiff_t n, ptrdiff_t seen, double scale, const uint8_t *allowed,
                          const void *added, ptrdiff_t mask_row, ptrdiff_t mask_column, void *x, void *factors) {
  if (dtype == FX_F32) attention_weights_f32(rows, n, seen, (float)scale, allowed, added, mask_row, mask_column, x, factors);
  if (dtype == FX_F64) attention_weights_f64(rows, n, seen, scale, allowed, added, mask_row, mask_column, x, factors);
}

void fx_scale_rows(int dtype, ptrdiff_t rows, ptrdiff_t n, const void *factors, void *x) {
  if (dtype == FX_F32) scale_rows_f32(rows, n, factors, x);
  if (dtype == FX_F64) scale_rows_f64(rows, n, factors, x);
}

void fx_attention_scores(int dtype, ptrdiff_t rows, ptrdiff_t n, ptrdiff_t outputs, double scale, const void *y, const void *dy,
                         const void *p, void *dp) {
  if (dtype == FX_F32) attention_scores_f32(rows, n, outputs, (float)scale, y, dy, p, dp);
  if (dtype == FX_F64) attention_scores_f64(rows, n, outputs, scale, y, dy, p, dp);
}

void fx_row_products(int dtype, ptrdiff_t rows, ptrdiff_t n, ptrdiff_t width, const void *a, ptrdiff_t a_row, const void *b,
                     ptrdiff_t b_row, void *y) {
  if (dtype == FX_F32) row_products_f32(rows, n, width, a, a_row, b, b_row, y);
  if (dtype == FX_F64) row_products_f64(rows, n, width, a, a_row, b, b_row, y);
}

void fx_row_sums(int dtype, ptrdiff_t rows, ptrdiff_t n, ptrdiff_t width, const void *a, const void *b, ptrdiff_t b_row, void *y) {
  if (dtype == FX_F32) row_sums_f32(rows, n, width, a, b, b_row, y);
  if (dtype == FX_F64) row_sums_f64(rows, n, width, a, b, b_row, y);
}
