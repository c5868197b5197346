// Sorting and selection of items, for sort.c: words or pairs.
#define PAIRED(name, item) name##_##item
#define PAIR(name, item) PAIRED(name, item)
#define OWN(name) PAIR(name, ITEM)

FX_INLINE unsigned OWN(digit)(ITEM x, int digit) { return (unsigned)(OWN(key)(x) >> (8 * digit)) & (RADIX - 1); }

static void OWN(insert)(ptrdiff_t n, ITEM *x) {
  for (ptrdiff_t i = 1; i < n; i++) {
    ITEM item = x[i];
    ptrdiff_t j = i;
    for (; j > 0 && OWN(key)(x[j - 1]) > OWN(key)(item); j--) x[j] = x[j - 1];
    x[j] = item;
  }
}
// Sorted runs, merged in pairs; returns which of the two has the result.
static ITEM *OWN(merge)(ptrdiff_t n, ITEM *x, ITEM *spare) {
  for (ptrdiff_t i = 0; i < n; i += RUN) OWN(insert)(min_size(RUN, n - i), x + i);
  for (ptrdiff_t width = RUN; width < n; width *= 2) {
    for (ptrdiff_t start = 0; start < n; start += 2 * width) {
      const ITEM *a = x + start, *middle = x + min_size(n, start + width), *b = middle, *end = x + min_size(n, start + 2 * width);
      ITEM *out = spare + start;
      while (a < middle && b < end) {
        int right = OWN(key)(*b) < OWN(key)(*a);
        *out++ = right ? *b : *a;
        a += !right, b += right;
      }
      memcpy(out, a, (size_t)(middle - a) * sizeof(ITEM));
      memcpy(out + (middle - a), b, (size_t)(end - b) * sizeof(ITEM));
    }
    ITEM *other = x;
    x = spare, spare = other;
  }
  return x;
}
static void OWN(distribute)(int digit, ptrdiff_t n, const ITEM *x, int64_t *starts, ITEM *out) {
  for (ptrdiff_t i = 0; i < n; i++) out[starts[OWN(digit)(x[i], digit)]++] = x[i];
}
static ITEM *OWN(sort)(int digits, ptrdiff_t n, ITEM *x, ITEM *spare) {
  if (n < MERGED_PER_DIGIT * digits) return OWN(merge)(n, x, spare);
  int64_t counts[8][RADIX];
  memset(counts, 0, (size_t)digits * sizeof(counts[0]));
  for (ptrdiff_t i = 0; i < n; i++)
    for (int d = 0; d < digits; d++) counts[d][OWN(digit)(x[i], d)]++;
  for (int d = 0; d < digits; d++) {
    if (counts[d][OWN(digit)(x[0], d)] == n) continue;
    int64_t start = 0;
    for (int r = 0; r < RADIX; r++) start += counts[d][r], counts[d][r] = start - counts[d][r];
    OWN(distribute)(d, n, x, counts[d], spare);
    ITEM *other = x;
    x = spare, spare = other;
  }
  return x;
}
// The item at place k of the order; of items that are no longer candidates none is kept.
static ITEM OWN(select)(int digits, ptrdiff_t n, ptrdiff_t k, ITEM *x) {
  for (int d = digits - 1; d >= 0 && n > 1; d--) {
    int64_t counts[RADIX] = {0};
    for (ptrdiff_t i = 0; i < n; i++) counts[OWN(digit)(x[i], d)]++;
    unsigned r = 0;
    while (k >= counts[r]) k -= counts[r++];
    if (counts[r] == n) continue;
    ptrdiff_t kept = 0;
    for (ptrdiff_t i = 0; i < n; i++) {
      x[kept] = x[i];
      kept += OWN(digit)(x[i], d) == r;
    }
    n = kept;
  }
  return x[k];
}
// The first k of the order, in order, at the front of one of the two.
static ITEM *OWN(first)(int digits, ptrdiff_t n, ptrdiff_t k, ITEM *x, ITEM *spare) {
  if (k == 0) return x;
  if (k <= INSERTED && k <= n / 4) {
    ptrdiff_t kept = 0;
    for (ptrdiff_t i = 0; i < n; i++) {
      if (kept == k && OWN(key)(x[i]) >= OWN(key)(spare[k - 1])) continue;
      ptrdiff_t j = kept < k ? kept++ : k - 1;
      for (; j > 0 && OWN(key)(spare[j - 1]) > OWN(key)(x[i]); j--) spare[j] = spare[j - 1];
      spare[j] = x[i];
    }
    return spare;
  }
  if (k > n / 4) return OWN(sort)(digits, n, x, spare);
  memcpy(spare, x, (size_t)n * sizeof(ITEM));
  ITEM last = OWN(select)(digits, n, k - 1, spare);
  ptrdiff_t kept = 0;
  for (ptrdiff_t i = 0; i < n && kept < k; i++) {
    x[kept] = x[i];
    uint64_t key = OWN(key)(x[i]), bound = OWN(key)(last), place = OWN(position)(x[i]), last_place = OWN(position)(last);
    kept += (key < bound) | ((key == bound) & (place <= last_place));
  }
  return OWN(sort)(digits, k, x, spare);
}

/// Where the element lies that half of the others are no larger than; NaN's win, or else are left out.
static int64_t OWN(median)(int ignoring, int digits, ptrdiff_t n, uint64_t nan, ITEM *x) {
  ptrdiff_t numbers = 0;
  for (ptrdiff_t i = 0; i < n; i++) {
    if (OWN(key)(x[i]) < nan) numbers++;
    else if (!ignoring) return (int64_t)OWN(position)(x[i]);
  }
  return (int64_t)OWN(position)(OWN(select)(digits, n, numbers > 0 ? (numbers - 1) / 2 : 0, x));
}

#undef OWN
#undef PAIR
#undef PAIRED
#undef ITEM
