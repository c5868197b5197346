// float16 (IEEE 754's binary16) and bfloat16 (the upper half of a float), as the bits that they are: by way of float, without a branch, so that loops
// become vectors. To float is exact; from a number it is rounded once, to the nearest and of two to the even one. A NaN stays one with what fits of
// its bits.
#ifndef FLUXION_HALF_H
#define FLUXION_HALF_H

#include "kernels.h"

FX_INLINE float f32_of_f16(uint16_t h) {
  uint32_t w = (uint32_t)h << 16, sign = w & 0x80000000u, magnitude = w + w;
  // The exponent's bias becomes that of a float by a product, which makes infinity and NaN of the largest exponent too.
  float normal = from_bits_f32((magnitude >> 4) + 0x70000000u) * 0x1p-112f;
  // A subnormal number's bits are the last ones of 0.5 + it.
  float subnormal = from_bits_f32((magnitude >> 17) | 0x3f000000u) - 0.5f;
  return from_bits_f32(sign | (magnitude < 0x08000000u ? bits_f32(subnormal) : bits_f32(normal)));
}

FX_INLINE float f32_of_bf16(uint16_t h) { return from_bits_f32((uint32_t)h << 16); }

FX_INLINE uint16_t f16_of_f32(float x) {
  uint32_t bits = bits_f32(x), magnitude = bits & 0x7fffffffu, exponent = magnitude & 0x7f800000u;
  // Infinite from 2¹⁶ on; and a number 2¹³ times as large as x's, at least 2⁻¹, whose sum with x ends where a float16's digits do.
  float scaled = abs_f32(x) * 0x1p112f * 0x1p-110f;
  uint32_t least = exponent < 0x38800000u ? 0x38800000u : exponent;
  uint32_t sum = bits_f32(from_bits_f32(least + 0x07800000u) + scaled);
  uint32_t number = ((sum >> 13) & 0x7c00u) + (sum & 0x0fffu);
  uint32_t nan = 0x7e00u | ((magnitude >> 13) & 0x1ffu);
  return (uint16_t)(((bits >> 16) & 0x8000u) | (magnitude > 0x7f800000u ? nan : number));
}

FX_INLINE uint16_t bf16_of_f32(float x) {
  uint32_t bits = bits_f32(x);
  uint32_t number = (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16;
  return (uint16_t)((bits & 0x7fffffffu) > 0x7f800000u ? (bits >> 16) | 0x40u : number);
}

// Rounded to odd: toward zero, with the last bit set where something was lost. What is then rounded to fewer digits is as if rounded once (Boldo and
// Melquiond 2008).
FX_INLINE float odd_of_f64(double x) {
  float near = (float)x;
  uint32_t bits = bits_f32(near);
  bits -= abs_f64(near) > abs_f64(x);
  bits |= (double)near != x;
  return from_bits_f32(bits);
}
// Likewise: beyond 2⁵³ the last 11 bits only tell that the number lies between others.
FX_INLINE double odd_of_i64(int64_t x) {
  int64_t beyond = (int64_t)(((uint64_t)x & ~0x7ffull) | (uint64_t)((x & 0x7ff) != 0) << 10);
  return (double)((uint64_t)x + 0x20000000000000ull > 0x40000000000000ull ? beyond : x);
}

#define f16_of_f64(x) f16_of_f32(odd_of_f64(x))
#define bf16_of_f64(x) bf16_of_f32(odd_of_f64(x))
#define f16_of_i64(x) f16_of_f64(odd_of_i64(x))
#define bf16_of_i64(x) bf16_of_f64(odd_of_i64(x))
#define f16_of_i32(x) f16_of_f64((double)(x))
#define bf16_of_i32(x) bf16_of_f64((double)(x))
#define f16_of_b(x) (uint16_t)((x) != 0 ? 0x3c00 : 0)
#define bf16_of_b(x) (uint16_t)((x) != 0 ? 0x3f80 : 0)

#endif
