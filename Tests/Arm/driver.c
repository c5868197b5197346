// Runs kernels on fixed inputs and writes what they gave, or compares two such files:
//
//     driver run FILE [FAMILY…]
//     driver compare FILE REFERENCE
//     driver levels
//
// Built for two processors, or run at two levels (FLUXION_CPU), it tells whether they agree: exactly where an operation is exact, and up to
// what fused multiplications and another order of additions change elsewhere. See run.sh.
#include "driver.h"

#include <math.h>
#include <stdarg.h>

const char *const dtype_names[5] = {"float32", "float64", "int32", "int64", "bool"};
const int dtype_sizes[5] = {4, 8, 4, 8, 1};
const ptrdiff_t lengths[] = {1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 65, 100, 257};
const int length_count = sizeof lengths / sizeof *lengths;

enum { GUARD = 256, PATTERN = 0xA5 };

static FILE *out;
static const char *current;
static int broken;

void *scratch(size_t bytes) {
  void *memory;
  if (posix_memalign(&memory, 64, bytes + 4096) != 0) abort();
  memset(memory, 0, bytes + 4096);
  return memory;
}

void *room(int dtype, ptrdiff_t n) {
  size_t bytes = (size_t)n * dtype_sizes[dtype];
  char *memory = scratch(bytes + GUARD);
  memset(memory, PATTERN, bytes + GUARD);
  return memory;
}

void *copy_of(int dtype, ptrdiff_t n, const void *x) {
  void *y = room(dtype, n);
  memcpy(y, x, (size_t)n * dtype_sizes[dtype]);
  return y;
}

static uint64_t mixed(uint64_t x) {
  x += 0x9E3779B97F4A7C15;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
  return x ^ (x >> 31);
}

static void set(int dtype, void *x, ptrdiff_t i, double value) {
  switch (dtype) {
    case FX_F32:
      ((float *)x)[i] = (float)value;
      break;
    case FX_F64:
      ((double *)x)[i] = value;
      break;
    case FX_I32:
      ((int32_t *)x)[i] = (int32_t)value;
      break;
    case FX_I64:
      ((int64_t *)x)[i] = (int64_t)value;
      break;
    default:
      ((uint8_t *)x)[i] = value > 0;
  }
}

void *numbers(int dtype, ptrdiff_t n, uint64_t seed, double low, double high) {
  void *x = room(dtype, n);
  // 20 bits: products of two are exact in double, and the numbers themselves in float.
  for (ptrdiff_t i = 0; i < n; i++) set(dtype, x, i, low + (high - low) * ((double)(mixed(seed * 1000003 + (uint64_t)i) >> 44) / 1048576));
  return x;
}

void *specials(int dtype, ptrdiff_t n, ptrdiff_t stride, uint64_t seed) {
  static const double floats[] = {0,    -0.0, 1,   -1,  0.5,  -0.5, 1.5,      -1.5,      2.5,  2,     3,     -3,    0.25,   1e-3,     100,
                                  -100, 88,   710, 1e3, -750, NAN,  INFINITY, -INFINITY, 1e30, -1e30, 1e-30, 1e-40, 3.4e38, 16777216, 0.1};
  static const double doubles[] = {1e300, -1e300, 1e-300, 5e-324, 2.2250738585072014e-308, 1.7976931348623157e308, 9007199254740992.0};
  static const int64_t integers[] = {0, 1, -1, 2, -2, 3, 7, -7, 10, 100, -100, 31, 32, 63, 64, INT32_MAX, INT32_MIN};
  ptrdiff_t count = sizeof floats / sizeof *floats, more = dtype == FX_F64 ? sizeof doubles / sizeof *doubles : 0;
  void *x = numbers(dtype, n, seed, dtype == FX_BOOL ? -1 : -8, dtype == FX_BOOL ? 1 : 8);
  for (ptrdiff_t i = 0; i < n; i++) {
    ptrdiff_t at = (i / stride) % (count + more + 2);
    if (dtype <= FX_F64) {
      if (at < count) set(dtype, x, i, floats[at]);
      else if (at < count + more) set(dtype, x, i, doubles[at - count]);
    } else if (dtype != FX_BOOL && at < (ptrdiff_t)(sizeof integers / sizeof *integers)) {
      if (dtype == FX_I32) ((int32_t *)x)[i] = (int32_t)integers[at];
      else ((int64_t *)x)[i] = integers[at];
    }
  }
  return x;
}

int64_t *places(ptrdiff_t count, ptrdiff_t n, uint64_t seed) {
  int64_t *x = room(FX_I64, count);
  for (ptrdiff_t i = 0; i < count; i++) x[i] = (int64_t)(mixed(seed * 7919 + (uint64_t)i) % (uint64_t)n);
  return x;
}

// A record: the name's length and the name, ulps, scale, whether there are scales, dtype, n, the scales, the elements.
typedef struct {
  double ulps, scale;
  int64_t n;
  int32_t dtype, has_scales, length;
} header;

static void write_record(double ulps, double scale, const double *scales, int dtype, ptrdiff_t n, const void *x, const char *format,
                         va_list list) {
  char name[256];
  int length = snprintf(name, sizeof name, "%s: ", current);
  length += vsnprintf(name + length, sizeof name - (size_t)length, format, list);
  const uint8_t *guard = (const uint8_t *)x + (size_t)n * dtype_sizes[dtype];
  for (int i = 0; i < GUARD; i++)
    if (guard[i] != PATTERN) {
      fprintf(stderr, "%s: writes %d bytes behind its result\n", name, i + 1);
      broken++;
      break;
    }
  header h = {ulps, scale, n, dtype, scales != NULL, length};
  fwrite(&h, sizeof h, 1, out);
  fwrite(name, 1, (size_t)length, out);
  if (scales) fwrite(scales, sizeof *scales, (size_t)n, out);
  fwrite(x, (size_t)dtype_sizes[dtype], (size_t)n, out);
}

void record(double ulps, double scale, int dtype, ptrdiff_t n, const void *x, const char *format, ...) {
  va_list list;
  va_start(list, format);
  write_record(ulps, scale, NULL, dtype, n, x, format, list);
  va_end(list);
}

void record_each(double ulps, const double *scales, int dtype, ptrdiff_t n, const void *x, const char *format, ...) {
  va_list list;
  va_start(list, format);
  write_record(ulps, 0, scales, dtype, n, x, format, list);
  va_end(list);
}

void record_number(int64_t x, const char *name) {
  int64_t *y = room(FX_I64, 1);
  *y = x;
  record(0, 0, FX_I64, 1, y, "%s", name);
}

// MARK: comparison

static double value(int dtype, const void *x, int64_t i) { return dtype == FX_F32 ? ((const float *)x)[i] : ((const double *)x)[i]; }

// The difference in units that are allowed to be `ulps` at most; 0 for equal bits and for NaN twice.
static double difference(const header *h, const double *scales, const void *x, const void *y, int64_t i) {
  size_t size = (size_t)dtype_sizes[h->dtype];
  if (memcmp((const char *)x + size * (size_t)i, (const char *)y + size * (size_t)i, size) == 0) return 0;
  if (h->dtype > FX_F64) return INFINITY;
  double a = value(h->dtype, x, i), b = value(h->dtype, y, i);
  if (isnan(a) && isnan(b)) return 0;
  if (h->ulps == 0) return INFINITY;
  if (a == b) return 0;
  double scale = scales ? scales[i] : h->scale;
  // An infinite scale says that the terms overflow, and with them what they add up to: ∞ − ∞ is NaN where a product is rounded, and is not in one fused with its sum.
  if (isinf(scale)) return 0;
  if (isnan(a) || isnan(b) || isinf(a) || isinf(b)) return INFINITY;
  double unit = h->dtype == FX_F32 ? 0x1p-23 : 0x1p-52, least = h->dtype == FX_F32 ? 0x1p-126 : 0x1p-1022;
  return fabs(a - b) / (unit * fmax(least, fmax(fabs(b), fabs(scale))));
}

static int next(FILE *file, header *h, char *name, double **scales, void **x) {
  if (fread(h, sizeof *h, 1, file) != 1) return 0;
  if (h->length >= 256 || fread(name, 1, (size_t)h->length, file) != (size_t)h->length) return -1;
  name[h->length] = 0;
  *scales = h->has_scales ? scratch((size_t)h->n * sizeof(double)) : NULL;
  if (*scales && fread(*scales, sizeof(double), (size_t)h->n, file) != (size_t)h->n) return -1;
  *x = scratch((size_t)h->n * (size_t)dtype_sizes[h->dtype]);
  return fread(*x, (size_t)dtype_sizes[h->dtype], (size_t)h->n, file) == (size_t)h->n ? 1 : -1;
}

static int compare(const char *path, const char *reference) {
  FILE *files[2] = {fopen(path, "rb"), fopen(reference, "rb")};
  if (!files[0] || !files[1]) return fprintf(stderr, "driver: %s or %s cannot be opened\n", path, reference), 2;
  long records = 0, elements = 0, same = 0, failures = 0;
  for (;;) {
    header h[2];
    char names[2][256];
    double *scales[2];
    void *x[2];
    int states[2];
    for (int i = 0; i < 2; i++) states[i] = next(files[i], &h[i], names[i], &scales[i], &x[i]);
    if (!states[0] && !states[1]) break;
    if (states[0] != 1 || states[1] != 1 || strcmp(names[0], names[1]) != 0 || h[0].n != h[1].n || h[0].dtype != h[1].dtype)
      return fprintf(stderr, "driver: the files do not have the same records; %s beside %s\n", states[0] == 1 ? names[0] : "an end",
                     states[1] == 1 ? names[1] : "an end"),
             1;
    records++;
    elements += h[0].n;
    double worst = 0;
    int64_t at = 0;
    for (int64_t i = 0; i < h[1].n; i++) {
      double d = difference(&h[1], scales[1], x[0], x[1], i);
      if (d == 0) same++;
      if (d > worst) worst = d, at = i;
    }
    if (worst > h[1].ulps) {
      failures++;
      if (failures <= 40) {
        fprintf(stderr, "%s: element %lld of %lld ", names[1], (long long)at, (long long)h[1].n);
        if (h[1].dtype <= FX_F64)
          fprintf(stderr, "is %.9g (%a) and not %.9g (%a), %.3g units where %g are allowed\n", value(h[1].dtype, x[0], at),
                  value(h[1].dtype, x[0], at), value(h[1].dtype, x[1], at), value(h[1].dtype, x[1], at), worst, h[1].ulps);
        else fprintf(stderr, "of %s differs\n", dtype_names[h[1].dtype]);
      }
    }
    for (int i = 0; i < 2; i++) free(scales[i]), free(x[i]);
  }
  printf("%ld results of %ld elements, %.2f %% of them the same bits; %ld differ by more than is allowed\n", records, elements,
         100.0 * (double)same / (double)(elements ? elements : 1), failures);
  return failures || !records;
}

int main(int argc, char **argv) {
  if (argc == 4 && strcmp(argv[1], "compare") == 0) return compare(argv[2], argv[3]);
  if (argc == 2 && strcmp(argv[1], "levels") == 0) {
    for (int level = 0; level < 4; level++)
      if (fx_level_name(level)) puts(fx_level_name(level));
    return 0;
  }
  // Whether FLUXION_CPU has chosen this unit for bfloat16.
  if (argc == 3 && strcmp(argv[1], "has") == 0)
    return fx_bfloat16_unit() != (strcmp(argv[2], "amx") == 0 ? 2 : strcmp(argv[2], "avx512-bf16") == 0 ? 1 : 0);
  if (argc < 3 || strcmp(argv[1], "run") != 0)
    return fprintf(stderr, "usage: driver run FILE [FAMILY…] | driver compare FILE REFERENCE | driver levels\n"), 2;
  out = fopen(argv[2], "wb");
  if (!out) return fprintf(stderr, "driver: %s cannot be written\n", argv[2]), 2;
  int ran = 0;
  for (int i = 0; i < family_count; i++) {
    int wanted = argc == 3;
    for (int j = 3; j < argc; j++) wanted |= strcmp(argv[j], families[i].name) == 0;
    if (!wanted) continue;
    current = families[i].name;
    families[i].run();
    ran++;
  }
  if (fclose(out) != 0) return fprintf(stderr, "driver: %s cannot be written\n", argv[2]), 2;
  if (!ran) return fprintf(stderr, "driver: no such family\n"), 2;
  return broken != 0;
}
