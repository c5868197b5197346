// Matrices: products, small systems, distances, what is infinite in products.
#include <math.h>

#include "driver.h"

static void small(void) {
  static const ptrdiff_t shapes[][3] = {{1, 1, 1}, {3, 5, 2}, {7, 9, 11}, {4, 33, 16}, {17, 8, 40}};
  for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++) EACH_NUMBER(d) {
      ptrdiff_t m = shapes[s][0], n = shapes[s][1], k = shapes[s][2];
      const void *a = numbers(d, m * k, 1, -4, 4), *b = numbers(d, k * n, 2, -4, 4);
      if (d > FX_F64) {
        void *c = room(d, m * n);
        fx_matmul_int(d, m, n, k, a, 1, m, b, n, 1, c);
        record(0, 0, d, m * n, c, "product of integers %s, %zu", dtype_names[d], s);
        continue;
      }
      void *c = room(d, m * n);
      fx_outer(d, m, n, a, k, b, c);
      record(0, 0, d, m * n, c, "outer product %s, %zu", dtype_names[d], s);
      record_number(fx_matrix_is_finite(d, m, k, k, 1, a), "finite");
      const void *special = specials(d, k * n, 3, 4);
      record_number(fx_matrix_is_finite(d, k, n, n, 1, special), "finite");
      c = room(d, k * n);
      fx_copy_finite(d, k, n, n, 1, special, c);
      record(0, 0, d, k * n, c, "finite elements %s, %zu", dtype_names[d], s);
      c = numbers(d, m * n, 3, -1, 1);
      fx_add_infinite(d, m, n, k, a, k, 1, special, n, 1, c);
      record(0, 0, d, m * n, c, "infinite elements %s, %zu", dtype_names[d], s);
    }
}

// Diagonals that dominate: systems whose solution does not magnify roundings.
static void *system_of(int d, ptrdiff_t count, ptrdiff_t n, int symmetric) {
  void *x = numbers(d, count * n * n, 1, -1, 1);
  for (ptrdiff_t l = 0; l < count; l++)
    for (ptrdiff_t i = 0; i < n; i++)
      for (ptrdiff_t j = 0; j <= i; j++) {
        ptrdiff_t here = (l * n + i) * n + j, there = (l * n + j) * n + i;
        if (d == FX_F32) {
          float *y = x;
          if (symmetric) y[there] = y[here];
          if (i == j) y[here] = (float)(2 * n + 1);
        } else {
          double *y = x;
          if (symmetric) y[there] = y[here];
          if (i == j) y[here] = (double)(2 * n + 1);
        }
      }
  return x;
}

static void systems(void) {
  static const ptrdiff_t sizes[] = {1, 2, 3, 4, 7, 8, 9, 16, 31, 32};
  EACH_FLOAT(d) for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
    ptrdiff_t n = sizes[s], count = 11, all = count * n * n, sides = 3;
    void *x = system_of(d, count, n, 0), *definite = system_of(d, count, n, 1), *lu = room(d, all), *y = room(d, all);
    int32_t *pivots = room(FX_I32, count * n), *infos = room(FX_I32, count);
    fx_small_lu(d, count, n, x, n * n, n, 1, lu, pivots, infos);
    record(32, 1, d, all, lu, "LU %s, %td", dtype_names[d], n);
    record(0, 0, FX_I32, count * n, pivots, "LU %s, %td, exchanges", dtype_names[d], n);
    record(0, 0, FX_I32, count, infos, "LU %s, %td, infos", dtype_names[d], n);
    for (int turned = 0; turned < 2; turned++) {
      void *b = numbers(d, count * sides * n, 2, -4, 4);
      fx_small_solve(d, count, n, sides, turned, lu, pivots, b);
      record(64, 1, d, count * sides * n, b, "solved %s, %td, %d", dtype_names[d], n, turned);
    }
    infos = room(FX_I32, count);
    fx_small_inverse(d, count, n, x, n * n, n, 1, y, infos);
    record(64, 1, d, all, y, "inverses %s, %td", dtype_names[d], n);
    y = room(d, all), infos = room(FX_I32, count);
    fx_small_cholesky(d, count, n, definite, n * n, n, 1, y, infos);
    record(32, 1, d, all, y, "Cholesky %s, %td", dtype_names[d], n);
    record(0, 0, FX_I32, count, infos, "Cholesky %s, %td, infos", dtype_names[d], n);
    for (int kind = 0; kind < 4; kind++) {
      void *b = numbers(d, count * n * sides, 3, -4, 4);
      // Of ones on the diagonal a triangle of large elements magnifies; scaled down it does not.
      if (kind >= 2) continue;
      fx_small_triangular(d, count, n, sides, kind, 0, x, n * n, n, 1, b);
      record(64, 1, d, count * n * sides, b, "triangular %d %s, %td", kind, dtype_names[d], n);
    }
  }
}

static void distances(void) {
  static const double orders[] = {0, 1, 2, 3, 2.5, INFINITY, -INFINITY};
  static const ptrdiff_t shapes[][3] = {{1, 1, 1}, {5, 9, 3}, {7, 70, 8}, {16, 33, 20}};
  EACH_FLOAT(d) for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++) for (size_t o = 0; o < sizeof orders / sizeof *orders; o++) {
    ptrdiff_t m = shapes[s][0], n = shapes[s][1], k = shapes[s][2], of = 256 / dtype_sizes[d], lead = (n + of - 1) / of * of;
    const void *x = numbers(d, m * k, 1, -4, 4), *y = numbers(d, lead * k, 2, -4, 4), *z = numbers(d, n * k, 3, -4, 4);
    void *out = room(d, m * n);
    fx_distances(d, m, n, k, orders[o], x, y, lead, out);
    record(orders[o] == 2.5 || orders[o] == 3 ? 48 : 12, 0, d, m * n, out, "distances of order %g %s, %zu", orders[o], dtype_names[d], s);
    if (orders[o] == 0) continue;
    out = room(d, m * k);
    fx_distance_slopes(d, m, n, k, orders[o], x, z, numbers(d, m * n, 4, -1, 1), numbers(d, m * n, 5, 0, 8), n, 1, out);
    record(64,
           (double)n * (orders[o] == 3     ? 64
                        : orders[o] == 2.5 ? 24
                                           : 8),
           d, m * k, out, "slopes of distances of order %g %s, %zu", orders[o], dtype_names[d], s);
  }
}

// Panels are the same for every unit; the orders of sums are not.
static void bfloat16(void) {
  static const ptrdiff_t shapes[][3] = {{1, 1, 1}, {3, 5, 2}, {16, 16, 32}, {7, 9, 11}, {4, 33, 16}, {17, 8, 40}, {33, 50, 65}, {40, 17, 100}};
  int unit = fx_bfloat16_unit();
  for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++)
    for (int way = 0; way < 4; way++) {
      ptrdiff_t m = shapes[s][0], n = shapes[s][1], k = shapes[s][2], steps = (k + 31) / 32 * 16;
      ptrdiff_t tall = (m + 15) / 16 * 16 * steps, wide = (n + 15) / 16 * 16 * steps;
      const float *a = numbers(FX_F32, m * k, 1, -4, 4), *b = numbers(FX_F32, k * n, 2, -4, 4);
      // a by rows or by columns, b likewise.
      ptrdiff_t row = way & 1 ? 1 : k, column = way & 1 ? m : 1, across = way & 2 ? k : 1, along = way & 2 ? 1 : n;
      void *rows = room(FX_I32, tall), *columns = room(FX_I32, wide);
      fx_bfloat16_pack(unit, FX_F32, 1, m, k, a, row, column, rows);
      fx_bfloat16_pack(unit, FX_F32, 0, n, k, b, across, along, columns);
      record(0, 0, FX_I32, tall, rows, "panels of rows, %zu, %d", s, way);
      record(0, 0, FX_I32, wide, columns, "panels of columns, %zu, %d", s, way);
      double *scales = scratch((size_t)(m * n) * sizeof(double));
      for (ptrdiff_t i = 0; i < m * n; i++)
        for (ptrdiff_t p = 0; p < k; p++) scales[i] += fabs((double)a[i / n * row + p * column] * (double)b[i % n * across + p * along]);
      for (int adds = 0; adds < 2; adds++) {
        float *c = numbers(FX_F32, m * n, 3, -1, 1);
        fx_bfloat16_tiles(unit, m, n, k, rows, columns, adds, c, n);
        for (ptrdiff_t i = 0; i < m * n; i++) scales[i] += adds;
        record_each(8, scales, FX_F32, m * n, c, "products of bfloat16, %zu, %d, %d", s, way, adds);
      }
    }
}

void run_small_products(void) { small(); }
void run_bfloat16(void) { bfloat16(); }
void run_systems(void) { systems(); }
void run_distances(void) { distances(); }
