// Softmax, its logarithm, log-sum-exp and the gradients of many short rows, a tile of rows at a time: operation for operation as in
// softmax.c, so that a row has the same bits there.
#include "math32.h"
#include "turned.h"

#define SOFTMAX(S, SIZE, T, INFINITE)                                                                         \
  DEFINE_LANES(sum_##S, T, T, 0, STEP_SUM)                                                                    \
  DEFINE_LANES(max_##S, T, T, -INFINITE, STEP_MAX)                                                            \
  DEFINE_TILE(sum_##S, T, T, 0)                                                                               \
  DEFINE_TILE(max_##S, T, T, -INFINITE)                                                                       \
  DEFINE_INFINITE_ROW(S, T, INFINITE)                                                                         \
                                                                                                              \
  /* x less each row's largest element in the tile, their exponentials in e, and the sums of those. */        \
  FX_INLINE void exp_sums_##S(ptrdiff_t count, ptrdiff_t n, const T *x, T *tile, T *e, T *largest, T *sums) { \
    turn_##SIZE(count, n, x, n, 1, tile);                                                                     \
    tile_max_##S(n, tile, largest);                                                                           \
    for (ptrdiff_t j = 0; j < n; j++) EACH_ROW {                                                              \
      T v = tile[j * TILE + r] - largest[r];                                                                  \
      tile[j * TILE + r] = v;                                                                                 \
      e[j * TILE + r] = exp_falling_##S(-v);                                                                  \
    }                                                                                                         \
    tile_sum_##S(n, e, sums);                                                                                 \
  }                                                                                                           \
                                                                                                              \
  FX_CLONES static void softmax_##S(int logarithmic, ptrdiff_t rows, ptrdiff_t n, const T *x, T *y) {         \
    T tile[SHORT_ROW * TILE], e[SHORT_ROW * TILE], largest[TILE], sums[TILE];                                 \
    if (rows < TILE) memset(tile, 0, (size_t)n * TILE * sizeof *tile);                                        \
    for (ptrdiff_t start = 0; start < rows; start += TILE) {                                                  \
      ptrdiff_t count = min_size(TILE, rows - start);                                                         \
      exp_sums_##S(count, n, x + start * n, tile, e, largest, sums);                                          \
      if (logarithmic) {                                                                                      \
        EACH_ROW sums[r] = log_##S(sums[r]);                                                                  \
        for (ptrdiff_t j = 0; j < n; j++) EACH_ROW e[j * TILE + r] = tile[j * TILE + r] - sums[r];            \
      } else {                                                                                                \
        for (ptrdiff_t j = 0; j < n; j++) EACH_ROW e[j * TILE + r] /= sums[r];                                \
      }                                                                                                       \
      unturn_##SIZE(count, n, e, n, y + start * n);                                                           \
    }                                                                                                         \
  }                                                                                                           \
                                                                                                              \
  FX_CLONES static void logsumexp_##S(ptrdiff_t rows, ptrdiff_t n, const T *x, T *y) {                        \
    T tile[SHORT_ROW * TILE], e[SHORT_ROW * TILE], largest[TILE], sums[TILE];                                 \
    if (rows < TILE) memset(tile, 0, (size_t)n * TILE * sizeof *tile);                                        \
    for (ptrdiff_t start = 0; start < rows; start += TILE) {                                                  \
      ptrdiff_t count = min_size(TILE, rows - start);                                                         \
      exp_sums_##S(count, n, x + start * n, tile, e, largest, sums);                                          \
      EACH_ROW sums[r] = abs_##S(largest[r]) < INFINITE ? largest[r] + log_##S(sums[r]) : largest[r];         \
      memcpy(y + start, sums, (size_t)count * sizeof(T));                                                     \
    }                                                                                                         \
  }                                                                                                           \
                                                                                                              \
  FX_CLONES static void softmax_backward_##S(int logarithmic, ptrdiff_t rows, ptrdiff_t n, const T *y, const T *dy, T *dx) { \
    T tile[SHORT_ROW * TILE], d[SHORT_ROW * TILE], product[SHORT_ROW * TILE], sums[TILE];                     \
    if (rows < TILE) memset(tile, 0, (size_t)n * TILE * sizeof *tile), memset(d, 0, (size_t)n * TILE * sizeof *d); \
    for (ptrdiff_t start = 0; start < rows; start += TILE) {                                                  \
      ptrdiff_t count = min_size(TILE, rows - start);                                                         \
      turn_##SIZE(count, n, y + start * n, n, 1, tile);                                                       \
      turn_##SIZE(count, n, dy + start * n, n, 1, d);                                                         \
      if (logarithmic) {                                                                                      \
        tile_sum_##S(n, d, sums);                                                                             \
        for (ptrdiff_t j = 0; j < n; j++) EACH_ROW {                                                          \
          T p = exp_falling_##S(-tile[j * TILE + r]);                                                         \
          T slope = d[j * TILE + r];                                                                          \
          product[j * TILE + r] = sums[r] == 0 ? slope : slope - p * sums[r];                                 \
        }                                                                                                     \
      } else {                                                                                                \
        for (ptrdiff_t j = 0; j < n * TILE; j++) product[j] = tile[j] * d[j];                                 \
        tile_sum_##S(n, product, sums);                                                                       \
        for (ptrdiff_t j = 0; j < n; j++) EACH_ROW product[j * TILE + r] = tile[j * TILE + r] * (d[j * TILE + r] - sums[r]); \
      }                                                                                                       \
      unturn_##SIZE(count, n, product, n, dx + start * n);                                                    \
    }                                                                                                         \
  }                                                                                                           \
                                                                                                              \
  FX_CLONES static void cross_entropy_backward_##S(ptrdiff_t rows, ptrdiff_t n, const T *x, const int64_t *labels, const T *dy, T *dx) { \
    T tile[SHORT_ROW * TILE], e[SHORT_ROW * TILE], largest[TILE], sums[TILE], g[TILE] = {0}, at_label[TILE] = {0}; \
    if (rows < TILE) memset(tile, 0, (size_t)n * TILE * sizeof *tile);                                        \
    for (ptrdiff_t start = 0; start < rows; start += TILE, x += TILE * n, dx += TILE * n) {                   \
      ptrdiff_t count = min_size(TILE, rows - start);                                                         \
      const int64_t *ids = labels + start;                                                                    \
      exp_sums_##S(count, n, x, tile, e, largest, sums);                                                      \
      memcpy(g, dy + start, (size_t)count * sizeof(T));                                                       \
      for (ptrdiff_t r = 0; r < count; r++) at_label[r] = ids[r] < 0 ? 0 : x[r * n + ids[r]] - largest[r];    \
      EACH_ROW at_label[r] = expm1_##S(at_label[r] - log_##S(sums[r]));                                       \
      for (ptrdiff_t j = 0; j < n; j++) EACH_ROW e[j * TILE + r] = g[r] * (e[j * TILE + r] / sums[r]);        \
      unturn_##SIZE(count, n, e, n, dx);                                                                      \
      for (ptrdiff_t r = 0; r < count; r++)                                                                   \
        if (ids[r] < 0 || g[r] == 0) memset(dx + r * n, 0, (size_t)n * sizeof(T));                            \
        else if (largest[r] == INFINITE) infinite_row_##S(n, x + r * n, ids[r], g[r], dx + r * n);            \
        else dx[r * n + ids[r]] = g[r] * at_label[r];                                                         \
    }                                                                                                         \
  }
SOFTMAX(f32, 4, float, __builtin_inff())
SOFTMAX(f64, 8, double, __builtin_inf())

void fx_softmax_short(int dtype, int logarithmic, ptrdiff_t rows, ptrdiff_t n, const void *x, void *y) {
  if (dtype == FX_F32) softmax_f32(logarithmic, rows, n, x, y);
  if (dtype == FX_F64) softmax_f64(logarithmic, rows, n, x, y);
}

void fx_softmax_backward_short(int dtype, int logarithmic, ptrdiff_t rows, ptrdiff_t n, const void *y, const void *dy, void *dx) {
  if (dtype == FX_F32) softmax_backward_f32(logarithmic, rows, n, y, dy, dx);
  if (dtype == FX_F64) softmax_backward_f64(logarithmic, rows, n, y, dy, dx);
}

void fx_logsumexp_short(int dtype, ptrdiff_t rows, ptrdiff_t n, const void *x, void *y) {
  if (dtype == FX_F32) logsumexp_f32(rows, n, x, y);
  if (dtype == FX_F64) logsumexp_f64(rows, n, x, y);
}

void fx_cross_entropy_backward_short(int dtype, ptrdiff_t rows, ptrdiff_t n, const void *x, const int64_t *labels, const void *dy,
                                     void *dx) {
  if (dtype == FX_F32) cross_entropy_backward_f32(rows, n, x, labels, dy, dx);
  if (dtype == FX_F64) cross_entropy_backward_f64(rows, n, x, labels, dy, dx);
}
