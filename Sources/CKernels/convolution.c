// Convolutions: images to columns for matrix products, and the direct sums for what products do not suit.
#include "kernels.h"

/// The outputs of one axis whose input under a tap at `offset` (its place at output 0) lies within 0 ..< n, cut to first ..< last.
FX_INLINE void inside(ptrdiff_t n, ptrdiff_t offset, ptrdiff_t stride, ptrdiff_t *first, ptrdiff_t *last) {
  ptrdiff_t from = offset >= 0 ? 0 : (stride - 1 - offset) / stride;
  ptrdiff_t to = offset >= n ? 0 : (n - offset + stride - 1) / stride;
  *first = max_size(*first, from);
  *last = max_size(*first, min_size(*last, to));
}

/// Where tap k of an axis lies at output 0.
FX_INLINE ptrdiff_t tap(const fx_window *w, int axis, ptrdiff_t k) { return k * w->dilation[axis] - w->before[axis]; }

/// The tap's place at output i of an axis, −1 in the padding.
FX_INLINE ptrdiff_t place(const fx_window *w, int axis, ptrdiff_t offset, ptrdiff_t i) {
  ptrdiff_t at = i * w->stride[axis] + offset;
  return at >= 0 && at < w->input[axis] ? at : -1;
}

// MARK: Columns

typedef uint32_t __attribute__((may_alias)) word4;
typedef uint64_t __attribute__((may_alias)) word8;

FX_INLINE void take_run(int size, ptrdiff_t n, const char *x, ptrdiff_t stride, char *y) {
  if (stride == 1) memcpy(y, x, (size_t)(n * size));
  else if (size == 4) for (ptrdiff_t j = 0; j < n; j++) ((word4 *)y)[j] = ((const word4 *)x)[j * stride];
  else if (size == 8) for (ptrdiff_t j = 0; j < n; j++) ((word8 *)y)[j] = ((const word8 *)x)[j * stride];
  else for (ptrdiff_t j = 0; j < n; j++) y[j] = x[j * stride];
}

// Walks the rows of outputs start ..< start + count: BODY sees (z, y) of the row, its columns a ..< b, and the position j of column a.
#define FOR_ROWS(...)                                                                                         \
  {                                                                                                           \
    ptrdiff_t width = w->output[2];                                                                           \
    for (ptrdiff_t j = 0; j < count;) {                                                                       \
      ptrdiff_t row = (start + j) / width, a = (start + j) % width, b = min_size(width, a + count - j);       \
      ptrdiff_t z = row / w->output[1], y = row % w->output[1];                                               \
      __VA_ARGS__;                                                                                            \
      j += b - a;                                                                                             \
    }                                                                                                         \
  }

FX_CLONES void fx_columns(int size, const fx_window *w, ptrdiff_t channels, ptrdiff_t start, ptrdiff_t count, const void *x, void *columns,
                          ptrdiff_t lead) {
  ptrdiff_t plane = w->input[0] * w->input[1] * w->input[2], stride = w->stride[2];
  char *out = columns;
  for (ptrdiff_t c = 0; c < channels; c++)
    for (ptrdiff_t kz = 0; kz < w->window[0]; kz++)
      for (ptrdiff_t ky = 0; ky < w->window[1]; ky++)
        for (ptrdiff_t kx = 0; kx < w->window[2]; kx++, out += lead * size) {
          const char *in = (const char *)x + c * plane * size;
          ptrdiff_t tz = tap(w, 0, kz), ty = tap(w, 1, ky), tx = tap(w, 2, kx);
          FOR_ROWS({
            ptrdiff_t pz = place(w, 0, tz, z), py = place(w, 1, ty, y), first = a, last = b;
            char *to = out + j * size;
            if (pz < 0 || py < 0) memset(to, 0, (size_t)((b - a) * size));
            else {
              inside(w->input[2], tx, stride, &first, &last);
              if (first >= last) first = last = b;
              if (first > a) memset(to, 0, (size_t)((first - a) * size));
              if (last > first)
                take_run(size, last - first, in + ((pz * w->input[1] + py) * w->input[2] + first * stride + tx) * size, stride,
                         to + (first - a) * size);
              if (b > last) memset(to + (last - a) * size, 0, (size_t)((b - last) * size));
            }
          })
        }
}

#define COLUMNS_ADD(S, T)                                                                                     \
  FX_CLONES static void columns_add_##S(const fx_window *w, ptrdiff_t channels, ptrdiff_t start, ptrdiff_t count, const T *columns, \
                                        ptrdiff_t lead, T *x) {                                               \
    ptrdiff_t plane = w->input[0] * w->input[1] * w->input[2], stride = w->stride[2];                         \
    for (ptrdiff_t c = 0; c < channels; c++)                                                                  \
      for (ptrdiff_t kz = 0; kz < w->window[0]; kz++)                                                         \
        for (ptrdiff_t ky = 0; ky < w->window[1]; ky++)                                                       \
          for (ptrdiff_t kx = 0; kx < w->window[2]; kx++, columns += lead) {                                  \
            ptrdiff_t tz = tap(w, 0, kz), ty = tap(w, 1, ky), tx = tap(w, 2, kx);                             \
            FOR_ROWS({                                                                                        \
              ptrdiff_t pz = place(w, 0, tz, z), py = place(w, 1, ty, y), first = a, last = b;                \
              if (pz >= 0 && py >= 0) {                                                                       \
                inside(w->input[2], tx, stride, &first, &last);                                               \
                const T *restrict from = columns + j + first - a;                                             \
                T *restrict to = x + c * plane + (pz * w->input[1] + py) * w->input[2] + first * stride + tx; \
                if (stride == 1)                                                                              \
                  for (ptrdiff_t i = 0; i < last - first; i++) to[i] += from[i];                              \
                else                                                                                          \
                  for (ptrdiff_t i = 0; i < last - first; i++) to[i * stride] += from[i];                     \
              }                                                                                               \
            })                                                                                                \
          }                                                                                                   \
  }

// MARK: Direct sums

/// What a tap sees: it lies at place at of the input plane for output 0, and outputs from ..< to of each axis have it inside.
typedef struct { ptrdiff_t at[3], from[3], to[3]; } sight;

FX_INLINE sight look(const fx_window *w, ptrdiff_t kz, ptrdiff_t ky, ptrdiff_t kx) {
  sight s = {{tap(w, 0, kz), tap(w, 1, ky), tap(w, 2, kx)}, {0, 0, 0}, {w->output[0], w->output[1], w->output[2]}};
  for (int axis = 0; axis < 3; axis++) inside(w->input[axis], s.at[axis], w->stride[axis], &s.from[axis], &s.to[axis]);
  return s;
}

// Loop headers: over the taps of the window, and over the rows of outputs that see one.
#define FOR_TAPS                                          \
  for (ptrdiff_t kz = 0; kz < w->window[0]; kz++)         \
    for (ptrdiff_t ky = 0; ky < w->window[1]; ky++)       \
      for (ptrdiff_t kx = 0; kx < w->window[2]; kx++)
#define FOR_SEEN_ROWS                                     \
  for (ptrdiff_t oz = s.from[0]; oz < s.to[0]; oz++)      \
    for (ptrdiff_t oy = s.from[1]; oy < s.to[1]; oy++)

/// Where the row begins in the input plane, and in the output plane.
FX_INLINE ptrdiff_t input_row(const fx_window *w, const sight *s, ptrdiff_t oz, ptrdiff_t oy) {
  ptrdiff_t z = oz * w->stride[0] + s->at[0], y = oy * w->stride[1] + s->at[1];
  return (z * w->input[1] + y) * w->input[2] + s->from[2] * w->stride[2] + s->at[2];
}
FX_INLINE ptrdiff_t output_row(const fx_window *w, const sight *s, ptrdiff_t oz, ptrdiff_t oy) {
  return (oz * w->output[1] + oy) * w->output[2] + s->from[2];
}

// A is what the weight's sums are gathered in: a plane's many products would wear a float down.
#define CORRELATE(S, T, A)                                                                                    \
  FX_CLONES static void correlate_##S(const fx_window *w, const T *x, const T *weight, T *y) {                \
    ptrdiff_t step = w->stride[2];                                                                            \
    FOR_TAPS {                                                                                                \
      sight s = look(w, kz, ky, kx);                                                                          \
      ptrdiff_t n = s.to[2] - s.from[2];                                                                      \
      T f = *weight++;                                                                                        \
      FOR_SEEN_ROWS {                                                                                         \
        const T *restrict in = x + input_row(w, &s, oz, oy);                                                  \
        T *restrict out = y + output_row(w, &s, oz, oy);                                                      \
        if (step == 1) for (ptrdiff_t i = 0; i < n; i++) out[i] += f * in[i];                                 \
        else if (step == 2) for (ptrdiff_t i = 0; i < n; i++) out[i] += f * in[2 * i];                        \
        else for (ptrdiff_t i = 0; i < n; i++) out[i] += f * in[i * step];                                    \
      }                                                                                                       \
    }                                                                                                         \
  }                                                                                                           \
  FX_CLONES static void correlate_input_##S(const fx_window *w, const T *y, const T *weight, T *x) {          \
    ptrdiff_t step = w->stride[2];                                                                            \
    FOR_TAPS {                                                                                                \
      sight s = look(w, kz, ky, kx);                                                                          \
      ptrdiff_t n = s.to[2] - s.from[2];                                                                      \
      T f = *weight++;                                                                                        \
      FOR_SEEN_ROWS {                                                                                         \
        const T *restrict in = y + output_row(w, &s, oz, oy);                                                 \
        T *restrict out = x + input_row(w, &s, oz, oy);                                                       \
        if (step == 1) for (ptrdiff_t i = 0; i < n; i++) out[i] += f * in[i];                                 \
        else for (ptrdiff_t i = 0; i < n; i++) out[i * step] += f * in[i];                                    \
      }                                                                                                       \
    }                                                                                                         \
  }                                                                                                           \
  FX_CLONES static void correlate_weight_##S(const fx_window *w, const T *x, const T *y, T *weight) {         \
    ptrdiff_t step = w->stride[2];                                                                            \
    FOR_TAPS {                                                                                                \
      sight s = look(w, kz, ky, kx);                                                                          \
      ptrdiff_t n = s.to[2] - s.from[2];                                                                      \
      A lanes[16] = {0};                                                                                      \
      FOR_SEEN_ROWS {                                                                                         \
        const T *in = x + input_row(w, &s, oz, oy), *from = y + output_row(w, &s, oz, oy);                    \
        ptrdiff_t i = 0;                                                                                      \
        if (step == 1)                                                                                        \
          for (; i + 16 <= n; i += 16)                                                                        \
            for (ptrdiff_t l = 0; l < 16; l++) lanes[l] += (A)from[i + l] * (A)in[i + l];                     \
        for (; i < n; i++) lanes[i & 15] += (A)from[i] * (A)in[i * step];                                     \
      }                                                                                                       \
      for (ptrdiff_t half = 8; half > 0; half /= 2)                                                           \
        for (ptrdiff_t l = 0; l < half; l++) lanes[l] += lanes[l + half];                                     \
      *weight++ += (T)lanes[0];                                                                               \
    }                                                                                                         \
  }

// Unsigned, so that sums wrap as they do everywhere.
#define DEFINE(S, T, A) COLUMNS_ADD(S, T) CORRELATE(S, T, A)
DEFINE(f32, float, double)
DEFINE(f64, double, double)
DEFINE(i32, uint32_t, uint32_t)
DEFINE(i64, uint64_t, uint64_t)

#define DISPATCH(CALL)                       \
  switch (dtype) {                           \
    case FX_F32: CALL(f32); break;           \
    case FX_F64: CALL(f64); break;           \
    case FX_I32: CALL(i32); break;           \
    case FX_I64: CALL(i64); break;           \
  }

void fx_columns_add(int dtype, const fx_window *w, ptrdiff_t channels, ptrdiff_t start, ptrdiff_t count, const void *columns, ptrdiff_t lead,
                    void *x) {
#define CALL(S) columns_add_##S(w, channels, start, count, columns, lead, x)
  DISPATCH(CALL)
#undef CALL
}
void fx_correlate(int dtype, const fx_window *w, const void *x, const void *weight, void *y) {
#define CALL(S) correlate_##S(w, x, weight, y)
  DISPATCH(CALL)
#undef CALL
}
void fx_correlate_input(int dtype, const fx_window *w, const void *y, const void *weight, void *x) {
#define CALL(S) correlate_input_##S(w, y, weight, x)
  DISPATCH(CALL)
#undef CALL
}
void fx_correlate_weight(int dtype, const fx_window *w, const void *x, const void *y, void *weight) {
#define CALL(S) correlate_weight_##S(w, x, y, weight)
  DISPATCH(CALL)
#undef CALL
}
