// Softmax, its logarithm, log-sum-exp and the gradients: along rows, along many short ones, and along an axis that is not the last.
#ifndef FX_PASS
#define FX_FILE "softmax.c"
#define FX_FLOATS
#include "math32.h"
#include "turned.h"

// Elements of a group of rows.
#define GROUP 2048
#define STRIP FX_SOFTMAX_STRIP
#define STRETCH 64
#define EACH_COLUMN for (ptrdiff_t c = 0; c < STRIP; c++)

#include "targets.h"

// Whether rows are short enough, and enough, for tiles of which so many are in use at once: they have to fit into the first-level cache.
static int in_tiles(int dtype, ptrdiff_t rows, ptrdiff_t n, int tiles) {
  ptrdiff_t bytes = tiles * n * TILE * (dtype == FX_F32 ? 4 : 8);
  return rows >= FEW_ROWS && n <= SHORT_ROW && bytes <= 1 << 15;
}

void fx_softmax(int dtype, int logarithmic, ptrdiff_t rows, ptrdiff_t n, const void *x, void *y) {
  if (n <= 0) return;
  if (in_tiles(dtype, rows, n, 2)) FX_DISPATCH(dtype, tiles_softmax, logarithmic, rows, n, x, y);
  else FX_DISPATCH(dtype, rows_softmax, logarithmic, rows, n, x, y);
}

void fx_softmax_backward(int dtype, int logarithmic, ptrdiff_t rows, ptrdiff_t n, const void *y, const void *dy, void *dx) {
  if (n <= 0) return;
  if (in_tiles(dtype, rows, n, 3)) FX_DISPATCH(dtype, tiles_backward, logarithmic, rows, n, y, dy, dx);
  else if (logarithmic) FX_DISPATCH(dtype, rows_log_backward, rows, n, y, dy, dx);
  else FX_DISPATCH(dtype, rows_backward, rows, n, y, dy, dx);
}

void fx_logsumexp(int dtype, ptrdiff_t rows, ptrdiff_t n, const void *x, void *y) {
  if (n <= 0) return;
  if (in_tiles(dtype, rows, n, 2)) FX_DISPATCH(dtype, tiles_logsumexp, rows, n, x, y);
  else FX_DISPATCH(dtype, rows_logsumexp, rows, n, x, y);
}

void fx_cross_entropy_backward(int dtype, ptrdiff_t rows, ptrdiff_t n, const void *x, const int64_t *labels, const void *dy, void *dx) {
  if (n <= 0) return;
  if (in_tiles(dtype, rows, n, 2)) FX_DISPATCH(dtype, tiles_cross_entropy_backward, rows, n, x, labels, dy, dx);
  else FX_DISPATCH(dtype, rows_cross_entropy_backward, rows, n, x, labels, dy, dx);
}

void fx_softmax_columns(int dtype, int logarithmic, ptrdiff_t n, ptrdiff_t inner, ptrdiff_t from, ptrdiff_t to, const void *x, void *y,
                        void *memory) {
  FX_DISPATCH(dtype, columns_softmax, logarithmic, n, inner, from, to, x, y, memory);
}

void fx_softmax_columns_backward(int dtype, int logarithmic, ptrdiff_t n, ptrdiff_t inner, ptrdiff_t from, ptrdiff_t to, const void *y,
                                 const void *dy, void *dx, void *memory) {
  FX_DISPATCH(dtype, columns_backward, logarithmic, n, inner, from, to, y, dy, dx, memory);
}

void fx_logsumexp_columns(int dtype, ptrdiff_t n, ptrdiff_t inner, ptrdiff_t from, ptrdiff_t to, const void *x, void *y, void *memory) {
  FX_DISPATCH(dtype, columns_logsumexp, n, inner, from, to, x, y, memory);
}

#else

#include "turned.h"
#define REDUCTION sum
#define TOTAL T
#define INIT 0
#define STEP l + v
#include "reduction.h"
#define REDUCTION max
#define TOTAL T
#define INIT FX_LOWEST
#define STEP ((v > l) | (v != v)) ? v : l
#define BETTER >
#include "reduction.h"

// The gradient of a row's cross-entropy where the largest logits are +∞: they share the probability, as in the limit of equal ones.
static void FX(infinite_row)(ptrdiff_t n, const T *x, int64_t label, T g, T *dx) {
  ptrdiff_t count = 0;
  for (ptrdiff_t j = 0; j < n; j++) count += x[j] == FX_HIGHEST;
  for (ptrdiff_t j = 0; j < n; j++) dx[j] = x[j] == FX_HIGHEST ? g / (T)count : 0;
  dx[label] -= g;
}

// MARK: Rows. They are taken in groups of about 2,048 elements, so that the exponentials are one vector loop over the group; of long ones a group is
// one row, in blocks.

// Σ exp(x − shift) of a row longer than a group; the exponentials go to y if it is given.
static T FX(exp_sum)(ptrdiff_t n, const T *x, T shift, T *y) {
  T block[BLOCK];
  FX(cascade_sum) c;
  c.count = 0, c.depth = 0;
  for (ptrdiff_t i = 0; i < n; i += BLOCK) {
    ptrdiff_t count = min_size(BLOCK, n - i);
    for (ptrdiff_t j = 0; j < count; j++) block[j] = FX_OF(exp_falling)(shift - x[i + j]);
    FX(push_sum)(&c, FX(block_sum)(count, block));
    if (y) memcpy(y + i, block, (size_t)count * sizeof(T));
  }
  return FX(total_sum)(&c);
}

// Of elements less their row's largest.
static void FX(exp_all)(ptrdiff_t n, T *x) {
  for (ptrdiff_t j = 0; j < n; j++) x[j] = FX_OF(exp_falling)(-x[j]);
}

// Each row's largest element, and the sum of its exponentials relative to that; those are in e, or of a row longer than a group in `kept` if given.
static void FX(exp_sums)(ptrdiff_t rows, ptrdiff_t n, const T *x, T *e, T *shift, T *sums, T *kept) {
  for (ptrdiff_t r = 0; r < rows; r++) {
    const T *row = x + r * n;
    T *to = e + r * n, most = FX(row_max)(n, row);
    shift[r] = most;
    if (n <= GROUP) FX_INDEPENDENT for (ptrdiff_t j = 0; j < n; j++) to[j] = row[j] - most;
  }
  if (n <= GROUP) FX(exp_all)(rows * n, e);
  for (ptrdiff_t r = 0; r < rows; r++) sums[r] = n <= GROUP ? FX(row_sum)(n, e + r * n) : FX(exp_sum)(n, x, shift[0], kept);
}

static void FX(rows_softmax)(int logarithmic, ptrdiff_t rows, ptrdiff_t n, const T *x, T *y) {
  T e[GROUP], shift[GROUP], sums[GROUP];
  ptrdiff_t group = max_size(1, GROUP / n);
  for (ptrdiff_t start = 0; start < rows; start += group, x += group * n, y += group * n) {
    ptrdiff_t count = min_size(group, rows - start);
    FX(exp_sums)(count, n, x, e, shift, sums, logarithmic ? NULL : y);
    if (logarithmic)
      for (ptrdiff_t r = 0; r < count; r++) sums[r] = FX_OF(log)(sums[r]);
    for (ptrdiff_t r = 0; r < count; r++) {
      T *out = y + r * n, sum = sums[r], most = shift[r];
      const T *in = logarithmic ? x + r * n : n <= GROUP ? e + r * n : y;
      if (logarithmic)
        FX_INDEPENDENT for (ptrdiff_t j = 0; j < n; j++) out[j] = (in[j] - most) - sum;
      else
        FX_INDEPENDENT for (ptrdiff_t j = 0; j < n; j++) out[j] = in[j] / sum;
    }
  }
}

static void FX(rows_backward)(ptrdiff_t rows, ptrdiff_t n, const T *y, const T *dy, T *dx) {
  T block[BLOCK];
  for (ptrdiff_t r = 0; r < rows; r++, y += n, dy += n, dx += n) {
    FX(cascade_sum) c;
    c.count = 0, c.depth = 0;
    for (ptrdiff_t i = 0; i < n; i += BLOCK) {
      ptrdiff_t count = min_size(BLOCK, n - i);
      for (ptrdiff_t j = 0; j < count; j++) block[j] = y[i + j] * dy[i + j];
      FX(push_sum)(&c, FX(block_sum)(count, block));
    }
    T sum = FX(total_sum)(&c);
    FX_INDEPENDENT for (ptrdiff_t j = 0; j < n; j++) dx[j] = y[j] * (dy[j] - sum);
  }
}

// What counts nothing, a row of zeros in dy, has no gradient, whatever its probabilities.
static void FX(rows_log_backward)(ptrdiff_t rows, ptrdiff_t n, const T *y, const T *dy, T *dx) {
  T e[GROUP];
  ptrdiff_t group = max_size(1, GROUP / n);
  for (ptrdiff_t start = 0; start < rows; start += group) {
    ptrdiff_t count = min_size(group, rows - start);
    if (n <= GROUP) {
      memcpy(e, y, (size_t)(count * n) * sizeof(T));
      FX(exp_all)(count * n, e);
    }
    for (ptrdiff_t r = 0; r < count; r++, y += n, dy += n, dx += n) {
      T sum = FX(row_sum)(n, dy);
      const T *p = e + r * n;
      if (sum == 0)
        memmove(dx, dy, (size_t)n * sizeof(T));
      else if (n <= GROUP)
        FX_INDEPENDENT for (ptrdiff_t j = 0; j < n; j++) dx[j] = dy[j] - p[j] * sum;
      else
        FX_INDEPENDENT for (ptrdiff_t j = 0; j < n; j++) dx[j] = dy[j] - FX_OF(exp)(y[j]) * sum;
    }
  }
}

// A row's largest element is the shift, or if it is infinite or NaN the result.
FX_INLINE T FX(shifted_log)(T most, T sum) { return FX_OF(abs)(most) < FX_HIGHEST ? most + FX_OF(log)(sum) : most; }

static void FX(rows_logsumexp)(ptrdiff_t rows, ptrdiff_t n, const T *x, T *y) {
  T e[GROUP], shift[GROUP];
  ptrdiff_t group = max_size(1, GROUP / n);
  for (ptrdiff_t start = 0; start < rows; start += group, x += group * n, y += group) {
    ptrdiff_t count = min_size(group, rows - start);
    FX(exp_sums)(count, n, x, e, shift, y, NULL);
    for (ptrdiff_t r = 0; r < count; r++) y[r] = FX(shifted_log)(shift[r], y[r]);
  }
}

// At the label p − 1 is taken as eᶻ − 1, which keeps its digits when the model is nearly certain.
static void FX(rows_cross_entropy_backward)(ptrdiff_t rows, ptrdiff_t n, const T *x, const int64_t *labels, const T *dy, T *dx) {
  T e[GROUP], shift[GROUP], sums[GROUP], at_label[GROUP];
  ptrdiff_t group = max_size(1, GROUP / n);
  for (ptrdiff_t start = 0; start < rows; start += group) {
    ptrdiff_t count = min_size(group, rows - start);
    FX(exp_sums)(count, n, x, e, shift, sums, dx);
    for (ptrdiff_t r = 0; r < count; r++) {
      int64_t label = labels[start + r];
      at_label[r] = label < 0 ? 0 : x[r * n + label] - shift[r];
    }
    for (ptrdiff_t r = 0; r < count; r++) at_label[r] = FX_OF(expm1)(at_label[r] - FX_OF(log)(sums[r]));
    for (ptrdiff_t r = 0; r < count; r++, x += n, dx += n) {
      int64_t label = labels[start + r];
      T g = dy[start + r], sum = sums[r];
      const T *p = n <= GROUP ? e + r * n : dx;
      if (label < 0 || g == 0) {
        memset(dx, 0, (size_t)n * sizeof(T));
      } else if (shift[r] == FX_HIGHEST) {
        FX(infinite_row)(n, x, label, g, dx);
      } else {
        FX_INDEPENDENT for (ptrdiff_t j = 0; j < n; j++) dx[j] = g * (p[j] / sum);
        dx[label] = g * at_label[r];
      }
    }
  }
}

// MARK: Many short rows, a tile of rows at a time: operation for operation as above, so that a row has the same bits there.

// x less each row's largest element in the tile, their exponentials in e, and the sums of those.
static void FX(tile_exp_sums)(ptrdiff_t count, ptrdiff_t n, const T *x, T *tile, T *e, T *largest, T *sums) {
  FX(turn)(count, n, x, n, 1, tile);
  FX(tile_max)(n, tile, largest);
  for (ptrdiff_t j = 0; j < n; j++) EACH_ROW {
    T v = tile[j * TILE + r] - largest[r];
    tile[j * TILE + r] = v;
    e[j * TILE + r] = FX_OF(exp_falling)(-v);
  }
  FX(tile_sum)(n, e, sums);
}

static void FX(tiles_softmax)(int logarithmic, ptrdiff_t rows, ptrdiff_t n, const T *x, T *y) {
  T tile[SHORT_ROW * TILE], e[SHORT_ROW * TILE], largest[TILE], sums[TILE];
  if (rows < TILE) memset(tile, 0, (size_t)n * TILE * sizeof *tile);
  for (ptrdiff_t start = 0; start < rows; start += TILE) {
    ptrdiff_t count = min_size(TILE, rows - start);
    FX(tile_exp_sums)(count, n, x + start * n, tile, e, largest, sums);
    if (logarithmic) {
      EACH_ROW sums[r] = FX_OF(log)(sums[r]);
      for (ptrdiff_t j = 0; j < n; j++) EACH_ROW e[j * TILE + r] = tile[j * TILE + r] - sums[r];
    } else {
      for (ptrdiff_t j = 0; j < n; j++) EACH_ROW e[j * TILE + r] /= sums[r];
    }
    FX(unturn)(count, n, e, n, y + start * n);
  }
}

static void FX(tiles_logsumexp)(ptrdiff_t rows, ptrdiff_t n, const T *x, T *y) {
  T tile[SHORT_ROW * TILE], e[SHORT_ROW * TILE], largest[TILE], sums[TILE];
  if (rows < TILE) memset(tile, 0, (size_t)n * TILE * sizeof *tile);
  for (ptrdiff_t start = 0; start < rows; start += TILE) {
    ptrdiff_t count = min_size(TILE, rows - start);
    FX(tile_exp_sums)(count, n, x + start * n, tile, e, largest, sums);
    EACH_ROW sums[r] = FX(shifted_log)(largest[r], sums[r]);
    memcpy(y + start, sums, (size_t)count * sizeof(T));
  }
}

static void FX(tiles_backward)(int logarithmic, ptrdiff_t rows, ptrdiff_t n, const T *y, const T *dy, T *dx) {
  T tile[SHORT_ROW * TILE], d[SHORT_ROW * TILE], product[SHORT_ROW * TILE], sums[TILE];
  if (rows < TILE) memset(tile, 0, (size_t)n * TILE * sizeof *tile), memset(d, 0, (size_t)n * TILE * sizeof *d);
  for (ptrdiff_t start = 0; start < rows; start += TILE) {
    ptrdiff_t count = min_size(TILE, rows - start);
    FX(turn)(count, n, y + start * n, n, 1, tile);
    FX(turn)(count, n, dy + start * n, n, 1, d);
    if (logarithmic) {
      FX(tile_sum)(n, d, sums);
      for (ptrdiff_t j = 0; j < n; j++) EACH_ROW {
        T p = FX_OF(exp_falling)(-tile[j * TILE + r]);
        T slope = d[j * TILE + r];
        product[j * TILE + r] = sums[r] == 0 ? slope : slope - p * sums[r];
      }
    } else {
      for (ptrdiff_t j = 0; j < n * TILE; j++) product[j] = tile[j] * d[j];
      FX(tile_sum)(n, product, sums);
      for (ptrdiff_t j = 0; j < n; j++) EACH_ROW product[j * TILE + r] = tile[j * TILE + r] * (d[j * TILE + r] - sums[r]);
    }
    FX(unturn)(count, n, product, n, dx + start * n);
  }
}

static void FX(tiles_cross_entropy_backward)(ptrdiff_t rows, ptrdiff_t n, const T *x, const int64_t *labels, const T *dy, T *dx) {
  T tile[SHORT_ROW * TILE], e[SHORT_ROW * TILE], largest[TILE], sums[TILE], g[TILE] = {0}, at_label[TILE] = {0};
  if (rows < TILE) memset(tile, 0, (size_t)n * TILE * sizeof *tile);
  for (ptrdiff_t start = 0; start < rows; start += TILE, x += TILE * n, dx += TILE * n) {
    ptrdiff_t count = min_size(TILE, rows - start);
    const int64_t *ids = labels + start;
    FX(tile_exp_sums)(count, n, x, tile, e, largest, sums);
    memcpy(g, dy + start, (size_t)count * sizeof(T));
    for (ptrdiff_t r = 0; r < count; r++) at_label[r] = ids[r] < 0 ? 0 : x[r * n + ids[r]] - largest[r];
    EACH_ROW at_label[r] = FX_OF(expm1)(at_label[r] - FX_OF(log)(sums[r]));
    for (ptrdiff_t j = 0; j < n; j++) EACH_ROW e[j * TILE + r] = g[r] * (e[j * TILE + r] / sums[r]);
    FX(unturn)(count, n, e, n, dx);
    for (ptrdiff_t r = 0; r < count; r++)
      if (ids[r] < 0 || g[r] == 0) memset(dx + r * n, 0, (size_t)n * sizeof(T));
      else if (largest[r] == FX_HIGHEST) FX(infinite_row)(n, x + r * n, ids[r], g[r], dx + r * n);
      else dx[r * n + ids[r]] = g[r] * at_label[r];
  }
}

// MARK: Columns of x [n, inner], strip by strip.
//
// A strip is some columns side by side. Its elements are brought together in `memory`, where they stay in the second-level cache for all passes over
// them: rows of x a power of two apart would drive each other out of it. Sums are sums of shorter ones, whose roundings are of smaller numbers.

typedef struct { ptrdiff_t width, at, row; } FX(strip);

// Where strip number i of arrays [n, inner] is, how wide, and where its result in a row for each array.
FX_INLINE FX(strip) FX(strip_of)(ptrdiff_t i, ptrdiff_t n, ptrdiff_t inner) {
  ptrdiff_t each = (inner + STRIP - 1) / STRIP, column = i % each * STRIP;
  return (FX(strip)){min_size(STRIP, inner - column), i / each * n * inner + column, i / each * inner + column};
}

// Zeros beyond the last column.
static void FX(gather)(ptrdiff_t n, ptrdiff_t inner, ptrdiff_t width, const T *x, T *to) {
  if (width == STRIP)
    for (ptrdiff_t j = 0; j < n; j++) memcpy(to + j * STRIP, x + j * inner, STRIP * sizeof(T));
  else
    for (ptrdiff_t j = 0; j < n; j++) {
      for (ptrdiff_t c = 0; c < width; c++) to[j * STRIP + c] = x[j * inner + c];
      for (ptrdiff_t c = width; c < STRIP; c++) to[j * STRIP + c] = 0;
    }
}
FX_INLINE void FX(put)(ptrdiff_t width, const T *values, T *y) {
  if (width == STRIP) memcpy(y, values, STRIP * sizeof(T));
  else for (ptrdiff_t c = 0; c < width; c++) y[c] = values[c];
}

// The largest of each column of x [n, STRIP] (NaN if there is one), and Σ exp(x − largest); the exponentials take x's place if `kept`.
static void FX(column_exp_sums)(int kept, ptrdiff_t n, T *x, T *most, T *sums) {
  memcpy(most, x, STRIP * sizeof(T));
  for (ptrdiff_t j = 1; j < n; j++)
    EACH_COLUMN {
      T v = x[j * STRIP + c];
      most[c] = ((v > most[c]) | (v != v)) ? v : most[c];
    }
  EACH_COLUMN sums[c] = 0;
  for (ptrdiff_t start = 0; start < n; start += STRETCH) {
    T part[STRIP] = {0};
    for (ptrdiff_t j = start; j < min_size(n, start + STRETCH); j++) {
      T e[STRIP];
      EACH_COLUMN e[c] = FX_OF(exp_falling)(most[c] - x[j * STRIP + c]);
      EACH_COLUMN part[c] += e[c];
      if (kept) memcpy(x + j * STRIP, e, sizeof e);
    }
    EACH_COLUMN sums[c] += part[c];
  }
}

static void FX(columns_softmax)(int logarithmic, ptrdiff_t n, ptrdiff_t inner, ptrdiff_t from, ptrdiff_t to, const T *x, T *y, T *memory) {
  T most[STRIP], sums[STRIP], out[STRIP];
  for (ptrdiff_t i = from; i < to; i++) {
    FX(strip) s = FX(strip_of)(i, n, inner);
    FX(gather)(n, inner, s.width, x + s.at, memory);
    FX(column_exp_sums)(!logarithmic, n, memory, most, sums);
    if (logarithmic) EACH_COLUMN sums[c] = FX_OF(log)(sums[c]);
    for (ptrdiff_t j = 0; j < n; j++) {
      if (logarithmic) EACH_COLUMN out[c] = (memory[j * STRIP + c] - most[c]) - sums[c];
      else EACH_COLUMN out[c] = memory[j * STRIP + c] / sums[c];
      FX(put)(s.width, out, y + s.at + j * inner);
    }
  }
}

static void FX(columns_logsumexp)(ptrdiff_t n, ptrdiff_t inner, ptrdiff_t from, ptrdiff_t to, const T *x, T *y, T *memory) {
  T most[STRIP], sums[STRIP];
  for (ptrdiff_t i = from; i < to; i++) {
    FX(strip) s = FX(strip_of)(i, n, inner);
    FX(gather)(n, inner, s.width, x + s.at, memory);
    FX(column_exp_sums)(0, n, memory, most, sums);
    EACH_COLUMN sums[c] = FX(shifted_log)(most[c], sums[c]);
    FX(put)(s.width, sums, y + s.row);
  }
}

static void FX(columns_backward)(int logarithmic, ptrdiff_t n, ptrdiff_t inner, ptrdiff_t from, ptrdiff_t to, const T *y, const T *dy, T *dx,
                                 T *memory) {
  T out[STRIP], *factors = memory, *slopes = memory + n * STRIP;
  for (ptrdiff_t i = from; i < to; i++) {
    T sums[STRIP] = {0};
    FX(strip) s = FX(strip_of)(i, n, inner);
    FX(gather)(n, inner, s.width, y + s.at, factors);
    FX(gather)(n, inner, s.width, dy + s.at, slopes);
    for (ptrdiff_t start = 0; start < n; start += STRETCH) {
      T part[STRIP] = {0};
      for (ptrdiff_t j = start; j < min_size(n, start + STRETCH); j++)
        if (logarithmic) EACH_COLUMN part[c] += slopes[j * STRIP + c];
        else EACH_COLUMN part[c] += factors[j * STRIP + c] * slopes[j * STRIP + c];
      EACH_COLUMN sums[c] += part[c];
    }
    for (ptrdiff_t j = 0; j < n; j++) {
      const T *f = factors + j * STRIP, *d = slopes + j * STRIP;
      if (logarithmic) EACH_COLUMN out[c] = sums[c] == 0 ? d[c] : d[c] - FX_OF(exp_falling)(-f[c]) * sums[c];
      else EACH_COLUMN out[c] = f[c] * (d[c] - sums[c]);
      FX(put)(s.width, out, dx + s.at + j * inner);
    }
  }
}

#endif
