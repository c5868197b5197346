// The sizes of the data caches that a thread has, for how products are cut.
#include "include/CKernels.h"

#include <stdio.h>
#include <string.h>

#if defined(__x86_64__)
#include <cpuid.h>

// Leaf 4 (Intel) and 0x8000001D (AMD) list the caches in the same form.
static int64_t listed(unsigned leaf, int level) {
  unsigned a, b, c, d;
  for (unsigned i = 0; i < 16; i++) {
    if (!__get_cpuid_count(leaf, i, &a, &b, &c, &d) || (a & 31) == 0) return 0;
    int is_data = (a & 31) == 1 || (a & 31) == 3;
    if (is_data && (int)((a >> 5) & 7) == level)
      return (int64_t)((b >> 22) + 1) * (((b >> 12) & 1023) + 1) * ((b & 4095) + 1) * ((int64_t)c + 1);
  }
  return 0;
}
#endif

#if defined(__APPLE__)
#include <sys/sysctl.h>

static int64_t named(const char *name) {
  int64_t value = 0;
  size_t size = sizeof value;
  return sysctlbyname(name, &value, &size, NULL, 0) == 0 ? value : 0;
}
#endif

#if defined(__linux__)
// What the system says about the first processor: level, type ("Data", "Unified") and size ("32K").
static int64_t told(int level) {
  for (int i = 0; i < 16; i++) {
    char path[96], type[16] = "";
    int of = 0;
    long long size = 0;
    char unit = 0;
    const char *names[] = {"level", "type", "size"};
    for (int n = 0; n < 3; n++) {
      snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu0/cache/index%d/%s", i, names[n]);
      FILE *file = fopen(path, "r");
      if (!file) return 0;
      int count = n == 0 ? fscanf(file, "%d", &of) : n == 1 ? fscanf(file, "%15s", type) : fscanf(file, "%lld%c", &size, &unit);
      fclose(file);
      if (count < 1) return 0;
    }
    if (of == level && strcmp(type, "Instruction") != 0) return size * (unit == 'K' ? 1 << 10 : unit == 'M' ? 1 << 20 : 1);
  }
  return 0;
}
#endif

int64_t fx_cache_size(int level) {
  int64_t size = 0;
#if defined(__x86_64__)
  size = listed(4, level);
  if (size <= 0 && __get_cpuid_max(0x80000000, NULL) >= 0x8000001D) size = listed(0x8000001D, level);
#elif defined(__APPLE__)
  size = named(level == 1 ? "hw.perflevel0.l1dcachesize" : level == 2 ? "hw.perflevel0.l2cachesize" : "hw.l3cachesize");
  if (size <= 0) size = named(level == 1 ? "hw.l1dcachesize" : level == 2 ? "hw.l2cachesize" : "hw.l3cachesize");
#endif
#if defined(__linux__)
  if (size <= 0) size = told(level);
#endif
  return size > 0 ? size : 0;
}
