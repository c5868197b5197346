// Element-wise kernels over operands that broadcast: row by row, each read where it lies.
#include "kernels.h"

void fx_map_rows(fx_kernel kernel, int size, int rank, const ptrdiff_t *dims, const ptrdiff_t *a_strides, const ptrdiff_t *b_strides,
                 const ptrdiff_t *c_strides, ptrdiff_t start, ptrdiff_t count, const void *a, const void *b, const void *c, void *out) {
  ptrdiff_t index[8], n = dims[rank - 1], rest = start / n, at = start % n;
  const char *as = a, *bs = b, *cs = c;
  char *to = (char *)out + start * size;
  for (int i = rank - 2; i >= 0; i--) {
    index[i] = rest % dims[i], rest /= dims[i];
    as += index[i] * a_strides[i] * size, bs += index[i] * b_strides[i] * size, cs += index[i] * c_strides[i] * size;
  }
  ptrdiff_t a_step = a_strides[rank - 1] * size, b_step = b_strides[rank - 1] * size, c_step = c_strides[rank - 1] * size;
  while (count > 0) {
    ptrdiff_t length = min_size(n - at, count);
    kernel(length, as + at * a_step, bs + at * b_step, cs + at * c_step, to);
    to += length * size, count -= length, at = 0;
    for (int i = rank - 2; i >= 0; i--) {
      as += a_strides[i] * size, bs += b_strides[i] * size, cs += c_strides[i] * size;
      if (++index[i] < dims[i]) break;
      as -= a_strides[i] * dims[i] * size, bs -= b_strides[i] * dims[i] * size, cs -= c_strides[i] * dims[i] * size;
      index[i] = 0;
    }
  }
}
