// Means and deviations that the usual sums do not give: of elements whose squares or sums overflow or vanish, or that are so nearly equal that the
// rounding of their mean counts. The usual sums come first; what they give says whether it can be trusted. If not, mend.c has exact ones.
#ifndef FLUXION_MOMENTS_H
#define FLUXION_MOMENTS_H

#include "kernels.h"

// Whether a variance is not to be trusted: outside of where it keeps its digits, as does its inverse, or a deviation of less than 1/512 of the mean
// (in float32; at that it has that many times the mean's rounding, which is 2⁻¹⁵ of it).
FX_INLINE int doubtful_f32(float mean, float variance, float epsilon) {
  float total = variance + epsilon;
  return !(total >= 1e-30f && total <= 1e30f) | (total < mean * mean * 3.8e-6f);
}
FX_INLINE int doubtful_f64(double mean, double variance, double epsilon) {
  double total = variance + epsilon;
  return !(total >= 1e-280 && total <= 1e280) | (total < mean * mean * 9e-13);
}

// What the functions of norm.c give for one row or channel, by exact moments; 0 where these are no better: all is zero, or some is infinite or NaN.
int fx_exact_row(int dtype, int centered, ptrdiff_t n, double epsilon, const void *x, const void *w, const void *b, void *y);
int fx_exact_row_backward(int dtype, int centered, ptrdiff_t n, double epsilon, const void *x, const void *w, const void *dy, void *dx, void *dw,
                          void *db);
int fx_exact_channel(int dtype, ptrdiff_t batch, ptrdiff_t step, ptrdiff_t n, double epsilon, const void *x, double w, double b, void *mean,
                     void *variance, void *y);
int fx_exact_channel_backward(int dtype, ptrdiff_t batch, ptrdiff_t step, ptrdiff_t n, double epsilon, const void *x, double w, const void *dy,
                              void *dx, void *dw, void *db);

#endif
