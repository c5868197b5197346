// Complex numbers, real and imaginary part beside each other: arithmetic, comparisons, conversions.
#ifndef FX_PASS
#define FX_FILE "complex.c"
#define FX_FLOATS
#include "loops.h"
#include "half.h"
#include "targets.h"

// The float that the parts of a complex dtype are.
static int part(int dtype) { return dtype == FX_C64 ? FX_F32 : FX_F64; }

FX_KERNEL(copy_8) { (void)b, (void)c; if (a != out && n > 0) memmove(out, a, (size_t)n * 8); }
FX_KERNEL(copy_16) { (void)b, (void)c; if (a != out && n > 0) memmove(out, a, (size_t)n * 16); }

fx_kernel fx_complex_kernel(int op, int dtype) {
  if (dtype != FX_C64 && dtype != FX_C128) return NULL;
  if (op == FX_COPY) return dtype == FX_C64 ? copy_8 : copy_16;
  return FX_RESULT(part(dtype), lookup, op);
}

fx_kernel fx_complex_comparison(int op, int dtype) {
  if (dtype != FX_C64 && dtype != FX_C128) return NULL;
  return FX_RESULT(part(dtype), comparison, op);
}

fx_kernel fx_complex_cast(int from, int to) {
  if (from == to) return from == FX_C64 ? copy_8 : copy_16;
  if (from == FX_C64 || from == FX_C128) return FX_RESULT(part(from), narrowed, to);
  return FX_RESULT(part(to), widened, from);
}

#else

typedef struct { T re, im; } FX(complex);
#define C FX(complex)

// Divided by the larger part of the divisor first, which no square overflows (R. L. Smith, Algorithm 116).
FX_INLINE C FX(quotient)(C x, C y) {
  if (FX_OF(abs)(y.re) >= FX_OF(abs)(y.im)) {
    if (y.re == 0 && y.im == 0) return (C){x.re / FX_OF(abs)(y.re), x.im / FX_OF(abs)(y.im)};
    T ratio = y.im / y.re, scale = 1 / (y.re + y.im * ratio);
    return (C){(x.re + x.im * ratio) * scale, (x.im - x.re * ratio) * scale};
  }
  T ratio = y.re / y.im, scale = 1 / (y.re * ratio + y.im);
  return (C){(x.re * ratio + x.im) * scale, (x.im * ratio - x.re) * scale};
}

#define UNARY(OP, ...) FX_KERNEL(KERNEL_OF(OP)) { \
  FX_INDEPENDENT for (ptrdiff_t i = 0; i < n; i++) { C x = ((const C *)a)[i]; ((C *)out)[i] = __VA_ARGS__; } (void)b, (void)c; }
#define BINARY(OP, ...) FX_KERNEL(KERNEL_OF(OP)) { \
  FX_INDEPENDENT for (ptrdiff_t i = 0; i < n; i++) { C x = ((const C *)a)[i], y = ((const C *)b)[i]; ((C *)out)[i] = __VA_ARGS__; } (void)c; }
// Branches: no vectors.
#define DIVISION(OP, ...) FX_KERNEL(KERNEL_OF(OP)) { \
  for (ptrdiff_t i = 0; i < n; i++) { C x = ((const C *)a)[i], y = ((const C *)b)[i]; ((C *)out)[i] = __VA_ARGS__; } (void)c; }

UNARY(NEG, (C){-x.re, -x.im})
UNARY(SQUARE, (C){x.re * x.re - x.im * x.im, x.re * x.im + x.im * x.re})
BINARY(ADD, (C){x.re + y.re, x.im + y.im})
BINARY(SUB, (C){x.re - y.re, x.im - y.im})
BINARY(MUL, (C){x.re * y.re - x.im * y.im, x.re * y.im + x.im * y.re})
DIVISION(DIV, FX(quotient)(x, y))
FX_KERNEL(KERNEL_OF(RECIPROCAL)) {
  for (ptrdiff_t i = 0; i < n; i++) ((C *)out)[i] = FX(quotient)((C){1, 0}, ((const C *)a)[i]);
  (void)b, (void)c;
}

static fx_kernel FX(lookup)(int op) {
  switch (op) {
    case FX_NEG: return KERNEL_OF(NEG);
    case FX_SQUARE: return KERNEL_OF(SQUARE);
    case FX_RECIPROCAL: return KERNEL_OF(RECIPROCAL);
    case FX_ADD: return KERNEL_OF(ADD);
    case FX_SUB: return KERNEL_OF(SUB);
    case FX_MUL: return KERNEL_OF(MUL);
    case FX_DIV: return KERNEL_OF(DIV);
    default: return NULL;
  }
}

#define COMPARISON(OP, ...) FX_KERNEL(KERNEL_OF(OP)) { \
  for (ptrdiff_t i = 0; i < n; i++) { C x = ((const C *)a)[i], y = ((const C *)b)[i]; ((uint8_t *)out)[i] = (__VA_ARGS__); } (void)c; }
COMPARISON(EQ, x.re == y.re && x.im == y.im)
COMPARISON(NE, x.re != y.re || x.im != y.im)
static fx_kernel FX(comparison)(int op) { return op == FX_EQ ? KERNEL_OF(EQ) : op == FX_NE ? KERNEL_OF(NE) : NULL; }

// To the other complex dtype, and to bool: true is what is not 0.
typedef struct { float re, im; } FX(single);
typedef struct { double re, im; } FX(twice);
FX_KERNEL(FX(to_c64)) {
  for (ptrdiff_t i = 0; i < n; i++) { C x = ((const C *)a)[i]; ((FX(single) *)out)[i] = (FX(single)){(float)x.re, (float)x.im}; } (void)b, (void)c;
}
FX_KERNEL(FX(to_c128)) {
  for (ptrdiff_t i = 0; i < n; i++) { C x = ((const C *)a)[i]; ((FX(twice) *)out)[i] = (FX(twice)){x.re, x.im}; } (void)b, (void)c;
}
FX_KERNEL(FX(to_bool)) {
  for (ptrdiff_t i = 0; i < n; i++) { C x = ((const C *)a)[i]; ((uint8_t *)out)[i] = x.re != 0 || x.im != 0; } (void)b, (void)c;
}
static fx_kernel FX(narrowed)(int to) {
  return to == FX_C64 ? FX(to_c64) : to == FX_C128 ? FX(to_c128) : to == FX_BOOL ? FX(to_bool) : NULL;
}

// From a real dtype.
#define FROM(NAME, S, EXPRESSION) FX_KERNEL(FX(from_##NAME)) { \
  for (ptrdiff_t i = 0; i < n; i++) { S x = ((const S *)a)[i]; ((C *)out)[i] = (C){(T)(EXPRESSION), 0}; } (void)b, (void)c; }
FROM(f32, float, x)
FROM(f64, double, x)
FROM(i32, int32_t, x)
FROM(i64, int64_t, x)
FROM(bool, uint8_t, x != 0)
FROM(f16, uint16_t, f32_of_f16(x))
FROM(bf16, uint16_t, f32_of_bf16(x))
static fx_kernel FX(widened)(int from) {
  static const fx_kernel table[7] = {FX(from_f32), FX(from_f64), FX(from_i32), FX(from_i64), FX(from_bool), FX(from_f16), FX(from_bf16)};
  return from >= 0 && from < 7 ? table[from] : NULL;
}

#undef C
#undef UNARY
#undef BINARY
#undef DIVISION
#undef COMPARISON
#undef FROM

#endif
