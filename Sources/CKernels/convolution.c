// Convolutions: images to columns for matrix products, and the direct sums of integers.
#ifndef FX_PASS
#define FX_FILE "convolution.c"
#define FX_NUMBERS
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

/// Outputs of one row: those with numbers start + j and on lie in the row (z, y), columns a ..< b.
typedef struct { ptrdiff_t j, z, y, a, b; } stretch;

FX_INLINE stretch stretch_from(const fx_window *w, ptrdiff_t start, ptrdiff_t count, ptrdiff_t j) {
  ptrdiff_t width = w->output[2], row = (start + j) / width, a = (start + j) % width;
  return (stretch){j, row / w->output[1], row % w->output[1], a, min_size(width, a + count - j)};
}

typedef uint32_t __attribute__((may_alias)) word4;
typedef uint64_t __attribute__((may_alias)) word8;

FX_INLINE void take_run(int size, ptrdiff_t n, const char *x, ptrdiff_t stride, char *y) {
  if (stride == 1) memcpy(y, x, (size_t)(n * size));
  else if (size == 4) for (ptrdiff_t j = 0; j < n; j++) ((word4 *)y)[j] = ((const word4 *)x)[j * stride];
  else if (size == 8) for (ptrdiff_t j = 0; j < n; j++) ((word8 *)y)[j] = ((const word8 *)x)[j * stride];
  else for (ptrdiff_t j = 0; j < n; j++) y[j] = x[j * stride];
}

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

// Which of a direct sum's three operands is computed.
enum { RESULT, INPUT, WEIGHT };

#include "targets.h"

#define FX_DISPATCH_INTEGERS(dtype, NAME, ...)                            \
  do {                                                                    \
    if ((dtype) == FX_I32) FX_AT(NAME##_i32)(__VA_ARGS__);                \
    if ((dtype) == FX_I64) FX_AT(NAME##_i64)(__VA_ARGS__);                \
  } while (0)

void fx_columns(int size, const fx_window *w, ptrdiff_t channels, ptrdiff_t start, ptrdiff_t count, const void *x, void *columns,
                ptrdiff_t lead) {
  FX_AT(columns_f32)(size, w, channels, start, count, x, columns, lead);
}

void fx_columns_add(int dtype, const fx_window *w, ptrdiff_t channels, ptrdiff_t start, ptrdiff_t count, const void *columns,
                    ptrdiff_t lead, void *x) {
  FX_DISPATCH_NUMBERS(dtype, columns_add, w, channels, start, count, columns, lead, x);
}

void fx_correlate(int dtype, const fx_window *w, const void *x, const void *weight, void *y) {
  FX_DISPATCH_INTEGERS(dtype, correlate, w, x, weight, y);
}

void fx_correlate_input(int dtype, const fx_window *w, const void *y, const void *weight, void *x) {
  FX_DISPATCH_INTEGERS(dtype, correlate_input, w, y, weight, x);
}

void fx_correlate_weight(int dtype, const fx_window *w, const void *x, const void *y, void *weight) {
  FX_DISPATCH_INTEGERS(dtype, correlate_weight, w, x, y, weight);
}

#else

// Sums of integers wrap.
#if FX_IS_INTEGER
typedef FX_UNSIGNED FX(number);
#else
typedef T FX(number);
#endif

#if FX_IS_F32
// Of elements of any size.
static void FX(columns)(int size, const fx_window *w, ptrdiff_t channels, ptrdiff_t start, ptrdiff_t count, const char *x, char *out,
                        ptrdiff_t lead) {
  ptrdiff_t plane = w->input[0] * w->input[1] * w->input[2], stride = w->stride[2];
  for (ptrdiff_t c = 0; c < channels; c++)
    FOR_TAPS {
      const char *in = x + c * plane * size;
      ptrdiff_t tz = tap(w, 0, kz), ty = tap(w, 1, ky), tx = tap(w, 2, kx);
      for (stretch s = stretch_from(w, start, count, 0); s.j < count; s = stretch_from(w, start, count, s.j + s.b - s.a)) {
        ptrdiff_t pz = place(w, 0, tz, s.z), py = place(w, 1, ty, s.y), first = s.a, last = s.b;
        char *to = out + s.j * size;
        if (pz < 0 || py < 0) {
          memset(to, 0, (size_t)((s.b - s.a) * size));
          continue;
        }
        inside(w->input[2], tx, stride, &first, &last);
        if (first >= last) first = last = s.b;
        if (first > s.a) memset(to, 0, (size_t)((first - s.a) * size));
        if (last > first)
          take_run(size, last - first, in + ((pz * w->input[1] + py) * w->input[2] + first * stride + tx) * size, stride,
                   to + (first - s.a) * size);
        if (s.b > last) memset(to + (last - s.a) * size, 0, (size_t)((s.b - last) * size));
      }
      out += lead * size;
    }
}
#endif

static void FX(columns_add)(const fx_window *w, ptrdiff_t channels, ptrdiff_t start, ptrdiff_t count, const FX(number) *columns,
                            ptrdiff_t lead, FX(number) *x) {
  ptrdiff_t plane = w->input[0] * w->input[1] * w->input[2], stride = w->stride[2];
  for (ptrdiff_t c = 0; c < channels; c++)
    FOR_TAPS {
      ptrdiff_t tz = tap(w, 0, kz), ty = tap(w, 1, ky), tx = tap(w, 2, kx);
      for (stretch s = stretch_from(w, start, count, 0); s.j < count; s = stretch_from(w, start, count, s.j + s.b - s.a)) {
        ptrdiff_t pz = place(w, 0, tz, s.z), py = place(w, 1, ty, s.y), first = s.a, last = s.b;
        if (pz < 0 || py < 0) continue;
        inside(w->input[2], tx, stride, &first, &last);
        const FX(number) *restrict from = columns + s.j + first - s.a;
        FX(number) *restrict to = x + c * plane + (pz * w->input[1] + py) * w->input[2] + first * stride + tx;
        if (stride == 1) for (ptrdiff_t i = 0; i < last - first; i++) to[i] += from[i];
        else for (ptrdiff_t i = 0; i < last - first; i++) to[i * stride] += from[i];
      }
      columns += lead;
    }
}

#if FX_IS_INTEGER
// MARK: Direct sums

// One of the three from the other two; which is a constant.
FX_INLINE void FX(sums)(int kind, const fx_window *w, FX(number) *x, FX(number) *weight, FX(number) *y) {
  ptrdiff_t step = w->stride[2];
  FOR_TAPS {
    sight s = look(w, kz, ky, kx);
    FX(number) f = *weight, sum = 0;
    FOR_SEEN_ROWS {
      FX(number) *restrict in = x + input_row(w, &s, oz, oy), *restrict out = y + output_row(w, &s, oz, oy);
      for (ptrdiff_t i = 0; i < s.to[2] - s.from[2]; i++) {
        if (kind == RESULT) out[i] += f * in[i * step];
        if (kind == INPUT) in[i * step] += f * out[i];
        if (kind == WEIGHT) sum += out[i] * in[i * step];
      }
    }
    if (kind == WEIGHT) *weight += sum;
    weight++;
  }
}

static void FX(correlate)(const fx_window *w, const void *x, const void *weight, void *y) { FX(sums)(RESULT, w, (void *)x, (void *)weight,
                          y); }
static void FX(correlate_input)(const fx_window *w, const void *y, const void *weight, void *x) { FX(sums)(INPUT, w, x, (void *)weight,
                                (void *)y); }
static void FX(correlate_weight)(const fx_window *w, const void *x, const void *y, void *weight) { FX(sums)(WEIGHT, w, (void *)x, weight,
                                 (void *)y); }

#endif

#endif
