// One level's passes over a kernel file, for targets.h: one for each element type, or a single one.
#if defined(FX_FLOATS) || defined(FX_NUMBERS)

#define FX(name) FX_JOIN(name, FX_TYPE, FX_LEVEL)
#define FX_OF(name) FX_PAIR(name, FX_TYPE)
#define FX_LANES (FX_BYTES / (ptrdiff_t)sizeof(T))

#define T float
#define FX_TYPE f32
#define FX_IS_F32 1
#include "pass.h"
#undef T
#undef FX_TYPE
#undef FX_IS_F32

#define T double
#define FX_TYPE f64
#define FX_IS_F32 0
#include "pass.h"
#undef T
#undef FX_TYPE

#ifdef FX_NUMBERS
#define FX_IS_INTEGER 1
#define T int32_t
#define FX_TYPE i32
#include "pass.h"
#undef T
#undef FX_TYPE

#define T int64_t
#define FX_TYPE i64
#include "pass.h"
#undef T
#undef FX_TYPE
#undef FX_IS_INTEGER
#endif
#undef FX_IS_F32
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
