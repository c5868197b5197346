// Places in an order: binary search in sorted rows, and histograms.
#include "kernels.h"

// The first position whose element the value does not come after (left), or comes before (right); NaN comes after all.
//
// Several values at a time, and without a branch that depends on one: what the next step of a value waits for, a comparison and perhaps
// a load from far away, the others' steps fill. I is an integer as wide as the element.
#define TOGETHER 16
#define FEW 4
#define SEARCH(S, T, I)                                                                                       \
  FX_INLINE ptrdiff_t search_one_##S(int right, ptrdiff_t n, const T *sorted, T value) {                      \
    ptrdiff_t start = 0;                                                                                      \
    while (start < n) {                                                                                       \
      ptrdiff_t middle = start + (n - start) / 2;                                                             \
      if (right ? sorted[middle] > value : sorted[middle] >= value) n = middle;                               \
      else start = middle + 1;                                                                                \
    }                                                                                                         \
    return start;                                                                                             \
  }                                                                                                           \
  FX_INLINE void search_some_##S(int right, I n, const T *sorted, const T *values, I *places) {               \
    for (ptrdiff_t i = 0; i < TOGETHER; i++) places[i] = 0;                                                   \
    for (I length = n; length > 0;) {                                                                         \
      I half = length - length / 2;                                                                           \
      const T *from = sorted + half - 1;                                                                      \
      for (ptrdiff_t i = 0; i < TOGETHER; i++) {                                                              \
        T middle = from[places[i]], value = values[i];                                                        \
        places[i] += right ? (middle > value ? 0 : half) : (middle >= value ? 0 : half);                      \
      }                                                                                                       \
      length -= half;                                                                                         \
    }                                                                                                         \
  }                                                                                                           \
  FX_CLONES static void search_##S(int right, ptrdiff_t rows, ptrdiff_t n, ptrdiff_t row, ptrdiff_t count, const T *sorted, \
                                   const T *x, int64_t *y) {                                                  \
    T values[TOGETHER] = {0};                                                                                 \
    I places[TOGETHER];                                                                                       \
    for (ptrdiff_t r = 0; r < rows; r++, sorted += row, x += count, y += count) {                             \
      ptrdiff_t numbers = n;                                                                                  \
      if (n > 0 && sorted[n - 1] != sorted[n - 1]) {  /* NaN's, at the end: what comes after all numbers comes after them */ \
        ptrdiff_t start = 0;                                                                                  \
        while (start < numbers) {                                                                             \
          ptrdiff_t half = (start + numbers) / 2;                                                             \
          if (sorted[half] != sorted[half]) numbers = half;                                                   \
          else start = half + 1;                                                                              \
        }                                                                                                     \
      }                                                                                                       \
      for (ptrdiff_t start = 0; start < count; start += TOGETHER) {                                           \
        ptrdiff_t some = min_size(TOGETHER, count - start);                                                   \
        memcpy(values, x + start, (size_t)some * sizeof(T));                                                  \
        if (some <= FEW || numbers > INT32_MAX) {                                                             \
          for (ptrdiff_t i = 0; i < some; i++) y[start + i] = search_one_##S(right, numbers, sorted, values[i]);\
        } else {                                                                                              \
          if (right) search_some_##S(1, (I)numbers, sorted, values, places);                                  \
          else search_some_##S(0, (I)numbers, sorted, values, places);                                        \
          for (ptrdiff_t i = 0; i < some; i++) y[start + i] = (int64_t)places[i];                             \
        }                                                                                                     \
        for (ptrdiff_t i = 0; i < some; i++) y[start + i] = y[start + i] == numbers ? (int64_t)n : y[start + i];\
      }                                                                                                       \
    }                                                                                                         \
  }
SEARCH(f32, float, int32_t)
SEARCH(f64, double, int64_t)
SEARCH(i32, int32_t, int32_t)
SEARCH(i64, int64_t, int64_t)
SEARCH(b, uint8_t, int32_t)

void fx_search_sorted(int dtype, int right, ptrdiff_t rows, ptrdiff_t n, ptrdiff_t row, ptrdiff_t count, const void *sorted, const void *x,
                      int64_t *y) {
  switch (dtype) {
    case FX_F32: search_f32(right, rows, n, row, count, sorted, x, y); break;
    case FX_F64: search_f64(right, rows, n, row, count, sorted, x, y); break;
    case FX_I32: search_i32(right, rows, n, row, count, sorted, x, y); break;
    case FX_I64: search_i64(right, rows, n, row, count, sorted, x, y); break;
    case FX_BOOL: search_b(right, rows, n, row, count, sorted, x, y); break;
  }
}

#define HISTOGRAM(S, T)                                                                                       \
  static void histogram_##S(ptrdiff_t n, T low, T high, ptrdiff_t bins, const T *x, int64_t *counts) {        \
    /* In a smaller unit where the products would overflow. */                                                \
    T unit = (high - low) * (T)bins * 2 < (T)__builtin_inf() ? 1 : (T)0x1p-64, start = low * unit, width = high * unit - start; \
    for (ptrdiff_t i = 0; i < n; i++) {                                                                       \
      if (!(x[i] >= low && x[i] <= high)) continue;                                                           \
      T place = (x[i] * unit - start) * (T)bins / width;                                                      \
      counts[place < (T)bins ? (ptrdiff_t)place : bins - 1]++;  /* the last bin has both its ends */          \
    }                                                                                                         \
  }
HISTOGRAM(f32, float)
HISTOGRAM(f64, double)

void fx_histogram(int dtype, ptrdiff_t n, double low, double high, ptrdiff_t bins, const void *x, int64_t *counts) {
  if (dtype == FX_F32) histogram_f32(n, (float)low, (float)high, bins, x, counts);
  else histogram_f64(n, low, high, bins, x, counts);
}
