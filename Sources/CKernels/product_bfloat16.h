// What the files of bfloat16's products share.
#ifndef FLUXION_PRODUCT_BFLOAT16_H
#define FLUXION_PRODUCT_BFLOAT16_H

#include "half.h"

#if defined(__x86_64__)
void fx_bfloat16_pack_avx512(int dtype, int is_rows, ptrdiff_t lines, ptrdiff_t k, const void *x, ptrdiff_t across, ptrdiff_t along, void *out);
void fx_bfloat16_tiles_avx512(ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, const void *a, const void *b, int adds, float *c, ptrdiff_t ldc);
void fx_bfloat16_tiles_amx(ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, const void *a, const void *b, int adds, float *c, ptrdiff_t ldc);
#endif

#endif
