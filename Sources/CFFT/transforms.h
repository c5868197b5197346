// The plans of an instruction set: complex and real signals of one length, several at a time in the lanes of vectors or one that is split.
namespace FX_NAMESPACE {

using pocketfft::detail::pocketfft_r;

// Signals beside each other in memory are read into lanes as they lie; they are split only where they would take more than the second-level cache.
constexpr size_t lanes_bytes = 1 << 20;

template<typename T> class ComplexPlan final : public fx_fft_plan {
  using V = Vector<T>;
  size_t n;
  pocketfft_c<T> plan;
  std::unique_ptr<Split<T>> split;

public:
  explicit ComplexPlan(size_t n) : n(n), plan(n) {
    if (size_t n1 = split_length<T>(n)) split.reset(new Split<T>(n, n1));
  }

  int64_t bytes() const override { return int64_t(4 * n * sizeof(T) + (split ? split->bytes() : 0)); }
  int lanes() const override { return int(Lanes<T>::count); }
  bool is_split(const fx_fft_job &job, int64_t count) const override {
    constexpr size_t lanes = Lanes<T>::count;
    return split && (job.from_stride == 1 || count * 2 < int64_t(lanes) || 4 * n * lanes * sizeof(T) > lanes_bytes);
  }

  void run(const fx_fft_job &job, int64_t first, int64_t last) const override {
    constexpr int64_t lanes = Lanes<T>::count;
    bool forward = job.kind == FX_FFT_FORWARD;
    const T *from = static_cast<const T *>(job.from);
    T *to = static_cast<T *>(job.to);
    if (last - first == 1) {
      arr<cmplx<T>> data(n);
      for (size_t j = 0; j < n; j++) {
        const T *x = from + 2 * (first * job.from_distance + ptrdiff_t(j) * job.from_stride);
        data[j].Set(x[0], x[1]);
      }
      plan.exec(data.data(), T(job.scale), forward);
      for (size_t j = 0; j < n; j++) {
        T *y = to + 2 * (first * job.to_distance + ptrdiff_t(j) * job.to_stride);
        y[0] = data[j].r;
        y[1] = data[j].i;
      }
      return;
    }
    arr<cmplx<V>> data(n);
    cmplx<V> *c = data.data();
    for (int64_t at = first; at < last; at += lanes) {
      size_t valid = size_t(std::min(lanes, last - at));
      read_complex(
        Signals<const T>{from + 2 * at * job.from_distance, job.from_distance, job.from_stride, valid}, n,
        [c](size_t j, const cmplx<V> &v) __attribute__((always_inline)) { c[j] = v; });
      plan.exec(c, T(job.scale), forward);
      write_complex(
        Signals<T>{to + 2 * at * job.to_distance, job.to_distance, job.to_stride, valid}, n,
        [c](size_t j) __attribute__((always_inline)) { return c[j]; });
    }
  }

  int64_t split_bytes() const override { return int64_t(split->between()); }
  int64_t split_parts(int step) const override { return step < 2 ? int64_t(split->parts(step)) : 0; }
  void split_run(const fx_fft_job &job, int step, int64_t first, int64_t last, void *between) const override {
    bool forward = job.kind == FX_FFT_FORWARD;
    if (step == 0)
      split->run_columns(static_cast<const T *>(job.from), job.from_stride, forward, size_t(first), size_t(last), between);
    else
      split->run_rows(static_cast<T *>(job.to), job.to_stride, T(job.scale), forward, size_t(first), size_t(last), between);
  }
};

// A split real signal of n numbers is one of n/2 complex ones, whose transform is that of the even and that of the odd ones.
template<typename T> class RealPlan final : public fx_fft_plan {
  using V = Vector<T>;
  size_t n, half;
  pocketfft_r<T> plan;
  std::unique_ptr<Split<T>> split;
  // e^(2*pi*i*k/n) for k = 0 ..< n/2.
  arr<cmplx<T>> roots;
  static constexpr size_t part = 4096, count = Lanes<T>::count;

public:
  explicit RealPlan(size_t n) : n(n), half(n / 2), plan(n) {
    size_t n1 = n % 2 == 0 ? split_length<T>(half) : 0;
    if (!n1) return;
    split.reset(new Split<T>(half, n1));
    roots.resize(half);
    sincos_2pibyn<T> root(n);
    for (size_t k = 0; k < half; k++) roots[k] = root[k];
  }

  int64_t bytes() const override { return int64_t(3 * n * sizeof(T) + (split ? split->bytes() : 0)); }
  int lanes() const override { return int(Lanes<T>::count); }
  bool is_split(const fx_fft_job &job, int64_t) const override {
    return split && (job.kind == FX_FFT_REAL ? job.from_stride : job.to_stride) == 1;
  }

  void run(const fx_fft_job &job, int64_t first, int64_t last) const override {
    constexpr int64_t lanes = Lanes<T>::count;
    T sign = job.conjugated ? T(-1) : T(1);
    const T *from = static_cast<const T *>(job.from);
    T *to = static_cast<T *>(job.to);
    if (last - first == 1) return run_one(job, first, from, to, sign);
    arr<V> data(n);
    V *c = data.data();
    const V zero = V{};
    for (int64_t at = first; at < last; at += lanes) {
      size_t valid = size_t(std::min(lanes, last - at)), n = this->n;
      if (job.kind == FX_FFT_REAL) {
        read_real(
          Signals<const T>{from + at * job.from_distance, job.from_distance, job.from_stride, valid}, n,
          [c](size_t j, V v) __attribute__((always_inline)) { c[j] = v; });
        plan.exec(c, T(job.scale), true);
        write_complex(
          Signals<T>{to + 2 * at * job.to_distance, job.to_distance, job.to_stride, valid}, n / 2 + 1,
          [c, n, zero, sign](size_t k) __attribute__((always_inline)) {
            return cmplx<V>(c[k == 0 ? 0 : 2 * k - 1], k == 0 || 2 * k == n ? zero : c[2 * k] * sign);
          });
      } else {
        read_complex(
          Signals<const T>{from + 2 * at * job.from_distance, job.from_distance, job.from_stride, valid}, n / 2 + 1,
          [c, n, sign](size_t k, const cmplx<V> &v) __attribute__((always_inline)) {
            c[k == 0 ? 0 : 2 * k - 1] = v.r;
            if (k > 0 && 2 * k < n) c[2 * k] = v.i * sign;
          });
        plan.exec(c, T(job.scale), false);
        write_real(
          Signals<T>{to + at * job.to_distance, job.to_distance, job.to_stride, valid}, n,
          [c](size_t j) __attribute__((always_inline)) { return c[j]; });
      }
    }
  }

  void run_one(const fx_fft_job &job, int64_t at, const T *from, T *to, T sign) const {
    arr<T> data(n);
    if (job.kind == FX_FFT_REAL) {
      for (size_t j = 0; j < n; j++) data[j] = from[at * job.from_distance + ptrdiff_t(j) * job.from_stride];
      plan.exec(data.data(), T(job.scale), true);
      for (size_t k = 0; k <= n / 2; k++) {
        T *y = to + 2 * (at * job.to_distance + ptrdiff_t(k) * job.to_stride);
        y[0] = data[k == 0 ? 0 : 2 * k - 1];
        y[1] = k == 0 || 2 * k == n ? T(0) : data[2 * k] * sign;
      }
    } else {
      for (size_t k = 0; k <= n / 2; k++) {
        const T *x = from + 2 * (at * job.from_distance + ptrdiff_t(k) * job.from_stride);
        data[k == 0 ? 0 : 2 * k - 1] = x[0];
        if (k > 0 && 2 * k < n) data[2 * k] = x[1] * sign;
      }
      plan.exec(data.data(), T(job.scale), false);
      for (size_t j = 0; j < n; j++) to[at * job.to_distance + ptrdiff_t(j) * job.to_stride] = data[j];
    }
  }

  int64_t split_bytes() const override { return int64_t(split->between() + 2 * half * sizeof(T)); }
  int64_t split_parts(int step) const override {
    int64_t pairs = int64_t((half / 2 + part) / part);
    return step == 0 ? int64_t(split->parts(0)) : step == 1 ? int64_t(split->parts(1)) : step == 2 ? pairs : 0;
  }
  // Real to complex: columns, rows, pairs of elements; complex to real: pairs, columns, rows, whose numbers are 2, 0, 1.
  void split_run(const fx_fft_job &job, int step, int64_t first, int64_t last, void *memory) const override {
    T *middle = static_cast<T *>(memory);
    void *between = middle + 2 * half;
    bool forward = job.kind == FX_FFT_REAL;
    if (step == 0)
      split->run_columns(forward ? static_cast<const T *>(job.from) : middle, 1, forward, size_t(first), size_t(last), between);
    else if (step == 1)
      split->run_rows(forward ? middle : static_cast<T *>(job.to), 1, T(job.scale), forward, size_t(first), size_t(last), between);
    else if (forward)
      postprocess(middle, static_cast<T *>(job.to), job.to_stride, job.conjugated ? T(-1) : T(1), size_t(first) * part, size_t(last) * part);
    else
      preprocess(static_cast<const T *>(job.from), job.from_stride, job.conjugated ? T(-1) : T(1), middle, size_t(first) * part, size_t(last) * part);
  }

private:
  // For numbers k = first ..< last of half/2 + 1 and their others, half - k: X[k] = E[k] + e^(-2*pi*i*k/n)*O[k], where E and O are what is even and odd in z.
  void postprocess(const T *z, T *y, ptrdiff_t stride, T sign, size_t first, size_t last) const {
    last = std::min(last, half / 2 + 1);
    size_t k = first;
    auto pair = [&](size_t k) {
      size_t other = half - k, wrapped = k == 0 ? 0 : other;
      cmplx<T> p, q;
      postprocessed(cmplx<T>(z[2 * k], z[2 * k + 1]), cmplx<T>(z[2 * wrapped], z[2 * wrapped + 1]), roots[k], sign, p, q);
      T *to = y + 2 * ptrdiff_t(other) * stride;
      to[0] = q.r;
      to[1] = k == 0 ? T(0) : q.i;
      to = y + 2 * ptrdiff_t(k) * stride;
      to[0] = p.r;
      to[1] = k == 0 ? T(0) : p.i;
    };
    if (k == 0 && last > 0) pair(k++);
    if (stride == 1)
      for (; k + count <= last && 2 * (k + count - 1) < half; k += count) {
        size_t other = half - k - (count - 1);
        cmplx<V> p, q, w = read_numbers<T>(&roots[k].r);
        postprocessed(read_numbers<T>(z + 2 * k), reversed<T>(read_numbers<T>(z + 2 * other)), w, sign, p, q);
        write_numbers<T>(p, y + 2 * k);
        write_numbers<T>(reversed<T>(q), y + 2 * other);
      }
    for (; k < last; k++) pair(k);
  }

  template<typename U> static FX_FORCED void postprocessed(const cmplx<U> &a, const cmplx<U> &b, const cmplx<U> &w, T sign, cmplx<U> &p, cmplx<U> &q) {
    U er = (a.r + b.r) * T(0.5), ei = (a.i - b.i) * T(0.5), odr = (a.i + b.i) * T(0.5), odi = (b.r - a.r) * T(0.5);
    U tr = odr * w.r + odi * w.i, ti = odi * w.r - odr * w.i;
    p = cmplx<U>(er + tr, (ei + ti) * sign);
    q = cmplx<U>(er - tr, (ti - ei) * sign);
  }

  // The other way: Z[k] = 2*(E[k] + i*O[k]) of X, whose first and last number are taken as real.
  void preprocess(const T *x, ptrdiff_t stride, T sign, T *z, size_t first, size_t last) const {
    last = std::min(last, half / 2 + 1);
    size_t k = first;
    auto pair = [&](size_t k) {
      size_t other = half - k;
      const T *a = x + 2 * ptrdiff_t(k) * stride, *b = x + 2 * ptrdiff_t(other) * stride;
      cmplx<T> p, q;
      preprocessed(cmplx<T>(a[0], k == 0 ? T(0) : a[1]), cmplx<T>(b[0], k == 0 ? T(0) : b[1]), roots[k], sign, p, q);
      if (k > 0) {
        z[2 * other] = q.r;
        z[2 * other + 1] = q.i;
      }
      z[2 * k] = p.r;
      z[2 * k + 1] = p.i;
    };
    if (k == 0 && last > 0) pair(k++);
    if (stride == 1)
      for (; k + count <= last && 2 * (k + count - 1) < half; k += count) {
        size_t other = half - k - (count - 1);
        cmplx<V> p, q, w = read_numbers<T>(&roots[k].r);
        preprocessed(read_numbers<T>(x + 2 * k), reversed<T>(read_numbers<T>(x + 2 * other)), w, sign, p, q);
        write_numbers<T>(p, z + 2 * k);
        write_numbers<T>(reversed<T>(q), z + 2 * other);
      }
    for (; k < last; k++) pair(k);
  }

  template<typename U> static FX_FORCED void preprocessed(const cmplx<U> &a, const cmplx<U> &b, const cmplx<U> &w, T sign, cmplx<U> &p, cmplx<U> &q) {
    U er = a.r + b.r, ei = (a.i - b.i) * sign, dr = a.r - b.r, di = (a.i + b.i) * sign;
    U odr = dr * w.r - di * w.i, odi = dr * w.i + di * w.r;
    p = cmplx<U>(er - odi, ei + odr);
    q = cmplx<U>(er + odi, odr - ei);
  }
};

}  // namespace FX_NAMESPACE

fx_fft_plan *FX_JOIN(fx_fft_plan_, FX_LEVEL)(bool is_double, bool is_real, size_t n) {
  using namespace FX_NAMESPACE;
  if (is_real) return is_double ? static_cast<fx_fft_plan *>(new RealPlan<double>(n)) : new RealPlan<float>(n);
  return is_double ? static_cast<fx_fft_plan *>(new ComplexPlan<double>(n)) : new ComplexPlan<float>(n);
}
