// Vectors of T with FX_LANES elements, in a pass of targets.h: loads and stores (whole or in part), transposes, sums.
//
// Arithmetic is clang's on vector types; what is here has no operator. A partial load fills with zeros and reads nothing beyond its elements.
#define VEC FX(vec)
#define LOOSE FX(loose)
typedef T VEC __attribute__((vector_size(FX_BYTES)));
// The same anywhere in memory.
typedef T LOOSE __attribute__((vector_size(FX_BYTES), aligned(sizeof(T)), may_alias));

FX_INLINE VEC FX(load)(const T *p) { return *(const LOOSE *)p; }
FX_INLINE void FX(store)(T *p, VEC x) { *(LOOSE *)p = x; }

#if FX_HAS_AVX512 && !defined(FX_IS_INTEGER)

#if FX_IS_F32
#define MASK(n) ((__mmask16)(((uint32_t)1 << (n)) - 1))
FX_INLINE VEC FX(load_some)(const T *p, ptrdiff_t n) { return (VEC)_mm512_maskz_loadu_ps(MASK(n), p); }
FX_INLINE void FX(store_some)(T *p, VEC x, ptrdiff_t n) { _mm512_mask_storeu_ps(p, MASK(n), (__m512)x); }
#else
#define MASK(n) ((__mmask8)(((uint32_t)1 << (n)) - 1))
FX_INLINE VEC FX(load_some)(const T *p, ptrdiff_t n) { return (VEC)_mm512_maskz_loadu_pd(MASK(n), p); }
FX_INLINE void FX(store_some)(T *p, VEC x, ptrdiff_t n) { _mm512_mask_storeu_pd(p, MASK(n), (__m512d)x); }
#endif
#undef MASK

#elif FX_HAS_AVX2 && !defined(FX_IS_INTEGER)

#if FX_IS_F32
#define MASK(n) _mm256_loadu_si256((const __m256i *)(fx_mask_words + 8 - (n)))
FX_INLINE VEC FX(load_some)(const T *p, ptrdiff_t n) { return (VEC)_mm256_maskload_ps(p, MASK(n)); }
FX_INLINE void FX(store_some)(T *p, VEC x, ptrdiff_t n) {
  // A masked store is some twenty steps on AMD's processors.
  if (n >= 8) return FX(store)(p, x);
  __m128 rest = _mm256_castps256_ps128((__m256)x);
  if (n & 4) _mm_storeu_ps(p, rest), rest = _mm256_extractf128_ps((__m256)x, 1), p += 4;
  if (n & 2) _mm_storel_pi((__m64 *)p, rest), rest = _mm_movehl_ps(rest, rest), p += 2;
  if (n & 1) _mm_store_ss(p, rest);
}
#else
#define MASK(n) _mm256_loadu_si256((const __m256i *)(fx_mask_words + 8 - 2 * (n)))
FX_INLINE VEC FX(load_some)(const T *p, ptrdiff_t n) { return (VEC)_mm256_maskload_pd(p, MASK(n)); }
FX_INLINE void FX(store_some)(T *p, VEC x, ptrdiff_t n) {
  if (n >= 4) return FX(store)(p, x);
  __m128d rest = _mm256_castpd256_pd128((__m256d)x);
  if (n & 2) _mm_storeu_pd(p, rest), rest = _mm256_extractf128_pd((__m256d)x, 1), p += 2;
  if (n & 1) _mm_store_sd(p, rest);
}
#endif
#undef MASK

#else

// Copies of known sizes are single instructions; one of any size would be a call.
FX_INLINE VEC FX(load_some)(const T *p, ptrdiff_t n) {
  VEC x = {0};
  for (ptrdiff_t i = 0; i < FX_LANES; i++)
    if (i < n) x[i] = p[i];
  return x;
}
FX_INLINE void FX(store_some)(T *p, VEC x, ptrdiff_t n) {
  for (ptrdiff_t i = 0; i < FX_LANES; i++)
    if (i < n) p[i] = x[i];
}

#endif

// The sum of all elements: of halves, then quarters, ….
#define FOLD(...) x += __builtin_shufflevector(x, x, __VA_ARGS__)
FX_INLINE T FX(total)(VEC x) {
#if FX_BYTES == 64 && FX_IS_F32
  FOLD(8, 9, 10, 11, 12, 13, 14, 15, -1, -1, -1, -1, -1, -1, -1, -1);
  FOLD(4, 5, 6, 7, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1);
  FOLD(2, 3, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1);
  FOLD(1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1);
#elif (FX_BYTES == 32 && FX_IS_F32) || (FX_BYTES == 64 && !FX_IS_F32)
  FOLD(4, 5, 6, 7, -1, -1, -1, -1);
  FOLD(2, 3, -1, -1, -1, -1, -1, -1);
  FOLD(1, -1, -1, -1, -1, -1, -1, -1);
#elif (FX_BYTES == 16 && FX_IS_F32) || (FX_BYTES == 32 && !FX_IS_F32)
  FOLD(2, 3, -1, -1);
  FOLD(1, -1, -1, -1);
#else
  FOLD(1, -1);
#endif
  return x[0];
}
#undef FOLD

// Rows and columns of a square of FX_LANES vectors exchanged: blocks of 1, 2, 4 … elements change places with those of the row as far away.
#define STEP(x, s, LOW, HIGH)                                                 \
  FX_UNROLL for (int i = 0; i < FX_LANES; i++)                                \
    if (!(i & s)) {                                                           \
      VEC low = x[i], high = x[i + s];                                        \
      x[i] = __builtin_shufflevector(low, high, LOW);                         \
      x[i + s] = __builtin_shufflevector(low, high, HIGH);                    \
    }
#define LIST(...) __VA_ARGS__
FX_INLINE void FX(transpose)(VEC x[FX_LANES]) {
#if FX_BYTES == 64 && FX_IS_F32
  STEP(x, 1, LIST(0, 16, 2, 18, 4, 20, 6, 22, 8, 24, 10, 26, 12, 28, 14, 30), LIST(1, 17, 3, 19, 5, 21, 7, 23, 9, 25, 11, 27, 13, 29, 15, 31))
  STEP(x, 2, LIST(0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29), LIST(2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31))
  STEP(x, 4, LIST(0, 1, 2, 3, 16, 17, 18, 19, 8, 9, 10, 11, 24, 25, 26, 27), LIST(4, 5, 6, 7, 20, 21, 22, 23, 12, 13, 14, 15, 28, 29, 30, 31))
  STEP(x, 8, LIST(0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23), LIST(8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31))
#elif (FX_BYTES == 32 && FX_IS_F32) || (FX_BYTES == 64 && !FX_IS_F32)
  STEP(x, 1, LIST(0, 8, 2, 10, 4, 12, 6, 14), LIST(1, 9, 3, 11, 5, 13, 7, 15))
  STEP(x, 2, LIST(0, 1, 8, 9, 4, 5, 12, 13), LIST(2, 3, 10, 11, 6, 7, 14, 15))
  STEP(x, 4, LIST(0, 1, 2, 3, 8, 9, 10, 11), LIST(4, 5, 6, 7, 12, 13, 14, 15))
#elif (FX_BYTES == 16 && FX_IS_F32) || (FX_BYTES == 32 && !FX_IS_F32)
  STEP(x, 1, LIST(0, 4, 2, 6), LIST(1, 5, 3, 7))
  STEP(x, 2, LIST(0, 1, 4, 5), LIST(2, 3, 6, 7))
#else
  STEP(x, 1, LIST(0, 2), LIST(1, 3))
#endif
}
#undef STEP
#undef LIST

// The totals of FX_LANES vectors, each added up in total's order.
FX_INLINE VEC FX(totals)(const VEC x[FX_LANES]) {
  VEC t[FX_LANES];
  FX_UNROLL for (int i = 0; i < FX_LANES; i++) t[i] = x[i];
  FX(transpose)(t);
  FX_UNROLL for (int n = FX_LANES / 2; n > 0; n /= 2)
    FX_UNROLL for (int i = 0; i < n; i++) t[i] = t[i] + t[i + n];
  return t[0];
}
