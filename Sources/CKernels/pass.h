// One pass over a kernel file, for types.h.
#ifdef FX_VECTORS
#include "vector.h"
#endif
#include FX_FILE
