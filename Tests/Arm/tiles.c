// Products of packed and unpacked operands, and convolutions by tiles, planes and Winograd's algorithm, put together from their kernels as
// Swift does: how operands are packed is each level's own, what comes out is not.
#include <math.h>

#include "driver.h"

static ptrdiff_t rounded(ptrdiff_t n, ptrdiff_t of) { return (n + of - 1) / of * of; }

static void products(void) {
  static const ptrdiff_t shapes[][3] = {{1, 1, 1}, {14, 32, 9}, {15, 33, 40}, {29, 65, 100}, {64, 100, 17}, {7, 200, 64}, {100, 12, 33}};
  EACH_FLOAT(d)
  for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++) for (int adds = 0; adds < 2; adds++) for (int turned = 0; turned < 4;
                                                                                                        turned++) {
    ptrdiff_t m = shapes[s][0], n = shapes[s][1], k = shapes[s][2], rows = fx_product_rows(d), columns = fx_product_columns(d);
    ptrdiff_t a_row = turned & 1 ? 1 : k, a_column = turned & 1 ? m : 1, b_row = turned & 2 ? 1 : n, b_column = turned & 2 ? k : 1,
              lead = n + 3;
    int size = dtype_sizes[d];
    const void *a = numbers(d, m * k, 1, -4, 4), *b = numbers(d, k * n, 2, -4, 4);
    double ulps = 4 + (double)k / 4;
    void *c = numbers(d, m * lead, 3, -1, 1);
    void *packed_a = scratch((size_t)(rounded(m, rows) * k * size)), *packed_b = scratch((size_t)(rounded(n, columns) * k * size));
    fx_product_pack(d, 1, m, k, a, a_row, a_column, packed_a);
    fx_product_pack(d, 0, n, k, b, b_column, b_row, packed_b);
    fx_product_tiles(d, m, n, k, packed_a, packed_b, adds, c, lead);
    record(ulps, 32, d, m * lead, c, "packed %s, %zu, %d%s", dtype_names[d], s, turned, adds ? " added" : "");
    ptrdiff_t count = 3;
    const void *as = numbers(d, count * m * k, 4, -4, 4), *bs = numbers(d, count * k * n, 5, -4, 4);
    c = numbers(d, count * m * lead, 6, -1, 1);
    fx_product_direct(d, count, m, n, k, as, m * k, a_row, a_column, bs, k * n, b_row, b_column, adds, c, m * lead, lead);
    record(ulps, 32, d, count * m * lead, c, "direct %s, %zu, %d%s", dtype_names[d], s, turned, adds ? " added" : "");
    if (m > FX_THIN || turned) continue;
    c = numbers(d, m * n, 7, -1, 1);
    fx_product_thin_dots(d, m, n, k, a, k, numbers(d, n * k, 8, -4, 4), k, adds, c, n, 1);
    record(ulps, 32, d, m * n, c, "thin dots %s, %zu%s", dtype_names[d], s, adds ? " added" : "");
    c = numbers(d, m * n, 7, -1, 1);
    fx_product_thin_sums(d, m, n, k, a, k, 1, b, n, c, n);
    record(ulps, 32, d, m * n, c, "thin sums %s, %zu", dtype_names[d], s);
  }
}

// MARK: tiles

// All places of an image as one tile whose copied rows begin at whole vectors.
static fx_tile whole(fx_window w, ptrdiff_t lanes) {
  fx_tile t = {.window = w};
  ptrdiff_t reach[2];
  for (int a = 0; a < 3; a++) t.count[a] = w.output[a];
  for (int a = 0; a < 2; a++) reach[a] = (w.output[a] - 1) * w.stride[a] + (w.window[a] - 1) * w.dilation[a] + 1;
  t.size[0] = reach[0], t.size[1] = reach[1];
  t.size[2] = rounded(rounded(w.output[2], lanes) + (w.window[2] - 1) * w.dilation[2] / w.stride[2], lanes);
  t.plane = ((reach[0] * reach[1] * t.size[2] * w.stride[2] + 15) / 16 | 1) * 16;
  return t;
}

static void offsets_of(const fx_tile *t, ptrdiff_t channels, ptrdiff_t *offsets) {
  const fx_window *w = &t->window;
  ptrdiff_t row = t->size[2] * w->stride[2], i = 0;
  for (ptrdiff_t c = 0; c < channels; c++)
    for (ptrdiff_t y = 0; y < w->window[1]; y++)
      for (ptrdiff_t x = 0; x < w->window[2]; x++) {
        ptrdiff_t shift = x * w->dilation[2] / w->stride[2], phase = x * w->dilation[2] % w->stride[2];
        offsets[i++] = c * t->plane + y * w->dilation[1] * row + phase * t->size[2] + shift;
      }
}

// Runs of at most `most` places of a row.
static ptrdiff_t runs_of(const fx_tile *t, ptrdiff_t most, fx_run *runs) {
  const fx_window *w = &t->window;
  ptrdiff_t row = t->size[2] * w->stride[2], i = 0;
  for (ptrdiff_t y = 0; y < t->count[1]; y++)
    for (ptrdiff_t x = 0; x < t->count[2]; x += most)
      runs[i++] = (fx_run){y * w->stride[1] * row + x, y * w->output[2] + x, t->count[2] - x < most ? t->count[2] - x : most};
  return i;
}

static void convolutions(void) {
  // Height (the width is 3 more), window, stride, dilation, padding, channels, outputs.
  static const ptrdiff_t settings[][7] = {{9, 3, 1, 1, 1, 3, 5},   {12, 3, 2, 1, 1, 4, 17}, {14, 5, 1, 1, 2, 2, 9}, {13, 3, 1, 2, 2, 5, 4},
                                          {20, 1, 1, 1, 0, 7, 33}, {17, 3, 3, 1, 0, 3, 8},  {40, 3, 1, 1, 1, 2, 6}};
  for (size_t s = 0; s < sizeof settings / sizeof *settings; s++) EACH_FLOAT(d) {
      const ptrdiff_t *t = settings[s];
      fx_window w = {{1, t[0], t[0] + 3}, {1, 0, 0}, {1, t[1], t[1]}, {1, t[2], t[2]}, {1, t[3], t[3]}, {0, t[4], t[4]}, {0, t[4], t[4]}};
      for (int a = 1; a < 3; a++) w.output[a] = (w.input[a] + 2 * t[4] - t[3] * (t[1] - 1) - 1) / t[2] + 1;
      ptrdiff_t channels = t[5], outputs = t[6], taps = t[1] * t[1], in = w.input[1] * w.input[2], to = w.output[1] * w.output[2],
                depth = channels * taps;
      ptrdiff_t rows, lanes, wide;
      int size = dtype_sizes[d];
      fx_tile_shape(d, &rows, &lanes);
      fx_tile tile = whole(w, 1);
      const void *x = numbers(d, channels * in, 1, -4, 4), *filters = numbers(d, outputs * depth, 2, -1, 1),
                 *bias = numbers(d, outputs, 3, -1, 1);
      void *copy = scratch((size_t)(channels * tile.plane * size) + 1024),
           *packed = scratch((size_t)(rounded(outputs, rows) * depth * size));
      ptrdiff_t *offsets = scratch((size_t)depth * sizeof *offsets);
      fx_run *runs = scratch((size_t)to * sizeof *runs);
      fx_tile_pad(d, &tile, channels, 4 * lanes, x, copy);
      fx_tile_pack(d, outputs, channels, taps, depth, taps, 0, filters, packed);
      offsets_of(&tile, channels, offsets);
      ptrdiff_t count = runs_of(&tile, lanes, runs);
      void *y = room(d, outputs * to);
      fx_tile_product(d, outputs, depth, packed, offsets, count, runs, copy, bias, y, to);
      double ulps = 4 + (double)depth / 4;
      record(ulps, 16, d, outputs * to, y, "convolution by tiles %s, %zu", dtype_names[d], s);

      count = runs_of(&tile, 64, runs);
      wide = rounded(outputs, lanes);
      void *dy = scratch((size_t)(to * wide * size)), *sums = scratch((size_t)(depth * wide * size)), *dw = room(d, depth * outputs);
      const char *values = numbers(d, to * outputs, 4, -2, 2);
      for (ptrdiff_t p = 0; p < to; p++) memcpy((char *)dy + p * wide * size, values + p * outputs * size, (size_t)(outputs * size));
      fx_tile_weight(d, depth, offsets, count, runs, copy, dy, wide, sums);
      for (ptrdiff_t i = 0; i < depth; i++)
        memcpy((char *)dw + i * outputs * size, (char *)sums + i * wide * size, (size_t)(outputs * size));
      record(8 + (double)to / 8, 64, d, depth * outputs, dw, "filters' gradient by tiles %s, %zu", dtype_names[d], s);

      // One channel by one filter.
      tile = whole(w, 64 / size);
      copy = scratch((size_t)(tile.plane * size) + 1024);
      fx_tile_pad_plane(d, &tile, 0, 576 / size, x, copy);
      offsets_of(&tile, 1, offsets);
      for (int biased = 0; biased < 2; biased++) {
        y = room(d, to);
        fx_tile_plane(d, &tile, taps, offsets, filters, biased ? bias : NULL, copy, y);
        record(4 + (double)taps / 4, 16, d, to, y, "plane %s, %zu, bias %d", dtype_names[d], s, biased);
      }
      double *plane_sums = room(FX_F64, taps);
      memset(plane_sums, 0, (size_t)taps * sizeof *plane_sums);
      fx_tile_plane_weight(d, &tile, taps, offsets, copy, numbers(d, to, 5, -2, 2), plane_sums);
      // In double, of sums that may be float32 within rows.
      record((8 + (double)to / 8) * (d == FX_F32 ? 0x1p29 : 1), 64, FX_F64, taps, plane_sums, "plane's filter's gradient %s, %zu",
             dtype_names[d], s);
    }
}

static void winograd(void) {
  // Batch, channels, outputs, height; the width is 5 more.
  static const ptrdiff_t settings[][5] = {{1, 1, 1, 4}, {2, 3, 5, 9}, {1, 17, 33, 12}, {3, 16, 40, 7}};
  for (size_t s = 0; s < sizeof settings / sizeof *settings; s++)
    for (int reversed = 0; reversed < 2; reversed++) {
      ptrdiff_t batch = settings[s][0], lanes = fx_winograd_lanes(), h = settings[s][3], width = h + 5;
      fx_winograd w = {settings[s][1], settings[s][2], {h, width}, {h, width}, {1, 1}, (h + 3) / 4, (width + 3) / 4};
      ptrdiff_t channels = rounded(w.channels, lanes), outputs = rounded(w.outputs, lanes), tiles = batch * w.rows * w.columns;
      ptrdiff_t each = rounded(rounded(outputs, 2 * lanes) * channels, 16) + 16, seen = rounded(tiles * channels, 16) + 16,
                made = rounded(tiles * outputs, 16) + 16;
      float *u = scratch((size_t)(FX_WINOGRAD * each) * 4), *v = scratch((size_t)(FX_WINOGRAD * seen) * 4),
            *m = scratch((size_t)(FX_WINOGRAD * made) * 4);
      const float *x = numbers(FX_F32, batch * w.channels * h * width, 1, -2, 2),
                  *filters = numbers(FX_F32, w.outputs * w.channels * 9, 2, -1, 1), *bias = numbers(FX_F32, w.outputs, 3, -1, 1);
      for (ptrdiff_t o = 0; o < outputs / lanes; o++)
        for (ptrdiff_t c = 0; c < channels / lanes; c++) fx_winograd_filters(&w, o, c, w.channels * 9, 9, reversed, filters, each, u);
      for (ptrdiff_t c = 0; c < channels / lanes; c++) fx_winograd_image(&w, 0, tiles, c, x, seen, v + c * tiles * lanes);
      for (ptrdiff_t e = 0; e < FX_WINOGRAD; e++)
        for (ptrdiff_t o = 0; o < outputs; o += 2 * lanes)
          fx_winograd_products(tiles, channels, outputs - o < 2 * lanes ? outputs - o : 2 * lanes, v + e * seen,
                               u + e * each + o * channels, m + e * made + o, outputs);
      float *y = room(FX_F32, batch * w.outputs * h * width);
      int finite = 1;
      for (ptrdiff_t o = 0; o < outputs / lanes; o++) finite &= fx_winograd_result(&w, 0, tiles, o, m, made, outputs, bias, y);
      record_number(finite, "finite");
      record(64 + 4 * (double)w.channels, 8, FX_F32, batch * w.outputs * h * width, y, "Winograd %zu%s", s, reversed ? " reversed" : "");
      if (reversed) continue;
      const float *dy = numbers(FX_F32, batch * w.outputs * h * width, 4, -2, 2);
      for (ptrdiff_t o = 0; o < outputs / lanes; o++) fx_winograd_result_adjoint(&w, 0, tiles, o, dy, made, outputs, m);
      ptrdiff_t apart = rounded(w.outputs * channels, 16) + 16;
      float *du = scratch((size_t)(FX_WINOGRAD * apart) * 4), *dw = room(FX_F32, w.outputs * w.channels * 9);
      for (ptrdiff_t e = 0; e < FX_WINOGRAD; e++)
        fx_winograd_products_adjoint(tiles, w.outputs, channels, m + e * made, outputs, v + e * seen, 0, du + e * apart);
      for (ptrdiff_t o = 0; o < w.outputs; o++)
        for (ptrdiff_t c = 0; c < channels / lanes; c++) finite &= fx_winograd_filters_adjoint(&w, o, c, du, apart, dw);
      record_number(finite, "finite");
      record(64 + (double)(batch * h * width), 64, FX_F32, w.outputs * w.channels * 9, dw, "Winograd's filters' gradient %zu", s);
    }
}

void run_products(void) { products(); }
void run_convolutions(void) { convolutions(); }
void run_winograd(void) { winograd(); }
