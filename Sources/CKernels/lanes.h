// One reduction of contiguous elements: the part that rows of any length, softmax and the losses share.
//
// A block of up to 1,024 elements is reduced in 64 independent lanes (four to sixteen vectors, enough to hide the latency of an
// addition), the lanes in a tree. Blocks are then joined in pairs, pairs in pairs and so on, so that a sum of n floats has an error
// that grows as log n. The first pairs are of a block in the first half and its fellow in the second: two streams come faster from
// memory than one. The order is fixed: it depends on n alone, not on the processor, the alignment or the thread.
#ifndef FLUXION_LANES_H
#define FLUXION_LANES_H

#include "kernels.h"

#define FX_BLOCK 1024
#define FX_LANES 64

// Asks for what comes 4 KB later: joining the lanes at a block's end would otherwise hold up the stream from memory. Measured on one core,
// 64 MB: 38 GB/s without, 47 with. Beyond an array's end it does nothing.
#define FX_PREFETCH(x, bytes) \
  _Pragma("clang loop unroll(full)") for (size_t q = 0; q < (bytes); q += 64) __builtin_prefetch((const char *)(x) + 4096 + q);

// STEP is an expression of l (an accumulator of type A, INIT at first) and v (an element of type T, or another accumulator).
#define DEFINE_LANES(NAME, T, A, INIT, STEP)        \
  DEFINE_LANE(NAME, T, A, INIT, STEP)               \
  DEFINE_BLOCKS(NAME, T, A, INIT)                   \
  DEFINE_ROW(NAME, T, A, INIT)

#define DEFINE_LANE(NAME, T, A, INIT, STEP)                                                                   \
  FX_INLINE A step_##NAME(A l, T v) { return (A)(STEP); }                                                     \
  FX_INLINE A join_##NAME(A l, A v) { return (A)(STEP); }                                                     \
  FX_INLINE A tree_##NAME(ptrdiff_t width, A *lanes) {                                                        \
    for (ptrdiff_t w = width / 2; w > 0; w /= 2)                                                              \
      for (ptrdiff_t j = 0; j < w; j++) lanes[j] = join_##NAME(lanes[j], lanes[j + w]);                       \
    return lanes[0];                                                                                          \
  }                                                                                                           \
  /* Less than eight, in the order of eight lanes: vectors would wait for what is written one by one. */      \
  FX_INLINE A tiny_##NAME(ptrdiff_t n, const T *x) {                                                          \
    A lanes[8] = {INIT};                                                                                      \
    _Pragma("clang loop vectorize(disable)") for (ptrdiff_t j = 0; j < n; j++) lanes[j] = step_##NAME(INIT, x[j]); \
    for (ptrdiff_t w = 4; w > 0; w /= 2)                                                                      \
      _Pragma("clang loop vectorize(disable)") for (ptrdiff_t j = 0; j < w && j + w < n; j++)                 \
        lanes[j] = join_##NAME(lanes[j], lanes[j + w]);                                                       \
    return lanes[0];                                                                                          \
  }                                                                                                           \
  FX_INLINE A few_##NAME(ptrdiff_t width, ptrdiff_t n, const T *x) {                                          \
    if (n < 8) return tiny_##NAME(n, x);                                                                      \
    A lanes[FX_LANES];                                                                                        \
    for (ptrdiff_t j = 0; j < width; j++) lanes[j] = INIT;                                                    \
    ptrdiff_t i = 0;                                                                                          \
    for (; i + width <= n; i += width) {                                                                      \
      if (width == FX_LANES) FX_PREFETCH(x + i, FX_LANES * sizeof(T))                                         \
      for (ptrdiff_t j = 0; j < width; j++) lanes[j] = step_##NAME(lanes[j], x[i + j]);                       \
    }                                                                                                         \
    for (ptrdiff_t j = 0; j < n - i; j++) lanes[j] = step_##NAME(lanes[j], x[i + j]);                         \
    return tree_##NAME(width, lanes);                                                                         \
  }

#define DEFINE_BLOCKS(NAME, T, A, INIT)                                                                       \
  /* Of at most FX_BLOCK elements; short ones in fewer lanes, whose tree is shorter. */                       \
  FX_INLINE A block_##NAME(ptrdiff_t n, const T *x) {                                                         \
    return n < FX_LANES ? few_##NAME(8, n, x) : few_##NAME(FX_LANES, n, x);                                   \
  }                                                                                                           \
  /* Of two whole blocks. */                                                                                  \
  FX_INLINE A pair_##NAME(const T *x, const T *y) {                                                           \
    A lanes[FX_LANES];                                                                                        \
    for (ptrdiff_t j = 0; j < FX_LANES; j++) lanes[j] = INIT;                                                 \
    for (ptrdiff_t i = 0; i < FX_BLOCK; i += FX_LANES)                                                        \
      for (ptrdiff_t j = 0; j < FX_LANES; j++)                                                                \
        lanes[j] = join_##NAME(lanes[j], join_##NAME((A)x[i + j], (A)y[i + j]));                              \
    return tree_##NAME(FX_LANES, lanes);                                                                      \
  }

// The largest or smallest of floats. To ask whether an element is NaN costs as much as to ask which one is better; of two that are compared
// it is asked at once, and the answer kept apart. BETTER is > or <, I an integer as wide as T.
#define DEFINE_EXTREME(NAME, T, I, INIT, STEP, BETTER)                                                        \
  DEFINE_LANE(NAME, T, T, INIT, STEP)                                                                         \
  FX_INLINE void join_pair_##NAME(const T *x, const T *y, T *lanes, I *is_nan) {                              \
    for (ptrdiff_t j = 0; j < FX_LANES; j++) {                                                                \
      T a = x[j], b = y[j], l = lanes[j];                                                                     \
      is_nan[j] |= __builtin_isunordered(a, b) ? (I)-1 : 0;                                                   \
      a = a BETTER b ? a : b;                                                                                 \
      lanes[j] = a BETTER l ? a : l;                                                                          \
    }                                                                                                         \
  }                                                                                                           \
  FX_INLINE T total_pairs_##NAME(T *lanes, const I *is_nan) {                                                 \
    I some = 0;                                                                                               \
    for (ptrdiff_t j = 0; j < FX_LANES; j++) some |= is_nan[j];                                               \
    return some ? (T)__builtin_nan("") : tree_##NAME(FX_LANES, lanes);                                        \
  }                                                                                                           \
  FX_INLINE T block_##NAME(ptrdiff_t n, const T *x) {                                                         \
    if (n < 2 * FX_LANES) return n < FX_LANES ? few_##NAME(8, n, x) : few_##NAME(FX_LANES, n, x);             \
    T lanes[FX_LANES];                                                                                        \
    I is_nan[FX_LANES];                                                                                       \
    for (ptrdiff_t j = 0; j < FX_LANES; j++) lanes[j] = INIT, is_nan[j] = 0;                                  \
    ptrdiff_t i = 0;                                                                                          \
    for (; i + 2 * FX_LANES <= n; i += 2 * FX_LANES) {                                                        \
      FX_PREFETCH(x + i, 2 * FX_LANES * sizeof(T))                                                            \
      join_pair_##NAME(x + i, x + i + FX_LANES, lanes, is_nan);                                               \
    }                                                                                                         \
    /* What is left, and some of what is not: twice does no harm. */                                          \
    if (i < n) join_pair_##NAME(x + n - 2 * FX_LANES, x + n - FX_LANES, lanes, is_nan);                       \
    return total_pairs_##NAME(lanes, is_nan);                                                                 \
  }                                                                                                           \
  FX_INLINE T pair_##NAME(const T *x, const T *y) {                                                           \
    T lanes[FX_LANES];                                                                                        \
    I is_nan[FX_LANES];                                                                                       \
    for (ptrdiff_t j = 0; j < FX_LANES; j++) lanes[j] = INIT, is_nan[j] = 0;                                  \
    for (ptrdiff_t i = 0; i < FX_BLOCK; i += FX_LANES) join_pair_##NAME(x + i, y + i, lanes, is_nan);         \
    return total_pairs_##NAME(lanes, is_nan);                                                                 \
  }                                                                                                           \
  DEFINE_ROW(NAME, T, T, INIT)

#define DEFINE_ROW(NAME, T, A, INIT)                                                                          \
  typedef struct { A level[48]; uint64_t count; int depth; } cascade_##NAME;                                  \
  /* Adds a block's result; 2ᵏ of them have become one at level k. */                                         \
  FX_INLINE void push_##NAME(cascade_##NAME *c, A value) {                                                    \
    for (uint64_t k = ++c->count; !(k & 1); k >>= 1) value = join_##NAME(c->level[--c->depth], value);        \
    c->level[c->depth++] = value;                                                                             \
  }                                                                                                           \
  FX_INLINE A total_##NAME(cascade_##NAME *c) {                                                               \
    A value = c->depth ? c->level[--c->depth] : (A)(INIT);                                                    \
    while (c->depth) value = join_##NAME(c->level[--c->depth], value);                                        \
    return value;                                                                                             \
  }                                                                                                           \
  /* Of n elements. */                                                                                        \
  FX_INLINE A row_##NAME(ptrdiff_t n, const T *x) {                                                           \
    if (n <= FX_BLOCK) return block_##NAME(n, x);                                                             \
    cascade_##NAME c;                                                                                         \
    c.count = 0, c.depth = 0;                                                                                 \
    ptrdiff_t half = n / (2 * FX_BLOCK) * FX_BLOCK;                                                           \
    for (ptrdiff_t i = 0; i < half; i += FX_BLOCK) push_##NAME(&c, pair_##NAME(x + i, x + half + i));         \
    for (ptrdiff_t i = 2 * half; i < n; i += FX_BLOCK)                                                        \
      push_##NAME(&c, block_##NAME(min_size(FX_BLOCK, n - i), x + i));                                        \
    return total_##NAME(&c);                                                                                  \
  }

#define STEP_SUM l + (__typeof__(l))v
#define STEP_PROD l *(__typeof__(l))v
#define STEP_MAX ((v > l) | (v != v)) ? v : l
#define STEP_MIN ((v < l) | (v != v)) ? v : l
#define STEP_ANY l | (v != 0)
#define STEP_ALL l & (v != 0)

#endif
