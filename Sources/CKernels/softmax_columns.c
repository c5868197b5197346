// Softmax, its logarithm, log-sum-exp and the gradients along an axis that is not the last: of x [n, inner], strip by strip.
//
// A strip is some columns side by side. Its elements are brought together in `memory`, where they stay in the second-level cache for all passes over
// them: rows of x a power of two apart would drive each other out of it. Sums are sums of shorter ones, whose roundings are of smaller numbers.
#include "math32.h"

#define STRIP FX_SOFTMAX_STRIP
#define STRETCH 64
#define COLUMNS for (ptrdiff_t c = 0; c < STRIP; c++)

#define SOFTMAX(S, T, INFINITE)                                                                               \
  /* Zeros beyond the last column. */                                                                         \
  FX_INLINE void gather_##S(ptrdiff_t n, ptrdiff_t inner, ptrdiff_t width, const T *x, T *to) {               \
    if (width == STRIP)                                                                                       \
      for (ptrdiff_t j = 0; j < n; j++) memcpy(to + j * STRIP, x + j * inner, STRIP * sizeof(T));             \
    else                                                                                                      \
      for (ptrdiff_t j = 0; j < n; j++) {                                                                     \
        for (ptrdiff_t c = 0; c < width; c++) to[j * STRIP + c] = x[j * inner + c];                           \
        for (ptrdiff_t c = width; c < STRIP; c++) to[j * STRIP + c] = 0;                                      \
      }                                                                                                       \
  }                                                                                                           \
  FX_INLINE void put_##S(ptrdiff_t width, const T *values, T *y) {                                            \
    if (width == STRIP) memcpy(y, values, STRIP * sizeof(T));                                                 \
    else for (ptrdiff_t c = 0; c < width; c++) y[c] = values[c];                                              \
  }                                                                                                           \
  /* NaN if there is one. */                                                                                  \
  FX_INLINE void largest_##S(ptrdiff_t n, const T *x, T *most) {                                              \
    memcpy(most, x, STRIP * sizeof(T));                                                                       \
    for (ptrdiff_t j = 1; j < n; j++)                                                                         \
      COLUMNS {                                                                                               \
        T v = x[j * STRIP + c];                                                                               \
        most[c] = ((v > most[c]) | (v != v)) ? v : most[c];                                                   \
      }                                                                                                       \
  }                                                                                                           \
  /* Σ exp(x − shift); the exponentials take x's place if `kept`. */                                          \
  FX_INLINE void exp_sums_##S(int kept, ptrdiff_t n, T *x, const T *shift, T *sums) {                         \
    COLUMNS sums[c] = 0;                                                                                      \
    for (ptrdiff_t start = 0; start < n; start += STRETCH) {                                                  \
      T part[STRIP] = {0};                                                                                    \
      for (ptrdiff_t j = start; j < min_size(n, start + STRETCH); j++) {                                      \
        T e[STRIP];                                                                                           \
        COLUMNS e[c] = exp_falling_##S(shift[c] - x[j * STRIP + c]);                                          \
        COLUMNS part[c] += e[c];                                                                              \
        if (kept) memcpy(x + j * STRIP, e, sizeof e);                                                         \
      }                                                                                                       \
      COLUMNS sums[c] += part[c];                                                                             \
    }                                                                                                         \
  }                                                                                                           \
  FX_CLONES static void softmax_##S(int logarithmic, ptrdiff_t n, ptrdiff_t inner, ptrdiff_t width, const T *x, T *y, T *memory) { \
    T most[STRIP], sums[STRIP], out[STRIP];                                                                   \
    gather_##S(n, inner, width, x, memory);                                                                   \
    largest_##S(n, memory, most);                                                                             \
    if (logarithmic) {                                                                                        \
      exp_sums_##S(0, n, memory, most, sums);                                                                 \
      COLUMNS sums[c] = log_##S(sums[c]);                                                                     \
      for (ptrdiff_t j = 0; j < n; j++) {                                                                     \
        COLUMNS out[c] = (memory[j * STRIP + c] - most[c]) - sums[c];                                         \
        put_##S(width, out, y + j * inner);                                                                   \
      }                                                                                                       \
    } else {                                                                                                  \
      exp_sums_##S(1, n, memory, most, sums);                                                                 \
      for (ptrdiff_t j = 0; j < n; j++) {                                                                     \
        COLUMNS out[c] = memory[j * STRIP + c] / sums[c];                                                     \
        put_##S(width, out, y + j * inner);                                                                   \
      }                                                                                                       \
    }                                                                                                         \
  }                                                                                                           \
  FX_CLONES static void logsumexp_##S(ptrdiff_t n, ptrdiff_t inner, ptrdiff_t width, const T *x, T *y, T *memory) { \
    T most[STRIP], sums[STRIP];                                                                               \
    gather_##S(n, inner, width, x, memory);                                                                   \
    largest_##S(n, memory, most);                                                                             \
    exp_sums_##S(0, n, memory, most, sums);                                                                   \
    COLUMNS sums[c] = abs_##S(most[c]) < INFINITE ? most[c] + log_##S(sums[c]) : most[c];                     \
    put_##S(width, sums, y);                                                                                  \
  }                                                                                                           \
  FX_CLONES static void backward_##S(int logarithmic, ptrdiff_t n, ptrdiff_t inner, ptrdiff_t width, const T *y, const T *dy, T *dx, \
                                     T *memory) {                                                             \
    T sums[STRIP] = {0}, out[STRIP], *factors = memory, *slopes = memory + n * STRIP;                         \
    gather_##S(n, inner, width, y, factors);                                                                  \
    gather_##S(n, inner, width, dy, slopes);                                                                  \
    for (ptrdiff_t start = 0; start < n; start += STRETCH) {                                                  \
      T part[STRIP] = {0};                                                                                    \
      for (ptrdiff_t j = start; j < min_size(n, start + STRETCH); j++)                                        \
        if (logarithmic) COLUMNS part[c] += slopes[j * STRIP + c];                                            \
        else COLUMNS part[c] += factors[j * STRIP + c] * slopes[j * STRIP + c];                               \
      COLUMNS sums[c] += part[c];                                                                             \
    }                                                                                                         \
    for (ptrdiff_t j = 0; j < n; j++) {                                                                       \
      const T *f = factors + j * STRIP, *d = slopes + j * STRIP;                                              \
      if (logarithmic) COLUMNS out[c] = sums[c] == 0 ? d[c] : d[c] - exp_falling_##S(-f[c]) * sums[c];        \
      else COLUMNS out[c] = f[c] * (d[c] - sums[c]);                                                          \
      put_##S(width, out, dx + j * inner);                                                                    \
    }                                                                                                         \
  }
SOFTMAX(f32, float, __builtin_inff())
SOFTMAX(f64, double, __builtin_inf())

// The strips from ..< to of `outer` arrays [n, inner]: `body` has the strip's offset, its width and that of its array's result in a row.
#define STRIPS(BODY)                                                                                          \
  ptrdiff_t each = (inner + STRIP - 1) / STRIP;                                                               \
  for (ptrdiff_t strip = from; strip < to; strip++) {                                                         \
    ptrdiff_t column = strip % each * STRIP, width = min_size(STRIP, inner - column);                         \
    ptrdiff_t at = strip / each * n * inner + column, row = strip / each * inner + column;                    \
    (void)row;                                                                                                \
    if (dtype == FX_F32) { typedef float T; BODY(f32) }                                                       \
    if (dtype == FX_F64) { typedef double T; BODY(f64) }                                                      \
  }

void fx_softmax_columns(int dtype, int logarithmic, ptrdiff_t n, ptrdiff_t inner, ptrdiff_t from, ptrdiff_t to, const void *x, void *y,
                        void *memory) {
#define BODY(S) softmax_##S(logarithmic, n, inner, width, (const T *)x + at, (T *)y + at, memory);
  STRIPS(BODY)
#undef BODY
}

void fx_softmax_columns_backward(int dtype, int logarithmic, ptrdiff_t n, ptrdiff_t inner, ptrdiff_t from, ptrdiff_t to, const void *y,
                                 const void *dy, void *dx, void *memory) {
#define BODY(S) backward_##S(logarithmic, n, inner, width, (const T *)y + at, (const T *)dy + at, (T *)dx + at, memory);
  STRIPS(BODY)
#undef BODY
}

void fx_logsumexp_columns(int dtype, ptrdiff_t n, ptrdiff_t inner, ptrdiff_t from, ptrdiff_t to, const void *x, void *y, void *memory) {
#define BODY(S) logsumexp_##S(n, inner, width, (const T *)x + at, (T *)y + row, memory);
  STRIPS(BODY)
#undef BODY
}
