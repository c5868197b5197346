// Running reductions along an axis: each element joined with all before it.
//
// Sums, products and recurrences of float32 run in double, so that an element far along a row is as good as one at its start.
#include "math64.h"

// A row's sums, four at a time: among the four they do not wait for what came before, which is one addition behind the other. (Shifts
// within a vector of eight were three times slower where AVX-512 expands slowly.)
#define SUM_ROW(S, T, R, A)                                                                                   \
  FX_INLINE void sum_steps_##S(ptrdiff_t n, ptrdiff_t step, A carry, const T *x, R *y) {                      \
    ptrdiff_t k = 0;                                                                                          \
    for (; k + 4 <= n; k += 4, x += 4 * step, y += 4 * step) {                                                \
      A first = (A)x[0], second = first + (A)x[step], third = (A)x[2 * step], fourth = third + (A)x[3 * step]; \
      y[0] = (R)(carry + first);                                                                              \
      y[step] = (R)(carry + second);                                                                          \
      y[2 * step] = (R)(carry + (second + third));                                                            \
      carry += second + fourth;                                                                               \
      y[3 * step] = (R)carry;                                                                                 \
    }                                                                                                         \
    for (; k < n; k++, x += step, y += step) carry += (A)*x, *y = (R)carry;                                   \
  }                                                                                                           \
  FX_CLONES static void sum_row_##S(ptrdiff_t n, ptrdiff_t step, A carry, const T *x, R *y) {                 \
    if (step == 1) sum_steps_##S(n, 1, carry, x, y);                                                          \
    else sum_steps_##S(n, step, carry, x, y);                                                                 \
  }

// Columns beside each other, or a single row: what has come together so far stays in the first-level cache.
// STEP is an expression of l, the result so far, and v, the next element.
#define COLUMN_BLOCK 512
#define SCAN(NAME, T, R, A, INIT, STEP)                                                                       \
  FX_CLONES static void scan_##NAME(ptrdiff_t n, ptrdiff_t inner, ptrdiff_t step, const T *x, R *y) {         \
    if (inner == 1) {                                                                                         \
      A l = INIT;                                                                                             \
      for (ptrdiff_t k = 0; k < n; k++) {                                                                     \
        A v = (A)x[k * step];                                                                                 \
        l = STEP;                                                                                             \
        y[k * step] = (R)l;                                                                                   \
      }                                                                                                       \
      return;                                                                                                 \
    }                                                                                                         \
    A so_far[COLUMN_BLOCK];                                                                                   \
    for (ptrdiff_t start = 0; start < inner; start += COLUMN_BLOCK) {                                         \
      ptrdiff_t count = min_size(COLUMN_BLOCK, inner - start);                                                \
      for (ptrdiff_t i = 0; i < count; i++) so_far[i] = INIT;                                                 \
      for (ptrdiff_t k = 0; k < n; k++) {                                                                     \
        const T *from = x + k * step + start;                                                                 \
        R *to = y + k * step + start;                                                                         \
        FX_INDEPENDENT for (ptrdiff_t i = 0; i < count; i++) {                                                \
          A l = so_far[i], v = (A)from[i];                                                                    \
          l = STEP;                                                                                           \
          so_far[i] = l;                                                                                      \
          to[i] = (R)l;                                                                                       \
        }                                                                                                     \
      }                                                                                                       \
    }                                                                                                         \
  }

#define SCANS(S, T, R, A)               \
  SUM_ROW(S, T, R, A)                   \
  SCAN(sum_##S, T, R, A, 0, l + v)      \
  SCAN(prod_##S, T, R, A, 1, l *v)

SCANS(f32, float, float, double)
SCANS(f64, double, double, double)
SCANS(i32, int32_t, uint64_t, uint64_t)
SCANS(i64, int64_t, uint64_t, uint64_t)
SCANS(b, uint8_t, uint64_t, uint64_t)

#define CASE(DTYPE, S, T, R)                                                                                  \
  case DTYPE:                                                                                                 \
    for (ptrdiff_t o = 0; o < outer; o++) {                                                                   \
      const T *from = (const T *)x + o * rows;                                                                \
      R *to = (R *)y + o * rows;                                                                              \
      if (product) scan_prod_##S(n, inner, step, from, to);                                                   \
      else if (inner == 1) sum_row_##S(n, step, 0, from, to);                                                 \
      else scan_sum_##S(n, inner, step, from, to);                                                            \
    }                                                                                                         \
    break;

void fx_scan(int product, int dtype, ptrdiff_t outer, ptrdiff_t rows, ptrdiff_t n, ptrdiff_t step, ptrdiff_t inner, const void *x, void *y) {
  switch (dtype) {
    CASE(FX_F32, f32, float, float)
    CASE(FX_F64, f64, double, double)
    CASE(FX_I32, i32, int32_t, uint64_t)
    CASE(FX_I64, i64, int64_t, uint64_t)
    CASE(FX_BOOL, b, uint8_t, uint64_t)
  }
}

// MARK: A long row in parts

#define TOTAL(S, T, A)                                                                                        \
  FX_CLONES static void total_##S(ptrdiff_t n, const T *x, A *total) {                                        \
    A lanes[32] = {0}, sum = 0;                                                                               \
    ptrdiff_t k = 0;                                                                                          \
    for (; k + 32 <= n; k += 32)                                                                              \
      for (ptrdiff_t j = 0; j < 32; j++) lanes[j] += (A)x[k + j];                                             \
    for (; k < n; k++) sum += (A)x[k];                                                                        \
    for (ptrdiff_t j = 0; j < 32; j++) sum += lanes[j];                                                       \
    *total = sum;                                                                                             \
  }
TOTAL(f32, float, double)
TOTAL(f64, double, double)
TOTAL(i32, int32_t, uint64_t)
TOTAL(i64, int64_t, uint64_t)
TOTAL(b, uint8_t, uint64_t)

void fx_scan_total(int dtype, ptrdiff_t n, const void *x, void *total) {
  switch (dtype) {
    case FX_F32: total_f32(n, x, total); break;
    case FX_F64: total_f64(n, x, total); break;
    case FX_I32: total_i32(n, x, total); break;
    case FX_I64: total_i64(n, x, total); break;
    case FX_BOOL: total_b(n, x, total); break;
  }
}

void fx_scan_from(int dtype, ptrdiff_t n, ptrdiff_t step, const void *carry, const void *x, void *y) {
  switch (dtype) {
    case FX_F32: sum_row_f32(n, step, *(const double *)carry, x, y); break;
    case FX_F64: sum_row_f64(n, step, *(const double *)carry, x, y); break;
    case FX_I32: sum_row_i32(n, step, *(const uint64_t *)carry, x, y); break;
    case FX_I64: sum_row_i64(n, step, *(const uint64_t *)carry, x, y); break;
    case FX_BOOL: sum_row_b(n, step, *(const uint64_t *)carry, x, y); break;
  }
}

// MARK: Recurrences

#define RECURRENCE(S, T)                                                                                      \
  FX_CLONES static void recurrence_##S(ptrdiff_t n, ptrdiff_t inner, ptrdiff_t step, const T *a, const T *b, T *y) { \
    double last[COLUMN_BLOCK];                                                                                \
    for (ptrdiff_t start = 0; start < inner; start += COLUMN_BLOCK) {                                         \
      ptrdiff_t count = min_size(COLUMN_BLOCK, inner - start);                                                \
      const T *as = a + start, *bs = b + start;                                                               \
      T *ys = y + start;                                                                                      \
      for (ptrdiff_t k = 0; k < n; k++, as += step, bs += step, ys += step)                                   \
        FX_INDEPENDENT for (ptrdiff_t i = 0; i < count; i++) {                                                \
          last[i] = k ? (double)as[i] * last[i] + (double)bs[i] : (double)bs[i];                              \
          ys[i] = (T)last[i];                                                                                 \
        }                                                                                                     \
    }                                                                                                         \
  }                                                                                                           \
  /* log Σ exp as the largest so far and the sum of exponentials relative to it. */                           \
  static void logsumexp_##S(ptrdiff_t n, ptrdiff_t inner, ptrdiff_t step, const T *x, T *y) {                 \
    double largest[COLUMN_BLOCK], sum[COLUMN_BLOCK];                                                          \
    for (ptrdiff_t start = 0; start < inner; start += COLUMN_BLOCK) {                                         \
      ptrdiff_t count = min_size(COLUMN_BLOCK, inner - start);                                                \
      for (ptrdiff_t i = 0; i < count; i++) largest[i] = -__builtin_inf(), sum[i] = 0;                        \
      for (ptrdiff_t k = 0; k < n; k++)                                                                       \
        for (ptrdiff_t i = 0; i < count; i++) {                                                               \
          double v = (double)x[k * step + start + i], m = largest[i];                                         \
          if (v == m) sum[i] += m > -__builtin_inf();  /* infinities too, whose difference is not a number */ \
          else if (v < m) sum[i] += exp_f64(v - m);                                                           \
          else sum[i] = sum[i] * exp_f64(m - v) + 1, largest[i] = v;                                          \
          y[k * step + start + i] = (T)(largest[i] + (sum[i] == 0 ? 0 : log_f64(sum[i])));                    \
        }                                                                                                     \
    }                                                                                                         \
  }
RECURRENCE(f32, float)
RECURRENCE(f64, double)

void fx_recurrence(int dtype, ptrdiff_t outer, ptrdiff_t rows, ptrdiff_t n, ptrdiff_t step, ptrdiff_t inner, const void *a, const void *b,
                   void *y) {
  for (ptrdiff_t o = 0; o < outer; o++) {
    if (dtype == FX_F32) recurrence_f32(n, inner, step, (const float *)a + o * rows, (const float *)b + o * rows, (float *)y + o * rows);
    else recurrence_f64(n, inner, step, (const double *)a + o * rows, (const double *)b + o * rows, (double *)y + o * rows);
  }
}

void fx_scan_logsumexp(int dtype, ptrdiff_t outer, ptrdiff_t rows, ptrdiff_t n, ptrdiff_t step, ptrdiff_t inner, const void *x, void *y) {
  for (ptrdiff_t o = 0; o < outer; o++) {
    if (dtype == FX_F32) logsumexp_f32(n, inner, step, (const float *)x + o * rows, (float *)y + o * rows);
    else logsumexp_f64(n, inner, step, (const double *)x + o * rows, (double *)y + o * rows);
  }
}
