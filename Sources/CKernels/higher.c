// Element-wise instructions for the higher transcendental functions, and the parts of a float. None of them is a vector loop.
#ifndef FX_PASS
#define FX_FILE "higher.c"
#define FX_FLOATS
#define FX_ONCE
#include <math.h>

#include "loops.h"
#include "bessel.h"
#include "incomplete.h"

static double exponent_of(double x) {
  int exponent;
  (void)frexp(x, &exponent);
  return __builtin_isfinite(x) ? (double)exponent : 0.0;
}

#include "targets.h"

fx_kernel fx_higher_kernel(int op, int dtype) { return FX_RESULT(dtype, lookup, op); }

#else

#define LIST "list_higher.h"
#include "list.h"
#undef LIST

#endif
