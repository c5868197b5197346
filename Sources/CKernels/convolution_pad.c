// What a tile of a convolution's places sees of an image, copied with the padding around it; a stride along rows takes these apart into phases.
#ifndef FX_PASS
#define FX_FILE "convolution_pad.c"
#define FX_FLOATS
#define FX_VECTORS
#include "targets.h"

void fx_tile_pad(int dtype, const fx_tile *t, ptrdiff_t channels, ptrdiff_t behind, const void *x, void *y) {
  FX_DISPATCH(dtype, pad, 1, t, channels, behind, x, y);
}

void fx_tile_pad_plane(int dtype, const fx_tile *t, int is_clear, ptrdiff_t behind, const void *x, void *y) {
  FX_DISPATCH(dtype, pad, !is_clear, t, 1, behind, x, y);
}

#else

// Elements with an even or odd number among those of two vectors.
FX_INLINE VEC FX(every_second)(VEC a, VEC b, int odd) {
#if FX_BYTES == 64 && FX_IS_F32
  return odd ? __builtin_shufflevector(a, b, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31)
             : __builtin_shufflevector(a, b, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
#elif (FX_BYTES == 32 && FX_IS_F32) || (FX_BYTES == 64 && !FX_IS_F32)
  return odd ? __builtin_shufflevector(a, b, 1, 3, 5, 7, 9, 11, 13, 15) : __builtin_shufflevector(a, b, 0, 2, 4, 6, 8, 10, 12, 14);
#elif (FX_BYTES == 16 && FX_IS_F32) || (FX_BYTES == 32 && !FX_IS_F32)
  return odd ? __builtin_shufflevector(a, b, 1, 3, 5, 7) : __builtin_shufflevector(a, b, 0, 2, 4, 6);
#else
  return odd ? __builtin_shufflevector(a, b, 1, 3) : __builtin_shufflevector(a, b, 0, 2);
#endif
}

// n elements of a row: those with an even number go to `out`, those with an odd one to `second`; without a stride all to `out`, and zeros behind
// them up to a whole vector, where the next row is still to come.
FX_INLINE void FX(take)(ptrdiff_t stride, ptrdiff_t n, const T *in, T *out, T *second) {
  ptrdiff_t i = 0;
  if (stride == 1) {
    for (; i + FX_LANES <= n; i += FX_LANES) FX(store)(out + i, FX(load)(in + i));
    if (i < n) FX(store)(out + i, FX(load_some)(in + i, n - i));
    return;
  }
  for (; i + 2 * FX_LANES <= n; i += 2 * FX_LANES, out += FX_LANES, second += FX_LANES) {
    VEC a = FX(load)(in + i), b = FX(load)(in + i + FX_LANES);
    FX(store)(out, FX(every_second)(a, b, 0));
    FX(store)(second, FX(every_second)(a, b, 1));
  }
  if (i >= n) return;
  VEC a = FX(load_some)(in + i, min_size(n - i, FX_LANES)), b = {0};
  if (n - i > FX_LANES) b = FX(load_some)(in + i + FX_LANES, n - i - FX_LANES);
  FX(store_some)(out, FX(every_second)(a, b, 0), (n - i + 1) / 2);
  FX(store_some)(second, FX(every_second)(a, b, 1), (n - i) / 2);
}

// `clears` if y has something else than zeros where it has no element of x, and in the `behind` elements that follow it. Kernels multiply whole
// vectors there and drop the results, but what other work left in memory may be subnormal as a float: Intel's processors take a hundred times as long.
static void FX(pad)(int clears, const fx_tile *t, ptrdiff_t channels, ptrdiff_t behind, const T *x, T *y) {
  const fx_window *w = &t->window;
  ptrdiff_t stride = w->stride[2], first = t->start[2] * stride - w->before[2], phase = t->size[2], line = stride * phase;
  // What is seen of a row: n elements from number `from` on, which lies at `to` of a phase that may not be the first.
  ptrdiff_t from = max_size(0, first), n = min_size(w->input[2], first + line) - from, to = (from - first) / stride, s = (from - first) % stride;
  ptrdiff_t top = t->start[1] * w->stride[1] - w->before[1], front = t->start[0] * w->stride[0] - w->before[0];
  ptrdiff_t filled = t->size[0] * t->size[1] * line;
  for (ptrdiff_t c = 0; c < channels; c++, x += w->input[0] * w->input[1] * w->input[2]) {
    for (ptrdiff_t z = 0; z < t->size[0]; z++)
      for (ptrdiff_t v = 0; v < t->size[1]; v++) {
        T *row = y + c * t->plane + (z * t->size[1] + v) * line, *out = row + to;
        int is_inside = front + z >= 0 && front + z < w->input[0] && top + v >= 0 && top + v < w->input[1];
        if (clears && !(is_inside && stride == 1 && n == line)) memset(row, 0, (size_t)line * sizeof(T));
        if (!is_inside) continue;
        const T *in = x + ((front + z) * w->input[1] + top + v) * w->input[2] + from;
        if (stride == 1) FX(take)(1, n, in, out, out);
        else if (stride == 2) FX(take)(2, n, in, out + s * phase, s ? out + 1 : out + phase);
        else
          for (ptrdiff_t i = 0; i < n; i++) out[(i + s) % stride * phase + (i + s) / stride] = in[i];
      }
    if (clears) memset(y + c * t->plane + filled, 0, (size_t)(t->plane - filled + (c + 1 < channels ? 0 : behind)) * sizeof(T));
  }
}

#endif
