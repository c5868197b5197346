// What the places of a window see of an image.
#ifndef FLUXION_WINDOWS_H
#define FLUXION_WINDOWS_H

#include "kernels.h"

/// What one output sees of an axis: inputs from ..< to by `step`, all inside; `padded` is their number with the padding's.
typedef struct { ptrdiff_t from, to, step, padded; } span;

FX_INLINE span see(const fx_window *w, int axis, ptrdiff_t i) {
  ptrdiff_t n = w->input[axis];
  if (w->window[axis] == 0) {
    ptrdiff_t out = w->output[axis], from = i * n / out, to = ((i + 1) * n + out - 1) / out;
    return (span){from, to, 1, to - from};
  }
  ptrdiff_t step = w->dilation[axis], from = i * w->stride[axis] - w->before[axis], to = from + (w->window[axis] - 1) * step + 1;
  ptrdiff_t padded = min_size(to, n + w->after[axis]) - from;
  if (from < 0) from += (-from + step - 1) / step * step;
  return (span){from, min_size(to, n), step, padded};
}

FX_INLINE ptrdiff_t volume(const ptrdiff_t *sizes) { return sizes[0] * sizes[1] * sizes[2]; }

/// Whether the last two axes are cut into parts, and all the more one before.
FX_INLINE int is_adaptive(const fx_window *w) { return w->window[1] == 0 && w->window[2] == 0; }

/// Whether it takes the place of the largest so far: NaN does.
#define IS_BETTER(v, best) (((v) > (best)) | FX_IS_NAN(v))

// Behind fx_max_pool and fx_mean_pool, for planes that are cut into parts no wider than FX_WIDEST.
#define FX_WIDEST 2048
void fx_max_parts(int dtype, const fx_window *w, ptrdiff_t planes, const void *x, void *y);
void fx_mean_parts(int dtype, const fx_window *w, ptrdiff_t planes, const void *x, void *y);

#endif
