// Distances between all pairs of vectors, and what they send back, without the differences in memory: tile by tile, summed up in registers as
// products of matrices are. Differences come first, so that near vectors' distances stay exact.
#include "kernels.h"
#include "power.h"
#include "math64.h"

typedef float f32_vector __attribute__((vector_size(64)));
typedef double f64_vector __attribute__((vector_size(64)));

#define UNROLL _Pragma("clang loop unroll(full)")

// The terms that are added up one after the other; what they give is added up in double.
#define LONGEST 1024

#define SQUARE(s, p) s += p * p
#define SIZE(s, p) s += __builtin_elementwise_abs(p)
#define CUBE(s, p) s += p * p * __builtin_elementwise_abs(p)

// Σ of a function of the differences, and a root of it.
#define DISTANCES(NAME, S, T, ADD, ROOT)                                                                      \
  FX_CLONES static void NAME##_##S(ptrdiff_t m, ptrdiff_t n, ptrdiff_t d, const T *x, const T *y, ptrdiff_t lead, T *out) { \
    enum { LANES = 64 / sizeof(T) };                                                                          \
    for (ptrdiff_t j = 0; j < n; j += 4 * LANES)                                                              \
      for (ptrdiff_t i = 0; i < m; i += 2) {                                                                  \
        const T *a = x + i * d, *b = i + 1 < m ? a + d : a;                                                   \
        S##_vector sums[8];                                                                                   \
        T flat[8 * LANES];                                                                                    \
        double totals[8 * LANES];                                                                             \
        if (d > LONGEST) memset(totals, 0, sizeof totals);                                                    \
        for (ptrdiff_t first = 0; first < d || first == 0; first += LONGEST) {                                \
          UNROLL for (int v = 0; v < 8; v++) sums[v] = (S##_vector){0};                                       \
          for (ptrdiff_t k = first, end = min_size(d, first + LONGEST); k < end; k++) {                       \
            const T *row = y + k * lead + j;                                                                  \
            UNROLL for (int v = 0; v < 4; v++) {                                                              \
              S##_vector c;                                                                                   \
              memcpy(&c, row + v * LANES, sizeof c);                                                          \
              S##_vector p = a[k] - c, q = b[k] - c;                                                          \
              ADD(sums[v], p);                                                                                \
              ADD(sums[4 + v], q);                                                                            \
            }                                                                                                 \
          }                                                                                                   \
          memcpy(flat, sums, sizeof flat);                                                                    \
          if (d > LONGEST) for (int l = 0; l < 8 * LANES; l++) totals[l] += (double)flat[l];                  \
        }                                                                                                     \
        if (d > LONGEST) for (int l = 0; l < 8 * LANES; l++) flat[l] = (T)totals[l];                          \
        for (int l = 0; l < 8 * LANES; l++) flat[l] = ROOT(flat[l]);                                          \
        size_t bytes = (size_t)min_size(4 * LANES, n - j) * sizeof(T);                                        \
        memcpy(out + i * n + j, flat, bytes);                                                                 \
        if (i + 1 < m) memcpy(out + (i + 1) * n + j, flat + 4 * LANES, bytes);                                \
      }                                                                                                       \
  }
#define ITSELF(x) (x)
#define CUBE_ROOT_f32(x) pow_f32(x, 1.0f / 3.0f)
#define CUBE_ROOT_f64(x) pow_f64(x, 1.0 / 3.0)
DISTANCES(euclidean, f32, float, SQUARE, sqrt_f32)
DISTANCES(euclidean, f64, double, SQUARE, sqrt_f64)
DISTANCES(city, f32, float, SIZE, ITSELF)
DISTANCES(city, f64, double, SIZE, ITSELF)
DISTANCES(cubic, f32, float, CUBE, CUBE_ROOT_f32)
DISTANCES(cubic, f64, double, CUBE, CUBE_ROOT_f64)

// The same for what vectors have no operation for, one row at a time: t is a difference's size. Extremes are NaN where a size is.
#define OTHER_DISTANCES(NAME, S, T, ADDS, START, STEP, ROOT)                                                  \
  FX_CLONES static void NAME##_##S(ptrdiff_t m, ptrdiff_t n, ptrdiff_t d, T order, const T *x, const T *y, ptrdiff_t lead, T *out) { \
    enum { WIDTH = 256 / sizeof(T) };                                                                         \
    T root = 1 / order;                                                                                       \
    (void)root;                                                                                               \
    for (ptrdiff_t j = 0; j < n; j += WIDTH)                                                                  \
      for (ptrdiff_t i = 0; i < m; i++) {                                                                     \
        T sums[WIDTH];                                                                                        \
        double totals[WIDTH];                                                                                 \
        if (ADDS && d > LONGEST) memset(totals, 0, sizeof totals);                                            \
        for (int l = 0; l < WIDTH; l++) sums[l] = START;                                                      \
        for (ptrdiff_t k = 0; k < d; k++) {                                                                   \
          if (ADDS && k > 0 && k % LONGEST == 0)                                                              \
            for (int l = 0; l < WIDTH; l++) totals[l] += (double)sums[l], sums[l] = 0;                        \
          const T *row = y + k * lead + j;                                                                    \
          T a = x[i * d + k];                                                                                 \
          for (int l = 0; l < WIDTH; l++) {                                                                   \
            T t = abs_##S(a - row[l]), s = sums[l];                                                           \
            sums[l] = STEP;                                                                                   \
          }                                                                                                   \
        }                                                                                                     \
        for (int l = 0; l < WIDTH; l++) {                                                                     \
          T s = ADDS && d > LONGEST ? (T)(totals[l] + (double)sums[l]) : sums[l];                             \
          sums[l] = ROOT;                                                                                     \
        }                                                                                                     \
        memcpy(out + i * n + j, sums, (size_t)min_size(WIDTH, n - j) * sizeof(T));                            \
      }                                                                                                       \
  }
OTHER_DISTANCES(power, f32, float, 1, 0, s + pow_f32(t, order), pow_f32(s, root))
OTHER_DISTANCES(power, f64, double, 1, 0, s + pow_f64(t, order), pow_f64(s, root))
OTHER_DISTANCES(largest, f32, float, 0, 0, ((t > s) | (t != t)) ? t : s, s)
OTHER_DISTANCES(largest, f64, double, 0, 0, ((t > s) | (t != t)) ? t : s, s)
OTHER_DISTANCES(smallest, f32, float, 0, __builtin_inff(), ((t < s) | (t != t)) ? t : s, s)
OTHER_DISTANCES(smallest, f64, double, 0, __builtin_inf(), ((t < s) | (t != t)) ? t : s, s)
OTHER_DISTANCES(different, f32, float, 1, 0, s + (t != 0 ? 1.0f : 0.0f), s)
OTHER_DISTANCES(different, f64, double, 1, 0, s + (t != 0 ? 1.0 : 0.0), s)

#define BY_ORDER(S, T)                                                                                        \
  static void distances_##S(ptrdiff_t m, ptrdiff_t n, ptrdiff_t d, double order, const T *x, const T *y, ptrdiff_t lead, T *out) { \
    if (order == 2) return euclidean_##S(m, n, d, x, y, lead, out);                                           \
    if (order == 1) return city_##S(m, n, d, x, y, lead, out);                                                \
    if (order == 3) return cubic_##S(m, n, d, x, y, lead, out);                                               \
    if (order == 0) return different_##S(m, n, d, 0, x, y, lead, out);                                        \
    if (order == __builtin_inf()) return largest_##S(m, n, d, 0, x, y, lead, out);                            \
    if (order == -__builtin_inf()) return smallest_##S(m, n, d, 0, x, y, lead, out);                          \
    power_##S(m, n, d, (T)order, x, y, lead, out);                                                            \
  }
BY_ORDER(f32, float)
BY_ORDER(f64, double)

void fx_distances(int dtype, ptrdiff_t m, ptrdiff_t n, ptrdiff_t d, double order, const void *x, const void *y, ptrdiff_t lead, void *out) {
  if (dtype == FX_F32) distances_f32(m, n, d, order, x, y, lead, out);
  if (dtype == FX_F64) distances_f64(m, n, d, order, x, y, lead, out);
}

// out[i, k] = Σⱼ c[i, j]·SLOPE for the difference t = x[i, k] − y[j, k], WIDTH columns at a time. Parts of 32 pairs are summed up by themselves,
// so that rounding does not grow with n. Where distances are extremes c goes to the differences of that size, `share` of it to each.
#define SLOPES(NAME, S, T, SHARES, SLOPE)                                                                     \
  FX_CLONES static void NAME##_##S(ptrdiff_t m, ptrdiff_t n, ptrdiff_t d, T power, const T *x, const T *y, const T *c, const T *r, \
                                   ptrdiff_t row, ptrdiff_t column, T *out) {                                 \
    enum { WIDTH = 64, PART = 32 };                                                                           \
    (void)power;                                                                                              \
    for (ptrdiff_t i = 0; i < m; i++)                                                                         \
      for (ptrdiff_t first = 0; first < d; first += WIDTH) {                                                  \
        ptrdiff_t width = min_size(WIDTH, d - first);                                                         \
        const T *a = x + i * d + first;                                                                       \
        T total[WIDTH] = {0};                                                                                 \
        double totals[WIDTH];                                                                                 \
        if (n > PART * LONGEST) memset(totals, 0, sizeof totals);                                             \
        for (ptrdiff_t start = 0; start < n; start += PART) {                                                 \
          if (start > 0 && start % (PART * LONGEST) == 0)                                                     \
            for (int l = 0; l < WIDTH; l++) totals[l] += (double)total[l], total[l] = 0;                      \
          T sums[WIDTH] = {0};                                                                                \
          for (ptrdiff_t j = start; j < min_size(n, start + PART); j++) {                                     \
            T s = c[i * row + j * column], size = SHARES ? r[i * row + j * column] : 0;                       \
            if (s == 0) continue;                                                                             \
            if (SHARES) {                                                                                     \
              T count = 0;                                                                                    \
              for (ptrdiff_t k = 0; k < d; k++) count += abs_##S(x[i * d + k] - y[j * d + k]) == size ? 1 : 0; \
              s /= count;                                                                                     \
            }                                                                                                 \
            (void)size;                                                                                       \
            const T *b = y + j * d + first;                                                                   \
            if (width == WIDTH)                                                                               \
              for (int l = 0; l < WIDTH; l++) {                                                               \
                T t = a[l] - b[l];                                                                            \
                sums[l] += s * (SLOPE);                                                                       \
              }                                                                                               \
            else                                                                                              \
              for (ptrdiff_t l = 0; l < width; l++) {                                                         \
                T t = a[l] - b[l];                                                                            \
                sums[l] += s * (SLOPE);                                                                       \
              }                                                                                               \
          }                                                                                                   \
          for (int l = 0; l < WIDTH; l++) total[l] += sums[l];                                                \
        }                                                                                                     \
        if (n > PART * LONGEST) for (int l = 0; l < WIDTH; l++) total[l] = (T)(totals[l] + (double)total[l]); \
        memcpy(out + i * d + first, total, (size_t)width * sizeof(T));                                        \
      }                                                                                                       \
  }
// The sign of a difference, 0 where there is none and NaN of NaN.
#define SIGN(t) ((t) > 0 ? 1 : (t) < 0 ? -1 : (t))
SLOPES(straight, f32, float, 0, t)
SLOPES(straight, f64, double, 0, t)
SLOPES(signs, f32, float, 0, SIGN(t))
SLOPES(signs, f64, double, 0, SIGN(t))
SLOPES(squares, f32, float, 0, t * abs_f32(t))
SLOPES(squares, f64, double, 0, t * abs_f64(t))
SLOPES(powers, f32, float, 0, t == 0 ? 0 : sign_from_f32(pow_f32(abs_f32(t), power), t))
SLOPES(powers, f64, double, 0, t == 0 ? 0 : sign_from_f64(pow_f64(abs_f64(t), power), t))
SLOPES(extremes, f32, float, 1, abs_f32(t) == size ? SIGN(t) : 0)
SLOPES(extremes, f64, double, 1, abs_f64(t) == size ? SIGN(t) : 0)

#define SLOPES_BY_ORDER(S, T)                                                                                 \
  static void slopes_##S(ptrdiff_t m, ptrdiff_t n, ptrdiff_t d, double order, const T *x, const T *y, const T *c, const T *r, \
                         ptrdiff_t row, ptrdiff_t column, T *out) {                                           \
    if (order == 2) return straight_##S(m, n, d, 0, x, y, c, r, row, column, out);                            \
    if (order == 1) return signs_##S(m, n, d, 0, x, y, c, r, row, column, out);                               \
    if (order == 3) return squares_##S(m, n, d, 0, x, y, c, r, row, column, out);                             \
    if (order == __builtin_inf() || order == -__builtin_inf()) return extremes_##S(m, n, d, 0, x, y, c, r, row, column, out); \
    powers_##S(m, n, d, (T)(order - 1), x, y, c, r, row, column, out);                                        \
  }
SLOPES_BY_ORDER(f32, float)
SLOPES_BY_ORDER(f64, double)

void fx_distance_slopes(int dtype, ptrdiff_t m, ptrdiff_t n, ptrdiff_t d, double order, const void *x, const void *y, const void *c,
                        const void *r, ptrdiff_t row, ptrdiff_t column, void *out) {
  if (dtype == FX_F32) slopes_f32(m, n, d, order, x, y, c, r, row, column, out);
  if (dtype == FX_F64) slopes_f64(m, n, d, order, x, y, c, r, row, column, out);
}
