// Whether all elements are finite: what gradients are asked before a step is made along them.
#include <stdint.h>

#include "kernels.h"

// An element is infinite or NaN if its exponent has all bits, so that the largest magnitude, taken as an integer, tells. One load an element.
#define FINITE(S, I, MAGNITUDE, INFINITE)                                                                     \
  FX_CLONES static int finite_##S(ptrdiff_t n, const I *x) {                                                  \
    I largest = 0;                                                                                            \
    for (ptrdiff_t i = 0; i < n; i++) {                                                                       \
      I magnitude = x[i] & MAGNITUDE;                                                                         \
      largest = magnitude > largest ? magnitude : largest;                                                    \
    }                                                                                                         \
    return largest < INFINITE;                                                                                \
  }
FINITE(f32, int32_t, INT32_C(0x7FFFFFFF), INT32_C(0x7F800000))
FINITE(f64, int64_t, INT64_C(0x7FFFFFFFFFFFFFFF), INT64_C(0x7FF0000000000000))

int fx_all_finite(int dtype, ptrdiff_t n, const void *x) { return dtype == FX_F32 ? finite_f32(n, x) : finite_f64(n, x); }
