// Order: stable sorts, and selection of the first k, of rows of any dtype.
//
// An element becomes an unsigned key that compares as it does (NaN last, −0 as 0; all bits flipped for descending order), together with
// its position. Keys of 32 bits and their positions share one word. What is stable then needs no comparison of positions: digits are
// distributed in order, and merges take the left one of equals.
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

#define ENCODE(S, T)                                                                                          \
  FX_CLONES static void words_##S(int descending, ptrdiff_t n, ptrdiff_t first, const T *x, word *out) {      \
    uint32_t flip = descending ? UINT32_MAX : 0;                                                              \
    for (ptrdiff_t i = 0; i < n; i++) out[i] = (uint64_t)((uint32_t)key_##S(x[i]) ^ flip) << 32 | (uint64_t)(first + i); \
  }                                                                                                           \
  FX_CLONES static void pairs_##S(int descending, ptrdiff_t n, ptrdiff_t first, const T *x, pair *out) {      \
    uint64_t flip = !descending ? 0 : sizeof(key_##S(*x)) == 4 ? UINT32_MAX : UINT64_MAX;                     \
    for (ptrdiff_t i = 0; i < n; i++) out[i] = (pair){key_##S(x[i]) ^ flip, (uint64_t)(first + i)};           \
  }
ENCODE(f32, float)
ENCODE(f64, double)
ENCODE(i32, int32_t)
ENCODE(i64, int64_t)
ENCODE(b, uint8_t)

#define ENCODE_CASE(DTYPE, S, T)                                                                              \
  case DTYPE:                                                                                                 \
    if (size == sizeof(word)) words_##S(descending, n, first, (const T *)x + first, (word *)items + first);   \
    else pairs_##S(descending, n, first, (const T *)x + first, (pair *)items + first);                        \
    break;

void fx_sort_encode(int dtype, int descending, int size, ptrdiff_t first, ptrdiff_t n, const void *x, void *items) {
  switch (dtype) {
    ENCODE_CASE(FX_F32, f32, float)
    ENCODE_CASE(FX_F64, f64, double)
    ENCODE_CASE(FX_I32, i32, int32_t)
    ENCODE_CASE(FX_I64, i64, int64_t)
    ENCODE_CASE(FX_BOOL, b, uint8_t)
  }
}

void fx_sort_decode(int size, ptrdiff_t first, ptrdiff_t n, const void *items, int64_t *positions) {
  for (ptrdiff_t i = first; i < first + n; i++)
    positions[i] = (int64_t)(size == sizeof(word) ? position_word(((const word *)items)[i]) : position_pair(((const pair *)items)[i]));
}

// Keys back to elements; zeros and NaN's, whose keys do not tell all their bits, are read again.
#define DECODE(S, T, K, BITS, FROM_BITS)                                                          \
  FX_INLINE T value_##S(K key, uint64_t position, const T *x) {                                               \
    if (key == (K)1 << (BITS - 1) || key == (K)-1) return x[position];                                        \
    return FROM_BITS(key >> (BITS - 1) ? key ^ ((K)1 << (BITS - 1)) : ~key);                                 \
  }
DECODE(f32, float, uint32_t, 32, from_bits_f32)
DECODE(f64, double, uint64_t, 64, from_bits_f64)
FX_INLINE int32_t value_i32(uint32_t key, uint64_t position, const int32_t *x) { return (void)position, (void)x, (int32_t)(key ^ 0x80000000u); }
FX_INLINE int64_t value_i64(uint64_t key, uint64_t position, const int64_t *x) {
  return (void)position, (void)x, (int64_t)(key ^ 0x8000000000000000u);
}
FX_INLINE uint8_t value_b(uint32_t key, uint64_t position, const uint8_t *x) { return (void)position, (void)x, (uint8_t)key; }

#define VALUES(S, T, K)                                                                                       \
  static void values_##S(int descending, int size, ptrdiff_t first, ptrdiff_t n, const void *items, const T *x, T *out) { \
    K flip = descending ? (K)-1 : 0;                                                                          \
    if (size == sizeof(word))                                                                                 \
      for (ptrdiff_t i = first; i < first + n; i++) {                                                         \
        word item = ((const word *)items)[i];                                                                 \
        out[i] = value_##S((K)key_word(item) ^ flip, position_word(item), x);                                 \
      }                                                                                                       \
    else                                                                                                      \
      for (ptrdiff_t i = first; i < first + n; i++) {                                                         \
        pair item = ((const pair *)items)[i];                                                                 \
        out[i] = value_##S((K)item.key ^ flip, item.position, x);                                             \
      }                                                                                                       \
  }
VALUES(f32, float, uint32_t)
VALUES(f64, double, uint64_t)
VALUES(i32, int32_t, uint32_t)
VALUES(i64, int64_t, uint64_t)
VALUES(b, uint8_t, uint32_t)

void fx_sort_values(int dtype, int descending, int size, ptrdiff_t first, ptrdiff_t n, const void *items, const void *x, void *values) {
  switch (dtype) {
    case FX_F32: values_f32(descending, size, first, n, items, x, values); break;
    case FX_F64: values_f64(descending, size, first, n, items, x, values); break;
    case FX_I32: values_i32(descending, size, first, n, items, x, values); break;
    case FX_I64: values_i64(descending, size, first, n, items, x, values); break;
    case FX_BOOL: values_b(descending, size, first, n, items, x, values); break;
  }
}

// MARK: Sorting

#define RADIX 256
#define RUN 12
// Rows shorter than this many elements for each digit are merged: the tables of a distribution would cost more than the elements.
#define MERGED_PER_DIGIT 48
// So few first elements are kept in order while the others pass by.
#define INSERTED 32

#define SORTS(I)                                                                                              \
  FX_INLINE unsigned digit_##I(I x, int digit) { return (unsigned)(key_##I(x) >> (8 * digit)) & (RADIX - 1); } \
                                                                                                              \
  static void insert_##I(ptrdiff_t n, I *x) {                                                                 \
    for (ptrdiff_t i = 1; i < n; i++) {                                                                       \
      I item = x[i];                                                                                          \
      ptrdiff_t j = i;                                                                                        \
      for (; j > 0 && key_##I(x[j - 1]) > key_##I(item); j--) x[j] = x[j - 1];                                \
      x[j] = item;                                                                                            \
    }                                                                                                         \
  }                                                                                                           \
  /* Sorted runs, merged in pairs; returns which of the two has the result. */                                \
  static I *merge_##I(ptrdiff_t n, I *x, I *spare) {                                                          \
    for (ptrdiff_t i = 0; i < n; i += RUN) insert_##I(min_size(RUN, n - i), x + i);                           \
    for (ptrdiff_t width = RUN; width < n; width *= 2) {                                                      \
      for (ptrdiff_t start = 0; start < n; start += 2 * width) {                                              \
        const I *a = x + start, *middle = x + min_size(n, start + width), *b = middle, *end = x + min_size(n, start + 2 * width); \
        I *out = spare + start;                                                                               \
        while (a < middle && b < end) {                                                                       \
          int right = key_##I(*b) < key_##I(*a);                                                              \
          *out++ = right ? *b : *a;                                                                           \
          a += !right, b += right;                                                                            \
        }                                                                                                     \
        memcpy(out, a, (size_t)(middle - a) * sizeof(I));                                                     \
        memcpy(out + (middle - a), b, (size_t)(end - b) * sizeof(I));                                         \
      }                                                                                                       \
      I *other = x;                                                                                           \
      x = spare, spare = other;                                                                               \
    }                                                                                                         \
    return x;                                                                                                 \
  }                                                                                                           \
  static void distribute_##I(int digit, ptrdiff_t n, const I *x, int64_t *starts, I *out) {                   \
    for (ptrdiff_t i = 0; i < n; i++) out[starts[digit_##I(x[i], digit)]++] = x[i];                           \
  }                                                                                                           \
  static I *sort_##I(int digits, ptrdiff_t n, I *x, I *spare) {                                               \
    if (n < MERGED_PER_DIGIT * digits) return merge_##I(n, x, spare);                                         \
    int64_t counts[8][RADIX];                                                                                 \
    memset(counts, 0, (size_t)digits * sizeof(counts[0]));                                                    \
    for (ptrdiff_t i = 0; i < n; i++)                                                                         \
      for (int d = 0; d < digits; d++) counts[d][digit_##I(x[i], d)]++;                                       \
    for (int d = 0; d < digits; d++) {                                                                        \
      if (counts[d][digit_##I(x[0], d)] == n) continue;                                                       \
      int64_t start = 0;                                                                                      \
      for (int r = 0; r < RADIX; r++) start += counts[d][r], counts[d][r] = start - counts[d][r];             \
      distribute_##I(d, n, x, counts[d], spare);                                                              \
      I *other = x;                                                                                           \
      x = spare, spare = other;                                                                               \
    }                                                                                                         \
    return x;                                                                                                 \
  }                                                                                                           \
  /* The item at place k of the order; of items that are no longer candidates none is kept. */                \
  static I select_##I(int digits, ptrdiff_t n, ptrdiff_t k, I *x) {                                           \
    for (int d = digits - 1; d >= 0 && n > 1; d--) {                                                          \
      int64_t counts[RADIX] = {0};                                                                            \
      for (ptrdiff_t i = 0; i < n; i++) counts[digit_##I(x[i], d)]++;                                         \
      unsigned r = 0;                                                                                         \
      while (k >= counts[r]) k -= counts[r++];                                                                \
      if (counts[r] == n) continue;                                                                           \
      ptrdiff_t kept = 0;                                                                                     \
      for (ptrdiff_t i = 0; i < n; i++) {                                                                     \
        x[kept] = x[i];                                                                                       \
        kept += digit_##I(x[i], d) == r;                                                                      \
      }                                                                                                       \
      n = kept;                                                                                               \
    }                                                                                                         \
    return x[k];                                                                                              \
  }                                                                                                           \
  /* The first k of the order, in order, at the front of one of the two. */                                   \
  static I *first_##I(int digits, ptrdiff_t n, ptrdiff_t k, I *x, I *spare) {                                 \
    if (k == 0) return x;                                                                                     \
    if (k <= INSERTED && k <= n / 4) {                                                                        \
      ptrdiff_t kept = 0;                                                                                     \
      for (ptrdiff_t i = 0; i < n; i++) {                                                                     \
        if (kept == k && key_##I(x[i]) >= key_##I(spare[k - 1])) continue;                                    \
        ptrdiff_t j = kept < k ? kept++ : k - 1;                                                              \
        for (; j > 0 && key_##I(spare[j - 1]) > key_##I(x[i]); j--) spare[j] = spare[j - 1];                  \
        spare[j] = x[i];                                                                                      \
      }                                                                                                       \
      return spare;                                                                                           \
    }                                                                                                         \
    if (k > n / 4) return sort_##I(digits, n, x, spare);                                                      \
    memcpy(spare, x, (size_t)n * sizeof(I));                                                                  \
    I last = select_##I(digits, n, k - 1, spare);                                                             \
    ptrdiff_t kept = 0;                                                                                       \
    for (ptrdiff_t i = 0; i < n && kept < k; i++) {                                                           \
      x[kept] = x[i];                                                                                         \
      kept += (key_##I(x[i]) < key_##I(last)) |                                                               \
              ((key_##I(x[i]) == key_##I(last)) & (position_##I(x[i]) <= position_##I(last)));                \
    }                                                                                                         \
    return sort_##I(digits, k, x, spare);                                                                     \
  }
SORTS(word)
SORTS(pair)

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

/// Where the element lies that half of the others are no larger than; NaN's win, or else are left out.
#define MEDIANS(I)                                                                                            \
  static int64_t median_##I(int ignoring, int digits, ptrdiff_t n, uint64_t nan, I *x) {                      \
    ptrdiff_t numbers = 0;                                                                                    \
    for (ptrdiff_t i = 0; i < n; i++) {                                                                       \
      if (key_##I(x[i]) < nan) numbers++;                                                                     \
      else if (!ignoring) return (int64_t)position_##I(x[i]);                                                 \
    }                                                                                                         \
    return (int64_t)position_##I(select_##I(digits, n, numbers > 0 ? (numbers - 1) / 2 : 0, x));              \
  }
MEDIANS(word)
MEDIANS(pair)

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
