// The register tile of matrix products, in a pass of targets.h with FX_VECTORS: `rows` × `vectors` sums that stay in registers while k goes by.
//
// Rows and vectors are constants wherever these are called, so that loops over them unroll and the sums become registers. Each sum is added up
// in the order of k by itself: its bits do not depend on how a product is cut into tiles.
#undef FX_TILE_ROWS
#undef FX_TILE_VECTORS
#undef FX_TILE_SOME
#undef FX_TILE_FEW
#undef FX_TILE_MOST

// The shape of a full tile: the sums, a row of b and what is broadcast of a fill the registers (BLIS's and XNNPACK's shapes). At a result's edge
// there are tiles of fewer rows.
#if FX_BYTES == 64
#define FX_TILE_ROWS 14
#define FX_TILE_SOME 8
#define FX_TILE_FEW 4
#define FX_TILE_VECTORS 2
#elif FX_REGISTERS == 32
#define FX_TILE_ROWS 8
#define FX_TILE_SOME 4
#define FX_TILE_FEW 2
#define FX_TILE_VECTORS 3
#else
#define FX_TILE_ROWS 6
#define FX_TILE_SOME 4
#define FX_TILE_FEW 2
#define FX_TILE_VECTORS 2
#endif
// The most sums that a tile of any shape may have.
#define FX_TILE_MOST (FX_TILE_ROWS * FX_TILE_VECTORS)

// Sums are an array of FX_TILE_MOST vectors, that of row i and vector j at i·vectors + j.
FX_INLINE void FX(tile_clear)(int rows, int vectors, VEC *sums) {
  FX_UNROLL for (int i = 0; i < rows * vectors; i++) sums[i] = (VEC){0};
}

// The sums begin with what c has, the last vector with `last` elements of it.
FX_INLINE void FX(tile_read)(int rows, int vectors, VEC *sums, const T *c, ptrdiff_t ldc, ptrdiff_t last) {
  FX_UNROLL for (int i = 0; i < rows; i++)
    FX_UNROLL for (int j = 0; j < vectors; j++) {
      const T *from = c + i * ldc + j * FX_LANES;
      sums[i * vectors + j] = j < vectors - 1 || last == FX_LANES ? FX(load)(from) : FX(load_some)(from, last);
    }
}

// One step of k: sums[i, j] += a[i·a_row]·row[j].
FX_INLINE void FX(tile_step)(int rows, int vectors, VEC *sums, const T *a, ptrdiff_t a_row, const VEC *row) {
#if defined(__aarch64__)
  // A lane multiplies a vector there without being broadcast first.
  if (a_row == 1 && rows % FX_LANES == 0) {
    FX_UNROLL for (int first = 0; first < rows; first += FX_LANES) {
      VEC x = FX(load)(a + first);
      FX_UNROLL for (int i = 0; i < FX_LANES; i++)
        FX_UNROLL for (int j = 0; j < vectors; j++) sums[(first + i) * vectors + j] = sums[(first + i) * vectors + j] + x[i] * row[j];
    }
    return;
  }
#endif
  FX_UNROLL for (int i = 0; i < rows; i++)
    FX_UNROLL for (int j = 0; j < vectors; j++) sums[i * vectors + j] = sums[i * vectors + j] + a[i * a_row] * row[j];
}

// sums[i, j] += Σ over p < k of a[i·a_row + p·a_step]·(the vector at b + p·b_step + j·b_vector), the last vector of `last` elements.
FX_INLINE void FX(tile_sum)(int rows, int vectors, VEC *sums, ptrdiff_t k, const T *a, ptrdiff_t a_row, ptrdiff_t a_step, const T *b,
                            ptrdiff_t b_step, ptrdiff_t b_vector, ptrdiff_t last) {
  for (ptrdiff_t p = 0; p < k; p++, a += a_step, b += b_step) {
    VEC row[FX_TILE_MOST];
    FX_UNROLL for (int j = 0; j < vectors; j++)
      row[j] = j < vectors - 1 || last == FX_LANES ? FX(load)(b + j * b_vector) : FX(load_some)(b + j * b_vector, last);
    FX(tile_step)(rows, vectors, sums, a, a_row, row);
  }
}

// totals += sums: a sum of shorter sums rounds less.
FX_INLINE void FX(tile_total)(int rows, int vectors, VEC *totals, const VEC *sums) {
  FX_UNROLL for (int i = 0; i < rows * vectors; i++) totals[i] = totals[i] + sums[i];
}

// c[i·ldc + j·FX_LANES …] = sums[i, j], or += where `adds`; the last vector's first `last` elements.
FX_INLINE void FX(tile_write)(int rows, int vectors, const VEC *sums, int adds, T *c, ptrdiff_t ldc, ptrdiff_t last) {
  FX_UNROLL for (int i = 0; i < rows; i++)
    FX_UNROLL for (int j = 0; j < vectors; j++) {
      T *out = c + i * ldc + j * FX_LANES;
      VEC sum = sums[i * vectors + j];
      if (j < vectors - 1 || last == FX_LANES)
        FX(store)(out, adds ? FX(load)(out) + sum : sum);
      else
        FX(store_some)(out, adds ? FX(load_some)(out, last) + sum : sum, last);
    }
}
