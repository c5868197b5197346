// Element by element: instructions, comparisons, casts, layouts, random numbers, optimizers.
#include <math.h>

#include "driver.h"

static double at(int dtype, const void *x, ptrdiff_t i) {
  return dtype == FX_F32 ? ((const float *)x)[i] : dtype == FX_F64 ? ((const double *)x)[i] : 0;
}

// How far apart two processors may be in an instruction on floats: those that are not here are exact.
static double ulps_of(int op) {
  switch (op) {
    case FX_COPY:
    case FX_NEG:
    case FX_ABS:
    case FX_SIGN:
    case FX_SQUARE:
    case FX_RECIPROCAL:
    case FX_SQRT:
    case FX_FLOOR:
    case FX_CEIL:
    case FX_ROUND:
    case FX_TRUNC:
    case FX_NOT:
    case FX_ISNAN:
    case FX_RELU:
    case FX_ADD:
    case FX_SUB:
    case FX_MUL:
    case FX_DIV:
    case FX_MAX:
    case FX_MIN:
    case FX_REM:
    case FX_EQ:
    case FX_NE:
    case FX_LT:
    case FX_LE:
    case FX_GT:
    case FX_GE:
    case FX_AND:
    case FX_OR:
    case FX_XOR:
    case FX_FLOORDIV:
    case FX_FMOD:
    case FX_COPYSIGN:
    case FX_EXPONENT:
    case FX_NEXT_AFTER:
    case FX_LEAKY_RELU:
    case FX_SELECT:
    case FX_CLAMP:
      return 0;
    case FX_POW:
    case FX_LGAMMA:
    case FX_DIGAMMA:
    case FX_POLYGAMMA:
      return 16;
    // The system's library, and iterations of it.
    case FX_BESSEL_J0:
    case FX_BESSEL_J1:
    case FX_BESSEL_Y0:
    case FX_BESSEL_Y1:
    case FX_AIRY:
    case FX_AIRY_SLOPE:
    case FX_GAMMA_LOWER:
    case FX_GAMMA_UPPER:
    case FX_ZETA:
    case FX_ERFCX:
    case FX_LOG_NORMAL_CDF:
    case FX_NORMAL_QUANTILE:
    // A recurrence, whose rounding errors accumulate with the degree.
    case FX_POLYNOMIAL:
      return 4096;
    default:
      return op >= FX_BESSEL_I0 && op <= FX_BESSEL_K1E ? 64 : 6;
  }
}

// Where terms cancel, what their size was.
static double scale_of(int op, double a, double b, double c) {
  switch (op) {
    case FX_FMA:
      return fabs(a * b) + fabs(c);
    case FX_LERP:
      return (1 + fabs(c)) * (fabs(a) + fabs(b));
    // Above their tail they are exact to units of 1, as special.h states, and not of the result.
    case FX_NORMAL_CDF:
      return 1;
    case FX_GELU:
      return fabs(a);
    case FX_HUBER:
      return fabs(b) * (fabs(a) + fabs(b));
    case FX_LOG_ADD_EXP:
      return fmax(fabs(a), fabs(b));
    case FX_LGAMMA:
    case FX_DIGAMMA:
      return 1 + fabs(a);
    case FX_POLYGAMMA:
      return 1 + fabs(b);
    case FX_BESSEL_J0:
    case FX_BESSEL_J1:
    case FX_BESSEL_Y0:
    case FX_BESSEL_Y1:
    case FX_AIRY:
      return 1;
    case FX_AIRY_SLOPE:
      return 1 + sqrt(fabs(a));
    // Terms that cancel are as large as those of a negative argument.
    case FX_POLYNOMIAL:
      return pow(1 + 2 * fabs(c), fabs(b) < 64 ? fabs(b) : 64);
    default:
      return 0;
  }
}

enum { PAIRS = 2003 };

// The first operand of a derivative is its order, that of a polynomial its kind, of which Swift lets small whole numbers through.
static const void *first_of(int op, int dtype, ptrdiff_t n, const void *other) {
  if (op != FX_POLYGAMMA && op != FX_SINC && op != FX_POLYNOMIAL) return other;
  void *x = numbers(dtype, n, 12, 0, 6);
  for (ptrdiff_t i = 0; i < n; i++) {
    if (dtype == FX_F32) ((float *)x)[i] = floorf(((float *)x)[i]);
    else if (dtype == FX_F64) ((double *)x)[i] = floor(((double *)x)[i]);
  }
  return x;
}

static void one_of(int op, int dtype, fx_kernel kernel, ptrdiff_t n, const char *kind, const void *a, const void *b, const void *c,
                   int a_step, int b_step, int c_step) {
  void *y = room(dtype, n);
  kernel(n, a, b, c, y);
  double *scales = scratch((size_t)n * sizeof *scales);
  int floats = dtype <= FX_F64;
  for (ptrdiff_t i = 0; i < n && floats; i++) {
    scales[i] = scale_of(op, at(dtype, a, i * a_step), at(dtype, b, i * b_step), at(dtype, c, i * c_step));
    if (dtype == FX_F32) scales[i] = (float)scales[i];  // terms that overflow in float32 need not in double
  }
  record_each(floats ? ulps_of(op) : 0, scales, dtype, n, y, "op %d %s%s, n %td", op, dtype_names[dtype], kind, n);
}

static void elementwise(void) {
  for (int op = 0; op < FX_OP_COUNT; op++) EACH_DTYPE(d) {
      fx_kernel kernel = fx_elementwise(op, d);
      record_number(kernel != NULL, "is there");
      const void *a = first_of(op, d, PAIRS, specials(d, PAIRS, 1, 1)), *b = specials(d, PAIRS, 33, 2), *c = specials(d, PAIRS, 7, 3);
      // Shifts and powers of integers take what they take; no operand is out of their domain.
      if (kernel) {
        one_of(op, d, kernel, PAIRS, "", a, b, c, 1, 1, 1);
        for (int i = 0; i < length_count; i++) {
          ptrdiff_t n = lengths[i];
          one_of(op, d, kernel, n, "", first_of(op, d, n, numbers(d, n, 9, -4, 4)), numbers(d, n, 10, 1, 5), numbers(d, n, 11, 5, 9), 1, 1,
                 1);
        }
        void *y = copy_of(d, PAIRS, a);
        kernel(PAIRS, y, b, c, y);
        void *z = room(d, PAIRS);
        kernel(PAIRS, a, b, c, z);
        record_number(memcmp(y, z, PAIRS * (size_t)dtype_sizes[d]) == 0, "in place");
      }
      for (int side = 0; side < 2 && d <= FX_F64; side++) {
        fx_kernel number = fx_elementwise_number(op, d, side);
        record_number(number != NULL, "with a number");
        int three = op == FX_FMA || op == FX_SELECT || op == FX_CLAMP || op == FX_LERP;
        if (number)
          one_of(op, d, number, 259, side ? ", second a number" : ", first a number", a, b, c, side == 0 ? 0 : 1, side == 1 ? 0 : 1,
                 three ? 0 : 1);
      }
      fx_kernel test = fx_compare(op, d);
      record_number(test != NULL, "compares");
      if (test) {
        void *y = room(FX_BOOL, PAIRS);
        test(PAIRS, a, b, NULL, y);
        record(0, 0, FX_BOOL, PAIRS, y, "compare %d %s", op, dtype_names[d]);
      }
    }
}

static void conversions(void) {
  EACH_DTYPE(d) {
    const void *mask = specials(FX_BOOL, PAIRS, 3, 4), *a = specials(d, PAIRS, 1, 1), *b = specials(d, PAIRS, 33, 2);
    for (int i = 0; i < length_count; i++) {
      ptrdiff_t n = lengths[i];
      void *y = room(d, n);
      fx_where(d)(n, mask, a, b, y);
      record(0, 0, d, n, y, "where %s, n %td", dtype_names[d], n);
      y = room(d, n);
      fx_fill(d, n, a, y);
      record(0, 0, d, n, y, "fill %s, n %td", dtype_names[d], n);
    }
    EACH_DTYPE(to) {
      fx_kernel cast = fx_cast(d, to);
      if (!cast) continue;
      void *y = room(to, PAIRS);
      cast(PAIRS, a, NULL, NULL, y);
      record(0, 0, to, PAIRS, y, "cast %s to %s", dtype_names[d], dtype_names[to]);
    }
    if (d <= FX_F64) {
      record_number(fx_first_nan(d, PAIRS, a), "first NaN");
      record_number(fx_first_nan(d, 257, numbers(d, 257, 1, -1, 1)), "no NaN");
      void *y = room(d, 257);
      fx_arange_f(d, 257, 3, -1.25, 0.5, y);
      record(0, 0, d, 257, y, "arange %s", dtype_names[d]);
      record_number(fx_all_finite(d, PAIRS, a), "all finite");
      record_number(fx_all_finite(d, 99, numbers(d, 99, 1, -1, 1)), "all finite");
      record_number(fx_any_outside(d, 99, numbers(d, 99, 1, -1, 1), -0.5, 0.5), "any outside");
    } else if (d != FX_BOOL) {
      void *y = room(d, 257);
      fx_arange_i(d, 257, 3, -7, 3, y);
      record(0, 0, d, 257, y, "arange %s", dtype_names[d]);
    }
  }
}

static void layouts(void) {
  // A result of [5, 7, 33] from operands that are transposed, expanded and in order.
  ptrdiff_t dims[] = {5, 7, 33}, across[] = {33, 165, 1}, row[] = {0, 0, 1}, column[] = {7, 1, 0}, order[] = {231, 33, 1},
            whole = 5 * 7 * 33;
  EACH_FLOAT(d) {
    const void *a = numbers(d, whole, 1, -4, 4), *b = numbers(d, whole, 2, -4, 4);
    void *y = room(d, whole);
    fx_map_rows(fx_elementwise(FX_ADD, d), dtype_sizes[d], 3, dims, across, row, row, 0, whole, a, b, b, y);
    record(0, 0, d, whole, y, "rows added, %s", dtype_names[d]);
    y = room(d, whole);
    fx_map_rows(fx_elementwise(FX_MUL, d), dtype_sizes[d], 3, dims, order, across, across, 100, 500, a, b, b, y);
    record(0, 0, d, whole, y, "part of rows multiplied, %s", dtype_names[d]);
    fx_kernel number = fx_elementwise_number(FX_MUL, d, 1);
    if (number) {
      y = room(d, whole);
      fx_map_rows(number, dtype_sizes[d], 3, dims, order, column, column, 0, whole, a, b, b, y);
      record(0, 0, d, whole, y, "columns multiplied, %s", dtype_names[d]);
    }
  }
  static const int dtypes[] = {FX_BOOL, FX_F32, FX_F64};
  for (int i = 0; i < 3; i++) {
    int d = dtypes[i], size = dtype_sizes[d];
    const void *x = numbers(d, 70 * 133, 5, -8, 8);
    ptrdiff_t plane[] = {70, 133}, rows[] = {133, 1}, turned[] = {1, 70}, back[] = {1, 133}, dims4[] = {3, 4, 5, 6},
              strides4[] = {6, 18, 72, -1}, out4[] = {120, 30, 6, 1};
    void *y = room(d, 70 * 133);
    fx_copy(size, 2, plane, rows, x, turned, y);
    record(0, 0, d, 70 * 133, y, "transposed, %d bytes", size);
    y = room(d, 70 * 133);
    ptrdiff_t swapped[] = {133, 70};
    fx_copy(size, 2, swapped, back, x, (ptrdiff_t[]){70, 1}, y);
    record(0, 0, d, 70 * 133, y, "from a transpose, %d bytes", size);
    y = room(d, 360);
    fx_copy(size, 4, dims4, strides4, (const char *)x + 5 * size, out4, y);
    record(0, 0, d, 360, y, "four axes, one backward, %d bytes", size);
    y = room(d, 201);
    fx_gather_block(size, 4, dims4, strides4, 77, 201, (const char *)x + 5 * size, y);
    record(0, 0, d, 201, y, "a block, %d bytes", size);
    y = room(d, 2 * 9 * 7);
    fx_triangle(size, 0, 1, 16, 9, 7, -1, x, y);
    record(0, 0, d, 16 * 7, copy_of(d, 16 * 7, y), "lower triangles, %d bytes", size);
    fx_triangle(size, 1, 0, 18, 9, 7, 2, x, y);
    record(0, 0, d, 18 * 7, y, "upper triangles, %d bytes", size);
  }
}

static void random_numbers(void) {
  for (int i = 0; i < length_count; i++) {
    ptrdiff_t n = lengths[i];
    uint64_t first = (uint64_t)i * 5 + (i % 2 ? (1ull << 40) : 0);
    void *y = room(FX_I32, n);
    fx_random_bits(0x123456789ABCDEF0u, first, n, y);
    record(0, 0, FX_I32, n, y, "bits, n %td", n);
    y = room(FX_BOOL, n);
    fx_random_bernoulli(7, first, n, 0.3, y);
    record(0, 0, FX_BOOL, n, y, "bernoulli, n %td", n);
    EACH_FLOAT(d) {
      y = room(d, n);
      fx_random_uniform(d, 7, first, n, -1, 3, y);
      record(1, 1, d, n, y, "uniform %s, n %td", dtype_names[d], n);
      y = room(d, n);
      fx_random_normal(d, 7, first, n, 0.5, 2, y);
      record(8, 1, d, n, y, "normal %s, n %td", dtype_names[d], n);
      y = room(d, n);
      fx_dropout(d, 7, first, n, 0.75, 4.0 / 3, numbers(d, n, 3, -2, 2), y);
      record(0, 0, d, n, y, "dropout %s, n %td", dtype_names[d], n);
    }
  }
  ptrdiff_t n = 3000, ends[64];
  uint32_t *words = room(FX_I32, 2 * n);
  fx_random_bits(5, 0, 2 * n, words);
  int64_t *dealt = room(FX_I64, n);
  fx_deal(n, 64, words, dealt, ends);
  record(0, 0, FX_I64, n, dealt, "dealt");
  fx_shuffle(n, words, dealt);
  record(0, 0, FX_I64, n, dealt, "shuffled");
}

static void optimizers(void) {
  EACH_FLOAT(d) for (int i = 0; i < length_count; i += 3) for (int kind = 0; kind < 15; kind++) {
    ptrdiff_t n = lengths[i];
    const void *g = numbers(d, n, 1, -2, 2);
    void *p = numbers(d, n, 2, -1, 1), *m = numbers(d, n, 3, -1, 1), *u = numbers(d, n, 5, 0.5, 3);
    // Centred RMSProp divides by √(v − m²), whose terms must not cancel.
    void *v = kind == 5 ? numbers(d, n, 4, 1.5, 3) : numbers(d, n, 4, 0.5, 2);
    double norms[2] = {0, 0}, *sums = room(FX_F64, 2);
    switch (kind) {
      case 0:
        fx_sgd(d, n, 0.1, 0, 0, 0, 0, 1, g, NULL, p);
        break;
      case 1:
        fx_sgd(d, n, 0.1, 0.9, 0.1, 0.01, 1, 0, g, m, p);
        break;
      case 2:
        fx_sgd(d, n, 0.1, 0.9, 0, 0, 0, 1, g, m, p);
        break;
      case 3:
        fx_adam(d, n, 0.01, 0.9, 0.999, 1e-8, 0, 0, 0.1, 0.001, g, m, v, NULL, p);
        break;
      case 4:
        fx_adam(d, n, 0.01, 0.9, 0.999, 1e-8, 0.01, 1, 0.1, 0.001, g, m, v, u, p);
        break;
      case 5:
        fx_rmsprop(d, n, 0.01, 0.99, 1e-8, 0.1, 0.9, g, v, m, u, p);
        break;
      case 6:
        fx_rmsprop(d, n, 0.01, 0.99, 1e-8, 0, 0, g, v, NULL, NULL, p);
        break;
      case 7:
        fx_adagrad(d, n, 0.01, 1e-10, 0.1, 0.1, g, v, p);
        break;
      case 8:
        fx_adadelta(d, n, 1, 0.9, 1e-6, 0.1, g, v, u, p);
        break;
      case 9:
        fx_adamax(d, n, 0.002, 0.9, 0.999, 1e-8, 0.1, 0.1, g, m, u, p);
        break;
      case 10:
        fx_nadam(d, n, 0.001, 0.002, 0.9, 0.999, 1e-8, 0.1, 0.99, 0.001, g, m, v, p);
        break;
      case 11:
        fx_radam(d, n, 0.001, i % 2, 0.9, 0.999, 1e-8, 0.1, 0.99, g, m, v, p);
        break;
      case 12:
        fx_lion(d, n, 0.001, 0.9, 0.99, 0.99, g, m, p);
        break;
      case 13:
        fx_lamb_moments(d, n, 0.9, 0.999, 1e-6, 0.01, 0.1, 0.001, g, m, v, p, norms);
        sums[0] = norms[0], sums[1] = norms[1];
        // In double, of terms that are float32.
        record(d == FX_F32 ? 64 * 0x1p29 : 64, 0, FX_F64, 2, sums, "LAMB's norms, %s, n %td", dtype_names[d], n);
        break;
      default:
        fx_lamb(d, n, 0.001, 1e-6, 0.01, 0.1, 0.001, m, v, p);
    }
    record(8, 1, d, n, p, "optimizer %d %s, n %td", kind, dtype_names[d], n);
    record(8, 1, d, n, m, "optimizer %d %s, n %td, m", kind, dtype_names[d], n);
    record(8, 1, d, n, v, "optimizer %d %s, n %td, v", kind, dtype_names[d], n);
    record(8, 1, d, n, u, "optimizer %d %s, n %td, u", kind, dtype_names[d], n);
    double *squares = room(FX_F64, 1);
    *squares = fx_squares(d, n, g);
    record(8, 0, FX_F64, 1, squares, "squares %s, n %td", dtype_names[d], n);
  }
}

void run_elementwise(void) { elementwise(); }
void run_conversions(void) { conversions(); }
void run_layouts(void) { layouts(); }
void run_random(void) { random_numbers(); }
void run_optimizers(void) { optimizers(); }
