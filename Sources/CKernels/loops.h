// Element-wise loops from expressions, in a pass of targets.h: one kernel for each instruction and dtype.
//
// KERNELn(NAME, R, EXPRESSION): out[i] = EXPRESSION of n operands x, y, z of type T; the result is of type R. The pragma also makes the compiler warn of
// a loop that it could not vectorise; what cannot be (a division of integers, a library call) says so by KERNELn_SCALAR.
//
// With LIST, a file of lines INSTRUCTION(n, OP, EXPRESSION), it defines a kernel of each and `lookup`, which gives the one of an instruction or NULL.
#ifndef FLUXION_LOOPS_H
#define FLUXION_LOOPS_H

#include "kernels.h"

#define FX_KERNEL(NAME) static void NAME(ptrdiff_t n, const void *a, const void *b, const void *c, void *out)

#define KERNEL1(NAME, R, EXPRESSION) LOOP1(FX_INDEPENDENT, NAME, R, EXPRESSION)
#define KERNEL2(NAME, R, EXPRESSION) LOOP2(FX_INDEPENDENT, NAME, R, EXPRESSION)
#define KERNEL3(NAME, R, EXPRESSION) LOOP3(FX_INDEPENDENT, NAME, R, EXPRESSION)
#define KERNEL1_SCALAR(NAME, R, EXPRESSION) LOOP1(, NAME, R, EXPRESSION)
#define KERNEL2_SCALAR(NAME, R, EXPRESSION) LOOP2(, NAME, R, EXPRESSION)
#define KERNEL3_SCALAR(NAME, R, EXPRESSION) LOOP3(, NAME, R, EXPRESSION)

#define LOOP1(PRAGMA, NAME, R, EXPRESSION) LOOP(PRAGMA, NAME, R, EXPRESSION, T x = ((const T *)a)[i]; (void)b, (void)c)
#define LOOP2(PRAGMA, NAME, R, EXPRESSION) LOOP(PRAGMA, NAME, R, EXPRESSION, T x = ((const T *)a)[i], y = ((const T *)b)[i]; (void)c)
#define LOOP3(PRAGMA, NAME, R, E) LOOP(PRAGMA, NAME, R, E, T x = ((const T *)a)[i], y = ((const T *)b)[i], z = ((const T *)c)[i])
#define LOOP(PRAGMA, NAME, R, EXPRESSION, ...) \
  FX_KERNEL(NAME) { PRAGMA for (ptrdiff_t i = 0; i < n; i++) { __VA_ARGS__; ((R *)out)[i] = (R)(EXPRESSION); } }

// Where a vector loop is right only within limits, a block of its results goes to a buffer first and those elements BEYOND the limits
// are done again by another way, LIBRARY: element by element, so that no result depends on its neighbours, and from operands not yet overwritten.
#define PATCH_BLOCK 256
#define EACH_OF(count, OPERANDS, ...) for (ptrdiff_t i = 0; i < count; i++) { OPERANDS; __VA_ARGS__; }
#define PATCHED_KERNEL(NAME, OPERANDS, RESULT, BEYOND, LIBRARY) \
  FX_KERNEL(NAME) { \
    T results[PATCH_BLOCK]; \
    for (ptrdiff_t start = 0; start < n; start += PATCH_BLOCK) { \
      ptrdiff_t count = min_size(PATCH_BLOCK, n - start); unsigned beyond = 0; \
      EACH_OF(count, OPERANDS, beyond |= BEYOND) EACH_OF(count, OPERANDS, results[i] = RESULT) \
      if (beyond) EACH_OF(count, OPERANDS, if (BEYOND) results[i] = LIBRARY) \
      memcpy((T *)out + start, results, (size_t)count * sizeof(T)); } (void)b, (void)c; }
#define FIRST T x = ((const T *)a)[start + i]
#define SECOND T y = ((const T *)b)[start + i]

#define KERNEL_OF(OP) FX_JOIN(kernel_##OP, FX_TYPE, FX_LEVEL)

#endif
