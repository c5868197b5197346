// Winograd's transforms of images and results, strip by strip: whole rows of tiles of an image, or pieces of long ones.
#ifndef FX_PASS
#define FX_FILE "winograd.c"
#define FX_FLOATS
#define FX_VECTORS
#include "kernels.h"

enum { strip_places = 1024, strip_columns = FX_WINOGRAD_COLUMNS };

/// Whole rows of tiles of one image, or a piece of a row.
typedef struct { ptrdiff_t image, row, column, rows, columns; } strip;

FX_INLINE strip strip_from(const fx_winograd *w, ptrdiff_t tile, ptrdiff_t end) {
  ptrdiff_t each = w->rows * w->columns, place = tile % each, left = end - tile;
  strip s = {tile / each, place / w->columns, place % w->columns, 1, 0};
  s.columns = min_size(min_size(w->columns - s.column, left), strip_columns);
  if (s.columns == w->columns)
    while (s.row + s.rows < w->rows && (s.rows + 1) * s.columns <= left && (4 * s.rows + 6) * (4 * s.columns + 2) <= strip_places) s.rows++;
  return s;
}

#include "targets.h"

int fx_winograd_lanes(void) { return FX_AT(lanes_f32)(); }

void fx_winograd_image(const fx_winograd *w, ptrdiff_t first, ptrdiff_t count, ptrdiff_t block, const float *x, ptrdiff_t apart, float *v) {
  FX_AT(image_f32)(w, first, count, block, x, apart, v);
}

int fx_winograd_result(const fx_winograd *w, ptrdiff_t first, ptrdiff_t count, ptrdiff_t block, const float *m, ptrdiff_t apart,
                       ptrdiff_t lead, const float *bias, float *y) {
  return FX_AT(result_f32)(w, first, count, block, m, apart, lead, bias, y);
}

void fx_winograd_result_adjoint(const fx_winograd *w, ptrdiff_t first, ptrdiff_t count, ptrdiff_t block, const float *dy, ptrdiff_t apart,
                                ptrdiff_t lead, float *m) {
  FX_AT(result_adjoint_f32)(w, first, count, block, dy, apart, lead, m);
}

#elif FX_IS_F32
#include "winograd.h"

static int FX(lanes)(void) { return FX_LANES; }

// MARK: Along one axis

/// What six places are at the points.
FX_INLINE void FX(image_axis)(const VEC *d, VEC *v) {
  VEC even_a = d[4] - B2 * d[2], odd_a = d[3] - B2 * d[1];
  VEC even_b = d[4] - A2 * d[2], odd_b = d[3] - A2 * d[1];
  v[0] = A2 * B2 * d[0] + (d[4] - (A2 + B2) * d[2]);
  v[1] = even_a + A * odd_a;
  v[2] = even_a - A * odd_a;
  v[3] = even_b + B * odd_b;
  v[4] = even_b - B * odd_b;
  v[5] = A2 * B2 * d[1] + (d[5] - (A2 + B2) * d[3]);
}

/// The four results.
FX_INLINE void FX(result_axis)(const VEC *m, VEC *y) {
  VEC even_a = m[1] + m[2], odd_a = m[1] - m[2], even_b = m[3] + m[4], odd_b = m[3] - m[4];
  y[0] = m[0] + (even_a + even_b);
  y[1] = A * odd_a + B * odd_b;
  y[2] = A2 * even_a + B2 * even_b;
  y[3] = A2 * A * odd_a + (B2 * B * odd_b + m[5]);
}

/// Its adjoint.
FX_INLINE void FX(result_axis_adjoint)(const VEC *y, VEC *m) {
  VEC even_a = y[0] + A2 * y[2], odd_a = A * y[1] + A2 * A * y[3];
  VEC even_b = y[0] + B2 * y[2], odd_b = B * y[1] + B2 * B * y[3];
  m[0] = y[0];
  m[1] = even_a + odd_a;
  m[2] = even_a - odd_a;
  m[3] = even_b + odd_b;
  m[4] = even_b - odd_b;
  m[5] = y[3];
}

// MARK: Strips

/// Turns vectors back to a stretch of FX_LANES planes.
FX_INLINE void FX(turn_out)(stretch s, ptrdiff_t channels, const T *in, T *y, ptrdiff_t plane) {
  ptrdiff_t column = 0;
  for (ptrdiff_t p = 0; p < s.count; p += FX_LANES) {
    VEC square[FX_LANES];
    ptrdiff_t count = s.count - p;
    FX_UNROLL for (int i = 0; i < FX_LANES; i++) {
      square[i] = FX(load)(in + column * FX_LANES);
      // Beyond the last one it is the last again.
      if (i + 1 < count && ++column == s.length) column = 0, in += s.pitch * FX_LANES;
    }
    FX(transpose)(square);
    FX_UNROLL for (int i = 0; i < FX_LANES; i++)
      if (i < channels) FX(store_first)(y + i * plane + p, square[i], count);
  }
}

/// What a strip sees of FX_LANES planes of height × width, from (top, left) on: `rows` × `columns` vectors, zeros beyond the edges.
FX_INLINE void FX(strip_in)(ptrdiff_t height, ptrdiff_t width, ptrdiff_t top, ptrdiff_t left, ptrdiff_t rows, ptrdiff_t columns,
                            ptrdiff_t channels, const T *x, T *out) {
  ptrdiff_t first = min_size(rows, max_size(0, -top)), last = max_size(first, min_size(rows, height - top));
  ptrdiff_t from = min_size(columns, max_size(0, -left)), to = max_size(from, min_size(columns, width - left));
  size_t vector = FX_LANES * sizeof(T);
  memset(out, 0, (size_t)(first * columns) * vector);
  memset(out + last * columns * FX_LANES, 0, (size_t)((rows - last) * columns) * vector);
  for (ptrdiff_t r = first; r < last; r++) {
    memset(out + r * columns * FX_LANES, 0, (size_t)from * vector);
    memset(out + (r * columns + to) * FX_LANES, 0, (size_t)(columns - to) * vector);
  }
  if (first == last || from == to) return;
  x += (top + first) * width + left + from, out += (first * columns + from) * FX_LANES;
  // Rows that are seen whole lie one behind the other.
  if (to - from == width) FX(turn_in)((stretch){(last - first) * width, width, columns}, channels, x, height * width, out);
  else
    for (ptrdiff_t r = first; r < last; r++, x += width, out += columns * FX_LANES)
      FX(turn_in)((stretch){to - from, to - from, 0}, channels, x, height * width, out);
}

// MARK: Transforms

static void FX(image)(const fx_winograd *w, ptrdiff_t first, ptrdiff_t count, ptrdiff_t block, const T *x, ptrdiff_t apart, T *v) {
  VEC seen[strip_places];
  ptrdiff_t channels = w->channels - block * FX_LANES, plane = w->input[0] * w->input[1];
  for (ptrdiff_t t = first; t < first + count;) {
    strip s = strip_from(w, t, first + count);
    ptrdiff_t pitch = 4 * s.columns + 2;
    FX(strip_in)(w->input[0], w->input[1], 4 * s.row - w->before[0], 4 * s.column - w->before[1], 4 * s.rows + 2, pitch, channels,
             x + (s.image * w->channels + block * FX_LANES) * plane, (T *)seen);
    for (ptrdiff_t tile = 0; tile < s.rows * s.columns; tile++, v += FX_LANES) {
      const VEC *from = seen + tile / s.columns * 4 * pitch + tile % s.columns * 4;
      FX(both_axes)(FX(image_axis), 6, 6, (const T *)from, pitch * FX_LANES, FX_LANES, v, 6 * apart, apart, NULL);
    }
    t += s.rows * s.columns;
  }
}

static int FX(result)(const fx_winograd *w, ptrdiff_t first, ptrdiff_t count, ptrdiff_t block, const T *m, ptrdiff_t apart, ptrdiff_t lead,
                      const T *bias, T *y) {
  VEC made[strip_places];
  ptrdiff_t outputs = w->outputs - block * FX_LANES, height = w->output[0], width = w->output[1];
  VEC start = bias ? FX(load_first)(bias + block * FX_LANES, outputs) : (VEC){0}, zero = {0};
  m += block * FX_LANES;
  for (ptrdiff_t t = first; t < first + count;) {
    strip s = strip_from(w, t, first + count);
    ptrdiff_t pitch = 4 * s.columns;
    for (ptrdiff_t tile = 0; tile < s.rows * s.columns; tile++, m += lead) {
      VEC *to = made + tile / s.columns * 4 * pitch + tile % s.columns * 4;
      zero += FX(both_axes)(FX(result_axis), 6, 4, m, 6 * apart, apart, (T *)to, pitch * FX_LANES, FX_LANES, &start);
    }
    ptrdiff_t rows = min_size(4 * s.rows, height - 4 * s.row), columns = min_size(pitch, width - 4 * s.column);
    T *out = y + (s.image * w->outputs + block * FX_LANES) * height * width + 4 * s.row * width + 4 * s.column;
    const T *in = (const T *)made;
    if (columns == width) FX(turn_out)((stretch){rows * width, width, pitch}, outputs, in, out, height * width);
    else
      for (ptrdiff_t r = 0; r < rows; r++, in += pitch * FX_LANES, out += width)
        FX(turn_out)((stretch){columns, columns, 0}, outputs, in, out, height * width);
    t += s.rows * s.columns;
  }
  return FX(is_zero)(zero);
}

static void FX(result_adjoint)(const fx_winograd *w, ptrdiff_t first, ptrdiff_t count, ptrdiff_t block, const T *dy, ptrdiff_t apart,
                               ptrdiff_t lead, T *m) {
  VEC seen[strip_places];
  ptrdiff_t outputs = w->outputs - block * FX_LANES, height = w->output[0], width = w->output[1];
  m += block * FX_LANES;
  for (ptrdiff_t t = first; t < first + count;) {
    strip s = strip_from(w, t, first + count);
    ptrdiff_t pitch = 4 * s.columns;
    FX(strip_in)(height, width, 4 * s.row, 4 * s.column, 4 * s.rows, pitch, outputs,
             dy + (s.image * w->outputs + block * FX_LANES) * height * width, (T *)seen);
    for (ptrdiff_t tile = 0; tile < s.rows * s.columns; tile++, m += lead) {
      const VEC *from = seen + tile / s.columns * 4 * pitch + tile % s.columns * 4;
      FX(both_axes)(FX(result_axis_adjoint), 4, 6, (const T *)from, pitch * FX_LANES, FX_LANES, m, 6 * apart, apart, NULL);
    }
    t += s.rows * s.columns;
  }
}

#endif
