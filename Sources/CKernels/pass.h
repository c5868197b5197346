// One pass over a kernel file, for types.h.
#if FX_SIZE == 8
#define FX_WORD int64_t
#define FX_UNSIGNED uint64_t
#elif FX_SIZE == 4
#define FX_WORD int32_t
#define FX_UNSIGNED uint32_t
#elif FX_SIZE == 2
#define FX_WORD int16_t
#define FX_UNSIGNED uint16_t
#else
#define FX_WORD int8_t
#define FX_UNSIGNED uint8_t
#endif
#ifdef FX_VECTORS
#include "vector.h"
#endif
#include FX_FILE
#undef T
#undef FX_TYPE
#undef FX_SIZE
#undef FX_WORD
#undef FX_UNSIGNED
