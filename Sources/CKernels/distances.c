// Distances between all pairs of vectors, summed up in registers as products of matrices are: differences first, so that near ones stay exact.
#include "kernels.h"

typedef float f32_vector __attribute__((vector_size(64)));
typedef double f64_vector __attribute__((vector_size(64)));

#define UNROLL _Pragma("clang loop unroll(full)")

#define DISTANCES(S, T)                                                                                       \
  FX_CLONES static void distances_##S(ptrdiff_t m, ptrdiff_t n, ptrdiff_t d, const T *x, const T *y, ptrdiff_t lead, T *out) { \
    enum { LANES = 64 / sizeof(T) };                                                                          \
    for (ptrdiff_t j = 0; j < n; j += 4 * LANES)                                                              \
      for (ptrdiff_t i = 0; i < m; i += 2) {                                                                  \
        const T *a = x + i * d, *b = i + 1 < m ? a + d : a;                                                   \
        S##_vector sums[8];                                                                                   \
        UNROLL for (int v = 0; v < 8; v++) sums[v] = (S##_vector){0};                                         \
        for (ptrdiff_t k = 0; k < d; k++) {                                                                   \
          const T *row = y + k * lead + j;                                                                    \
          UNROLL for (int v = 0; v < 4; v++) {                                                                \
            S##_vector c;                                                                                     \
            memcpy(&c, row + v * LANES, sizeof c);                                                            \
            S##_vector p = a[k] - c, q = b[k] - c;                                                            \
            sums[v] += p * p;                                                                                 \
            sums[4 + v] += q * q;                                                                             \
          }                                                                                                   \
        }                                                                                                     \
        T flat[8 * LANES];                                                                                    \
        memcpy(flat, sums, sizeof flat);                                                                      \
        for (int l = 0; l < 8 * LANES; l++) flat[l] = sqrt_##S(flat[l]);                                      \
        size_t bytes = (size_t)min_size(4 * LANES, n - j) * sizeof(T);                                        \
        memcpy(out + i * n + j, flat, bytes);                                                                 \
        if (i + 1 < m) memcpy(out + (i + 1) * n + j, flat + 4 * LANES, bytes);                                \
      }                                                                                                       \
  }
DISTANCES(f32, float)
DISTANCES(f64, double)

void fx_distances(int dtype, ptrdiff_t m, ptrdiff_t n, ptrdiff_t d, const void *x, const void *y, ptrdiff_t lead, void *out) {
  if (dtype == FX_F32) distances_f32(m, n, d, x, y, lead, out);
  if (dtype == FX_F64) distances_f64(m, n, d, x, y, lead, out);
}
