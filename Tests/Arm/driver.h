// What the cases share: inputs that are the same bits on every processor, results with guards behind them, and the records that are
// compared.
#ifndef FX_DRIVER_H
#define FX_DRIVER_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "CKernels.h"

extern const char *const dtype_names[5];
extern const int dtype_sizes[5];
/// Lengths around those of vectors, and their sums with tails.
extern const ptrdiff_t lengths[];
extern const int length_count;

/// Memory for n elements, aligned to a cache line, filled with a pattern that no result has, and a guard behind it that `record` looks at.
void *room(int dtype, ptrdiff_t n);
void *copy_of(int dtype, ptrdiff_t n, const void *x);
/// Memory of zeros that kernels may use as they like.
void *scratch(size_t bytes);
/// n numbers in low … high, multiples of a power of two, so that they are exact; of another row for every seed.
void *numbers(int dtype, ptrdiff_t n, uint64_t seed, double low, double high);
/// n numbers among which are NaN, infinities, both zeros, the smallest and the largest, halves and what overflows; `stride` decides how
/// fast it goes through them, so that two arrays meet in every pair.
void *specials(int dtype, ptrdiff_t n, ptrdiff_t stride, uint64_t seed);
/// count positions in 0 ..< n.
int64_t *places(ptrdiff_t count, ptrdiff_t n, uint64_t seed);

/// A result. 0 ulps: the same bits, NaN whatever its sign. Else it may differ by so many units in the last place of the value or of
/// `scale`, whichever is larger: what the terms were that a sum was made of.
void record(double ulps, double scale, int dtype, ptrdiff_t n, const void *x, const char *format, ...)
    __attribute__((format(printf, 6, 7)));
/// The same with a scale for each element, in double.
void record_each(double ulps, const double *scales, int dtype, ptrdiff_t n, const void *x, const char *format, ...)
    __attribute__((format(printf, 6, 7)));
/// One whole number.
void record_number(int64_t x, const char *name);

#define EACH_FLOAT(d) for (int d = FX_F32; d <= FX_F64; d++)
#define EACH_NUMBER(d) for (int d = FX_F32; d <= FX_I64; d++)
#define EACH_DTYPE(d) for (int d = FX_F32; d <= FX_BOOL; d++)

/// A family of kernels.
typedef struct {
  const char *name;
  void (*run)(void);
} family;
extern const family families[];
extern const int family_count;

#endif
