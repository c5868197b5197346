// Resampling along one axis: weighted sums of elements at given places.
//
// Where elements follow each other along the axis, FX_LANES rows are turned to vectors with one place of each row, and back.
#ifndef FX_PASS
#define FX_FILE "resample.c"
#define FX_FLOATS
#define FX_VECTORS
#include "kernels.h"

// Of more terms rounding would count: they are added up in double.
#define MOST_TAPS 64
// Results at a time, and how far the places that they see may lie apart.
#define CHUNK 64
#define SPAN 512

#include "targets.h"

void fx_resample(int dtype, ptrdiff_t outer, ptrdiff_t n, ptrdiff_t count, ptrdiff_t inner, ptrdiff_t taps, const int64_t *places,
                 const double *weights, const void *x, void *y) {
  FX_DISPATCH(dtype, resample, outer, n, count, inner, taps, places, weights, x, y);
}

void fx_resample_add(int dtype, ptrdiff_t outer, ptrdiff_t n, ptrdiff_t count, ptrdiff_t inner, ptrdiff_t taps, const int64_t *places,
                     const double *weights, const void *y, void *x) {
  FX_DISPATCH(dtype, resample_add, outer, n, count, inner, taps, places, weights, y, x);
}

// As fx_resample_add, with what rounding takes kept beside the sums.
void fx_resample_add_long(ptrdiff_t outer, ptrdiff_t n, ptrdiff_t count, ptrdiff_t inner, ptrdiff_t taps, const int64_t *places,
                          const double *weights, const float *y, float *x, float *rest) {
  for (ptrdiff_t o = 0; o < outer; o++, x += n * inner, rest += n * inner, y += count * inner)
    for (ptrdiff_t i = 0; i < count; i++)
      for (ptrdiff_t t = 0; t < taps; t++) {
        ptrdiff_t at = places[i * taps + t] * inner;
        float f = (float)weights[i * taps + t];
        for (ptrdiff_t j = 0; j < inner; j++) add_exactly(x + at + j, rest + at + j, y[i * inner + j] * f);
      }
}

#else

// Some results of an axis: what they see, from the place `from` on, and their weights.
typedef struct {
  ptrdiff_t first, count, from, span;
  ptrdiff_t places[CHUNK * MOST_TAPS];
  T weights[CHUNK * MOST_TAPS];
} FX(chunk);

// As many results, from `first` on, as see places near each other.
FX_INLINE void FX(next_chunk)(FX(chunk) *c, ptrdiff_t first, ptrdiff_t count, ptrdiff_t taps, const int64_t *places,
                              const double *weights) {
  ptrdiff_t low = places[first * taps], high = low, end = first;
  for (; end < min_size(count, first + CHUNK); end++) {
    ptrdiff_t l = low, h = high;
    for (ptrdiff_t t = end * taps; t < (end + 1) * taps; t++) l = min_size(l, places[t]), h = max_size(h, places[t]);
    if (h - l >= SPAN && end > first) break;
    low = l, high = h;
  }
  c->first = first, c->count = end - first, c->from = low, c->span = high + 1 - low;
  for (ptrdiff_t t = 0; t < c->count * taps; t++) {
    c->places[t] = places[first * taps + t] - low;
    c->weights[t] = (T)weights[first * taps + t];
  }
}

// MARK: Rows of elements

FX_INLINE VEC FX(load_first)(const T *x, ptrdiff_t n) { return n >= FX_LANES ? FX(load)(x) : FX(load_some)(x, n); }
FX_INLINE void FX(store_first)(T *x, VEC v, ptrdiff_t n) {
  if (n >= FX_LANES) FX(store)(x, v);
  else FX(store_some)(x, v, n);
}

// `count` elements of `rows` rows, n from each other, to vectors; and back.
FX_INLINE void FX(turn_in)(ptrdiff_t rows, ptrdiff_t n, ptrdiff_t count, const T *x, VEC *out) {
  for (ptrdiff_t p = 0; p < count; p += FX_LANES) {
    FX_UNROLL for (int r = 0; r < FX_LANES; r++) out[p + r] = r < rows ? FX(load_first)(x + r * n + p, count - p) : (VEC){0};
    FX(transpose)(out + p);
  }
}

FX_INLINE void FX(turn_out)(ptrdiff_t rows, ptrdiff_t n, ptrdiff_t count, VEC *in, T *y) {
  for (ptrdiff_t p = 0; p < count; p += FX_LANES) {
    FX(transpose)(in + p);
    FX_UNROLL for (int r = 0; r < FX_LANES; r++)
      if (r < rows) FX(store_first)(y + r * n + p, in[p + r], count - p);
  }
}

FX_INLINE void FX(rows)(ptrdiff_t taps, ptrdiff_t outer, ptrdiff_t n, ptrdiff_t count, const FX(chunk) *c, const T *x, T *y) {
  VEC seen[SPAN + FX_LANES], made[CHUNK + FX_LANES];
  for (ptrdiff_t o = 0; o < outer; o += FX_LANES, x += FX_LANES * n, y += FX_LANES * count) {
    ptrdiff_t rows = min_size(FX_LANES, outer - o);
    FX(turn_in)(rows, n, c->span, x + c->from, seen);
    for (ptrdiff_t i = 0; i < c->count; i++) {
      const ptrdiff_t *at = c->places + i * taps;
      const T *f = c->weights + i * taps;
      VEC sum = seen[at[0]] * f[0];
      for (ptrdiff_t t = 1; t < taps; t++) sum += seen[at[t]] * f[t];
      made[i] = sum;
    }
    FX(turn_out)(rows, count, c->count, made, y + c->first);
  }
}

// What the results send back.
FX_INLINE void FX(rows_add)(ptrdiff_t taps, ptrdiff_t outer, ptrdiff_t n, ptrdiff_t count, const FX(chunk) *c, const T *y, T *x) {
  VEC seen[SPAN + FX_LANES], made[CHUNK + FX_LANES];
  for (ptrdiff_t o = 0; o < outer; o += FX_LANES, x += FX_LANES * n, y += FX_LANES * count) {
    ptrdiff_t rows = min_size(FX_LANES, outer - o);
    FX(turn_in)(rows, n, c->span, x + c->from, seen);
    FX(turn_in)(rows, count, c->count, y + c->first, made);
    for (ptrdiff_t i = 0; i < c->count; i++) {
      const ptrdiff_t *at = c->places + i * taps;
      const T *f = c->weights + i * taps;
      VEC d = made[i];
      for (ptrdiff_t t = 0; t < taps; t++) seen[at[t]] += d * f[t];
    }
    FX(turn_out)(rows, n, c->span, seen, x + c->from);
  }
}

// MARK: Rows of rows

FX_INLINE void FX(mixed)(ptrdiff_t taps, ptrdiff_t inner, const ptrdiff_t *at, const T *f, const T *x, T *restrict out) {
  if (taps == 2) {
    const T *a = x + at[0] * inner, *b = x + at[1] * inner;
    for (ptrdiff_t j = 0; j < inner; j++) {
      T sum = a[j] * f[0];
      sum += b[j] * f[1];
      out[j] = sum;
    }
    return;
  }
  for (ptrdiff_t t = 0; t < taps; t++) {
    const T *in = x + at[t] * inner;
    if (t == 0) for (ptrdiff_t j = 0; j < inner; j++) out[j] = in[j] * f[t];
    else for (ptrdiff_t j = 0; j < inner; j++) out[j] += in[j] * f[t];
  }
}

static void FX(resample_long)(ptrdiff_t outer, ptrdiff_t n, ptrdiff_t count, ptrdiff_t inner, ptrdiff_t taps, const int64_t *places,
                              const double *weights, const T *x, T *y) {
  for (ptrdiff_t o = 0; o < outer; o++, x += n * inner, y += count * inner)
    for (ptrdiff_t i = 0; i < count; i++)
      for (ptrdiff_t j = 0; j < inner; j += 64) {
        double sums[64] = {0};
        ptrdiff_t width = min_size(64, inner - j);
        for (ptrdiff_t t = 0; t < taps; t++) {
          const T *in = x + places[i * taps + t] * inner + j;
          double f = (double)(T)weights[i * taps + t];
          for (ptrdiff_t l = 0; l < width; l++) sums[l] += (double)in[l] * f;
        }
        for (ptrdiff_t l = 0; l < width; l++) y[i * inner + j + l] = (T)sums[l];
      }
}

static void FX(resample)(ptrdiff_t outer, ptrdiff_t n, ptrdiff_t count, ptrdiff_t inner, ptrdiff_t taps, const int64_t *places,
                         const double *weights, const T *x, T *y) {
  if (taps > MOST_TAPS) return FX(resample_long)(outer, n, count, inner, taps, places, weights, x, y);
  FX(chunk) c;
  for (ptrdiff_t i = 0; i < count; i += c.count) {
    FX(next_chunk)(&c, i, count, taps, places, weights);
    if (inner == 1 && c.span <= SPAN) {
      if (taps == 2) FX(rows)(2, outer, n, count, &c, x, y);
      else FX(rows)(taps, outer, n, count, &c, x, y);
      continue;
    }
    for (ptrdiff_t o = 0; o < outer; o++)
      for (ptrdiff_t r = 0; r < c.count; r++)
        FX(mixed)(taps, inner, c.places + r * taps, c.weights + r * taps, x + (o * n + c.from) * inner, y + (o * count + i + r) * inner);
  }
}

// For results first ..< end.
FX_INLINE void FX(add_each)(ptrdiff_t first, ptrdiff_t end, ptrdiff_t outer, ptrdiff_t n, ptrdiff_t count, ptrdiff_t inner, ptrdiff_t taps,
                            const int64_t *places, const double *weights, const T *y, T *x) {
  for (ptrdiff_t o = 0; o < outer; o++)
    for (ptrdiff_t t = first * taps; t < end * taps; t++) {
      T *restrict out = x + (o * n + places[t]) * inner;
      const T *restrict in = y + (o * count + t / taps) * inner;
      T f = (T)weights[t];
      for (ptrdiff_t j = 0; j < inner; j++) out[j] += in[j] * f;
    }
}

static void FX(resample_add)(ptrdiff_t outer, ptrdiff_t n, ptrdiff_t count, ptrdiff_t inner, ptrdiff_t taps, const int64_t *places,
                             const double *weights, const T *y, T *x) {
  if (inner > 1 || taps > MOST_TAPS) return FX(add_each)(0, count, outer, n, count, inner, taps, places, weights, y, x);
  FX(chunk) c;
  for (ptrdiff_t i = 0; i < count; i += c.count) {
    FX(next_chunk)(&c, i, count, taps, places, weights);
    if (c.span > SPAN) FX(add_each)(i, i + c.count, outer, n, count, inner, taps, places, weights, y, x);
    else if (taps == 2) FX(rows_add)(2, outer, n, count, &c, y, x);
    else FX(rows_add)(taps, outer, n, count, &c, y, x);
  }
}

#endif
