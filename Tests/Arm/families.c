// Every family of kernels that is run.
#include "driver.h"

#define FAMILIES(X)                                                                                                                        \
  X(elementwise)                                                                                                                           \
  X(conversions) X(layouts) X(random) X(optimizers) X(reductions) X(softmax) X(norms) X(attention) X(scans) X(recurrences) X(lookups)      \
      X(orders) X(images) X(samples) X(small_products) X(systems) X(distances) X(products) X(bfloat16) X(convolutions) X(winograd)

#define DECLARED(NAME) void run_##NAME(void);
FAMILIES(DECLARED)
#define LISTED(NAME) {#NAME, run_##NAME},
const family families[] = {FAMILIES(LISTED)};
const int family_count = sizeof families / sizeof *families;
