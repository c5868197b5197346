// Element-wise instructions: the lookup, and the floats' arithmetic and comparisons. Integers and bool are in integers.c, the
// elementary functions in functions.c, what is beyond them in special.c.
#include "loops.h"
#include "math32.h"

// Comparisons with NaN are false but for NE; MAX and MIN hand a NaN on, whichever side it stands. Conditions are joined by | and &
// rather than || and &&, which would be branches.
#define FLOAT_ARITHMETIC(X, S, T)                                          \
  X(S, T, 1, NEG, neg, -x)                                                 \
  X(S, T, 1, ABS, abs, abs_##S(x))                                         \
  X(S, T, 1, SIGN, sign, x > 0 ? 1 : x < 0 ? -1 : x)                       \
  X(S, T, 1, SQUARE, square, x * x)                                        \
  X(S, T, 1, RECIPROCAL, reciprocal, 1 / x)                                \
  X(S, T, 1, SQRT, sqrt, sqrt_##S(x))                                      \
  X(S, T, 1, RSQRT, rsqrt, 1 / sqrt_##S(x))                                \
  X(S, T, 1, FLOOR, floor, __builtin_elementwise_floor(x))                 \
  X(S, T, 1, CEIL, ceil, __builtin_elementwise_ceil(x))                    \
  X(S, T, 1, ROUND, round, __builtin_elementwise_rint(x))                  \
  X(S, T, 1, TRUNC, trunc, __builtin_elementwise_trunc(x))                 \
  X(S, T, 1, NOT, not, x == 0)                                             \
  X(S, T, 1, RELU, relu, x <= 0 ? 0 : x)                                   \
  X(S, T, 1, CUBE, cube, x * (x * x))                                      \
  X(S, T, 1, HARD_SWISH, hard_swish, hard_swish_##S(x))                    \
  X(S, T, 1, ISNAN, isnan, x != x)                                         \
  X(S, T, 2, LEAKY_RELU, leaky_relu, x <= 0 ? y * x : x)                   \
  X(S, T, 2, HUBER, huber, huber_##S(x, y))                                \
  X(S, T, 2, ADD, add, x + y)                                              \
  X(S, T, 2, SUB, sub, x - y)                                              \
  X(S, T, 2, MUL, mul, x * y)                                              \
  X(S, T, 2, DIV, div, x / y)                                              \
  X(S, T, 2, MAX, max, ((x > y) | (x != x)) ? x : y)                         \
  X(S, T, 2, MIN, min, ((x < y) | (x != x)) ? x : y)                         \
  X(S, T, 2, EQ, eq, x == y)                                               \
  X(S, T, 2, NE, ne, x != y)                                               \
  X(S, T, 2, LT, lt, x < y)                                                \
  X(S, T, 2, LE, le, x <= y)                                               \
  X(S, T, 2, GT, gt, x > y)                                                \
  X(S, T, 2, GE, ge, x >= y)                                               \
  X(S, T, 2, AND, and, (x != 0) & (y != 0))                                \
  X(S, T, 2, OR, or, (x != 0) | (y != 0))                                  \
  X(S, T, 2, XOR, xor, (x != 0) ^ (y != 0))                                \
  X(S, T, 3, FMA, fma, x * y + z)                                          \
  X(S, T, 3, SELECT, select, x != 0 ? y : z)                               \
  X(S, T, 3, CLAMP, clamp, x <= y ? (y < z ? y : z) : x >= z ? z : x)  \
  X(S, T, 3, LERP, lerp, lerp_##S(x, y, z))

// 6 times the rounded sixth is 1 again.
#define PIECES(S, T)                                                       \
  FX_INLINE T hard_swish_##S(T x) {                                        \
    T r = x + 3, y = x * ((r > 6 ? 6 : r) * (T)(1.0 / 6.0));               \
    return x <= -3 ? 0 : y;                                                \
  }                                                                        \
  /* The ends are exact, whatever the other one is. Where y - x is infinite it is the sum of the parts. */ \
  FX_INLINE T lerp_##S(T x, T y, T z) {                                    \
    T d = y - x, w = 1 - z;                                                \
    T near = abs_##S(z) < (T)0.5 ? x + z * d : y - d * w;                  \
    T far = w * x + z * y;                                                 \
    T r = d - d == 0 ? near : far;                                         \
    return z == 0 ? x : z == 1 ? y : r;                                    \
  }                                                                        \
  FX_INLINE T huber_##S(T x, T y) {                                        \
    T a = abs_##S(x), c = a > y ? y : a;                                   \
    return c * (a - (T)0.5 * c);                                           \
  }
PIECES(f32, float)
PIECES(f64, double)

FLOAT_ARITHMETIC(DEFINE_KERNEL, f32, float)
FLOAT_ARITHMETIC(DEFINE_KERNEL, f64, double)

static const fx_kernel float_arithmetic[2][FX_OP_COUNT] = {
  {FLOAT_ARITHMETIC(KERNEL_ENTRY, f32, float)},
  {FLOAT_ARITHMETIC(KERNEL_ENTRY, f64, double)},
};

// The same where one operand is a single number.
#define NUMBER_ARITHMETIC(X, S, T)                                         \
  X(S, T, ADD, add, x + y)                                                 \
  X(S, T, SUB, sub, x - y)                                                 \
  X(S, T, MUL, mul, x * y)                                                 \
  X(S, T, DIV, div, x / y)                                                 \
  X(S, T, MAX, max, ((x > y) | (x != x)) ? x : y)                          \
  X(S, T, MIN, min, ((x < y) | (x != x)) ? x : y)                          \
  X(S, T, LEAKY_RELU, leaky_relu, x <= 0 ? y * x : x)                      \
  X(S, T, ELU, elu, x <= 0 ? y * expm1_##S(x) : x)

#define DEFINE_NUMBER_KERNELS(S, T, OP, NAME, EXPRESSION)                  \
  FX_KERNEL(left_##NAME##_##S) {                                           \
    (void)c;                                                               \
    const T *ys = b, x = *(const T *)a;                                    \
    T *os = out;                                                           \
    FX_INDEPENDENT for (ptrdiff_t i = 0; i < n; i++) {                     \
      T y = ys[i];                                                         \
      os[i] = (T)(EXPRESSION);                                             \
    }                                                                      \
  }                                                                        \
  FX_KERNEL(right_##NAME##_##S) {                                          \
    (void)c;                                                               \
    const T *xs = a, y = *(const T *)b;                                    \
    T *os = out;                                                           \
    FX_INDEPENDENT for (ptrdiff_t i = 0; i < n; i++) {                     \
      T x = xs[i];                                                         \
      os[i] = (T)(EXPRESSION);                                             \
    }                                                                      \
  }
#define LEFT_ENTRY(S, T, OP, NAME, EXPRESSION) [FX_##OP] = left_##NAME##_##S,
#define RIGHT_ENTRY(S, T, OP, NAME, EXPRESSION) [FX_##OP] = right_##NAME##_##S,

NUMBER_ARITHMETIC(DEFINE_NUMBER_KERNELS, f32, float)
NUMBER_ARITHMETIC(DEFINE_NUMBER_KERNELS, f64, double)

// x·y + z of two numbers, what a normalisation does to a channel, and bounds that are numbers.
#define AFFINE(S, T)                                                       \
  FX_KERNEL(bound_##S) {                                                   \
    const T *xs = a, y = *(const T *)b, z = *(const T *)c;                 \
    T *os = out;                                                           \
    FX_INDEPENDENT for (ptrdiff_t i = 0; i < n; i++) {                     \
      T x = xs[i];                                                         \
      os[i] = x <= y ? (y < z ? y : z) : x >= z ? z : x;                   \
    }                                                                      \
  }                                                                        \
  FX_KERNEL(affine_##S) {                                                  \
    const T *xs = a, y = *(const T *)b, z = *(const T *)c;                 \
    T *os = out;                                                           \
    FX_INDEPENDENT for (ptrdiff_t i = 0; i < n; i++) os[i] = xs[i] * y + z; \
  }
AFFINE(f32, float)
AFFINE(f64, double)

fx_kernel fx_elementwise_number(int op, int dtype, int side) {
  static const fx_kernel kernels[2][2][FX_OP_COUNT] = {
    {{NUMBER_ARITHMETIC(LEFT_ENTRY, f32, float)}, {NUMBER_ARITHMETIC(RIGHT_ENTRY, f32, float)[FX_FMA] = affine_f32, [FX_CLAMP] = bound_f32}},
    {{NUMBER_ARITHMETIC(LEFT_ENTRY, f64, double)}, {NUMBER_ARITHMETIC(RIGHT_ENTRY, f64, double)[FX_FMA] = affine_f64, [FX_CLAMP] = bound_f64}},
  };
  if (op < 0 || op >= FX_OP_COUNT || dtype < 0 || dtype > FX_F64) return NULL;
  return kernels[dtype][side != 0][op];
}

// A copy in place is nothing to do.
#define COPY_KERNEL(SIZE)                                                                                              \
  static void copy_##SIZE(ptrdiff_t n, const void *a, const void *b, const void *c, void *out) {                       \
    (void)b, (void)c;                                                                                                  \
    if (a != out && n > 0) memmove(out, a, (size_t)n * SIZE);                                                          \
  }
COPY_KERNEL(1)
COPY_KERNEL(4)
COPY_KERNEL(8)

fx_kernel fx_elementwise(int op, int dtype) {
  static const fx_kernel copies[5] = {copy_4, copy_8, copy_4, copy_8, copy_1};
  if (op < 0 || op >= FX_OP_COUNT || dtype < 0 || dtype > FX_BOOL) return NULL;
  if (op == FX_COPY) return copies[dtype];
  if (dtype > FX_F64) {
    int rounding = op == FX_FLOOR || op == FX_CEIL || op == FX_ROUND || op == FX_TRUNC;
    return rounding && dtype != FX_BOOL ? copies[dtype] : fx_integer_kernel(op, dtype);
  }
  fx_kernel kernel = float_arithmetic[dtype][op];
  if (!kernel) kernel = fx_function_kernel(op, dtype);
  return kernel ? kernel : fx_special_kernel(op, dtype);
}
