// Element-wise instructions: the lookup, and the floats' arithmetic and comparisons. Integers and bool are in integers.c, the
// elementary functions in functions.c, what is beyond them in special.c and higher.c.
#ifndef FX_PASS
#define FX_FILE "elementwise.c"
#define FX_FLOATS
#include "loops.h"
#include "math32.h"
#include "targets.h"

fx_kernel fx_elementwise_number(int op, int dtype, int side) {
  if (op < 0 || op >= FX_OP_COUNT || dtype < 0 || dtype > FX_F64) return NULL;
  return FX_RESULT(dtype, number_lookup, op, side != 0);
}

// A copy in place is nothing to do.
static void copy(ptrdiff_t bytes, const void *a, void *out) {
  if (a != out && bytes > 0) memmove(out, a, (size_t)bytes);
}
FX_KERNEL(copy_1) { (void)b, (void)c, copy(n, a, out); }
FX_KERNEL(copy_4) { (void)b, (void)c, copy(4 * n, a, out); }
FX_KERNEL(copy_8) { (void)b, (void)c, copy(8 * n, a, out); }

fx_kernel fx_elementwise(int op, int dtype) {
  static const fx_kernel copies[5] = {copy_4, copy_8, copy_4, copy_8, copy_1};
  if (op < 0 || op >= FX_OP_COUNT || dtype < 0) return NULL;
  if (dtype > FX_BOOL) return fx_complex_kernel(op, dtype);
  if (op == FX_COPY) return copies[dtype];
  if (dtype > FX_F64) {
    int rounding = op == FX_FLOOR || op == FX_CEIL || op == FX_ROUND || op == FX_TRUNC;
    return rounding && dtype != FX_BOOL ? copies[dtype] : fx_integer_kernel(op, dtype);
  }
  fx_kernel kernel = FX_RESULT(dtype, lookup, op);
  if (!kernel) kernel = fx_function_kernel(op, dtype);
  if (!kernel) kernel = fx_special_kernel(op, dtype);
  return kernel ? kernel : fx_higher_kernel(op, dtype);
}

#else

// 6 times the rounded sixth is 1 again.
FX_INLINE T FX(hard_swish)(T x) {
  T r = x + 3, y = x * ((r > 6 ? 6 : r) * (T)(1.0 / 6.0));
  return x <= -3 ? 0 : y;
}
// The ends are exact, whatever the other one is. Where y - x is infinite it is the sum of the parts.
FX_INLINE T FX(lerp)(T x, T y, T z) {
  T d = y - x, w = 1 - z;
  T near = FX_OF(abs)(z) < (T)0.5 ? x + z * d : y - d * w;
  T far = w * x + z * y;
  T r = d - d == 0 ? near : far;
  return z == 0 ? x : z == 1 ? y : r;
}
FX_INLINE T FX(huber)(T x, T y) {
  T a = FX_OF(abs)(x), c = a > y ? y : a;
  return c * (a - (T)0.5 * c);
}

#define LIST "list_arithmetic.h"
#include "list.h"
#undef LIST

// The same where the first or the second operand is a single number.
#define LEFT(OP) FX_JOIN(left_##OP, FX_TYPE, FX_LEVEL)
#define RIGHT(OP) FX_JOIN(right_##OP, FX_TYPE, FX_LEVEL)
#define BOTH_SIDES(OP, ...) \
  FX_KERNEL(LEFT(OP)) { T x = *(const T *)a; FX_INDEPENDENT for (ptrdiff_t i = 0; i < n; i++) { T y = ((const T *)b)[i]; ((T *)out)[i] = (__VA_ARGS__); } (void)c; } \
  FX_KERNEL(RIGHT(OP)) { T y = *(const T *)b; FX_INDEPENDENT for (ptrdiff_t i = 0; i < n; i++) { T x = ((const T *)a)[i]; ((T *)out)[i] = (__VA_ARGS__); } (void)c; }
BOTH_SIDES(ADD, x + y)
BOTH_SIDES(SUB, x - y)
BOTH_SIDES(MUL, x * y)
BOTH_SIDES(DIV, x / y)
BOTH_SIDES(MAX, ((x > y) | (x != x)) ? x : y)
BOTH_SIDES(MIN, ((x < y) | (x != x)) ? x : y)
BOTH_SIDES(LEAKY_RELU, x <= 0 ? y * x : x)
BOTH_SIDES(ELU, x <= 0 ? y * FX_OF(expm1)(x) : x)

// x·y + z of two numbers, what a normalisation does to a channel, and bounds that are numbers.
FX_KERNEL(FX(affine)) {
  T y = *(const T *)b, z = *(const T *)c;
  FX_INDEPENDENT for (ptrdiff_t i = 0; i < n; i++) ((T *)out)[i] = ((const T *)a)[i] * y + z;
}
FX_KERNEL(FX(bound)) {
  T y = *(const T *)b, z = *(const T *)c;
  FX_INDEPENDENT for (ptrdiff_t i = 0; i < n; i++) {
    T x = ((const T *)a)[i];
    ((T *)out)[i] = x <= y ? (y < z ? y : z) : x >= z ? z : x;
  }
}

static fx_kernel FX(number_lookup)(int op, int side) {
#define SIDES(OP) [FX_##OP] = {LEFT(OP), RIGHT(OP)}
  static const fx_kernel table[FX_OP_COUNT][2] = {
    SIDES(ADD), SIDES(SUB), SIDES(MUL), SIDES(DIV), SIDES(MAX), SIDES(MIN), SIDES(LEAKY_RELU), SIDES(ELU),
    [FX_FMA] = {NULL, FX(affine)}, [FX_CLAMP] = {NULL, FX(bound)},
  };
  return table[op][side];
}

#endif
