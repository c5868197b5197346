// Element-wise mathematics as one writes it in C by hand: what a kernel of Fluxion's saves its user from.
#ifndef FLUXION_LOOPS_H
#define FLUXION_LOOPS_H

#include <stddef.h>

/// y[i] = x[i]·tanh(log(1 + eˣ)).
void loop_mish(ptrdiff_t n, const float *x, float *y);
/// The mean of log(cosh(x[i] − y[i])), the numbers added up in doubles.
float loop_log_cosh(ptrdiff_t n, const float *x, const float *y);

#endif
