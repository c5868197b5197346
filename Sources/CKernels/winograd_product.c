// The products between Winograd's transforms: for each of a tile's 36 numbers a matrix product, tiles by channels by outputs.
//
// The way back adds and subtracts large sums, so their roundings are what the result's error is made of. A sum is therefore one of sums over
// 64, and those of sums over 8, in registers: its error is half of that of one long sum. Its order depends on nothing but its length.
#include "wide.h"

#if FX_WIDE

enum { lanes = 16, tallest = 7, shorter = 8, longer = 64 };

// `rows` × `vectors` of c, summed over k: a's element (row i, k) is a[i·a_row + k·a_step], b's vector (k, j) lies at b + k·b_step +
// j·b_vector, but every 16 of k a goes on a_block later, b b_block.
WIDE_INLINE void tile(int rows, int vectors, ptrdiff_t k, const float *a, ptrdiff_t a_row, ptrdiff_t a_step, ptrdiff_t a_block, const float *b,
                      ptrdiff_t b_step, ptrdiff_t b_vector, ptrdiff_t b_block, int adds, float *c, ptrdiff_t lead) {
  for (ptrdiff_t first = 0; first < k; first += longer, adds = 1) {
    f32_vector totals[tallest][2];
    _Pragma("clang loop unroll(full)") for (int i = 0; i < rows; i++)
      _Pragma("clang loop unroll(full)") for (int j = 0; j < vectors; j++) totals[i][j] = (f32_vector){0};
    for (ptrdiff_t start = first, end = min_size(k, first + longer); start < end; start += shorter) {
      f32_vector sums[tallest][2];
      _Pragma("clang loop unroll(full)") for (int i = 0; i < rows; i++)
        _Pragma("clang loop unroll(full)") for (int j = 0; j < vectors; j++) sums[i][j] = (f32_vector){0};
      const float *x = a + start / lanes * a_block + start % lanes * a_step;
      const float *y = b + start / lanes * b_block + start % lanes * b_step;
      for (ptrdiff_t p = start, stop = min_size(end, start + shorter); p < stop; p++, x += a_step, y += b_step) {
        f32_vector row[2];
        _Pragma("clang loop unroll(full)") for (int j = 0; j < vectors; j++) row[j] = *(const f32_loose *)(y + j * b_vector);
        _Pragma("clang loop unroll(full)") for (int i = 0; i < rows; i++)
          _Pragma("clang loop unroll(full)") for (int j = 0; j < vectors; j++) sums[i][j] = sums[i][j] + x[i * a_row] * row[j];
      }
      _Pragma("clang loop unroll(full)") for (int i = 0; i < rows; i++)
        _Pragma("clang loop unroll(full)") for (int j = 0; j < vectors; j++) totals[i][j] += sums[i][j];
    }
    _Pragma("clang loop unroll(full)") for (int i = 0; i < rows; i++)
      _Pragma("clang loop unroll(full)") for (int j = 0; j < vectors; j++) {
        f32_loose *out = (f32_loose *)(c + i * lead + j * lanes);
        *out = adds ? *out + totals[i][j] : totals[i][j];
      }
  }
}

// The tiles of each size that there is.
#define FOR_SIZES(DEFINE, vectors) \
  DEFINE(1, vectors) DEFINE(2, vectors) DEFINE(3, vectors) DEFINE(4, vectors) DEFINE(5, vectors) DEFINE(6, vectors) DEFINE(7, vectors)

#define FORWARD(rows, vectors)                                                                                                              \
  WIDE static void forward_##rows##_##vectors(ptrdiff_t k, ptrdiff_t count, const float *v, const float *u, float *m, ptrdiff_t lead) {     \
    tile(rows, vectors, k, v, lanes, 1, count * lanes, u, 2 * lanes, lanes, 2 * lanes * lanes, 0, m, lead);                                 \
  }
FOR_SIZES(FORWARD, 1)
FOR_SIZES(FORWARD, 2)

#define ADJOINT(rows, vectors)                                                                                                              \
  WIDE static void adjoint_##rows##_##vectors(ptrdiff_t count, const float *m, ptrdiff_t lead, const float *v, int adds, float *u,          \
                                              ptrdiff_t wide) {                                                                             \
    tile(rows, vectors, count, m, 1, lead, lead * lanes, v, lanes, count * lanes, lanes * lanes, adds, u, wide);                            \
  }
FOR_SIZES(ADJOINT, 1)
FOR_SIZES(ADJOINT, 2)

#define ENTRIES(NAME, vectors) \
  {0, NAME##_1_##vectors, NAME##_2_##vectors, NAME##_3_##vectors, NAME##_4_##vectors, NAME##_5_##vectors, NAME##_6_##vectors,               \
   NAME##_7_##vectors}

// Cut evenly: a tile of few rows waits for its sums.
FX_INLINE ptrdiff_t rows_from(ptrdiff_t i, ptrdiff_t count, ptrdiff_t parts) { return count * i / parts; }

WIDE void fx_winograd_products(ptrdiff_t count, ptrdiff_t channels, ptrdiff_t outputs, const float *v, const float *u, float *m,
                               ptrdiff_t lead) {
  typedef void (*run)(ptrdiff_t, ptrdiff_t, const float *, const float *, float *, ptrdiff_t);
  static const run runs[2][tallest + 1] = {ENTRIES(forward, 1), ENTRIES(forward, 2)};
  ptrdiff_t parts = (count + tallest - 1) / tallest, k = (channels + lanes - 1) / lanes * lanes;
  for (ptrdiff_t i = 0; i < parts; i++) {
    ptrdiff_t from = rows_from(i, count, parts), rows = rows_from(i + 1, count, parts) - from;
    runs[outputs > lanes][rows](k, count, v + from * lanes, u, m + from * lead, lead);
  }
}

WIDE void fx_winograd_products_adjoint(ptrdiff_t count, ptrdiff_t outputs, ptrdiff_t wide, const float *m, ptrdiff_t lead, const float *v,
                                       int adds, float *u) {
  typedef void (*run)(ptrdiff_t, const float *, ptrdiff_t, const float *, int, float *, ptrdiff_t);
  static const run runs[2][tallest + 1] = {ENTRIES(adjoint, 1), ENTRIES(adjoint, 2)};
  ptrdiff_t parts = (outputs + tallest - 1) / tallest;
  for (ptrdiff_t c = 0; c < wide; c += 2 * lanes)
    for (ptrdiff_t i = 0; i < parts; i++) {
      ptrdiff_t from = rows_from(i, outputs, parts), rows = rows_from(i + 1, outputs, parts) - from;
      runs[c + lanes < wide][rows](count, m + from, lead, v + c * count, adds, u + from * wide + c, wide);
    }
}

#else

void fx_winograd_products(ptrdiff_t count, ptrdiff_t channels, ptrdiff_t outputs, const float *v, const float *u, float *m,
                          ptrdiff_t lead) {}
void fx_winograd_products_adjoint(ptrdiff_t count, ptrdiff_t outputs, ptrdiff_t wide, const float *m, ptrdiff_t lead, const float *v,
                                  int adds, float *u) {}

#endif
