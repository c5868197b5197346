// Images within borders, row by row: each is written once, from its own image.
#include "kernels.h"

typedef uint8_t __attribute__((may_alias)) word1;
typedef uint16_t __attribute__((may_alias)) word2;
typedef uint32_t __attribute__((may_alias)) word4;
typedef uint64_t __attribute__((may_alias)) word8;
typedef struct { uint64_t low, high; } __attribute__((may_alias)) word16;

// Which of n elements stands at place i, from the first one on; −1 for none.
FX_INLINE ptrdiff_t source(fx_border_mode mode, ptrdiff_t i, ptrdiff_t n) {
  if (i >= 0 && i < n) return i;
  if (mode == FX_REFLECT) return i < 0 ? -i : 2 * (n - 1) - i;
  if (mode == FX_REPLICATE) return i < 0 ? 0 : n - 1;
  if (mode == FX_CIRCULAR) return i < 0 ? i + n : i - n;
  return -1;
}

// Elements at places from ..< to of a row, beyond its n.
FX_INLINE void border(int size, fx_border_mode mode, ptrdiff_t from, ptrdiff_t to, ptrdiff_t n, const void *value, const char *x, char *y) {
  for (ptrdiff_t i = from; i < to; i++) {
    ptrdiff_t at = source(mode, i, n);
    const void *element = at < 0 ? value : x + at * size;
    if (size == 4) ((word4 *)y)[i - from] = *(const word4 *)element;
    else if (size == 8) ((word8 *)y)[i - from] = *(const word8 *)element;
    else if (size == 2) ((word2 *)y)[i - from] = *(const word2 *)element;
    else if (size == 16) ((word16 *)y)[i - from] = *(const word16 *)element;
    else ((word1 *)y)[i - from] = *(const word1 *)element;
  }
}

FX_INLINE void rows(int size, fx_border_mode mode, const fx_border *b, ptrdiff_t first, ptrdiff_t count, const void *value, const char *x, char *y) {
  ptrdiff_t height = b->before[0] + b->size[0] + b->after[0], n = b->size[1], width = b->before[1] + n + b->after[1];
  y += first * width * size;
  for (ptrdiff_t r = first; r < first + count; r++, y += width * size) {
    ptrdiff_t line = source(mode, r % height - b->before[0], b->size[0]);
    if (line < 0) {
      border(size, FX_CONSTANT, -width, 0, 0, value, x, y);
      continue;
    }
    const char *in = x + (r / height * b->size[0] + line) * n * size;
    border(size, mode, -b->before[1], 0, n, value, in, y);
    memcpy(y + b->before[1] * size, in, (size_t)(n * size));
    border(size, mode, n, n + b->after[1], n, value, in, y + (b->before[1] + n) * size);
  }
}

void fx_pad_rows(int size, fx_border_mode mode, const fx_border *b, ptrdiff_t first, ptrdiff_t count, const void *value, const void *x, void *y) {
  if (size == 1) rows(1, mode, b, first, count, value, x, y);
  if (size == 2) rows(2, mode, b, first, count, value, x, y);
  if (size == 4) rows(4, mode, b, first, count, value, x, y);
  if (size == 8) rows(8, mode, b, first, count, value, x, y);
  if (size == 16) rows(16, mode, b, first, count, value, x, y);
}
