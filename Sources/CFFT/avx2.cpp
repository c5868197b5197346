// Transforms for processors with AVX2.
#include "plan.h"

#if defined(__x86_64__)
#define pocketfft pocketfft_avx2
#define FX_LEVEL avx2
#define FX_BYTES 32
#pragma clang attribute push(__attribute__((target("arch=x86-64-v3"))), apply_to = function)
#include "level.h"
#pragma clang attribute pop
#endif
