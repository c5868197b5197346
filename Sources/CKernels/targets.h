// Compiles the kernels of a file once for every instruction set that the processor may have, and once for every element type, as Highway's
// foreach_target.h does. A file says which types it is for, includes this header and then only hands calls on:
//
//   #ifndef FX_PASS
//   #define FX_FILE "softmax.c"   // itself
//   #define FX_FLOATS             // for float and double; FX_NUMBERS: int32_t and int64_t as well; FX_ELEMENTS: and bool, whose elements are bytes of 0
//                                 // and 1; FX_WORDS: for integers and bool alone; none of them: once for each
//                                 // instruction set. FX_HALVES beside one of them: uint16_t as well, the bits of float16 and bfloat16
//   #include "targets.h"
//   void fx_softmax(int dtype, …) { FX_DISPATCH(dtype, softmax, …); }
//   #else
//   static void FX(softmax)(ptrdiff_t n, const T *x, T *y) { … }
//   #endif
//
// In a pass the element type is T, FX(name) a name of the pass's own (name_f32_avx2), FX_OF(name) one of the type (name_f32), FX_LANES how many T a
// vector has and FX_BYTES how many bytes; FX_WORD and FX_UNSIGNED are integers as wide as T, FX_TOTAL is what sums and products of T are made in,
// FX_LOWEST and FX_HIGHEST bound all T. Helpers from kernels.h and the mathematics are inlined and need no pass. A file that defines FX_VECTORS
// before gets the vectors of vector.h.
//
// A file that defines FX_ONCE is for loops that wider vectors do not help: it is compiled once for each type, for any processor.
//
// Variants of a function are FX_INLINE functions with an argument that is a constant wherever they are called.
//
// Loops that the compiler vectorises have vectors of 256 bits at AVX-512 (what clang chooses for x86-64-v4: rows are short); those written with
// the vectors of vector.h have 512.
#include "kernels.h"

#define FX_PASS

#define FX_JOINED(name, type, level) name##_##type##_##level
#define FX_JOIN(name, type, level) FX_JOINED(name, type, level)
#define FX_PAIRED(name, part) name##_##part
#define FX_PAIR(name, part) FX_PAIRED(name, part)

#if defined(FX_ONCE)

#define FX_LEVEL once
#define FX_BYTES 16
#define FX_REGISTERS 16
#include "types.h"

#elif defined(__x86_64__)

#define FX_LEVEL baseline
#define FX_BYTES 16
#define FX_REGISTERS 16
#include "types.h"

#define FX_LEVEL avx2
#define FX_BYTES 32
#define FX_REGISTERS 16
#define FX_HAS_AVX2 1
#pragma clang attribute push(__attribute__((target("arch=x86-64-v3"))), apply_to = function)
#include "types.h"
#pragma clang attribute pop
#undef FX_HAS_AVX2

#define FX_LEVEL avx512
#define FX_BYTES 64
#define FX_REGISTERS 32
#define FX_HAS_AVX512 1
#ifdef FX_VECTORS
#pragma clang attribute push(__attribute__((target("avx2,fma,bmi,bmi2,lzcnt,f16c,avx512f,avx512bw,avx512cd,avx512dq,avx512vl"))), apply_to = function)
#else
#pragma clang attribute push(__attribute__((target("arch=x86-64-v4"))), apply_to = function)
#endif
#include "types.h"
#pragma clang attribute pop
#undef FX_HAS_AVX512

#elif defined(__aarch64__)

#define FX_LEVEL neon
#define FX_BYTES 16
#define FX_REGISTERS 32
#include "types.h"

#else

#define FX_LEVEL baseline
#define FX_BYTES 16
#define FX_REGISTERS 16
#include "types.h"

#endif

// The function of the level in use. Every level has all of them, so that a level that is not compiled in is a jump to nowhere: it traps.
#if defined(FX_ONCE)
#define FX_AT(NAME) NAME##_once
#elif defined(__x86_64__)
#define FX_AT(NAME) \
  (*({ static __typeof__(&NAME##_baseline) const levels[FX_LEVEL_COUNT] = \
         {[FX_BASELINE] = NAME##_baseline, [FX_AVX2] = NAME##_avx2, [FX_AVX512] = NAME##_avx512}; levels[fx_level]; }))
#elif defined(__aarch64__)
#define FX_AT(NAME) (*({ static __typeof__(&NAME##_neon) const levels[FX_LEVEL_COUNT] = {[FX_NEON] = NAME##_neon}; levels[fx_level]; }))
#else
#define FX_AT(NAME) \
  (*({ static __typeof__(&NAME##_baseline) const levels[FX_LEVEL_COUNT] = {[FX_BASELINE] = NAME##_baseline}; levels[fx_level]; }))
#endif

// Calls the function of that name for a dtype, or returns what it returns; pointers to void become pointers to T.
#define FX_DISPATCH(dtype, NAME, ...)                                     \
  do {                                                                    \
    if ((dtype) == FX_F32) FX_AT(NAME##_f32)(__VA_ARGS__);                \
    if ((dtype) == FX_F64) FX_AT(NAME##_f64)(__VA_ARGS__);                \
  } while (0)
#define FX_DISPATCH_NUMBERS(dtype, NAME, ...)                             \
  do {                                                                    \
    FX_DISPATCH(dtype, NAME, __VA_ARGS__);                                \
    if ((dtype) == FX_I32) FX_AT(NAME##_i32)(__VA_ARGS__);                \
    if ((dtype) == FX_I64) FX_AT(NAME##_i64)(__VA_ARGS__);                \
  } while (0)
#define FX_DISPATCH_ELEMENTS(dtype, NAME, ...)                            \
  do {                                                                    \
    FX_DISPATCH_NUMBERS(dtype, NAME, __VA_ARGS__);                        \
    if ((dtype) == FX_BOOL) FX_AT(NAME##_b)(__VA_ARGS__);                 \
  } while (0)
// Of another dtype 0 or NULL: no kernel reads its elements as what they are not.
#define FX_RESULT(dtype, NAME, ...) \
  ((dtype) == FX_F32 ? FX_AT(NAME##_f32)(__VA_ARGS__) : (dtype) == FX_F64 ? FX_AT(NAME##_f64)(__VA_ARGS__) : 0)
