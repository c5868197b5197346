// Factorisations and solutions of many small matrices at once, one in each lane of a vector.
//
// A call of LAPACK for a matrix of 8 × 8 takes longer to begin than to do. Here element (i, j) of sixteen matrices (of float64 eight) is
// one vector, so that the plain algorithms run without a thought for sizes; where their ways part, in the exchange of rows, lanes are
// chosen by masks. A lane's bits depend on its own matrix only. Rows are exchanged as LAPACK does it, for the largest element of a column.
#include "kernels.h"

#define MOST FX_SMALL_SYSTEM
// The columns of right sides at a time.
#define SIDES 8
// How far columns are apart in memory: an odd number of lines, so that they don't compete for places in the cache.
#define APART(n) ((n) | 1)
#define ROOM (APART(MOST) * MOST)

typedef float f32_group __attribute__((vector_size(64)));
typedef double f64_group __attribute__((vector_size(64)));
typedef int32_t f32_mask __attribute__((vector_size(64)));
typedef int64_t f64_mask __attribute__((vector_size(64)));

#define CHOOSE(S, m, a, b) ((S##_group)(((S##_mask)(a) & (m)) | ((S##_mask)(b) & ~(m))))
#define MAGNITUDE(S, I, x) ((S##_group)((S##_mask)(x) & ~((I)1 << (sizeof(I) * 8 - 1))))

#define SMALL_SYSTEMS(S, T, I)                                                                                                \
  enum { S##_count = 64 / sizeof(T) };                                                                                        \
  /* Lanes beyond the last matrix repeat it. */                                                                               \
  FX_INLINE void starts_##S(ptrdiff_t count, const T *x, ptrdiff_t step, const T *from[S##_count]) {                          \
    for (ptrdiff_t l = 0; l < S##_count; l++) from[l] = x + min_size(l, count - 1) * step;                                    \
  }                                                                                                                           \
  FX_INLINE void load_##S(const T *const from[S##_count], ptrdiff_t at, S##_group *out) {                                     \
    S##_group x;                                                                                                              \
    _Pragma("clang loop unroll(full)") for (int l = 0; l < S##_count; l++) x[l] = from[l][at];                                \
    *out = x;                                                                                                                 \
  }                                                                                                                           \
                                                                                                                              \
  /* What getrf does, by columns. A NaN is taken for the largest, so that it spreads. */                                      \
  FX_INLINE void factor_##S(ptrdiff_t n, S##_group *t, S##_mask *places, S##_mask *failure) {                                 \
    S##_mask failed = {0};                                                                                                    \
    ptrdiff_t lead = APART(n);                                                                                                \
    for (ptrdiff_t k = 0; k < n; k++) {                                                                                       \
      S##_group *column = t + k * lead, best = MAGNITUDE(S, I, column[k]);                                                    \
      S##_mask place = (S##_mask){0} + (I)k;                                                                                  \
      for (ptrdiff_t i = k + 1; i < n; i++) {                                                                                 \
        S##_group x = MAGNITUDE(S, I, column[i]);                                                                             \
        S##_mask better = (S##_mask)(x > best) | (S##_mask)(x != x);                                                          \
        best = CHOOSE(S, better, x, best);                                                                                    \
        place = (better & (I)i) | (place & ~better);                                                                          \
      }                                                                                                                       \
      places[k] = place;                                                                                                      \
      for (ptrdiff_t i = k + 1; i < n; i++) {                                                                                 \
        S##_mask here = (S##_mask)(place == (I)i);                                                                            \
        if (!__builtin_reduce_or(here)) continue;                                                                             \
        for (ptrdiff_t j = 0; j < n; j++) {                                                                                   \
          S##_group up = t[j * lead + i], down = t[j * lead + k];                                                             \
          t[j * lead + k] = CHOOSE(S, here, up, down);                                                                        \
          t[j * lead + i] = CHOOSE(S, here, down, up);                                                                        \
        }                                                                                                                     \
      }                                                                                                                       \
      S##_group pivot = column[k];                                                                                            \
      S##_mask none = (S##_mask)(pivot == 0);                                                                                 \
      failed |= none & (S##_mask)(failed == 0) & (I)(k + 1);                                                                  \
      for (ptrdiff_t i = k + 1; i < n; i++) column[i] = (S##_group)((S##_mask)(column[i] / pivot) & ~none);                   \
      for (ptrdiff_t j = k + 1; j < n; j++) {                                                                                 \
        S##_group *other = t + j * lead, x = other[k];                                                                        \
        for (ptrdiff_t i = k + 1; i < n; i++) other[i] -= column[i] * x;                                                      \
      }                                                                                                                       \
    }                                                                                                                         \
    *failure = failed;                                                                                                        \
  }                                                                                                                           \
                                                                                                                              \
  /* y = l⁻¹·y or u⁻¹·y; element (i, j) of the triangle at t[i·row + j·column]. */                                            \
  FX_INLINE void substitute_##S(ptrdiff_t n, ptrdiff_t sides, int is_upper, int is_unit, const S##_group *t, ptrdiff_t row,   \
                                ptrdiff_t column, S##_group *y) {                                                             \
    for (ptrdiff_t s = 0; s < n; s++) {                                                                                       \
      ptrdiff_t k = is_upper ? n - 1 - s : s, from = is_upper ? 0 : k + 1, to = is_upper ? k : n;                             \
      const S##_group *factors = t + k * column;                                                                              \
      for (ptrdiff_t c = 0; c < sides; c++) {                                                                                 \
        S##_group *out = y + c * n, x = is_unit ? out[k] : out[k] / factors[k * row];                                         \
        out[k] = x;                                                                                                           \
        for (ptrdiff_t i = from; i < to; i++) out[i] -= factors[i * row] * x;                                                 \
      }                                                                                                                       \
    }                                                                                                                         \
  }                                                                                                                           \
                                                                                                                              \
  FX_CLONES static void lu_##S(ptrdiff_t count, ptrdiff_t n, const T *x, ptrdiff_t step, ptrdiff_t row, ptrdiff_t column,     \
                               T *lu, int32_t *pivots, int32_t *infos) {                                                      \
    S##_group t[ROOM];                                                                                                        \
    S##_mask places[MOST], failed;                                                                                            \
    ptrdiff_t lead = APART(n);                                                                                                \
    const T *from[S##_count];                                                                                                 \
    starts_##S(count, x, step, from);                                                                                         \
    for (ptrdiff_t j = 0; j < n; j++)                                                                                         \
      for (ptrdiff_t i = 0; i < n; i++) load_##S(from, i * row + j * column, &t[j * lead + i]);                               \
    factor_##S(n, t, places, &failed);                                                                                        \
    const T *from_lanes = (const T *)t;                                                                                       \
    for (ptrdiff_t l = 0; l < count; l++, lu += n * n, pivots += n) {                                                         \
      for (ptrdiff_t j = 0; j < n; j++)                                                                                       \
        for (ptrdiff_t i = 0; i < n; i++) lu[j * n + i] = from_lanes[(j * lead + i) * S##_count + l];                         \
      for (ptrdiff_t k = 0; k < n; k++) pivots[k] = (int32_t)((const I *)(places + k))[l] + 1;                                \
      infos[l] = (int32_t)failed[l];                                                                                          \
    }                                                                                                                         \
  }                                                                                                                           \
                                                                                                                              \
  FX_CLONES static void solve_##S(ptrdiff_t count, ptrdiff_t n, ptrdiff_t sides, int is_transposed, const T *lu,              \
                                  const int32_t *pivots, T *b) {                                                              \
    S##_group t[ROOM], y[MOST * SIDES];                                                                                       \
    int32_t order[S##_count][MOST];                                                                                           \
    const T *from[S##_count], *lanes = (const T *)y;                                                                          \
    ptrdiff_t lead = APART(n);                                                                                                \
    starts_##S(count, lu, n * n, from);                                                                                       \
    for (ptrdiff_t j = 0; j < n; j++)                                                                                         \
      for (ptrdiff_t i = 0; i < n; i++) load_##S(from, j * n + i, &t[j * lead + i]);                                          \
    for (ptrdiff_t l = 0; l < S##_count; l++) {                                                                               \
      const int32_t *exchanges = pivots + min_size(l, count - 1) * n;                                                         \
      for (ptrdiff_t k = 0; k < n; k++) order[l][k] = (int32_t)k;                                                             \
      for (ptrdiff_t k = 0; k < n; k++) {                                                                                     \
        int32_t other = exchanges[k] - 1, kept = order[l][k];                                                                 \
        order[l][k] = order[l][other];                                                                                        \
        order[l][other] = kept;                                                                                               \
      }                                                                                                                       \
    }                                                                                                                         \
    starts_##S(count, b, sides * n, from);                                                                                    \
    for (ptrdiff_t c0 = 0; c0 < sides; c0 += SIDES) {                                                                         \
      ptrdiff_t width = min_size(SIDES, sides - c0);                                                                          \
      for (ptrdiff_t c = 0; c < width; c++)                                                                                   \
        for (ptrdiff_t i = 0; i < n; i++) {                                                                                   \
          S##_group x;                                                                                                        \
          _Pragma("clang loop unroll(full)") for (int l = 0; l < S##_count; l++)                                              \
            x[l] = from[l][(c0 + c) * n + (is_transposed ? i : order[l][i])];                                                 \
          y[c * n + i] = x;                                                                                                   \
        }                                                                                                                     \
      substitute_##S(n, width, 0, !is_transposed, t, is_transposed ? lead : 1, is_transposed ? 1 : lead, y);                  \
      substitute_##S(n, width, 1, is_transposed, t, is_transposed ? lead : 1, is_transposed ? 1 : lead, y);                   \
      for (ptrdiff_t l = 0; l < count; l++)                                                                                   \
        for (ptrdiff_t c = 0; c < width; c++) {                                                                               \
          T *out = b + (l * sides + c0 + c) * n;                                                                              \
          for (ptrdiff_t i = 0; i < n; i++) out[is_transposed ? order[l][i] : i] = lanes[(c * n + i) * S##_count + l];        \
        }                                                                                                                     \
    }                                                                                                                         \
  }                                                                                                                           \
                                                                                                                              \
  FX_CLONES static void inverse_##S(ptrdiff_t count, ptrdiff_t n, const T *x, ptrdiff_t step, ptrdiff_t row,                  \
                                    ptrdiff_t column, T *y, int32_t *infos) {                                                 \
    S##_group t[ROOM], out[MOST * SIDES];                                                                                     \
    S##_mask places[MOST], order[MOST], failed;                                                                               \
    ptrdiff_t lead = APART(n);                                                                                                \
    const T *from[S##_count], *lanes = (const T *)out;                                                                        \
    starts_##S(count, x, step, from);                                                                                         \
    for (ptrdiff_t j = 0; j < n; j++)                                                                                         \
      for (ptrdiff_t i = 0; i < n; i++) load_##S(from, i * row + j * column, &t[j * lead + i]);                               \
    factor_##S(n, t, places, &failed);                                                                                        \
    for (ptrdiff_t i = 0; i < n; i++) order[i] = (S##_mask){0} + (I)i;                                                        \
    for (ptrdiff_t k = 0; k < n; k++)                                                                                         \
      for (ptrdiff_t i = k + 1; i < n; i++) {                                                                                 \
        S##_mask here = (S##_mask)(places[k] == (I)i), up = order[i], down = order[k];                                        \
        order[k] = (up & here) | (down & ~here);                                                                              \
        order[i] = (down & here) | (up & ~here);                                                                              \
      }                                                                                                                       \
    for (ptrdiff_t c0 = 0; c0 < n; c0 += SIDES) {                                                                             \
      ptrdiff_t width = min_size(SIDES, n - c0);                                                                              \
      for (ptrdiff_t c = 0; c < width; c++)                                                                                   \
        for (ptrdiff_t i = 0; i < n; i++)                                                                                     \
          out[c * n + i] = (S##_group)((S##_mask)((S##_group){0} + 1) & (S##_mask)(order[i] == (I)(c0 + c)));                 \
      substitute_##S(n, width, 0, 1, t, 1, lead, out);                                                                        \
      substitute_##S(n, width, 1, 0, t, 1, lead, out);                                                                        \
      for (ptrdiff_t l = 0; l < count; l++) {                                                                                 \
        T *to = y + l * n * n + c0 * n;                                                                                       \
        for (ptrdiff_t e = 0; e < width * n; e++) to[e] = lanes[e * S##_count + l];                                           \
      }                                                                                                                       \
    }                                                                                                                         \
    for (ptrdiff_t l = 0; l < count; l++) infos[l] = (int32_t)failed[l];                                                      \
  }                                                                                                                           \
                                                                                                                              \
  FX_CLONES static void cholesky_##S(ptrdiff_t count, ptrdiff_t n, const T *x, ptrdiff_t step, ptrdiff_t row,                 \
                                     ptrdiff_t column, T *y, int32_t *infos) {                                                \
    S##_group t[ROOM];                                                                                                        \
    S##_mask failed = {0};                                                                                                    \
    const T *from[S##_count], *lanes = (const T *)t;                                                                          \
    starts_##S(count, x, step, from);                                                                                         \
    for (ptrdiff_t i = 0; i < n; i++) {                                                                                       \
      for (ptrdiff_t j = 0; j <= i; j++) load_##S(from, i * row + j * column, &t[i * n + j]);                                 \
      for (ptrdiff_t j = i + 1; j < n; j++) t[i * n + j] = (S##_group){0};                                                    \
    }                                                                                                                         \
    for (ptrdiff_t j = 0; j < n; j++) {                                                                                       \
      S##_group *top = t + j * n, d = top[j];                                                                                 \
      for (ptrdiff_t k = 0; k < j; k++) d -= top[k] * top[k];                                                                 \
      S##_group root = __builtin_elementwise_sqrt(d);                                                                         \
      /* Neither positive nor finite: NaN fails every comparison. */                                                          \
      S##_mask fits = (S##_mask)(d > 0) & (S##_mask)(root - root == 0);                                                       \
      failed |= ~fits & (S##_mask)(failed == 0) & (I)(j + 1);                                                                 \
      top[j] = root;                                                                                                          \
      for (ptrdiff_t i = j + 1; i < n; i++) {                                                                                 \
        S##_group *other = t + i * n, sum = other[j];                                                                         \
        for (ptrdiff_t k = 0; k < j; k++) sum -= other[k] * top[k];                                                           \
        other[j] = sum / root;                                                                                                \
      }                                                                                                                       \
    }                                                                                                                         \
    for (ptrdiff_t l = 0; l < count; l++, y += n * n) {                                                                       \
      for (ptrdiff_t e = 0; e < n * n; e++) y[e] = lanes[e * S##_count + l];                                                  \
      infos[l] = (int32_t)failed[l];                                                                                          \
    }                                                                                                                         \
  }                                                                                                                           \
                                                                                                                              \
  FX_CLONES static void triangular_##S(ptrdiff_t count, ptrdiff_t n, ptrdiff_t sides, int is_upper, int is_unit, const T *a,  \
                                       ptrdiff_t step, ptrdiff_t row, ptrdiff_t column, T *b) {                               \
    S##_group t[ROOM], y[MOST * SIDES];                                                                                       \
    const T *from[S##_count], *lanes = (const T *)y;                                                                          \
    ptrdiff_t lead = APART(n);                                                                                                \
    starts_##S(count, a, step, from);                                                                                         \
    /* Of the other triangle, and of a diagonal of ones, nothing is read. */                                                  \
    for (ptrdiff_t j = 0; j < n; j++)                                                                                         \
      for (ptrdiff_t i = is_upper ? 0 : j; i < (is_upper ? j + 1 : n); i++)                                                   \
        load_##S(from, i * row + j * column, &t[j * lead + i]);                                                               \
    starts_##S(count, b, n * sides, from);                                                                                    \
    for (ptrdiff_t c0 = 0; c0 < sides; c0 += SIDES) {                                                                         \
      ptrdiff_t width = min_size(SIDES, sides - c0);                                                                          \
      for (ptrdiff_t i = 0; i < n; i++)                                                                                       \
        for (ptrdiff_t c = 0; c < width; c++) load_##S(from, i * sides + c0 + c, &y[c * n + i]);                              \
      substitute_##S(n, width, is_upper, is_unit, t, 1, lead, y);                                                             \
      for (ptrdiff_t l = 0; l < count; l++)                                                                                   \
        for (ptrdiff_t i = 0; i < n; i++)                                                                                     \
          for (ptrdiff_t c = 0; c < width; c++)                                                                               \
            b[(l * n + i) * sides + c0 + c] = lanes[(c * n + i) * S##_count + l];                                             \
    }                                                                                                                         \
  }
SMALL_SYSTEMS(f32, float, int32_t)
SMALL_SYSTEMS(f64, double, int64_t)

// A group of lanes after the other.
#define GROUPS(size) for (ptrdiff_t lanes = 64 / size, g = 0; g < count; g += lanes)
#define REST min_size(lanes, count - g)

void fx_small_lu(int dtype, ptrdiff_t count, ptrdiff_t n, const void *x, ptrdiff_t step, ptrdiff_t row, ptrdiff_t column, void *lu,
                 int32_t *pivots, int32_t *infos) {
  if (dtype == FX_F32)
    GROUPS(4) lu_f32(REST, n, (const float *)x + g * step, step, row, column, (float *)lu + g * n * n, pivots + g * n, infos + g);
  if (dtype == FX_F64)
    GROUPS(8) lu_f64(REST, n, (const double *)x + g * step, step, row, column, (double *)lu + g * n * n, pivots + g * n, infos + g);
}

void fx_small_solve(int dtype, ptrdiff_t count, ptrdiff_t n, ptrdiff_t sides, int is_transposed, const void *lu, const int32_t *pivots,
                    void *b) {
  if (dtype == FX_F32)
    GROUPS(4) solve_f32(REST, n, sides, is_transposed, (const float *)lu + g * n * n, pivots + g * n, (float *)b + g * n * sides);
  if (dtype == FX_F64)
    GROUPS(8) solve_f64(REST, n, sides, is_transposed, (const double *)lu + g * n * n, pivots + g * n, (double *)b + g * n * sides);
}

void fx_small_inverse(int dtype, ptrdiff_t count, ptrdiff_t n, const void *x, ptrdiff_t step, ptrdiff_t row, ptrdiff_t column, void *y,
                      int32_t *infos) {
  if (dtype == FX_F32)
    GROUPS(4) inverse_f32(REST, n, (const float *)x + g * step, step, row, column, (float *)y + g * n * n, infos + g);
  if (dtype == FX_F64)
    GROUPS(8) inverse_f64(REST, n, (const double *)x + g * step, step, row, column, (double *)y + g * n * n, infos + g);
}

void fx_small_cholesky(int dtype, ptrdiff_t count, ptrdiff_t n, const void *x, ptrdiff_t step, ptrdiff_t row, ptrdiff_t column, void *y,
                       int32_t *infos) {
  if (dtype == FX_F32)
    GROUPS(4) cholesky_f32(REST, n, (const float *)x + g * step, step, row, column, (float *)y + g * n * n, infos + g);
  if (dtype == FX_F64)
    GROUPS(8) cholesky_f64(REST, n, (const double *)x + g * step, step, row, column, (double *)y + g * n * n, infos + g);
}

void fx_small_triangular(int dtype, ptrdiff_t count, ptrdiff_t n, ptrdiff_t sides, int is_upper, int is_unit, const void *a, ptrdiff_t step,
                         ptrdiff_t row, ptrdiff_t column, void *b) {
  if (dtype == FX_F32)
    GROUPS(4)
      triangular_f32(REST, n, sides, is_upper, is_unit, (const float *)a + g * step, step, row, column, (float *)b + g * n * sides);
  if (dtype == FX_F64)
    GROUPS(8)
      triangular_f64(REST, n, sides, is_upper, is_unit, (const double *)a + g * step, step, row, column, (double *)b + g * n * sides);
}
