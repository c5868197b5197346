// One step of a recurrence for several sequences: what stands between the matrix products, and its gradient.
//
// Gates lie one after the other in a row of k·n numbers. A sequence whose length is over has a result of zeros, and its state stays.
#ifndef FX_PASS
#define FX_FILE "recurrent.c"
#define FX_FLOATS
#include "kernels.h"
#include "math32.h"
#include "math64.h"

#define ENDED(lengths, r, t) ((lengths) && (t) >= (lengths)[r])

#include "targets.h"

void fx_lstm_step(int dtype, ptrdiff_t rows, ptrdiff_t n, const void *x, ptrdiff_t x_step, const void *products, const int64_t *lengths,
                  ptrdiff_t t, void *h, void *c, void *y, ptrdiff_t y_step, void *kept, ptrdiff_t kept_step) {
  FX_DISPATCH(dtype, lstm, rows, n, x, x_step, products, lengths, t, h, c, y, y_step, kept, kept_step);
}

void fx_lstm_step_backward(int dtype, ptrdiff_t rows, ptrdiff_t n, const void *kept, ptrdiff_t kept_step, const void *before,
                           ptrdiff_t before_step, const void *dy, ptrdiff_t dy_step, const int64_t *lengths, ptrdiff_t t, void *dh,
                           void *dc, void *dx, ptrdiff_t dx_step) {
  FX_DISPATCH(dtype, lstm_backward, rows, n, kept, kept_step, before, before_step, dy, dy_step, lengths, t, dh, dc, dx, dx_step);
}

void fx_gru_step(int dtype, ptrdiff_t rows, ptrdiff_t n, const void *x, ptrdiff_t x_step, const void *products, const void *bias,
                 const int64_t *lengths, ptrdiff_t t, void *h, void *y, ptrdiff_t y_step, void *kept, ptrdiff_t kept_step) {
  FX_DISPATCH(dtype, gru, rows, n, x, x_step, products, bias, lengths, t, h, y, y_step, kept, kept_step);
}

void fx_gru_step_backward(int dtype, ptrdiff_t rows, ptrdiff_t n, const void *kept, ptrdiff_t kept_step, const void *before,
                          ptrdiff_t before_step, const void *dy, ptrdiff_t dy_step, const int64_t *lengths, ptrdiff_t t, void *dh,
                          void *dx, ptrdiff_t dx_step, void *dp, ptrdiff_t dp_step) {
  FX_DISPATCH(dtype, gru_backward, rows, n, kept, kept_step, before, before_step, dy, dy_step, lengths, t, dh, dx, dx_step, dp, dp_step);
}

void fx_simple_step(int dtype, int activation, ptrdiff_t rows, ptrdiff_t n, const void *x, ptrdiff_t x_step, const void *products,
                    const int64_t *lengths, ptrdiff_t t, void *h, void *y, ptrdiff_t y_step) {
  FX_DISPATCH(dtype, simple, activation, rows, n, x, x_step, products, lengths, t, h, y, y_step);
}

void fx_simple_step_backward(int dtype, int activation, ptrdiff_t rows, ptrdiff_t n, const void *y, ptrdiff_t y_step, const void *dy,
                             ptrdiff_t dy_step, const int64_t *lengths, ptrdiff_t t, void *dh, void *dx, ptrdiff_t dx_step) {
  FX_DISPATCH(dtype, simple_backward, activation, rows, n, y, y_step, dy, dy_step, lengths, t, dh, dx, dx_step);
}

#else

// Input, forget, cell and output gate.
static void FX(lstm)(ptrdiff_t rows, ptrdiff_t n, const T *x, ptrdiff_t x_step, const T *p, const int64_t *lengths, int64_t t, T *h, T *c,
                     T *y, ptrdiff_t y_step, T *kept, ptrdiff_t kept_step) {
  for (ptrdiff_t r = 0; r < rows; r++, x += x_step, p += 4 * n, h += n, c += n, y += y_step, kept += kept_step) {
    if (ENDED(lengths, r, t)) {
      memset(y, 0, (size_t)n * sizeof(T));
      continue;
    }
    FX_INDEPENDENT for (ptrdiff_t j = 0; j < n; j++) {
      T i = FX_OF(sigmoid)(x[j] + p[j]), f = FX_OF(sigmoid)(x[n + j] + p[n + j]);
      T g = FX_OF(tanh)(x[2 * n + j] + p[2 * n + j]), o = FX_OF(sigmoid)(x[3 * n + j] + p[3 * n + j]);
      T cell = f * c[j] + i * g;
      kept[j] = i, kept[n + j] = f, kept[2 * n + j] = g, kept[3 * n + j] = o;
      kept[4 * n + j] = c[j] = cell;
      h[j] = o * FX_OF(tanh)(cell);
    }
    memcpy(y, h, (size_t)n * sizeof(T));
  }
}

static void FX(lstm_backward)(ptrdiff_t rows, ptrdiff_t n, const T *kept, ptrdiff_t kept_step, const T *before, ptrdiff_t before_step,
                              const T *dy, ptrdiff_t dy_step, const int64_t *lengths, int64_t t, T *dh, T *dc, T *dx, ptrdiff_t dx_step) {
  for (ptrdiff_t r = 0; r < rows;
       r++, kept += kept_step, before += before_step, dy += dy_step, dh += n, dc += n, dx += dx_step) {
    if (ENDED(lengths, r, t)) {
      memset(dx, 0, (size_t)(4 * n) * sizeof(T));
      continue;
    }
    FX_INDEPENDENT for (ptrdiff_t j = 0; j < n; j++) {
      T i = kept[j], f = kept[n + j], g = kept[2 * n + j], o = kept[3 * n + j];
      T u = FX_OF(tanh)(kept[4 * n + j]), d = dh[j] + dy[j];
      T s = dc[j] + d * o * (1 - u * u);
      dx[j] = s * g * (i * (1 - i));
      dx[n + j] = s * before[j] * (f * (1 - f));
      dx[2 * n + j] = s * i * (1 - g * g);
      dx[3 * n + j] = d * u * (o * (1 - o));
      dc[j] = s * f;
      dh[j] = 0;
    }
  }
}

// Reset gate, update gate and the new value, whose product the reset gate multiplies.
static void FX(gru)(ptrdiff_t rows, ptrdiff_t n, const T *x, ptrdiff_t x_step, const T *p, const T *bias, const int64_t *lengths,
                    int64_t t, T *h, T *y, ptrdiff_t y_step, T *kept, ptrdiff_t kept_step) {
  for (ptrdiff_t r = 0; r < rows; r++, x += x_step, p += 3 * n, h += n, y += y_step, kept += kept_step) {
    if (ENDED(lengths, r, t)) {
      memset(y, 0, (size_t)n * sizeof(T));
      continue;
    }
    FX_INDEPENDENT for (ptrdiff_t j = 0; j < n; j++) {
      T reset = FX_OF(sigmoid)(x[j] + (p[j] + bias[j]));
      T update = FX_OF(sigmoid)(x[n + j] + (p[n + j] + bias[n + j]));
      T product = p[2 * n + j] + bias[2 * n + j];
      T value = FX_OF(tanh)(x[2 * n + j] + reset * product);
      kept[j] = reset, kept[n + j] = update, kept[2 * n + j] = value, kept[3 * n + j] = product;
      h[j] = value + update * (h[j] - value);
    }
    memcpy(y, h, (size_t)n * sizeof(T));
  }
}

static void FX(gru_backward)(ptrdiff_t rows, ptrdiff_t n, const T *kept, ptrdiff_t kept_step, const T *before, ptrdiff_t before_step,
                             const T *dy, ptrdiff_t dy_step, const int64_t *lengths, int64_t t, T *dh, T *dx, ptrdiff_t dx_step, T *dp,
                             ptrdiff_t dp_step) {
  for (ptrdiff_t r = 0; r < rows;
       r++, kept += kept_step, before += before_step, dy += dy_step, dh += n, dx += dx_step, dp += dp_step) {
    if (ENDED(lengths, r, t)) {
      memset(dx, 0, (size_t)(3 * n) * sizeof(T));
      memset(dp, 0, (size_t)(3 * n) * sizeof(T));
      continue;
    }
    FX_INDEPENDENT for (ptrdiff_t j = 0; j < n; j++) {
      T reset = kept[j], update = kept[n + j], value = kept[2 * n + j], product = kept[3 * n + j];
      T d = dh[j] + dy[j];
      T s = d * (1 - update) * (1 - value * value);
      dp[j] = dx[j] = s * product * (reset * (1 - reset));
      dp[n + j] = dx[n + j] = d * (before[j] - value) * (update * (1 - update));
      dx[2 * n + j] = s;
      dp[2 * n + j] = s * reset;
      dh[j] = d * update;
    }
  }
}

static void FX(simple)(int activation, ptrdiff_t rows, ptrdiff_t n, const T *x, ptrdiff_t x_step, const T *p, const int64_t *lengths,
                       int64_t t, T *h, T *y, ptrdiff_t y_step) {
  for (ptrdiff_t r = 0; r < rows; r++, x += x_step, p += n, h += n, y += y_step) {
    if (ENDED(lengths, r, t)) {
      memset(y, 0, (size_t)n * sizeof(T));
      continue;
    }
    if (activation == FX_SIGMOID) {
      FX_INDEPENDENT for (ptrdiff_t j = 0; j < n; j++) h[j] = FX_OF(sigmoid)(x[j] + p[j]);
    } else if (activation == FX_TANH) {
      FX_INDEPENDENT for (ptrdiff_t j = 0; j < n; j++) h[j] = FX_OF(tanh)(x[j] + p[j]);
    } else {
      // NaN is handed on, as relu does.
      FX_INDEPENDENT for (ptrdiff_t j = 0; j < n; j++) {
        T s = x[j] + p[j];
        h[j] = s <= 0 ? 0 : s;
      }
    }
    memcpy(y, h, (size_t)n * sizeof(T));
  }
}

static void FX(simple_backward)(int activation, ptrdiff_t rows, ptrdiff_t n, const T *y, ptrdiff_t y_step, const T *dy, ptrdiff_t dy_step,
                                const int64_t *lengths, int64_t t, T *dh, T *dx, ptrdiff_t dx_step) {
  for (ptrdiff_t r = 0; r < rows; r++, y += y_step, dy += dy_step, dh += n, dx += dx_step) {
    if (ENDED(lengths, r, t)) {
      memset(dx, 0, (size_t)n * sizeof(T));
      continue;
    }
    if (activation == FX_SIGMOID) {
      FX_INDEPENDENT for (ptrdiff_t j = 0; j < n; j++) dx[j] = (dh[j] + dy[j]) * (y[j] * (1 - y[j]));
    } else if (activation == FX_TANH) {
      FX_INDEPENDENT for (ptrdiff_t j = 0; j < n; j++) dx[j] = (dh[j] + dy[j]) * (1 - y[j] * y[j]);
    } else {
      FX_INDEPENDENT for (ptrdiff_t j = 0; j < n; j++) dx[j] = y[j] <= 0 ? 0 : dh[j] + dy[j];
    }
    memset(dh, 0, (size_t)n * sizeof(T));
  }
}

#endif
