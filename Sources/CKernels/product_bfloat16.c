// Matrix products of numbers rounded to bfloat16, with sums in float32.
//
// Both operands are packed into panels of 16 lines (rows of a, columns of b), in blocks of 32 k: a block is 16 × 16 pairs of bfloat16 that follow each
// other in k, in a's panels line by line, in b's pair by pair, as a tile of AMX and VDPBF16PS read them. The last block and the last panel are filled up
// with zeros. Where the processor has no instruction for bfloat16 the pairs are widened to float32 again, so that panels are read at half the bytes.
//
// Every element of the result is summed up in the order of k by itself, so its bits do not depend on how a product is cut at multiples of 32.
#ifndef FX_PASS
#define FX_FILE "product_bfloat16.c"
#define FX_FLOATS
#define FX_VECTORS
#include "product_bfloat16.h"
#include "targets.h"

void fx_bfloat16_pack(int unit, int dtype, int is_rows, ptrdiff_t lines, ptrdiff_t k, const void *x, ptrdiff_t across, ptrdiff_t along,
                      void *out) {
#if defined(__x86_64__)
  if (unit > 0) return fx_bfloat16_pack_avx512(dtype, is_rows, lines, k, x, across, along, out);
#else
  (void)unit;
#endif
  FX_AT(pack_f32)(dtype, is_rows, lines, k, x, across, along, out);
}

void fx_bfloat16_tiles(int unit, ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, const void *a, const void *b, int adds, float *c, ptrdiff_t ldc) {
#if defined(__x86_64__)
  if (unit > 1) return fx_bfloat16_tiles_amx(m, n, k, a, b, adds, c, ldc);
  if (unit > 0) return fx_bfloat16_tiles_avx512(m, n, k, a, b, adds, c, ldc);
#else
  (void)unit;
#endif
  FX_AT(tiles_f32)(m, n, k, a, b, adds, c, ldc);
}

#elif FX_IS_F32

#define LINES FX_BFLOAT16_LINES
#define STEP FX_BFLOAT16_STEP
// Vectors of a panel's columns, and rows of a tile: the sums and what is widened for them fill the registers.
#define ACROSS (LINES / FX_LANES)
#if FX_BYTES == 64
#define ROWS 8
#elif FX_BYTES == 32 || FX_REGISTERS == 32
#define ROWS 4
#else
#define ROWS 2
#endif
#define WORDS FX(words)
typedef uint32_t WORDS __attribute__((vector_size(FX_BYTES)));

// MARK: Packing

FX_INLINE uint32_t FX(half)(int dtype, const void *x, ptrdiff_t i) {
  return dtype == FX_BF16 ? ((const uint16_t *)x)[i] : bf16_of_f32(((const float *)x)[i]);
}

// n numbers, `step` apart, each as the lower half of a word, or added as the upper half of what is there.
FX_INLINE void FX(halves)(int dtype, int are_high, ptrdiff_t n, const void *x, ptrdiff_t first, ptrdiff_t step, uint32_t *out) {
  for (ptrdiff_t i = 0; i < n; i++) {
    uint32_t word = FX(half)(dtype, x, first + i * step);
    out[i] = are_high ? out[i] | word << 16 : word;
  }
}

// A block of a panel: `lines` of 16 and n of 32 k are there.
FX_INLINE void FX(pack_block)(int dtype, int is_rows, ptrdiff_t lines, ptrdiff_t n, const void *x, ptrdiff_t first, ptrdiff_t across,
                              ptrdiff_t along, uint32_t *out) {
  uint32_t square[LINES * STEP / 2];
  int is_by_line = along == 1, is_straight = is_by_line == is_rows;
  uint32_t *to = is_straight ? out : square;
  if (lines < LINES || n < STEP) memset(to, 0, sizeof(square));
  if (is_by_line) {
    for (ptrdiff_t i = 0; i < lines; i++) {
      uint16_t halves[STEP] = {0};
      if (n == STEP)
        for (ptrdiff_t p = 0; p < STEP; p++) halves[p] = (uint16_t)FX(half)(dtype, x, first + i * across + p);
      else
        for (ptrdiff_t p = 0; p < n; p++) halves[p] = (uint16_t)FX(half)(dtype, x, first + i * across + p);
      memcpy(to + i * (STEP / 2), halves, sizeof(halves));
    }
  } else {
    for (ptrdiff_t p = 0; p < n; p++) {
      ptrdiff_t from = first + p * along;
      if (across == 1 && lines == LINES)
        FX(halves)(dtype, p & 1, LINES, x, from, 1, to + p / 2 * LINES);
      else
        FX(halves)(dtype, p & 1, lines, x, from, across, to + p / 2 * LINES);
    }
  }
  if (is_straight) return;
  for (ptrdiff_t i = 0; i < LINES; i++)
    for (ptrdiff_t q = 0; q < LINES; q++) out[i * LINES + q] = square[q * LINES + i];
}

// One panel, of which `lines` are there.
FX_INLINE void FX(panel)(int dtype, int is_rows, ptrdiff_t lines, ptrdiff_t k, const void *x, ptrdiff_t across, ptrdiff_t along, uint32_t *out) {
  for (ptrdiff_t p = 0; p < k; p += STEP, out += LINES * STEP / 2)
    FX(pack_block)(dtype, is_rows, lines, min_size(STEP, k - p), x, p * along, across, along, out);
}

static void FX(pack)(int dtype, int is_rows, ptrdiff_t lines, ptrdiff_t k, const void *x, ptrdiff_t across, ptrdiff_t along, void *out) {
  uint32_t *to = out;
  ptrdiff_t size = dtype == FX_BF16 ? 2 : 4, panel = (k + STEP - 1) / STEP * STEP / 2 * LINES;
  for (; lines > 0; lines -= LINES, x = (const char *)x + LINES * across * size, to += panel) {
    ptrdiff_t there = min_size(LINES, lines);
    if (dtype == FX_BF16)
      FX(panel)(FX_BF16, is_rows, there, k, x, across, along, to);
    else
      FX(panel)(FX_F32, is_rows, there, k, x, across, along, to);
  }
}

// MARK: Tiles

// ROWS rows of a panel of a by a panel of b.
FX_INLINE void FX(tile)(ptrdiff_t k, const uint32_t *a, const uint32_t *b, VEC *sums) {
  ptrdiff_t pairs = (k + 1) / 2;
  for (ptrdiff_t p = 0; p < pairs; p += STEP / 2, a += LINES * STEP / 2, b += LINES * STEP / 2)
    for (ptrdiff_t q = 0; q < min_size(STEP / 2, pairs - p); q++) {
      VEC even[ACROSS], odd[ACROSS];
      FX_UNROLL for (int j = 0; j < ACROSS; j++) {
        WORDS pair;
        memcpy(&pair, b + q * LINES + j * FX_LANES, sizeof(pair));
        even[j] = (VEC)(pair << 16), odd[j] = (VEC)(pair & 0xffff0000u);
      }
      FX_UNROLL for (int i = 0; i < ROWS; i++) {
        uint32_t pair = a[i * (STEP / 2) + q];
        float first = from_bits_f32(pair << 16), second = from_bits_f32(pair & 0xffff0000u);
        FX_UNROLL for (int j = 0; j < ACROSS; j++) {
          sums[i * ACROSS + j] = sums[i * ACROSS + j] + first * even[j];
          sums[i * ACROSS + j] = sums[i * ACROSS + j] + second * odd[j];
        }
      }
    }
}

static void FX(tiles)(ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, const void *a, const void *b, int adds, float *c, ptrdiff_t ldc) {
  ptrdiff_t panel = (k + STEP - 1) / STEP * STEP / 2 * LINES;
  for (ptrdiff_t j = 0; j < n; j += LINES)
    for (ptrdiff_t i = 0; i < m; i += ROWS) {
      const uint32_t *rows = (const uint32_t *)a + i / LINES * panel + i % LINES * (STEP / 2);
      const uint32_t *columns = (const uint32_t *)b + j / LINES * panel;
      VEC sums[ROWS * ACROSS];
      float *out = c + i * ldc + j;
      FX_UNROLL for (int r = 0; r < ROWS; r++)
        FX_UNROLL for (int v = 0; v < ACROSS; v++) {
          ptrdiff_t count = max_size(0, min_size(FX_LANES, n - j - v * FX_LANES));
          sums[r * ACROSS + v] = !adds || i + r >= m || count == 0 ? (VEC){0}
                                 : count == FX_LANES ? FX(load)(out + r * ldc + v * FX_LANES)
                                                     : FX(load_some)(out + r * ldc + v * FX_LANES, count);
        }
      FX(tile)(k, rows, columns, sums);
      FX_UNROLL for (int r = 0; r < ROWS; r++)
        FX_UNROLL for (int v = 0; v < ACROSS; v++) {
          ptrdiff_t count = max_size(0, min_size(FX_LANES, n - j - v * FX_LANES));
          if (i + r >= m || count == 0) continue;
          if (count == FX_LANES)
            FX(store)(out + r * ldc + v * FX_LANES, sums[r * ACROSS + v]);
          else
            FX(store_some)(out + r * ldc + v * FX_LANES, sums[r * ACROSS + v], count);
        }
    }
}

#undef LINES
#undef STEP
#undef ACROSS
#undef ROWS
#undef WORDS
#endif
