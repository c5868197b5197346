// The weights of attention: softmax of scaled and masked scores, a row for each query, and its gradient. Both in place.
#ifndef FX_PASS
#define FX_FILE "attention.c"
#define FX_FLOATS
#include "kernels.h"
#include "math32.h"
#include "math64.h"

#include "targets.h"

void fx_attention_weights(int dtype, ptrdiff_t rows, ptrdiff_t n, ptrdiff_t seen, double scale, const uint8_t *allowed, const void *added,
                          ptrdiff_t mask_row, ptrdiff_t mask_column, void *x, void *factors) {
  FX_DISPATCH(dtype, attention_weights, rows, n, seen, scale, allowed, added, mask_row, mask_column, x, factors);
}

void fx_scale_rows(int dtype, ptrdiff_t rows, ptrdiff_t n, const void *factors, void *x) {
  FX_DISPATCH(dtype, scale_rows, rows, n, factors, x);
}

void fx_attention_scores(int dtype, ptrdiff_t rows, ptrdiff_t n, ptrdiff_t outputs, double scale, const void *y, const void *dy,
                         const void *p, void *dp) {
  FX_DISPATCH(dtype, attention_scores, rows, n, outputs, scale, y, dy, p, dp);
}

void fx_row_products(int dtype, ptrdiff_t rows, ptrdiff_t n, ptrdiff_t width, const void *a, ptrdiff_t a_row, const void *b,
                     ptrdiff_t b_row, void *y) {
  FX_DISPATCH(dtype, row_products, rows, n, width, a, a_row, b, b_row, y);
}

void fx_row_sums(int dtype, ptrdiff_t rows, ptrdiff_t n, ptrdiff_t width, const void *a, const void *b, ptrdiff_t b_row, void *y) {
  FX_DISPATCH(dtype, row_sums, rows, n, width, a, b, b_row, y);
}

#else
#define REDUCTION sum
#define TOTAL T
#define INIT 0
#define STEP l + v
#include "reduction.h"
#define REDUCTION max
#define TOTAL T
#define INIT FX_LOWEST
#define STEP ((v > l) | (v != v)) ? v : l
#define BETTER >
#include "reduction.h"

// A few numbers in their order, more of them in lanes.
FX_INLINE T FX(sum_of)(ptrdiff_t n, const T *x) {
  if (n >= 16) return FX(row_sum)(n, x);
  T sum = 0;
  for (ptrdiff_t j = 0; j < n; j++) sum += x[j];
  return sum;
}

// Row r sees `seen` + r keys if that is fewer than n (causal masks), the others have no weight.
static void FX(attention_weights)(ptrdiff_t rows, ptrdiff_t n, ptrdiff_t seen, T scale, const uint8_t *allowed, const T *added,
                                  ptrdiff_t mask_row, ptrdiff_t mask_column, T *x, T *factors) {
  for (ptrdiff_t r = 0; r < rows; r++, x += n) {
    ptrdiff_t count = min_size(n, seen + r);
    FX_INDEPENDENT for (ptrdiff_t j = 0; j < count; j++) x[j] *= scale;
    if (allowed)
      for (ptrdiff_t j = 0; j < count; j++)
        if (!allowed[r * mask_row + j * mask_column]) x[j] = FX_LOWEST;
    if (added)
      for (ptrdiff_t j = 0; j < count; j++) {
        T more = added[r * mask_row + j * mask_column];
        x[j] = more == FX_LOWEST ? more : x[j] + more;
      }
    T m = FX(row_max)(count, x);
    if (m == FX_LOWEST) {
      memset(x, 0, (size_t)n * sizeof(T));
      if (factors) factors[r] = 0;
      continue;
    }
    FX_INDEPENDENT for (ptrdiff_t j = 0; j < count; j++) x[j] = FX_OF(exp_falling)(m - x[j]);
    T f = 1 / FX(sum_of)(count, x);
    if (factors) {
      factors[r] = f;
    } else {
      FX_INDEPENDENT for (ptrdiff_t j = 0; j < count; j++) x[j] *= f;
    }
    if (count < n) memset(x + count, 0, (size_t)(n - count) * sizeof(T));
  }
}

static void FX(scale_rows)(ptrdiff_t rows, ptrdiff_t n, const T *factors, T *x) {
  for (ptrdiff_t r = 0; r < rows; r++, x += n) {
    T f = factors[r];
    FX_INDEPENDENT for (ptrdiff_t j = 0; j < n; j++) x[j] *= f;
  }
}

// Σ p·dp over the keys is Σ y·dy over the outputs, which are fewer.
static void FX(attention_scores)(ptrdiff_t rows, ptrdiff_t n, ptrdiff_t outputs, T scale, const T *y, const T *dy, const T *p, T *dp) {
  T block[BLOCK];
  for (ptrdiff_t r = 0; r < rows; r++, p += n, dp += n, y += outputs, dy += outputs) {
    T sum = 0;
    for (ptrdiff_t i = 0; i < outputs; i += BLOCK) {
      ptrdiff_t count = min_size(BLOCK, outputs - i);
      for (ptrdiff_t j = 0; j < count; j++) block[j] = y[i + j] * dy[i + j];
      sum += FX(sum_of)(count, block);
    }
    FX_INDEPENDENT for (ptrdiff_t j = 0; j < n; j++) dp[j] = p[j] == 0 ? 0 : p[j] * (dp[j] - sum) * scale;
  }
}

// For products too small for CBLAS to be worth its call: eight lanes along the rows.
static void FX(row_products)(ptrdiff_t rows, ptrdiff_t n, ptrdiff_t width, const T *a, ptrdiff_t a_row, const T *b, ptrdiff_t b_row, T *y) {
  for (ptrdiff_t r = 0; r < rows; r++, a += a_row, y += n)
    for (ptrdiff_t c = 0; c < n; c++) {
      const T *other = b + c * b_row;
      T lanes[8] = {0};
      ptrdiff_t i = 0;
      for (; i + 8 <= width; i += 8)
        for (ptrdiff_t j = 0; j < 8; j++) lanes[j] += a[i + j] * other[i + j];
      for (ptrdiff_t j = 0; j < width - i; j++) lanes[j] += a[i + j] * other[i + j];
      for (ptrdiff_t w = 4; w > 0; w /= 2)
        for (ptrdiff_t j = 0; j < w; j++) lanes[j] += lanes[j + w];
      y[c] = lanes[0];
    }
}

static void FX(row_sums)(ptrdiff_t rows, ptrdiff_t n, ptrdiff_t width, const T *a, const T *b, ptrdiff_t b_row, T *y) {
  for (ptrdiff_t r = 0; r < rows; r++, a += n, y += width) {
    for (ptrdiff_t i = 0; i < width; i++) y[i] = 0;
    for (ptrdiff_t c = 0; c < n; c++) {
      T f = a[c];
      const T *other = b + c * b_row;
      FX_INDEPENDENT for (ptrdiff_t i = 0; i < width; i++) y[i] += f * other[i];
    }
  }
}

#endif
