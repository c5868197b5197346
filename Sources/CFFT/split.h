// One signal of n1 * n2 numbers as a matrix (Bailey's four steps): transforms of its columns, side by side in lanes, products with roots of unity, transforms of
// its rows. Between them lies what the first step gave, turned: for each group of lanes of the second step, n2 vectors.
namespace FX_NAMESPACE {

using pocketfft::detail::pocketfft_c;
using pocketfft::detail::sincos_2pibyn;

// n = columns_length * rows_length where that costs less than one signal alone; else 0.
template<typename T> size_t split_length(size_t n) {
  constexpr size_t lanes = Lanes<T>::count;
  using pocketfft::detail::util;
  if (n < 16 * lanes) return 0;
  // Reading, turning and multiplying cost about as much as two radices more.
  double best = 0.8 * util::cost_guess(n);
  size_t length = 0;
  for (size_t a = 2; a <= n / a; a++) {
    if (n % a) continue;
    for (size_t n1 : {a, n / a}) {
      size_t n2 = n / n1;
      double groups1 = double((n2 + lanes - 1) / lanes), groups2 = double((n1 + lanes - 1) / lanes);
      double cost = groups1 * (util::cost_guess(n1) + 4 * double(n1)) + groups2 * (util::cost_guess(n2) + 4 * double(n2));
      if (cost < best) {
        best = cost;
        length = n1;
      }
    }
  }
  return length;
}

template<typename T> class Split {
  static constexpr size_t lanes = Lanes<T>::count;
  using V = Vector<T>;
  using C = cmplx<V>;

  size_t n1, n2, groups1, groups2;
  pocketfft_c<T> columns, rows;
  // For each group of columns n1 vectors of e^(2*pi*i*j2*k1/n).
  arr<T> roots;

public:
  Split(size_t n, size_t n1)
    : n1(n1), n2(n / n1), groups1((n2 + lanes - 1) / lanes), groups2((n1 + lanes - 1) / lanes), columns(n1), rows(n2), roots(groups1 * n1 * 2 * lanes) {
    sincos_2pibyn<T> root(n);
    for (size_t group = 0; group < groups1; group++)
      for (size_t k1 = 0; k1 < n1; k1++)
        for (size_t lane = 0; lane < lanes; lane++) {
          size_t j2 = std::min(group * lanes + lane, n2 - 1);
          auto w = root[j2 * k1];
          roots[(group * n1 + k1) * 2 * lanes + lane] = w.r;
          roots[(group * n1 + k1) * 2 * lanes + lanes + lane] = w.i;
        }
  }

  size_t bytes() const { return (roots.size() + n1 + n2) * sizeof(T); }
  size_t between() const { return groups2 * n2 * sizeof(C) + 64; }
  size_t parts(int step) const { return step == 0 ? groups1 : groups2; }

  static C *aligned(void *p) { return reinterpret_cast<C *>((reinterpret_cast<uintptr_t>(p) + 63) & ~uintptr_t(63)); }

  void run_columns(const T *from, ptrdiff_t stride, bool forward, size_t first, size_t last, void *memory) const {
    C *between = aligned(memory);
    arr<C> data(n1);
    for (size_t group = first; group < last; group++) {
      size_t j2 = group * lanes;
      Signals<const T> signals{from + 2 * ptrdiff_t(j2) * stride, stride, ptrdiff_t(n2) * stride, std::min(lanes, n2 - j2)};
      C *c = data.data();
      read_complex(signals, n1, [c](size_t j, const C &v) __attribute__((always_inline)) { c[j] = v; });
      columns.exec(c, T(1), forward);
      const C *w = reinterpret_cast<const C *>(roots.data()) + group * n1;
      for (size_t other = 0; other < groups2; other++) {
        V r[lanes], i[lanes];
        C *to = between + other * n2 + j2;
        size_t k1 = other * lanes, count = std::min(lanes, n1 - k1);
        if (count == lanes) {
#pragma clang loop unroll(full)
          for (size_t k = 0; k < lanes; k++) rotate(forward, c[k1 + k], w[k1 + k], r[k], i[k]);
        } else {
          for (size_t k = 0; k < lanes; k++) {
            size_t at = k1 + std::min(k, count - 1);
            rotate(forward, c[at], w[at], r[k], i[k]);
          }
        }
        turn<1, T>(r);
        turn<1, T>(i);
        if (signals.valid == lanes) {
#pragma clang loop unroll(full)
          for (size_t k = 0; k < lanes; k++) to[k] = C(r[k], i[k]);
        } else {
          for (size_t k = 0; k < signals.valid; k++) to[k] = C(r[k], i[k]);
        }
      }
    }
  }

  // a * w, or forward a * conj(w).
  static FX_FORCED void rotate(bool forward, const C &a, const C &w, V &r, V &i) {
    V wi = forward ? -w.i : w.i;
    r = a.r * w.r - a.i * wi;
    i = a.r * wi + a.i * w.r;
  }

  void run_rows(T *to, ptrdiff_t stride, T scale, bool forward, size_t first, size_t last, void *memory) const {
    C *between = aligned(memory);
    for (size_t group = first; group < last; group++) {
      C *c = between + group * n2;
      rows.exec(c, scale, forward);
      size_t k1 = group * lanes;
      Signals<T> signals{to + 2 * ptrdiff_t(k1) * stride, stride, ptrdiff_t(n1) * stride, std::min(lanes, n1 - k1)};
      write_complex(signals, n2, [c](size_t j) __attribute__((always_inline)) { return c[j]; });
    }
  }
};

}  // namespace FX_NAMESPACE
