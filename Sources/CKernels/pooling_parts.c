// Pooling of planes that are cut into parts: for many rows of outputs first down the columns of the image, and then along what that
// gives, which are many short rows.
#include "windows.h"

// Rows of outputs at a time: as many as are a tile of turned.h, if they are not too wide.
#define ROWS 64
#define ELEMENTS 8192

// How columns join elements: one by one, and four at a time.
#define JOIN(NAME, A, STEP)                                                                                   \
  FX_INLINE A join_##NAME(A l, A v) { return (A)(STEP); }                                                     \
  FX_INLINE A join_four_##NAME(A l, A a, A b, A c, A d) {                                                     \
    return join_##NAME(l, join_##NAME(join_##NAME(a, b), join_##NAME(c, d)));                                 \
  }
// The largest of floats; whether two of them are numbers is asked at once.
#define JOIN_LARGEST(NAME, A, STEP)                                                                           \
  FX_INLINE A join_##NAME(A l, A v) { return (A)(STEP); }                                                     \
  FX_INLINE A join_four_##NAME(A l, A a, A b, A c, A d) {                                                     \
    int is_nan = __builtin_isunordered(a, b) | __builtin_isunordered(c, d);                                   \
    a = a > b ? a : b, c = c > d ? c : d;                                                                     \
    a = a > c ? a : c, l = a > l ? a : l;                                                                     \
    return is_nan ? (A)__builtin_nan("") : l;                                                                 \
  }

// A, AT: elements and dtype of what columns come to, from INIT on.
#define PARTS(NAME, T, A, AT, OP, INIT, RESULT)                                                               \
  FX_CLONES static void parts_##NAME(const fx_window *w, ptrdiff_t planes, const T *in, T *out) {             \
    A columns[ELEMENTS], results[ROWS];                                                                       \
    ptrdiff_t counts[ROWS], strides[3] = {w->input[2], 1, 0};                                                 \
    ptrdiff_t n = w->input[2], width = w->output[2], most = min_size(ROWS, ELEMENTS / max_size(n, 1));        \
    ptrdiff_t rows = planes * w->output[0] * w->output[1];                                                    \
    for (ptrdiff_t start = 0; start < rows; start += most, out += most * width) {                             \
      ptrdiff_t count = min_size(most, rows - start);                                                         \
      for (ptrdiff_t r = 0; r < count; r++) {                                                                 \
        ptrdiff_t row = start + r, oy = row % w->output[1], oz = row / w->output[1] % w->output[0];           \
        const T *plane = in + row / w->output[1] / w->output[0] * volume(w->input);                           \
        span z = see(w, 0, oz), y = see(w, 1, oy);                                                            \
        A *column = columns + r * n;                                                                          \
        for (ptrdiff_t i = 0; i < n; i++) column[i] = INIT;                                                   \
        for (ptrdiff_t iz = z.from; iz < z.to; iz++) {                                                        \
          const T *from = plane + (iz * w->input[1] + y.from) * n, *end = from + (y.to - y.from) * n;         \
          for (; from + 4 * n <= end; from += 4 * n)                                                          \
            for (ptrdiff_t i = 0; i < n; i++)                                                                 \
              column[i] = join_four_##NAME(column[i], (A)from[i], (A)from[n + i], (A)from[2 * n + i], (A)from[3 * n + i]);\
          for (; from < end; from += n)                                                                       \
            for (ptrdiff_t i = 0; i < n; i++) column[i] = join_##NAME(column[i], (A)from[i]);                 \
        }                                                                                                     \
        counts[r] = (z.to - z.from) * (y.to - y.from);                                                        \
      }                                                                                                       \
      for (ptrdiff_t ox = 0; ox < width; ox++) {                                                              \
        span x = see(w, 2, ox);                                                                               \
        fx_reduce(OP, AT, count, x.to - x.from, 1, strides, columns + x.from, results);                       \
        for (ptrdiff_t r = 0; r < count; r++) {                                                               \
          A v = results[r];                                                                                   \
          ptrdiff_t elements = counts[r] * (x.to - x.from);                                                   \
          (void)elements;                                                                                     \
          out[r * width + ox] = (T)(RESULT);                                                                  \
        }                                                                                                     \
      }                                                                                                       \
    }                                                                                                         \
  }

#define LARGEST(S, T, AT, JOINING, LOWEST)                        \
  JOINING(max_##S, T, ((v > l) | (v != v)) ? v : l)               \
  PARTS(max_##S, T, T, AT, FX_R_MAX, LOWEST, v)
LARGEST(f32, float, FX_F32, JOIN_LARGEST, -__builtin_inff())
LARGEST(f64, double, FX_F64, JOIN_LARGEST, -__builtin_inf())
LARGEST(i32, int32_t, FX_I32, JOIN, INT32_MIN)
LARGEST(i64, int64_t, FX_I64, JOIN, INT64_MIN)

#define MEAN(S, T, A, AT)                                         \
  JOIN(mean_##S, A, l + v)                                        \
  PARTS(mean_##S, T, A, AT, FX_R_SUM, 0, v / (A)elements)
MEAN(f32, float, double, FX_F64)
MEAN(f64, double, double, FX_F64)
MEAN(i32, int32_t, int64_t, FX_I64)
MEAN(i64, int64_t, int64_t, FX_I64)

void fx_max_parts(int dtype, const fx_window *w, ptrdiff_t planes, const void *x, void *y) {
  switch (dtype) {
    case FX_F32: parts_max_f32(w, planes, x, y); break;
    case FX_F64: parts_max_f64(w, planes, x, y); break;
    case FX_I32: parts_max_i32(w, planes, x, y); break;
    case FX_I64: parts_max_i64(w, planes, x, y); break;
  }
}

void fx_mean_parts(int dtype, const fx_window *w, ptrdiff_t planes, const void *x, void *y) {
  switch (dtype) {
    case FX_F32: parts_mean_f32(w, planes, x, y); break;
    case FX_F64: parts_mean_f64(w, planes, x, y); break;
    case FX_I32: parts_mean_i32(w, planes, x, y); break;
    case FX_I64: parts_mean_i64(w, planes, x, y); break;
  }
}
