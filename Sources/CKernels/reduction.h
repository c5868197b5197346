// One reduction of contiguous elements: the part that rows of any length, softmax and the losses share. Included in a pass of targets.h for each
// reduction, with
//
//   REDUCTION    its name: what is defined here are block_…, pair_…, row_… and a cascade_… of it
//   TOTAL, INIT  the type of accumulators, and what they are at first
//   STEP         an expression of l (an accumulator) and v (an element, or another accumulator)
//   BETTER       for extremes of floats: > or <
//
// A block of up to 1,024 elements is reduced in 64 independent lanes (four to sixteen vectors, enough to hide the latency of an addition), the lanes
// in a tree. Blocks are then joined in pairs, pairs in pairs and so on, so that a sum of n floats has an error that grows as log n. The first pairs are
// of a block in the first half and its fellow in the second: two streams come faster from memory than one. The order is fixed: it depends on n alone,
// not on the processor, the alignment or the thread.
#ifndef FLUXION_REDUCTION_H
#define FLUXION_REDUCTION_H

#define BLOCK 1024
#define WIDTH 64

// Asks for what comes 4 KB later: joining the lanes at a block's end would otherwise hold up the stream from memory. Measured on one core,
// 64 MB: 38 GB/s without, 47 with. Beyond an array's end it does nothing.
#define PREFETCH(x, bytes) FX_UNROLL for (size_t q = 0; q < (bytes); q += 64) __builtin_prefetch((const char *)(x) + 4096 + q)

#endif

#ifndef AXIS
#define OWN(part) FX_JOIN(FX_PAIR(part, REDUCTION), FX_TYPE, FX_LEVEL)
#endif

FX_INLINE TOTAL OWN(step)(TOTAL l, T v) { return (TOTAL)(STEP); }
FX_INLINE TOTAL OWN(join)(TOTAL l, TOTAL v) { return (TOTAL)(STEP); }
#ifdef FX_IS_INTEGER

// Integers come to the same in any order: the compiler chooses the lanes.
FX_FUNCTION TOTAL OWN(block)(ptrdiff_t n, const T *x) {
  TOTAL l = INIT;
  for (ptrdiff_t j = 0; j < n; j++) l = OWN(step)(l, x[j]);
  return l;
}
FX_INLINE TOTAL OWN(pair)(const T *x, const T *y) { return OWN(join)(OWN(block)(BLOCK, x), OWN(block)(BLOCK, y)); }

#else

// Lanes go by eights. What takes and returns them is inlined: that a call would need wider registers than baseline has is no matter.
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wpsabi"
typedef T FX(eight) __attribute__((vector_size(8 * sizeof(T))));
typedef FX_WORD FX(mask_of_eight) __attribute__((vector_size(8 * sizeof(T))));
FX_INLINE FX(eight) OWN(load)(const T *x) {
  FX(eight) v;
  memcpy(&v, x, sizeof v);
  return v;
}
#ifdef BETTER
FX_INLINE FX(eight) OWN(choose)(FX(mask_of_eight) m, FX(eight) a, FX(eight) b) {
  return (FX(eight))((m & (FX(mask_of_eight))a) | (~m & (FX(mask_of_eight))b));
}
FX_INLINE FX(eight) OWN(join_eight)(FX(eight) l, FX(eight) v) { return OWN(choose)((v BETTER l) | (v != v), v, l); }
#else
FX_INLINE FX(eight) OWN(join_eight)(FX(eight) l, FX(eight) v) { return STEP; }
#endif

// Less than eight, in the order of eight lanes: vectors would wait for what is written one by one.
FX_INLINE T OWN(tiny)(ptrdiff_t n, const T *x) {
  T lanes[8] = {INIT};
  _Pragma("clang loop vectorize(disable)") for (ptrdiff_t j = 0; j < n; j++) lanes[j] = OWN(step)(INIT, x[j]);
  for (ptrdiff_t w = 4; w > 0; w /= 2)
    _Pragma("clang loop vectorize(disable)") for (ptrdiff_t j = 0; j < w && j + w < n; j++) lanes[j] = OWN(join)(lanes[j], lanes[j + w]);
  return lanes[0];
}
// The lanes and `rest` more elements, which belong to the first of them, in a tree.
FX_INLINE T OWN(tree)(int eights, const FX(eight) *lanes, ptrdiff_t rest, const T *x) {
  T flat[WIDTH];
  memcpy(flat, lanes, (size_t)eights * sizeof *lanes);
  for (ptrdiff_t j = 0; j < rest; j++) flat[j] = OWN(step)(flat[j], x[j]);
  FX(eight) l[8];
  memcpy(l, flat, (size_t)eights * sizeof *lanes);
  FX_UNROLL for (int w = eights / 2; w > 0; w /= 2)
    FX_UNROLL for (int q = 0; q < w; q++) l[q] = OWN(join_eight)(l[q], l[q + w]);
  T a = OWN(join)(OWN(join)(l[0][0], l[0][4]), OWN(join)(l[0][2], l[0][6])), b = OWN(join)(OWN(join)(l[0][1], l[0][5]), OWN(join)(l[0][3], l[0][7]));
  return OWN(join)(a, b);
}
FX_INLINE T OWN(few)(ptrdiff_t n, const T *x) {
  FX(eight) lanes = (FX(eight)){0} + (T)INIT;
  ptrdiff_t i = 0;
  for (; i + 8 <= n; i += 8) lanes = OWN(join_eight)(lanes, OWN(load)(x + i));
  return OWN(tree)(1, &lanes, n - i, x + i);
}

#ifdef BETTER
// To ask whether an element is NaN costs as much as to ask which one is better; of two that are compared it is asked at once, and the answer kept
// apart.
FX_INLINE void OWN(join_pair)(const T *x, const T *y, FX(eight) *lanes, FX(mask_of_eight) *is_nan) {
  FX_UNROLL for (int q = 0; q < WIDTH / 8; q++) {
    FX(eight) a = OWN(load)(x + 8 * q), b = OWN(load)(y + 8 * q);
    *is_nan |= (a != a) | (b != b);
    a = OWN(choose)(a BETTER b, a, b);
    lanes[q] = OWN(choose)(a BETTER lanes[q], a, lanes[q]);
  }
}
FX_INLINE T OWN(total_pairs)(const FX(eight) *lanes, FX(mask_of_eight) is_nan) {
  return __builtin_reduce_or(is_nan) ? (T)__builtin_nan("") : OWN(tree)(8, lanes, 0, NULL);
}
#endif

// Of at most BLOCK elements; short ones in fewer lanes, whose tree is shorter.
FX_FUNCTION T OWN(block)(ptrdiff_t n, const T *x) {
  if (n < 8) return OWN(tiny)(n, x);
  if (n < WIDTH) return OWN(few)(n, x);
  FX(eight) lanes[WIDTH / 8];
  FX_UNROLL for (int q = 0; q < WIDTH / 8; q++) lanes[q] = (FX(eight)){0} + (T)INIT;
  ptrdiff_t i = 0;
#ifdef BETTER
  if (n >= 2 * WIDTH) {
    FX(mask_of_eight) is_nan = {0};
    for (; i + 2 * WIDTH <= n; i += 2 * WIDTH) {
      PREFETCH(x + i, 2 * WIDTH * sizeof(T));
      OWN(join_pair)(x + i, x + i + WIDTH, lanes, &is_nan);
    }
    // What is left, and some of what is not: twice does no harm.
    if (i < n) OWN(join_pair)(x + n - 2 * WIDTH, x + n - WIDTH, lanes, &is_nan);
    return OWN(total_pairs)(lanes, is_nan);
  }
#endif
  for (; i + WIDTH <= n; i += WIDTH) {
    PREFETCH(x + i, WIDTH * sizeof(T));
    FX_UNROLL for (int q = 0; q < WIDTH / 8; q++) lanes[q] = OWN(join_eight)(lanes[q], OWN(load)(x + i + 8 * q));
  }
  return OWN(tree)(8, lanes, n - i, x + i);
}
// Of two whole blocks.
FX_FUNCTION T OWN(pair)(const T *x, const T *y) {
  FX(eight) lanes[WIDTH / 8];
  FX_UNROLL for (int q = 0; q < WIDTH / 8; q++) lanes[q] = (FX(eight)){0} + (T)INIT;
#ifdef BETTER
  FX(mask_of_eight) is_nan = {0};
  for (ptrdiff_t i = 0; i < BLOCK; i += WIDTH) OWN(join_pair)(x + i, y + i, lanes, &is_nan);
  return OWN(total_pairs)(lanes, is_nan);
#else
  for (ptrdiff_t i = 0; i < BLOCK; i += WIDTH)
    FX_UNROLL for (int q = 0; q < WIDTH / 8; q++)
      lanes[q] = OWN(join_eight)(lanes[q], OWN(join_eight)(OWN(load)(x + i + 8 * q), OWN(load)(y + i + 8 * q)));
  return OWN(tree)(8, lanes, 0, NULL);
#endif
}

#pragma clang diagnostic pop
#endif

// What blocks have come to: 2ᵏ of them have become one at level k.
typedef struct { uint64_t count; int depth; TOTAL level[48]; } OWN(cascade);
FX_INLINE void OWN(push)(OWN(cascade) *c, TOTAL value) {
  for (uint64_t k = ++c->count; !(k & 1); k >>= 1) value = OWN(join)(c->level[--c->depth], value);
  c->level[c->depth++] = value;
}
FX_INLINE TOTAL OWN(total)(OWN(cascade) *c) {
  TOTAL value = c->depth ? c->level[--c->depth] : (TOTAL)(INIT);
  while (c->depth) value = OWN(join)(c->level[--c->depth], value);
  return value;
}
// Of n elements.
FX_FUNCTION TOTAL OWN(row)(ptrdiff_t n, const T *x) {
  if (n <= BLOCK) return OWN(block)(n, x);
  OWN(cascade) c;
  c.count = 0, c.depth = 0;
  ptrdiff_t half = n / (2 * BLOCK) * BLOCK;
  for (ptrdiff_t i = 0; i < half; i += BLOCK) OWN(push)(&c, OWN(pair)(x + i, x + half + i));
  for (ptrdiff_t i = 2 * half; i < n; i += BLOCK) OWN(push)(&c, OWN(block)(min_size(BLOCK, n - i), x + i));
  return OWN(total)(&c);
}

#ifdef FLUXION_TURNED_H
// Of each of the rows of a tile (turned.h), in the same order, so that a row has the same bits as by itself.
#ifdef FX_IS_INTEGER
FX_FUNCTION void OWN(tile)(ptrdiff_t n, const T *tile, TOTAL *y) {
  EACH_ROW y[r] = INIT;
  for (ptrdiff_t j = 0; j < n; j++) EACH_ROW y[r] = OWN(step)(y[r], tile[j * TILE + r]);
}
#else
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wpsabi"
#define EACH_EIGHT FX_UNROLL for (int q = 0; q < TILE / 8; q++)
FX_FUNCTION void OWN(tile)(ptrdiff_t n, const T *tile, T *y) {
  FX(eight) l[8][TILE / 8], nothing = (FX(eight)){0} + (T)INIT;
  ptrdiff_t width = min_size(n, 8);
  for (ptrdiff_t j = 0; j < width; j++) {
    const T *first = tile + j * TILE, *second = first + 8 * TILE;
    if (j + 8 < n) EACH_EIGHT l[j][q] = OWN(join_eight)(OWN(join_eight)(nothing, OWN(load)(first + 8 * q)), OWN(load)(second + 8 * q));
    else EACH_EIGHT l[j][q] = OWN(join_eight)(nothing, OWN(load)(first + 8 * q));
  }
  for (ptrdiff_t j = 16; j < n; j++) EACH_EIGHT l[j % 8][q] = OWN(join_eight)(l[j % 8][q], OWN(load)(tile + j * TILE + 8 * q));
  for (ptrdiff_t w = 4; w > 0; w /= 2)
    for (ptrdiff_t j = 0; j < w && j + w < width; j++) EACH_EIGHT l[j][q] = OWN(join_eight)(l[j][q], l[j + w][q]);
  memcpy(y, l[0], sizeof l[0]);
}
#undef EACH_EIGHT
#pragma clang diagnostic pop
#endif
#endif

#ifndef AXIS
#undef OWN
#undef REDUCTION
#undef TOTAL
#undef INIT
#undef STEP
#endif
#ifdef BETTER
#undef BETTER
#endif
