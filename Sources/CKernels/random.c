// Random numbers from Philox4x32-10 (Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011): ten rounds
// of multiplication turn a counter and a key into four words. There is no state, so any stretch of a stream can be made anywhere.
#ifndef FX_PASS
#define FX_FILE "random.c"
#define FX_FLOATS
#include "math32.h"

// Words are made into a buffer that stays in the first-level cache, and become numbers from there.
#define WORDS 2048

typedef enum { UNIFORM, NORMAL, BERNOULLI, DROPOUT } distribution;

// low + span·u (where rounding must not reach `high`), mean + deviation·z, and what words up to `last` are: true, or x·scale.
typedef struct { double low, span, high, mean, deviation, scale; uint32_t last; } parameters;

/// The 53 upper bits of two words as a number in 0 ..< 1: made as 1 + u, from which 1 is taken, and the last bit added.
FX_INLINE double unit_f64(uint32_t upper, uint32_t lower) {
  uint64_t bits = ((uint64_t)upper << 32 | lower) >> 11;
  double u = from_bits_f64((bits >> 1) | 0x3ff0000000000000u) - 1.0;
  return u + ((bits & 1) ? 0x1p-53 : 0.0);
}
FX_INLINE double uniform_f64(const uint32_t *w) { return unit_f64(w[0], w[1]); }
FX_INLINE float uniform_f32(const uint32_t *w) { return (float)(int32_t)(w[0] >> 8) * 0x1p-24f; }

/// √(−2 log u₁)·cos(2π u₂), where u₁ in 0 < u₁ <= 1 has 32 bits and the angle is the upper two bits (quarters) and the signed rest.
FX_INLINE float normal_f32(const uint32_t *w) {
  float u = (float)(int32_t)(w[0] >> 1) * 0x1p-31f + 0x1p-33f;
  float radius = sqrt_f32(-2.0f * log_f32(u));
  uint32_t quarter = (w[1] + 0x20000000u) >> 30;
  float r = (float)(int32_t)(w[1] - (quarter << 30)) * (3.14159274f * 0x1p-31f);
  return radius * sin_quarter_f32(r, quarter + 1);
}
FX_INLINE double normal_f64(const uint32_t *w) {
  double u = unit_f64(w[0], w[1]) + 0x1p-54;
  double radius = sqrt_f64(-2.0 * log_f64(u));
  double turns = 4.0 * unit_f64(w[2], w[3]) - 2.0;
  double t = turns + ROUND_F64, r = (turns - (t - ROUND_F64)) * 1.5707963267948966;
  return radius * sin_quarter_f64(r, 0.0, bits_f64(t) + 3u);
}

#include "targets.h"

void fx_random_bits(uint64_t seed, uint64_t first, ptrdiff_t n, uint32_t *out) { FX_AT(bits_f32)(seed, first, n, out); }

void fx_random_uniform(int dtype, uint64_t seed, uint64_t first, ptrdiff_t n, double low, double high, void *out) {
  parameters p = {.low = low, .span = high - low, .high = high};
  FX_DISPATCH(dtype, uniform_numbers, seed, first, n, &p, out);
}

void fx_random_normal(int dtype, uint64_t seed, uint64_t first, ptrdiff_t n, double mean, double deviation, void *out) {
  parameters p = {.mean = mean, .deviation = deviation};
  FX_DISPATCH(dtype, normal_numbers, seed, first, n, &p, out);
}

/// word / 2³² < p for the words 0 ... *last; 0 if there are none.
static int last_word(double p, uint32_t *last) {
  if (!(p > 0)) return 0;
  *last = p >= 1 ? UINT32_MAX : (uint32_t)(__builtin_ceil(p * 0x1p32) - 1);
  return 1;
}

void fx_random_bernoulli(uint64_t seed, uint64_t first, ptrdiff_t n, double probability, uint8_t *out) {
  parameters p = {0};
  if (last_word(probability, &p.last)) FX_AT(truths_f32)(seed, first, n, &p, out);
  else if (n > 0) memset(out, 0, (size_t)n);
}

void fx_dropout(int dtype, uint64_t seed, uint64_t first, ptrdiff_t n, double keep, double scale, const void *x, void *y) {
  parameters p = {.scale = scale};
  if (last_word(keep, &p.last)) FX_DISPATCH(dtype, dropout, seed, first, n, &p, x, y);
  else if (n > 0) memset(y, 0, (size_t)n * (dtype == FX_F32 ? 4 : 8));
}

// MARK: Order

void fx_deal(ptrdiff_t n, ptrdiff_t buckets, const uint32_t *words, int64_t *out, ptrdiff_t *ends) {
  ptrdiff_t places[4096] = {0}, sum = 0;
  int shift = 32 - __builtin_ctzll((uint64_t)buckets);
#define BUCKET(i) ((uint64_t)words[i] >> shift)
  for (ptrdiff_t i = 0; i < n; i++) places[BUCKET(i)]++;
  for (ptrdiff_t b = 0; b < buckets; b++) {
    ptrdiff_t count = places[b];
    places[b] = sum;
    ends[b] = sum += count;
  }
  for (ptrdiff_t i = 0; i < n; i++) out[places[BUCKET(i)]++] = i;
#undef BUCKET
}

void fx_shuffle(ptrdiff_t n, const uint32_t *words, int64_t *x) {
  for (ptrdiff_t i = n - 1; i > 0; i--) {
    // Of 64 bits the upper half of the product with i + 1: no place is likelier than another by more than one in 2⁶⁴/n.
    uint64_t bits = (uint64_t)words[2 * i] << 32 | words[2 * i + 1];
    ptrdiff_t j = (ptrdiff_t)(((unsigned __int128)bits * (uint64_t)(i + 1)) >> 64);
    int64_t other = x[j];
    x[j] = x[i];
    x[i] = other;
  }
}

#else

/// Words of `blocks` counters from `counter` on.
FX_FUNCTION void FX(philox)(uint64_t seed, uint64_t counter, ptrdiff_t blocks, uint32_t *restrict out) {
  for (ptrdiff_t i = 0; i < blocks; i++) {
    uint64_t position = counter + (uint64_t)i;
    uint32_t c0 = (uint32_t)position, c1 = (uint32_t)(position >> 32), c2 = 0, c3 = 0;
    uint32_t k0 = (uint32_t)seed, k1 = (uint32_t)(seed >> 32);
#pragma clang loop unroll(full)
    for (int round = 0; round < 10; round++) {
      uint64_t p = (uint64_t)0xd2511f53u * c0, q = (uint64_t)0xcd9e8d57u * c2;
      uint32_t n0 = (uint32_t)(q >> 32) ^ c1 ^ k0, n2 = (uint32_t)(p >> 32) ^ c3 ^ k1;
      c1 = (uint32_t)q, c3 = (uint32_t)p, c0 = n0, c2 = n2;
      k0 += 0x9e3779b9u, k1 += 0xbb67ae85u;
    }
    out[4 * i] = c0, out[4 * i + 1] = c1, out[4 * i + 2] = c2, out[4 * i + 3] = c3;
  }
}

/// Makes words position ..< position + count in `buffer`, after up to three that fill the first block; returns where they begin.
FX_INLINE const uint32_t *FX(words)(uint64_t seed, uint64_t position, ptrdiff_t count, uint32_t *buffer) {
  ptrdiff_t skip = (ptrdiff_t)(position & 3);
  FX(philox)(seed, position >> 2, (skip + count + 3) >> 2, buffer);
  return buffer + skip;
}

// Elements of which each takes `per` words.
FX_INLINE void FX(generate)(distribution kind, uint64_t seed, uint64_t first, ptrdiff_t n, const parameters *p, const T *x, void *out) {
  enum { WIDE = sizeof(T) / 4 };
  uint32_t buffer[WORDS + 8], last = p->last;
  T low = (T)p->low, span = (T)p->span, high = (T)p->high, mean = (T)p->mean, deviation = (T)p->deviation, scale = (T)p->scale;
  ptrdiff_t per = kind == UNIFORM ? WIDE : kind == NORMAL ? 2 * WIDE : 1;
  for (ptrdiff_t start = 0; start < n; start += WORDS / per) {
    ptrdiff_t count = min_size(WORDS / per, n - start);
    const uint32_t *w = FX(words)(seed, (first + (uint64_t)start) * (uint64_t)per, count * per, buffer);
    T *y = (T *)out + start;
    uint8_t *is_true = (uint8_t *)out + start;
    for (ptrdiff_t i = 0; i < count; i++) {
      if (kind == UNIFORM) {
        T v = low + span * FX_OF(uniform)(w + i * per);
        y[i] = v < high ? v : low;
      }
      if (kind == NORMAL) y[i] = mean + deviation * FX_OF(normal)(w + i * per);
      if (kind == BERNOULLI) is_true[i] = w[i] <= last;
      if (kind == DROPOUT) y[i] = w[i] <= last ? x[start + i] * scale : 0;
    }
  }
}

static void FX(uniform_numbers)(uint64_t seed, uint64_t first, ptrdiff_t n, const parameters *p, T *out) {
  FX(generate)(UNIFORM, seed, first, n, p, NULL, out);
}
static void FX(normal_numbers)(uint64_t seed, uint64_t first, ptrdiff_t n, const parameters *p, T *out) {
  FX(generate)(NORMAL, seed, first, n, p, NULL, out);
}
static void FX(dropout)(uint64_t seed, uint64_t first, ptrdiff_t n, const parameters *p, const T *x, T *y) {
  FX(generate)(DROPOUT, seed, first, n, p, x, y);
}

#if FX_IS_F32
static void FX(truths)(uint64_t seed, uint64_t first, ptrdiff_t n, const parameters *p, uint8_t *out) {
  FX(generate)(BERNOULLI, seed, first, n, p, NULL, out);
}

static void FX(bits)(uint64_t seed, uint64_t first, ptrdiff_t n, uint32_t *out) {
  uint32_t buffer[WORDS + 8];
  for (ptrdiff_t start = 0; start < n; start += WORDS) {
    ptrdiff_t count = min_size(WORDS, n - start);
    memcpy(out + start, FX(words)(seed, first + (uint64_t)start, count, buffer), (size_t)count * 4);
  }
}
#endif

#endif
