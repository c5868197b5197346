// At positions: lookups, sums at places, order, windows over images, resampling.
#include <math.h>

#include "driver.h"

static void lookups(void) {
  static const ptrdiff_t shapes[][4] = {{2, 13, 5, 9}, {1, 40, 64, 100}, {3, 5, 1, 33}, {1, 1000, 1, 500}, {1, 17, 127, 60}};
  for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++) {
    ptrdiff_t outer = shapes[s][0], n = shapes[s][1], inner = shapes[s][2], count = shapes[s][3], many = outer * count * inner,
              all = outer * n * inner;
    const int64_t *rows = places(count, n, 1), *each = places(many, n, 2);
    record_number(fx_indices_fit(count, n, rows), "fit");
    record_number(fx_indices_fit(count, n / 2, rows), "fit");
    int64_t *negative = copy_of(FX_I64, count, rows), *normal = room(FX_I64, count);
    for (ptrdiff_t i = 0; i < count; i += 3) negative[i] -= n;
    record_number(fx_normalize_indices(count, n, negative, normal), "normal");
    record(0, 0, FX_I64, count, normal, "normal indices");
    negative[count / 2] = n;
    record_number(fx_normalize_indices(count, n, negative, normal), "not normal");
    EACH_DTYPE(d) {
      int size = dtype_sizes[d];
      const void *x = numbers(d, all, 3, -4, 4), *values = numbers(d, many, 4, -4, 4);
      void *y = room(d, many);
      fx_take(size, outer, n, inner, count, rows, x, y);
      record(0, 0, d, many, y, "take %s, %zu", dtype_names[d], s);
      y = room(d, many);
      fx_gather(size, outer, n, inner, count, each, x, y);
      record(0, 0, d, many, y, "gather %s, %zu", dtype_names[d], s);
      y = copy_of(d, all, x);
      fx_put(size, outer, n, inner, count, rows, values, y);
      record(0, 0, d, all, y, "put %s, %zu", dtype_names[d], s);
      y = copy_of(d, all, x);
      fx_scatter(size, outer, n, inner, count, each, values, y);
      record(0, 0, d, all, y, "scatter %s, %zu", dtype_names[d], s);
      if (d == FX_BOOL) continue;
      y = copy_of(d, all, x);
      fx_take_add(d, outer, n, inner, count, rows, values, y);
      record(0, 0, d, all, y, "take, added %s, %zu", dtype_names[d], s);
      y = copy_of(d, all, x);
      fx_scatter_add(d, outer, n, inner, count, each, values, y);
      record(0, 0, d, all, y, "scatter, added %s, %zu", dtype_names[d], s);
      for (int op = FX_R_PROD; op <= FX_R_MIN; op++) {
        y = copy_of(d, all, x);
        fx_scatter_reduce(op, d, outer, n, inner, count, each, d <= FX_F64 ? values : specials(d, many, 1, 5), y);
        record(0, 0, d, all, y, "scatter %d %s, %zu", op, dtype_names[d], s);
      }
    }
    float *y = copy_of(FX_F32, all, numbers(FX_F32, all, 3, -4, 4)), *rest = scratch((size_t)all * 4);
    fx_scatter_add_long(outer, n, inner, count, each, numbers(FX_F32, many, 4, -4, 4), y, rest);
    fx_take_add_long(outer, n, inner, count, rows, numbers(FX_F32, many, 6, -1e-3, 1e3), y, rest);
    fx_add_rest(all, rest, y);
    record(0, 0, FX_F32, all, y, "long sums at places, %zu", s);
    EACH_FLOAT(d) {
      int64_t *to = places(count, 11, 7);
      to[0] = -1;
      void *sums = numbers(d, 11 * inner, 8, -1, 1);
      fx_combine_rows(d, count, inner, 0, inner, rows, to, numbers(d, count, 9, -2, 2), numbers(d, n * inner, 3, -4, 4), sums);
      record(8, 16, d, 11 * inner, sums, "combined rows %s, %zu", dtype_names[d], s);
      int64_t *largest = room(FX_I64, 11 * inner);
      for (ptrdiff_t i = 0; i < 11 * inner; i++) largest[i] = -1;
      fx_largest_rows(d, count, inner, 0, inner, rows, to, specials(d, n * inner, 3, 4), largest);
      record(0, 0, FX_I64, 11 * inner, largest, "largest rows %s, %zu", dtype_names[d], s);
    }
  }
  const uint8_t *mask = specials(FX_BOOL, 999, 1, 1);
  ptrdiff_t count = fx_nonzero(999, mask, NULL), dims[] = {3, 9, 37};
  int64_t *flat = room(FX_I64, count + 1), *out = room(FX_I64, 3 * count);
  record_number(fx_nonzero(999, mask, flat), "nonzero");
  fx_unravel(count, 3, dims, flat, out);
  record(0, 0, FX_I64, 3 * count, out, "unravelled");
  EACH_NUMBER(d) {
    void *y = numbers(d, 60, 1, -4, 4);
    fx_add_strided(d, 3, (ptrdiff_t[]){4, 5, 7}, (ptrdiff_t[]){35, 7, 1}, numbers(d, 140, 2, -4, 4), (ptrdiff_t[]){1, 10, 0}, y);
    record(8, 32, d, 60, y, "added by strides %s", dtype_names[d]);
  }
  double *totals = scratch(257 * sizeof *totals);
  float *y = numbers(FX_F32, 257, 1, -1, 1);
  for (uint64_t i = 0; i < 3; i++) fx_add_totals(257, numbers(FX_F32, 257, i, -1, 1), totals);
  fx_write_totals(257, totals, 1, y);
  record(0, 0, FX_F32, 257, y, "totals");
}

static void orders(void) {
  static const ptrdiff_t widths[] = {1, 2, 3, 9, 33, 100, 1500};
  EACH_DTYPE(d) for (size_t i = 0; i < sizeof widths / sizeof *widths; i++) for (int descending = 0; descending < 2; descending++) {
    ptrdiff_t rows = 3, n = widths[i], k = n > 4 ? n / 2 : n, all = rows * n;
    int size = dtype_sizes[d] == 8 ? 16 : 8;
    const void *x = specials(d, all, 1, i);
    void *items = scratch((size_t)(2 * n * size));
    int64_t *positions = room(FX_I64, rows * k);
    void *values = room(d, rows * k);
    fx_sort_rows(d, descending, size, rows, n, k, x, items, positions, values);
    record(0, 0, FX_I64, rows * k, positions, "sorted %d %s, %td, positions", descending, dtype_names[d], n);
    record(0, 0, d, rows * k, values, "sorted %d %s, %td", descending, dtype_names[d], n);
    positions = room(FX_I64, rows);
    fx_kth_rows(d, size, rows, n, n / 3, x, items, positions);
    record(0, 0, FX_I64, rows, positions, "the k-th %s, %td", dtype_names[d], n);
    if (d <= FX_F64) {
      positions = room(FX_I64, rows);
      fx_median_rows(d, descending, size, rows, n, x, items, positions);
      record(0, 0, FX_I64, rows, positions, "medians %d %s, %td", descending, dtype_names[d], n);
    }
  }
  EACH_FLOAT(d) {
    ptrdiff_t n = 300, count = 500;
    void *sorted = numbers(d, n, 1, -1, 1);
    for (ptrdiff_t i = 0; i < n; i++) {
      if (d == FX_F32) ((float *)sorted)[i] = (float)(i / 3) / 64;
      else ((double *)sorted)[i] = (double)(i / 3) / 64;
    }
    for (int right = 0; right < 2; right++) {
      int64_t *y = room(FX_I64, count);
      fx_search_sorted(d, right, 1, n, 1, count, sorted, specials(d, count, 2, 3), y);
      record(0, 0, FX_I64, count, y, "searched %d %s", right, dtype_names[d]);
    }
    int64_t *counts = room(FX_I64, 20);
    memset(counts, 0, 160);
    fx_histogram(d, count, -2, 3, 20, specials(d, count, 2, 3), counts);
    record(0, 0, FX_I64, 20, counts, "histogram %s", dtype_names[d]);
  }
}

static fx_window window(ptrdiff_t side, ptrdiff_t size, ptrdiff_t stride, ptrdiff_t dilation, ptrdiff_t padding) {
  fx_window w = {{1, side, side + 3},  {1, 0, 0}, {1, size, size}, {1, stride, stride}, {1, dilation, dilation}, {0, padding, padding},
                 {0, padding, padding}};
  for (int a = 1; a < 3; a++) {
    w.output[a] = size ? (w.input[a] + 2 * padding - dilation * (size - 1) - 1) / stride + 1 : 4 + a;
    // The last window may end before the last input.
    if (size) w.after[a] = (w.output[a] - 1) * stride + dilation * (size - 1) + 1 - w.input[a] - padding;
    if (w.after[a] < 0) w.after[a] = 0;
  }
  return w;
}

static void images(void) {
  static const ptrdiff_t settings[][5] = {{9, 3, 1, 1, 1},  {12, 3, 2, 1, 1}, {11, 2, 2, 1, 0}, {14, 5, 1, 1, 2}, {13, 3, 1, 2, 2},
                                          {20, 1, 1, 1, 0}, {33, 2, 2, 1, 0}, {17, 3, 3, 1, 0}, {15, 0, 1, 1, 0}};
  for (size_t s = 0; s < sizeof settings / sizeof *settings; s++) EACH_NUMBER(d) {
      const ptrdiff_t *t = settings[s];
      fx_window w = window(t[0], t[1], t[2], t[3], t[4]);
      ptrdiff_t planes = 3, in = w.input[1] * w.input[2], to = w.output[1] * w.output[2], taps = w.window[1] * w.window[2];
      const void *x = numbers(d, planes * in, 1, -4, 4), *dy = numbers(d, planes * to, 2, -4, 4);
      if (taps) {
        void *columns = room(d, planes * taps * to), *back = numbers(d, planes * in, 3, -1, 1);
        fx_columns(dtype_sizes[d], &w, planes, 0, to, x, columns, to);
        record(0, 0, d, planes * taps * to, columns, "columns %s, %zu", dtype_names[d], s);
        fx_columns_add(d, &w, planes, 0, to, numbers(d, planes * taps * to, 4, -2, 2), to, back);
        record(8, 8, d, planes * in, back, "columns, added %s, %zu", dtype_names[d], s);
        const void *weight = numbers(d, taps, 5, -2, 2);
        void *y = numbers(d, to, 6, -1, 1), *dx = numbers(d, in, 7, -1, 1), *dw = numbers(d, taps, 8, -1, 1);
        fx_correlate(d, &w, x, weight, y);
        record(16, 32, d, to, y, "correlation %s, %zu", dtype_names[d], s);
        fx_correlate_input(d, &w, dy, weight, dx);
        record(16, 32, d, in, dx, "correlation's input %s, %zu", dtype_names[d], s);
        fx_correlate_weight(d, &w, x, dy, dw);
        record(16 + (double)to / 4, 32, d, taps, dw, "correlation's weight %s, %zu", dtype_names[d], s);
      }
      for (int special = 0; special < 2; special++) {
        const void *z = special ? specials(d, planes * in, 3, 1) : x;
        void *y = room(d, planes * to);
        fx_max_pool(d, &w, planes, z, y);
        record(0, 0, d, planes * to, y, "largest %s, %zu%s", dtype_names[d], s, special ? ", specials" : "");
        int64_t *positions = room(FX_I64, planes * to);
        fx_max_pool_positions(d, &w, planes, z, positions);
        record(0, 0, FX_I64, planes * to, positions, "largest's places %s, %zu%s", dtype_names[d], s, special ? ", specials" : "");
      }
      void *y = room(d, planes * to);
      fx_mean_pool(d, &w, 0, 0, planes, x, y);
      record(8, 4, d, planes * to, y, "means %s, %zu", dtype_names[d], s);
      fx_mean_pool(d, &w, 1, taps ? 0 : 2, planes, x, y);
      record(8, 4, d, planes * to, y, "means with padding %s, %zu", dtype_names[d], s);
      if (d > FX_F64) continue;
      void *dx = room(d, planes * in);
      fx_max_pool_backward(d, &w, planes, x, dy, dx);
      record(4, 16, d, planes * in, dx, "largest, backward %s, %zu", dtype_names[d], s);
      dx = room(d, planes * in);
      fx_mean_pool_backward(d, &w, 0, 0, planes, dy, dx);
      record(8, 4, d, planes * in, dx, "means, backward %s, %zu", dtype_names[d], s);
    }
}

static void samples(void) {
  static const ptrdiff_t shapes[][5] = {{3, 9, 20, 7, 2}, {2, 30, 11, 1, 4}, {1, 16, 33, 64, 2}, {4, 50, 100, 1, 2}, {2, 12, 12, 17, 6}};
  for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++) EACH_FLOAT(d) {
      ptrdiff_t outer = shapes[s][0], n = shapes[s][1], count = shapes[s][2], inner = shapes[s][3], taps = shapes[s][4];
      int64_t *at = places(count * taps, n, s);
      const double *weights = numbers(FX_F64, count * taps, 2, -1, 1);
      void *y = room(d, outer * count * inner), *x = numbers(d, outer * n * inner, 4, -1, 1);
      fx_resample(d, outer, n, count, inner, taps, at, weights, numbers(d, outer * n * inner, 3, -4, 4), y);
      record(16, 8, d, outer * count * inner, y, "resampled %s, %zu", dtype_names[d], s);
      fx_resample_add(d, outer, n, count, inner, taps, at, weights, numbers(d, outer * count * inner, 5, -4, 4), x);
      record(16, 16, d, outer * n * inner, x, "resampled, backward %s, %zu", dtype_names[d], s);

      ptrdiff_t channels = outer + 3, points = count;
      int64_t *places_of_points = places(taps * points, n, s + 9);
      places_of_points[1] = -1;
      const void *factors = numbers(d, taps * points, 6, -1, 1), *z = numbers(d, channels * n, 7, -4, 4),
                 *dy = numbers(d, channels * points, 8, -4, 4);
      y = room(d, channels * points);
      fx_sample(d, channels, n, taps, points, places_of_points, factors, z, y);
      record(16, 8, d, channels * points, y, "sampled %s, %zu", dtype_names[d], s);
      y = room(d, channels * points);
      void *memory = scratch((size_t)(fx_sample_width(channels) * (n + points) * 8));
      fx_sample_inside(d, channels, n, taps, points, places_of_points, factors, z, y, memory);
      record(16, 8, d, channels * points, y, "sampled inside %s, %zu", dtype_names[d], s);
      void *w = room(d, taps * points);
      fx_sample_weights(d, channels, n, taps, points, places_of_points, z, dy, w);
      record(16, 64, d, taps * points, w, "sampled, weights %s, %zu", dtype_names[d], s);
      w = room(d, taps * points);
      fx_sample_weights_inside(d, channels, n, taps, points, places_of_points, z, dy, w, memory);
      record(16, 64, d, taps * points, w, "sampled inside, weights %s, %zu", dtype_names[d], s);
      void *dx = numbers(d, channels * n, 9, -1, 1);
      fx_sample_add(d, channels, n, taps, points, places_of_points, factors, dy, dx);
      record(16, 16, d, channels * n, dx, "sampled, backward %s, %zu", dtype_names[d], s);
    }
  EACH_FLOAT(d) for (ptrdiff_t axes = 2; axes <= 3; axes++) {
    ptrdiff_t channels = 3, n = 50, points = 20, taps = axes == 2 ? 16 : 64;
    void *y = room(d, points);
    fx_sample_cubic(d, axes, channels, n, points, places(taps * points, n, 3), numbers(d, axes * 4 * points, 1, -1, 1),
                    numbers(d, channels * n, 2, -2, 2), numbers(d, channels * points, 4, -2, 2), y);
    record(0, 0, d, points, y, "cubic %s, %td axes", dtype_names[d], axes);
  }
}

void run_lookups(void) { lookups(); }
void run_orders(void) { orders(); }
void run_images(void) { images(); }
void run_samples(void) { samples(); }
