// The transforms of one instruction set: included once by each of the files that name one, with FX_LEVEL, its vectors' FX_BYTES, and `pocketfft` as a name
// of the level's own, as the compiler would otherwise take a function of one level for the same of another.
#define POCKETFFT_NO_MULTITHREADING
#define POCKETFFT_CACHE_SIZE 0

#define FX_JOINED(a, b) a##b
#define FX_JOIN(a, b) FX_JOINED(a, b)
#define FX_NAMESPACE FX_JOIN(fx_fft_, FX_LEVEL)
#define FX_FORCED inline __attribute__((always_inline))

#include "pocketfft/pocketfft_hdronly.h"

#include "lanes.h"
#include "signals.h"
#include "split.h"
#include "transforms.h"
