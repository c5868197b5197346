// Writing to positions given by int64 tensors: putting, and what duplicates are reduced to. And triangles of matrices.
#ifndef FX_PASS
#define FX_FILE "scatter.c"
#define FX_NUMBERS
#define FX_ONCE
#include "targets.h"

typedef uint16_t __attribute__((may_alias)) word2;
typedef uint32_t __attribute__((may_alias)) word4;
typedef uint64_t __attribute__((may_alias)) word8;
typedef struct { uint64_t low, high; } __attribute__((may_alias)) word16;

void fx_put(int size, ptrdiff_t outer, ptrdiff_t n, ptrdiff_t inner, ptrdiff_t count, const int64_t *indices, const void *x, void *y) {
  for (ptrdiff_t o = 0; o < outer; o++) {
    const char *from = (const char *)x + o * count * inner * size;
    char *to = (char *)y + o * n * inner * size;
    if (inner * size == 4) for (ptrdiff_t j = 0; j < count; j++) ((word4 *)to)[indices[j]] = ((const word4 *)from)[j];
    else if (inner * size == 8) for (ptrdiff_t j = 0; j < count; j++) ((word8 *)to)[indices[j]] = ((const word8 *)from)[j];
    else if (inner * size == 2) for (ptrdiff_t j = 0; j < count; j++) ((word2 *)to)[indices[j]] = ((const word2 *)from)[j];
    else if (inner * size == 1) for (ptrdiff_t j = 0; j < count; j++) to[indices[j]] = from[j];
    else for (ptrdiff_t j = 0; j < count; j++) memcpy(to + indices[j] * inner * size, from + j * inner * size, (size_t)(inner * size));
  }
}

void fx_scatter(int size, ptrdiff_t outer, ptrdiff_t n, ptrdiff_t inner, ptrdiff_t count, const int64_t *indices, const void *x, void *y) {
  for (ptrdiff_t o = 0; o < outer; o++)
    for (ptrdiff_t j = 0; j < count; j++) {
      const int64_t *at = indices + (o * count + j) * inner;
      const char *from = (const char *)x + (o * count + j) * inner * size;
      char *to = (char *)y + o * n * inner * size;
      if (inner == 1) {  // one by one along the last axis: all of this row's at once
        if (size == 4) for (ptrdiff_t i = 0; i < count; i++) ((word4 *)to)[at[i]] = ((const word4 *)from)[i];
        else if (size == 8) for (ptrdiff_t i = 0; i < count; i++) ((word8 *)to)[at[i]] = ((const word8 *)from)[i];
        else if (size == 2) for (ptrdiff_t i = 0; i < count; i++) ((word2 *)to)[at[i]] = ((const word2 *)from)[i];
        else if (size == 16) for (ptrdiff_t i = 0; i < count; i++) ((word16 *)to)[at[i]] = ((const word16 *)from)[i];
        else for (ptrdiff_t i = 0; i < count; i++) to[at[i]] = from[i];
        break;
      }
      if (size == 4) for (ptrdiff_t i = 0; i < inner; i++) ((word4 *)to)[at[i] * inner + i] = ((const word4 *)from)[i];
      else if (size == 8) for (ptrdiff_t i = 0; i < inner; i++) ((word8 *)to)[at[i] * inner + i] = ((const word8 *)from)[i];
      else if (size == 2) for (ptrdiff_t i = 0; i < inner; i++) ((word2 *)to)[at[i] * inner + i] = ((const word2 *)from)[i];
      else if (size == 16) for (ptrdiff_t i = 0; i < inner; i++) ((word16 *)to)[at[i] * inner + i] = ((const word16 *)from)[i];
      else for (ptrdiff_t i = 0; i < inner; i++) to[at[i] * inner + i] = from[i];
    }
}

// Sums of complex numbers, of which both parts go to one place.
static void scatter_pairs(int is_double, ptrdiff_t outer, ptrdiff_t n, ptrdiff_t inner, ptrdiff_t count, const int64_t *indices, const void *x,
                          void *y) {
  for (ptrdiff_t o = 0; o < outer; o++)
    for (ptrdiff_t j = 0; j < count * inner; j++) {
      ptrdiff_t from = 2 * (o * count * inner + j), to = 2 * ((o * n + indices[from / 2]) * inner + j % inner);
      if (is_double) ((double *)y)[to] += ((const double *)x)[from], ((double *)y)[to + 1] += ((const double *)x)[from + 1];
      else ((float *)y)[to] += ((const float *)x)[from], ((float *)y)[to + 1] += ((const float *)x)[from + 1];
    }
}

void fx_scatter_add(int dtype, ptrdiff_t outer, ptrdiff_t n, ptrdiff_t inner, ptrdiff_t count, const int64_t *indices, const void *x,
                    void *y) {
  if (dtype == FX_C64 || dtype == FX_C128) return scatter_pairs(dtype == FX_C128, outer, n, inner, count, indices, x, y);
  FX_DISPATCH_NUMBERS(dtype, scatter, FX_R_SUM, outer, n, inner, count, indices, x, y);
}

void fx_scatter_reduce(int op, int dtype, ptrdiff_t outer, ptrdiff_t n, ptrdiff_t inner, ptrdiff_t count, const int64_t *indices,
                       const void *x, void *y) {
  FX_DISPATCH_NUMBERS(dtype, scatter, op, outer, n, inner, count, indices, x, y);
}

void fx_triangle(int size, int upper, ptrdiff_t first, ptrdiff_t count, ptrdiff_t rows, ptrdiff_t columns, ptrdiff_t diagonal,
                 const void *x, void *y) {
  for (ptrdiff_t r = first; r < first + count; r++) {
    ptrdiff_t cut = max_size(0, min_size(columns, r % rows + diagonal + (upper ? 0 : 1)));
    const char *from = (const char *)x + r * columns * size;
    char *to = (char *)y + r * columns * size;
    size_t left = (size_t)(cut * size), right = (size_t)((columns - cut) * size);
    if (upper) memset(to, 0, left), memcpy(to + left, from + left, right);
    else memcpy(to, from, left), memset(to + left, 0, right);
  }
}

// MARK: Sums of many terms

void fx_scatter_add_long(ptrdiff_t outer, ptrdiff_t n, ptrdiff_t inner, ptrdiff_t count, const int64_t *indices, const float *x, float *y,
                         float *rest) {
  for (ptrdiff_t o = 0; o < outer; o++, y += n * inner, rest += n * inner)
    for (ptrdiff_t j = 0; j < count; j++, x += inner, indices += inner)
      for (ptrdiff_t i = 0; i < inner; i++) add_exactly(y + indices[i] * inner + i, rest + indices[i] * inner + i, x[i]);
}

void fx_take_add_long(ptrdiff_t outer, ptrdiff_t n, ptrdiff_t inner, ptrdiff_t count, const int64_t *indices, const float *x, float *y,
                      float *rest) {
  for (ptrdiff_t o = 0; o < outer; o++, y += n * inner, rest += n * inner)
    for (ptrdiff_t j = 0; j < count; j++, x += inner)
      for (ptrdiff_t i = 0; i < inner; i++) add_exactly(y + indices[j] * inner + i, rest + indices[j] * inner + i, x[i]);
}

void fx_add_rest(ptrdiff_t n, const float *rest, float *y) {
  // Beside infinities and NaN there is no rest.
  for (ptrdiff_t i = 0; i < n; i++) y[i] += rest[i] - rest[i] == 0 ? rest[i] : 0;
}

#else

// Integers without a sign, of which sums and products wrap.
#ifdef FX_IS_INTEGER
#define U FX_UNSIGNED
#else
#define U T
#endif

// NaN is larger and smaller than any number. What is kept is always written back: a branch on random numbers would cost more.
FX_INLINE void FX(scatter_by)(int op, ptrdiff_t outer, ptrdiff_t n, ptrdiff_t inner, ptrdiff_t count, const int64_t *indices, const T *x, T *y) {
  ptrdiff_t runs = inner == 1 ? 1 : count, length = inner == 1 ? count : inner, step = inner != 1;
  for (ptrdiff_t o = 0; o < outer; o++, y += n * inner)
    for (ptrdiff_t j = 0; j < runs; j++, x += length, indices += length)
      for (ptrdiff_t i = 0; i < length; i++) {
        T *to = y + indices[i] * inner + i * step, old = *to, v = x[i];
        if (op == FX_R_SUM) *to = (T)((U)old + (U)v);
        if (op == FX_R_PROD) *to = (T)((U)old * (U)v);
        if (op == FX_R_MAX) *to = v > old || FX_IS_NAN(v) ? v : old;
        if (op == FX_R_MIN) *to = v < old || FX_IS_NAN(v) ? v : old;
      }
}

static void FX(scatter)(int op, ptrdiff_t outer, ptrdiff_t n, ptrdiff_t inner, ptrdiff_t count, const int64_t *indices, const T *x, T *y) {
  if (op == FX_R_SUM) FX(scatter_by)(FX_R_SUM, outer, n, inner, count, indices, x, y);
  else if (op == FX_R_PROD) FX(scatter_by)(FX_R_PROD, outer, n, inner, count, indices, x, y);
  else if (op == FX_R_MAX) FX(scatter_by)(FX_R_MAX, outer, n, inner, count, indices, x, y);
  else FX(scatter_by)(FX_R_MIN, outer, n, inner, count, indices, x, y);
}
#undef U

#endif
