// Element-wise instructions on int32, int64 and bool. Arithmetic is done on unsigned numbers: it wraps and is never undefined.
#ifndef FX_PASS
#define FX_FILE "integers.c"
#define FX_WORDS
#include "loops.h"
#include "math64.h"

// Integers of up to 51 bits are float64 by way of the low bits of 1.5·2⁵².
FX_INLINE double whole_i64(int64_t x) { return from_bits_f64((uint64_t)x + ROUND_F64_BITS) - ROUND_F64; }

/// The remainder by the nearest quotient, which may be one too large: all of it is exact.
FX_INLINE double remainder_near(double x, double y) {
  double r = x - ((x / y + ROUND_F64) - ROUND_F64) * y;
  return ((r != 0) & ((r < 0) != (y < 0))) ? r + y : r;
}

#define LARGE(X) ((uint64_t)(X) + 0x4000000000000u >= 0x8000000000000u)

#include "targets.h"

fx_kernel fx_integer_kernel(int op, int dtype) {
  return dtype == FX_I32 ? FX_AT(lookup_i32)(op) : dtype == FX_I64 ? FX_AT(lookup_i64)(op) : FX_AT(lookup_b)(op);
}

#else

#define U FX_UNSIGNED
#ifndef FX_IS_BOOL
// Division by zero gives 0. Division by −1 is a negation, so that the smallest number over −1 wraps where the instruction would trap.
FX_INLINE T FX(div)(T x, T y) {
  if (y == 0) return 0;
  return y == -1 ? (T)(0 - (U)x) : x / y;
}
// The remainder with the sign of the divisor.
FX_INLINE T FX(rem)(T x, T y) {
  if (y == 0 || y == -1) return 0;
  T r = x % y;
  return r != 0 && (r < 0) != (y < 0) ? (T)(r + y) : r;
}
// The remainder with the sign of the dividend.
FX_INLINE T FX(fmod)(T x, T y) { return y == 0 || y == -1 ? 0 : x % y; }
// The quotient rounded down.
FX_INLINE T FX(floordiv)(T x, T y) {
  T q = FX(div)(x, y);
  return FX(fmod)(x, y) != 0 && (x < 0) != (y < 0) ? (T)(q - 1) : q;
}
// By squaring. A negative power is a fraction, 0, but for the bases ±1; 0 too gives 0.
FX_INLINE T FX(pow)(T x, T y) {
  if (y < 0) return x == 1 ? 1 : x == -1 ? ((y & 1) ? -1 : 1) : 0;
  U base = (U)x, power = 1;
  for (U e = (U)y; e; e >>= 1, base *= base)
    if (e & 1) power *= base;
  return (T)power;
}
// By Euclid, of magnitudes: that of the smallest number is a number of U.
FX_INLINE U FX(gcd)(T x, T y) {
  U a = x < 0 ? 0 - (U)x : (U)x, b = y < 0 ? 0 - (U)y : (U)y;
  while (b) {
    U r = a % b;
    a = b, b = r;
  }
  return a;
}
FX_INLINE T FX(lcm)(T x, T y) {
  U d = FX(gcd)(x, y);
  if (d == 0) return 0;
  U a = x < 0 ? 0 - (U)x : (U)x, b = y < 0 ? 0 - (U)y : (U)y;
  T m = (T)(a / d * b);
  return m < 0 ? (T)(0 - (U)m) : m;
}
#if FX_SIZE == 8
PATCHED_KERNEL(KERNEL_OF(REM), FIRST; SECOND,
               (int64_t)(bits_f64(remainder_near(whole_i64(x), whole_i64(y)) + ROUND_F64) - ROUND_F64_BITS),
               ((y == 0) | LARGE(x) | LARGE(y)), FX(rem)(x, y))
#else
PATCHED_KERNEL(KERNEL_OF(REM), FIRST; SECOND; (void)x, (int32_t)remainder_near((double)x, (double)y), (y == 0), FX(rem)(x, y))
#endif
#define OTHERS [FX_REM] = KERNEL_OF(REM)
#endif

#define LIST "list_integers.h"
#include "list.h"
#undef LIST
#undef OTHERS
#undef U

#endif
