// Connectionist temporal classification: Graves, Fernández, Gomez and Schmidhuber 2006.
//
// A target t₀ … t₋₁ is read through the states blank, t₀, blank, t₁, …, blank. A path stays in its state, goes to the next, or leaves out a
// blank between two classes that differ. Sums of the paths' probabilities are kept as logarithms, in double for both dtypes: those of a
// long sequence are large, and the gradient is made of their differences.
#ifndef FX_PASS
#define FX_FILE "ctc.c"
#define FX_FLOATS
#include "math64.h"

FX_INLINE int64_t label_of(ptrdiff_t state, int64_t blank, const int64_t *targets) { return state & 1 ? targets[state / 2] : blank; }

// The ends of what `join` reads, and where leaps are allowed, for the states in order or, if `reversed`, from the last to the first.
static void prepare(ptrdiff_t n, int reversed, int64_t blank, const int64_t *targets, double *skip) {
  for (ptrdiff_t s = 0; s < n; s++) {
    ptrdiff_t here = reversed ? n - 1 - s : s, before = reversed ? here + 2 : here - 2;
    int leaps = (s & 1) && s >= 2 && label_of(here, blank, targets) != label_of(before, blank, targets);
    skip[s] = leaps ? 0 : -__builtin_inf();
  }
}

static void begin(ptrdiff_t n, double *y) {
  for (ptrdiff_t s = 0; s < n; s++) y[s] = s < 2 ? 0 : -__builtin_inf();
}

#include "targets.h"

ptrdiff_t fx_ctc_memory(ptrdiff_t time, ptrdiff_t length, int gradient) {
  ptrdiff_t n = 2 * length + 1;
  return 3 * n + 2 + (n + 2) * (gradient ? time : 2);
}

double fx_ctc(int dtype, ptrdiff_t time, ptrdiff_t classes, ptrdiff_t length, int64_t blank, const int64_t *targets, const void *x,
              double *memory, double dy, void *dx) {
  return FX_RESULT(dtype, ctc, time, classes, length, blank, targets, x, memory, dy, dx);
}

#else

// What a step leads to: from the state itself, the one before it, and where `skip` is 0 (and not −∞) the one before that. Two states of −∞
// lie in front of `a`.
static void FX(join)(ptrdiff_t n, const double *a, const double *skip, double *y) {
  for (ptrdiff_t s = 0; s < n; s++) {
    double stay = a[s], next = a[s - 1], leap = a[s - 2] + skip[s];
    double largest = stay > next ? stay : next;
    largest = leap > largest ? leap : largest;
    double shift = largest == -__builtin_inf() ? 0 : largest;
    y[s] = shift + log_f64(exp_f64(stay - shift) + exp_f64(next - shift) + exp_f64(leap - shift));
  }
}

static void FX(shares)(ptrdiff_t n, const double *a, const double *b, double total, double *y) {
  for (ptrdiff_t s = 0; s < n; s++) y[s] = exp_f64(a[s] + b[n - 1 - s] - total);
}

static double FX(ctc)(ptrdiff_t time, ptrdiff_t classes, ptrdiff_t length, int64_t blank, const int64_t *targets,
                      const T *x, double *memory, double slope, T *dx) {
  T dy = (T)slope;
  ptrdiff_t n = 2 * length + 1, width = n + 2;
  double *skip = memory, *rest = skip + n, *share = rest + width, *sums = share + n;
  if (time == 0) return length == 0 ? 0 : __builtin_inf();
  prepare(n, 0, blank, targets, skip);
  for (ptrdiff_t t = 0; t < time; t++) {
    // Without a gradient there are two rows, which take turns.
    double *row = sums + (dx ? t : t & 1) * width + 2, *last = sums + (dx ? t - 1 : (t + 1) & 1) * width + 2;
    row[-2] = row[-1] = -__builtin_inf();
    if (t == 0) begin(n, row); else FX(join)(n, last, skip, row);
    for (ptrdiff_t s = 0; s < n; s++) row[s] += (double)x[t * classes + label_of(s, blank, targets)];
  }
  const double *end = sums + (dx ? time - 1 : (time - 1) & 1) * width + 2 + n - 1;
  double largest = n > 1 && !(end[-1] <= end[0]) ? end[-1] : end[0]; // NaN stays NaN.
  if (largest == -__builtin_inf()) return __builtin_inf();
  double total = n == 1 ? end[0] : largest + log_f64(exp_f64(end[-1] - largest) + exp_f64(end[0] - largest));
  if (!dx) return -total;
  // The same backwards: `rest` holds the paths from here on, without what is emitted here.
  prepare(n, 1, blank, targets, skip);
  double *a = rest + 2;
  a[-2] = a[-1] = -__builtin_inf();
  begin(n, a);
  for (ptrdiff_t t = time - 1; t >= 0; t--) {
    double *row = sums + t * width + 2;
    FX(shares)(n, row, a, total, share);
    for (ptrdiff_t s = 0; s < n; s++) dx[t * classes + label_of(s, blank, targets)] -= dy * (T)share[s];
    if (t == 0) break;
    // The row has served: it takes the sums with what is emitted here.
    for (ptrdiff_t s = 0; s < n; s++) row[s] = a[s] + (double)x[t * classes + label_of(n - 1 - s, blank, targets)];
    FX(join)(n, row, skip, a);
  }
  return -total;
}

#endif
