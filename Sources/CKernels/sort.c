// Order: stable sorts, and selection of the first k, of rows of any dtype.
//
// An element becomes an unsigned key that compares as it does (NaN last, −0 as 0; all bits flipped for descending order), together with
// its position. Keys of 32 bits and their positions share one word. What is stable then needs no comparison of positions: digits are
// distributed in order, and merges take the left one of equals.
#ifndef FX_PASS
#define FX_FILE "sort.c"
#define FX_ELEMENTS
#include "kernels.h"

// MARK: Keys

FX_INLINE uint32_t key_f32(float x) {
  uint32_t u = bits_f32(x == 0 ? 0 : x);
  return x != x ? UINT32_MAX : u ^ ((uint32_t)((int32_t)u >> 31) | 0x80000000u);
}
FX_INLINE uint64_t key_f64(double x) {
  uint64_t u = bits_f64(x == 0 ? 0 : x);
  return x != x ? UINT64_MAX : u ^ ((uint64_t)((int64_t)u >> 63) | 0x8000000000000000u);
}
FX_INLINE uint32_t key_i32(int32_t x) { return (uint32_t)x ^ 0x80000000u; }
FX_INLINE uint64_t key_i64(int64_t x) { return (uint64_t)x ^ 0x8000000000000000u; }
FX_INLINE uint32_t key_b(uint8_t x) { return x != 0; }

// `word`: a key of 32 bits above a position; `pair`: a key of 64 bits, or more positions than 32 bits hold.
typedef uint64_t word;
typedef struct { uint64_t key, position; } pair;

FX_INLINE uint64_t key_word(word x) { return x >> 32; }
FX_INLINE uint64_t key_pair(pair x) { return x.key; }
FX_INLINE uint64_t position_word(word x) { return x & UINT32_MAX; }
FX_INLINE uint64_t position_pair(pair x) { return x.position; }

#define RADIX 256
#define RUN 12
// Rows shorter than this many elements for each digit are merged: the tables of a distribution would cost more than the elements.
#define MERGED_PER_DIGIT 48
// So few first elements are kept in order while the others pass by.
#define INSERTED 32


// Compiled once: vectors do not help.
#define ITEM word
#include "sort_items.h"
#define ITEM pair
#include "sort_items.h"

#include "targets.h"

void fx_sort_encode(int dtype, int descending, int size, ptrdiff_t first, ptrdiff_t n, const void *x, void *items) {
  FX_DISPATCH_ELEMENTS(dtype, encode, descending, size, first, n, x, items);
}

void fx_sort_decode(int size, ptrdiff_t first, ptrdiff_t n, const void *items, int64_t *positions) {
  for (ptrdiff_t i = first; i < first + n; i++)
    positions[i] = (int64_t)(size == sizeof(word) ? position_word(((const word *)items)[i]) : position_pair(((const pair *)items)[i]));
}

void fx_sort_values(int dtype, int descending, int size, ptrdiff_t first, ptrdiff_t n, const void *items, const void *x, void *values) {
  FX_DISPATCH_ELEMENTS(dtype, values, descending, size, first, n, items, x, values);
}

FX_INLINE int digits_of(int dtype) { return dtype == FX_F64 || dtype == FX_I64 ? 8 : dtype == FX_BOOL ? 1 : 4; }
FX_INLINE ptrdiff_t bytes_of(int dtype) { return dtype == FX_F64 || dtype == FX_I64 ? 8 : dtype == FX_BOOL ? 1 : 4; }

void fx_sort_rows(int dtype, int descending, int size, ptrdiff_t rows, ptrdiff_t n, ptrdiff_t k, const void *x, void *scratch,
                  int64_t *positions, void *values) {
  int digits = digits_of(dtype);
  ptrdiff_t bytes = bytes_of(dtype);
  char *spare = (char *)scratch + n * size;
  for (ptrdiff_t r = 0; r < rows; r++) {
    const char *row = (const char *)x + r * n * bytes;
    fx_sort_encode(dtype, descending, size, 0, n, row, scratch);
    const void *first = size == sizeof(word) ? (const void *)first_word(digits, n, k, scratch, (word *)(void *)spare)
                                             : (const void *)first_pair(digits, n, k, scratch, (pair *)(void *)spare);
    if (positions) fx_sort_decode(size, 0, k, first, positions + r * k);
    if (values) fx_sort_values(dtype, descending, size, 0, k, first, row, (char *)values + r * k * bytes);
  }
}

// MARK: A long row in parts

void fx_sort_count(int size, int digit, ptrdiff_t n, const void *items, int64_t *counts) {
  memset(counts, 0, RADIX * sizeof(int64_t));
  if (size == sizeof(word)) for (ptrdiff_t i = 0; i < n; i++) counts[digit_word(((const word *)items)[i], digit)]++;
  else for (ptrdiff_t i = 0; i < n; i++) counts[digit_pair(((const pair *)items)[i], digit)]++;
}

int fx_sort_starts(ptrdiff_t parts, ptrdiff_t n, int64_t *counts) {
  int64_t start = 0;
  for (ptrdiff_t r = 0; r < RADIX; r++) {
    int64_t before = start;
    for (ptrdiff_t p = 0; p < parts; p++) {
      int64_t *count = counts + p * RADIX + r, here = *count;
      *count = start;
      start += here;
    }
    if (start - before == n) return 0;
  }
  return 1;
}

void fx_sort_distribute(int size, int digit, ptrdiff_t n, const void *items, int64_t *starts, void *out) {
  if (size == sizeof(word)) distribute_word(digit, n, items, starts, out);
  else distribute_pair(digit, n, items, starts, out);
}

// MARK: Medians

void fx_median_rows(int dtype, int ignoring, int size, ptrdiff_t rows, ptrdiff_t n, const void *x, void *scratch, int64_t *positions) {
  int digits = digits_of(dtype);
  // What no number's key reaches; keys of integers do, but that dtype has no NaN.
  int floats = dtype == FX_F32 || dtype == FX_F64;
  for (ptrdiff_t r = 0; r < rows; r++) {
    fx_sort_encode(dtype, 0, size, 0, n, (const char *)x + r * n * bytes_of(dtype), scratch);
    if (!floats) {
      positions[r] = size == sizeof(word) ? (int64_t)position_word(select_word(digits, n, (n - 1) / 2, scratch))
                                          : (int64_t)position_pair(select_pair(digits, n, (n - 1) / 2, scratch));
      continue;
    }
    uint64_t nan = dtype == FX_F32 ? UINT32_MAX : UINT64_MAX;
    positions[r] = size == sizeof(word) ? median_word(ignoring, digits, n, nan, scratch) : median_pair(ignoring, digits, n, nan, scratch);
  }
}

void fx_kth_rows(int dtype, int size, ptrdiff_t rows, ptrdiff_t n, ptrdiff_t k, const void *x, void *scratch, int64_t *positions) {
  int digits = digits_of(dtype);
  for (ptrdiff_t r = 0; r < rows; r++) {
    fx_sort_encode(dtype, 0, size, 0, n, (const char *)x + r * n * bytes_of(dtype), scratch);
    positions[r] = size == sizeof(word) ? (int64_t)position_word(select_word(digits, n, k, scratch))
                                        : (int64_t)position_pair(select_pair(digits, n, k, scratch));
  }
}

#else

// Keys have 32 bits, or 64.
#if FX_SIZE == 8
typedef uint64_t FX(key);
#else
typedef uint32_t FX(key);
#endif

static void FX(encode)(int descending, int size, ptrdiff_t first, ptrdiff_t n, const T *x, void *items) {
  FX(key) flip = descending ? (FX(key))-1 : 0;
  word *words = items;
  pair *pairs = items;
  if (size == sizeof(word))
    for (ptrdiff_t i = first; i < first + n; i++) words[i] = (uint64_t)(uint32_t)(FX_OF(key)(x[i]) ^ flip) << 32 | (uint64_t)i;
  else
    for (ptrdiff_t i = first; i < first + n; i++) pairs[i] = (pair){FX_OF(key)(x[i]) ^ flip, (uint64_t)i};
}

// Keys back to elements; of floats zeros and NaN's, whose keys do not tell all their bits, are read again.
FX_INLINE T FX(value)(FX(key) key, uint64_t position, const T *x) {
  FX(key) sign = (FX(key))1 << (8 * sizeof key - 1);
#ifdef FX_IS_BOOL
  return (void)position, (void)x, (void)sign, (T)key;
#elif defined(FX_IS_INTEGER)
  return (void)position, (void)x, (T)(key ^ sign);
#else
  if (key == sign || key == (FX(key))-1) return x[position];
  return FX_OF(from_bits)(key & sign ? key ^ sign : ~key);
#endif
}

static void FX(values)(int descending, int size, ptrdiff_t first, ptrdiff_t n, const void *items, const T *x, T *out) {
  FX(key) flip = descending ? (FX(key))-1 : 0;
  for (ptrdiff_t i = first; i < first + n; i++)
    if (size == sizeof(word)) {
      word item = ((const word *)items)[i];
      out[i] = FX(value)((FX(key))key_word(item) ^ flip, position_word(item), x);
    } else {
      pair item = ((const pair *)items)[i];
      out[i] = FX(value)((FX(key))item.key ^ flip, item.position, x);
    }
}

#endif
