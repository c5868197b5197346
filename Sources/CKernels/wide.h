// What kernels that are written for AVX-512 share: its vectors, and squares of them with rows and columns exchanged.
#ifndef FLUXION_WIDE_H
#define FLUXION_WIDE_H

#include "kernels.h"

#if defined(__x86_64__) && defined(__linux__) && !defined(FX_SANITIZED)
#define FX_WIDE 1

// Feature by feature: by the name of the level, x86-64-v4, clang would halve these vectors to 256 bits.
#define FEATURES target("avx2,fma,bmi,bmi2,avx512f,avx512bw,avx512cd,avx512dq,avx512vl")
#define WIDE __attribute__((FEATURES))
#define WIDE_INLINE static inline __attribute__((always_inline, FEATURES))

typedef float f32_vector __attribute__((vector_size(64)));
typedef double f64_vector __attribute__((vector_size(64)));
// The same anywhere in memory.
typedef float f32_loose __attribute__((vector_size(64), aligned(4)));
typedef double f64_loose __attribute__((vector_size(64), aligned(8)));
enum { f32_lanes = 16, f64_lanes = 8 };

// Exchanges rows and columns of a square of vectors: blocks of 1, 2, 4 … lanes change places with those of the row as far away.
#define EXCHANGE(V, x, count, s, LOW, HIGH)                                 \
  _Pragma("clang loop unroll(full)") for (int i = 0; i < count; i++)        \
    if (!(i & s)) {                                                         \
      V low = x[i], high = x[i + s];                                        \
      x[i] = __builtin_shufflevector(low, high, LOW);                       \
      x[i + s] = __builtin_shufflevector(low, high, HIGH);                  \
    }
#define LIST(...) __VA_ARGS__

WIDE_INLINE void transpose_f32(f32_vector x[16]) {
  EXCHANGE(f32_vector, x, 16, 1, LIST(0, 16, 2, 18, 4, 20, 6, 22, 8, 24, 10, 26, 12, 28, 14, 30),
           LIST(1, 17, 3, 19, 5, 21, 7, 23, 9, 25, 11, 27, 13, 29, 15, 31))
  EXCHANGE(f32_vector, x, 16, 2, LIST(0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29),
           LIST(2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31))
  EXCHANGE(f32_vector, x, 16, 4, LIST(0, 1, 2, 3, 16, 17, 18, 19, 8, 9, 10, 11, 24, 25, 26, 27),
           LIST(4, 5, 6, 7, 20, 21, 22, 23, 12, 13, 14, 15, 28, 29, 30, 31))
  EXCHANGE(f32_vector, x, 16, 8, LIST(0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23),
           LIST(8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31))
}

WIDE_INLINE void transpose_f64(f64_vector x[8]) {
  EXCHANGE(f64_vector, x, 8, 1, LIST(0, 8, 2, 10, 4, 12, 6, 14), LIST(1, 9, 3, 11, 5, 13, 7, 15))
  EXCHANGE(f64_vector, x, 8, 2, LIST(0, 1, 8, 9, 4, 5, 12, 13), LIST(2, 3, 10, 11, 6, 7, 14, 15))
  EXCHANGE(f64_vector, x, 8, 4, LIST(0, 1, 2, 3, 8, 9, 10, 11), LIST(4, 5, 6, 7, 12, 13, 14, 15))
}

#endif
#endif
