// Matrix products of bfloat16 by the instructions that x86-64 has for them: VDPBF16PS of AVX512-BF16, and TDPBF16PS of AMX on tiles of 16 × 32.
//
// Panels are as product_bfloat16.c describes them. Numbers below float32's smallest normal one count as 0 in both instructions.
#include "product_bfloat16.h"

#if defined(__x86_64__)

#define LINES FX_BFLOAT16_LINES
#define STEP FX_BFLOAT16_STEP
#define BLOCK (LINES * STEP / 2)

#pragma clang attribute push(__attribute__((target("avx2,fma,bmi,bmi2,lzcnt,f16c,avx512f,avx512bw,avx512cd,avx512dq,avx512vl,avx512bf16,amx-tile,amx-bf16"))), \
                             apply_to = function)

// MARK: Packing

#define MASK16(n) ((__mmask16)(((uint32_t)1 << (n)) - 1))
#define MASK32(n) ((__mmask32)(((uint64_t)1 << (n)) - 1))

// 32 numbers that follow each other, of which n are there, as 16 pairs.
FX_INLINE __m512i line(int dtype, const void *x, ptrdiff_t n) {
  if (dtype == FX_BF16) return _mm512_maskz_loadu_epi16(MASK32(n), x);
  const float *p = x;
  __m512 low = n < 16 ? _mm512_maskz_loadu_ps(MASK16(n), p) : _mm512_loadu_ps(p);
  __m512 high = n > 16 ? _mm512_maskz_loadu_ps(MASK16(n - 16), p + 16) : _mm512_setzero_ps();
  return (__m512i)_mm512_cvtne2ps_pbh(high, low);
}

// 16 numbers, of which n are there, each as the lower half of a word.
FX_INLINE __m512i halves(int dtype, const void *x, ptrdiff_t n) {
  if (dtype == FX_BF16) return _mm512_cvtepu16_epi32(_mm256_maskz_loadu_epi16(MASK16(n), x));
  return _mm512_cvtepu16_epi32((__m256i)_mm512_cvtneps_pbh(_mm512_maskz_loadu_ps(MASK16(n), x)));
}

// Rows and columns of 16 × 16 words exchanged.
FX_INLINE void transpose(__m512i x[16]) {
  __m512i t[16];
  FX_UNROLL for (int i = 0; i < 16; i += 2) {
    t[i] = _mm512_unpacklo_epi32(x[i], x[i + 1]);
    t[i + 1] = _mm512_unpackhi_epi32(x[i], x[i + 1]);
  }
  FX_UNROLL for (int i = 0; i < 16; i += 4) {
    x[i] = _mm512_unpacklo_epi64(t[i], t[i + 2]);
    x[i + 1] = _mm512_unpackhi_epi64(t[i], t[i + 2]);
    x[i + 2] = _mm512_unpacklo_epi64(t[i + 1], t[i + 3]);
    x[i + 3] = _mm512_unpackhi_epi64(t[i + 1], t[i + 3]);
  }
  FX_UNROLL for (int i = 0; i < 4; i++) {
    t[i] = _mm512_shuffle_i32x4(x[i], x[i + 4], 0x88);
    t[i + 4] = _mm512_shuffle_i32x4(x[i], x[i + 4], 0xdd);
    t[i + 8] = _mm512_shuffle_i32x4(x[i + 8], x[i + 12], 0x88);
    t[i + 12] = _mm512_shuffle_i32x4(x[i + 8], x[i + 12], 0xdd);
  }
  FX_UNROLL for (int i = 0; i < 4; i++) {
    x[i] = _mm512_shuffle_i32x4(t[i], t[i + 8], 0x88);
    x[i + 8] = _mm512_shuffle_i32x4(t[i], t[i + 8], 0xdd);
    x[i + 4] = _mm512_shuffle_i32x4(t[i + 4], t[i + 12], 0x88);
    x[i + 12] = _mm512_shuffle_i32x4(t[i + 4], t[i + 12], 0xdd);
  }
}

// A block of a panel: `lines` of 16 and n of 32 k are there.
FX_INLINE void pack_block(int dtype, int is_rows, ptrdiff_t lines, ptrdiff_t n, const char *x, ptrdiff_t across, ptrdiff_t along, uint32_t *out) {
  const ptrdiff_t size = dtype == FX_BF16 ? 2 : 4;
  __m512i square[16];
  if (along == 1) {
    FX_UNROLL for (int i = 0; i < 16; i++)
      square[i] = i < lines ? line(dtype, x + i * across * size, n) : _mm512_setzero_si512();
    if (!is_rows) transpose(square);
  } else if (across == 1) {
    FX_UNROLL for (int q = 0; q < 16; q++) {
      __m512i low = 2 * q < n ? halves(dtype, x + 2 * q * along * size, lines) : _mm512_setzero_si512();
      __m512i high = 2 * q + 1 < n ? halves(dtype, x + (2 * q + 1) * along * size, lines) : _mm512_setzero_si512();
      square[q] = _mm512_or_si512(low, _mm512_slli_epi32(high, 16));
    }
    if (is_rows) transpose(square);
  } else {
    memset(square, 0, sizeof(square));
    uint16_t *halves = (uint16_t *)square;
    for (ptrdiff_t i = 0; i < lines; i++)
      for (ptrdiff_t p = 0; p < n; p++) {
        const char *from = x + (i * across + p * along) * size;
        halves[i * STEP + p] = dtype == FX_BF16 ? *(const uint16_t *)from : bf16_of_f32(*(const float *)from);
      }
    if (!is_rows) transpose(square);
  }
  FX_UNROLL for (int i = 0; i < 16; i++) _mm512_storeu_si512(out + 16 * i, square[i]);
}

FX_INLINE void pack_panels(int dtype, int is_rows, ptrdiff_t lines, ptrdiff_t k, const char *x, ptrdiff_t across, ptrdiff_t along, uint32_t *out) {
  const ptrdiff_t size = dtype == FX_BF16 ? 2 : 4, panel = (k + STEP - 1) / STEP * BLOCK;
  ptrdiff_t panels = (lines + LINES - 1) / LINES;
  // Lines beside each other in memory: whole rows are read one after the other, for several panels at a time.
  ptrdiff_t several = across == 1 && along != 1 ? 8 : 1;
  for (ptrdiff_t first = 0; first < panels; first += several)
    for (ptrdiff_t p = 0; p < k; p += STEP)
      for (ptrdiff_t i = first; i < min_size(panels, first + several); i++)
        pack_block(dtype, is_rows, min_size(LINES, lines - i * LINES), min_size(STEP, k - p), x + (i * LINES * across + p * along) * size, across,
                   along, out + i * panel + p / STEP * BLOCK);
}

void fx_bfloat16_pack_avx512(int dtype, int is_rows, ptrdiff_t lines, ptrdiff_t k, const void *x, ptrdiff_t across, ptrdiff_t along, void *out) {
  if (dtype == FX_BF16) {
    if (is_rows) return pack_panels(FX_BF16, 1, lines, k, x, across, along, out);
    return pack_panels(FX_BF16, 0, lines, k, x, across, along, out);
  }
  if (is_rows) return pack_panels(FX_F32, 1, lines, k, x, across, along, out);
  pack_panels(FX_F32, 0, lines, k, x, across, along, out);
}

// MARK: VDPBF16PS

#define ROWS 8
#define SUM(i, j) sums[(i) * 2 + (j)]

// 8 rows of a panel of a by one or two panels of b.
FX_INLINE void dot_tile(int across, ptrdiff_t kept, ptrdiff_t last, ptrdiff_t k, const uint32_t *a, const uint32_t *b, ptrdiff_t panel, int adds,
                        float *c, ptrdiff_t ldc) {
  __m512 sums[ROWS * 2];
  FX_UNROLL for (int i = 0; i < ROWS; i++)
    FX_UNROLL for (int j = 0; j < across; j++)
      SUM(i, j) = adds && i < kept ? _mm512_maskz_loadu_ps(j < across - 1 ? 0xffff : MASK16(last), c + i * ldc + 16 * j) : _mm512_setzero_ps();
  ptrdiff_t pairs = (k + 1) / 2;
  for (ptrdiff_t p = 0; p < pairs; p += STEP / 2, a += BLOCK, b += BLOCK)
    for (ptrdiff_t q = 0; q < min_size(STEP / 2, pairs - p); q++) {
      __m512bh columns[2];
      FX_UNROLL for (int j = 0; j < across; j++) columns[j] = (__m512bh)_mm512_loadu_si512(b + j * panel + q * LINES);
      FX_UNROLL for (int i = 0; i < ROWS; i++) {
        __m512bh pair = (__m512bh)_mm512_set1_epi32((int)a[i * (STEP / 2) + q]);
        FX_UNROLL for (int j = 0; j < across; j++) SUM(i, j) = _mm512_dpbf16_ps(SUM(i, j), pair, columns[j]);
      }
    }
  FX_UNROLL for (int i = 0; i < ROWS; i++)
    if (i < kept)
      FX_UNROLL for (int j = 0; j < across; j++) _mm512_mask_storeu_ps(c + i * ldc + 16 * j, j < across - 1 ? 0xffff : MASK16(last), SUM(i, j));
}

void fx_bfloat16_tiles_avx512(ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, const void *a, const void *b, int adds, float *c, ptrdiff_t ldc) {
  ptrdiff_t panel = (k + STEP - 1) / STEP * BLOCK;
  for (ptrdiff_t j = 0; j < n; j += 2 * LINES) {
    const uint32_t *columns = (const uint32_t *)b + j / LINES * panel;
    ptrdiff_t width = min_size(2 * LINES, n - j);
    for (ptrdiff_t i = 0; i < m; i += ROWS) {
      const uint32_t *rows = (const uint32_t *)a + i / LINES * panel + i % LINES * (STEP / 2);
      if (width > LINES)
        dot_tile(2, min_size(ROWS, m - i), width - LINES, k, rows, columns, panel, adds, c + i * ldc + j, ldc);
      else
        dot_tile(1, min_size(ROWS, m - i), width, k, rows, columns, panel, adds, c + i * ldc + j, ldc);
    }
  }
}

// MARK: AMX

// What LDTILECFG reads.
typedef struct {
  uint8_t palette, start, reserved[14];
  uint16_t bytes[16];
  uint8_t rows[16];
} tile_shapes;

// A tile of the result that is not all there goes by way of memory of its own.
FX_INLINE void begin(float *memory, ptrdiff_t kept, ptrdiff_t width, const float *c, ptrdiff_t ldc) {
  for (ptrdiff_t i = 0; i < kept; i++) _mm512_storeu_ps(memory + 16 * i, _mm512_maskz_loadu_ps(MASK16(width), c + i * ldc));
}
FX_INLINE void end(const float *memory, ptrdiff_t kept, ptrdiff_t width, float *c, ptrdiff_t ldc) {
  for (ptrdiff_t i = 0; i < kept; i++) _mm512_mask_storeu_ps(c + i * ldc, MASK16(width), _mm512_loadu_ps(memory + 16 * i));
}

// Tiles 0 … 3 are sums, that of rows i and columns j at 2i + j; 4 and 5 are of a, 6 and 7 of b.
#define READ(T, i, j)                                                                                    \
  do {                                                                                                   \
    ptrdiff_t kept = min_size(16, m - 16 * (i)), width = min_size(16, n - 16 * (j));                     \
    float *at = c + 16 * (i) * ldc + 16 * (j);                                                           \
    if (!adds) {                                                                                         \
      _tile_zero(T);                                                                                     \
    } else if (kept == 16 && width == 16) {                                                              \
      _tile_loadd(T, at, (size_t)ldc * 4);                                                               \
    } else {                                                                                             \
      begin(memory, kept, width, at, ldc);                                                               \
      _tile_loadd(T, memory, 64);                                                                        \
    }                                                                                                    \
  } while (0)
#define WRITE(T, i, j)                                                                                   \
  do {                                                                                                   \
    ptrdiff_t kept = min_size(16, m - 16 * (i)), width = min_size(16, n - 16 * (j));                     \
    float *at = c + 16 * (i) * ldc + 16 * (j);                                                           \
    if (kept == 16 && width == 16) {                                                                     \
      _tile_stored(T, at, (size_t)ldc * 4);                                                              \
    } else {                                                                                             \
      _tile_stored(T, memory, 64);                                                                       \
      end(memory, kept, width, at, ldc);                                                                 \
    }                                                                                                    \
  } while (0)

// One or two panels of a by one or two of b; m and n are what is there of them.
FX_INLINE void amx_tile(int tall, int wide, ptrdiff_t m, ptrdiff_t n, ptrdiff_t blocks, const uint32_t *a, const uint32_t *b, int adds, float *c,
                        ptrdiff_t ldc) {
  float memory[256] __attribute__((aligned(64)));
  if (adds) memset(memory, 0, sizeof(memory));
  const ptrdiff_t panel = blocks * BLOCK;
  READ(0, 0, 0);
  if (wide > 1) READ(1, 0, 1);
  if (tall > 1) READ(2, 1, 0);
  if (tall > 1 && wide > 1) READ(3, 1, 1);
  for (ptrdiff_t p = 0; p < blocks; p++, a += BLOCK, b += BLOCK) {
    _tile_loadd(4, a, 64);
    _tile_loadd(6, b, 64);
    if (wide > 1) _tile_loadd(7, b + panel, 64);
    _tile_dpbf16ps(0, 4, 6);
    if (wide > 1) _tile_dpbf16ps(1, 4, 7);
    if (tall > 1) {
      _tile_loadd(5, a + panel, 64);
      _tile_dpbf16ps(2, 5, 6);
      if (wide > 1) _tile_dpbf16ps(3, 5, 7);
    }
  }
  WRITE(0, 0, 0);
  if (wide > 1) WRITE(1, 0, 1);
  if (tall > 1) WRITE(2, 1, 0);
  if (tall > 1 && wide > 1) WRITE(3, 1, 1);
}

void fx_bfloat16_tiles_amx(ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, const void *a, const void *b, int adds, float *c, ptrdiff_t ldc) {
  tile_shapes shapes = {.palette = 1};
  for (int i = 0; i < 8; i++) shapes.rows[i] = 16, shapes.bytes[i] = 64;
  _tile_loadconfig(&shapes);
  ptrdiff_t blocks = (k + STEP - 1) / STEP, panel = blocks * BLOCK;
  // What lies beside each other in the result is written one after the other, unless b would have to be read from afar for every 32 rows.
  int by_rows = n * k <= 1 << 19;
  ptrdiff_t tall = (m + 2 * LINES - 1) / (2 * LINES), wide = (n + 2 * LINES - 1) / (2 * LINES);
  for (ptrdiff_t t = 0; t < tall * wide; t++) {
    ptrdiff_t i = (by_rows ? t / wide : t % tall) * 2 * LINES, j = (by_rows ? t % wide : t / tall) * 2 * LINES;
    const uint32_t *rows = (const uint32_t *)a + i / LINES * panel, *columns = (const uint32_t *)b + j / LINES * panel;
    float *out = c + i * ldc + j;
    if (m - i > LINES && n - j > LINES)
      amx_tile(2, 2, m - i, n - j, blocks, rows, columns, adds, out, ldc);
    else if (m - i > LINES)
      amx_tile(2, 1, m - i, n - j, blocks, rows, columns, adds, out, ldc);
    else if (n - j > LINES)
      amx_tile(1, 2, m - i, n - j, blocks, rows, columns, adds, out, ldc);
    else
      amx_tile(1, 1, m - i, n - j, blocks, rows, columns, adds, out, ldc);
  }
  // A thread without a configuration has no tiles to be saved when it is interrupted.
  _tile_release();
}

#pragma clang attribute pop
#endif
