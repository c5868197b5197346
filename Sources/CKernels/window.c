// Adding to places that may be the same for several elements: what the gradients of overlapping views come down to.
#include "kernels.h"

#define MAX_RANK 8

// T is unsigned for integers: sums wrap. Elements are added in row-major order of `dims`; the last axis is the inner loop, which is
// vectorised where both sides lie in order.
#define STRIDED_ADD(S, T)                                                                                     \
  FX_CLONES static void add_run_##S(ptrdiff_t n, const T *x, T *y) {                                          \
    FX_INDEPENDENT for (ptrdiff_t i = 0; i < n; i++) y[i] += x[i];                                            \
  }                                                                                                           \
  static void add_strided_##S(int rank, const ptrdiff_t *dims, const ptrdiff_t *xs, const T *x,               \
                              const ptrdiff_t *ys, T *y) {                                                    \
    ptrdiff_t index[MAX_RANK] = {0};                                                                          \
    ptrdiff_t n = rank ? dims[rank - 1] : 1, dx = rank ? xs[rank - 1] : 1, dy = rank ? ys[rank - 1] : 1;      \
    for (;;) {                                                                                                \
      if (dx == 1 && dy == 1) add_run_##S(n, x, y);                                                           \
      else if (dy == 0) { T sum = *y; for (ptrdiff_t i = 0; i < n; i++) sum += x[i * dx]; *y = sum; }         \
      else for (ptrdiff_t i = 0; i < n; i++) y[i * dy] += x[i * dx];                                          \
      int axis = rank - 2;                                                                                    \
      for (; axis >= 0; axis--) {                                                                             \
        x += xs[axis], y += ys[axis];                                                                         \
        if (++index[axis] < dims[axis]) break;                                                                \
        x -= xs[axis] * dims[axis], y -= ys[axis] * dims[axis];                                               \
        index[axis] = 0;                                                                                      \
      }                                                                                                       \
      if (axis < 0) return;                                                                                   \
    }                                                                                                         \
  }
STRIDED_ADD(f32, float)
STRIDED_ADD(f64, double)
STRIDED_ADD(i32, uint32_t)
STRIDED_ADD(i64, uint64_t)

void fx_add_strided(int dtype, int rank, const ptrdiff_t *dims, const ptrdiff_t *x_strides, const void *x, const ptrdiff_t *y_strides,
                    void *y) {
  for (int i = 0; i < rank; i++)
    if (dims[i] <= 0) return;
  switch (dtype) {
    case FX_F32: add_strided_f32(rank, dims, x_strides, x, y_strides, y); break;
    case FX_F64: add_strided_f64(rank, dims, x_strides, x, y_strides, y); break;
    case FX_I32: add_strided_i32(rank, dims, x_strides, x, y_strides, y); break;
    case FX_I64: add_strided_i64(rank, dims, x_strides, x, y_strides, y); break;
  }
}
