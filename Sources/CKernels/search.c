// Places in an order: binary search in sorted rows, and histograms.
#include "kernels.h"

// The first position whose element the value does not come after (left), or comes before (right); NaN comes after all.
#define SEARCH(S, T)                                                                                          \
  static void search_##S(int right, ptrdiff_t rows, ptrdiff_t n, ptrdiff_t row, ptrdiff_t count, const T *sorted, const T *x, int64_t *y) { \
    for (ptrdiff_t r = 0; r < rows; r++, sorted += row, x += count, y += count)                               \
      for (ptrdiff_t i = 0; i < count; i++) {                                                                 \
        T value = x[i];                                                                                       \
        ptrdiff_t start = 0, length = n;                                                                      \
        while (length > 0) {                                                                                  \
          ptrdiff_t half = length / 2;                                                                        \
          T middle = sorted[start + half];                                                                    \
          int after = right ? !(middle > value) : !(middle >= value);                                         \
          start = after ? start + half + 1 : start;                                                           \
          length = after ? length - half - 1 : half;                                                          \
        }                                                                                                     \
        y[i] = (int64_t)start;                                                                                \
      }                                                                                                       \
  }
SEARCH(f32, float)
SEARCH(f64, double)
SEARCH(i32, int32_t)
SEARCH(i64, int64_t)
SEARCH(b, uint8_t)

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
    for (ptrdiff_t i = 0; i < n; i++) {                                                                       \
      if (!(x[i] >= low && x[i] <= high)) continue;                                                           \
      T place = (x[i] - low) * (T)bins / (high - low);                                                        \
      counts[place < (T)bins ? (ptrdiff_t)place : bins - 1]++;  /* the last bin has both its ends */          \
    }                                                                                                         \
  }
HISTOGRAM(f32, float)
HISTOGRAM(f64, double)

void fx_histogram(int dtype, ptrdiff_t n, double low, double high, ptrdiff_t bins, const void *x, int64_t *counts) {
  if (dtype == FX_F32) histogram_f32(n, (float)low, (float)high, bins, x, counts);
  else histogram_f64(n, low, high, bins, x, counts);
}
