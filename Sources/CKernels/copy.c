// Strided copies. Axes are dropped, sorted and merged first; what remains is runs, fills, strided runs or transposed tiles.
#ifndef FX_PASS
#define FX_FILE "copy.c"
#define FX_WORDS
#define FX_HALVES
#include "kernels.h"

#define MAX_RANK 8

typedef struct { ptrdiff_t size, src, dst; } axis;

// Columns of a block of transposed tiles.
#define BLOCK_COLUMNS 128

#include "targets.h"

/// Drops axes of size 1, sorts by dst's stride (largest first) and merges neighbours that are one run in both. −1: nothing to copy.
static int simplify(int rank, const ptrdiff_t *dims, const ptrdiff_t *src_strides, const ptrdiff_t *dst_strides, axis *axes) {
  int count = 0;
  for (int i = 0; i < rank; i++) {
    if (dims[i] <= 0) return -1;
    if (dims[i] == 1) continue;
    axis new = {dims[i], src_strides[i], dst_strides[i]};
    int at = count++;
    ptrdiff_t magnitude = new.dst < 0 ? -new.dst : new.dst;
    for (; at > 0 && (axes[at - 1].dst < 0 ? -axes[at - 1].dst : axes[at - 1].dst) < magnitude; at--) axes[at] = axes[at - 1];
    axes[at] = new;
  }
  int kept = 0;
  for (int i = 0; i < count; i++) {
    axis *last = axes + kept - 1;
    if (kept && last->src == axes[i].src * axes[i].size && last->dst == axes[i].dst * axes[i].size) {
      last->size *= axes[i].size;
      last->src = axes[i].src;
      last->dst = axes[i].dst;
    } else axes[kept++] = axes[i];
  }
  return kept;
}

void fx_copy(int size, int rank, const ptrdiff_t *dims, const ptrdiff_t *src_strides, const void *src,
             const ptrdiff_t *dst_strides, void *dst) {
  axis axes[MAX_RANK + 2];
  if (size == 16) {  // two words, one behind the other
    ptrdiff_t sizes[MAX_RANK + 1], from[MAX_RANK + 1], to[MAX_RANK + 1];
    for (int i = 0; i < rank; i++) sizes[i] = dims[i], from[i] = 2 * src_strides[i], to[i] = 2 * dst_strides[i];
    sizes[rank] = 2, from[rank] = 1, to[rank] = 1;
    return fx_copy(8, rank + 1, sizes, from, src, to, dst);
  }
  int count = simplify(rank, dims, src_strides, dst_strides, axes);
  if (count < 0) return;
  while (count < 2) {  // the last two axes are one call of an inner loop
    for (int i = count++; i > 0; i--) axes[i] = axes[i - 1];
    axes[0] = (axis){1, 0, 0};
  }
  if (axes[count - 1].size == 1) axes[count - 1] = (axis){1, 1, 1};
  axis inner = axes[count - 1];
  int transposed = 0;
  if (inner.dst == 1 && inner.src != 1 && inner.src != 0 && inner.size >= 4)
    for (int i = 0; i < count - 1; i++)
      if (axes[i].src == 1 && axes[i].size >= 4) {
        axis moved = axes[i];
        for (int j = i; j < count - 2; j++) axes[j] = axes[j + 1];
        axes[count - 2] = moved;
        transposed = 1;
        break;
      }
  // A few elements that lie apart, many times: the many are the loop.
  if (!transposed && inner.size < 8 && inner.src != 1 && axes[count - 2].size > 2 * inner.size) {
    axes[count - 1] = axes[count - 2];
    axes[count - 2] = inner;
    inner = axes[count - 1];
  }
  axis outer = axes[count - 2];
  ptrdiff_t index[MAX_RANK] = {0};
  const char *from = src;
  char *to = dst;
  for (;;) {
    if (size == 4) FX_AT(inner_i32)(transposed, outer, inner, from, to);
    else if (size == 8) FX_AT(inner_i64)(transposed, outer, inner, from, to);
    else if (size == 2) FX_AT(inner_h)(transposed, outer, inner, from, to);
    else FX_AT(inner_b)(transposed, outer, inner, from, to);
    int i = count - 3;
    for (; i >= 0; i--) {
      from += axes[i].src * size, to += axes[i].dst * size;
      if (++index[i] < axes[i].size) break;
      from -= axes[i].src * axes[i].size * size, to -= axes[i].dst * axes[i].size * size;
      index[i] = 0;
    }
    if (i < 0) return;
  }
}

#else

// Elements as bits. They may be floats in the caller's eyes.
typedef T __attribute__((may_alias)) FX(word);
#define WORD FX(word)

FX_INLINE void FX(run)(ptrdiff_t n, const WORD *src, ptrdiff_t s, WORD *dst, ptrdiff_t d) {
  if (d == 1 && s == 1) memcpy(dst, src, (size_t)n * FX_SIZE);
  else if (d == 1 && s == 0) { WORD v = *src; for (ptrdiff_t i = 0; i < n; i++) dst[i] = v; }
  else if (d == 1 && s == -1) for (ptrdiff_t i = 0; i < n; i++) dst[i] = src[-i];
  else for (ptrdiff_t i = 0; i < n; i++) dst[i * d] = src[i * s];
}
static void FX(rows)(ptrdiff_t rows, ptrdiff_t n, axis outer, axis inner, const char *src, char *dst) {
  for (ptrdiff_t r = 0; r < rows; r++, src += outer.src * FX_SIZE, dst += outer.dst * FX_SIZE)
    FX(run)(n, (const WORD *)src, inner.src, (WORD *)dst, inner.dst);
}

// MARK: transposed tiles

// N vectors of N elements are transposed in log₂ N rounds, each of which interleaves the first half of the vectors with the second.
#if FX_SIZE == 1
#define N 16
#define ROUNDS 4
#define LOW(a, b) __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23)
#define HIGH(a, b) __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31)
#elif FX_SIZE == 4 || FX_SIZE == 2
#define N 8
#define ROUNDS 3
#define LOW(a, b) __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11)
#define HIGH(a, b) __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15)
#else
#define N 4
#define ROUNDS 2
#define LOW(a, b) __builtin_shufflevector(a, b, 0, 4, 1, 5)
#define HIGH(a, b) __builtin_shufflevector(a, b, 2, 6, 3, 7)
#endif
typedef T __attribute__((vector_size(N * FX_SIZE))) FX(vector);

// dst[i·d + j] = src[i + j·s]. A block is one cache line of src along i times 128 along j; its tiles are put together in a small
// buffer, from which whole lines of dst are written. Without it a size like 1,024 is ten times slower: its rows are a power of two
// apart and push each other out of the cache before a line is complete.
FX_INLINE void FX(tile)(const WORD *src, ptrdiff_t s, WORD *dst, ptrdiff_t d) {
  FX(vector) v[N], w[N];
  FX_UNROLL for (int k = 0; k < N; k++) memcpy(&v[k], src + k * s, sizeof v[k]);
  FX_UNROLL for (int round = 0; round < ROUNDS; round++) {
    FX_UNROLL for (int k = 0; k < N / 2; k++) {
      w[2 * k] = LOW(v[k], v[k + N / 2]);
      w[2 * k + 1] = HIGH(v[k], v[k + N / 2]);
    }
    FX_UNROLL for (int k = 0; k < N; k++) v[k] = w[k];
  }
  FX_UNROLL for (int k = 0; k < N; k++) memcpy(dst + k * d, &v[k], sizeof v[k]);
}
static void FX(transpose)(ptrdiff_t rows, ptrdiff_t n, const void *source, ptrdiff_t s,
                                       void *target, ptrdiff_t d) {
  enum { LINE = 64 / FX_SIZE };
  const WORD *src = source;
  WORD *dst = target, block[LINE * BLOCK_COLUMNS];
  for (ptrdiff_t j0 = 0; j0 < n; j0 += BLOCK_COLUMNS)
    for (ptrdiff_t i0 = 0; i0 < rows; i0 += LINE) {
      ptrdiff_t columns = min_size(BLOCK_COLUMNS, n - j0), lines = min_size(LINE, rows - i0), j = 0;
      const WORD *from = src + i0 + j0 * s;
      ptrdiff_t ahead = i0 + 2 * LINE <= rows ? LINE : 0;
      for (; j + N <= columns && lines == LINE; j += N) {
        for (ptrdiff_t k = j; k < j + N; k++) __builtin_prefetch(from + ahead + k * s, 0, 2);
        for (ptrdiff_t i = 0; i < LINE; i += N)
          FX(tile)(from + i + j * s, s, block + i * BLOCK_COLUMNS + j, BLOCK_COLUMNS);
      }
      for (; j < columns; j++)
        for (ptrdiff_t i = 0; i < lines; i++) block[i * BLOCK_COLUMNS + j] = from[i + j * s];
      for (ptrdiff_t i = 0; i < lines; i++)
        memcpy(dst + (i0 + i) * d + j0, block + i * BLOCK_COLUMNS, (size_t)columns * FX_SIZE);
    }
}

static void FX(inner)(int transposed, axis outer, axis inner, const char *from, char *to) {
  if (transposed) FX(transpose)(outer.size, inner.size, from, inner.src, to, outer.dst);
  else FX(rows)(outer.size, inner.size, outer, inner, from, to);
}
#undef WORD
#undef N
#undef ROUNDS
#undef LOW
#undef HIGH

#endif
