// Element-wise loops from expressions: one kernel for each instruction and dtype, and the rows of the table that name them.
#ifndef FLUXION_LOOPS_H
#define FLUXION_LOOPS_H

#include "kernels.h"

#define FX_KERNEL(NAME) FX_CLONES static void NAME(ptrdiff_t n, const void *a, const void *b, const void *c, void *out)
#define FX_SCALAR_KERNEL(NAME) static void NAME(ptrdiff_t n, const void *a, const void *b, const void *c, void *out)

// KERNELn: out[i] = EXPRESSION of n operands x, y, z of type T; the result is of type R. The pragma also makes the compiler warn of
// a loop that it could not vectorise; what cannot be (a division of integers, a library call) says so by KERNELn_SCALAR.
#define KERNEL1(NAME, T, R, EXPRESSION) FX_KERNEL(NAME) LOOP1(FX_INDEPENDENT, T, R, EXPRESSION)
#define KERNEL2(NAME, T, R, EXPRESSION) FX_KERNEL(NAME) LOOP2(FX_INDEPENDENT, T, R, EXPRESSION)
#define KERNEL1_SCALAR(NAME, T, R, EXPRESSION) FX_SCALAR_KERNEL(NAME) LOOP1(, T, R, EXPRESSION)
#define KERNEL2_SCALAR(NAME, T, R, EXPRESSION) FX_SCALAR_KERNEL(NAME) LOOP2(, T, R, EXPRESSION)

#define LOOP1(PRAGMA, T, R, EXPRESSION)                                                                       \
  {                                                                                                           \
    (void)b, (void)c;                                                                                         \
    const T *xs = a;                                                                                          \
    R *os = out;                                                                                              \
    PRAGMA for (ptrdiff_t i = 0; i < n; i++) {                                                                \
      T x = xs[i];                                                                                            \
      os[i] = (R)(EXPRESSION);                                                                                \
    }                                                                                                         \
  }
#define LOOP2(PRAGMA, T, R, EXPRESSION)                                                                       \
  {                                                                                                           \
    (void)c;                                                                                                  \
    const T *xs = a, *ys = b;                                                                                 \
    R *os = out;                                                                                              \
    PRAGMA for (ptrdiff_t i = 0; i < n; i++) {                                                                \
      T x = xs[i], y = ys[i];                                                                                 \
      os[i] = (R)(EXPRESSION);                                                                                \
    }                                                                                                         \
  }
#define KERNEL3(NAME, T, R, EXPRESSION)                                                                       \
  FX_KERNEL(NAME) {                                                                                           \
    const T *xs = a, *ys = b, *zs = c;                                                                        \
    R *os = out;                                                                                              \
    FX_INDEPENDENT for (ptrdiff_t i = 0; i < n; i++) {                                                        \
      T x = xs[i], y = ys[i], z = zs[i];                                                                      \
      os[i] = (R)(EXPRESSION);                                                                                \
    }                                                                                                         \
  }

// Where a vector loop is right only within limits, a block of its results goes to a buffer first and those elements BEYOND the limits
// are done again by another way, LIBRARY: element by element, so that no result depends on its neighbours, and from operands not yet overwritten.
#define PATCH_BLOCK 256
#define PATCHED_KERNEL(NAME, T, UNUSED, OPERANDS, RESULT, BEYOND, LIBRARY)                                    \
  FX_KERNEL(NAME) {                                                                                           \
    (void)c, (void)UNUSED;                                                                                    \
    T results[PATCH_BLOCK];                                                                                   \
    for (ptrdiff_t start = 0; start < n; start += PATCH_BLOCK) {                                              \
      ptrdiff_t count = min_size(PATCH_BLOCK, n - start);                                                     \
      unsigned beyond = 0;                                                                                    \
      for (ptrdiff_t i = 0; i < count; i++) { OPERANDS; beyond |= BEYOND; }                                   \
      for (ptrdiff_t i = 0; i < count; i++) { OPERANDS; results[i] = RESULT; }                                \
      if (beyond)                                                                                             \
        for (ptrdiff_t i = 0; i < count; i++) { OPERANDS; if (BEYOND) results[i] = LIBRARY; }                 \
      memcpy((T *)out + start, results, (size_t)count * sizeof(T));                                           \
    }                                                                                                         \
  }

// A list of instructions is a macro of lines X(S, T, operands, instruction, name, expression), where S is the dtype's suffix.
#define DEFINE_KERNEL(S, T, N, OP, NAME, EXPRESSION) KERNEL##N(kernel_##NAME##_##S, T, T, EXPRESSION)
#define KERNEL_ENTRY(S, T, N, OP, NAME, EXPRESSION) [FX_##OP] = kernel_##NAME##_##S,

#endif
