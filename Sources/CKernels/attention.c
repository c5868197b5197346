// The weights of attention: softmax of scaled and masked scores, a row for each query, and its gradient. Both in place.
#include "lanes.h"
#include "math32.h"
#include "math64.h"

#define ATTENTION(S, T, INFINITE)                                                                             \
  DEFINE_LANES(sum_##S, T, T, 0, STEP_SUM)                                                                    \
  DEFINE_LANES(max_##S, T, T, -INFINITE, STEP_MAX)                                                            \
                                                                                                              \
  /* Row r sees `seen` + r keys if that is fewer than n (causal masks), the others have no weight. */         \
  FX_CLONES static void attention_weights_##S(ptrdiff_t rows, ptrdiff_t n, ptrdiff_t seen, T scale,           \
                                              const uint8_t *allowed, const T *added, ptrdiff_t mask_row,     \
                                              ptrdiff_t mask_column, T *x) {                                  \
    for (ptrdiff_t r = 0; r < rows; r++, x += n) {                                                            \
      ptrdiff_t count = min_size(n, seen + r);                                                                \
      FX_INDEPENDENT for (ptrdiff_t j = 0; j < count; j++) x[j] *= scale;                                     \
      if (allowed)                                                                                            \
        for (ptrdiff_t j = 0; j < count; j++)                                                                 \
          if (!allowed[r * mask_row + j * mask_column]) x[j] = -INFINITE;                                     \
      if (added)                                                                                              \
        for (ptrdiff_t j = 0; j < count; j++) x[j] += added[r * mask_row + j * mask_column];                  \
      T m = row_max_##S(count, x);                                                                            \
      if (m == -INFINITE) {                                                                                   \
        memset(x, 0, (size_t)n * sizeof(T));                                                                  \
        continue;                                                                                             \
      }                                                                                                       \
      FX_INDEPENDENT for (ptrdiff_t j = 0; j < count; j++) x[j] = exp_##S(x[j] - m);                          \
      T f = 1 / row_sum_##S(count, x);                                                                        \
      FX_INDEPENDENT for (ptrdiff_t j = 0; j < count; j++) x[j] *= f;                                         \
      if (count < n) memset(x + count, 0, (size_t)(n - count) * sizeof(T));                                   \
    }                                                                                                         \
  }                                                                                                           \
                                                                                                              \
  FX_CLONES static void attention_scores_##S(ptrdiff_t rows, ptrdiff_t n, T scale, const T *p, T *dp) {       \
    T block[FX_BLOCK];                                                                                        \
    for (ptrdiff_t r = 0; r < rows; r++, p += n, dp += n) {                                                   \
      cascade_sum_##S c;                                                                                      \
      c.count = 0, c.depth = 0;                                                                               \
      for (ptrdiff_t i = 0; i < n; i += FX_BLOCK) {                                                           \
        ptrdiff_t count = min_size(FX_BLOCK, n - i);                                                          \
        for (ptrdiff_t j = 0; j < count; j++) block[j] = p[i + j] * dp[i + j];                                \
        push_sum_##S(&c, block_sum_##S(count, block));                                                        \
      }                                                                                                       \
      T sum = total_sum_##S(&c);                                                                              \
      FX_INDEPENDENT for (ptrdiff_t j = 0; j < n; j++) dp[j] = p[j] * (dp[j] - sum) * scale;                  \
    }                                                                                                         \
  }
ATTENTION(f32, float, __builtin_inff())
ATTENTION(f64, double, __builtin_inf())

void fx_attention_weights(int dtype, ptrdiff_t rows, ptrdiff_t n, ptrdiff_t seen, double scale, const uint8_t *allowed,
                          const void *added, ptrdiff_t mask_row, ptrdiff_t mask_column, void *x) {
  if (dtype == FX_F32) attention_weights_f32(rows, n, seen, (float)scale, allowed, added, mask_row, mask_column, x);
  if (dtype == FX_F64) attention_weights_f64(rows, n, seen, scale, allowed, added, mask_row, mask_column, x);
}

void fx_attention_scores(int dtype, ptrdiff_t rows, ptrdiff_t n, double scale, const void *p, void *dp) {
  if (dtype == FX_F32) attention_scores_f32(rows, n, (float)scale, p, dp);
  if (dtype == FX_F64) attention_scores_f64(rows, n, scale, p, dp);
}
