// Running reductions along an axis: each element joined with all before it.
//
// Sums, products and recurrences of float32 run in double, so that an element far along a row is as good as one at its start.
#ifndef FX_PASS
#define FX_FILE "scan.c"
#define FX_ELEMENTS
#include "math64.h"

// Columns beside each other: what has come together so far stays in the first-level cache.
#define COLUMN_BLOCK 512

#include "targets.h"

void fx_scan(int product, int dtype, ptrdiff_t outer, ptrdiff_t rows, ptrdiff_t n, ptrdiff_t step, ptrdiff_t inner, const void *x, void *y) {
  FX_DISPATCH_ELEMENTS(dtype, scan, product, outer, rows, n, step, inner, x, y);
}

// A long row in parts.
void fx_scan_total(int dtype, ptrdiff_t n, const void *x, void *total) { FX_DISPATCH_ELEMENTS(dtype, total, n, x, total); }

void fx_scan_from(int dtype, ptrdiff_t n, ptrdiff_t step, const void *carry, const void *x, void *y) {
  FX_DISPATCH_ELEMENTS(dtype, sum_from, n, step, carry, x, y);
}

void fx_recurrence(int dtype, ptrdiff_t outer, ptrdiff_t rows, ptrdiff_t n, ptrdiff_t step, ptrdiff_t inner, const void *a, const void *b,
                   void *y) {
  FX_DISPATCH(dtype, recurrence, outer, rows, n, step, inner, a, b, y);
}

void fx_scan_logsumexp(int dtype, ptrdiff_t outer, ptrdiff_t rows, ptrdiff_t n, ptrdiff_t step, ptrdiff_t inner, const void *x, void *y) {
  FX_DISPATCH(dtype, logsumexp, outer, rows, n, step, inner, x, y);
}

#else

// What is joined with, and what results are.
#ifdef FX_IS_INTEGER
#define TOTAL uint64_t
#define RESULT uint64_t
#else
#define TOTAL double
#define RESULT T
#endif

// A row's sums, four at a time: among the four they do not wait for what came before, which is one addition behind the other. (Shifts
// within a vector of eight were three times slower where AVX-512 expands slowly.)
FX_INLINE void FX(sum_steps)(ptrdiff_t n, ptrdiff_t step, TOTAL carry, const T *x, RESULT *y) {
  ptrdiff_t k = 0;
  for (; k + 4 <= n; k += 4, x += 4 * step, y += 4 * step) {
    TOTAL first = (TOTAL)x[0], second = first + (TOTAL)x[step], third = (TOTAL)x[2 * step], fourth = third + (TOTAL)x[3 * step];
    y[0] = (RESULT)(carry + first);
    y[step] = (RESULT)(carry + second);
    y[2 * step] = (RESULT)(carry + (second + third));
    carry += second + fourth;
    y[3 * step] = (RESULT)carry;
  }
  for (; k < n; k++, x += step, y += step) carry += (TOTAL)*x, *y = (RESULT)carry;
}
FX_FUNCTION void FX(sum_from)(ptrdiff_t n, ptrdiff_t step, const TOTAL *carry, const T *x, RESULT *y) {
  if (step == 1) FX(sum_steps)(n, 1, *carry, x, y);
  else FX(sum_steps)(n, step, *carry, x, y);
}

FX_FUNCTION void FX(columns)(int product, ptrdiff_t n, ptrdiff_t inner, ptrdiff_t step, const T *x, RESULT *y) {
  TOTAL so_far[COLUMN_BLOCK];
  for (ptrdiff_t start = 0; start < inner; start += COLUMN_BLOCK) {
    ptrdiff_t count = min_size(COLUMN_BLOCK, inner - start);
    for (ptrdiff_t i = 0; i < count; i++) so_far[i] = product;
    for (ptrdiff_t k = 0; k < n; k++) {
      const T *from = x + k * step + start;
      RESULT *to = y + k * step + start;
      FX_INDEPENDENT for (ptrdiff_t i = 0; i < count; i++) {
        TOTAL l = so_far[i], v = (TOTAL)from[i];
        l = product ? l * v : l + v;
        so_far[i] = l;
        to[i] = (RESULT)l;
      }
    }
  }
}

static void FX(scan)(int product, ptrdiff_t outer, ptrdiff_t rows, ptrdiff_t n, ptrdiff_t step, ptrdiff_t inner, const T *x, RESULT *y) {
  for (ptrdiff_t o = 0; o < outer; o++, x += rows, y += rows)
    if (inner != 1) {
      FX(columns)(product, n, inner, step, x, y);
    } else if (product) {
      TOTAL l = 1;
      for (ptrdiff_t k = 0; k < n; k++) l *= (TOTAL)x[k * step], y[k * step] = (RESULT)l;
    } else {
      TOTAL nothing = 0;
      FX(sum_from)(n, step, &nothing, x, y);
    }
}

static void FX(total)(ptrdiff_t n, const T *x, TOTAL *total) {
  TOTAL sum = 0;
  ptrdiff_t k = 0;
#ifndef FX_IS_INTEGER
  TOTAL lanes[32] = {0};
  for (; k + 32 <= n; k += 32)
    for (ptrdiff_t j = 0; j < 32; j++) lanes[j] += (TOTAL)x[k + j];
#endif
  for (; k < n; k++) sum += (TOTAL)x[k];
#ifndef FX_IS_INTEGER
  for (ptrdiff_t j = 0; j < 32; j++) sum += lanes[j];
#endif
  *total = sum;
}

#ifndef FX_IS_INTEGER
static void FX(recurrence)(ptrdiff_t outer, ptrdiff_t rows, ptrdiff_t n, ptrdiff_t step, ptrdiff_t inner, const T *a, const T *b, T *y) {
  double last[COLUMN_BLOCK];
  for (ptrdiff_t o = 0; o < outer; o++, a += rows, b += rows, y += rows)
    for (ptrdiff_t start = 0; start < inner; start += COLUMN_BLOCK) {
      ptrdiff_t count = min_size(COLUMN_BLOCK, inner - start);
      const T *as = a + start, *bs = b + start;
      T *ys = y + start;
      for (ptrdiff_t k = 0; k < n; k++, as += step, bs += step, ys += step)
        FX_INDEPENDENT for (ptrdiff_t i = 0; i < count; i++) {
          last[i] = k ? (double)as[i] * last[i] + (double)bs[i] : (double)bs[i];
          ys[i] = (T)last[i];
        }
    }
}

// log Σ exp as the largest so far and the sum of exponentials relative to it.
static void FX(logsumexp)(ptrdiff_t outer, ptrdiff_t rows, ptrdiff_t n, ptrdiff_t step, ptrdiff_t inner, const T *x, T *y) {
  double largest[COLUMN_BLOCK], sum[COLUMN_BLOCK];
  for (ptrdiff_t o = 0; o < outer; o++, x += rows, y += rows)
    for (ptrdiff_t start = 0; start < inner; start += COLUMN_BLOCK) {
      ptrdiff_t count = min_size(COLUMN_BLOCK, inner - start);
      for (ptrdiff_t i = 0; i < count; i++) largest[i] = -__builtin_inf(), sum[i] = 0;
      for (ptrdiff_t k = 0; k < n; k++)
        for (ptrdiff_t i = 0; i < count; i++) {
          double v = (double)x[k * step + start + i], m = largest[i];
          if (v == m) sum[i] += m > -__builtin_inf();  // infinities too, whose difference is not a number
          else if (v < m) sum[i] += exp_f64(v - m);
          else sum[i] = sum[i] * exp_f64(m - v) + 1, largest[i] = v;
          y[k * step + start + i] = (T)(largest[i] + (sum[i] == 0 ? 0 : log_f64(sum[i])));
        }
    }
}
#endif
#undef TOTAL
#undef RESULT

#endif
