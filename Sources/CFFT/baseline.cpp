// Transforms for any processor: SSE2 on x86-64, NEON on Arm.
#include "plan.h"

#define pocketfft pocketfft_baseline
#define FX_LEVEL baseline
#define FX_BYTES 16
#include "level.h"
