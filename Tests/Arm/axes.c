// Along axes and rows: reductions, softmax, norms, attention, scans, and what mends sums.
#include <math.h>

#include "driver.h"

// Of sums of n terms of size 1: their roundings, and those of another order.
static double of_terms(ptrdiff_t n) { return 4 + (double)n / 8; }

static void reductions(void) {
  static const ptrdiff_t shapes[][3] = {{1, 1, 1},   {3, 7, 1},  {1, 1000, 1}, {5, 33, 1}, {64, 4, 1},
                                        {37, 10, 1}, {2, 9, 17}, {1, 300, 65}, {3, 5, 64}, {1, 2049, 3}};
  for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++)
    for (int turned = 0; turned < 2; turned++) EACH_DTYPE(d) for (int op = FX_R_SUM; op <= FX_R_ARGMIN; op++) {
        ptrdiff_t outer = shapes[s][0], n = shapes[s][1], inner = shapes[s][2];
        ptrdiff_t order[3] = {n * inner, inner, 1}, other[3] = {1, outer, outer * n};
        if (d == FX_BOOL && (op == FX_R_MAX || op == FX_R_MIN || op >= FX_R_ARGMAX)) continue;
        if (d <= FX_F64 && op == FX_R_PROD && n > 100) continue;
        int to = op >= FX_R_ARGMAX                                  ? FX_I64
                 : op == FX_R_ANY || op == FX_R_ALL                 ? FX_BOOL
                 : op <= FX_R_PROD && (d == FX_I32 || d == FX_BOOL) ? FX_I64
                                                                    : d;
        for (int special = 0; special < 2; special++) {
          const void *x = special && (op > FX_R_PROD || d > FX_F64) ? specials(d, outer * n * inner, 3, 1)
                                                                    : numbers(d, outer * n * inner, 1, op == FX_R_PROD ? 0.5 : -2, 2);
          void *y = room(to, outer * inner);
          fx_reduce(op, d, outer, n, inner, turned ? other : order, x, y);
          double ulps = d <= FX_F64 && op == FX_R_SUM ? of_terms(n) : d <= FX_F64 && op == FX_R_PROD ? (double)n : 0;
          record(ulps, op == FX_R_SUM ? 2 : 0, to, outer * inner, y, "reduction %d %s [%td, %td, %td]%s%s", op, dtype_names[d], outer, n,
                 inner, turned ? " turned" : "", special ? " specials" : "");
        }
      }
  EACH_FLOAT(d) {
    ptrdiff_t outer = 3, n = 17, inner = 21, all = outer * n * inner;
    void *dx = room(d, all);
    fx_product_others(d, outer, n, inner, inner, numbers(d, all, 1, 0.5, 1.5), numbers(d, outer * inner, 2, -1, 1),
                      scratch((size_t)fx_product_others_memory(d, n, inner)), dx);
    record(24, 0, d, all, dx, "product of the others, %s", dtype_names[d]);
  }
}

static void softmax(void) {
  static const ptrdiff_t widths[] = {1, 2, 3, 5, 8, 10, 15, 17, 33, 64, 100, 1000};
  EACH_FLOAT(d) for (size_t i = 0; i < sizeof widths / sizeof *widths; i++) for (int logarithmic = 0; logarithmic < 2; logarithmic++) {
    ptrdiff_t rows = 7, n = widths[i], all = rows * n;
    void *x = numbers(d, all, 1, -6, 6);
    const void *dy = numbers(d, all, 2, -1, 1);
    if (n > 2 && d == FX_F32) ((float *)x)[1] = -INFINITY, ((float *)x)[n + 1] = NAN;
    if (n > 2 && d == FX_F64) ((double *)x)[1] = -INFINITY, ((double *)x)[n + 1] = INFINITY;
    void *y = room(d, all), *dx = room(d, all);
    fx_softmax(d, logarithmic, rows, n, x, y);
    record(12, logarithmic ? 8 : 0, d, all, y, "softmax %d %s, %td", logarithmic, dtype_names[d], n);
    const void *z = numbers(d, all, 3, logarithmic ? -5 : 0, logarithmic ? 0 : 1);
    fx_softmax_backward(d, logarithmic, rows, n, z, dy, dx);
    record(of_terms(n) + 8, 1, d, all, dx, "softmax %d backward %s, %td", logarithmic, dtype_names[d], n);
    y = room(d, rows);
    fx_logsumexp(d, rows, n, x, y);
    record(of_terms(n), 8, d, rows, y, "logsumexp %s, %td", dtype_names[d], n);
    int64_t *labels = places(rows, n, 5);
    labels[2] = -1;
    dx = room(d, all);
    fx_cross_entropy_backward(d, rows, n, numbers(d, all, 1, -6, 6), labels, numbers(d, rows, 6, 0, 1), dx);
    record(12, 1, d, all, dx, "cross-entropy backward %s, %td", dtype_names[d], n);

    ptrdiff_t inner = 37, strips = 1, outer = 2, columns = outer * n * inner;
    const void *c = numbers(d, columns, 7, -6, 6);
    void *memory = scratch((size_t)(2 * n * FX_SOFTMAX_STRIP) * 8);
    y = room(d, columns);
    fx_softmax_columns(d, logarithmic, n, inner, 0, outer * strips, c, y, memory);
    record(of_terms(n) + 8, logarithmic ? 8 : 0, d, columns, y, "softmax %d of columns %s, %td", logarithmic, dtype_names[d], n);
    dx = room(d, columns);
    fx_softmax_columns_backward(d, logarithmic, n, inner, 0, outer * strips,
                                numbers(d, columns, 3, logarithmic ? -5 : 0, logarithmic ? 0 : 1), numbers(d, columns, 2, -1, 1), dx,
                                memory);
    record(of_terms(n) + 8, 1, d, columns, dx, "softmax %d of columns backward %s, %td", logarithmic, dtype_names[d], n);
    y = room(d, outer * inner);
    fx_logsumexp_columns(d, n, inner, 0, outer * strips, c, y, memory);
    record(of_terms(n), 8, d, outer * inner, y, "logsumexp of columns %s, %td", dtype_names[d], n);
  }
}

static void norms(void) {
  static const ptrdiff_t widths[] = {1, 3, 8, 15, 64, 100, 513};
  EACH_FLOAT(d) for (size_t i = 0; i < sizeof widths / sizeof *widths; i++) for (int centered = 0; centered < 2; centered++) {
    ptrdiff_t rows = 5, n = widths[i], all = rows * n;
    const void *x = numbers(d, all, 1, -2, 3), *w = numbers(d, n, 2, 0.5, 2), *b = numbers(d, n, 3, -1, 1), *dy = numbers(d, all, 4, -1, 1);
    void *y = room(d, all), *dx = room(d, all), *dw = numbers(d, n, 5, 0, 1), *db = numbers(d, n, 6, 0, 1);
    fx_norm_rows(d, centered, rows, n, 1e-5, x, w, b, y);
    record(of_terms(n) + 16, 2, d, all, y, "norm of rows %d %s, %td", centered, dtype_names[d], n);
    fx_norm_rows(d, centered, rows, n, 1e-5, x, NULL, NULL, y);
    record(of_terms(n) + 16, 2, d, all, y, "norm of rows %d %s, %td, plain", centered, dtype_names[d], n);
    if (n > 1) {
      fx_norm_rows_backward(d, centered, rows, n, 1e-5, x, w, dy, dx, dw, db);
      record(2 * of_terms(n) + 64, 4, d, all, dx, "norm of rows %d backward %s, %td", centered, dtype_names[d], n);
      record(of_terms(n) + 64, 4, d, n, dw, "norm of rows %d backward %s, %td, w", centered, dtype_names[d], n);
      record(16, 4, d, n, db, "norm of rows %d backward %s, %td, b", centered, dtype_names[d], n);
    }
    ptrdiff_t batch = 3, channels = 4, pixels = batch * channels * n;
    const void *images = numbers(d, pixels, 7, -2, 3), *cw = numbers(d, channels, 8, 0.5, 2), *cb = numbers(d, channels, 9, -1, 1),
               *cdy = numbers(d, pixels, 10, -1, 1);
    void *mean = room(d, channels), *variance = room(d, channels), *cy = room(d, pixels), *cdx = room(d, pixels), *cdw = room(d, channels),
         *cdb = room(d, channels);
    fx_norm_channels(d, batch, channels * n, channels, n, 1e-5, images, cw, cb, mean, variance, cy);
    record(of_terms(n) + 16, 2, d, channels, mean, "mean of channels %s, %td", dtype_names[d], n);
    record(of_terms(n) + 16, 2, d, channels, variance, "variance of channels %s, %td", dtype_names[d], n);
    record(of_terms(n) + 16, 4, d, pixels, cy, "norm of channels %s, %td", dtype_names[d], n);
    fx_norm_channels_backward(d, batch, channels * n, channels, n, 1e-5, images, cw, mean, variance, cdy, cdx, cdw, cdb);
    record(4 * of_terms(n) + 64, 4, d, pixels, cdx, "norm of channels backward %s, %td", dtype_names[d], n);
    record(4 * of_terms(n) + 64, (double)(batch * n), d, channels, cdw, "norm of channels backward %s, %td, w", dtype_names[d], n);
    record(of_terms(n) + 16, (double)(batch * n), d, channels, cdb, "norm of channels backward %s, %td, b", dtype_names[d], n);

    void *mended = numbers(d, rows, 11, 1, 2);
    fx_mend_variances(d, rows, n, (double)n, centered, x, numbers(d, rows, 12, 0, 1), mended);
    record(of_terms(n) + 16, 1, d, rows, mended, "mended variances %s, %td", dtype_names[d], n);
    record_number(fx_any_doubtful(d, rows, mean, variance), "any doubtful");
  }
}

static void attention(void) {
  EACH_FLOAT(d) for (int i = 0; i < length_count; i += 2) for (int kind = 0; kind < 4; kind++) {
    ptrdiff_t rows = 6, n = lengths[i], all = rows * n, width = 24;
    const uint8_t *allowed = specials(FX_BOOL, all, 3, 4);
    const void *added = numbers(d, all, 5, -1, 1);
    void *x = numbers(d, all, 1, -6, 6), *factors = room(d, rows);
    fx_attention_weights(d, rows, n, kind == 1 ? 2 : n, 0.25, kind == 2 ? allowed : NULL, kind == 3 ? added : NULL, n, 1, x, NULL);
    record(of_terms(n) + 16, 0, d, all, x, "attention's weights %d %s, %td", kind, dtype_names[d], n);
    x = numbers(d, all, 1, -6, 6);
    fx_attention_weights(d, rows, n, kind == 1 ? 2 : n, 0.25, kind == 2 ? allowed : NULL, kind == 3 ? added : NULL, n, 1, x, factors);
    fx_scale_rows(d, rows, n, factors, x);
    record(of_terms(n) + 16, 0, d, all, x, "attention's weights %d %s, %td, scaled after", kind, dtype_names[d], n);
    const void *p = numbers(d, all, 6, 0, 1), *a = numbers(d, rows * width, 7, -1, 1), *b = numbers(d, n * width, 8, -1, 1);
    void *dp = numbers(d, all, 9, -1, 1), *y = room(d, all), *z = room(d, rows * width);
    fx_attention_scores(d, rows, n, width, 0.5, a, numbers(d, rows * width, 10, -1, 1), p, dp);
    record(16, width, d, all, dp, "attention's scores %s, %td", dtype_names[d], n);
    fx_row_products(d, rows, n, width, a, width, b, width, y);
    record(of_terms(width), 4, d, all, y, "products of rows %s, %td", dtype_names[d], n);
    fx_row_sums(d, rows, n, width, p, b, width, z);
    record(of_terms(n), 4, d, rows * width, z, "sums of rows %s, %td", dtype_names[d], n);
  }
}

static void scans(void) {
  static const ptrdiff_t shapes[][3] = {{3, 1, 1}, {2, 17, 1}, {1, 1000, 1}, {2, 9, 13}, {1, 40, 64}};
  for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++)
    for (int back = 0; back < 2; back++) EACH_DTYPE(d) {
        ptrdiff_t outer = shapes[s][0], n = shapes[s][1], inner = shapes[s][2], all = outer * n * inner, step = back ? -inner : inner;
        ptrdiff_t from = back ? (n - 1) * inner : 0;
        size_t size = (size_t)dtype_sizes[d];
        int floats = d <= FX_F64, to = d == FX_I32 || d == FX_BOOL ? FX_I64 : d;
        const char *x = numbers(d, all, 1, floats ? 0.5 : -3, floats ? 1.5 : 3);
        for (int product = 0; product < 2; product++) {
          if (floats && product && n > 100) continue;
          char *y = room(to, all);
          fx_scan(product, d, outer, n * inner, n, step, inner, x + (size_t)from * size, y + (size_t)(from * dtype_sizes[to]));
          record(floats ? 4 + (d == FX_F64 ? (double)n : 0) : 0, 0, to, all, y, "scan %d %s [%td, %td, %td]%s", product, dtype_names[d],
                 outer, n, inner, back ? " backward" : "");
        }
        if (d == FX_BOOL) continue;
        for (int largest = 0; largest < 2; largest++) {
          const char *special = specials(d, all, 3, 2);
          int64_t *y = room(FX_I64, all);
          fx_scan_positions(largest, d, outer, n * inner, n, step, inner, special + (size_t)from * size, y + from);
          record(0, 0, FX_I64, all, y, "scan of positions %d %s [%td, %td, %td]%s", largest, dtype_names[d], outer, n, inner,
                 back ? " backward" : "");
        }
        if (!floats) continue;
        char *y = room(d, all);
        fx_scan_logsumexp(d, outer, n * inner, n, step, inner, x + (size_t)from * size, y + (size_t)from * size);
        record(4 + (double)n / 4, 4, d, all, y, "scan of logsumexp %s [%td, %td, %td]%s", dtype_names[d], outer, n, inner,
               back ? " backward" : "");
        y = room(d, all);
        const char *a = numbers(d, all, 3, -0.9, 0.9);
        fx_recurrence(d, outer, n * inner, n, step, inner, a + (size_t)from * size, x + (size_t)from * size, y + (size_t)from * size);
        record(16, 4, d, all, y, "recurrence %s [%td, %td, %td]%s", dtype_names[d], outer, n, inner, back ? " backward" : "");
        if (outer == 1 && inner == 1 && !back) {
          double total;
          fx_scan_total(d, n, x, &total);
          y = room(d, n);
          fx_scan_from(d, n, 1, &total, x, y);
          record(4 + (d == FX_F64 ? (double)n : 0), 0, d, n, y, "scan from a total %s", dtype_names[d]);
        }
      }
}

static void recurrences(void) {
  EACH_FLOAT(d) for (int i = 0; i < length_count; i += 2) {
    ptrdiff_t rows = 4, n = lengths[i], all = rows * n;
    int64_t lengths_of_rows[] = {5, 2, 9, 3};
    void *h = numbers(d, all, 3, -1, 1), *c = numbers(d, all, 4, -1, 1), *y = room(d, all), *kept = room(d, 5 * all);
    const void *x = numbers(d, 4 * all, 1, -3, 3), *products = numbers(d, 4 * all, 2, -3, 3), *dy = numbers(d, all, 5, -1, 1);
    fx_lstm_step(d, rows, n, x, 4 * n, products, lengths_of_rows, 2, h, c, y, n, kept, 5 * n);
    record(12, 1, d, all, h, "LSTM's h %s, %td", dtype_names[d], n);
    record(12, 1, d, all, c, "LSTM's c %s, %td", dtype_names[d], n);
    record(12, 1, d, all, y, "LSTM's y %s, %td", dtype_names[d], n);
    void *before = numbers(d, all, 6, -1, 1), *dh = numbers(d, all, 7, -1, 1), *dc = numbers(d, all, 8, -1, 1), *dx = room(d, 4 * all),
         *dp = room(d, 3 * all);
    const void *gates = numbers(d, 5 * all, 9, 0.1, 0.9);
    fx_lstm_step_backward(d, rows, n, gates, 5 * n, before, n, dy, n, lengths_of_rows, 2, dh, dc, dx, 4 * n);
    record(16, 1, d, 4 * all, dx, "LSTM's dx %s, %td", dtype_names[d], n);
    record(16, 1, d, all, dh, "LSTM's dh %s, %td", dtype_names[d], n);
    record(16, 1, d, all, dc, "LSTM's dc %s, %td", dtype_names[d], n);
    h = numbers(d, all, 3, -1, 1), y = room(d, all), kept = room(d, 4 * all);
    fx_gru_step(d, rows, n, x, 3 * n, products, numbers(d, 3 * n, 10, -1, 1), NULL, 2, h, y, n, kept, 4 * n);
    record(16, 1, d, all, h, "GRU's h %s, %td", dtype_names[d], n);
    dh = numbers(d, all, 7, -1, 1), dx = room(d, 3 * all);
    fx_gru_step_backward(d, rows, n, gates, 4 * n, before, n, dy, n, lengths_of_rows, 2, dh, dx, 3 * n, dp, 3 * n);
    record(16, 1, d, 3 * all, dx, "GRU's dx %s, %td", dtype_names[d], n);
    record(16, 1, d, 3 * all, dp, "GRU's dp %s, %td", dtype_names[d], n);
    static const int activations[] = {FX_SIGMOID, FX_TANH, FX_MAX};
    for (int k = 0; k < 3; k++) {
      h = numbers(d, all, 3, -1, 1), y = room(d, all), dh = numbers(d, all, 7, -1, 1), dx = room(d, all);
      fx_simple_step(d, activations[k], rows, n, x, n, products, NULL, 0, h, y, n);
      record(8, 1, d, all, y, "simple recurrence %d %s, %td", k, dtype_names[d], n);
      fx_simple_step_backward(d, activations[k], rows, n, numbers(d, all, 11, 0.1, 0.9), n, dy, n, NULL, 0, dh, dx, n);
      record(8, 1, d, all, dx, "simple recurrence %d backward %s, %td", k, dtype_names[d], n);
    }
  }
  EACH_FLOAT(d) {
    ptrdiff_t time = 12, classes = 7, length = 4;
    void *x = numbers(d, time * classes, 1, -4, -0.5), *dx = room(d, time * classes);
    memset(dx, 0, (size_t)(time * classes * dtype_sizes[d]));
    double *loss = room(FX_F64, 1);
    int64_t targets[] = {2, 2, 5, 1};
    *loss = fx_ctc(d, time, classes, length, 0, targets, x, scratch((size_t)fx_ctc_memory(time, length, 1) * 8), 1.5, dx);
    record(64, 8, FX_F64, 1, loss, "CTC %s", dtype_names[d]);
    record(64, 1, d, time * classes, dx, "CTC's gradient %s", dtype_names[d]);
  }
}

void run_reductions(void) { reductions(); }
void run_softmax(void) { softmax(); }
void run_norms(void) { norms(); }
void run_attention(void) { attention(); }
void run_scans(void) { scans(); }
void run_recurrences(void) { recurrences(); }
