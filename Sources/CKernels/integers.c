// Element-wise instructions on int32, int64 and bool. Arithmetic is done on unsigned numbers: it wraps and is never undefined.
#include "loops.h"
#include "math64.h"

typedef uint32_t unsigned_i32;
typedef uint64_t unsigned_i64;

// Division by zero gives 0. Division by −1 is a negation, so that the smallest number over −1 wraps where the instruction would trap.
#define DIVISION(S, T)                                                                        \
  FX_INLINE T div_##S(T x, T y) {                                                             \
    if (y == 0) return 0;                                                                     \
    return y == -1 ? (T)(0 - (unsigned_##S)x) : x / y;                                        \
  }                                                                                           \
  /* The remainder with the sign of the divisor. */                                           \
  FX_INLINE T rem_##S(T x, T y) {                                                             \
    if (y == 0 || y == -1) return 0;                                                          \
    T r = x % y;                                                                              \
    return r != 0 && (r < 0) != (y < 0) ? (T)(r + y) : r;                                     \
  }                                                                                           \
  /* The remainder with the sign of the dividend. */                                         \
  FX_INLINE T fmod_##S(T x, T y) { return y == 0 || y == -1 ? 0 : x % y; }                    \
  /* The quotient rounded down. */                                                            \
  FX_INLINE T floordiv_##S(T x, T y) {                                                        \
    T q = div_##S(x, y);                                                                      \
    return fmod_##S(x, y) != 0 && (x < 0) != (y < 0) ? (T)(q - 1) : q;                        \
  }                                                                                           \
  /* By squaring. A negative power is a fraction, 0, but for the bases ±1; 0 too gives 0. */  \
  FX_INLINE T pow_##S(T x, T y) {                                                             \
    if (y < 0) return x == 1 ? 1 : x == -1 ? ((y & 1) ? -1 : 1) : 0;                          \
    unsigned_##S base = (unsigned_##S)x, power = 1;                                           \
    for (unsigned_##S e = (unsigned_##S)y; e; e >>= 1, base *= base)                          \
      if (e & 1) power *= base;                                                               \
    return (T)power;                                                                          \
  }
DIVISION(i32, int32_t)
DIVISION(i64, int64_t)

#define LOGIC(X, S, T)                                                     \
  X(S, T, 1, NOT, not, x == 0)                                             \
  X(S, T, 1, RELU, relu, x <= 0 ? 0 : x)                                   \
  X(S, T, 2, MAX, max, x > y ? x : y)                                      \
  X(S, T, 2, MIN, min, x < y ? x : y)                                      \
  X(S, T, 2, EQ, eq, x == y)                                               \
  X(S, T, 2, NE, ne, x != y)                                               \
  X(S, T, 2, LT, lt, x < y)                                                \
  X(S, T, 2, LE, le, x <= y)                                               \
  X(S, T, 2, GT, gt, x > y)                                                \
  X(S, T, 2, GE, ge, x >= y)                                               \
  X(S, T, 2, AND, and, (x != 0) & (y != 0))                                \
  X(S, T, 2, OR, or, (x != 0) | (y != 0))                                  \
  X(S, T, 2, XOR, xor, (x != 0) ^ (y != 0))                                \
  X(S, T, 3, SELECT, select, x != 0 ? y : z)                               \
  X(S, T, 3, CLAMP, clamp, x <= y ? (y < z ? y : z) : x >= z ? z : x)

#define INTEGER_ARITHMETIC(X, S, T)                                        \
  X(S, T, 1, NEG, neg, 0 - (unsigned_##S)x)                                \
  X(S, T, 1, ABS, abs, x < 0 ? 0 - (unsigned_##S)x : (unsigned_##S)x)      \
  X(S, T, 1, SIGN, sign, (x > 0) - (x < 0))                                \
  X(S, T, 1, SQUARE, square, (unsigned_##S)x * (unsigned_##S)x)            \
  X(S, T, 1, CUBE, cube, (unsigned_##S)x * ((unsigned_##S)x * (unsigned_##S)x)) \
  X(S, T, 1, ISNAN, isnan, (x != x))                                       \
  X(S, T, 2, ADD, add, (unsigned_##S)x + (unsigned_##S)y)                  \
  X(S, T, 2, LEAKY_RELU, leaky_relu, x <= 0 ? (unsigned_##S)y * (unsigned_##S)x : (unsigned_##S)x) \
  X(S, T, 2, SUB, sub, (unsigned_##S)x - (unsigned_##S)y)                  \
  X(S, T, 2, MUL, mul, (unsigned_##S)x * (unsigned_##S)y)                  \
  X(S, T, 2_SCALAR, FLOORDIV, floordiv, floordiv_##S(x, y))                \
  X(S, T, 2_SCALAR, FMOD, fmod, fmod_##S(x, y))                            \
  X(S, T, 2_SCALAR, POW, pow, pow_##S(x, y))                               \
  X(S, T, 3, FMA, fma, (unsigned_##S)x * (unsigned_##S)y + (unsigned_##S)z)

// Integers of up to 51 bits are float64 by way of the low bits of 1.5·2⁵².
FX_INLINE double whole_i64(int64_t x) { return from_bits_f64((uint64_t)x + ROUND_F64_BITS) - ROUND_F64; }
FX_INLINE double whole_i32(int32_t x) { return (double)x; }

/// The remainder by the nearest quotient, which may be one too large: all of it is exact.
FX_INLINE double remainder_near(double x, double y) {
  double r = x - ((x / y + ROUND_F64) - ROUND_F64) * y;
  return ((r != 0) & ((r < 0) != (y < 0))) ? r + y : r;
}

#define LARGE(X) ((uint64_t)(X) + 0x4000000000000u >= 0x8000000000000u)
PATCHED_KERNEL(kernel_rem_i64, int64_t, b, int64_t x = ((const int64_t *)a)[start + i]; int64_t y = ((const int64_t *)b)[start + i],
               (int64_t)(bits_f64(remainder_near(whole_i64(x), whole_i64(y)) + ROUND_F64) - ROUND_F64_BITS),
               ((y == 0) | LARGE(x) | LARGE(y)), rem_i64(x, y))
PATCHED_KERNEL(kernel_rem_i32, int32_t, b, int32_t x = ((const int32_t *)a)[start + i]; int32_t y = ((const int32_t *)b)[start + i]; (void)x,
               (int32_t)remainder_near(whole_i32(x), whole_i32(y)), (y == 0), rem_i32(x, y))

INTEGER_ARITHMETIC(DEFINE_KERNEL, i32, int32_t)
INTEGER_ARITHMETIC(DEFINE_KERNEL, i64, int64_t)
LOGIC(DEFINE_KERNEL, i32, int32_t)
LOGIC(DEFINE_KERNEL, i64, int64_t)
LOGIC(DEFINE_KERNEL, b, uint8_t)

fx_kernel fx_integer_kernel(int op, int dtype) {
  static const fx_kernel table[3][FX_OP_COUNT] = {
    {INTEGER_ARITHMETIC(KERNEL_ENTRY, i32, int32_t) LOGIC(KERNEL_ENTRY, i32, int32_t) [FX_REM] = kernel_rem_i32},
    {INTEGER_ARITHMETIC(KERNEL_ENTRY, i64, int64_t) LOGIC(KERNEL_ENTRY, i64, int64_t) [FX_REM] = kernel_rem_i64},
    {LOGIC(KERNEL_ENTRY, b, uint8_t)},
  };
  return table[dtype - FX_I32][op];
}
