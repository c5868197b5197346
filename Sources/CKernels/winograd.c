// Winograd's transforms of images and results, strip by strip: whole rows of tiles of an image, or pieces of long ones.
#include "winograd.h"

#if FX_WIDE

int fx_winograd_fits(void) { return __builtin_cpu_supports("x86-64-v4"); }

enum { strip_places = 1024, strip_columns = FX_WINOGRAD_COLUMNS };

// MARK: Along one axis

/// What six places are at the points.
WIDE_INLINE void image_axis(const f32_vector d[6], f32_vector v[6]) {
  f32_vector even_a = d[4] - B2 * d[2], odd_a = d[3] - B2 * d[1];
  f32_vector even_b = d[4] - A2 * d[2], odd_b = d[3] - A2 * d[1];
  v[0] = A2 * B2 * d[0] + (d[4] - (A2 + B2) * d[2]);
  v[1] = even_a + A * odd_a;
  v[2] = even_a - A * odd_a;
  v[3] = even_b + B * odd_b;
  v[4] = even_b - B * odd_b;
  v[5] = A2 * B2 * d[1] + (d[5] - (A2 + B2) * d[3]);
}

/// The four results.
WIDE_INLINE void result_axis(const f32_vector m[6], f32_vector y[4]) {
  f32_vector even_a = m[1] + m[2], odd_a = m[1] - m[2], even_b = m[3] + m[4], odd_b = m[3] - m[4];
  y[0] = m[0] + (even_a + even_b);
  y[1] = A * odd_a + B * odd_b;
  y[2] = A2 * even_a + B2 * even_b;
  y[3] = A2 * A * odd_a + (B2 * B * odd_b + m[5]);
}

/// Its adjoint.
WIDE_INLINE void result_axis_adjoint(const f32_vector y[4], f32_vector m[6]) {
  f32_vector even_a = y[0] + A2 * y[2], odd_a = A * y[1] + A2 * A * y[3];
  f32_vector even_b = y[0] + B2 * y[2], odd_b = B * y[1] + B2 * B * y[3];
  m[0] = y[0];
  m[1] = even_a + odd_a;
  m[2] = even_a - odd_a;
  m[3] = even_b + odd_b;
  m[4] = even_b - odd_b;
  m[5] = y[3];
}

// MARK: Strips

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

/// Turns vectors back to a stretch of 16 planes.
WIDE_INLINE void turn_out(stretch s, ptrdiff_t channels, const float *in, float *y, ptrdiff_t plane) {
  ptrdiff_t column = 0;
  for (ptrdiff_t p = 0; p < s.count; p += lanes) {
    f32_vector square[lanes];
    ptrdiff_t count = s.count - p;
    _Pragma("clang loop unroll(full)") for (int i = 0; i < lanes; i++) {
      square[i] = load(in + column * lanes);
      // Beyond the last one it is the last again.
      if (i + 1 < count && ++column == s.length) column = 0, in += s.pitch * lanes;
    }
    transpose_f32(square);
    _Pragma("clang loop unroll(full)") for (int i = 0; i < lanes; i++)
      if (i < channels) store_some(y + i * plane + p, square[i], count);
  }
}

/// What a strip sees of 16 planes of height × width, from (top, left) on: `rows` × `columns` vectors, zeros beyond the edges.
WIDE_INLINE void strip_in(ptrdiff_t height, ptrdiff_t width, ptrdiff_t top, ptrdiff_t left, ptrdiff_t rows, ptrdiff_t columns,
                          ptrdiff_t channels, const float *x, float *out) {
  ptrdiff_t first = min_size(rows, max_size(0, -top)), last = max_size(first, min_size(rows, height - top));
  ptrdiff_t from = min_size(columns, max_size(0, -left)), to = max_size(from, min_size(columns, width - left));
  size_t vector = lanes * sizeof(float);
  memset(out, 0, (size_t)(first * columns) * vector);
  memset(out + last * columns * lanes, 0, (size_t)((rows - last) * columns) * vector);
  for (ptrdiff_t r = first; r < last; r++) {
    memset(out + r * columns * lanes, 0, (size_t)from * vector);
    memset(out + (r * columns + to) * lanes, 0, (size_t)(columns - to) * vector);
  }
  if (first == last || from == to) return;
  x += (top + first) * width + left + from, out += (first * columns + from) * lanes;
  // Rows that are seen whole lie one behind the other.
  if (to - from == width) turn_in((stretch){(last - first) * width, width, columns}, channels, x, height * width, out);
  else
    for (ptrdiff_t r = first; r < last; r++, x += width, out += columns * lanes)
      turn_in((stretch){to - from, to - from, 0}, channels, x, height * width, out);
}

// MARK: Transforms

WIDE void fx_winograd_image(const fx_winograd *w, ptrdiff_t first, ptrdiff_t count, ptrdiff_t block, const float *x, ptrdiff_t apart, float *v) {
  f32_vector seen[strip_places];
  ptrdiff_t channels = w->channels - block * lanes, plane = w->input[0] * w->input[1];
  for (ptrdiff_t t = first; t < first + count;) {
    strip s = strip_from(w, t, first + count);
    ptrdiff_t pitch = 4 * s.columns + 2;
    strip_in(w->input[0], w->input[1], 4 * s.row - w->before[0], 4 * s.column - w->before[1], 4 * s.rows + 2, pitch, channels,
             x + (s.image * w->channels + block * lanes) * plane, (float *)seen);
    for (ptrdiff_t tile = 0; tile < s.rows * s.columns; tile++, v += lanes) {
      const f32_vector *from = seen + tile / s.columns * 4 * pitch + tile % s.columns * 4;
      f32_vector half[6][6];
      _Pragma("clang loop unroll(full)") for (int i = 0; i < 6; i++) {
        f32_vector d[6], points[6];
        _Pragma("clang loop unroll(full)") for (int j = 0; j < 6; j++) d[j] = from[j * pitch + i];
        image_axis(d, points);
        _Pragma("clang loop unroll(full)") for (int j = 0; j < 6; j++) half[j][i] = points[j];
      }
      _Pragma("clang loop unroll(full)") for (int j = 0; j < 6; j++) {
        f32_vector points[6];
        image_axis(half[j], points);
        _Pragma("clang loop unroll(full)") for (int i = 0; i < 6; i++) store(v + (6 * j + i) * apart, points[i]);
      }
    }
    t += s.rows * s.columns;
  }
}

WIDE int fx_winograd_result(const fx_winograd *w, ptrdiff_t first, ptrdiff_t count, ptrdiff_t block, const float *m, ptrdiff_t apart,
                            ptrdiff_t lead, const float *bias, float *y) {
  f32_vector made[strip_places];
  ptrdiff_t outputs = w->outputs - block * lanes, height = w->output[0], width = w->output[1];
  f32_vector start = bias ? load_some(bias + block * lanes, outputs) : (f32_vector){0}, zero = {0};
  m += block * lanes;
  for (ptrdiff_t t = first; t < first + count;) {
    strip s = strip_from(w, t, first + count);
    ptrdiff_t pitch = 4 * s.columns;
    for (ptrdiff_t tile = 0; tile < s.rows * s.columns; tile++, m += lead) {
      f32_vector *to = made + tile / s.columns * 4 * pitch + tile % s.columns * 4;
      f32_vector half[4][6];
      _Pragma("clang loop unroll(full)") for (int i = 0; i < 6; i++) {
        f32_vector points[6], results[4];
        _Pragma("clang loop unroll(full)") for (int j = 0; j < 6; j++) points[j] = load(m + (6 * j + i) * apart);
        result_axis(points, results);
        _Pragma("clang loop unroll(full)") for (int j = 0; j < 4; j++) half[j][i] = results[j];
      }
      _Pragma("clang loop unroll(full)") for (int j = 0; j < 4; j++) {
        f32_vector results[4];
        result_axis(half[j], results);
        _Pragma("clang loop unroll(full)") for (int i = 0; i < 4; i++) to[j * pitch + i] = results[i] + start;
        zero += 0 * ((results[0] + results[1]) + (results[2] + results[3]));
      }
    }
    ptrdiff_t rows = min_size(4 * s.rows, height - 4 * s.row), columns = min_size(pitch, width - 4 * s.column);
    float *out = y + (s.image * w->outputs + block * lanes) * height * width + 4 * s.row * width + 4 * s.column;
    const float *in = (const float *)made;
    if (columns == width) turn_out((stretch){rows * width, width, pitch}, outputs, in, out, height * width);
    else
      for (ptrdiff_t r = 0; r < rows; r++, in += pitch * lanes, out += width)
        turn_out((stretch){columns, columns, 0}, outputs, in, out, height * width);
    t += s.rows * s.columns;
  }
  return is_zero(zero);
}

WIDE void fx_winograd_result_adjoint(const fx_winograd *w, ptrdiff_t first, ptrdiff_t count, ptrdiff_t block, const float *dy, ptrdiff_t apart,
                                     ptrdiff_t lead, float *m) {
  f32_vector seen[strip_places];
  ptrdiff_t outputs = w->outputs - block * lanes, height = w->output[0], width = w->output[1];
  m += block * lanes;
  for (ptrdiff_t t = first; t < first + count;) {
    strip s = strip_from(w, t, first + count);
    ptrdiff_t pitch = 4 * s.columns;
    strip_in(height, width, 4 * s.row, 4 * s.column, 4 * s.rows, pitch, outputs,
             dy + (s.image * w->outputs + block * lanes) * height * width, (float *)seen);
    for (ptrdiff_t tile = 0; tile < s.rows * s.columns; tile++, m += lead) {
      const f32_vector *from = seen + tile / s.columns * 4 * pitch + tile % s.columns * 4;
      f32_vector half[6][4];
      _Pragma("clang loop unroll(full)") for (int i = 0; i < 4; i++) {
        f32_vector results[4], points[6];
        _Pragma("clang loop unroll(full)") for (int j = 0; j < 4; j++) results[j] = from[j * pitch + i];
        result_axis_adjoint(results, points);
        _Pragma("clang loop unroll(full)") for (int j = 0; j < 6; j++) half[j][i] = points[j];
      }
      _Pragma("clang loop unroll(full)") for (int j = 0; j < 6; j++) {
        f32_vector points[6];
        result_axis_adjoint(half[j], points);
        _Pragma("clang loop unroll(full)") for (int i = 0; i < 6; i++) store(m + (6 * j + i) * apart, points[i]);
      }
    }
    t += s.rows * s.columns;
  }
}

#else  // Elsewhere nobody asks for them.

int fx_winograd_fits(void) { return 0; }
void fx_winograd_image(const fx_winograd *w, ptrdiff_t first, ptrdiff_t count, ptrdiff_t block, const float *x, ptrdiff_t apart, float *v) {}
int fx_winograd_result(const fx_winograd *w, ptrdiff_t first, ptrdiff_t count, ptrdiff_t block, const float *m, ptrdiff_t apart,
                       ptrdiff_t lead, const float *bias, float *y) {
  return 0;
}
void fx_winograd_result_adjoint(const fx_winograd *w, ptrdiff_t first, ptrdiff_t count, ptrdiff_t block, const float *dy, ptrdiff_t apart,
                                ptrdiff_t lead, float *m) {}

#endif
