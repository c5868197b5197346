// Plain loops over the C library's functions, on one thread. The pragma-free form is the point: the compiler gets what a user would write.
#include "CLoops.h"

#include <math.h>

void loop_mish(ptrdiff_t n, const float *x, float *y) {
  for (ptrdiff_t i = 0; i < n; i++) y[i] = x[i] * tanhf(log1pf(expf(x[i])));
}

float loop_log_cosh(ptrdiff_t n, const float *x, const float *y) {
  double sum = 0;
  for (ptrdiff_t i = 0; i < n; i++) sum += logf(coshf(x[i] - y[i]));
  return (float)(sum / (double)n);
}
