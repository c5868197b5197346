// Signals in memory and in lanes: elements of several signals are read into vectors, element by element, and written back.
namespace FX_NAMESPACE {

// Signals at distances and strides of their elements; `valid` of them, at most as many as lanes, of which the others repeat the last one.
template<typename T> struct Signals {
  T *start;
  ptrdiff_t distance, stride;
  size_t valid;

  T *at(size_t signal, size_t j, size_t numbers) const {
    return start + ptrdiff_t(numbers) * (ptrdiff_t(signal) * distance + ptrdiff_t(j) * stride);
  }
};

// Calls put(j, vector) for the n elements of complex signals.
template<typename T, typename Put> FX_FORCED void read_complex(const Signals<const T> &s, size_t n, Put put) {
  constexpr size_t lanes = Lanes<T>::count, columns = lanes / 2;
  using V = Vector<T>;
  size_t j = 0;
  if (s.distance == 1 && s.valid == lanes) {
    for (; j < n; j++) {
      const T *from = s.at(0, j, 2);
      put(j, parted<T>(read<V>(from), read<V>(from + lanes)));
    }
  } else if (s.stride == 1) {
    const T *rows[lanes];
    for (size_t i = 0; i < lanes; i++) rows[i] = s.at(std::min(i, s.valid - 1), 0, 2);
    for (; j + columns <= n; j += columns) {
      V a[columns], b[columns];
#pragma clang loop unroll(full)
      for (size_t i = 0; i < columns; i++) {
        a[i] = read<V>(rows[i] + 2 * j);
        b[i] = read<V>(rows[i + columns] + 2 * j);
      }
      turn<2, T>(a);
      turn<2, T>(b);
#pragma clang loop unroll(full)
      for (size_t i = 0; i < columns; i++) put(j + i, parted<T>(a[i], b[i]));
    }
  }
  for (; j < n; j++) {
    T parts[2 * lanes];
    for (size_t i = 0; i < lanes; i++) std::memcpy(parts + 2 * i, s.at(std::min(i, s.valid - 1), j, 2), 2 * sizeof(T));
    put(j, parted<T>(read<V>(parts), read<V>(parts + lanes)));
  }
}

// Writes get(j) for the n elements of complex signals.
template<typename T, typename Get> FX_FORCED void write_complex(const Signals<T> &s, size_t n, Get get) {
  constexpr size_t lanes = Lanes<T>::count, columns = lanes / 2;
  using V = Vector<T>;
  size_t j = 0;
  if (s.distance == 1 && s.valid == lanes) {
    for (; j < n; j++) {
      V a, b;
      join<T>(get(j), a, b);
      write(a, s.at(0, j, 2));
      write(b, s.at(0, j, 2) + lanes);
    }
  } else if (s.stride == 1) {
    for (; j + columns <= n; j += columns) {
      V a[columns], b[columns];
#pragma clang loop unroll(full)
      for (size_t i = 0; i < columns; i++) join<T>(get(j + i), a[i], b[i]);
      turn<2, T>(a);
      turn<2, T>(b);
      if (s.valid == lanes) {
#pragma clang loop unroll(full)
        for (size_t i = 0; i < columns; i++) {
          write(a[i], s.at(i, j, 2));
          write(b[i], s.at(i + columns, j, 2));
        }
      } else {
        for (size_t i = 0; i < s.valid; i++) write(i < columns ? a[i] : b[i - columns], s.at(i, j, 2));
      }
    }
  }
  for (; j < n; j++) {
    T parts[2 * lanes];
    V a, b;
    join<T>(get(j), a, b);
    write(a, parts);
    write(b, parts + lanes);
    for (size_t i = 0; i < s.valid; i++) std::memcpy(s.at(i, j, 2), parts + 2 * i, 2 * sizeof(T));
  }
}

// Calls put(j, vector) for the n elements of real signals.
template<typename T, typename Put> FX_FORCED void read_real(const Signals<const T> &s, size_t n, Put put) {
  constexpr size_t lanes = Lanes<T>::count;
  using V = Vector<T>;
  size_t j = 0;
  if (s.distance == 1 && s.valid == lanes) {
    for (; j < n; j++) put(j, read<V>(s.at(0, j, 1)));
  } else if (s.stride == 1) {
    for (; j + lanes <= n; j += lanes) {
      V a[lanes];
#pragma clang loop unroll(full)
      for (size_t i = 0; i < lanes; i++) a[i] = read<V>(s.at(std::min(i, s.valid - 1), j, 1));
      turn<1, T>(a);
#pragma clang loop unroll(full)
      for (size_t i = 0; i < lanes; i++) put(j + i, a[i]);
    }
  }
  for (; j < n; j++) {
    T parts[lanes];
    for (size_t i = 0; i < lanes; i++) parts[i] = *s.at(std::min(i, s.valid - 1), j, 1);
    put(j, read<V>(parts));
  }
}

// Writes get(j) for the n elements of real signals.
template<typename T, typename Get> FX_FORCED void write_real(const Signals<T> &s, size_t n, Get get) {
  constexpr size_t lanes = Lanes<T>::count;
  using V = Vector<T>;
  size_t j = 0;
  if (s.distance == 1 && s.valid == lanes) {
    for (; j < n; j++) write(get(j), s.at(0, j, 1));
  } else if (s.stride == 1) {
    for (; j + lanes <= n; j += lanes) {
      V a[lanes];
#pragma clang loop unroll(full)
      for (size_t i = 0; i < lanes; i++) a[i] = get(j + i);
      turn<1, T>(a);
      for (size_t i = 0; i < s.valid; i++) write(a[i], s.at(i, j, 1));
    }
  }
  for (; j < n; j++) {
    T parts[lanes];
    write(get(j), parts);
    for (size_t i = 0; i < s.valid; i++) *s.at(i, j, 1) = parts[i];
  }
}

}  // namespace FX_NAMESPACE
