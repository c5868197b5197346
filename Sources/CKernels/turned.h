// Many short rows at a time. A row of ten elements has no use for vectors; sixty-four of them have, turned so that element j of all lies
// together: what is done along a row is then done to whole vectors, and what a row gives does not depend on where it stands.
//
// Included in a pass of targets.h as well, where it defines turn and unturn for T, and before reduction.h, which then reduces the rows of a tile too.
#ifndef FLUXION_TURNED_H
#define FLUXION_TURNED_H

#include "kernels.h"

// Rows of a tile; the longest row that goes in tiles, and the fewest rows that do.
#define TILE 64
#define SHORT_ROW 63
#define FEW_ROWS 16
#define EACH_ROW for (ptrdiff_t r = 0; r < TILE; r++)

typedef uint32_t four_by_4 __attribute__((vector_size(16)));
typedef uint32_t eight_by_4 __attribute__((vector_size(32)));
typedef uint64_t two_by_8 __attribute__((vector_size(16)));
typedef uint64_t four_by_8 __attribute__((vector_size(32)));

// Within each half, rows and columns of a square of four by four, and of two by two.
FX_INLINE void exchange_4(eight_by_4 x[4]) {
  eight_by_4 p = __builtin_shufflevector(x[0], x[1], 0, 8, 1, 9, 4, 12, 5, 13), q = __builtin_shufflevector(x[0], x[1], 2, 10, 3, 11, 6, 14, 7, 15);
  eight_by_4 s = __builtin_shufflevector(x[2], x[3], 0, 8, 1, 9, 4, 12, 5, 13), t = __builtin_shufflevector(x[2], x[3], 2, 10, 3, 11, 6, 14, 7, 15);
  x[0] = __builtin_shufflevector(p, s, 0, 1, 8, 9, 4, 5, 12, 13), x[1] = __builtin_shufflevector(p, s, 2, 3, 10, 11, 6, 7, 14, 15);
  x[2] = __builtin_shufflevector(q, t, 0, 1, 8, 9, 4, 5, 12, 13), x[3] = __builtin_shufflevector(q, t, 2, 3, 10, 11, 6, 7, 14, 15);
}
FX_INLINE void exchange_8(four_by_8 x[2]) {
  four_by_8 p = __builtin_shufflevector(x[0], x[1], 0, 4, 2, 6), q = __builtin_shufflevector(x[0], x[1], 1, 5, 3, 7);
  x[0] = p, x[1] = q;
}

// Four elements of eight rows, `step` apart, to four rows of a tile, and back. Halves of vectors are loaded where they lie: so all the
// exchanges are within halves, the cheap ones.
FX_INLINE void turn_block_4(const char *x, ptrdiff_t step, char *tile) {
  eight_by_4 rows[4];
  for (int i = 0; i < 4; i++) {
    four_by_4 low, high;
    memcpy(&low, x + i * step * 4, 16), memcpy(&high, x + (i + 4) * step * 4, 16);
    rows[i] = __builtin_shufflevector(low, high, 0, 1, 2, 3, 4, 5, 6, 7);
  }
  exchange_4(rows);
  for (int i = 0; i < 4; i++) memcpy(tile + i * TILE * 4, &rows[i], 32);
}
FX_INLINE void unturn_block_4(const char *tile, ptrdiff_t step, char *y) {
  eight_by_4 rows[4];
  for (int i = 0; i < 4; i++) memcpy(&rows[i], tile + i * TILE * 4, 32);
  exchange_4(rows);
  for (int i = 0; i < 4; i++) {
    four_by_4 low = __builtin_shufflevector(rows[i], rows[i], 0, 1, 2, 3), high = __builtin_shufflevector(rows[i], rows[i], 4, 5, 6, 7);
    memcpy(y + i * step * 4, &low, 16), memcpy(y + (i + 4) * step * 4, &high, 16);
  }
}
// Two elements of four rows.
FX_INLINE void turn_block_8(const char *x, ptrdiff_t step, char *tile) {
  four_by_8 rows[2];
  for (int i = 0; i < 2; i++) {
    two_by_8 low, high;
    memcpy(&low, x + i * step * 8, 16), memcpy(&high, x + (i + 2) * step * 8, 16);
    rows[i] = __builtin_shufflevector(low, high, 0, 1, 2, 3);
  }
  exchange_8(rows);
  for (int i = 0; i < 2; i++) memcpy(tile + i * TILE * 8, &rows[i], 32);
}
FX_INLINE void unturn_block_8(const char *tile, ptrdiff_t step, char *y) {
  four_by_8 rows[2];
  for (int i = 0; i < 2; i++) memcpy(&rows[i], tile + i * TILE * 8, 32);
  exchange_8(rows);
  for (int i = 0; i < 2; i++) {
    two_by_8 low = __builtin_shufflevector(rows[i], rows[i], 0, 1), high = __builtin_shufflevector(rows[i], rows[i], 2, 3);
    memcpy(y + i * step * 8, &low, 16), memcpy(y + (i + 2) * step * 8, &high, 16);
  }
}

#endif

#ifdef FX_TYPE

#if FX_SIZE == 4
#define BLOCK_ROWS 8
#define BLOCK_COLUMNS 4
#define TURN_BLOCK turn_block_4
#define UNTURN_BLOCK unturn_block_4
#elif FX_SIZE == 8
#define BLOCK_ROWS 4
#define BLOCK_COLUMNS 2
#define TURN_BLOCK turn_block_8
#define UNTURN_BLOCK unturn_block_8
#endif

// Elements 0 ..< n of `rows` rows to a tile, and back; rows are `step` elements apart, the elements of one `along` (1 on the way back). The
// last block of a row overlaps the one before; rows shorter than a block are read together with what follows, if that is known to be there.
FX_FUNCTION void FX(turn)(ptrdiff_t rows, ptrdiff_t n, const T *x, ptrdiff_t step, ptrdiff_t along, T *tile) {
#ifdef TURN_BLOCK
  ptrdiff_t r = 0;
  ptrdiff_t whole = along != 1 || n == 1 ? 0 : n >= BLOCK_COLUMNS ? rows : step >= n ? rows - 2 : 0;
  for (; r + BLOCK_ROWS <= whole; r += BLOCK_ROWS)
    for (ptrdiff_t j = 0; j < n; j += BLOCK_COLUMNS) {
      ptrdiff_t at = max_size(0, min_size(j, n - BLOCK_COLUMNS));
      TURN_BLOCK((const char *)(x + r * step + at), step, (char *)(tile + at * TILE + r));
    }
  for (; r < rows; r++)
    for (ptrdiff_t j = 0; j < n; j++) tile[j * TILE + r] = x[r * step + j * along];
#else
  for (ptrdiff_t j = 0; j < n; j++)
    for (ptrdiff_t r = 0; r < rows; r++) tile[j * TILE + r] = x[r * step + j * along];
#endif
}
FX_FUNCTION void FX(unturn)(ptrdiff_t rows, ptrdiff_t n, const T *tile, ptrdiff_t step, T *y) {
  ptrdiff_t r = 0;
#ifdef TURN_BLOCK
  if (n >= BLOCK_COLUMNS)
    for (; r + BLOCK_ROWS <= rows; r += BLOCK_ROWS)
      for (ptrdiff_t j = 0; j < n; j += BLOCK_COLUMNS) {
        ptrdiff_t at = min_size(j, n - BLOCK_COLUMNS);
        UNTURN_BLOCK((const char *)(tile + at * TILE + r), step, (char *)(y + r * step + at));
      }
#endif
  for (; r < rows; r++)
    for (ptrdiff_t j = 0; j < n; j++) y[r * step + j] = tile[j * TILE + r];
}

#ifdef TURN_BLOCK
#undef BLOCK_ROWS
#undef BLOCK_COLUMNS
#undef TURN_BLOCK
#undef UNTURN_BLOCK
#endif

#endif
