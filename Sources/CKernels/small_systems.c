// Factorisations and solutions of many small matrices at once, one in each lane of a vector.
//
// A call of LAPACK for a matrix of 8 × 8 takes longer to begin than to do. Here element (i, j) of sixteen matrices (of float64 eight) is
// one vector, so that the plain algorithms run without a thought for sizes; where their ways part, in the exchange of rows, lanes are
// chosen by masks. A lane's bits depend on its own matrix only. Rows are exchanged as LAPACK does it, for the largest element of a column.
#ifndef FX_PASS
#define FX_FILE "small_systems.c"
#define FX_FLOATS
#include "kernels.h"

#define MOST FX_SMALL_SYSTEM
// The columns of right sides at a time.
#define SIDES 8
// How far columns are apart in memory: an odd number of lines, so that they don't compete for places in the cache.
#define APART(n) ((n) | 1)
#define ROOM (APART(MOST) * MOST)

#include "targets.h"

void fx_small_lu(int dtype, ptrdiff_t count, ptrdiff_t n, const void *x, ptrdiff_t step, ptrdiff_t row, ptrdiff_t column, void *lu,
                 int32_t *pivots, int32_t *infos) {
  FX_DISPATCH(dtype, lu, count, n, x, step, row, column, lu, pivots, infos);
}

void fx_small_solve(int dtype, ptrdiff_t count, ptrdiff_t n, ptrdiff_t sides, int is_transposed, const void *lu, const int32_t *pivots,
                    void *b) {
  FX_DISPATCH(dtype, solve, count, n, sides, is_transposed, lu, pivots, b);
}

void fx_small_inverse(int dtype, ptrdiff_t count, ptrdiff_t n, const void *x, ptrdiff_t step, ptrdiff_t row, ptrdiff_t column, void *y,
                      int32_t *infos) {
  FX_DISPATCH(dtype, inverse, count, n, x, step, row, column, y, infos);
}

void fx_small_cholesky(int dtype, ptrdiff_t count, ptrdiff_t n, const void *x, ptrdiff_t step, ptrdiff_t row, ptrdiff_t column, void *y,
                       int32_t *infos) {
  FX_DISPATCH(dtype, cholesky, count, n, x, step, row, column, y, infos);
}

void fx_small_triangular(int dtype, ptrdiff_t count, ptrdiff_t n, ptrdiff_t sides, int is_upper, int is_unit, const void *a, ptrdiff_t step,
                         ptrdiff_t row, ptrdiff_t column, void *b) {
  FX_DISPATCH(dtype, triangular, count, n, sides, is_upper, is_unit, a, step, row, column, b);
}

#else

#define GROUP FX(group)
#define MASK FX(mask)
#define COUNT (64 / (ptrdiff_t)sizeof(T))
typedef T GROUP __attribute__((vector_size(64)));
typedef FX_WORD MASK __attribute__((vector_size(64)));

#define CHOOSE(m, a, b) ((GROUP)(((MASK)(a) & (m)) | ((MASK)(b) & ~(m))))
#define MAGNITUDE(x) ((GROUP)((MASK)(x) & ((MASK){0} + (FX_WORD)~((FX_UNSIGNED)1 << (8 * sizeof(T) - 1)))))

// Lanes beyond the last matrix repeat it.
FX_INLINE void FX(starts)(ptrdiff_t count, const T *x, ptrdiff_t step, const T *from[COUNT]) {
  for (ptrdiff_t l = 0; l < COUNT; l++) from[l] = x + min_size(l, count - 1) * step;
}
FX_INLINE void FX(load)(const T *const from[COUNT], ptrdiff_t at, GROUP *out) {
  GROUP x;
  _Pragma("clang loop unroll(full)") for (int l = 0; l < COUNT; l++) x[l] = from[l][at];
  *out = x;
}

// What getrf does, by columns. A NaN is taken for the largest, so that it spreads.
FX_FUNCTION void FX(factor)(ptrdiff_t n, GROUP *t, MASK *places, MASK *failure) {
  MASK failed = {0};
  ptrdiff_t lead = APART(n);
  for (ptrdiff_t k = 0; k < n; k++) {
    GROUP *column = t + k * lead, best = MAGNITUDE(column[k]);
    MASK place = (MASK){0} + (FX_WORD)k;
    for (ptrdiff_t i = k + 1; i < n; i++) {
      GROUP x = MAGNITUDE(column[i]);
      MASK better = (MASK)(x > best) | (MASK)(x != x);
      best = CHOOSE(better, x, best);
      place = (better & (FX_WORD)i) | (place & ~better);
    }
    places[k] = place;
    for (ptrdiff_t i = k + 1; i < n; i++) {
      MASK here = (MASK)(place == (FX_WORD)i);
      if (!__builtin_reduce_or(here)) continue;
      for (ptrdiff_t j = 0; j < n; j++) {
        GROUP up = t[j * lead + i], down = t[j * lead + k];
        t[j * lead + k] = CHOOSE(here, up, down);
        t[j * lead + i] = CHOOSE(here, down, up);
      }
    }
    GROUP pivot = column[k];
    MASK none = (MASK)(pivot == 0);
    failed |= none & (MASK)(failed == 0) & (FX_WORD)(k + 1);
    for (ptrdiff_t i = k + 1; i < n; i++) column[i] = (GROUP)((MASK)(column[i] / pivot) & ~none);
    for (ptrdiff_t j = k + 1; j < n; j++) {
      GROUP *other = t + j * lead, x = other[k];
      for (ptrdiff_t i = k + 1; i < n; i++) other[i] -= column[i] * x;
    }
  }
  *failure = failed;
}

// y = l⁻¹·y or u⁻¹·y; element (i, j) of the triangle at t[i·row + j·column].
FX_FUNCTION void FX(substitute)(ptrdiff_t n, ptrdiff_t sides, int is_upper, int is_unit, const GROUP *t, ptrdiff_t row,
                              ptrdiff_t column, GROUP *y) {
  for (ptrdiff_t s = 0; s < n; s++) {
    ptrdiff_t k = is_upper ? n - 1 - s : s, from = is_upper ? 0 : k + 1, to = is_upper ? k : n;
    const GROUP *factors = t + k * column;
    for (ptrdiff_t c = 0; c < sides; c++) {
      GROUP *out = y + c * n, x = is_unit ? out[k] : out[k] / factors[k * row];
      out[k] = x;
      for (ptrdiff_t i = from; i < to; i++) out[i] -= factors[i * row] * x;
    }
  }
}

FX_FUNCTION void FX(group_lu)(ptrdiff_t count, ptrdiff_t n, const T *x, ptrdiff_t step, ptrdiff_t row, ptrdiff_t column,
                             T *lu, int32_t *pivots, int32_t *infos) {
  GROUP t[ROOM];
  MASK places[MOST], failed;
  ptrdiff_t lead = APART(n);
  const T *from[COUNT];
  FX(starts)(count, x, step, from);
  for (ptrdiff_t j = 0; j < n; j++)
    for (ptrdiff_t i = 0; i < n; i++) FX(load)(from, i * row + j * column, &t[j * lead + i]);
  FX(factor)(n, t, places, &failed);
  const T *from_lanes = (const T *)t;
  for (ptrdiff_t l = 0; l < count; l++, lu += n * n, pivots += n) {
    for (ptrdiff_t j = 0; j < n; j++)
      for (ptrdiff_t i = 0; i < n; i++) lu[j * n + i] = from_lanes[(j * lead + i) * COUNT + l];
    for (ptrdiff_t k = 0; k < n; k++) pivots[k] = (int32_t)((const FX_WORD *)(places + k))[l] + 1;
    infos[l] = (int32_t)failed[l];
  }
}

FX_FUNCTION void FX(group_solve)(ptrdiff_t count, ptrdiff_t n, ptrdiff_t sides, int is_transposed, const T *lu,
                                const int32_t *pivots, T *b) {
  GROUP t[ROOM], y[MOST * SIDES];
  int32_t order[COUNT][MOST];
  const T *from[COUNT], *lanes = (const T *)y;
  ptrdiff_t lead = APART(n);
  FX(starts)(count, lu, n * n, from);
  for (ptrdiff_t j = 0; j < n; j++)
    for (ptrdiff_t i = 0; i < n; i++) FX(load)(from, j * n + i, &t[j * lead + i]);
  for (ptrdiff_t l = 0; l < COUNT; l++) {
    const int32_t *exchanges = pivots + min_size(l, count - 1) * n;
    for (ptrdiff_t k = 0; k < n; k++) order[l][k] = (int32_t)k;
    for (ptrdiff_t k = 0; k < n; k++) {
      int32_t other = exchanges[k] - 1, kept = order[l][k];
      order[l][k] = order[l][other];
      order[l][other] = kept;
    }
  }
  FX(starts)(count, b, sides * n, from);
  for (ptrdiff_t c0 = 0; c0 < sides; c0 += SIDES) {
    ptrdiff_t width = min_size(SIDES, sides - c0);
    for (ptrdiff_t c = 0; c < width; c++)
      for (ptrdiff_t i = 0; i < n; i++) {
        GROUP x;
        _Pragma("clang loop unroll(full)") for (int l = 0; l < COUNT; l++)
          x[l] = from[l][(c0 + c) * n + (is_transposed ? i : order[l][i])];
        y[c * n + i] = x;
      }
    FX(substitute)(n, width, 0, !is_transposed, t, is_transposed ? lead : 1, is_transposed ? 1 : lead, y);
    FX(substitute)(n, width, 1, is_transposed, t, is_transposed ? lead : 1, is_transposed ? 1 : lead, y);
    for (ptrdiff_t l = 0; l < count; l++)
      for (ptrdiff_t c = 0; c < width; c++) {
        T *out = b + (l * sides + c0 + c) * n;
        for (ptrdiff_t i = 0; i < n; i++) out[is_transposed ? order[l][i] : i] = lanes[(c * n + i) * COUNT + l];
      }
  }
}

FX_FUNCTION void FX(group_inverse)(ptrdiff_t count, ptrdiff_t n, const T *x, ptrdiff_t step, ptrdiff_t row,
                                  ptrdiff_t column, T *y, int32_t *infos) {
  GROUP t[ROOM], out[MOST * SIDES];
  MASK places[MOST], order[MOST], failed;
  ptrdiff_t lead = APART(n);
  const T *from[COUNT], *lanes = (const T *)out;
  FX(starts)(count, x, step, from);
  for (ptrdiff_t j = 0; j < n; j++)
    for (ptrdiff_t i = 0; i < n; i++) FX(load)(from, i * row + j * column, &t[j * lead + i]);
  FX(factor)(n, t, places, &failed);
  for (ptrdiff_t i = 0; i < n; i++) order[i] = (MASK){0} + (FX_WORD)i;
  for (ptrdiff_t k = 0; k < n; k++)
    for (ptrdiff_t i = k + 1; i < n; i++) {
      MASK here = (MASK)(places[k] == (FX_WORD)i), up = order[i], down = order[k];
      order[k] = (up & here) | (down & ~here);
      order[i] = (down & here) | (up & ~here);
    }
  for (ptrdiff_t c0 = 0; c0 < n; c0 += SIDES) {
    ptrdiff_t width = min_size(SIDES, n - c0);
    for (ptrdiff_t c = 0; c < width; c++)
      for (ptrdiff_t i = 0; i < n; i++)
        out[c * n + i] = (GROUP)((MASK)((GROUP){0} + 1) & (MASK)(order[i] == (FX_WORD)(c0 + c)));
    FX(substitute)(n, width, 0, 1, t, 1, lead, out);
    FX(substitute)(n, width, 1, 0, t, 1, lead, out);
    for (ptrdiff_t l = 0; l < count; l++) {
      T *to = y + l * n * n + c0 * n;
      for (ptrdiff_t e = 0; e < width * n; e++) to[e] = lanes[e * COUNT + l];
    }
  }
  for (ptrdiff_t l = 0; l < count; l++) infos[l] = (int32_t)failed[l];
}

FX_FUNCTION void FX(group_cholesky)(ptrdiff_t count, ptrdiff_t n, const T *x, ptrdiff_t step, ptrdiff_t row,
                                   ptrdiff_t column, T *y, int32_t *infos) {
  GROUP t[ROOM];
  MASK failed = {0};
  const T *from[COUNT], *lanes = (const T *)t;
  FX(starts)(count, x, step, from);
  for (ptrdiff_t i = 0; i < n; i++) {
    for (ptrdiff_t j = 0; j <= i; j++) FX(load)(from, i * row + j * column, &t[i * n + j]);
    for (ptrdiff_t j = i + 1; j < n; j++) t[i * n + j] = (GROUP){0};
  }
  for (ptrdiff_t j = 0; j < n; j++) {
    GROUP *top = t + j * n, d = top[j];
    for (ptrdiff_t k = 0; k < j; k++) d -= top[k] * top[k];
    GROUP root = __builtin_elementwise_sqrt(d);
    // Neither positive nor finite: NaN fails every comparison.
    MASK fits = (MASK)(d > 0) & (MASK)(root - root == 0);
    failed |= ~fits & (MASK)(failed == 0) & (FX_WORD)(j + 1);
    top[j] = root;
    for (ptrdiff_t i = j + 1; i < n; i++) {
      GROUP *other = t + i * n, sum = other[j];
      for (ptrdiff_t k = 0; k < j; k++) sum -= other[k] * top[k];
      other[j] = sum / root;
    }
  }
  for (ptrdiff_t l = 0; l < count; l++, y += n * n) {
    for (ptrdiff_t e = 0; e < n * n; e++) y[e] = lanes[e * COUNT + l];
    infos[l] = (int32_t)failed[l];
  }
}

FX_FUNCTION void FX(group_triangular)(ptrdiff_t count, ptrdiff_t n, ptrdiff_t sides, int is_upper, int is_unit, const T *a,
                                     ptrdiff_t step, ptrdiff_t row, ptrdiff_t column, T *b) {
  GROUP t[ROOM], y[MOST * SIDES];
  const T *from[COUNT], *lanes = (const T *)y;
  ptrdiff_t lead = APART(n);
  FX(starts)(count, a, step, from);
  // Of the other triangle, and of a diagonal of ones, nothing is read.
  for (ptrdiff_t j = 0; j < n; j++)
    for (ptrdiff_t i = is_upper ? 0 : j; i < (is_upper ? j + 1 : n); i++)
      FX(load)(from, i * row + j * column, &t[j * lead + i]);
  FX(starts)(count, b, n * sides, from);
  for (ptrdiff_t c0 = 0; c0 < sides; c0 += SIDES) {
    ptrdiff_t width = min_size(SIDES, sides - c0);
    for (ptrdiff_t i = 0; i < n; i++)
      for (ptrdiff_t c = 0; c < width; c++) FX(load)(from, i * sides + c0 + c, &y[c * n + i]);
    FX(substitute)(n, width, is_upper, is_unit, t, 1, lead, y);
    for (ptrdiff_t l = 0; l < count; l++)
      for (ptrdiff_t i = 0; i < n; i++)
        for (ptrdiff_t c = 0; c < width; c++)
          b[(l * n + i) * sides + c0 + c] = lanes[(c * n + i) * COUNT + l];
  }
}

// A group of lanes after the other.
#define EACH_GROUP for (ptrdiff_t g = 0; g < count; g += COUNT)
#define REST min_size(COUNT, count - g)

static void FX(lu)(ptrdiff_t count, ptrdiff_t n, const T *x, ptrdiff_t step, ptrdiff_t row, ptrdiff_t column, T *lu, int32_t *pivots,
                   int32_t *infos) {
  EACH_GROUP FX(group_lu)(REST, n, x + g * step, step, row, column, lu + g * n * n, pivots + g * n, infos + g);
}

static void FX(solve)(ptrdiff_t count, ptrdiff_t n, ptrdiff_t sides, int is_transposed, const T *lu, const int32_t *pivots, T *b) {
  EACH_GROUP FX(group_solve)(REST, n, sides, is_transposed, lu + g * n * n, pivots + g * n, b + g * n * sides);
}

static void FX(inverse)(ptrdiff_t count, ptrdiff_t n, const T *x, ptrdiff_t step, ptrdiff_t row, ptrdiff_t column, T *y, int32_t *infos) {
  EACH_GROUP FX(group_inverse)(REST, n, x + g * step, step, row, column, y + g * n * n, infos + g);
}

static void FX(cholesky)(ptrdiff_t count, ptrdiff_t n, const T *x, ptrdiff_t step, ptrdiff_t row, ptrdiff_t column, T *y, int32_t *infos) {
  EACH_GROUP FX(group_cholesky)(REST, n, x + g * step, step, row, column, y + g * n * n, infos + g);
}

static void FX(triangular)(ptrdiff_t count, ptrdiff_t n, ptrdiff_t sides, int is_upper, int is_unit, const T *a, ptrdiff_t step, ptrdiff_t row,
                           ptrdiff_t column, T *b) {
  EACH_GROUP FX(group_triangular)(REST, n, sides, is_upper, is_unit, a + g * step, step, row, column, b + g * n * sides);
}

#undef GROUP
#undef MASK
#undef COUNT
#undef CHOOSE
#undef MAGNITUDE

#endif
