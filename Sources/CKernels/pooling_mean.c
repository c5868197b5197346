// Means under sliding windows, row by row: first the sums down each column of the window, which are vector loops along the rows, then along the row.
#ifndef FX_PASS
#define FX_FILE "pooling_mean.c"
#define FX_FLOATS
#include "windows.h"

#define MOST 1024

// How many inputs an output sees of an axis, with the padding's if these count.
FX_INLINE ptrdiff_t count_of(span s, int padded) { return padded ? s.padded : max_size(s.to - s.from, 0); }

#include "targets.h"

int fx_mean_rows(int dtype, const fx_window *w, int padded, int64_t divisor, ptrdiff_t planes, const void *x, void *y) {
  for (int axis = 0; axis < 3; axis++)
    if (w->window[axis] > 1 && w->dilation[axis] > 1) return 0;
  ptrdiff_t n = w->output[2], length = (n - 1) * w->stride[2] + w->window[2];
  if (w->window[2] == 0 || n < 4 || n > MOST || length > 2 * MOST || w->before[2] > length) return 0;
  FX_DISPATCH(dtype, mean_rows, w, padded, divisor, planes, x, y);
  return 1;
}

#else

static void FX(mean_rows)(const fx_window *w, int padded, int64_t divisor, ptrdiff_t planes, const T *in, T *out) {
  double column[2 * MOST], counts[MOST];
  ptrdiff_t n = w->output[2], width = w->input[2], window = w->window[2], stride = w->stride[2];
  ptrdiff_t before = w->before[2], length = (n - 1) * stride + window;
  ptrdiff_t used = min_size(width, length - before);
  for (ptrdiff_t x = 0; x < n; x++) counts[x] = (double)count_of(see(w, 2, x), padded);
  for (ptrdiff_t plane = 0; plane < planes; plane++, in += w->input[0] * w->input[1] * width)
    for (ptrdiff_t oz = 0; oz < w->output[0]; oz++) {
      span z = see(w, 0, oz);
      for (ptrdiff_t oy = 0; oy < w->output[1]; oy++, out += n) {
        span y = see(w, 1, oy);
        double sums[MOST], lines = (double)(count_of(z, padded) * count_of(y, padded));
        memset(column, 0, (size_t)length * sizeof(double));
        for (ptrdiff_t iz = z.from; iz < z.to; iz++)
          for (ptrdiff_t iy = y.from; iy < y.to; iy++) {
            const T *row = in + (iz * w->input[1] + iy) * width;
            for (ptrdiff_t i = 0; i < used; i++) column[before + i] += (double)row[i];
          }
        for (ptrdiff_t x = 0; x < n; x++) sums[x] = column[x * stride];
        for (ptrdiff_t k = 1; k < window; k++)
          if (stride == 1) for (ptrdiff_t x = 0; x < n; x++) sums[x] += column[x + k];
          else for (ptrdiff_t x = 0; x < n; x++) sums[x] += column[x * stride + k];
        for (ptrdiff_t x = 0; x < n; x++) {
          double count = divisor ? (double)divisor : lines * counts[x];
          out[x] = count != 0 ? (T)(sums[x] / count) : 0;
        }
      }
    }
}

#endif
