// Blocks of strided operands, made contiguous for the element-wise programs.
#include "kernels.h"

#define MAX_RANK 8

typedef uint16_t __attribute__((may_alias)) word2;
typedef uint32_t __attribute__((may_alias)) word4;
typedef uint64_t __attribute__((may_alias)) word8;
typedef struct { uint64_t low, high; } __attribute__((may_alias)) word16;

typedef struct { ptrdiff_t size, stride; } axis;

/// dst[j] = src[j·stride] for n elements.
FX_INLINE void gather_run(int size, ptrdiff_t n, const char *src, ptrdiff_t stride, char *dst) {
  if (stride == 1) memcpy(dst, src, (size_t)(n * size));
  else if (size == 4) for (ptrdiff_t j = 0; j < n; j++) ((word4 *)dst)[j] = ((const word4 *)src)[j * stride];
  else if (size == 8) for (ptrdiff_t j = 0; j < n; j++) ((word8 *)dst)[j] = ((const word8 *)src)[j * stride];
  else if (size == 2) for (ptrdiff_t j = 0; j < n; j++) ((word2 *)dst)[j] = ((const word2 *)src)[j * stride];
  else if (size == 16) for (ptrdiff_t j = 0; j < n; j++) ((word16 *)dst)[j] = ((const word16 *)src)[j * stride];
  else for (ptrdiff_t j = 0; j < n; j++) dst[j] = src[j * stride];
}

/// As gather_run with stride 0, whose loop the compiler knows to be a fill.
FX_INLINE void fill_run(int size, ptrdiff_t n, const char *src, char *dst) {
  if (size == 4) { word4 v = *(const word4 *)src; for (ptrdiff_t j = 0; j < n; j++) ((word4 *)dst)[j] = v; }
  else if (size == 8) { word8 v = *(const word8 *)src; for (ptrdiff_t j = 0; j < n; j++) ((word8 *)dst)[j] = v; }
  else if (size == 2) { word2 v = *(const word2 *)src; for (ptrdiff_t j = 0; j < n; j++) ((word2 *)dst)[j] = v; }
  else if (size == 16) { word16 v = *(const word16 *)src; for (ptrdiff_t j = 0; j < n; j++) ((word16 *)dst)[j] = v; }
  else memset(dst, *src, (size_t)n);
}

/// Runs along the last axis from position `start`; the outermost axis wraps around.
static void gather_runs(int size, int count, const axis *axes, ptrdiff_t start, ptrdiff_t n, const char *src, char *dst) {
  ptrdiff_t index[MAX_RANK];
  for (int i = count - 1; i >= 0; i--) {
    index[i] = start % axes[i].size;
    start /= axes[i].size;
    src += index[i] * axes[i].stride * size;
  }
  axis inner = axes[count - 1];
  ptrdiff_t first = index[count - 1];
  while (n > 0) {
    ptrdiff_t run = min_size(inner.size - first, n);
    if (inner.stride == 0) fill_run(size, run, src, dst);
    else gather_run(size, run, src, inner.stride, dst);
    dst += run * size;
    n -= run;
    src -= first * inner.stride * size;
    first = 0;
    for (int i = count - 2; i >= 0; i--) {
      src += axes[i].stride * size;
      if (++index[i] < axes[i].size) break;
      src -= axes[i].size * axes[i].stride * size;
      index[i] = 0;
    }
  }
}

void fx_gather_block(int size, int rank, const ptrdiff_t *dims, const ptrdiff_t *strides, ptrdiff_t start, ptrdiff_t n,
                     const void *src, void *dst) {
  if (n <= 0) return;
  axis axes[MAX_RANK];
  int count = 0;
  for (int i = 0; i < rank; i++) {
    if (dims[i] == 1) continue;
    if (count && axes[count - 1].stride == strides[i] * dims[i]) {
      axes[count - 1].size *= dims[i];
      axes[count - 1].stride = strides[i];
    } else axes[count++] = (axis){dims[i], strides[i]};
  }
  if (count == 0) axes[count++] = (axis){1, 0};
  // Broadcast along the outermost axis (a bias): the block repeats itself, so one period is gathered and then doubled.
  ptrdiff_t period = 1;
  for (int i = 1; i < count; i++) period *= axes[i].size;
  if (count > 1 && axes[0].stride == 0 && n > period) {
    char *out = dst;
    gather_runs(size, count - 1, axes + 1, start % period, period, src, out);
    for (ptrdiff_t done = period; done < n; done *= 2) memcpy(out + done * size, out, (size_t)(min_size(done, n - done) * size));
    return;
  }
  gather_runs(size, count, axes, start, n, src, dst);
}
