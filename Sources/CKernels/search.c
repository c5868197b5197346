// Places in an order: binary search in sorted rows, and histograms.
#ifndef FX_PASS
#define FX_FILE "search.c"
#define FX_ELEMENTS
#include "kernels.h"

#define TOGETHER 16
#define FEW 4

#include "targets.h"

void fx_search_sorted(int dtype, int right, ptrdiff_t rows, ptrdiff_t n, ptrdiff_t row, ptrdiff_t count, const void *sorted, const void *x,
                      int64_t *y) {
  FX_DISPATCH_ELEMENTS(dtype, search, right, rows, n, row, count, sorted, x, y);
}

void fx_histogram(int dtype, ptrdiff_t n, double low, double high, ptrdiff_t bins, const void *x, int64_t *counts) {
  FX_DISPATCH(dtype, histogram, n, low, high, bins, x, counts);
}

#else

// The first position whose element the value does not come after (left), or comes before (right); NaN comes after all.
//
// Several values at a time, and without a branch that depends on one: what the next step of a value waits for, a comparison and perhaps
// a load from far away, the others' steps fill.
#ifdef FX_IS_BOOL
typedef int32_t FX(place);
#else
typedef FX_WORD FX(place);
#endif
FX_INLINE ptrdiff_t FX(search_one)(int right, ptrdiff_t n, const T *sorted, T value) {
  ptrdiff_t start = 0;
  while (start < n) {
    ptrdiff_t middle = start + (n - start) / 2;
    if (right ? sorted[middle] > value : sorted[middle] >= value) n = middle;
    else start = middle + 1;
  }
  return start;
}
FX_INLINE void FX(search_some)(int right, FX(place) n, const T *sorted, const T *values, FX(place) *places) {
  for (ptrdiff_t i = 0; i < TOGETHER; i++) places[i] = 0;
  for (FX(place) length = n; length > 0;) {
    FX(place) half = length - length / 2;
    const T *from = sorted + half - 1;
    for (ptrdiff_t i = 0; i < TOGETHER; i++) {
      T middle = from[places[i]], value = values[i];
      places[i] += right ? (middle > value ? 0 : half) : (middle >= value ? 0 : half);
    }
    length -= half;
  }
}
static void FX(search)(int right, ptrdiff_t rows, ptrdiff_t n, ptrdiff_t row, ptrdiff_t count, const T *sorted,
                                 const T *x, int64_t *y) {
  T values[TOGETHER] = {0};
  FX(place) places[TOGETHER];
  for (ptrdiff_t r = 0; r < rows; r++, sorted += row, x += count, y += count) {
    ptrdiff_t numbers = n;
    if (n > 0 && FX_IS_NAN(sorted[n - 1])) {  // NaN's, at the end: what comes after all numbers comes after them
      ptrdiff_t start = 0;
      while (start < numbers) {
        ptrdiff_t half = (start + numbers) / 2;
        if (FX_IS_NAN(sorted[half])) numbers = half;
        else start = half + 1;
      }
    }
    for (ptrdiff_t start = 0; start < count; start += TOGETHER) {
      ptrdiff_t some = min_size(TOGETHER, count - start);
      memcpy(values, x + start, (size_t)some * sizeof(T));
      if (some <= FEW || numbers > INT32_MAX) {
        for (ptrdiff_t i = 0; i < some; i++) y[start + i] = FX(search_one)(right, numbers, sorted, values[i]);
      } else {
        if (right) FX(search_some)(1, (FX(place))numbers, sorted, values, places);
        else FX(search_some)(0, (FX(place))numbers, sorted, values, places);
        for (ptrdiff_t i = 0; i < some; i++) y[start + i] = (int64_t)places[i];
      }
      for (ptrdiff_t i = 0; i < some; i++) y[start + i] = y[start + i] == numbers ? (int64_t)n : y[start + i];
    }
  }
}

#ifndef FX_IS_INTEGER
static void FX(histogram)(ptrdiff_t n, double lowest, double highest, ptrdiff_t bins, const T *x, int64_t *counts) {
  T low = (T)lowest, high = (T)highest;
  // In a smaller unit where the products would overflow.
  T unit = (high - low) * (T)bins * 2 < (T)__builtin_inf() ? 1 : (T)0x1p-64, start = low * unit, width = high * unit - start;
  for (ptrdiff_t i = 0; i < n; i++) {
    if (!(x[i] >= low && x[i] <= high)) continue;
    T place = (x[i] * unit - start) * (T)bins / width;
    counts[place < (T)bins ? (ptrdiff_t)place : bins - 1]++;  // the last bin has both its ends
  }
}
#endif

#endif
