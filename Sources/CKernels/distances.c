// Distances between all pairs of vectors, and what they send back, without the differences in memory: tile by tile, summed up in registers as
// products of matrices are. Differences come first, so that near vectors' distances stay exact.
#ifndef FX_PASS
#define FX_FILE "distances.c"
#define FX_FLOATS
#define FX_VECTORS
#include "kernels.h"
#include "power.h"
#include "math64.h"

// The terms that are added up one after the other; what they give is added up in double.
#define LONGEST 1024

// Which norm of the differences it is: the sum of their squares, sizes, cubes and powers, how many are not 0, the largest and the smallest size.
typedef enum { EUCLIDEAN, CITY, CUBIC, POWER, COUNT, LARGEST, SMALLEST } norm_kind;

#include "targets.h"

static norm_kind kind_of(double order) {
  return order == 2 ? EUCLIDEAN : order == 1 ? CITY : order == 3 ? CUBIC : order == 0 ? COUNT
    : order == __builtin_inf() ? LARGEST : order == -__builtin_inf() ? SMALLEST : POWER;
}

void fx_distances(int dtype, ptrdiff_t m, ptrdiff_t n, ptrdiff_t d, double order, const void *x, const void *y, ptrdiff_t lead, void *out) {
  FX_DISPATCH(dtype, distances, kind_of(order), m, n, d, order, x, y, lead, out);
}

void fx_distance_slopes(int dtype, ptrdiff_t m, ptrdiff_t n, ptrdiff_t d, double order, const void *x, const void *y, const void *c,
                        const void *r, ptrdiff_t row, ptrdiff_t column, void *out) {
  FX_DISPATCH(dtype, slopes, kind_of(order), m, n, d, order - 1, x, y, c, r, row, column, out);
}

#else

// Σ of a function of the differences, and a root of it, for kinds that vectors have operations for: two rows of x and four vectors of columns
// at a time. `kind` is a constant wherever these are called.
FX_INLINE void FX(in_registers)(norm_kind kind, ptrdiff_t m, ptrdiff_t n, ptrdiff_t d, const T *x, const T *y, ptrdiff_t lead, T *out) {
  for (ptrdiff_t j = 0; j < n; j += 4 * FX_LANES)
    for (ptrdiff_t i = 0; i < m; i += 2) {
      const T *rows[2] = {x + i * d, x + min_size(i + 1, m - 1) * d};
      VEC sums[2][4];
      T flat[8 * FX_LANES];
      double totals[8 * FX_LANES];
      if (d > LONGEST) memset(totals, 0, sizeof totals);
      for (ptrdiff_t first = 0; first < d || first == 0; first += LONGEST) {
        FX_UNROLL for (int v = 0; v < 8; v++) sums[v / 4][v % 4] = (VEC){0};
        for (ptrdiff_t k = first, end = min_size(d, first + LONGEST); k < end; k++)
          FX_UNROLL for (int v = 0; v < 4; v++) {
            VEC column = FX(load)(y + k * lead + j + v * FX_LANES);
            FX_UNROLL for (int r = 0; r < 2; r++) {
              VEC t = rows[r][k] - column;
              if (kind == EUCLIDEAN) sums[r][v] += t * t;
              if (kind == CITY) sums[r][v] += __builtin_elementwise_abs(t);
              if (kind == CUBIC) sums[r][v] += t * t * __builtin_elementwise_abs(t);
            }
          }
        memcpy(flat, sums, sizeof flat);
        if (d > LONGEST) for (int l = 0; l < 8 * FX_LANES; l++) totals[l] += (double)flat[l];
      }
      if (d > LONGEST) for (int l = 0; l < 8 * FX_LANES; l++) flat[l] = (T)totals[l];
      for (int l = 0; l < 8 * FX_LANES; l++)
        flat[l] = kind == EUCLIDEAN ? FX_OF(sqrt)(flat[l]) : kind == CUBIC ? FX_OF(pow)(flat[l], 1 / (T)3) : flat[l];
      size_t bytes = (size_t)min_size(4 * FX_LANES, n - j) * sizeof(T);
      memcpy(out + i * n + j, flat, bytes);
      if (i + 1 < m) memcpy(out + (i + 1) * n + j, flat + 4 * FX_LANES, bytes);
    }
}

// The same for what vectors have no operation for, one row at a time. Extremes are NaN where a difference is.
FX_INLINE void FX(in_memory)(norm_kind kind, ptrdiff_t m, ptrdiff_t n, ptrdiff_t d, T order, const T *x, const T *y, ptrdiff_t lead, T *out) {
  enum { WIDTH = 256 / sizeof(T) };
  int adds = kind == POWER || kind == COUNT;
  T root = 1 / order;
  for (ptrdiff_t j = 0; j < n; j += WIDTH)
    for (ptrdiff_t i = 0; i < m; i++) {
      T sums[WIDTH];
      double totals[WIDTH];
      if (adds && d > LONGEST) memset(totals, 0, sizeof totals);
      for (int l = 0; l < WIDTH; l++) sums[l] = kind == SMALLEST ? (T)__builtin_inf() : 0;
      for (ptrdiff_t k = 0; k < d; k++) {
        if (adds && k > 0 && k % LONGEST == 0)
          for (int l = 0; l < WIDTH; l++) totals[l] += (double)sums[l], sums[l] = 0;
        const T *row = y + k * lead + j;
        T a = x[i * d + k];
        for (int l = 0; l < WIDTH; l++) {
          T t = FX_OF(abs)(a - row[l]), s = sums[l];
          if (kind == POWER) sums[l] = s + FX_OF(pow)(t, order);
          if (kind == COUNT) sums[l] = s + (t != 0 ? 1 : 0);
          if (kind == LARGEST) sums[l] = ((t > s) | (t != t)) ? t : s;
          if (kind == SMALLEST) sums[l] = ((t < s) | (t != t)) ? t : s;
        }
      }
      for (int l = 0; l < WIDTH; l++) {
        T s = adds && d > LONGEST ? (T)(totals[l] + (double)sums[l]) : sums[l];
        sums[l] = kind == POWER ? FX_OF(pow)(s, root) : s;
      }
      memcpy(out + i * n + j, sums, (size_t)min_size(WIDTH, n - j) * sizeof(T));
    }
}

static void FX(distances)(norm_kind kind, ptrdiff_t m, ptrdiff_t n, ptrdiff_t d, double order, const T *x, const T *y, ptrdiff_t lead, T *out) {
  switch (kind) {
    case EUCLIDEAN: return FX(in_registers)(EUCLIDEAN, m, n, d, x, y, lead, out);
    case CITY: return FX(in_registers)(CITY, m, n, d, x, y, lead, out);
    case CUBIC: return FX(in_registers)(CUBIC, m, n, d, x, y, lead, out);
    case POWER: return FX(in_memory)(POWER, m, n, d, (T)order, x, y, lead, out);
    case COUNT: return FX(in_memory)(COUNT, m, n, d, 1, x, y, lead, out);
    case LARGEST: return FX(in_memory)(LARGEST, m, n, d, 1, x, y, lead, out);
    case SMALLEST: return FX(in_memory)(SMALLEST, m, n, d, 1, x, y, lead, out);
  }
}

// The slope of a norm by one difference t, less what all of a pair have in common. `size` is the pair's distance where that is an extreme.
FX_INLINE T FX(slope)(norm_kind kind, T t, T power, T size) {
  T sign = t > 0 ? 1 : t < 0 ? -1 : t;  // NaN of NaN
  if (kind == EUCLIDEAN) return t;
  if (kind == CITY) return sign;
  if (kind == CUBIC) return t * FX_OF(abs)(t);
  if (kind == POWER) return t == 0 ? 0 : FX_OF(sign_from)(FX_OF(pow)(FX_OF(abs)(t), power), t);
  return FX_OF(abs)(t) == size ? sign : 0;
}

// out[i, k] = Σⱼ c[i, j]·slope of the difference x[i, k] − y[j, k], WIDTH columns at a time. Parts of 32 pairs are summed up by themselves, so
// that rounding does not grow with n. Where distances are extremes c goes to the differences of that size, `share` of it to each.
FX_INLINE void FX(slopes_of)(norm_kind kind, ptrdiff_t m, ptrdiff_t n, ptrdiff_t d, T power, const T *x, const T *y, const T *c, const T *r,
                             ptrdiff_t row, ptrdiff_t column, T *out) {
  enum { WIDTH = 64, PART = 32 };
  for (ptrdiff_t i = 0; i < m; i++)
    for (ptrdiff_t first = 0; first < d; first += WIDTH) {
      ptrdiff_t width = min_size(WIDTH, d - first);
      const T *a = x + i * d + first;
      T total[WIDTH] = {0};
      double totals[WIDTH];
      if (n > PART * LONGEST) memset(totals, 0, sizeof totals);
      for (ptrdiff_t start = 0; start < n; start += PART) {
        if (start > 0 && start % (PART * LONGEST) == 0)
          for (int l = 0; l < WIDTH; l++) totals[l] += (double)total[l], total[l] = 0;
        T sums[WIDTH] = {0};
        for (ptrdiff_t j = start; j < min_size(n, start + PART); j++) {
          T s = c[i * row + j * column], size = kind == LARGEST ? r[i * row + j * column] : 0;
          if (s == 0) continue;
          if (kind == LARGEST) {
            T count = 0;
            for (ptrdiff_t k = 0; k < d; k++) count += FX_OF(abs)(x[i * d + k] - y[j * d + k]) == size ? 1 : 0;
            s /= count;
          }
          const T *b = y + j * d + first;
          if (width == WIDTH)
            for (int l = 0; l < WIDTH; l++) sums[l] += s * FX(slope)(kind, a[l] - b[l], power, size);
          else
            for (ptrdiff_t l = 0; l < width; l++) sums[l] += s * FX(slope)(kind, a[l] - b[l], power, size);
        }
        for (int l = 0; l < WIDTH; l++) total[l] += sums[l];
      }
      if (n > PART * LONGEST) for (int l = 0; l < WIDTH; l++) total[l] = (T)(totals[l] + (double)total[l]);
      memcpy(out + i * d + first, total, (size_t)width * sizeof(T));
    }
}

static void FX(slopes)(norm_kind kind, ptrdiff_t m, ptrdiff_t n, ptrdiff_t d, double power, const T *x, const T *y, const T *c, const T *r,
                       ptrdiff_t row, ptrdiff_t column, T *out) {
  switch (kind) {
    case EUCLIDEAN: return FX(slopes_of)(EUCLIDEAN, m, n, d, 0, x, y, c, r, row, column, out);
    case CITY: return FX(slopes_of)(CITY, m, n, d, 0, x, y, c, r, row, column, out);
    case CUBIC: return FX(slopes_of)(CUBIC, m, n, d, 0, x, y, c, r, row, column, out);
    case LARGEST: case SMALLEST: return FX(slopes_of)(LARGEST, m, n, d, 0, x, y, c, r, row, column, out);
    default: return FX(slopes_of)(POWER, m, n, d, (T)power, x, y, c, r, row, column, out);
  }
}

#endif
