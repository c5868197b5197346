// One level's passes over a kernel file, for targets.h: one for each element type, or a single one.
#if defined(FX_ELEMENTS) || defined(FX_WORDS)
#define FX_NUMBERS
#endif
#if defined(FX_FLOATS) || defined(FX_NUMBERS)

#define FX(name) FX_JOIN(name, FX_TYPE, FX_LEVEL)
#define FX_OF(name) FX_PAIR(name, FX_TYPE)
#define FX_LANES (FX_BYTES / (ptrdiff_t)sizeof(T))

#ifndef FX_WORDS
#define FX_TOTAL T
#define FX_LOWEST ((T)-__builtin_inf())
#define FX_HIGHEST ((T)__builtin_inf())
#define FX_IS_NAN(x) ((x) != (x))

#define T float
#define FX_TYPE f32
#define FX_SIZE 4
#define FX_IS_F32 1
#include "pass.h"
#undef FX_IS_F32

#define T double
#define FX_TYPE f64
#define FX_SIZE 8
#define FX_IS_F32 0
#include "pass.h"
#undef FX_IS_F32

#undef FX_TOTAL
#undef FX_LOWEST
#undef FX_HIGHEST
#undef FX_IS_NAN
#endif

#ifdef FX_NUMBERS
#define FX_IS_INTEGER 1
#define FX_TOTAL uint64_t
#define FX_IS_NAN(x) ((void)(x), 0)

#define T int32_t
#define FX_TYPE i32
#define FX_SIZE 4
#define FX_LOWEST INT32_MIN
#define FX_HIGHEST INT32_MAX
#include "pass.h"
#undef FX_LOWEST
#undef FX_HIGHEST

#define T int64_t
#define FX_TYPE i64
#define FX_SIZE 8
#define FX_LOWEST INT64_MIN
#define FX_HIGHEST INT64_MAX
#include "pass.h"
#undef FX_LOWEST
#undef FX_HIGHEST

#if defined(FX_ELEMENTS) || defined(FX_WORDS)
#define FX_IS_BOOL 1
#define T uint8_t
#define FX_TYPE b
#define FX_SIZE 1
#define FX_LOWEST 0
#define FX_HIGHEST 1
#include "pass.h"
#undef FX_LOWEST
#undef FX_HIGHEST
#undef FX_IS_BOOL
#endif

#ifdef FX_HALVES
#define FX_IS_HALF 1
#define T uint16_t
#define FX_TYPE h
#define FX_SIZE 2
#include "pass.h"
#undef FX_IS_HALF
#endif

#undef FX_TOTAL
#undef FX_IS_NAN
#undef FX_IS_INTEGER
#endif
#undef FX_OF
#undef FX_LANES

#else

#define FX(name) FX_PAIR(name, FX_LEVEL)
#include FX_FILE

#endif
#undef FX
#undef FX_LEVEL
#undef FX_BYTES
#undef FX_REGISTERS
