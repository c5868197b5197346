// Pictures in memory, read and written by libpng and libjpeg. Both report errors by longjmp, which must not cross Swift: here it ends in a message.
#ifndef FLUXION_CIMAGES_H
#define FLUXION_CIMAGES_H
#include <stddef.h>
#include <stdint.h>

typedef struct {
  int64_t width, height;
  // 1 gray, 2 gray and alpha, 3 RGB, 4 RGBA.
  int32_t channels;
  // Of a channel: 8 or 16; the bytes of 16 are in the order of the machine.
  int32_t bits;
  // EXIF's: 1 to 8; 1 is upright.
  int32_t orientation;
  // A level of 1 to 100 for writing JPEG.
  int32_t quality;
  char message[256];
} fx_picture;

// Both give 1, or 0 and a message. The header alone tells the sizes; `pixels` has height · width · channels · bits / 8 bytes, row by row.
int fx_png_header(const uint8_t *bytes, size_t count, fx_picture *picture);
int fx_png_read(const uint8_t *bytes, size_t count, fx_picture *picture, uint8_t *pixels);
int fx_jpeg_header(const uint8_t *bytes, size_t count, fx_picture *picture);
int fx_jpeg_read(const uint8_t *bytes, size_t count, fx_picture *picture, uint8_t *pixels);

// Writes a picture; `*bytes` is to be freed by fx_picture_free, whatever is returned.
int fx_png_write(fx_picture *picture, const uint8_t *pixels, uint8_t **bytes, size_t *count);
int fx_jpeg_write(fx_picture *picture, const uint8_t *pixels, uint8_t **bytes, size_t *count);
void fx_picture_free(uint8_t *bytes);

// Pixels to planes of floats 0...1, `channels` of them, in the orientation in which they are to be seen: `upright` has the sizes after that.
void fx_picture_floats(const fx_picture *picture, const uint8_t *pixels, int orientation, int channels, float *planes);
// Planes of floats to pixels, each held within 0...1 and rounded; NaN becomes 0.
void fx_picture_pixels(const fx_picture *picture, const float *planes, uint8_t *pixels);

// The orientation that a block of EXIF tells (TIFF, with or without "Exif\0\0" before it), 1 if none.
int fx_exif_orientation(const uint8_t *bytes, size_t count);
#endif
