// Many short rows at a time. A row of ten elements has no use for vectors; sixty-four of them have, turned so that element j of all lies
// together: what is done along a row is then done to whole vectors, and what a row gives does not depend on where it stands.
#ifndef FLUXION_TURNED_H
#define FLUXION_TURNED_H

#include "lanes.h"

// Rows of a tile; the longest row that goes in tiles, and the fewest rows that do.
#define TILE 64
#define SHORT_ROW 63
#define FEW_ROWS 16
#define EACH_ROW for (ptrdiff_t r = 0; r < TILE; r++)

typedef uint32_t four_by_4 __attribute__((vector_size(16)));
typedef uint32_t eight_by_4 __attribute__((vector_size(32)));
typedef uint64_t two_by_8 __attribute__((vector_size(16)));
typedef uint64_t four_by_8 __attribute__((vector_size(32)));

// Within each half, rows and columns of a square of four by four.
#define EXCHANGE_4(a, b, c, d)                                                                                \
  eight_by_4 p = __builtin_shufflevector(a, b, 0, 8, 1, 9, 4, 12, 5, 13);                                     \
  eight_by_4 q = __builtin_shufflevector(a, b, 2, 10, 3, 11, 6, 14, 7, 15);                                   \
  eight_by_4 s = __builtin_shufflevector(c, d, 0, 8, 1, 9, 4, 12, 5, 13);                                     \
  eight_by_4 t = __builtin_shufflevector(c, d, 2, 10, 3, 11, 6, 14, 7, 15);                                   \
  a = __builtin_shufflevector(p, s, 0, 1, 8, 9, 4, 5, 12, 13), b = __builtin_shufflevector(p, s, 2, 3, 10, 11, 6, 7, 14, 15); \
  c = __builtin_shufflevector(q, t, 0, 1, 8, 9, 4, 5, 12, 13), d = __builtin_shufflevector(q, t, 2, 3, 10, 11, 6, 7, 14, 15);
#define EXCHANGE_2(a, b)                                                                                      \
  four_by_8 p = __builtin_shufflevector(a, b, 0, 4, 2, 6), q = __builtin_shufflevector(a, b, 1, 5, 3, 7);     \
  a = p, b = q;

// Four elements of eight rows, `step` apart, to four rows of a tile, and back. Halves of vectors are loaded where they lie: so all the
// exchanges are within halves, the cheap ones.
FX_INLINE void turn_block_4(const uint32_t *x, ptrdiff_t step, uint32_t *tile) {
  eight_by_4 rows[4];
  for (int i = 0; i < 4; i++) {
    four_by_4 low, high;
    memcpy(&low, x + i * step, 16), memcpy(&high, x + (i + 4) * step, 16);
    rows[i] = __builtin_shufflevector(low, high, 0, 1, 2, 3, 4, 5, 6, 7);
  }
  EXCHANGE_4(rows[0], rows[1], rows[2], rows[3])
  for (int i = 0; i < 4; i++) memcpy(tile + i * TILE, &rows[i], 32);
}
FX_INLINE void unturn_block_4(const uint32_t *tile, ptrdiff_t step, uint32_t *y) {
  eight_by_4 rows[4];
  for (int i = 0; i < 4; i++) memcpy(&rows[i], tile + i * TILE, 32);
  EXCHANGE_4(rows[0], rows[1], rows[2], rows[3])
  for (int i = 0; i < 4; i++) {
    four_by_4 low = __builtin_shufflevector(rows[i], rows[i], 0, 1, 2, 3), high = __builtin_shufflevector(rows[i], rows[i], 4, 5, 6, 7);
    memcpy(y + i * step, &low, 16), memcpy(y + (i + 4) * step, &high, 16);
  }
}
// Two elements of four rows.
FX_INLINE void turn_block_8(const uint64_t *x, ptrdiff_t step, uint64_t *tile) {
  four_by_8 rows[2];
  for (int i = 0; i < 2; i++) {
    two_by_8 low, high;
    memcpy(&low, x + i * step, 16), memcpy(&high, x + (i + 2) * step, 16);
    rows[i] = __builtin_shufflevector(low, high, 0, 1, 2, 3);
  }
  EXCHANGE_2(rows[0], rows[1])
  for (int i = 0; i < 2; i++) memcpy(tile + i * TILE, &rows[i], 32);
}
FX_INLINE void unturn_block_8(const uint64_t *tile, ptrdiff_t step, uint64_t *y) {
  four_by_8 rows[2];
  for (int i = 0; i < 2; i++) memcpy(&rows[i], tile + i * TILE, 32);
  EXCHANGE_2(rows[0], rows[1])
  for (int i = 0; i < 2; i++) {
    two_by_8 low = __builtin_shufflevector(rows[i], rows[i], 0, 1), high = __builtin_shufflevector(rows[i], rows[i], 2, 3);
    memcpy(y + i * step, &low, 16), memcpy(y + (i + 2) * step, &high, 16);
  }
}

// Elements 0 ..< n of `rows` rows to a tile, and back; rows are `step` elements apart, the elements of one `along` (1 on the way back). The
// last block of a row overlaps the one before; rows shorter than a block are read together with what follows, if that is known to be there.
#define TURN(SIZE, U, ROWS, COLUMNS)                                                                          \
  FX_INLINE void turn_##SIZE(ptrdiff_t rows, ptrdiff_t n, const void *from, ptrdiff_t step, ptrdiff_t along, void *to) { \
    const U *x = from;                                                                                        \
    U *tile = to;                                                                                             \
    ptrdiff_t r = 0;                                                                                          \
    ptrdiff_t whole = along != 1 || n == 1 ? 0 : n >= COLUMNS ? rows : step >= n ? rows - 2 : 0;              \
    for (; r + ROWS <= whole; r += ROWS)                                                                      \
      for (ptrdiff_t j = 0; j < n; j += COLUMNS) {                                                            \
        ptrdiff_t at = max_size(0, min_size(j, n - COLUMNS));                                                 \
        turn_block_##SIZE(x + r * step + at, step, tile + at * TILE + r);                                     \
      }                                                                                                       \
    for (; r < rows; r++)                                                                                     \
      for (ptrdiff_t j = 0; j < n; j++) tile[j * TILE + r] = x[r * step + j * along];                         \
  }                                                                                                           \
  FX_INLINE void unturn_##SIZE(ptrdiff_t rows, ptrdiff_t n, const void *from, ptrdiff_t step, void *to) {     \
    const U *tile = from;                                                                                     \
    U *y = to;                                                                                                \
    ptrdiff_t r = 0;                                                                                          \
    if (n >= COLUMNS)                                                                                         \
      for (; r + ROWS <= rows; r += ROWS)                                                                     \
        for (ptrdiff_t j = 0; j < n; j += COLUMNS) {                                                          \
          ptrdiff_t at = min_size(j, n - COLUMNS);                                                            \
          unturn_block_##SIZE(tile + at * TILE + r, step, y + r * step + at);                                 \
        }                                                                                                     \
    for (; r < rows; r++)                                                                                     \
      for (ptrdiff_t j = 0; j < n; j++) y[r * step + j] = tile[j * TILE + r];                                 \
  }
TURN(4, uint32_t, 8, 4)
TURN(8, uint64_t, 4, 2)
FX_INLINE void turn_1(ptrdiff_t rows, ptrdiff_t n, const void *from, ptrdiff_t step, ptrdiff_t along, void *to) {
  const uint8_t *x = from;
  uint8_t *tile = to;
  for (ptrdiff_t j = 0; j < n; j++)
    for (ptrdiff_t r = 0; r < rows; r++) tile[j * TILE + r] = x[r * step + j * along];
}

// Reduces the rows of a tile by what DEFINE_LANES has made: in the same order, so that a row has the same bits as by itself.
#define DEFINE_TILE(NAME, T, A, INIT)                                                                         \
  FX_INLINE void tile_##NAME(ptrdiff_t n, const T *tile, A *y) {                                              \
    A l[8][TILE];                                                                                             \
    ptrdiff_t width = min_size(n, 8);                                                                         \
    for (ptrdiff_t j = 0; j < width; j++) {                                                                   \
      const T *first = tile + j * TILE, *second = first + 8 * TILE;                                           \
      if (j + 8 < n) EACH_ROW l[j][r] = step_##NAME(step_##NAME(INIT, first[r]), second[r]);                  \
      else EACH_ROW l[j][r] = step_##NAME(INIT, first[r]);                                                    \
    }                                                                                                         \
    for (ptrdiff_t j = 16; j < n; j++) EACH_ROW l[j % 8][r] = step_##NAME(l[j % 8][r], tile[j * TILE + r]);   \
    if (width == 8) {  /* the same tree as below, at once */                                                  \
      EACH_ROW y[r] = join_##NAME(join_##NAME(join_##NAME(l[0][r], l[4][r]), join_##NAME(l[2][r], l[6][r])),  \
                                  join_##NAME(join_##NAME(l[1][r], l[5][r]), join_##NAME(l[3][r], l[7][r]))); \
      return;                                                                                                 \
    }                                                                                                         \
    for (ptrdiff_t w = 4; w > 0; w /= 2)                                                                      \
      for (ptrdiff_t j = 0; j < w && j + w < width; j++) EACH_ROW l[j][r] = join_##NAME(l[j][r], l[j + w][r]);\
    EACH_ROW y[r] = l[0][r];                                                                                  \
  }

// The gradient of a row's cross-entropy where the largest logits are +∞: they share the probability, as in the limit of equal ones.
#define DEFINE_INFINITE_ROW(S, T, INFINITE)                                                                   \
  FX_INLINE void infinite_row_##S(ptrdiff_t n, const T *x, int64_t label, T g, T *dx) {                       \
    ptrdiff_t count = 0;                                                                                      \
    for (ptrdiff_t j = 0; j < n; j++) count += x[j] == INFINITE;                                              \
    for (ptrdiff_t j = 0; j < n; j++) dx[j] = x[j] == INFINITE ? g / (T)count : 0;                            \
    dx[label] -= g;                                                                                           \
  }

// Behind fx_reduce, for at least FEW_ROWS rows of at most SHORT_ROW elements; one after the other in y.
void fx_reduce_short(int op, int dtype, ptrdiff_t rows, ptrdiff_t n, ptrdiff_t step, ptrdiff_t along, const void *x, void *y);
// Behind the functions of softmax.c, likewise.
void fx_softmax_short(int dtype, int logarithmic, ptrdiff_t rows, ptrdiff_t n, const void *x, void *y);
void fx_softmax_backward_short(int dtype, int logarithmic, ptrdiff_t rows, ptrdiff_t n, const void *y, const void *dy, void *dx);
void fx_logsumexp_short(int dtype, ptrdiff_t rows, ptrdiff_t n, const void *x, void *y);
void fx_cross_entropy_backward_short(int dtype, ptrdiff_t rows, ptrdiff_t n, const void *x, const int64_t *labels, const void *dy,
                                     void *dx);

#endif
