// What the kernel files share: how a loop is compiled for several instruction sets, and how bits become numbers.
#ifndef FLUXION_KERNELS_H
#define FLUXION_KERNELS_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "include/CKernels.h"

// Contraction within one expression: the front end decides where a fused multiply-add may stand, so the vector body of a loop and
// its scalar remainder get the same ones and give the same bits. `fast` would let the back end decide, for each of them anew.
#pragma clang fp contract(on)

// The instruction sets that kernels are compiled for (targets.h). The one in use is chosen once, before main, by the processor and FLUXION_CPU.
enum { FX_BASELINE, FX_NEON, FX_AVX2, FX_AVX512, FX_LEVEL_COUNT };
extern int fx_level;

// Helpers are compiled anew within each pass. Not all are used everywhere.
#define FX_INLINE static inline __attribute__((always_inline, unused))

// Helpers of a pass (targets.h) that are long enough for a call: inlined they would be compiled again and again. Not all are used everywhere.
#define FX_FUNCTION static __attribute__((noinline, unused))

// Over a loop whose result may be exactly one of its operands: iterations are independent, so no overlap checks are needed.
#define FX_INDEPENDENT _Pragma("clang loop vectorize(assume_safety)")

#define FX_UNROLL _Pragma("clang loop unroll(full)")

#if defined(__x86_64__)
#include <immintrin.h>
// Eight words of ones and eight of zeros: from place 8 − n on they are the mask of n elements.
static const int32_t fx_mask_words[16] __attribute__((unused)) = {-1, -1, -1, -1, -1, -1, -1, -1};
#endif

FX_INLINE uint32_t bits_f32(float x) { uint32_t b; memcpy(&b, &x, 4); return b; }
FX_INLINE uint64_t bits_f64(double x) { uint64_t b; memcpy(&b, &x, 8); return b; }
FX_INLINE float from_bits_f32(uint32_t b) { float x; memcpy(&x, &b, 4); return x; }
FX_INLINE double from_bits_f64(uint64_t b) { double x; memcpy(&x, &b, 8); return x; }

FX_INLINE float abs_f32(float x) { return from_bits_f32(bits_f32(x) & 0x7fffffffu); }
FX_INLINE double abs_f64(double x) { return from_bits_f64(bits_f64(x) & 0x7fffffffffffffffu); }
FX_INLINE float sign_from_f32(float x, float s) {
  return from_bits_f32((bits_f32(x) & 0x7fffffffu) | (bits_f32(s) & 0x80000000u));
}
FX_INLINE double sign_from_f64(double x, double s) {
  return from_bits_f64((bits_f64(x) & 0x7fffffffffffffffu) | (bits_f64(s) & 0x8000000000000000u));
}

// The library's sqrtf may set errno, which keeps a loop scalar; this one is the instruction.
#define sqrt_f32(x) __builtin_elementwise_sqrt((float)(x))
#define sqrt_f64(x) __builtin_elementwise_sqrt((double)(x))

FX_INLINE ptrdiff_t min_size(ptrdiff_t a, ptrdiff_t b) { return a < b ? a : b; }
FX_INLINE ptrdiff_t max_size(ptrdiff_t a, ptrdiff_t b) { return a > b ? a : b; }

// *y + *rest grows by v: what rounding takes from the sum is kept beside it (Knuth's two-sum), and *y is what the sum alone would be.
FX_INLINE void add_exactly(float *y, float *rest, float v) {
  float old = *y, sum = old + v, part = sum - old;
  *rest += (old - (sum - part)) + (v - part);
  *y = sum;
}

// The parts of the table behind fx_elementwise: NULL where a part does not have the instruction.
fx_kernel fx_arithmetic_kernel(int op, int dtype);
fx_kernel fx_integer_kernel(int op, int dtype);
fx_kernel fx_function_kernel(int op, int dtype);
fx_kernel fx_special_kernel(int op, int dtype);
fx_kernel fx_higher_kernel(int op, int dtype);
fx_kernel fx_complex_kernel(int op, int dtype);

// Behind fx_compare and fx_cast, for complex dtypes.
fx_kernel fx_complex_comparison(int op, int dtype);
fx_kernel fx_complex_cast(int from, int to);

// Behind fx_mean_pool: whether it was done row by row.
int fx_mean_rows(int dtype, const fx_window *w, int padded, int64_t divisor, ptrdiff_t planes, const void *x, void *y);

// How an axis is reduced: along rows, columns beside each other (the inner axis is contiguous and worth a vector loop), or many rows of at most
// SHORT_ROW elements at a time (their number is `outer`, `inner` is 1).
typedef enum { ROWS, COLUMNS, SHORT_ROWS } reduction_way;

// Behind fx_reduce, for the positions of extremes.
void fx_extreme_positions(int largest, int dtype, reduction_way way, ptrdiff_t outer, ptrdiff_t n, ptrdiff_t inner,
                          const ptrdiff_t *strides, const void *x, int64_t *y);

#endif
