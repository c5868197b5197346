#include "cimages.h"
#include <math.h>
#include <string.h>

// The place of a picture's pixel (y, x) in the planes: as EXIF's orientations say where its first row and column are seen.
static inline size_t place(int orientation, int64_t y, int64_t x, int64_t height, int64_t width) {
  switch (orientation) {
    case 2: return (size_t)(y * width + width - 1 - x);
    case 3: return (size_t)((height - 1 - y) * width + width - 1 - x);
    case 4: return (size_t)((height - 1 - y) * width + x);
    case 5: return (size_t)(x * height + y);
    case 6: return (size_t)(x * height + height - 1 - y);
    case 7: return (size_t)((width - 1 - x) * height + height - 1 - y);
    case 8: return (size_t)((width - 1 - x) * height + y);
    default: return (size_t)(y * width + x);
  }
}

void fx_picture_floats(const fx_picture *picture, const uint8_t *pixels, int orientation, int channels, float *planes) {
  int64_t height = picture->height, width = picture->width;
  int from = picture->channels, is_wide = picture->bits == 16;
  size_t plane = (size_t)(height * width);
  float most = is_wide ? 65535 : 255;
  uint32_t opaque = is_wide ? 65535 : 255;
  for (int64_t y = 0; y < height; y++)
    for (int64_t x = 0; x < width; x++) {
      uint32_t v[4];
      size_t at = (size_t)(y * width + x) * from;
      for (int c = 0; c < from; c++) {
        uint16_t wide;
        if (is_wide) memcpy(&wide, pixels + 2 * (at + c), 2);
        v[c] = is_wide ? wide : pixels[at + c];
      }
      uint32_t alpha = from == 2 ? v[1] : from == 4 ? v[3] : opaque;
      if (channels < 3) {
        // ITU-R 601, rounded as Pillow rounds.
        if (from >= 3) v[0] = (uint32_t)(((uint64_t)v[0] * 19595 + (uint64_t)v[1] * 38470 + (uint64_t)v[2] * 7471 + 0x8000) >> 16);
        v[1] = alpha;
      } else {
        if (from < 3) v[1] = v[2] = v[0];
        v[3] = alpha;
      }
      float *out = planes + place(orientation, y, x, height, width);
      for (int c = 0; c < channels; c++) out[c * plane] = (float)v[c] / most;
    }
}

void fx_picture_pixels(const fx_picture *picture, const float *planes, uint8_t *pixels) {
  size_t plane = (size_t)(picture->height * picture->width);
  int channels = picture->channels, is_wide = picture->bits == 16;
  float most = is_wide ? 65535 : 255;
  for (size_t i = 0; i < plane; i++)
    for (int c = 0; c < channels; c++) {
      float value = planes[c * plane + i];
      value = value > 0 ? value < 1 ? value : 1 : 0;
      uint16_t level = (uint16_t)lrintf(value * most);
      if (is_wide) memcpy(pixels + 2 * (i * channels + c), &level, 2);
      else pixels[i * channels + c] = (uint8_t)level;
    }
}

int fx_exif_orientation(const uint8_t *bytes, size_t count) {
  if (count >= 6 && memcmp(bytes, "Exif\0\0", 6) == 0) bytes += 6, count -= 6;
  if (count < 8) return 1;
  int is_big = bytes[0] == 'M' && bytes[1] == 'M';
  if (!is_big && !(bytes[0] == 'I' && bytes[1] == 'I')) return 1;
#define TWO(at) (is_big ? bytes[at] << 8 | bytes[(at) + 1] : bytes[(at) + 1] << 8 | bytes[at])
  uint32_t start = is_big ? (uint32_t)TWO(4) << 16 | (uint32_t)TWO(6) : (uint32_t)TWO(6) << 16 | (uint32_t)TWO(4);
  if (start > count || count - start < 2) return 1;
  size_t fields = (size_t)TWO(start);
  for (size_t i = 0; i < fields; i++) {
    size_t at = start + 2 + 12 * i;
    if (at + 12 > count) return 1;
    if (TWO(at) != 0x112) continue;
    int value = TWO(at + 8);
    return TWO(at + 2) == 3 && value >= 1 && value <= 8 ? value : 1;
  }
  return 1;
}
