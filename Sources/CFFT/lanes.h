// Vectors with one signal in each lane: shuffles that turn rows of memory into them and back, and memory for some of them.
namespace FX_NAMESPACE {

using pocketfft::detail::arr;
using pocketfft::detail::cmplx;

template<typename T> struct Lanes {
  static constexpr size_t count = FX_BYTES / sizeof(T);
  typedef T V __attribute__((vector_size(FX_BYTES)));
};
template<typename T> using Vector = typename Lanes<T>::V;

template<typename V, typename T> FX_FORCED V read(const T *from) {
  V v;
  std::memcpy(&v, from, sizeof(V));
  return v;
}
template<typename V, typename T> FX_FORCED void write(V v, T *to) { std::memcpy(to, &v, sizeof(V)); }

// Memory of a thread for short arrays, taken and given back as from a stack: a transform of 32 numbers takes no longer than two calls of malloc.
struct Scratch {
  static constexpr size_t size = 1 << 15;
  alignas(64) char bytes[size];
  size_t used;
};
inline thread_local Scratch scratch;

template<typename C> class ShortArray {
  C *p;
  size_t n, taken;

public:
  explicit ShortArray(size_t n) : n(n), taken((n * sizeof(C) + 64) & ~size_t(63)) {
    if (taken <= Scratch::size - scratch.used) {
      p = reinterpret_cast<C *>(scratch.bytes + scratch.used);
      scratch.used += taken;
    } else {
      taken = 0;
      p = static_cast<C *>(pocketfft::detail::aligned_alloc(64, n * sizeof(C)));
    }
  }
  ShortArray(const ShortArray &) = delete;
  ~ShortArray() {
    scratch.used -= taken;
    if (!taken) pocketfft::detail::aligned_dealloc(p);
  }
  C &operator[](size_t i) { return p[i]; }
  C *data() { return p; }
  size_t size() const { return n; }
};

// Lanes of a and b in turn, in groups of G: of their first halves, and of their second halves.
template<size_t G, typename V, size_t... I> FX_FORCED V zip_low(V a, V b, std::index_sequence<I...>) {
  return __builtin_shufflevector(a, b, (I / G % 2 * sizeof...(I) + I / (2 * G) * G + I % G)...);
}
template<size_t G, typename V, size_t... I> FX_FORCED V zip_high(V a, V b, std::index_sequence<I...>) {
  return __builtin_shufflevector(a, b, (I / G % 2 * sizeof...(I) + sizeof...(I) / 2 + I / (2 * G) * G + I % G)...);
}
template<size_t O, typename V, size_t... I> FX_FORCED V every_second(V a, V b, std::index_sequence<I...>) {
  return __builtin_shufflevector(a, b, (2 * I + O)...);
}

// (re, im) of as many complex numbers as a vector has lanes, from two vectors where they lie in turn; and back.
template<typename T> FX_FORCED cmplx<Vector<T>> parted(Vector<T> a, Vector<T> b) {
  using All = std::make_index_sequence<Lanes<T>::count>;
  return {every_second<0>(a, b, All()), every_second<1>(a, b, All())};
}
template<typename T> FX_FORCED void join(const cmplx<Vector<T>> &c, Vector<T> &a, Vector<T> &b) {
  using All = std::make_index_sequence<Lanes<T>::count>;
  a = zip_low<1>(c.r, c.i, All());
  b = zip_high<1>(c.r, c.i, All());
}

template<typename V, size_t... I> FX_FORCED V reversed(V a, std::index_sequence<I...>) {
  return __builtin_shufflevector(a, a, (sizeof...(I) - 1 - I)...);
}
template<typename T> FX_FORCED cmplx<Vector<T>> reversed(const cmplx<Vector<T>> &c) {
  using All = std::make_index_sequence<Lanes<T>::count>;
  return {reversed(c.r, All()), reversed(c.i, All())};
}

// As many complex numbers as a vector has lanes, from memory and to it.
template<typename T> FX_FORCED cmplx<Vector<T>> read_numbers(const T *from) {
  return parted<T>(read<Vector<T>>(from), read<Vector<T>>(from + Lanes<T>::count));
}
template<typename T> FX_FORCED void write_numbers(const cmplx<Vector<T>> &c, T *to) {
  Vector<T> a, b;
  join<T>(c, a, b);
  write(a, to);
  write(b, to + Lanes<T>::count);
}

// Turns a square of vectors, elements of G numbers: row i's element j becomes row j's element i.
template<size_t G, typename T> FX_FORCED void turn(Vector<T> *rows) {
  using All = std::make_index_sequence<Lanes<T>::count>;
  constexpr size_t n = Lanes<T>::count / G;
  Vector<T> other[n];
#pragma clang loop unroll(full)
  for (size_t step = 1; step < n; step *= 2) {
#pragma clang loop unroll(full)
    for (size_t i = 0; i < n / 2; i++) {
      other[2 * i] = zip_low<G>(rows[i], rows[i + n / 2], All());
      other[2 * i + 1] = zip_high<G>(rows[i], rows[i + n / 2], All());
    }
#pragma clang loop unroll(full)
    for (size_t i = 0; i < n; i++) rows[i] = other[i];
  }
}

}  // namespace FX_NAMESPACE

// The arrays that pocketfft's transforms of vectors take, and the functions of this level.
namespace pocketfft::detail {
template<> class arr<cmplx<FX_NAMESPACE::Vector<float>>> : public FX_NAMESPACE::ShortArray<cmplx<FX_NAMESPACE::Vector<float>>> {
  using ShortArray::ShortArray;
};
template<> class arr<cmplx<FX_NAMESPACE::Vector<double>>> : public FX_NAMESPACE::ShortArray<cmplx<FX_NAMESPACE::Vector<double>>> {
  using ShortArray::ShortArray;
};
}  // namespace pocketfft::detail
