// Adding to places that may be the same for several elements: what the gradients of overlapping views come down to.
#ifndef FX_PASS
#define FX_FILE "window.c"
#define FX_NUMBERS

#define MAX_RANK 8

#include "targets.h"

// Elements are added in row-major order of `dims`; the last axis is the inner loop, which is vectorised where both sides lie in order.
void fx_add_strided(int dtype, int rank, const ptrdiff_t *dims, const ptrdiff_t *x_strides, const void *x, const ptrdiff_t *y_strides,
                    void *y) {
  for (int i = 0; i < rank; i++)
    if (dims[i] <= 0) return;
  FX_DISPATCH_NUMBERS(dtype, add_strided, rank, dims, x_strides, x, y_strides, y);
}

#else

// Sums of integers wrap.
#if FX_IS_INTEGER
typedef FX_UNSIGNED FX(number);
#else
typedef T FX(number);
#endif

static void FX(add_run)(ptrdiff_t n, const FX(number) *x, FX(number) *y) {
  FX_INDEPENDENT for (ptrdiff_t i = 0; i < n; i++) y[i] += x[i];
}

static void FX(add_strided)(int rank, const ptrdiff_t *dims, const ptrdiff_t *xs, const FX(number) *x, const ptrdiff_t *ys, FX(number) *y) {
  ptrdiff_t index[MAX_RANK] = {0};
  ptrdiff_t n = rank ? dims[rank - 1] : 1, dx = rank ? xs[rank - 1] : 1, dy = rank ? ys[rank - 1] : 1;
  for (;;) {
    if (dx == 1 && dy == 1) FX(add_run)(n, x, y);
    else if (dy == 0) {
      FX(number) sum = *y;
      for (ptrdiff_t i = 0; i < n; i++) sum += x[i * dx];
      *y = sum;
    } else
      for (ptrdiff_t i = 0; i < n; i++) y[i * dy] += x[i * dx];
    int axis = rank - 2;
    for (; axis >= 0; axis--) {
      x += xs[axis], y += ys[axis];
      if (++index[axis] < dims[axis]) break;
      x -= xs[axis] * dims[axis], y -= ys[axis] * dims[axis];
      index[axis] = 0;
    }
    if (axis < 0) return;
  }
}

#endif
