// Pooling of planes that are cut into parts: for many rows of outputs first down the columns of the image, and then along what that
// gives, which are many short rows.
#ifndef FX_PASS
#define FX_FILE "pooling_parts.c"
#define FX_NUMBERS
#include "windows.h"

// Rows of outputs at a time: as many as are a tile of turned.h, if they are not too wide.
#define ROWS 64
#define ELEMENTS 8192

#include "targets.h"

void fx_max_parts(int dtype, const fx_window *w, ptrdiff_t planes, const void *x, void *y) {
  FX_DISPATCH_NUMBERS(dtype, max_parts, w, planes, x, y);
}

void fx_mean_parts(int dtype, const fx_window *w, ptrdiff_t planes, const void *x, void *y) {
  FX_DISPATCH_NUMBERS(dtype, mean_parts, w, planes, x, y);
}

#else

// What sums down the columns are kept in.
#if FX_IS_INTEGER
typedef int64_t FX(sum);
enum { FX(dtype) = sizeof(T) == 4 ? FX_I32 : FX_I64, FX(sum_dtype) = FX_I64 };
#else
typedef double FX(sum);
enum { FX(dtype) = FX_IS_F32 ? FX_F32 : FX_F64, FX(sum_dtype) = FX_F64 };
#endif

FX_INLINE T FX(larger)(T l, T v) { return IS_BETTER(v, l) ? v : l; }

// Of five; whether two floats are numbers is asked at once.
FX_INLINE T FX(largest_of)(T l, T a, T b, T c, T d) {
#if FX_IS_INTEGER
  return FX(larger)(l, FX(larger)(FX(larger)(a, b), FX(larger)(c, d)));
#else
  int is_nan = __builtin_isunordered(a, b) | __builtin_isunordered(c, d);
  a = a > b ? a : b, c = c > d ? c : d;
  a = a > c ? a : c, l = a > l ? a : l;
  return is_nan ? (T)__builtin_nan("") : l;
#endif
}

// Joins `lines` rows of n elements to a row of columns, four at a time.
FX_INLINE void FX(largest)(ptrdiff_t lines, ptrdiff_t n, const T *from, T *restrict column) {
  for (; lines >= 4; lines -= 4, from += 4 * n)
    for (ptrdiff_t i = 0; i < n; i++) column[i] = FX(largest_of)(column[i], from[i], from[n + i], from[2 * n + i], from[3 * n + i]);
  for (; lines > 0; lines--, from += n)
    for (ptrdiff_t i = 0; i < n; i++) column[i] = FX(larger)(column[i], from[i]);
}

FX_INLINE void FX(sums)(ptrdiff_t lines, ptrdiff_t n, const T *from, FX(sum) *restrict column) {
  typedef FX(sum) sum;
  for (; lines >= 4; lines -= 4, from += 4 * n)
    for (ptrdiff_t i = 0; i < n; i++)
      column[i] += ((sum)from[i] + (sum)from[n + i]) + ((sum)from[2 * n + i] + (sum)from[3 * n + i]);
  for (; lines > 0; lines--, from += n)
    for (ptrdiff_t i = 0; i < n; i++) column[i] += (sum)from[i];
}

FX_INLINE void FX(parts)(int is_mean, const fx_window *w, ptrdiff_t planes, const T *in, T *out) {
  // Of elements, or of sums.
  FX(sum) memory[ELEMENTS], joined[ROWS];
  T *largest = (void *)memory;
  ptrdiff_t counts[ROWS], strides[3] = {w->input[2], 1, 0};
  ptrdiff_t n = w->input[2], width = w->output[2], most = min_size(ROWS, ELEMENTS / max_size(n, 1));
  ptrdiff_t rows = planes * w->output[0] * w->output[1];
  for (ptrdiff_t start = 0; start < rows; start += most, out += most * width) {
    ptrdiff_t count = min_size(most, rows - start);
    for (ptrdiff_t r = 0; r < count; r++) {
      ptrdiff_t row = start + r, oy = row % w->output[1], oz = row / w->output[1] % w->output[0];
      const T *plane = in + row / w->output[1] / w->output[0] * volume(w->input);
      span z = see(w, 0, oz), y = see(w, 1, oy);
      if (is_mean) for (ptrdiff_t i = 0; i < n; i++) memory[r * n + i] = 0;
      else for (ptrdiff_t i = 0; i < n; i++) largest[r * n + i] = FX_LOWEST;
      for (ptrdiff_t iz = z.from; iz < z.to; iz++) {
        const T *from = plane + (iz * w->input[1] + y.from) * n;
        if (is_mean) FX(sums)(y.to - y.from, n, from, memory + r * n);
        else FX(largest)(y.to - y.from, n, from, largest + r * n);
      }
      counts[r] = (z.to - z.from) * (y.to - y.from);
    }
    for (ptrdiff_t ox = 0; ox < width; ox++) {
      span x = see(w, 2, ox);
      ptrdiff_t taps = x.to - x.from;
      if (is_mean) fx_reduce(FX_R_SUM, FX(sum_dtype), count, taps, 1, strides, memory + x.from, joined);
      else fx_reduce(FX_R_MAX, FX(dtype), count, taps, 1, strides, largest + x.from, joined);
      for (ptrdiff_t r = 0; r < count; r++)
        out[r * width + ox] = is_mean ? (T)(joined[r] / (FX(sum))(counts[r] * taps)) : ((const T *)joined)[r];
    }
  }
}

static void FX(max_parts)(const fx_window *w, ptrdiff_t planes, const T *in, T *out) { FX(parts)(0, w, planes, in, out); }
static void FX(mean_parts)(const fx_window *w, ptrdiff_t planes, const T *in, T *out) { FX(parts)(1, w, planes, in, out); }

#endif
