// Pooling: the largest element, or the mean, under each place of a sliding (or adaptive) window.
#ifndef FX_PASS
#define FX_FILE "pooling.c"
#define FX_NUMBERS
#include "windows.h"

// An output, by its number, and what it sees of the axes.
typedef struct { ptrdiff_t number, at[3]; span z, y, x; } output;

FX_INLINE output first_output(const fx_window *w) { return (output){0, {0, 0, 0}, see(w, 0, 0), see(w, 1, 0), see(w, 2, 0)}; }
FX_INLINE void next_output(const fx_window *w, output *o) {
  o->number++;
  if (++o->at[2] == w->output[2]) {
    o->at[2] = 0;
    if (++o->at[1] == w->output[1]) {
      o->at[1] = 0;
      o->z = see(w, 0, ++o->at[0]);
    }
    o->y = see(w, 1, o->at[1]);
  }
  o->x = see(w, 2, o->at[2]);
}

// A loop header: over the inputs (at p) that an output sees.
#define FOR_INPUTS                                                                           \
  for (ptrdiff_t iz = z.from; iz < z.to; iz += z.step)                                       \
    for (ptrdiff_t iy = y.from; iy < y.to; iy += y.step)                                     \
      for (ptrdiff_t p = (iz * w->input[1] + iy) * w->input[2] + x.from,                     \
                     end = (iz * w->input[1] + iy) * w->input[2] + x.to; p < end; p += x.step)

/// What the sum of an output is divided by.
FX_INLINE int64_t divisor_of(int padded, int64_t divisor, span z, span y, span x) {
  if (divisor) return divisor;
  if (padded) return (int64_t)(z.padded * y.padded * x.padded);
  return (int64_t)(max_size(z.to - z.from, 0) * max_size(y.to - y.from, 0) * max_size(x.to - x.from, 0));
}

// Rows of a sliding window without dilation: first the largest down each column of the window, then along the row.
#define CHUNK 512

/// Whether two by two inputs, side by side, make an output, and there is no padding.
FX_INLINE int is_halving(const fx_window *w) {
  ptrdiff_t height = w->output[1], width = w->output[2];
  return w->input[0] == 1 && w->output[0] == 1 && w->window[0] == 1 && w->window[1] == 2 && w->window[2] == 2 && w->stride[1] == 2 &&
         w->stride[2] == 2 && w->dilation[1] == 1 && w->dilation[2] == 1 && w->before[1] == 0 && w->before[2] == 0 &&
         w->input[1] / 2 == height && w->input[2] / 2 == width;
}

#include "targets.h"

void fx_max_pool(int dtype, const fx_window *w, ptrdiff_t planes, const void *x, void *y) {
  if (is_adaptive(w) && w->input[2] <= FX_WIDEST) return fx_max_parts(dtype, w, planes, x, y);
  FX_DISPATCH_NUMBERS(dtype, max_pool, w, planes, x, y);
}

void fx_max_pool_positions(int dtype, const fx_window *w, ptrdiff_t planes, const void *x, int64_t *y) {
  FX_DISPATCH_NUMBERS(dtype, positions, w, planes, x, y);
}

void fx_max_pool_backward(int dtype, const fx_window *w, ptrdiff_t planes, const void *x, const void *dy, void *dx) {
  FX_DISPATCH(dtype, max_pool_backward, w, planes, x, dy, dx);
}

void fx_mean_pool(int dtype, const fx_window *w, int padded, int64_t divisor, ptrdiff_t planes, const void *x, void *y) {
  int is_float = dtype == FX_F32 || dtype == FX_F64;
  if (is_adaptive(w) && w->input[2] <= FX_WIDEST && !divisor) return fx_mean_parts(dtype, w, planes, x, y);
  if (is_float && is_halving(w)) FX_DISPATCH(dtype, halving_mean, w, 1.0 / (double)(divisor ? divisor : 4), planes, x, y);
  else if (!is_float || !fx_mean_rows(dtype, w, padded, divisor, planes, x, y))
    FX_DISPATCH_NUMBERS(dtype, mean_pool, w, padded, divisor, planes, x, y);
}

void fx_mean_pool_backward(int dtype, const fx_window *w, int padded, int64_t divisor, ptrdiff_t planes, const void *dy, void *dx) {
  if (is_halving(w)) FX_DISPATCH(dtype, halving_mean_backward, w, 1.0 / (double)(divisor ? divisor : 4), planes, dy, dx);
  else FX_DISPATCH(dtype, mean_pool_backward, w, padded, divisor, planes, dy, dx);
}

#else

// What means are added up in.
#if FX_IS_INTEGER
typedef int64_t FX(sum);
#else
typedef double FX(sum);
#endif

FX_INLINE ptrdiff_t FX(largest)(const fx_window *w, const T *in, span z, span y, span x) {
  T best = FX_LOWEST;
  ptrdiff_t where = z.from < z.to && y.from < y.to && x.from < x.to ? (z.from * w->input[1] + y.from) * w->input[2] + x.from : 0;
  FOR_INPUTS if (IS_BETTER(in[p], best)) best = in[p], where = p;
  return where;
}

// The row of outputs whose rows and columns lie inside, from `first` on: all the inputs are there.
FX_INLINE void FX(row)(const fx_window *w, const T *in, span z, span y, ptrdiff_t stride, ptrdiff_t first, ptrdiff_t count,
                       T *restrict out) {
  T column[CHUNK + 64];
  ptrdiff_t taps = w->window[2], step = w->dilation[2];
  ptrdiff_t most = (CHUNK + 63 - (taps - 1) * step) / stride + 1;
  for (ptrdiff_t begin = 0; begin < count; begin += most) {
    ptrdiff_t n = min_size(most, count - begin), width = (n - 1) * stride + (taps - 1) * step + 1;
    ptrdiff_t left = (first + begin) * stride - w->before[2];
    int started = 0;
    for (ptrdiff_t iz = z.from; iz < z.to; iz += z.step)
      for (ptrdiff_t iy = y.from; iy < y.to; iy += y.step) {
        const T *restrict from = in + (iz * w->input[1] + iy) * w->input[2] + left;
        if (started)
          for (ptrdiff_t i = 0; i < width; i++) { T v = from[i]; column[i] = IS_BETTER(v, column[i]) ? v : column[i]; }
        else
          for (ptrdiff_t i = 0; i < width; i++) column[i] = from[i];
        started = 1;
      }
    T *restrict y_row = out + begin;
    for (ptrdiff_t i = 0; i < n; i++) y_row[i] = column[i * stride];
    for (ptrdiff_t k = 1; k < taps; k++)
      for (ptrdiff_t i = 0; i < n; i++) {
        T v = column[i * stride + k * step];
        y_row[i] = IS_BETTER(v, y_row[i]) ? v : y_row[i];
      }
  }
}

// The row of outputs of windows of two by two, side by side: the pooling that most networks have.
FX_INLINE void FX(quads)(ptrdiff_t count, const T *restrict upper, const T *restrict lower, T *restrict out) {
  for (ptrdiff_t i = 0; i < count; i++) {
    T left = upper[2 * i], right = upper[2 * i + 1], v = lower[2 * i], u = lower[2 * i + 1];
    left = IS_BETTER(v, left) ? v : left;
    right = IS_BETTER(u, right) ? u : right;
    out[i] = IS_BETTER(right, left) ? right : left;
  }
}

static void FX(max_pool)(const fx_window *w, ptrdiff_t planes, const T *in, T *out) {
  ptrdiff_t n = w->input[2], width = w->output[2], stride = w->stride[2], reach = (w->window[2] - 1) * w->dilation[2];
  // The outputs of a row that see no padding.
  ptrdiff_t first = w->window[2] == 0 || reach + stride > CHUNK ? width : min_size(width, (w->before[2] + stride - 1) / stride);
  ptrdiff_t last = n + w->before[2] - reach <= 0 ? first : min_size(width, (n + w->before[2] - reach - 1) / stride + 1);
  last = max_size(first, last);
  int is_quads = w->window[1] == 2 && w->window[2] == 2 && stride == 2 && w->dilation[1] == 1 && w->dilation[2] == 1 && !w->before[2];
  for (ptrdiff_t plane = 0; plane < planes; plane++, in += volume(w->input))
    for (ptrdiff_t oz = 0; oz < w->output[0]; oz++) {
      span z = see(w, 0, oz);
      for (ptrdiff_t oy = 0; oy < w->output[1]; oy++, out += width) {
        span y = see(w, 1, oy);
        int is_empty = z.from >= z.to || y.from >= y.to;
        if (first < last && !is_empty) {
          const T *row = in + (z.from * w->input[1] + y.from) * n;
          if (is_quads && y.to - y.from == 2 && z.to - z.from <= z.step) FX(quads)(last, row, row + n, out);
          else if (stride == 1) FX(row)(w, in, z, y, 1, first, last - first, out + first);
          else if (stride == 2) FX(row)(w, in, z, y, 2, first, last - first, out + first);
          else FX(row)(w, in, z, y, stride, first, last - first, out + first);
        }
        for (ptrdiff_t ox = 0; ox < width; ox++) {
          if (ox == first && !is_empty) ox = last;
          if (ox >= width) break;
          span x = see(w, 2, ox);
          T best = FX_LOWEST;
          FOR_INPUTS best = IS_BETTER(in[p], best) ? in[p] : best;
          out[ox] = best;
        }
      }
    }
}

static void FX(positions)(const fx_window *w, ptrdiff_t planes, const T *in, int64_t *out) {
  for (ptrdiff_t plane = 0; plane < planes; plane++, in += volume(w->input), out += volume(w->output))
    for (output o = first_output(w); o.number < volume(w->output); next_output(w, &o))
      out[o.number] = FX(largest)(w, in, o.z, o.y, o.x);
}

static void FX(mean_pool)(const fx_window *w, int padded, int64_t divisor, ptrdiff_t planes, const T *in, T *out) {
  for (ptrdiff_t plane = 0; plane < planes; plane++, in += volume(w->input), out += volume(w->output))
    for (output o = first_output(w); o.number < volume(w->output); next_output(w, &o)) {
      span z = o.z, y = o.y, x = o.x;
      FX(sum) sum = 0;
      FOR_INPUTS sum += (FX(sum))in[p];
      int64_t count = divisor_of(padded, divisor, z, y, x);
      out[o.number] = count ? (T)(sum / (FX(sum))count) : 0;
    }
}

#if !FX_IS_INTEGER

// Two by two, side by side: every input is seen once, so that the result is written in one go.
FX_INLINE void FX(pairs)(ptrdiff_t n, const T *restrict upper, const T *restrict lower, const T *restrict dy, T *restrict dx,
                         T *restrict dz) {
  for (ptrdiff_t i = 0; i < n; i++) {
    T a = upper[2 * i], b = upper[2 * i + 1], c = lower[2 * i], d = lower[2 * i + 1], best = a, g = dy[i];
    int take_b = IS_BETTER(b, best);
    best = take_b ? b : best;
    int take_c = IS_BETTER(c, best);
    best = take_c ? c : best;
    int take_d = IS_BETTER(d, best);
    dx[2 * i] = (take_b | take_c | take_d) ? 0 : g;
    dx[2 * i + 1] = (take_b & !(take_c | take_d)) ? g : 0;
    dz[2 * i] = (take_c & !take_d) ? g : 0;
    dz[2 * i + 1] = take_d ? g : 0;
  }
}

static void FX(max_pool_backward)(const fx_window *w, ptrdiff_t planes, const T *in, const T *dy, T *dx) {
  ptrdiff_t height = w->output[1], width = w->output[2], n = w->input[2];
  int halves = is_halving(w);
  for (ptrdiff_t plane = 0; plane < planes; plane++, in += volume(w->input), dx += volume(w->input), dy += volume(w->output)) {
    if (halves) {
      for (ptrdiff_t oy = 0; oy < height; oy++) {
        T *first = dx + 2 * oy * n;
        FX(pairs)(width, in + 2 * oy * n, in + (2 * oy + 1) * n, dy + oy * width, first, first + n);
        if (n & 1) first[n - 1] = first[2 * n - 1] = 0;
      }
      if (w->input[1] & 1) memset(dx + 2 * height * n, 0, (size_t)n * sizeof(T));
      continue;
    }
    memset(dx, 0, (size_t)volume(w->input) * sizeof(T));
    for (output o = first_output(w); o.number < volume(w->output); next_output(w, &o))
      if (o.z.from < o.z.to && o.y.from < o.y.to && o.x.from < o.x.to) dx[FX(largest)(w, in, o.z, o.y, o.x)] += dy[o.number];
  }
}

// The mean of two by two inputs: a quarter of their sum, or what is asked for.
static void FX(halving_mean)(const fx_window *w, T scale, ptrdiff_t planes, const T *in, T *out) {
  ptrdiff_t height = w->output[1], width = w->output[2], n = w->input[2];
  for (ptrdiff_t plane = 0; plane < planes; plane++, in += w->input[1] * n)
    for (ptrdiff_t y = 0; y < height; y++, out += width) {
      const T *restrict a = in + 2 * y * n, *restrict b = a + n;
      T *restrict to = out;
      for (ptrdiff_t i = 0; i < width; i++) to[i] = ((a[2 * i] + a[2 * i + 1]) + (b[2 * i] + b[2 * i + 1])) * scale;
    }
}

static void FX(halving_mean_backward)(const fx_window *w, T scale, ptrdiff_t planes, const T *dy, T *dx) {
  ptrdiff_t height = w->output[1], width = w->output[2], n = w->input[2];
  for (ptrdiff_t plane = 0; plane < planes; plane++, dx += w->input[1] * n) {
    for (ptrdiff_t y = 0; y < height; y++, dy += width) {
      const T *restrict from = dy;
      T *restrict a = dx + 2 * y * n;
      for (ptrdiff_t i = 0; i < width; i++) a[2 * i] = a[2 * i + 1] = from[i] * scale;
      if (n & 1) a[n - 1] = 0;
      memcpy(a + n, a, (size_t)n * sizeof(T));
    }
    if (w->input[1] & 1) memset(dx + 2 * height * n, 0, (size_t)n * sizeof(T));
  }
}

static void FX(mean_pool_backward)(const fx_window *w, int padded, int64_t divisor, ptrdiff_t planes, const T *dy, T *dx) {
  for (ptrdiff_t plane = 0; plane < planes; plane++, dx += volume(w->input), dy += volume(w->output)) {
    memset(dx, 0, (size_t)volume(w->input) * sizeof(T));
    for (output o = first_output(w); o.number < volume(w->output); next_output(w, &o)) {
      span z = o.z, y = o.y, x = o.x;
      int64_t count = divisor_of(padded, divisor, z, y, x);
      T g = count ? dy[o.number] / (T)count : 0;
      FOR_INPUTS dx[p] += g;
    }
  }
}

#endif

#endif
