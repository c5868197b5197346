// Reading and accumulating at positions given by int64 tensors, and the positions of what is true.
#ifndef FX_PASS
#define FX_FILE "index.c"
#define FX_NUMBERS
#include "targets.h"

typedef uint16_t __attribute__((may_alias)) word2;
typedef uint32_t __attribute__((may_alias)) word4;
typedef uint64_t __attribute__((may_alias)) word8;
typedef struct { uint64_t low, high; } __attribute__((may_alias)) word16;

int fx_indices_fit(ptrdiff_t count, ptrdiff_t n, const int64_t *indices) { return FX_AT(indices_fit_i64)(count, n, indices); }

ptrdiff_t fx_normalize_indices(ptrdiff_t count, ptrdiff_t n, const int64_t *indices, int64_t *out) {
  for (ptrdiff_t i = 0; i < count; i++) {
    int64_t at = indices[i];
    if (at < -(int64_t)n || at >= (int64_t)n) return i;
    out[i] = at < 0 ? at + n : at;
  }
  return -1;
}

void fx_take(int size, ptrdiff_t outer, ptrdiff_t n, ptrdiff_t inner, ptrdiff_t count, const int64_t *indices, const void *x, void *y) {
  for (ptrdiff_t o = 0; o < outer; o++) {
    const char *from = (const char *)x + o * n * inner * size;
    char *to = (char *)y + o * count * inner * size;
    if (inner * size == 4) for (ptrdiff_t j = 0; j < count; j++) ((word4 *)to)[j] = ((const word4 *)from)[indices[j]];
    else if (inner * size == 8) for (ptrdiff_t j = 0; j < count; j++) ((word8 *)to)[j] = ((const word8 *)from)[indices[j]];
    else if (inner * size == 2) for (ptrdiff_t j = 0; j < count; j++) ((word2 *)to)[j] = ((const word2 *)from)[indices[j]];
    else if (inner * size == 1) for (ptrdiff_t j = 0; j < count; j++) to[j] = from[indices[j]];
    else for (ptrdiff_t j = 0; j < count; j++) memcpy(to + j * inner * size, from + indices[j] * inner * size, (size_t)(inner * size));
  }
}

void fx_gather(int size, ptrdiff_t outer, ptrdiff_t n, ptrdiff_t inner, ptrdiff_t count, const int64_t *indices, const void *x, void *y) {
  for (ptrdiff_t o = 0; o < outer; o++)
    for (ptrdiff_t j = 0; j < count; j++) {
      const int64_t *at = indices + (o * count + j) * inner;
      const char *from = (const char *)x + o * n * inner * size;
      char *to = (char *)y + (o * count + j) * inner * size;
      if (inner == 1) {  // one by one along the last axis: all of this row's at once
        if (size == 4) for (ptrdiff_t i = 0; i < count; i++) ((word4 *)to)[i] = ((const word4 *)from)[at[i]];
        else if (size == 8) for (ptrdiff_t i = 0; i < count; i++) ((word8 *)to)[i] = ((const word8 *)from)[at[i]];
        else if (size == 2) for (ptrdiff_t i = 0; i < count; i++) ((word2 *)to)[i] = ((const word2 *)from)[at[i]];
        else if (size == 16) for (ptrdiff_t i = 0; i < count; i++) ((word16 *)to)[i] = ((const word16 *)from)[at[i]];
        else for (ptrdiff_t i = 0; i < count; i++) to[i] = from[at[i]];
        break;
      }
      if (size == 4) for (ptrdiff_t i = 0; i < inner; i++) ((word4 *)to)[i] = ((const word4 *)from)[at[i] * inner + i];
      else if (size == 8) for (ptrdiff_t i = 0; i < inner; i++) ((word8 *)to)[i] = ((const word8 *)from)[at[i] * inner + i];
      else if (size == 2) for (ptrdiff_t i = 0; i < inner; i++) ((word2 *)to)[i] = ((const word2 *)from)[at[i] * inner + i];
      else if (size == 16) for (ptrdiff_t i = 0; i < inner; i++) ((word16 *)to)[i] = ((const word16 *)from)[at[i] * inner + i];
      else for (ptrdiff_t i = 0; i < inner; i++) to[i] = from[at[i] * inner + i];
    }
}

void fx_take_add(int dtype, ptrdiff_t outer, ptrdiff_t n, ptrdiff_t inner, ptrdiff_t count, const int64_t *indices, const void *x,
                 void *y) {
  // Rows of twice as many floats.
  if (dtype == FX_C64 || dtype == FX_C128) return fx_take_add(dtype == FX_C64 ? FX_F32 : FX_F64, outer, n, 2 * inner, count, indices, x, y);
  FX_DISPATCH_NUMBERS(dtype, take_add, outer, n, inner, count, indices, x, y);
}

ptrdiff_t fx_nonzero(ptrdiff_t n, const uint8_t *mask, int64_t *out) {
  if (!out) return FX_AT(count_nonzero_i64)(n, mask);
  ptrdiff_t count = 0, i = 0;
  for (; i + 8 <= n; i += 8) {
    uint64_t eight;  // stretches of zeros go by eights
    memcpy(&eight, mask + i, 8);
    if (eight == 0) continue;
    // Written whether it counts or not: a branch on random bits would cost more.
    for (ptrdiff_t j = i; j < i + 8; j++) out[count] = j, count += mask[j] != 0;
  }
  for (; i < n; i++) out[count] = i, count += mask[i] != 0;
  return count;
}

// Divisions of 32 bits are several times faster than those of 64.
#define UNRAVEL(U)                                                                                            \
  for (ptrdiff_t i = 0; i < count; i++) {                                                                     \
    U rest = (U)flat[i];                                                                                      \
    for (int axis = rank - 1; axis > 0; axis--) {                                                             \
      U size = (U)dims[axis], next = rest / size;                                                             \
      out[axis * count + i] = (int64_t)(rest - next * size);                                                  \
      rest = next;                                                                                            \
    }                                                                                                         \
    out[i] = (int64_t)rest;                                                                                   \
  }

void fx_unravel(ptrdiff_t count, int rank, const ptrdiff_t *dims, const int64_t *flat, int64_t *out) {
  if (count && flat[count - 1] <= UINT32_MAX) UNRAVEL(uint32_t)
  else UNRAVEL(uint64_t)
}

#else

// Integers without a sign, of which sums wrap.
#ifdef FX_IS_INTEGER
#define U FX_UNSIGNED
#else
#define U T
#endif
static void FX(take_add)(ptrdiff_t outer, ptrdiff_t n, ptrdiff_t inner, ptrdiff_t count, const int64_t *indices, const T *x, T *y) {
  for (ptrdiff_t o = 0; o < outer; o++, y += n * inner)
    for (ptrdiff_t j = 0; j < count; j++, x += inner) {
      T *to = y + indices[j] * inner;
      if (inner == 1) *to = (T)((U)*to + (U)*x);
      else FX_INDEPENDENT for (ptrdiff_t i = 0; i < inner; i++) to[i] = (T)((U)to[i] + (U)x[i]);
    }
}
#undef U

#if defined(FX_IS_INTEGER) && FX_SIZE == 8
static int FX(indices_fit)(ptrdiff_t count, ptrdiff_t n, const int64_t *indices) {
  int64_t outside = 0;
  for (ptrdiff_t i = 0; i < count; i++) outside |= indices[i] | ((int64_t)n - 1 - indices[i]);  // the sign of either
  return outside >= 0;
}

static ptrdiff_t FX(count_nonzero)(ptrdiff_t n, const uint8_t *mask) {
  ptrdiff_t count = 0;
  for (ptrdiff_t i = 0; i < n; i++) count += mask[i] != 0;
  return count;
}
#endif

#endif
