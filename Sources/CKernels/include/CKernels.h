// Fluxion's inner loops. Everything here is a plain loop over memory: no allocation, no threads, no global state, no error handling.
// Swift decides shapes, splits work over threads and checks every index before it calls.
#ifndef FLUXION_CKERNELS_H
#define FLUXION_CKERNELS_H

#include <stddef.h>
#include <stdint.h>

/// How many processors this process may run on; 0 where that is not known.
int fx_processors(void);

/// The instruction set that kernels use, and the name of one of 0 … 3: "baseline", "neon", "avx2", "avx512"; NULL where the processor lacks it.
int fx_current_level(void);
const char *fx_level_name(int level);

// OpenBLAS: how it was built, the core type whose kernels it runs, the one that it had chosen itself where another was chosen for it (blas.c), and the one
// that would fit where what it runs is below the processor. NULL where there is none, or that is not known.
const char *fx_blas_config(void);
const char *fx_blas_core(void);
const char *fx_blas_core_before(void);
const char *fx_blas_fitting_core(void);

/// The bytes of the data cache of a level, 1 … 3, that the first processor uses; 0 where that is not known or there is none.
int64_t fx_cache_size(int level);

/// What a thread that waits for another does between two looks.
static inline void fx_pause(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __builtin_arm_yield();
#endif
}

/// Element types, numbered as Swift's `DType`.
typedef enum { FX_F32 = 0, FX_F64 = 1, FX_I32 = 2, FX_I64 = 3, FX_BOOL = 4, FX_F16 = 5, FX_BF16 = 6, FX_C64 = 7, FX_C128 = 8 } fx_dtype;

// MARK: elementwise.c

/// Instructions of element-wise programs. Operands and result have one dtype; comparisons give 0 or 1 in that dtype.
typedef enum {
  // one operand
  FX_COPY, FX_NEG, FX_ABS, FX_SIGN, FX_SQUARE, FX_RECIPROCAL, FX_SQRT, FX_RSQRT,
  FX_EXP, FX_EXPM1, FX_LOG, FX_LOG1P, FX_SIN, FX_COS, FX_TAN, FX_ASIN, FX_ACOS, FX_ATAN,
  FX_SINH, FX_COSH, FX_TANH, FX_ASINH, FX_ACOSH, FX_ATANH, FX_ERF, FX_ERFC, FX_NORMAL_CDF, FX_SIGMOID,
  FX_SOFTPLUS,
  // log cosh a; log(1 - exp(a))
  FX_LOG_COSH, FX_LOG1M_EXP,
  FX_FLOOR, FX_CEIL, FX_ROUND, FX_TRUNC, FX_NOT, FX_ISNAN, FX_RELU,
  FX_EXP2, FX_LOG2, FX_LOG10, FX_ERFINV, FX_LGAMMA, FX_DIGAMMA,
  // Bessel functions (E: times exp(-|a|), of the second kind exp(a)), Airy's and its derivative
  FX_BESSEL_J0, FX_BESSEL_J1, FX_BESSEL_Y0, FX_BESSEL_Y1, FX_BESSEL_I0, FX_BESSEL_I1, FX_BESSEL_I0E, FX_BESSEL_I1E,
  FX_BESSEL_K0, FX_BESSEL_K1, FX_BESSEL_K0E, FX_BESSEL_K1E, FX_AIRY, FX_AIRY_SLOPE,
  // exp(a * a) * erfc(a); log normal_cdf(a); its inverse; the exponent n of a = m * 2^n with 1/2 <= |m| < 1
  FX_ERFCX, FX_LOG_NORMAL_CDF, FX_NORMAL_QUANTILE, FX_EXPONENT,
  // ~a of integers
  FX_BIT_NOT,
  // a * a * a; a * sigmoid(a); a * normal_cdf(a); a * min(max(a + 3, 0), 6) / 6
  FX_CUBE, FX_SILU, FX_GELU, FX_HARD_SWISH,
  // two operands
  FX_ADD, FX_SUB, FX_MUL, FX_DIV, FX_POW, FX_MAX, FX_MIN, FX_ATAN2, FX_REM, FX_HYPOT,
  FX_EQ, FX_NE, FX_LT, FX_LE, FX_GT, FX_GE, FX_AND, FX_OR, FX_XOR,
  FX_FLOORDIV, FX_FMOD, FX_COPYSIGN,
  // the next number from a towards b
  FX_NEXT_AFTER,
  // bits of integers, shifts, the greatest common divisor and the least common multiple
  FX_BIT_AND, FX_BIT_OR, FX_BIT_XOR, FX_SHIFT_LEFT, FX_SHIFT_RIGHT, FX_GCD, FX_LCM,
  // incomplete gamma functions P(a, b), Q(a, b); Hurwitz's zeta function of a, b
  FX_GAMMA_LOWER, FX_GAMMA_UPPER, FX_ZETA,
  // log(exp(a) + exp(b))
  FX_LOG_ADD_EXP,
  // an order n and x: the n-th derivative of digamma, of sin(πx)/(πx)
  FX_POLYGAMMA, FX_SINC,
  // a <= 0 ? b * a : a; a <= 0 ? b * (exp(a) - 1) : a; |a| <= b ? a * a / 2 : b * (|a| - b / 2)
  FX_LEAKY_RELU, FX_ELU, FX_HUBER,
  // three operands: a * b + c; a != 0 ? b : c; a <= b ? min(b, c) : a >= c ? c : a; a + c * (b - a)
  FX_FMA, FX_SELECT, FX_CLAMP, FX_LERP,
  // the orthogonal polynomial a % 16 of degree b at c (higher.c), or its derivative of order a / 16
  FX_POLYNOMIAL,
  FX_OP_COUNT
} fx_op;

/// out[i] = op(a[i], b[i], c[i]) for contiguous arrays; unused operands are ignored; out may be any of the operands, exactly.
typedef void (*fx_kernel)(ptrdiff_t n, const void *a, const void *b, const void *c, void *out);

/// The kernel of an instruction for a dtype, or NULL where the instruction has no meaning there (exp of integers, arithmetic of bools).
fx_kernel fx_elementwise(int op, int dtype);
/// The kernel of an instruction of two float operands one of which, the first (side 0) or the second (side 1), points at a single number, or of
/// three, of which but the first does (side 1); NULL where there is none.
fx_kernel fx_elementwise_number(int op, int dtype, int side);
/// Comparisons and FX_ISNAN from operands of `dtype` to bool (one byte, 0 or 1).
fx_kernel fx_compare(int op, int dtype);
/// a: bool mask (bytes), b and c of `dtype`: out = a ? b : c.
fx_kernel fx_where(int dtype);
/// a of dtype `from`, out of dtype `to`; to floats the nearest, of two the even one, rounded once. To integers toward zero and within bounds, NaN to 0; anything nonzero (NaN too) is true.
fx_kernel fx_cast(int from, int to);
/// The place of the first NaN among n elements, -1 if there is none.
ptrdiff_t fx_first_nan(int dtype, ptrdiff_t n, const void *x);
/// Fills n elements of `dtype` with the value at *value.
void fx_fill(int dtype, ptrdiff_t n, const void *value, void *out);
/// out[i] = start + (first + i) * step, computed in double or int64 and rounded once.
void fx_arange_f(int dtype, ptrdiff_t n, ptrdiff_t first, double start, double step, void *out);
void fx_arange_i(int dtype, ptrdiff_t n, ptrdiff_t first, int64_t start, int64_t step, void *out);

// MARK: rows.c

/// out[start ..< start + count] of a result that lies in order, by a kernel of two or three operands with strides of their own, in elements of `size`
/// bytes. The last axis is a row; an operand's stride along it is 1, or 0 where the kernel takes a single number.
void fx_map_rows(fx_kernel kernel, int size, int rank, const ptrdiff_t *dims, const ptrdiff_t *a_strides, const ptrdiff_t *b_strides,
                 const ptrdiff_t *c_strides, ptrdiff_t start, ptrdiff_t count, const void *a, const void *b, const void *c, void *out);

// MARK: copy.c — layouts. Sizes and strides are in elements, `size` is the element's bytes (1, 2, 4, 8 or 16), rank at most 8.

/// dst[i₀·d₀ + …] = src[i₀·s₀ + …] over `dims`; strides may be zero (src only) or negative. Transposed layouts go in tiles.
void fx_copy(int size, int rank, const ptrdiff_t *dims, const ptrdiff_t *src_strides, const void *src, const ptrdiff_t *dst_strides, void *dst);
/// dst[j] = src at row-major position start + j of `dims`, for j in 0 ..< n: one block of a strided operand made contiguous.
void fx_gather_block(int size, int rank, const ptrdiff_t *dims, const ptrdiff_t *strides, ptrdiff_t start, ptrdiff_t n, const void *src, void *dst);

// MARK: reduce.c

typedef enum { FX_R_SUM, FX_R_PROD, FX_R_MAX, FX_R_MIN, FX_R_ANY, FX_R_ALL, FX_R_ARGMAX, FX_R_ARGMIN } fx_reduction;

/// y[o·inner + i] = reduction over k of x[o·strides[0] + k·strides[1] + i·strides[2]].
/// The result's dtype: sum and prod of int32 and bool give int64, any and all give bool, arg… give int64, all else the operand's.
/// Max and min propagate NaN; arg… give the first such position (of the first NaN if there is one). n ≥ 1 for max, min, arg….
/// Sums of floats are accumulated in a fixed order of independent lanes and of blocks (error grows as log n).
void fx_reduce(int op, int dtype, ptrdiff_t outer, ptrdiff_t n, ptrdiff_t inner, const ptrdiff_t strides[3], const void *x, void *y);
/// The blocks that fx_reduce reduces one by one, for those who compute the elements block by block: joined by fx_reduce_join, their results are
/// to the bit what fx_reduce gives. A row (inner < 8): as many pairs of blocks of 1,024 elements as the row holds, each a block of its first half and
/// the one of the second half, reduced as 2,048 elements in a row; what is beyond them in blocks of up to 1,024. Columns (inner ≥ 8): bands of 64 rows.
/// y[o·inner + i] from x[(o·n + k)·inner + i], both of the result's dtype; `bands` if these are bands' results.
void fx_reduce_join(int op, int dtype, int bands, ptrdiff_t outer, ptrdiff_t n, ptrdiff_t inner, const void *x, void *y);

/// dx[o, k, i] = dy[o, i] · the product of the others among x[o, ·, i]; x [outer, n, inner] in order, `count` of its columns; float32 and float64.
void fx_product_others(int dtype, ptrdiff_t outer, ptrdiff_t n, ptrdiff_t inner, ptrdiff_t count, const void *x, const void *dy, void *memory,
                       void *dx);
/// The bytes of memory that it needs.
ptrdiff_t fx_product_others_memory(int dtype, ptrdiff_t n, ptrdiff_t inner);

/// y = softmax(x) or log softmax(x) of each contiguous row; NaN propagates; a row of -∞ only gives NaN as in PyTorch.
void fx_softmax(int dtype, int logarithmic, ptrdiff_t rows, ptrdiff_t n, const void *x, void *y);
/// dx from y and dy of fx_softmax: y·(dy − Σ dy·y), or dy − exp(y)·Σ dy, which is dy where Σ dy is 0, whatever y.
void fx_softmax_backward(int dtype, int logarithmic, ptrdiff_t rows, ptrdiff_t n, const void *y, const void *dy, void *dx);
/// y[r] = log Σ exp(x[r, ·]); rows of -∞ give -∞, rows with +∞ give +∞.
void fx_logsumexp(int dtype, ptrdiff_t rows, ptrdiff_t n, const void *x, void *y);
/// The gradient of a row's cross-entropy: dx[r,j] = dy[r] · (softmax(x)[r,j] − (j == labels[r])); a label < 0 or a dy of 0 gives a row of zeros.
/// Logits of +∞ share the probability.
void fx_cross_entropy_backward(int dtype, ptrdiff_t rows, ptrdiff_t n, const void *x, const int64_t *labels, const void *dy, void *dx);

// MARK: the same along the middle axis of x [outer, n, inner], for some of the strips of up to FX_SOFTMAX_STRIP columns that each
// of the outer arrays is cut into. `memory` has room for n of a strip's rows, or for the gradient for twice as many.

enum { FX_SOFTMAX_STRIP = 64 };
void fx_softmax_columns(int dtype, int logarithmic, ptrdiff_t n, ptrdiff_t inner, ptrdiff_t from, ptrdiff_t to, const void *x, void *y,
                        void *memory);
void fx_softmax_columns_backward(int dtype, int logarithmic, ptrdiff_t n, ptrdiff_t inner, ptrdiff_t from, ptrdiff_t to, const void *y,
                                 const void *dy, void *dx, void *memory);
void fx_logsumexp_columns(int dtype, ptrdiff_t n, ptrdiff_t inner, ptrdiff_t from, ptrdiff_t to, const void *x, void *y, void *memory);

// MARK: index.c — positions are int64, already checked to be in 0 ..< n.

/// Whether all indices are in 0 ..< n.
int fx_indices_fit(ptrdiff_t count, ptrdiff_t n, const int64_t *indices);
/// The first position i with indices[i] outside −n ..< n, or −1 if all fit. Rewrites negative ones to count from the end into `out` (may be `indices`).
ptrdiff_t fx_normalize_indices(ptrdiff_t count, ptrdiff_t n, const int64_t *indices, int64_t *out);
/// y[o, j, i] = x[o, indices[j], i]; all contiguous; x [outer, n, inner], y [outer, count, inner].
void fx_take(int size, ptrdiff_t outer, ptrdiff_t n, ptrdiff_t inner, ptrdiff_t count, const int64_t *indices, const void *x, void *y);
/// y[o, indices[j], i] += x[o, j, i], in the order of j; x [outer, count, inner], y [outer, n, inner]. No bool.
void fx_take_add(int dtype, ptrdiff_t outer, ptrdiff_t n, ptrdiff_t inner, ptrdiff_t count, const int64_t *indices, const void *x, void *y);
/// y[o, j, i] = x[o, indices[o, j, i], i]; indices and y [outer, count, inner].
void fx_gather(int size, ptrdiff_t outer, ptrdiff_t n, ptrdiff_t inner, ptrdiff_t count, const int64_t *indices, const void *x, void *y);
/// y[o, indices[o, j, i], i] += x[o, j, i]; no bool.
void fx_scatter_add(int dtype, ptrdiff_t outer, ptrdiff_t n, ptrdiff_t inner, ptrdiff_t count, const int64_t *indices, const void *x, void *y);

// The same for float32 where many terms may meet: what rounding takes from a sum is added up in `rest`, which lies as y and begins with zeros, and
// is at last given to it.
void fx_scatter_add_long(ptrdiff_t outer, ptrdiff_t n, ptrdiff_t inner, ptrdiff_t count, const int64_t *indices, const float *x, float *y,
                         float *rest);
void fx_take_add_long(ptrdiff_t outer, ptrdiff_t n, ptrdiff_t inner, ptrdiff_t count, const int64_t *indices, const float *x, float *y,
                      float *rest);
void fx_combine_rows_long(ptrdiff_t count, ptrdiff_t n, ptrdiff_t first, ptrdiff_t last, const int64_t *from, const int64_t *to,
                          const float *factors, const float *x, float *y, float *rest);
void fx_resample_add_long(ptrdiff_t outer, ptrdiff_t n, ptrdiff_t count, ptrdiff_t inner, ptrdiff_t taps, const int64_t *places,
                          const double *weights, const float *y, float *x, float *rest);
void fx_sample_add_long(ptrdiff_t channels, ptrdiff_t n, ptrdiff_t taps, ptrdiff_t points, const int64_t *places, const float *weights,
                        const float *y, float *x, float *rest);
void fx_add_rest(ptrdiff_t n, const float *rest, float *y);
/// What float32 sums of many terms have come to so far, added up in double precision; and these totals rounded, added to y where `adds`.
void fx_add_totals(ptrdiff_t n, const float *x, double *totals);
void fx_write_totals(ptrdiff_t n, const double *totals, int adds, float *y);
/// Writes the positions of nonzero bytes, in order, to `out`, which has room for one more; returns how many. With out == NULL it only counts.
ptrdiff_t fx_nonzero(ptrdiff_t n, const uint8_t *mask, int64_t *out);
/// out[axis, i] is the position along the axis of row-major place flat[i] of `dims`; places ascend.
void fx_unravel(ptrdiff_t count, int rank, const ptrdiff_t *dims, const int64_t *flat, int64_t *out);

// MARK: random.c — Philox4x32-10. Element i of a stream depends on (seed, stream position first + i) only.

/// Raw 32-bit words: word i is lane (first + i) % 4 of the block with counter (first + i) / 4 and key `seed`.
void fx_random_bits(uint64_t seed, uint64_t first, ptrdiff_t n, uint32_t *out);
/// low + (high − low)·u, u in [0, 1) with 24 bits (float32, word i) or 53 bits (float64, words 2i and 2i + 1).
void fx_random_uniform(int dtype, uint64_t seed, uint64_t first, ptrdiff_t n, double low, double high, void *out);
/// mean + deviation·z by Box–Muller; element i uses words 2i and 2i + 1 (float32) or 4i … 4i + 3 (float64), so its value does not depend on n or on how the range is cut.
void fx_random_normal(int dtype, uint64_t seed, uint64_t first, ptrdiff_t n, double mean, double deviation, void *out);
/// 1 with the given probability, as bool, from word i.
void fx_random_bernoulli(uint64_t seed, uint64_t first, ptrdiff_t n, double probability, uint8_t *out);
/// y[i] = word(first + i) / 2³² < keep ? x[i] · scale : 0 — dropout's pass; the mask can be made again from (seed, first).
void fx_dropout(int dtype, uint64_t seed, uint64_t first, ptrdiff_t n, double keep, double scale, const void *x, void *y);

/// The numbers 0 ..< n dealt out to `buckets` (a power of two, at most 4,096) by the uppermost bits of `words`, in order; `ends` has the end of each.
void fx_deal(ptrdiff_t n, ptrdiff_t buckets, const uint32_t *words, int64_t *out, ptrdiff_t *ends);
/// x in random order, by Fisher and Yates, from two words for each element.
void fx_shuffle(ptrdiff_t n, const uint32_t *words, int64_t *x);

// MARK: optimize.c — one pass over a parameter (float32 or float64), in place, PyTorch's order of operations.

// Whether none of n floats is infinite or NaN.
int fx_all_finite(int dtype, ptrdiff_t n, const void *x);

/// g' = g + decay·p; if momentum: v = first ? g' : momentum·v + (1 − dampening)·g'; d = nesterov ? g' + momentum·v : v, else d = g'; p −= rate·d.
void fx_sgd(int dtype, ptrdiff_t n, double rate, double momentum, double dampening, double decay, int nesterov, int first, const void *g, void *v, void *p);
/// Adam (decoupled = 0: g' = g + decay·p) or AdamW (decoupled = 1: p −= rate·decay·p first):
/// m = β₁m + (1−β₁)g', v = β₂v + (1−β₂)g'², p −= rate/c₁ · m / (√v/√c₂ + ε), with the corrections c₁ = 1−β₁ᵗ and c₂ = 1−β₂ᵗ.
/// With `top` (or NULL) the divisor is top = max(top, v) in place of v: AMSGrad.
void fx_adam(int dtype, ptrdiff_t n, double rate, double beta1, double beta2, double epsilon, double decay, int decoupled, double c1, double c2,
             const void *g, void *m, void *v, void *top, void *p);

// MARK: optimize_squares.c — likewise; g' = g + decay·p throughout.

/// v = αv + (1−α)g'²; with `m` (or NULL) m = αm + (1−α)g' and v' = v − m², else v' = v; d = g'/(√v' + ε); with `b` (or NULL)
/// b = momentum·b + d and d = b; p −= rate·d.
void fx_rmsprop(int dtype, ptrdiff_t n, double rate, double alpha, double epsilon, double decay, double momentum, const void *g, void *v, void *m,
                void *b, void *p);
/// s = s + start + g'², p −= rate·g'/(√s + ε).
void fx_adagrad(int dtype, ptrdiff_t n, double rate, double epsilon, double decay, double start, const void *g, void *s, void *p);
/// v = ρv + (1−ρ)g'², d = √(u + ε)/√(v + ε)·g', u = ρu + (1−ρ)d², p −= rate·d.
void fx_adadelta(int dtype, ptrdiff_t n, double rate, double rho, double epsilon, double decay, const void *g, void *v, void *u, void *p);

// MARK: optimize_moments.c — likewise; g' = g + decay·p and m = β₁m + (1−β₁)g' (Lion: g' = g).

/// u = max(β₂u, |g'| + ε), p −= rate/c₁ · m/u.
void fx_adamax(int dtype, ptrdiff_t n, double rate, double beta1, double beta2, double epsilon, double decay, double c1, const void *g, void *m,
               void *u, void *p);
/// v = β₂v + (1−β₂)g'², p = shrink·p − (now·g' + ahead·m) / (√v/√c₂ + ε).
void fx_nadam(int dtype, ptrdiff_t n, double now, double ahead, double beta1, double beta2, double epsilon, double decay, double shrink, double c2,
              const void *g, void *m, void *v, void *p);
/// v = β₂v + (1−β₂)g'², p = shrink·p − rate·m / (√v + ε) if adaptive, else shrink·p − rate·m.
void fx_radam(int dtype, ptrdiff_t n, double rate, int adaptive, double beta1, double beta2, double epsilon, double decay, double shrink,
              const void *g, void *m, void *v, void *p);
/// p = shrink·p − rate·sign(β₁m + (1−β₁)g), then m = β₂m + (1−β₂)g.
void fx_lion(int dtype, ptrdiff_t n, double rate, double beta1, double beta2, double shrink, const void *g, void *m, void *p);

// MARK: optimize_norms.c — norms, and LAMB in two passes; u = m/c₁ / (√v/√c₂ + ε) + decay·p.

/// Σx², added up in double in an order that depends on n alone.
double fx_squares(int dtype, ptrdiff_t n, const void *x);
/// m = β₁m + (1−β₁)g, v = β₂v + (1−β₂)g²; norms = {Σp², Σu²}.
void fx_lamb_moments(int dtype, ptrdiff_t n, double beta1, double beta2, double epsilon, double decay, double c1, double c2, const void *g, void *m,
                     void *v, const void *p, double *norms);
/// p −= rate·u.
void fx_lamb(int dtype, ptrdiff_t n, double rate, double epsilon, double decay, double c1, double c2, const void *m, const void *v, void *p);

// MARK: product.c — matrix products, float32 and float64.

/// Rows of a, and columns of b, in a panel and in a tile of the result.
int fx_product_rows(int dtype);
int fx_product_columns(int dtype);
/// Packs rows of a, or columns of b, into panels: line l's element p is x[l·across + p·along], one of the steps 1; missing lines are zeros.
/// `out` has room for whole panels.
void fx_product_pack(int dtype, int is_rows, ptrdiff_t lines, ptrdiff_t k, const void *x, ptrdiff_t across, ptrdiff_t along, void *out);
/// c [m, n] = a·b, or += where `adds`, of packed operands.
void fx_product_tiles(int dtype, ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, const void *a, const void *b, int adds, void *c, ptrdiff_t ldc);

// MARK: product_direct.c — the same for operands that are not worth packing.

/// The steps of k for which columns of b are turned into rows at a time: stretches of the sums.
#define FX_TURNED 128
/// c = a·b, or += where `adds`, for `count` products `…_step` elements apart, with the strides of a [m, k] and b [k, n], one of b's 1.
void fx_product_direct(int dtype, ptrdiff_t count, ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, const void *a, ptrdiff_t a_step, ptrdiff_t a_row,
                       ptrdiff_t a_col, const void *b, ptrdiff_t b_step, ptrdiff_t b_row, ptrdiff_t b_col, int adds, void *c,
                       ptrdiff_t c_step, ptrdiff_t ldc);

// MARK: product_thin.c — 1 to FX_THIN rows by a large matrix.

#define FX_THIN 8
/// y[i·y_row + j·y_col] = Σ a[i·lda + p]·w[j·ldw + p], or += where `adds`; a [m, k], w [n, k].
void fx_product_thin_dots(int dtype, ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, const void *a, ptrdiff_t lda, const void *w, ptrdiff_t ldw,
                          int adds, void *y, ptrdiff_t y_row, ptrdiff_t y_col);
/// y[i·ldy + j] += Σ a[i·a_row + p·a_col]·w[p·ldw + j]; a [m, k], w [k, n].
void fx_product_thin_sums(int dtype, ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, const void *a, ptrdiff_t a_row, ptrdiff_t a_col, const void *w,
                          ptrdiff_t ldw, void *y, ptrdiff_t ldy);

// MARK: product_bfloat16.c — matrix products of numbers rounded to bfloat16, with sums in float32.

enum { FX_BFLOAT16_LINES = 16, FX_BFLOAT16_STEP = 32 };

/// What multiplies bfloat16 best here: 0 the vectors of the level in use, 1 VDPBF16PS, 2 AMX. FLUXION_CPU=avx512 is without the others, which it names avx512-bf16
/// and amx.
int fx_bfloat16_unit(void);
/// Packs `lines` lines of k numbers of float32 or bfloat16, `across` from line to line and `along` k, as panels of 16 rows of a, or columns of b:
/// each of them 16 · (k, up to a multiple of 32) bfloat16. By a unit that is here; panels are the same for all.
void fx_bfloat16_pack(int unit, int dtype, int is_rows, ptrdiff_t lines, ptrdiff_t k, const void *x, ptrdiff_t across, ptrdiff_t along,
                      void *out);
/// c = a·b, or += where `adds`, of packed operands.
void fx_bfloat16_tiles(int unit, ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, const void *a, const void *b, int adds, float *c, ptrdiff_t ldc);

// MARK: winograd.c, winograd_product.c — convolutions by 3 × 3 filters, one after the other, in a quarter of the products; float32.

/// The numbers of a transformed tile.
#define FX_WINOGRAD 36
/// The columns of tiles that are transformed at a time.
#define FX_WINOGRAD_COLUMNS 40
/// Images of `channels` planes input[0] × input[1], and results of `outputs` planes output[0] × output[1] that are cut into rows × columns tiles of 4 × 4; the first
/// one sees the input from −before on. Tiles are numbered through all images. Channels and outputs come in blocks of L = fx_winograd_lanes(), the last one filled
/// up. A transformed tile's numbers lie `apart` elements from each other.
typedef struct { ptrdiff_t channels, outputs, input[2], output[2], before[2], rows, columns; } fx_winograd;

/// The channels, or outputs, of a block: those of a vector.
int fx_winograd_lanes(void);
/// What tiles first ..< first + count see of a block's channels, transformed: tile t's number e of channel c goes to v[e·apart + (t − first)·L + c % L]; zero beyond
/// the last channel.
void fx_winograd_image(const fx_winograd *w, ptrdiff_t first, ptrdiff_t count, ptrdiff_t block, const float *x, ptrdiff_t apart, float *v);
/// The filters of a block's outputs for a block's channels, transformed: that of (o, c) lies at f[o·row_step + c·channel_step], turned by 180° if `reversed`, and its
/// number e goes to u[e·apart + ((o / 2L)·wide + c)·2L + o % 2L], `wide` being the channels of whole blocks; zero beyond the last channel.
void fx_winograd_filters(const fx_winograd *w, ptrdiff_t output_block, ptrdiff_t block, ptrdiff_t row_step, ptrdiff_t channel_step, int reversed, const float *f,
                         ptrdiff_t apart, float *u);
/// One number's products, m[t·lead + o] = Σ over c of v[((c / L)·count + t)·L + c % L]·u[c·2L + o], for at most 2L outputs.
void fx_winograd_products(ptrdiff_t count, ptrdiff_t channels, ptrdiff_t outputs, const float *v, const float *u, float *m, ptrdiff_t lead);
/// The results of tiles first ..< first + count for a block's outputs from m[e·apart + (t − first)·lead + o], plus a bias if there is one.
/// Returns whether all are finite.
int fx_winograd_result(const fx_winograd *w, ptrdiff_t first, ptrdiff_t count, ptrdiff_t block, const float *m, ptrdiff_t apart, ptrdiff_t lead,
                       const float *bias, float *y);

/// The result's adjoint: m[e·apart + (t − first)·lead + o] from dy.
void fx_winograd_result_adjoint(const fx_winograd *w, ptrdiff_t first, ptrdiff_t count, ptrdiff_t block, const float *dy, ptrdiff_t apart, ptrdiff_t lead,
                                float *m);
/// The products' adjoint in the filters: u[o·wide + c] = Σ over t of m[t·lead + o]·v[((c / L)·count + t)·L + c % L], or += where `adds`.
void fx_winograd_products_adjoint(ptrdiff_t count, ptrdiff_t outputs, ptrdiff_t wide, const float *m, ptrdiff_t lead, const float *v, int adds, float *u);
/// The filters' adjoint: f[outputs, channels, 3, 3] of output o and a block's channels from u[e·apart + o·wide + c]. Returns whether all are finite.
int fx_winograd_filters_adjoint(const fx_winograd *w, ptrdiff_t o, ptrdiff_t block, const float *u, ptrdiff_t apart, float *f);

// MARK: matmul.c — what CBLAS has no call for.

/// c[i·n + j] = a[i·step]·b[j] (float32 or float64): a product of rank one in a single write.
void fx_outer(int dtype, ptrdiff_t m, ptrdiff_t n, const void *a, ptrdiff_t step, const void *b, void *c);

/// c[m, n] = a·b for int32 / int64 with strides of a [m, k] and b [k, n] in elements; c contiguous.
void fx_matmul_int(int dtype, ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, const void *a, ptrdiff_t a_row, ptrdiff_t a_col, const void *b, ptrdiff_t b_row, ptrdiff_t b_col, void *c);

// MARK: small_systems.c — square matrices of at most FX_SMALL_SYSTEM rows, many at once; float32 or float64.
//
// x: element (i, j) of matrix l at x[l·step + i·row + j·column]; results contiguous. infos[l]: 0, or where it failed, counted from 1.

#define FX_SMALL_SYSTEM 32
/// What LAPACK's getrf does: l and u by columns, exchanges of rows counted from 1, the first pivot that is zero.
void fx_small_lu(int dtype, ptrdiff_t count, ptrdiff_t n, const void *x, ptrdiff_t step, ptrdiff_t row, ptrdiff_t column, void *lu,
                 int32_t *pivots, int32_t *infos);
/// What getrs does, in place of b [count, sides, n], from fx_small_lu's factors.
void fx_small_solve(int dtype, ptrdiff_t count, ptrdiff_t n, ptrdiff_t sides, int is_transposed, const void *lu, const int32_t *pivots,
                    void *b);
/// Inverses by columns, and the first pivot that is zero.
void fx_small_inverse(int dtype, ptrdiff_t count, ptrdiff_t n, const void *x, ptrdiff_t step, ptrdiff_t row, ptrdiff_t column, void *y,
                      int32_t *infos);
/// Lower triangular factors by rows, zeros above, of what is in lower triangles; the first leading minor that is not positive, or not finite.
void fx_small_cholesky(int dtype, ptrdiff_t count, ptrdiff_t n, const void *x, ptrdiff_t step, ptrdiff_t row, ptrdiff_t column, void *y,
                       int32_t *infos);
/// b [count, n, sides] = a⁻¹·b with triangular a, of which the named triangle is read, without its diagonal if that is of ones.
void fx_small_triangular(int dtype, ptrdiff_t count, ptrdiff_t n, ptrdiff_t sides, int is_upper, int is_unit, const void *a, ptrdiff_t step,
                         ptrdiff_t row, ptrdiff_t column, void *b);

// MARK: distances.c

/// out[i·n + j] = (Σ |x[i·d + k] − y[k·lead + j]|ᵖ)^(1/p) with p the order, as norms define it for 0 and ±∞; float32 or float64. `lead` is a
/// multiple of 256 bytes and at least n, and all of y may be read.
void fx_distances(int dtype, ptrdiff_t m, ptrdiff_t n, ptrdiff_t d, double order, const void *x, const void *y, ptrdiff_t lead, void *out);

/// out[i·d + k] = Σⱼ c[i, j]·sign(t)·|t|^(order − 1) with t = x[i·d + k] − y[j·d + k], 0 where t is; of order ±∞ Σⱼ c[i, j]·sign(t) over the t of
/// size r[i, j], shared among these. Element [i, j] of c, and of r, which only they read, is at i·row + j·column. Order 0 has no slopes.
void fx_distance_slopes(int dtype, ptrdiff_t m, ptrdiff_t n, ptrdiff_t d, double order, const void *x, const void *y, const void *c,
                        const void *r, ptrdiff_t row, ptrdiff_t column, void *out);

// MARK: scan.c, sort.c, search.c — running reductions, order, and places in an order.

// Scans: x and y are [outer, n, inner] with steps of `rows` along outer and of `step` along n, which may be negative; inner is contiguous.
/// Running sums, or products; those of int32 and bool are int64. Floats are accumulated in double.
void fx_scan(int product, int dtype, ptrdiff_t outer, ptrdiff_t rows, ptrdiff_t n, ptrdiff_t step, ptrdiff_t inner, const void *x, void *y);
/// The sum of n contiguous elements as *(double *) or, of integers, *(uint64_t *) total.
void fx_scan_total(int dtype, ptrdiff_t n, const void *x, void *total);
/// The running sums of one row (step 1 or −1) that begin with what fx_scan_total gave for the elements before.
void fx_scan_from(int dtype, ptrdiff_t n, ptrdiff_t step, const void *carry, const void *x, void *y);
/// Running log Σ exp of floats.
void fx_scan_logsumexp(int dtype, ptrdiff_t outer, ptrdiff_t rows, ptrdiff_t n, ptrdiff_t step, ptrdiff_t inner, const void *x, void *y);
/// y[k] = a[k]·y[k − 1] + b[k] of floats, where y[0] = b[0].
void fx_recurrence(int dtype, ptrdiff_t outer, ptrdiff_t rows, ptrdiff_t n, ptrdiff_t step, ptrdiff_t inner, const void *a, const void *b,
                   void *y);
/// The position of the largest (smallest) element so far: the last of equals, the last NaN if there is one.
void fx_scan_positions(int largest, int dtype, ptrdiff_t outer, ptrdiff_t rows, ptrdiff_t n, ptrdiff_t step, ptrdiff_t inner,
                       const void *x, int64_t *y);

// Order: stable, NaN as the largest. x is contiguous rows of n; `size` is an item's bytes: 8, or 16 for dtypes of 8 bytes and where n
// exceeds 2³². `scratch` holds 2·n items.
/// The positions, or the elements (where not NULL), of the first k in order of each row: [rows, k].
void fx_sort_rows(int dtype, int descending, int size, ptrdiff_t rows, ptrdiff_t n, ptrdiff_t k, const void *x, void *scratch,
                  int64_t *positions, void *values);
/// The position of the element at place k of the ascending order of each row.
void fx_kth_rows(int dtype, int size, ptrdiff_t rows, ptrdiff_t n, ptrdiff_t k, const void *x, void *scratch, int64_t *positions);
/// The position of each row's lower median, or of the first NaN unless they are ignored.
void fx_median_rows(int dtype, int ignoring, int size, ptrdiff_t rows, ptrdiff_t n, const void *x, void *scratch, int64_t *positions);
// One long row in parts: items from x[first ..< first + n]; then for each byte of the keys, from the lowest, the counts of each part
// (256 of them), where each part's share of each byte starts (0 if all bytes are the same), and the items moved there.
void fx_sort_encode(int dtype, int descending, int size, ptrdiff_t first, ptrdiff_t n, const void *x, void *items);
void fx_sort_count(int size, int digit, ptrdiff_t n, const void *items, int64_t *counts);
int fx_sort_starts(ptrdiff_t parts, ptrdiff_t n, int64_t *counts);
void fx_sort_distribute(int size, int digit, ptrdiff_t n, const void *items, int64_t *starts, void *out);
void fx_sort_decode(int size, ptrdiff_t first, ptrdiff_t n, const void *items, int64_t *positions);
void fx_sort_values(int dtype, int descending, int size, ptrdiff_t first, ptrdiff_t n, const void *items, const void *x, void *values);

/// The first position in a sorted row (of n, at steps of `row` from each other) before which x fits: before or behind its equals.
void fx_search_sorted(int dtype, int right, ptrdiff_t rows, ptrdiff_t n, ptrdiff_t row, ptrdiff_t count, const void *sorted, const void *x,
                      int64_t *y);
/// counts[j] += how many floats lie in bin j of low … high; the last bin has both its ends.
void fx_histogram(int dtype, ptrdiff_t n, double low, double high, ptrdiff_t bins, const void *x, int64_t *counts);

// MARK: scatter.c, window.c — writing to places, and sliding windows.

/// y[o, indices[j], i] = x[o, j, i], in the order of j; x [outer, count, inner], y [outer, n, inner].
void fx_put(int size, ptrdiff_t outer, ptrdiff_t n, ptrdiff_t inner, ptrdiff_t count, const int64_t *indices, const void *x, void *y);
/// y[o, indices[o, j, i], i] = x[o, j, i], in the order of j.
void fx_scatter(int size, ptrdiff_t outer, ptrdiff_t n, ptrdiff_t inner, ptrdiff_t count, const int64_t *indices, const void *x, void *y);
/// The same place takes the product, maximum or minimum (FX_R_PROD, FX_R_MAX, FX_R_MIN) of itself and x[o, j, i]; no bool.
void fx_scatter_reduce(int op, int dtype, ptrdiff_t outer, ptrdiff_t n, ptrdiff_t inner, ptrdiff_t count, const int64_t *indices, const void *x, void *y);
/// Rows first ..< first + count of matrices [rows, columns], one after the other: x where column ≤ row + diagonal (lower) or ≥ (upper), else 0.
void fx_triangle(int size, int upper, ptrdiff_t first, ptrdiff_t count, ptrdiff_t rows, ptrdiff_t columns, ptrdiff_t diagonal, const void *x, void *y);
/// y[i₀·y₀ + …] += x[i₀·x₀ + …] over `dims` in row-major order; places of y may be the same for several elements. No bool.
void fx_add_strided(int dtype, int rank, const ptrdiff_t *dims, const ptrdiff_t *x_strides, const void *x, const ptrdiff_t *y_strides, void *y);

// MARK: pad.c

/// What stands beyond an image's edge: a value, or elements as Swift's `PaddingMode` has them.
typedef enum { FX_CONSTANT, FX_REFLECT, FX_REPLICATE, FX_CIRCULAR } fx_border_mode;
/// Images of size[0] rows of size[1] elements, and how many rows and elements stand before and after them.
typedef struct { ptrdiff_t size[2], before[2], after[2]; } fx_border;

/// Rows first ..< first + count of images within borders, counted through all images; `size` is an element's bytes (1, 4 or 8). No border is larger than
/// its mode allows.
void fx_pad_rows(int size, fx_border_mode mode, const fx_border *b, ptrdiff_t first, ptrdiff_t count, const void *value, const void *x, void *y);

// MARK: convolution.c, pooling.c, resample.c, sample.c — images; [batch, channels, …] row-major.

/// A window that slides over a volume of three axes (images have one axis of size 1 in front, signals two). Output i of an axis sees the
/// inputs i·stride − before + j·dilation, j in 0 ..< window; those outside 0 ..< input are padding. `after` is the padding behind the last
/// input. A window of 0 (pooling only) is adaptive: output i sees the inputs from ⌊i·input/output⌋ up to ⌈(i + 1)·input/output⌉.
typedef struct { ptrdiff_t input[3], output[3], window[3], stride[3], dilation[3], before[3], after[3]; } fx_window;

/// columns[(c, kz, ky, kx), j] = x[c, the input under tap (kz, ky, kx) of output start + j], j in 0 ..< count; 0 for padding. Rows of
/// `columns` are `lead` elements apart; `size` is the element's bytes.
void fx_columns(int size, const fx_window *w, ptrdiff_t channels, ptrdiff_t start, ptrdiff_t count, const void *x, void *columns, ptrdiff_t lead);
/// The adjoint: each column's element is added to the input it came from. No bool.
void fx_columns_add(int dtype, const fx_window *w, ptrdiff_t channels, ptrdiff_t start, ptrdiff_t count, const void *columns, ptrdiff_t lead, void *x);
/// y[p] += Σ over taps k of weight[k]·x[the input under tap k of output p], for one plane x and one plane y. No bool.
void fx_correlate(int dtype, const fx_window *w, const void *x, const void *weight, void *y);
/// The adjoint in x: x[the input under tap k of output p] += weight[k]·y[p].
void fx_correlate_input(int dtype, const fx_window *w, const void *y, const void *weight, void *x);
/// The adjoint in the weight: weight[k] += Σ over p of y[p]·x[the input under tap k of output p].
void fx_correlate_weight(int dtype, const fx_window *w, const void *x, const void *y, void *weight);

/// A tile of a convolution's places, start ..< start + count on each axis, and the copy of what it sees of a channel: size[0] layers of
/// size[1] rows; a row is stride[2] phases of size[2] elements, element i of phase s being number i·stride[2] + s. Channels are `plane`
/// elements apart.
typedef struct { fx_window window; ptrdiff_t start[3], count[3], size[3], plane; } fx_tile;
/// A run of `count` neighbours: from a place in one buffer to a place in another.
typedef struct { ptrdiff_t from, to, count; } fx_run;

/// How many rows, and lanes of a vector, a block of a result held in registers has on this processor.
void fx_tile_shape(int dtype, ptrdiff_t *rows, ptrdiff_t *lanes);
/// Copies what a tile sees of some channels of x, zeros in the padding, between channels, and in the `behind` elements after the last one.
void fx_tile_pad(int dtype, const fx_tile *t, ptrdiff_t channels, ptrdiff_t behind, const void *x, void *y);
/// The matrix x[row, (channel, tap)] = x[row·row_step + channel·channel_step + tap] (the last tap first if `reversed`) as blocks of rows, each
/// column by column; the last block is filled up with zeros.
void fx_tile_pack(int dtype, ptrdiff_t rows, ptrdiff_t channels, ptrdiff_t taps, ptrdiff_t row_step, ptrdiff_t channel_step, int reversed,
                  const void *x, void *y);
/// y[row·lead + run.to + i] = bias[row] + Σ over k ..< depth of a[row, k]·b[offsets[k] + run.from + i] for i in 0 ..< run.count; a is packed, no run is
/// longer than the lanes of a vector, and behind what b's last run needs there are as many elements that may be read (normal numbers or 0, for speed).
void fx_tile_product(int dtype, ptrdiff_t rows, ptrdiff_t depth, const void *a, const ptrdiff_t *offsets, ptrdiff_t count, const fx_run *runs,
                     const void *b, const void *bias, void *y, ptrdiff_t lead);
/// sums[k·lead + o] += Σ over runs and i of b[offsets[k] + run.from + i]·dy[(run.to + i)·lead + o] for o in 0 ..< lead, a multiple of the lanes.
void fx_tile_weight(int dtype, ptrdiff_t depth, const ptrdiff_t *offsets, ptrdiff_t count, const fx_run *runs, const void *b, const void *dy,
                    ptrdiff_t lead, void *sums);

// MARK: convolution_pad.c, convolution_planes.c — one channel, one output.

/// fx_tile_pad of one channel; `is_clear` if y has zeros wherever it has no element of x, as the copy of another plane leaves it.
void fx_tile_pad_plane(int dtype, const fx_tile *t, int is_clear, ptrdiff_t behind, const void *x, void *y);
/// y[p] = bias + Σ over taps k of weight[k]·copy[offsets[k] + the place of p], for the tile's places p of a plane y; 0 in place of a NULL bias.
/// Behind the copy's end there are nine vectors that may be read.
void fx_tile_plane(int dtype, const fx_tile *t, ptrdiff_t taps, const ptrdiff_t *offsets, const void *weight, const void *bias, const void *copy,
                   void *y);
/// sums[k] += Σ over the tile's places p of copy[offsets[k] + the place of p]·y[p].
void fx_tile_plane_weight(int dtype, const fx_tile *t, ptrdiff_t taps, const ptrdiff_t *offsets, const void *copy, const void *y, double *sums);

// MARK: pooling.c

/// The largest element under each window; NaN if there is one. Padding never counts, and a window without elements gives the lowest number.
void fx_max_pool(int dtype, const fx_window *w, ptrdiff_t planes, const void *x, void *y);
/// Where it lies in its plane: the first of equal ones, the last NaN; 0 for a window without elements.
void fx_max_pool_positions(int dtype, const fx_window *w, ptrdiff_t planes, const void *x, int64_t *y);
/// dx = dy at the place of each window's largest element, added up, else 0; float32 and float64.
void fx_max_pool_backward(int dtype, const fx_window *w, ptrdiff_t planes, const void *x, const void *dy, void *dx);
/// The sum under each window over `divisor`, or if that is 0 over the number of elements, with those of padding if `padded`.
void fx_mean_pool(int dtype, const fx_window *w, int padded, int64_t divisor, ptrdiff_t planes, const void *x, void *y);
/// The adjoint; float32 and float64.
void fx_mean_pool_backward(int dtype, const fx_window *w, int padded, int64_t divisor, ptrdiff_t planes, const void *dy, void *dx);

/// y[o, i, j] = Σ over t of weights[i·taps + t]·x[o, places[i·taps + t], j], x [outer, n, inner], y [outer, count, inner].
void fx_resample(int dtype, ptrdiff_t outer, ptrdiff_t n, ptrdiff_t count, ptrdiff_t inner, ptrdiff_t taps, const int64_t *places,
                 const double *weights, const void *x, void *y);
/// The adjoint: x[o, places[i·taps + t], j] += weights[i·taps + t]·y[o, i, j].
void fx_resample_add(int dtype, ptrdiff_t outer, ptrdiff_t n, ptrdiff_t count, ptrdiff_t inner, ptrdiff_t taps, const int64_t *places,
                     const double *weights, const void *y, void *x);
/// y[c, p] = Σ over t of weights[t, p]·x[c, places[t, p]]; a negative place counts nothing. x [channels, n], y [channels, points].
void fx_sample(int dtype, ptrdiff_t channels, ptrdiff_t n, ptrdiff_t taps, ptrdiff_t points, const int64_t *places, const void *weights,
               const void *x, void *y);
/// The same and the adjoint in the weights with the channels inside, which is faster from three channels on. `memory` has room for fx_sample_width
/// numbers for each of n + points. See sample_channels.c.
ptrdiff_t fx_sample_width(ptrdiff_t channels);
void fx_sample_inside(int dtype, ptrdiff_t channels, ptrdiff_t n, ptrdiff_t taps, ptrdiff_t points, const int64_t *places, const void *weights,
                      const void *x, void *y, void *memory);
void fx_sample_weights_inside(int dtype, ptrdiff_t channels, ptrdiff_t n, ptrdiff_t taps, ptrdiff_t points, const int64_t *places,
                              const void *x, const void *y, void *weights, void *memory);
/// The adjoint in x: x[c, places[t, p]] += weights[t, p]·y[c, p].
void fx_sample_add(int dtype, ptrdiff_t channels, ptrdiff_t n, ptrdiff_t taps, ptrdiff_t points, const int64_t *places, const void *weights,
                   const void *y, void *x);
/// The adjoint in the weights: weights[t, p] = Σ over c of y[c, p]·x[c, places[t, p]].
void fx_sample_weights(int dtype, ptrdiff_t channels, ptrdiff_t n, ptrdiff_t taps, ptrdiff_t points, const int64_t *places, const void *x,
                       const void *y, void *weights);
/// y[p] = Σ over c and t of x[c, places[t, p]]·(the factors' product)·dy[c, p], t being the combinations of four neighbours along each of two or three
/// axes, the last axis fastest; factors [axes, 4, points]. In this very order, without fused additions.
void fx_sample_cubic(int dtype, ptrdiff_t axes, ptrdiff_t channels, ptrdiff_t n, ptrdiff_t points, const int64_t *places, const void *factors,
                     const void *x, const void *dy, void *y);

// MARK: norm.c, attention.c — rows of features.

/// Each contiguous row less its mean (if `centered`), over √(its mean square + epsilon), times w, plus b; w and b [n] or NULL. Rows whose squares
/// overflow or vanish, or which are nearly constant, are done by exact moments.
void fx_norm_rows(int dtype, int centered, ptrdiff_t rows, ptrdiff_t n, double epsilon, const void *x, const void *w, const void *b, void *y);
/// The gradient of fx_norm_rows: dx is written, dw and db [n] (or NULL) are added to.
void fx_norm_rows_backward(int dtype, int centered, ptrdiff_t rows, ptrdiff_t n, double epsilon, const void *x, const void *w, const void *dy,
                           void *dx, void *dw, void *db);
/// The same for channels: channel c of image i are the n elements from x + i·step + c·n on. Mean and variance [channels] are written too.
void fx_norm_channels(int dtype, ptrdiff_t batch, ptrdiff_t step, ptrdiff_t channels, ptrdiff_t n, double epsilon, const void *x, const void *w,
                      const void *b, void *mean, void *variance, void *y);
/// The gradient of fx_norm_channels; dw and db [channels] are written.
void fx_norm_channels_backward(int dtype, ptrdiff_t batch, ptrdiff_t step, ptrdiff_t channels, ptrdiff_t n, double epsilon, const void *x,
                               const void *w, const void *mean, const void *variance, const void *dy, void *dx, void *dw, void *db);

/// Scores [rows, n] become softmax(scale·x, masked): a byte of `allowed` that is 0 hides a key, `added` is added to the scaled scores (each NULL
/// or by its steps), and row r sees its first seen + r keys only. What is hidden, by −∞ too, counts nothing, whatever its score. A row that sees
/// nothing becomes zeros. With `factors` the rows stay exponentials, and what they are to be multiplied by goes there.
void fx_attention_weights(int dtype, ptrdiff_t rows, ptrdiff_t n, ptrdiff_t seen, double scale, const uint8_t *allowed, const void *added,
                          ptrdiff_t mask_row, ptrdiff_t mask_column, void *x, void *factors);
/// x[r, ·] *= factors[r].
void fx_scale_rows(int dtype, ptrdiff_t rows, ptrdiff_t n, const void *factors, void *x);
/// The gradient for the weights p [rows, n] becomes that for the scores: dp = scale·p·(dp − Σ y·dy), y and dy [rows, outputs]; 0 where p is.
void fx_attention_scores(int dtype, ptrdiff_t rows, ptrdiff_t n, ptrdiff_t outputs, double scale, const void *y, const void *dy, const void *p,
                         void *dp);
/// y[r, c] = Σ a[r·a_row + i]·b[c·b_row + i] over i < width.
void fx_row_products(int dtype, ptrdiff_t rows, ptrdiff_t n, ptrdiff_t width, const void *a, ptrdiff_t a_row, const void *b, ptrdiff_t b_row,
                     void *y);

/// y[r, i] = Σ a[r·n + c]·b[c·b_row + i] over c < n, in their order.
void fx_row_sums(int dtype, ptrdiff_t rows, ptrdiff_t n, ptrdiff_t width, const void *a, const void *b, ptrdiff_t b_row, void *y);

// MARK: mend.c — what to do where sums overflow or vanish, or a mean's rounding counts: see moments.h. Rows of n in order.

/// Whether some element is not in low … high; NaN is not.
int fx_any_outside(int dtype, ptrdiff_t n, const void *y, double low, double high);
/// Whether some variance is not to be trusted.
int fx_any_doubtful(int dtype, ptrdiff_t n, const void *means, const void *variances);
/// Whether variance i + epsilon is not.
int fx_is_doubtful(int dtype, ptrdiff_t i, double epsilon, const void *means, const void *variances);
/// y[r] = the mean of x[r, ·], where it is infinite or NaN and the elements are not.
void fx_mend_means(int dtype, ptrdiff_t rows, ptrdiff_t n, const void *x, void *y);
/// y[r] = Σ (x[r, ·] − mean)² / divisor where it is not to be trusted; with `root` the square roots of all.
void fx_mend_variances(int dtype, ptrdiff_t rows, ptrdiff_t n, double divisor, int root, const void *x, const void *means, void *y);
/// y[r] = (Σ |x[r, ·]|ᵒʳᵈᵉʳ)^(1/order) where it is not in low … high.
void fx_mend_norms(int dtype, ptrdiff_t rows, ptrdiff_t n, double order, double low, double high, const void *x, void *y);

// MARK: counted.c — products in which a factor of 0 leaves out what it multiplies. Matrices by the steps of their rows and columns.

/// Whether no element of x [rows, n] is infinite or NaN.
int fx_matrix_is_finite(int dtype, ptrdiff_t rows, ptrdiff_t n, ptrdiff_t row, ptrdiff_t column, const void *x);
/// y = x, with 0 in place of what is infinite or NaN.
void fx_copy_finite(int dtype, ptrdiff_t rows, ptrdiff_t n, ptrdiff_t row, ptrdiff_t column, const void *x, void *y);
/// y[r, c] += a[r, j]·b[j, c] for those b that are infinite or NaN and those a that are not 0; y [rows, n] in order, b [k, n].
void fx_add_infinite(int dtype, ptrdiff_t rows, ptrdiff_t n, ptrdiff_t k, const void *a, ptrdiff_t a_row, ptrdiff_t a_column, const void *b,
                     ptrdiff_t b_row, ptrdiff_t b_column, void *y);
/// Rows of zeros in x [rows, n] where a row of dy [rows, outputs] has only zeros.
void fx_clear_rows(int dtype, ptrdiff_t rows, ptrdiff_t outputs, const void *dy, ptrdiff_t n, void *x);

/// y[to[j], i] += factors[j]·x[from[j], i] for first ≤ i < last, in the order of j; from NULL is j, factors NULL are 1, to[j] < 0 is left out, and so
/// are factors of 0.
void fx_combine_rows(int dtype, ptrdiff_t count, ptrdiff_t n, ptrdiff_t first, ptrdiff_t last, const int64_t *from, const int64_t *to,
                     const void *factors, const void *x, void *y);
/// y[to[j], i] = the first from[j] for which x[from[j], i] is largest (NaN counts as that); y is −1 at first.
void fx_largest_rows(int dtype, ptrdiff_t count, ptrdiff_t n, ptrdiff_t first, ptrdiff_t last, const int64_t *from, const int64_t *to,
                     const void *x, int64_t *y);

// MARK: recurrent.c — one step t of a recurrence for `rows` sequences with n hidden numbers each.
//
// x are the gates' sums without the hidden value's part, [rows, k·n] by their step; products [rows, k·n] are that part. The state, h and c
// [rows, n], changes in place; y (rows by their step) is the new h. Where lengths[r] ≤ t (NULL: nowhere) y is 0 and the state stays.
// Backward, dh and dc come in as the gradients at the state after the step, dy as that at y; they leave as those at the state before it, but
// for the products' part of dh, dp • weight, which is still to be added. `before` is c (LSTM) or h (GRU) before the step.

/// Gates i, f, g, o: c = f·c + i·g, h = o·tanh(c). kept: i, f, g, o and the new c; a step of 0 if nobody reads them.
void fx_lstm_step(int dtype, ptrdiff_t rows, ptrdiff_t n, const void *x, ptrdiff_t x_step, const void *products, const int64_t *lengths,
                  ptrdiff_t t, void *h, void *c, void *y, ptrdiff_t y_step, void *kept, ptrdiff_t kept_step);
/// dx, which is dp as well.
void fx_lstm_step_backward(int dtype, ptrdiff_t rows, ptrdiff_t n, const void *kept, ptrdiff_t kept_step, const void *before,
                           ptrdiff_t before_step, const void *dy, ptrdiff_t dy_step, const int64_t *lengths, ptrdiff_t t, void *dh,
                           void *dc, void *dx, ptrdiff_t dx_step);
/// Gates r, z, v: with m = products + bias, v = tanh(x + r·m) and h = (1 − z)·v + z·h. kept: r, z, v and v's m.
void fx_gru_step(int dtype, ptrdiff_t rows, ptrdiff_t n, const void *x, ptrdiff_t x_step, const void *products, const void *bias,
                 const int64_t *lengths, ptrdiff_t t, void *h, void *y, ptrdiff_t y_step, void *kept, ptrdiff_t kept_step);
/// dx, and dp by its own step.
void fx_gru_step_backward(int dtype, ptrdiff_t rows, ptrdiff_t n, const void *kept, ptrdiff_t kept_step, const void *before,
                          ptrdiff_t before_step, const void *dy, ptrdiff_t dy_step, const int64_t *lengths, ptrdiff_t t, void *dh,
                          void *dx, ptrdiff_t dx_step, void *dp, ptrdiff_t dp_step);
/// h = activation(x + products): FX_SIGMOID, FX_TANH, or FX_MAX for max(0, ·).
void fx_simple_step(int dtype, int activation, ptrdiff_t rows, ptrdiff_t n, const void *x, ptrdiff_t x_step, const void *products,
                    const int64_t *lengths, ptrdiff_t t, void *h, void *y, ptrdiff_t y_step);
/// dx, which is dp as well.
void fx_simple_step_backward(int dtype, int activation, ptrdiff_t rows, ptrdiff_t n, const void *y, ptrdiff_t y_step, const void *dy,
                             ptrdiff_t dy_step, const int64_t *lengths, ptrdiff_t t, void *dh, void *dx, ptrdiff_t dx_step);
// MARK: ctc.c — alignments of sequences.

/// How many doubles of memory fx_ctc wants.
ptrdiff_t fx_ctc_memory(ptrdiff_t time, ptrdiff_t length, int gradient);
/// −log of the probability of a target of `length` classes under log probabilities x [time, classes], over all alignments; ∞ where there is
/// none. With dx [time, classes] (else NULL) dy times its gradient is added there, 0 of an infinite one.
double fx_ctc(int dtype, ptrdiff_t time, ptrdiff_t classes, ptrdiff_t length, int64_t blank, const int64_t *targets, const void *x,
              double *memory, double dy, void *dx);

#endif
