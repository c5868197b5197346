// Convolutions as products of a small matrix held in registers with rows of an image: no columns are written out.
//
// The image's stretch that a tile of places sees is copied once, with its padding. Then each tap of the window is a row of it, shifted:
// the sum over taps and channels is a matrix product whose second operand overlaps itself, and stays in the first-level cache.
#ifndef FX_PASS
#define FX_FILE "convolution_tiles.c"
#define FX_FLOATS
#define FX_VECTORS
#include "kernels.h"

// A long sum is one of shorter ones, whose roundings are of smaller numbers.
#define STRETCH 64
// So many terms are added up in the elements' own precision, what they give in double.
#define LONGEST (256 * STRETCH)

#include "targets.h"

void fx_tile_shape(int dtype, ptrdiff_t *rows, ptrdiff_t *lanes) { FX_DISPATCH(dtype, shape, rows, lanes); }

void fx_tile_pack(int dtype, ptrdiff_t rows, ptrdiff_t channels, ptrdiff_t taps, ptrdiff_t row_step, ptrdiff_t channel_step, int reversed,
                  const void *x, void *y) {
  FX_DISPATCH(dtype, pack, rows, channels, taps, row_step, channel_step, reversed, x, y);
}

void fx_tile_product(int dtype, ptrdiff_t rows, ptrdiff_t depth, const void *a, const ptrdiff_t *offsets, ptrdiff_t count,
                     const fx_run *runs, const void *b, const void *bias, void *y, ptrdiff_t lead) {
  FX_DISPATCH(dtype, product, rows, depth, a, offsets, count, runs, b, bias, y, lead);
}

void fx_tile_weight(int dtype, ptrdiff_t depth, const ptrdiff_t *offsets, ptrdiff_t count, const fx_run *runs, const void *b,
                    const void *dy, ptrdiff_t lead, void *sums) {
  FX_DISPATCH(dtype, weights, depth, offsets, count, runs, b, dy, lead, sums);
}

#else
#include "product_tile.h"

// A block of the result, rows by two vectors. Beside its sums those over stretches stay in registers where there are enough.
#undef ROWS
#if FX_REGISTERS == 32
#define ROWS 8
#else
#define ROWS FX_TILE_ROWS
#endif

static void FX(shape)(ptrdiff_t *rows, ptrdiff_t *lanes) { *rows = ROWS, *lanes = FX_LANES; }

// MARK: The matrix

static void FX(pack)(ptrdiff_t rows, ptrdiff_t channels, ptrdiff_t taps, ptrdiff_t row_step, ptrdiff_t channel_step, int reversed,
                     const T *x, T *y) {
  reversed = reversed && taps > 1;
  // What follows each other along a row is one channel of so many taps.
  if (channel_step == taps && !reversed) taps *= channels, channels = 1;
  for (ptrdiff_t from = 0; from < rows; from += ROWS)
    for (ptrdiff_t c = 0; c < channels; c++) {
      const T *in = x + from * row_step + c * channel_step;
      ptrdiff_t k = 0, count = min_size(ROWS, rows - from);
      if (!reversed)
        for (; k + FX_LANES <= taps; k += FX_LANES, y += FX_LANES * ROWS)
          FX_UNROLL for (ptrdiff_t r = 0; r < ROWS; r += FX_LANES) {
            VEC square[FX_LANES];
            FX_UNROLL for (ptrdiff_t i = 0; i < FX_LANES; i++) square[i] = r + i < count ? FX(load)(in + (r + i) * row_step + k) : (VEC){0};
            FX(transpose)(square);
            FX_UNROLL for (ptrdiff_t i = 0; i < FX_LANES; i++)
              memcpy(y + i * ROWS + r, &square[i], (size_t)min_size(ROWS - r, FX_LANES) * sizeof(T));
          }
      for (; k < taps; k++)
        for (ptrdiff_t r = 0; r < ROWS; r++) *y++ = r < count ? in[r * row_step + (reversed ? taps - 1 - k : k)] : 0;
    }
}

// MARK: The result

FX_INLINE void FX(put)(T *y, VEC x, ptrdiff_t n) {
  if (n == FX_LANES) FX(store)(y, x);
  else FX(store_some)(y, x, n);
}

FX_INLINE VEC FX(get)(const T *y, ptrdiff_t n) { return n == FX_LANES ? FX(load)(y) : FX(load_some)(y, n); }

// What sums in double have, and x.
FX_INLINE VEC FX(with_far)(const double *far, VEC x) {
  for (int l = 0; l < FX_LANES; l++) x[l] = (T)(far[l] + (double)x[l]);
  return x;
}

// `count` rows of one or two vectors: sums over k of a[k, row] times the vectors at b + offsets[k], added to what is there where `adds`.
FX_INLINE void FX(block)(int vectors, ptrdiff_t count, ptrdiff_t depth, const T *a, const T *b0, const T *b1, const ptrdiff_t *offsets,
                         const T *bias, int adds, T *y0, ptrdiff_t n0, T *y1, ptrdiff_t n1, ptrdiff_t lead) {
  VEC totals[ROWS * 2];
  FX_UNROLL for (int r = 0; r < ROWS; r++)
    FX_UNROLL for (int j = 0; j < vectors; j++) {
      VEC start = (VEC){0} + (bias && r < count ? bias[r] : 0);
      totals[vectors * r + j] = adds && r < count ? FX(get)((j ? y1 : y0) + r * lead, j ? n1 : n0) : start;
    }
  double far[ROWS * 2][FX_LANES];
  if (depth > LONGEST) memset(far, 0, sizeof far);
  for (ptrdiff_t start = 0; start < depth; start += STRETCH) {
    if (start > 0 && start % LONGEST == 0)
      FX_UNROLL for (int i = 0; i < ROWS * vectors; i++) {
        VEC total = totals[i];
        for (int l = 0; l < FX_LANES; l++) far[i][l] += (double)total[l];
        totals[i] = (VEC){0};
      }
    VEC sums[ROWS * 2];
    FX(tile_clear)(ROWS, vectors, sums);
    for (ptrdiff_t k = start, end = min_size(depth, start + STRETCH); k < end; k++, a += ROWS) {
      VEC x[2] = {FX(load)(b0 + offsets[k])};
      if (vectors == 2) x[1] = FX(load)(b1 + offsets[k]);
      FX(tile_step)(ROWS, vectors, sums, a, 1, x);
    }
    FX(tile_total)(ROWS, vectors, totals, sums);
  }
  FX_UNROLL for (int r = 0; r < ROWS; r++)
    FX_UNROLL for (int j = 0; j < vectors; j++)
      if (r < count) {
        VEC total = totals[vectors * r + j];
        if (depth > LONGEST) total = FX(with_far)(far[vectors * r + j], total);
        FX(put)((j ? y1 : y0) + r * lead, total, j ? n1 : n0);
      }
}

static void FX(product)(ptrdiff_t rows, ptrdiff_t depth, const T *a, const ptrdiff_t *offsets, ptrdiff_t count, const fx_run *runs,
                        const T *b, const T *bias, T *y, ptrdiff_t lead) {
  // So many terms at a time that what two vectors see of the image stays in the first-level cache for all rows, and as many rows as stay in half a
  // second-level cache. A long sum goes on where it would have added up a stretch, to the same bits.
  ptrdiff_t part = depth <= 32 * STRETCH || depth > LONGEST ? depth : 12 * STRETCH;
  ptrdiff_t most = max_size(1, (384 << 10) / (ROWS * part * (ptrdiff_t)sizeof(T) + 1)) * ROWS;
  for (ptrdiff_t start = 0; start < depth; start += part) {
    ptrdiff_t terms = min_size(part, depth - start);
    for (ptrdiff_t top = 0; top < rows; top += most)
      for (ptrdiff_t v = 0; v < count; v += 2) {
        fx_run one = runs[v], two = v + 1 < count ? runs[v + 1] : one;
        for (ptrdiff_t r = top; r < rows && r < top + most; r += ROWS) {
          const T *matrix = a + r * depth + start * ROWS, *first = bias ? bias + r : bias;
          ptrdiff_t kept = min_size(ROWS, rows - r);
          T *out = y + r * lead;
          if (v + 1 < count)
            FX(block)(2, kept, terms, matrix, b + one.from, b + two.from, offsets + start, first, start > 0, out + one.to, one.count,
                      out + two.to, two.count, lead);
          else
            FX(block)(1, kept, terms, matrix, b + one.from, NULL, offsets + start, first, start > 0, out + one.to, one.count, NULL, 0, lead);
        }
      }
  }
}

// MARK: The weight

// Taps by vectors of outputs: sums over the places of a run of b[place + offset of the tap] times dy's outputs there.
FX_INLINE void FX(weight_block)(int vectors, ptrdiff_t count, const ptrdiff_t *offsets, ptrdiff_t run_count, const fx_run *runs,
                                const T *b, const T *dy, ptrdiff_t lead, T *sums_out) {
  VEC sums[ROWS * 2];
  FX(tile_clear)(ROWS, vectors, sums);
  ptrdiff_t summed = 0;
  const T *taps[ROWS];
  // Rows beyond the last one repeat it, for nothing.
  FX_UNROLL for (int r = 0; r < ROWS; r++) taps[r] = b + offsets[r < count ? r : count - 1];
  for (ptrdiff_t i = 0; i < run_count; i++) {
    const T *values = dy + runs[i].to * lead;
    for (ptrdiff_t p = runs[i].from; p < runs[i].from + runs[i].count; p++, values += lead) {
      VEC d[2];
      FX_UNROLL for (int v = 0; v < vectors; v++) d[v] = FX(load)(values + v * FX_LANES);
      FX_UNROLL for (int r = 0; r < ROWS; r++)
        FX_UNROLL for (int v = 0; v < vectors; v++) sums[r * vectors + v] = sums[r * vectors + v] + taps[r][p] * d[v];
    }
    summed += runs[i].count;
    if (summed < STRETCH && i + 1 < run_count) continue;
    summed = 0;
    FX_UNROLL for (int r = 0; r < ROWS; r++)
      FX_UNROLL for (int v = 0; v < vectors; v++) {
        T *to = sums_out + r * lead + v * FX_LANES;
        if (r < count) FX(store)(to, FX(load)(to) + sums[r * vectors + v]);
      }
    FX(tile_clear)(ROWS, vectors, sums);
  }
}

static void FX(weights)(ptrdiff_t depth, const ptrdiff_t *offsets, ptrdiff_t count, const fx_run *runs, const T *b, const T *dy,
                        ptrdiff_t lead, T *sums) {
  for (ptrdiff_t o = 0; o < lead; o += 2 * FX_LANES)
    for (ptrdiff_t k = 0; k < depth; k += ROWS) {
      ptrdiff_t rows = min_size(ROWS, depth - k);
      if (o + FX_LANES < lead) FX(weight_block)(2, rows, offsets + k, count, runs, b, dy + o, lead, sums + k * lead + o);
      else FX(weight_block)(1, rows, offsets + k, count, runs, b, dy + o, lead, sums + k * lead + o);
    }
}

#endif
