// Transforms for processors with AVX-512. Not `arch=x86-64-v4`, for which the compiler prefers vectors of 256 bits.
#include "plan.h"

#if defined(__x86_64__)
#define pocketfft pocketfft_avx512
#define FX_LEVEL avx512
#define FX_BYTES 64
#pragma clang attribute push(__attribute__((target("avx2,fma,bmi,bmi2,lzcnt,f16c,avx512f,avx512bw,avx512cd,avx512dq,avx512vl"))), apply_to = function)
#include "level.h"
#pragma clang attribute pop
#endif
